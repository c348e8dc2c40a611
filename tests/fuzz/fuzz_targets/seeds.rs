//! Writes what providers send in the corpus of the wire to FOLDER/TARGET, as inputs of the four targets that read it.

// Where this fails, there is nothing to fuzz with.
#![allow(clippy::unwrap_used)]

use std::{env, fs, path::PathBuf};

use anygpt_tests::corpus::{FORMATS, cases};

fn main() {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap());
    for (format, family) in FORMATS {
        let folder = folder.join(format);
        fs::create_dir_all(&folder).unwrap();
        for case in cases(family) {
            for (number, sent) in case.replies.iter().enumerate() {
                let name = format!("{}-{number}", case.name.replace('/', "-"));
                fs::write(folder.join(name), anygpt_fuzz::seed(&sent.bytes())).unwrap();
            }
        }
    }
}
