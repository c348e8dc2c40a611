//! The content of a message: texts, images and files, in the spellings of OpenAI's two formats, of Anthropic and of MCP.
//!
//! Never here: fetching or opening anything.

use anygpt_providers::{Media, Part, Role, Source, base64};
use serde_json::{Map, Value};

use super::{too_many, unnest, word};
use crate::{
    error::{Advice, Error, ErrorKind},
    tools::arguments::{
        Arguments, elements, is_nothing_parsed, wrong, wrong_or_missing, wrong_raw,
    },
};

/// No provider accepts more parts in a message.
const MOST_PARTS: usize = 1_000;

/// Longest address of an image or a file in bytes.
const LONGEST_URL: usize = 8 << 10;

const PARTS: &str = "a string, or an array of {\"type\":\"text\",\"text\":\"…\"}, \
    {\"type\":\"image\",\"url\":\"https://…\"} or, with \"data\" in Base64 and \"mime_type\" instead of \"url\", \
    of image and file";

/// The content of a message of this role.
pub(super) fn read(
    arguments: &mut Arguments<'_>,
    path: &str,
    raw: Option<&str>,
    role: Role,
) -> Result<Vec<Part>, Error> {
    let Some(raw) = raw else {
        return Err(wrong_or_missing(path, None, PARTS));
    };
    if raw.starts_with('[') {
        return parts(arguments, path, raw);
    }
    if raw.starts_with('{') && role != Role::Tool {
        arguments.warn(format!(
            "{path} is one part, and was taken as an array of it"
        ));
        arguments.charge(raw.len() + 2)?;
        return parts(arguments, path, &format!("[{raw}]"));
    }
    match arguments.text(raw)? {
        Some(text) => Ok(vec![Part::Text(text)]),
        // The result of a tool may be any JSON.
        None if role == Role::Tool => {
            arguments.charge(raw.len())?;
            Ok(vec![Part::Text(raw.to_owned())])
        }
        None => Err(wrong_raw(path, raw, PARTS)),
    }
}

fn parts(arguments: &mut Arguments<'_>, path: &str, raw: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for (position, raw) in elements(raw).enumerate() {
        if position >= MOST_PARTS {
            return Err(too_many(format!("{path} has more than {MOST_PARTS} parts")));
        }
        let before = arguments.charged();
        let value = arguments.tree(raw)?;
        let part = part(arguments, &format!("{path}[{position}]"), value)?;
        // Twice, because the vector grows.
        arguments.settle(before, 2 * size_of::<Part>() + part.length())?;
        parts.push(part);
    }
    Ok(parts)
}

fn part(arguments: &mut Arguments<'_>, path: &str, value: Value) -> Result<Part, Error> {
    let mut object = match value {
        Value::String(text) => return Ok(Part::Text(text)),
        Value::Object(object) => object,
        other => return Err(wrong(path, &other, "a string, or an object with a type")),
    };
    let kind = object.remove("type");
    let is_image = match kind.as_ref().and_then(Value::as_str) {
        Some("text" | "input_text" | "output_text") => {
            let text = match object.remove("text") {
                Some(Value::String(text)) => text,
                other => {
                    return Err(wrong_or_missing(
                        &format!("{path}.text"),
                        other.as_ref(),
                        "a string",
                    ));
                }
            };
            arguments.ignore_rest(path, &object);
            return Ok(Part::Text(text));
        }
        Some("image" | "image_url" | "input_image") => true,
        Some("file" | "input_file" | "document") => false,
        _ => {
            let path = format!("{path}.type");
            return Err(wrong_or_missing(
                &path,
                kind.as_ref(),
                "\"text\", \"image\" or \"file\"",
            ));
        }
    };
    media(arguments, path, object, is_image).map(Part::Media)
}

/// An image or a file, in the spellings of OpenAI's two formats, of Anthropic and of MCP, too.
fn media(
    arguments: &mut Arguments<'_>,
    path: &str,
    mut object: Map<String, Value>,
    is_image: bool,
) -> Result<Media, Error> {
    for name in ["image_url", "file", "source"] {
        unnest(&mut object, name);
    }
    // The source's type follows from its other members.
    object.remove("type");
    let mut first = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| object.remove(*name));
        found.find(|value| !is_nothing_parsed(value))
    };
    let url = first(&["url", "image_url", "file_url"]);
    let data = first(&["data", "file_data"]);
    let given_type = first(&["mime_type", "mimeType", "media_type"]);
    let name = first(&["filename", "name", "title"]);
    arguments.ignore_rest(path, &object);
    let name = match name {
        Some(name) => Some(word(&format!("{path}.filename"), Some(name))?),
        None => None,
    };
    let given_type = match given_type {
        Some(given_type) => {
            let path = format!("{path}.mime_type");
            Some(mime_type(&path, word(&path, Some(given_type))?)?)
        }
        None => None,
    };
    let (place, given) = url_or_data(path, url, data)?;
    let source_path = format!("{path}.{place}");
    let Value::String(given) = given else {
        return Err(wrong(&source_path, &given, "a string"));
    };
    arguments.charge(given.len())?;
    let (source, mime) = source(&source_path, place, given)?;
    // Providers compare the type with the bytes.
    let by_bytes = match &source {
        Source::Data(data) => type_by_magic(data),
        Source::Url(_) => None,
    };
    let mime = match (by_bytes, mime, given_type) {
        (Some(by_bytes), ..) => by_bytes.to_owned(),
        (None, Some(mime), _) => mime_type(&source_path, mime)?,
        (None, None, Some(given_type)) => given_type,
        (None, None, None) => guessed_type(path, &source)?,
    };
    if is_image && !mime.is_empty() && !mime.starts_with("image/") {
        let allowed = "an image: give its mime_type, or type \"file\"";
        return Err(wrong(&source_path, &Value::from(mime), allowed));
    }
    Ok(Media {
        source,
        is_image: is_image || mime.starts_with("image/"),
        mime_type: mime,
        name,
    })
}

