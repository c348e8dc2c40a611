//! What the tests of several formats look at in a model list.

use crate::*;

/// An entry of a model list, of which only the name is known.
pub(crate) fn named_model(id: &str, chat: bool) -> Model {
    Model {
        id: id.into(),
        chat: Some(chat),
        ..Model::default()
    }
}

/// The id that a codec picks out of a list body.
pub(crate) fn newest(codec: &dyn Codec, list: &str) -> Option<String> {
    let page = codec.models_page(list.as_bytes()).unwrap();
    codec
        .newest_chat_model(&page.models)
        .map(|model| model.id.clone())
}

/// Those that are known to be there, and those that are known not to be.
pub(crate) fn known_abilities(model: &Model) -> (Vec<Capability>, Vec<Capability>) {
    let of = |wanted| {
        let all = Capability::ALL.into_iter();
        all.filter(|&it| model.has(it) == Some(wanted)).collect()
    };
    (of(true), of(false))
}
