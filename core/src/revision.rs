//! The protocol revisions and what differs between them: the only place that knows.
//!
//! Never here: anything that is the same in all of them.

/// A released revision of the Model Context Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// `2024-11-05`
    V2024_11_05,
    /// `2025-03-26`
    V2025_03_26,
    /// `2025-06-18`
    V2025_06_18,
    /// `2025-11-25`
    V2025_11_25,
    /// `2026-07-28`: every request carries its own metadata, no handshake.
    V2026_07_28,
}

impl Revision {
    /// All revisions, newest first, as they are listed to clients.
    pub const ALL: [Revision; 5] = [
        Revision::V2026_07_28,
        Revision::V2025_11_25,
        Revision::V2025_06_18,
        Revision::V2025_03_26,
        Revision::V2024_11_05,
    ];

    /// What `initialize` offers to a client that asks for something unknown, and what is spoken to
    /// one that never asked.
    pub const NEWEST_LEGACY: Revision = Revision::V2025_11_25;

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

    /// The revision of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Revision::ALL
            .into_iter()
            .find(|known| known.as_str() == name)
    }

    /// Position in a table with one entry per revision.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Requests carry an envelope, results say their type and who answers; no handshake.
    pub(crate) fn is_modern(self) -> bool {
        self >= Revision::V2026_07_28
    }

    /// A line may be an array of messages.
    pub(crate) fn has_batches(self) -> bool {
        self == Revision::V2025_03_26
    }

    /// Tools carry behaviour hints.
    pub(crate) fn has_annotations(self) -> bool {
        self >= Revision::V2025_03_26
    }

    /// Progress notifications carry a message.
    pub(crate) fn has_progress_message(self) -> bool {
        self >= Revision::V2025_03_26
    }

    /// Things have a `title` beside their name.
    pub(crate) fn has_titles(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Tools describe their output, and results have `structuredContent`.
    pub(crate) fn has_structured_content(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// Results may point to a resource.
    pub(crate) fn has_resource_links(self) -> bool {
        self >= Revision::V2025_06_18
    }

    /// The server declares that it completes arguments; before, it just did.
    pub(crate) fn has_completions_capability(self) -> bool {
        self >= Revision::V2025_03_26
    }

    /// `logging/setLevel` and `notifications/message`. 2026-07-28 still has messages, but as a deprecated
    /// option of single requests, which is not offered.
    pub(crate) fn has_logging(self) -> bool {
        !self.is_modern()
    }

    /// An unknown resource has an error code of its own.
    pub(crate) fn has_resource_not_found_code(self) -> bool {
        !self.is_modern()
    }

    /// `serverInfo` has `description` and `icons`.
    pub(crate) fn has_implementation_details(self) -> bool {
        self >= Revision::V2025_11_25
    }
}
