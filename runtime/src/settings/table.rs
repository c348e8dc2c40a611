//! The settings of the process: one row each. From a row come reading it (`load`), `config show` (`show`), the list of
//! variables in the help (`cli::help`), its key in the JSON Schema (`schema`), its lines in the README, in the example
//! and in the page `providers` (`documents`). A new setting is a row, and the field that it sets.
//!
//! Not here, because one of them is more than a value: variables of providers (`presets` and `own_variables`), proxies
//! (`network`), certificates (`certificates`), and what only the configuration file has (`file`).
//!
//! Never here: what follows from a setting.

use std::time::Duration;

use super::{
    GRACE, GRACE_AFTER_SIGNAL, Settings, facts,
    given::Given,
    limits::{Bound, List, Patterns, dollars, tokens},
    offered,
    problem::Problem,
    words::{LogFormat, LogLevel, Standby, Word},
};

/// A setting of the process.
pub(crate) struct Row {
    /// Its path in the configuration file, or what it would be there.
    pub(super) path: &'static str,
    /// The variable that wins over the file.
    pub(crate) variable: &'static str,
    /// How it is written in the file.
    pub(super) form: Form,
    /// What counts where nothing is given, as it would be written; empty if nothing does.
    pub(super) default: &'static str,
    /// Sets the field; none if more must be known for that, see `load`.
    pub(super) set: Option<Set>,
    /// Its value for `config show`; none if it has none.
    pub(super) show: fn(&Settings) -> Option<String>,
    /// What its key in the file means, for the JSON Schema and the page `providers`; empty if the file has no such key.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) key: &'static str,
    /// Its lines in the example of a file; empty if it has none there.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) example: &'static str,
    /// What the help says. Rows where this is empty are described together with the next row.
    pub(crate) help: &'static str,
    /// What the help shows after the variable.
    pub(crate) sample: &'static str,
    /// What the README says, and its default there; empty together with `help`.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) about: [&'static str; 2],
}

/// Checks what is given, and sets the field of the settings.
pub(super) type Set = fn(&mut Settings, &Given) -> Result<(), Problem>;

/// How a setting is written in the file. A variable is always a text, with commas between the items of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Text,
    /// One of these, whatever the case.
    Words(#[cfg_attr(not(test), allow(dead_code))] fn() -> Vec<&'static str>),
    Whole,
    Decimal,
    List,
}

impl Row {
    /// The mapping of the file that it stands in; empty at the top.
    pub(super) fn section(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }

    /// Its key in that mapping.
    pub(super) fn key_in_section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, key)| key)
    }
}

/// The row of this path.
pub(super) fn row(path: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.path == path)
}

/// The rows as they are described: each group by its last row.
pub(crate) fn groups() -> impl Iterator<Item = &'static [Row]> {
    TABLE.split_inclusive(|row| !row.help.is_empty())
}

const NONE: Row = Row {
    path: "",
    variable: "",
    form: Form::Text,
    default: "",
    set: None,
    show: |_| None,
    key: "",
    example: "",
    help: "",
    sample: "",
    about: ["", ""],
};

