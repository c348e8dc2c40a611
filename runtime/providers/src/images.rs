//! Image generation: what all formats share.
//!
//! Never here: fetching an image from a URL, or images as input.

use crate::{ErrorKind, Failure, Request, Usage};

/// Images to generate.
#[derive(Clone, Debug, Default)]
pub struct GenerateImageRequest {
    /// The provider's id for the model.
    pub model: String,
    /// The description.
    pub prompt: String,
    /// `1024x1024`, `16:9` or `2K`; the model's default if none.
    pub size: Option<String>,
    /// The provider's word for the quality.
    pub quality: Option<String>,
    /// The number of images, at least 1.
    pub count: u32,
    /// `png`, `jpeg` or `webp`; the model's default if none.
    pub format: Option<String>,
}

/// The HTTP requests for some images.
#[derive(Clone, Debug)]
pub struct GenerateImagePlan {
    pub request: Request,
    /// How often to send it: some formats generate one image at a time.
    pub times: u32,
    /// What the format cannot express.
    pub warnings: Vec<String>,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedImage {
    /// Its bytes in Base64.
    pub data: String,
    pub mime_type: &'static str,
}

/// Generated images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GeneratedImages {
    pub images: Vec<GeneratedImage>,
    /// URLs of images that were not sent as bytes.
    pub urls: Vec<String>,
    /// The description as the model revised it, or text that was sent with the images.
    pub text: Option<String>,
    pub usage: Usage,
}

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