/// The one that is given, and its name.
fn url_or_data(
    path: &str,
    url: Option<Value>,
    data: Option<Value>,
) -> Result<(&'static str, Value), Error> {
    match (url, data) {
        (Some(url), None) => Ok(("url", url)),
        (None, Some(data)) => Ok(("data", data)),
        _ => {
            let message = format!("{path} must have either url or data");
            Err(Error::new(ErrorKind::InvalidRequest, message).advise(Advice::CorrectArgument))
        }
    }
}

/// The media type, if none is given.
fn guessed_type(path: &str, source: &Source) -> Result<String, Error> {
    match source {
        Source::Data(_) => {
            let path = format!("{path}.mime_type");
            let allowed = "the type of the data, for example application/pdf";
            Err(wrong_or_missing(&path, None, allowed))
        }
        Source::Url(url) => Ok(type_by_extension(url).unwrap_or_default().to_owned()),
    }
}

/// The source, and its media type if a data: URL has one.
fn source(path: &str, place: &str, given: String) -> Result<(Source, Option<String>), Error> {
    if let Some(rest) = given.strip_prefix("data:") {
        let Some((mime, data)) = rest.split_once(";base64,") else {
            let allowed = "a data: URL in Base64";
            return Err(wrong(path, &Value::String(given), allowed));
        };
        let mime = mime.split(';').next().unwrap_or_default();
        let mime = (!mime.is_empty()).then(|| mime.to_owned());
        return Ok((Source::Data(usual_base64(path, data)?), mime));
    }
    if place == "data" {
        return Ok((Source::Data(usual_base64(path, &given)?), None));
    }
    let scheme = given
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_web = matches!(scheme.as_deref(), Some("http" | "https"));
    let is_plain = !given.chars().any(|c| c.is_whitespace() || c.is_control());
    match is_web && is_plain && given.len() <= LONGEST_URL {
        true => Ok((Source::Url(given), None)),
        false => {
            let allowed = "an https address that the provider can fetch; files are not read from here: give their \
                 content as data, in Base64";
            Err(wrong(path, &Value::String(given), allowed))
        }
    }
}

/// Base64 in the standard alphabet with padding, as every provider accepts it.
fn usual_base64(path: &str, given: &str) -> Result<String, Error> {
    let mut data = String::with_capacity(given.len() + 2);
    for c in given.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => data.push(c),
            // The URL-safe alphabet.
            '-' => data.push('+'),
            '_' => data.push('/'),
            '\r' | '\n' | ' ' | '\t' | '=' => {}
            _ => return Err(wrong(path, &Value::from(given), "Base64")),
        }
    }
    if data.is_empty() || data.len() % 4 == 1 {
        return Err(wrong(path, &Value::from(given), "Base64, complete"));
    }
    while !data.len().is_multiple_of(4) {
        data.push('=');
    }
    Ok(data)
}

fn mime_type(path: &str, given: String) -> Result<String, Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+-_".contains(&byte);
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(allowed);
    let parts = given.split_once('/');
    match parts.is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype)) {
        true => {
            let given = given.to_ascii_lowercase();
            let usual = USUAL_TYPES.iter().find(|(other, _)| *other == given);
            Ok(usual.map_or(given, |(_, usual)| (*usual).to_owned()))
        }
        false => Err(wrong(
            path,
            &Value::String(given),
            "a type such as image/png",
        )),
    }
}

/// Media types that nobody has registered, and the registered ones.
const USUAL_TYPES: [(&str, &str); 5] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("application/x-pdf", "application/pdf"),
    ("audio/x-wav", "audio/wav"),
];

/// The media type by the first bytes, which are given in Base64.
fn type_by_magic(data: &str) -> Option<&'static str> {
    let mut bytes = Vec::with_capacity(12);
    base64::decode(data.get(..16).unwrap_or(data), |piece| {
        bytes.extend_from_slice(piece);
        true
    });
    match &bytes[..] {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => Some("image/webp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E'] => Some("audio/wav"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("application/pdf"),
        _ => None,
    }
}

/// The media type by the extension.
fn type_by_extension(url: &str) -> Option<&'static str> {
    let kinds = [
        (".png", "image/png"),
        (".jpg", "image/jpeg"),
        (".jpeg", "image/jpeg"),
        (".gif", "image/gif"),
        (".webp", "image/webp"),
        (".pdf", "application/pdf"),
        (".txt", "text/plain"),
    ];
    let path = url.split(['?', '#']).next()?.to_ascii_lowercase();
    let kind = kinds.into_iter().find(|(ending, _)| path.ends_with(ending));
    kind.map(|(_, kind)| kind)
}
