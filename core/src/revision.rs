//! The protocol revisions and all differences between them.
//!
//! Never here: anything that is the same in all of them.

/// A released revision of the Model Context Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    /// `2026-07-28`: every request carries its own metadata, no handshake.
    V2026_07_28,
}

impl Revision {
    /// Newest first, as clients see them.
    pub const ALL: [Revision; 5] = [
        Revision::V2026_07_28,
        Revision::V2025_11_25,
        Revision::V2025_06_18,
        Revision::V2025_03_26,
        Revision::V2024_11_05,
    ];

    /// The revision for a client that requests an unknown one, or that never sends `initialize`.
    pub const NEWEST_LEGACY: Revision = Revision::V2025_11_25;

    /// The first one without a handshake. What results of all later ones repeat has the members of this one.
    pub(crate) const OLDEST_MODERN: Revision = Revision::V2026_07_28;

    /// The value of `protocolVersion`.
    pub fn as_str(self) -> &'static str {
        match self {
            Revision::V2024_11_05 => "2024-11-05",
            Revision::V2025_03_26 => "2025-03-26",
            Revision::V2025_06_18 => "2025-06-18",
            Revision::V2025_11_25 => "2025-11-25",
            Revision::V2026_07_28 => "2026-07-28",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Revision::ALL
            .into_iter()
            .find(|known| known.as_str() == name)
    }

    /// Index into a table with one entry per revision.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Requests have an envelope, results have a type and the server's name; there is no handshake.
    pub(crate) fn is_modern(self) -> bool {
        self >= Revision::OLDEST_MODERN
    }

    /// A line may be an array of messages.
    pub(crate) fn has_batches(self) -> bool {
        self == Revision::V2025_03_26
    }

    /// Tools have annotations.
    pub(crate) fn has_annotations(self) -> bool {
        self >= Revision::V2025_03_26
    }

    /// Progress notifications have a message.
    pub(crate) fn has_progress_message(self) -> bool {
        self >= Revision::V2025_03_26
    }

    /// Entries of lists have a `title` in addition to their name.
    pub(crate) fn has_titles(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Tools have `outputSchema`, and results `structuredContent`.
    pub(crate) fn has_structured_content(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Results may have resource links.
    pub(crate) fn has_resource_links(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Completion of arguments is a declared capability.
    pub(crate) fn has_completions_capability(self) -> bool {
        self >= Revision::V2025_03_26
    }

    /// `logging/setLevel` and `notifications/message`. 2026-07-28 still has messages, but as a deprecated option of single
    /// requests, which this server does not offer.
    pub(crate) fn has_logging(self) -> bool {
        !self.is_modern()
    }

    /// An unknown resource has its own error code.
    pub(crate) fn has_resource_not_found_code(self) -> bool {
        !self.is_modern()
    }

    /// `serverInfo` has `description` and `icons`.
    pub(crate) fn has_implementation_details(self) -> bool {
        self >= Revision::V2025_11_25
    }
}
