//! Stub until the reader is there.
pub(super) fn from_str<T: serde::de::DeserializeOwned + Default>(_text: &str) -> Result<T, String> {
    Ok(T::default())
}
