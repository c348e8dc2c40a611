//! Image generation: what all formats share.
//!
//! Never here: fetching an image from a URL, or images as input.

use crate::{ErrorKind, Failure, GeneratedImage};

/// An image, with the type that its first bytes have.
pub(super) fn image(data: String) -> Result<GeneratedImage, Failure> {
    let known = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("UklGR", "image/webp"),
        ("R0lGOD", "image/gif"),
    ];
    let known = known.iter().find(|(start, _)| data.starts_with(start));
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    match known {
        Some((_, mime_type)) if data.bytes().all(is_base64) => {
            Ok(GeneratedImage { data, mime_type })
        }
        _ => Err(Failure::new(
            ErrorKind::Unavailable,
            "the provider sent an image that is no PNG, JPEG, WebP or GIF in base64",
        )),
    }
}
