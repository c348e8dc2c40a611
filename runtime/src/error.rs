//! Why a call failed, and what to do about it. It stays data until it leaves the program: there it becomes one text, in
//! the words of MCP clients ([`Error::for_client`]) or in those of the command line ([`Error::for_command_line`]).
//!
//! Never here: what a provider reports (see [`anygpt_providers::Failure`]), redaction, or exit codes.

use std::borrow::Cow;

pub(crate) use anygpt_providers::ErrorKind;

/// An error of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// The first word of the text, and the status in the log.
    pub kind: ErrorKind,
    /// What happened, without a full stop where advice follows.
    pub message: String,
    /// What to do next; sentences that follow the message in this order.
    pub advice: Vec<Advice>,
}

/// What follows the message of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Sentences that are the same for every reader.
    Plain(Cow<'static, str>),
    /// An argument of the call is wrong.
    CorrectArgument,
    /// The provider does not accept an argument.
    ChangeArgument,
    /// The provider does not accept the key from this setting.
    CheckKey {
        /// The variable or file.
        origin: String,
    },
    /// The provider has no key.
    SetKey {
        /// Its id.
        provider: String,
        /// The variable for it.
        variable: String,
    },
    /// A setting is wrong.
    CorrectSettings,
    /// The provider does not have the model.
    ChooseModel {
        /// Its id.
        provider: String,
    },
    /// The server has nothing at the path of the request, or not the model.
    CheckPath {
        /// The provider's id.
        provider: String,
        /// Its base URL.
        base_url: String,
    },
    /// The operator does not allow the model.
    NameAllowedModel,
    /// The model cannot be one of its provider's.
    NameMatchingModel,
    /// No model is named, and there is no default for this purpose.
    NameModelFor {
        /// "one, for example …".
        which: &'static str,
        /// As the list of models filters by it.
        capability: &'static str,
    },
    /// The operator does not allow the provider.
    AskAnotherProvider,
    /// The message says what the provider needs.
    SetUpOrAskAnother,
    /// The message says what the models of a tag need.
    SetUpTagged,
    /// No provider that has the model is set up.
    SetUpProviderFor {
        model: String,
        /// What would set one up.
        set: &'static str,
    },
    /// No provider is set up at all.
    SetUpAnyProvider,
    /// The tag does not exist.
    ListTags,
    /// The provider that is tried when none is set up failed, too.
    TriedLastResort(Box<Error>),
    /// The name that the caller gave.
    RequestedAs(String),
}

impl Error {
    /// An error without advice.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            advice: Vec::new(),
        }
    }

    /// No provider can be used. `ended`: what is set for a service that has ended, without a full stop.
    pub(crate) fn no_provider(ended: Option<&str>) -> Self {
        let error = Error::new(ErrorKind::Config, NO_PROVIDER).advise(Advice::SetUpAnyProvider);
        error.explain_ended(ended)
    }

    /// The same error, with what is set for a service that has ended.
    pub(crate) fn explain_ended(self, ended: Option<&str>) -> Self {
        match ended {
            Some(ended) => self.advise_plain(format!("{ended}.")),
            None => self,
        }
    }

    /// A call names no model, and there is no default.
    pub(crate) fn no_model() -> Self {
        Error::new(
            ErrorKind::Config,
            "no model was selected: name one, or set DEFAULT_MODEL",
        )
    }

    /// The process must end before the call is done.
    pub(crate) fn shutting_down() -> Self {
        Error::new(ErrorKind::Cancelled, SHUTTING_DOWN).advise_plain(START_AGAIN)
    }

    /// Whether the server has nothing at the path of the request.
    pub(crate) fn lacks_path(&self) -> bool {
        let lacks_path = |advice: &Advice| matches!(advice, Advice::CheckPath { .. });
        self.advice.iter().any(lacks_path)
    }

    /// The same error, with more advice.
    #[must_use]
    pub(crate) fn advise(mut self, advice: Advice) -> Self {
        self.advice.push(advice);
        self
    }

    /// The same error, with advice that is the same for every reader.
    #[must_use]
    pub(crate) fn advise_plain(self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.advise(Advice::Plain(advice.into()))
    }

    /// The text for an MCP client: `kind: message. Advice.`
    pub(crate) fn for_client(&self) -> String {
        self.text(&CLIENT)
    }

    /// The text for a terminal. Arguments of tools in it are still named as such.
    pub(crate) fn for_command_line(&self) -> String {
        self.text(&COMMAND_LINE)
    }

    fn text(&self, words: &Words) -> String {
        let mut text = format!("{}: {}", self.kind.as_str(), self.message);
        for (position, advice) in self.advice.iter().enumerate() {
            text.push_str(match advice {
                Advice::SetUpAnyProvider => ": ",
                Advice::RequestedAs(_) => " ",
                _ if position == 0 => ". ",
                _ => " ",
            });
            text.push_str(&advice.text(words));
        }
        text
    }
}

/// Why a call is cancelled, and what to do next.
pub(crate) const SHUTTING_DOWN: &str = "the server is shutting down";
pub(crate) const START_AGAIN: &str = "Start the server again and repeat the call.";

const NO_PROVIDER: &str = "No provider can be used";

/// What to do when no provider can be used, without a full stop, for an MCP client or its operator. `ended` as in
/// [`Error::no_provider`].
pub(crate) fn no_provider_for_client(ended: Option<&str>) -> String {
    no_provider(&CLIENT, ended)
}