/// All of them, in the order in which documents list them.
pub(super) static TABLE: [Row; 22] = [
    Row {
        path: "defaults.provider",
        variable: "DEFAULT_PROVIDER",
        show: |settings| {
            let position = settings.default_provider?;
            Some(settings.providers[position].id.clone())
        },
        key: "A provider's id",
        help: "for calls that name none: openai, anthropic, google, groq, mock, ...",
        about: [
            "for calls that name none: `openai`, `anthropic`, `google` (or `gemini`), `openrouter`, …, `mock`, or an id \
             of your own",
            "the first that can be used",
        ],
        ..NONE
    },
    Row {
        path: "defaults.model",
        variable: "DEFAULT_MODEL",
        show: |settings| settings.default_model.clone(),
        key: "A model's id, provider/model, a tag or an alias",
        help: "the same for models: an id, provider/model, alias or tag",
        about: [
            "for calls that name none: a model's id, `provider/model`, a tag or an alias",
            "the provider's default",
        ],
        ..NONE
    },
    // Read first: it leads to the file.
    Row {
        path: "config_file",
        variable: CONFIG_FILE,
        show: |settings| {
            let path = settings.origins.file.as_ref();
            path.map(|path| path.display().to_string())
        },
        help: "YAML or JSON; else /config/anygpt.config.{yaml,yml,json}",
        about: [
            "a YAML or JSON file (JSON may have comments)",
            "`/config/anygpt.config.{yaml,yml,json}`, if there",
        ],
        ..NONE
    },
    Row {
        path: "log.level",
        variable: "LOG_LEVEL",
        form: Form::Words(words::<LogLevel>),
        default: "info",
        set: Some(|settings, given| {
            settings.log_level = given.word()?;
            Ok(())
        }),
        show: |settings| Some(settings.log_level.as_str().into()),
        key: "How much is logged",
        example: "  level: info # debug, info, warn, error",
        help: "debug, info (default), warn, error; logs go to stderr",
        about: [
            "`debug`, `info`, `warn`, `error`; the log goes to stderr, at `info` one line per tool call and per paid \
             attempt, never with prompts or answers",
            "`info`",
        ],
        ..NONE
    },
    Row {
        path: "log.format",
        variable: "LOG_FORMAT",
        form: Form::Words(words::<LogFormat>),
        default: "text",
        set: Some(|settings, given| {
            settings.log_format = given.word()?;
            Ok(())
        }),
        show: |settings| Some(settings.log_format.as_str().into()),
        key: "What a line of the log looks like",
        example: "  format: text # or json",
        help: "text (default), json",
        about: ["`text`, or `json`: an object per line", "`text`"],
        ..NONE
    },
    Row {
        path: "timeouts.call",
        variable: "ANYGPT_TIMEOUT",
        form: Form::Whole,
        // Common clients give up at 60 s, and get the partial answer.
        default: "55",
        set: Some(|settings, given| {
            settings.timeout = given.seconds()?;
            Ok(())
        }),
        show: |settings| Some(seconds(settings.timeout)),
        key: "Seconds of a call that names no other",
        example: "  call: 55 # at this time the partial answer is returned; many clients give up at 60",
        help: "seconds for a call (55; no limit for chat)",
        about: [
            "seconds for a call that names no `timeout_seconds`; [which for which client](#how-long-clients-wait)",
            "55; none for the command `chat`",
        ],
        ..NONE
    },
    Row {
        path: "limits.allow_providers",
        variable: "ANYGPT_ALLOW_PROVIDERS",
        form: Form::List,
        set: Some(|settings, given| {
            settings.limits.allow_providers = Some(List::read(given)?);
            Ok(())
        }),
        show: |settings| Some(settings.limits.allow_providers.as_ref()?.shown()),
        key: "Ids of the only providers that calls may use",
        example: "#   allow_providers: [openai, team]",
        ..NONE
    },
    Row {
        path: "limits.deny_providers",
        variable: "ANYGPT_DENY_PROVIDERS",
        form: Form::List,
        set: Some(|settings, given| {
            settings.limits.deny_providers = Some(List::read(given)?);
            Ok(())
        }),
        show: |settings| Some(settings.limits.deny_providers.as_ref()?.shown()),
        key: "Ids of providers that calls may not use",
        ..NONE
    },
    Row {
        path: "limits.allow_models",
        variable: "ANYGPT_ALLOW_MODELS",
        form: Form::List,
        set: Some(|settings, given| {
            settings.limits.allow_models = Some(Patterns::allowed(List::read(given)?));
            Ok(())
        }),
        show: |settings| Some(settings.limits.allow_models.as_ref()?.shown()),
        key: "The only models that calls may use, with * and ?",
        ..NONE
    },
    Row {
        path: "limits.deny_models",
        variable: "ANYGPT_DENY_MODELS",
        form: Form::List,
        set: Some(|settings, given| {
            settings.limits.deny_models = Some(Patterns::denied(List::read(given)?));
            Ok(())
        }),
        show: |settings| Some(settings.limits.deny_models.as_ref()?.shown()),
        key: "Models that calls may not use, with * and ?",
        example: "#   deny_models: [\"*-pro\", team/claude-opus-*]",
        help: "providers and models that calls may use, separated by commas;\nmodels may contain *",
        about: [
            "providers and models that calls may use, separated by commas; in models `*` stands for anything, and \
             `provider/model` and the id alone both count. Deny beats allow, and denies a model by all its spellings",
            "all",
        ],
        ..NONE
    },
    Row {
        path: "limits.max_tokens",
        variable: "ANYGPT_MAX_TOKENS",
        form: Form::Whole,
        set: Some(|settings, given| {
            settings.limits.max_tokens = Some(Bound::of(given, tokens(given)?));
            Ok(())
        }),
        show: |settings| Some(settings.limits.max_tokens.as_ref()?.most.to_string()),
        key: "Most output tokens of a request",
        example: "#   max_tokens: 8000",
        ..NONE
    },
    Row {
        path: "limits.max_cost_usd",
        variable: "ANYGPT_MAX_COST_USD",
        form: Form::Decimal,
        set: Some(|settings, given| {
            settings.limits.max_cost_usd = Some(Bound::of(given, dollars(given)?));
            Ok(())
        }),
        show: |settings| Some(settings.limits.max_cost_usd.as_ref()?.most.to_string()),
        key: "Most US dollars of a call with all its attempts, by estimate",
        example: "#   max_cost_usd: 0.5",
        ..NONE
    },
    Row {
        path: "limits.max_timeout",
        variable: "ANYGPT_MAX_TIMEOUT",
        form: Form::Whole,
        set: Some(|settings, given| {
            settings.limits.max_timeout = Some(Bound::of(given, given.seconds()?));
            Ok(())
        }),
        show: |settings| Some(seconds(settings.limits.max_timeout.as_ref()?.most)),
        key: "Most seconds of a call",
        example: "#   max_timeout: 120 # seconds",
        help: "what a call may take at most",
        about: [
            "most output tokens of a request, US dollars and seconds of a call, with all its attempts; callers can only \
             ask for less",
            "",
        ],
        ..NONE
    },
    Row {
        path: "facts",
        variable: "ANYGPT_FACTS",
        set: Some(|settings, given| {
            settings.facts = facts::read(given)?;
            Ok(())
        }),
        show: |settings| Some(format!("table of {}", settings.facts.day())),
        key: "A newer table of models, in front of the one that is built in",
        example: "# facts: /config/facts.tsv # newer prices and models, in front of the table that is built in",
        help: "a newer table of models (prices, limits, efforts)",
        about: [
            "a file with newer facts about models (prices, limits, efforts), in front of the \
             [table that is built in](runtime/providers/facts/README.md)",
            "the built-in table",
        ],
        ..NONE
    },
    Row {
        path: "timeouts.first_byte",
        variable: "ANYGPT_FIRST_BYTE_TIMEOUT",
        form: Form::Whole,
        set: Some(|settings, given| {
            settings.first_byte = Some(Bound::of(given, given.seconds()?));
            Ok(())
        }),
        show: |settings| Some(seconds_or_none(settings.first_byte.as_ref())),
        key: "Seconds until a provider begins to answer",
        example: "  # first_byte: 300 # longest silence before a provider responds; without it only the time of the call \
                  counts",
        ..NONE
    },
    Row {
        path: "timeouts.idle",
        variable: "ANYGPT_IDLE_TIMEOUT",
        form: Form::Whole,
        set: Some(|settings, given| {
            settings.idle = Some(Bound::of(given, given.seconds()?));
            Ok(())
        }),
        show: |settings| Some(seconds_or_none(settings.idle.as_ref())),
        key: "Seconds of silence within an answer",
        example: "  # idle: 300 # the same within its response",
        help: "seconds of silence before and within an answer (no limit)",
        about: [
            "seconds that a provider may be silent before its response and within it, 1 to 86400; then the next of \
             `fallbacks` is asked",
            "no limit",
        ],
        ..NONE
    },
    Row {
        path: "retries",
        variable: "ANYGPT_RETRIES",
        form: Form::Whole,
        // As in the providers' own libraries.
        default: "2",
        set: Some(|settings, given| {
            settings.retries = given.whole(0..=10)?;
            Ok(())
        }),
        show: |settings| Some(settings.retries.to_string()),
        key: "Most repetitions of a request that has failed for the moment",
        help: "repetitions of a request that failed for the moment (2)",
        about: [
            "how often a request that failed for the moment is repeated, 0 to 10",
            "2",
        ],
        ..NONE
    },
    Row {
        path: "tools",
        variable: "ANYGPT_TOOLS",
        form: Form::List,
        default: "default",
        set: Some(|settings, given| {
            settings.offer.tools = offered::tools(
                &given.place,
                given.items().into_iter(),
                &settings.offer.known,
            )?;
            Ok(())
        }),
        show: |settings| Some(settings.offer.tools.join(", ")),
        key: "The tools that clients are offered",
        help: "tools to offer (default): names, all, default, -name; e.g. default,embed",
        about: [
            "the tools to offer: names with or without `anygpt_`, `default`, `all`, `-name` to take one away",
            "`default`",
        ],
        ..NONE
    },
    Row {
        path: "structured_output",
        variable: "ANYGPT_STRUCTURED_OUTPUT",
        default: "auto",
        set: Some(|settings, given| {
            settings.offer.structured = given.word()?;
            Ok(())
        }),
        show: |settings| Some(settings.offer.structured.as_str().into()),
        help: "structuredContent beside the text: auto (default: for clients that\nknow it), always, never",
        about: [
            "who gets `structuredContent` beside the text: `auto` (clients of a revision that knows it, \
             but not Claude Code and Codex, which show their model that alone), `always`, `never`",
            "`auto`",
        ],
        ..NONE
    },
    Row {
        path: "timeouts.shutdown",
        variable: "ANYGPT_SHUTDOWN_GRACE",
        form: Form::Whole,
        set: Some(|settings, given| {
            settings.shutdown_grace = Some(given.seconds()?);
            Ok(())
        }),
        show: |settings| {
            let usual = || {
                format!(
                    "{}, {} after a signal",
                    seconds(GRACE),
                    seconds(GRACE_AFTER_SIGNAL)
                )
            };
            Some(settings.shutdown_grace.map_or_else(usual, seconds))
        },
        key: "Seconds for calls in flight at the end",
        example: "  # shutdown: 10 # for calls in flight when the process is told to stop",
        help: "seconds for open calls at the end (30; 8 after a signal)",
        about: [
            "seconds for calls in flight when the process ends",
            "30; 8 after a signal",
        ],
        ..NONE
    },
    Row {
        path: "standby",
        variable: "ANYGPT_STANDBY",
        form: Form::Words(words::<Standby>),
        default: "never",
        set: Some(|settings, given| {
            settings.standby = given.word()?;
            Ok(())
        }),
        show: |settings| Some(settings.standby.as_str().into()),
        help: "never (default), auto, always: stay up for docker exec",
        about: [
            "`never`, `auto` (a container's main process), `always`: stay up where stdin is `/dev/null` or closed, for \
             `docker exec`",
            "`never`",
        ],
        ..NONE
    },
    Row {
        path: "allow_insecure_http",
        variable: "ANYGPT_ALLOW_INSECURE_HTTP",
        default: "0",
        set: Some(|settings, given| {
            settings.allow_insecure_http = given.switch()?;
            Ok(())
        }),
        show: |settings| Some(settings.allow_insecure_http.to_string()),
        help: "send keys over plain http to public addresses, too",
        sample: "=1",
        about: [
            "`1` lets keys travel over plain http to public addresses",
            "",
        ],
        ..NONE
    },
];

/// The variable that names the configuration file.
pub(super) const CONFIG_FILE: &str = "CONFIG_FILE";

fn words<W: Word>() -> Vec<&'static str> {
    W::ALL.iter().map(|(word, _)| *word).collect()
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

fn seconds_or_none(limit: Option<&Bound<Duration>>) -> String {
    limit.map_or("none".to_owned(), |it| seconds(it.most))
}
