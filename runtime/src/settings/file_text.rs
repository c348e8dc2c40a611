//! Reading a small text file that a user provides.
//!
//! Never here: what stands in it.

use std::{ffi::OsString, fmt, fs::File, io, io::Read, path::Path};

use zeroize::Zeroizing;

/// Why a file cannot be used. Its text follows the name of the file.
#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    Folder,
    /// A pipe or a device.
    NotRegular,
    /// Larger than so many bytes.
    TooLarge(u64),
    NotUtf8,
    /// Of a folder: one of its files cannot be used.
    File(Option<OsString>, Box<ReadError>),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => write!(f, "cannot be read ({error})"),
            ReadError::Folder => f.write_str(
                "is a folder (Docker makes one where the file to be mounted is missing)",
            ),
            ReadError::NotRegular => f.write_str("is not a regular file"),
            ReadError::TooLarge(limit) => write!(f, "is larger than {} KiB", limit / 1024),
            ReadError::NotUtf8 => f.write_str("is not valid UTF-8 (save it as UTF-8)"),
            ReadError::File(name, error) => write!(f, "has a file {name:?} that {error}"),
        }
    }
}

/// The text of a regular file of at most `limit` bytes, which may hold secrets.
pub(super) fn read(path: &Path, limit: u64) -> Result<Zeroizing<String>, ReadError> {
    let mut bytes = Zeroizing::new(read_bytes(path, limit)?);
    if let Some(text) = wide(&bytes) {
        return Ok(text);
    }
    let text = String::from_utf8(std::mem::take(&mut *bytes));
    text.map(Zeroizing::new).map_err(|error| {
        *bytes = error.into_bytes();
        ReadError::NotUtf8
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
    // A buffer that grows would leave parts of a secret in memory.
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for character in char::decode_utf16(units) {
        text.push(character.ok()?);
    }
    rest.is_empty().then_some(text)
}

/// The same for a file that may hold comments in any encoding.
pub(super) fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(ReadError::Io)?;
    if metadata.is_dir() {
        return Err(ReadError::Folder);
    }
    if !metadata.is_file() {
        return Err(ReadError::NotRegular);
    }
    // A buffer that grows would leave parts of a secret in memory.
    let size = metadata.len().min(limit) + 1;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(ReadError::Io)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    Ok(bytes)
}
