//! Settings that are one of a few words.
//!
//! Never here: what follows from them.

/// A setting that is one of a few words, which are read whatever their case.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// All words with their values, as documents list them.
    const ALL: &'static [(&'static str, Self)];

    /// The word for this value.
    fn as_str(self) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find(|(_, value)| *value == self)
            .map_or("", |(word, _)| word)
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// Everything.
    Debug,
    /// One line per call, and what is above it.
    #[default]
    Info,
    /// What a user may want to fix.
    Warn,
    /// What stops something from working.
    Error,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object.
    Json,
}

/// Whether the process stays up without input, for `docker exec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standby {
    /// If it is a container's main process with nothing on stdin.
    Auto,
    /// In any case.
    Always,
    /// The process ends with its input.
    #[default]
    Never,
}

impl Word for LogLevel {
    const ALL: &'static [(&'static str, Self)] = &[
        ("debug", LogLevel::Debug),
        ("info", LogLevel::Info),
        ("warn", LogLevel::Warn),
        ("error", LogLevel::Error),
    ];
}

impl Word for LogFormat {
    const ALL: &'static [(&'static str, Self)] =
        &[("text", LogFormat::Text), ("json", LogFormat::Json)];
}

impl Word for Standby {
    const ALL: &'static [(&'static str, Self)] = &[
        ("auto", Standby::Auto),
        ("always", Standby::Always),
        ("never", Standby::Never),
    ];
}
