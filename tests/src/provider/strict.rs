//! A family that has some models and no others: it lists them, and refuses what the real service refuses before it
//! generates anything. Whatever passes is answered as usual.
//!
//! Never here: how a family says it (`families`).

use super::{Family, Reply, Request, catalog};

/// A model of a service.
#[derive(Clone, Debug)]
pub struct Served {
    pub id: String,
    /// The day of its creation, `2026-10-13`, and the same in seconds since 1970.
    pub day: String,
    pub created: u64,
    /// Its name in lists that have one.
    pub name: String,
    pub usage: Use,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Chat,
    /// The same, but no list has this id.
    Unlisted,
    /// The same, but overloaded for ever.
    Busy,
    Embeddings,
    /// Images, sound, anything that does not chat.
    Other,
}

/// The list, or a refusal; `None` if the request is to be answered as usual.
pub(super) fn reply(family: Family, served: &[Served], request: &Request) -> Option<Reply> {
    let format = family.format();
    let path = request.path.split('?').next()?;
    if request.method == "GET" && path.strip_prefix(format.folder())? == format.list_path() {
        catalog::key(family, request).ok()?;
        let listed: Vec<_> = served
            .iter()
            .filter(|it| it.usage != Use::Unlisted)
            .collect();
        return Some(Reply::json(200, &format.served_list(&listed)));
    }
    if !request.is_chat() {
        return None;
    }
    let id = request.model()?;
    match served.iter().find(|it| it.id == id).map(|it| it.usage) {
        None | Some(Use::Embeddings | Use::Other) => {
            return Some(Reply::error(family, 404, &format.no_model(&id)));
        }
        Some(Use::Busy) => return Some(Reply::error(family, 503, "Overloaded")),
        Some(Use::Chat | Use::Unlisted) => {}
    }
    let name = format.unknown_member(&request.json())?;
    Some(Reply::json(400, &format.unknown_member_error(&name)))
}
