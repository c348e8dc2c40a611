//! Reading a small text file that somebody else provides.
//!
//! Never here: what stands in it.

use std::{fs::File, io::Read, path::Path};

/// The text of a regular file of at most `limit` bytes, or why it can't be had.
pub(super) fn read(path: &Path, limit: u64) -> Result<String, String> {
    String::from_utf8(read_bytes(path, limit)?).map_err(|_| "is not valid UTF-8".into())
}

/// The same for a file that may hold comments in any encoding.
pub(super) fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let cannot_be_read = |error: std::io::Error| format!("cannot be read ({error})");
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(cannot_be_read)?;
    if metadata.is_dir() {
        return Err(
            "is a folder (Docker makes one where the file to be mounted is missing)".into(),
        );
    }
    if !metadata.is_file() {
        return Err("is not a regular file".into());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(cannot_be_read)?;
    if bytes.len() as u64 > limit {
        return Err(format!("is larger than {} KiB", limit / 1024));
    }
    Ok(bytes)
}
