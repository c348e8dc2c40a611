//! The list of wire formats, and what follows from a row of it.
//!
//! Never here: the rows (see the crate's root), or which provider uses which format (`presets`).

/// Makes [`Dialect`](crate::Dialect) and the list of the folders' vendors. A row: the name of the variant, the word for it
/// in settings, its codec, and its folder's vendor, if that is not one of [`vendors`](crate::vendors).
macro_rules! dialects {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $codec:expr $(, $vendor:expr)?;)*) => {
        /// How a provider's API is used: its wire format.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Dialect {
            $($(#[$doc])* $variant,)*
            /// OpenAI's Chat Completions API, in one service's variant of it.
            Compatible(&'static openai::chat_completions::ChatCompletions),
            /// No API: the server itself echoes the last text of the user.
            Mock,
        }

        impl Dialect {
            /// The id of the provider that is the mock, and the word for its dialect.
            pub const MOCK: &str = "mock";

            /// All of them; Chat Completions without any service's peculiarities.
            pub const ALL: [Dialect; [$($word),*].len() + 2] = [
                $(Dialect::$variant,)*
                Dialect::Compatible(&openai::chat_completions::PLAIN),
                Dialect::Mock,
            ];

            /// The word for it in settings.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Dialect::$variant => $word,)*
                    Dialect::Compatible(_) => "openai-compatible",
                    Dialect::Mock => Dialect::MOCK,
                }
            }

            /// Its codec; none for the mock.
            pub fn codec(self) -> Option<&'static dyn Codec> {
                match self {
                    $(Dialect::$variant => Some(&$codec),)*
                    Dialect::Compatible(service) => Some(service),
                    Dialect::Mock => None,
                }
            }
        }

        /// The vendors that have a folder in this crate.
        pub(crate) static VENDORS: &[&vendor::Vendor] = &[$($(&$vendor,)?)*];
    };
}

pub(crate) use dialects;
