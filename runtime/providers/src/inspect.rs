//! What all formats are searched for together: the parameters of a chat, and files in a [`State`].
//!
//! Never here: what one format means by it.

use serde_json::{Map, Value};

use crate::{Media, Request, State};

/// Members of the bodies of chats that are not parameters: the conversation, and what every request has.
const NOT_PARAMETERS: [&str; 9] = [
    "model",
    "input",
    "messages",
    "contents",
    "system",
    "systemInstruction",
    "store",
    "stream",
    "stream_options",
];

impl Request {
    /// The parameters of a chat, without the conversation.
    pub fn parameters(&self) -> Map<String, Value> {
        let mut body: Map<String, Value> = serde_json::from_slice(&self.body).unwrap_or_default();
        body.retain(|name, _| !NOT_PARAMETERS.contains(&name.as_str()));
        body
    }
}

impl State {
    /// Whether it names something that the provider is to fetch, or holds a file that is not an image.
    pub fn has_files(&self) -> bool {
        self.items.iter().any(has_files)
    }
}

impl Media {
    /// Whether its media type is one of images.
    pub fn has_image_type(&self) -> bool {
        is_image(&self.mime_type)
    }
}

fn is_image(mime_type: &str) -> bool {
    mime_type.starts_with("image/")
}

fn has_files(piece: &Value) -> bool {
    match piece {
        Value::Array(items) => items.iter().any(has_files),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_file = match name.as_str() {
                "source" => match value["type"].as_str() {
                    Some("url" | "file") => true,
                    Some("base64") => !value["media_type"].as_str().is_some_and(is_image),
                    _ => false,
                },
                "inlineData" | "inline_data" => {
                    let kind = value.get("mimeType").or(value.get("mime_type"));
                    !kind.and_then(Value::as_str).is_some_and(is_image)
                }
                // What a model wants of a tool has whatever names the tool wants.
                "args" | "input" => return false,
                name => FILES.contains(&name) && !value.is_null(),
            };
            is_file || has_files(value)
        }),
        _ => false,
    }
}

/// What the formats call an address, or a file that is given or that the provider has.
const FILES: [&str; 9] = [
    "file_url",
    "file_id",
    "image_url",
    "fileData",
    "file_data",
    "fileUri",
    "file_uri",
    "input_audio",
    "video_url",
];
