//! Pictures by description, where a provider draws them: what all formats share.
//!
//! Never here: fetching a picture from an address, or pictures that are looked at.

use crate::{Class, Failure, Request, Usage};

/// A picture to be drawn.
#[derive(Clone, Debug, Default)]
pub struct DrawRequest {
    /// The provider's id for the model.
    pub model: String,
    /// What is to be seen.
    pub prompt: String,
    /// `1024x1024`, `16:9` or `2K`, if not the usual size.
    pub size: Option<String>,
    /// The provider's word for how carefully.
    pub quality: Option<String>,
    /// How many of them; never none.
    pub count: u32,
    /// `png`, `jpeg` or `webp`, if not the usual one.
    pub format: Option<String>,
}

/// How to ask for it.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The request.
    pub request: Request,
    /// To be sent so often: some formats draw one picture at a time.
    pub times: u32,
    /// What of it this format cannot say.
    pub warnings: Vec<String>,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its bytes in base64.
    pub data: String,
    /// Its media type.
    pub mime_type: &'static str,
}

/// What has been drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// Where others can be fetched.
    pub urls: Vec<String>,
    /// The description that was used instead, or text that came with the pictures.
    pub said: Option<String>,
    /// What it took.
    pub usage: Usage,
}

/// A picture of a type that its first bytes tell.
pub(super) fn picture(data: String) -> Result<Picture, Failure> {
    let known = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("UklGR", "image/webp"),
        ("R0lGOD", "image/gif"),
    ];
    let known = known.iter().find(|(start, _)| data.starts_with(start));
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    match known {
        Some((_, mime_type)) if data.bytes().all(is_base64) => Ok(Picture { data, mime_type }),
        _ => Err(Failure::new(
            Class::Unavailable,
            "the provider sent a picture that is no PNG, JPEG, WebP or GIF in base64",
        )),
    }
}
