//! The result of a tool call, before it becomes a line of the protocol or of a terminal.
//!
//! Never here: how a tool gets it, or JSON-RPC.

use std::borrow::Cow;

use anygpt_core::{Content, Reservation, ToolResult, json};
use anygpt_providers::GeneratedImage;

use crate::{
    error::Error,
    redact::{self, Redactor},
};

/// The result of a call.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// For the model to read.
    pub text: String,
    /// More for the model to know; a block of its own, so that the text is the answer alone.
    pub note: Option<String>,
    /// Shown between these two.
    pub images: Vec<GeneratedImage>,
    /// JSON text of an object, on one line.
    pub structured: Option<String>,
    /// `text` is to be a member of `structured`, too; it is put in where both are written.
    pub shares_text: bool,
    /// The tool failed, and `text` says why.
    pub is_error: bool,
    /// All that failed: `text` for other readers than an MCP client, or what is missing in it.
    pub errors: Vec<Error>,
    /// Covers long texts until they are output.
    pub reservation: Option<Reservation>,
}

impl Outcome {
    /// A failure.
    pub(crate) fn error(error: Error) -> Self {
        Outcome::failed(vec![error])
    }

    /// A failure because of the call's arguments, or of settings that they lead to. What looks like a key in an argument is
    /// not repeated.
    pub(crate) fn refused(error: Error) -> Self {
        let text = redact::redact_caller_text(&error.for_client()).into_owned();
        Outcome {
            text,
            ..Outcome::error(error)
        }
    }

    /// A failure with several causes. The text has all of it: several clients show nothing else.
    pub(crate) fn failed(errors: Vec<Error>) -> Self {
        let texts: Vec<String> = errors.iter().map(Error::for_client).collect();
        Outcome {
            text: texts.join("\n"),
            is_error: true,
            errors,
            ..Outcome::default()
        }
    }

    /// Bytes that it holds.
    pub(crate) fn length(&self) -> usize {
        let images = self.images.iter().map(|image| image.data.len());
        let others = [&self.note, &self.structured].into_iter().flatten();
        self.text.len() + images.chain(others.map(String::len)).sum::<usize>()
    }

    /// Counts it alone from now on, without what it was made of.
    pub(crate) fn count_alone(&mut self) {
        let own = self.length();
        if let Some(held) = &mut self.reservation
            && held.bytes() > own
        {
            let _smaller = held.resize(own);
        }
    }

    /// Bytes that it becomes in an answer, at most.
    pub(crate) fn encoded(&self) -> usize {
        /// Bytes of the JSON-RPC message around the texts: names of members, media types, the id of the request.
        const MESSAGE_FRAME: usize = 4096;
        let images = self.images.iter().map(|image| image.data.len());
        let note = self.note.as_deref().map_or(0, json::encoded_length);
        let structured = self.structured.as_ref().map_or(0, String::len);
        // Where it is shared, the text is copied with its escapes.
        let texts = json::encoded_length(&self.text) * (1 + usize::from(self.shares_text));
        texts + images.sum::<usize>() + note + structured + MESSAGE_FRAME
    }

    /// Removes configured keys from it.
    pub(crate) fn redact(&mut self, redactor: &Redactor) {
        let text = match self.is_error {
            true => redactor.diagnostic(&self.text),
            false => redactor.text(&self.text),
        };
        if let Cow::Owned(text) = text {
            self.text = text;
        }
        if let Some(note) = &self.note
            && let Cow::Owned(note) = redactor.text(note)
        {
            self.note = Some(note);
        }
        if let Some(json) = &self.structured
            && let Cow::Owned(json) = redactor.json(json)
        {
            self.structured = Some(json);
        }
    }

    /// `structured` with the text in it, as a client gets it.
    pub(crate) fn json(&self) -> Cow<'_, str> {
        let structured = self.structured.as_deref().unwrap_or("{}");
        match structured.strip_prefix('{') {
            Some(members) if self.shares_text => {
                let text = serde_json::Value::from(self.text.as_str());
                let comma = if members == "}" { "" } else { "," };
                Cow::Owned(format!("{{\"text\":{text}{comma}{members}"))
            }
            _ => Cow::Borrowed(structured),
        }
    }

    /// Lends it as the core takes it.
    pub(crate) fn with_result<T>(&self, use_it: impl FnOnce(&ToolResult<'_>) -> T) -> T {
        let text = match self.shares_text {
            true => Content::SharedText(&self.text),
            false => Content::Text(&self.text),
        };
        let alone = [text];
        let several: Vec<Content<'_>>;
        let content = if self.images.is_empty() && self.note.is_none() {
            &alone[..]
        } else {
            let images = self.images.iter().map(|image| Content::Image {
                data: &image.data,
                mime_type: image.mime_type,
            });
            let note = self.note.as_deref().map(Content::Text);
            several = alone.into_iter().chain(images).chain(note).collect();
            &several
        };
        use_it(&ToolResult {
            content,
            structured: self.structured.as_deref(),
            is_error: self.is_error,
        })
    }

    pub(crate) fn with_images(self, images: Vec<GeneratedImage>) -> Self {
        Outcome { images, ..self }
    }

    pub(crate) fn structured(text: String, structured: &impl serde::Serialize) -> Self {
        Outcome::with_json(text, serde_json::to_string(structured).ok())
    }

    pub(crate) fn with_json(text: String, structured: Option<String>) -> Self {
        Outcome {
            text,
            structured,
            ..Outcome::default()
        }
    }
}
