//! What reading a provider needs, whichever it is.
//!
//! Never here: the rules for one sort of providers.

use crate::settings::{
    environment::Environment, foreign::Foreign, headers::Headers, network::Network,
};

/// Brings together what an entry of the file says and what the environment says, which wins.
pub(super) struct Reader<'e> {
    pub(super) environment: &'e Environment,
    pub(super) foreign: &'e Foreign,
    /// Set if no key may travel in the open to a public address.
    pub(super) guarded: Option<&'e Network>,
    /// Whether `localhost` is a container.
    pub(super) in_container: bool,
}

/// An address as it was written, and where.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) place: String,
    pub(super) text: String,
}

/// What the well-known variables say of a provider.
#[derive(Default)]
pub(super) struct Known {
    pub(super) key_variables: &'static [&'static str],
    pub(super) token_variable: Option<&'static str>,
    pub(super) url: Option<Written>,
    pub(super) headers: Headers,
    /// The same by other programs' variables, which count where nothing else says anything.
    pub(super) foreign_key: Option<String>,
    pub(super) foreign_url: Option<Written>,
}