/// The same for a terminal.
pub(crate) fn no_provider_for_command_line(ended: Option<&str>) -> String {
    no_provider(&COMMAND_LINE, ended)
}

fn no_provider(words: &Words, ended: Option<&str>) -> String {
    let ended = ended.map_or(String::new(), |ended| format!(". {ended}"));
    format!("{NO_PROVIDER}: {}{ended}", set_up_any_provider(words))
}

/// What a reader can use to follow advice.
struct Words {
    /// Lists models; the second one is followed by a provider's id.
    models: &'static str,
    models_of: &'static str,
    providers: &'static str,
    tags: &'static str,
    /// Applies changed settings.
    restart: &'static str,
    argument: &'static str,
}

const CLIENT: Words = Words {
    models: "anygpt_list_models",
    models_of: "anygpt_list_models with provider",
    providers: "anygpt_list_providers",
    tags: "anygpt_list_tags",
    restart: "restart the server",
    argument: "argument",
};

const COMMAND_LINE: Words = Words {
    models: "anygpt-mcp models",
    models_of: "anygpt-mcp models --provider",
    providers: "anygpt-mcp doctor",
    tags: "anygpt-mcp config show",
    restart: "try again",
    argument: "option or setting",
};

/// What sets up the main providers, and the echo.
pub(crate) const MAIN_KEYS: &str = "OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY";
pub(crate) const MOCK: &str = "DEFAULT_PROVIDER=mock";

fn set_up_any_provider(words: &Words) -> String {
    format!(
        "set {MAIN_KEYS} (or name a file in …_FILE, or mount a secret of that \
         name under /run/secrets), or what another provider needs ({} names them). To try without a key, set \
         {MOCK}",
        words.providers
    )
}

impl Advice {
    fn text(&self, words: &Words) -> Cow<'_, str> {
        let Words {
            models,
            models_of,
            providers,
            tags,
            restart,
            argument,
        } = words;
        Cow::Owned(match self {
            Advice::Plain(text) => return Cow::Borrowed(text),
            Advice::CorrectArgument => return Cow::Borrowed("Correct it and call again."),
            Advice::ChangeArgument => {
                format!("Change or drop the {argument} that the message names.")
            }
            Advice::CheckKey { origin } => format!("Check the key in {origin}, then {restart}."),
            Advice::SetKey { provider, variable } => {
                format!("Provider {provider} has no API key: set {variable}, then {restart}.")
            }
            Advice::CorrectSettings => format!("Correct the settings, then {restart}."),
            Advice::ChooseModel { provider } => {
                format!("Choose another model: {models_of} {provider:?} lists them.")
            }
            Advice::CheckPath { provider, base_url } => format!(
                "Choose another model: {models_of} {provider:?} lists them. If it lists this one, the base URL ({base_url}) or \
                 the provider's type is wrong: most servers speak openai-compatible."
            ),
            Advice::NameAllowedModel => format!("Name another one (see {models})."),
            Advice::NameMatchingModel => {
                format!("Name a provider that has it, or a model of this one (see {models}).")
            }
            Advice::NameModelFor { which, capability } => {
                format!("Name {which}; {models} with capability {capability} lists more.")
            }
            Advice::AskAnotherProvider => format!("Ask another one (see {providers})."),
            Advice::SetUpOrAskAnother => {
                format!("Then {restart}, or name a model of another provider (see {providers}).")
            }
            Advice::SetUpTagged => {
                format!("Set what is missing and {restart}, or name another model (see {tags}).")
            }
            Advice::SetUpProviderFor { model, set } => {
                format!("Set {set}, and {restart}; or write PROVIDER/{model} (see {providers}).")
            }
            Advice::SetUpAnyProvider => format!("{}.", set_up_any_provider(words)),
            Advice::ListTags => format!("{tags} has the tags that there are."),
            Advice::TriedLastResort(error) => {
                let error = error.text(words);
                format!("Docker Model Runner was tried, too: {error}")
            }
            Advice::RequestedAs(name) => format!("(asked: {name})"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kind_message_and_advice() {
        let error = Error::new(ErrorKind::Config, "no model was selected");
        assert_eq!(error.for_client(), "config: no model was selected");
        let error = error
            .advise(Advice::CorrectSettings)
            .advise_plain("Or not.");
        assert_eq!(
            error.for_client(),
            "config: no model was selected. Correct the settings, then restart the server. Or not."
        );
        let error = error.advise(Advice::RequestedAs("smart".into()));
        assert!(error.for_client().ends_with(". Or not. (asked: smart)"));
    }

    #[test]
    fn each_reader_gets_words_of_its_own() {
        let error = Error::new(ErrorKind::ModelNotFound, "x").advise(Advice::ChooseModel {
            provider: "openai".into(),
        });
        let client =
            "Choose another model: anygpt_list_models with provider \"openai\" lists them.";
        assert!(error.for_client().ends_with(client));
        let typed = "Choose another model: anygpt-mcp models --provider \"openai\" lists them.";
        assert!(error.for_command_line().ends_with(typed));
    }

    #[test]
    fn without_a_provider_the_advice_belongs_to_the_message() {
        for ended in [None, Some("X ended")] {
            let error = Error::no_provider(ended).for_client();
            assert_eq!(error, format!("config: {}.", no_provider_for_client(ended)));
        }
        let error = Error::no_provider(None).for_command_line();
        assert!(error.contains("(anygpt-mcp doctor names them)"), "{error}");
    }
}
