//! What a wire format must provide, and the requests and replies of what only some formats have.
//!
//! Never here: an implementation, or the types of chats.

use http::{HeaderName, HeaderValue};

use crate::model;
use crate::{
    ChatRequest, Encoding, ErrorKind, Failure, Model, ModelPage, Request, StreamReader, Usage,
};

/// What requests of a format have after the base URL, as far as addresses that people paste may have it, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct InRequests {
    /// Ends of paths.
    pub ends: &'static [&'static str],
    /// What may follow a version at the end of a path; such a version is taken off if this is there.
    pub after_version: Option<&'static [&'static str]>,
    /// A parameter of the query.
    pub parameter: Option<&'static str>,
}

/// What not every format has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    CountTokens,
    Embeddings,
    Images,
}

/// One wire format.
pub trait Codec: Send + Sync {
    /// Base URL used when none is configured, without a trailing slash.
    fn default_base_url(&self) -> &'static str;

    /// What an address that people paste may end in, and requests have themselves; none if the base URL ends in the version.
    fn in_requests(&self) -> Option<InRequests> {
        None
    }

    /// The vendor whose facts say what requests in this format may have; none if any models are behind it.
    fn vendor(&self) -> Option<&'static str> {
        None
    }

    /// The header that carries the key. The value is marked sensitive. `None` if the key has bytes
    /// that no header can carry.
    fn credentials(&self, key: &str) -> Option<(HeaderName, HeaderValue)>;

    /// Headers in which this provider names the request, most specific first.
    fn request_id_headers(&self) -> &'static [&'static str];

    /// Removes from a request, or changes in it, what its model is known not to accept. Returns a sentence about each change.
    fn adapt(&self, _request: &mut ChatRequest) -> Vec<String> {
        Vec::new()
    }

    /// Lowers a reasoning effort whose tokens do not fit into the token limit, and returns a sentence about it. With
    /// `is_lowered` the limit is below what the caller wanted, and a quarter of it is reserved for the answer.
    fn think_within_limit(&self, _request: &mut ChatRequest, _is_lowered: bool) -> Option<String> {
        None
    }

    /// Checks that the format can express this conversation.
    ///
    /// # Errors
    /// `InvalidRequest`: what it cannot express, and what to do instead.
    fn check_supported(&self, _request: &ChatRequest) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether the format has two names for the token limit, so that a refusal of one may mean the other
    /// (see [`Encoding`]).
    fn has_two_token_names(&self) -> bool {
        false
    }

    /// Whether the provider itself decides what is at a URL, so that what a request calls an image without a media type may
    /// be a video.
    fn guesses_media_types(&self) -> bool {
        false
    }

    /// The most tokens that a picture counts as, of this width and height in pixels if they are known.
    fn most_image_tokens(&self, size: Option<(usize, usize)>) -> u64;

    /// The token limit that is sent where the caller sets none, if the format requires one.
    fn default_max_tokens(&self, _request: &ChatRequest) -> Option<u32> {
        None
    }

    /// The format to use where a server with this one has nothing at its path for chats.
    fn substitute(&self) -> Option<&'static dyn Codec> {
        None
    }

    /// A chat request, streamed unless the encoding says otherwise. The state of a message must come from this format.
    fn chat(&self, request: &ChatRequest, encoding: Encoding) -> Request;

    /// A reader for one answer. With `wants_state` it also collects [`Answer::state`](crate::Answer::state).
    fn reader(&self, wants_state: bool) -> Box<dyn StreamReader + '_>;

    /// The request for a page of the model list: the first one, or the one that `page` names.
    fn models(&self, page: Option<&str>) -> Request;

    /// Reads a page of the model list.
    ///
    /// # Errors
    /// `Unavailable` if the body is not such a list.
    fn models_page(&self, body: &[u8]) -> Result<ModelPage, Failure>;

    /// The model for requests that name none, in a complete list of models of which the table of facts knows nothing: the
    /// newest for ordinary chats, or of a list without dates the first.
    fn newest_chat_model<'m>(&self, models: &'m [Model]) -> Option<&'m Model> {
        model::newest(models.iter().filter(|model| model.may_chat()))
    }

    /// What a reply with an error status means.
    fn failure(&self, status: u16, body: &[u8]) -> Failure;

    /// Whether the format has this: whether the method for it makes a request.
    fn supports(&self, feature: Feature) -> bool {
        match feature {
            Feature::CountTokens => self.count_tokens(&ChatRequest::default()).is_some(),
            Feature::Embeddings => self.embed(&EmbedRequest::default()).is_some(),
            Feature::Images => self
                .generate_image(&GenerateImageRequest::default())
                .is_some(),
        }
    }

    /// The request that counts the tokens of a chat, if the format has one.
    fn count_tokens(&self, _chat: &ChatRequest) -> Option<Request> {
        None
    }

    /// The request for embeddings, if the format has them.
    fn embed(&self, _request: &EmbedRequest) -> Option<Request> {
        None
    }

    /// Reads the reply to [`Codec::embed`] for this number of texts.
    ///
    /// # Errors
    /// `Unavailable` unless it has one vector for each text, all of one length.
    fn embeddings(&self, _body: &[u8], _texts: usize) -> Result<Embeddings, Failure> {
        Err(Failure::new(
            ErrorKind::Unavailable,
            "this format has no embeddings",
        ))
    }

    /// How to generate images, if the format can.
    fn generate_image(&self, _request: &GenerateImageRequest) -> Option<GenerateImagePlan> {
        None
    }

    /// Reads the reply to [`Codec::generate_image`].
    ///
    /// # Errors
    /// `ContentFilter` if a filter is why there is no image, `Unavailable` if the reply cannot be read.
    fn generated_images(&self, _body: &[u8]) -> Result<GeneratedImages, Failure> {
        Err(Failure::new(
            ErrorKind::Unavailable,
            "this format has no images",
        ))
    }
}

/// Texts to embed.
#[derive(Clone, Debug, Default)]
pub struct EmbedRequest {
    /// The provider's id for the model.
    pub model: String,
    /// At least one text.
    pub input: Vec<String>,
    /// The length of each vector; the model's default if none.
    pub dimensions: Option<u32>,
}

/// One vector for each text, in the same order, all of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together, if the provider reports them.
    pub input_tokens: Option<u64>,
}

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
