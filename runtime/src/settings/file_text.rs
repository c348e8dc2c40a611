//! Reading a small text file that somebody else provides.
//!
//! Never here: what stands in it.

use std::{fs::File, io::Read, path::Path};

use zeroize::Zeroizing;

/// The text of a regular file of at most `limit` bytes, which may hold secrets, or why it can't be had.
pub(super) fn read(path: &Path, limit: u64) -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(read_bytes(path, limit)?);
    if let Some(text) = wide(&bytes) {
        return Ok(text);
    }
    let text = String::from_utf8(std::mem::take(&mut *bytes));
    text.map(Zeroizing::new).map_err(|error| {
        *bytes = error.into_bytes();
        "is not valid UTF-8 (save it as UTF-8)".into()
    })
}

/// A text of UTF-16, as some editors and shells write it, by the mark at its beginning; the mark stays.
fn wide(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    // A buffer that grows would leave parts of a secret behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for character in char::decode_utf16(units) {
        text.push(character.ok()?);
    }
    rest.is_empty().then_some(text)
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
    // A buffer that grows would leave parts of a secret behind.
    let size = metadata.len().min(limit) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(cannot_be_read)?;
    if bytes.len() as u64 > limit {
        return Err(format!("is larger than {} KiB", limit / 1024));
    }
    Ok(bytes)
}
