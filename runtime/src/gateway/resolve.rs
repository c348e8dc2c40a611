//! Which provider and model a name leads to.
//!
//! In this order: an explicit provider; `provider/model`; the family of the model's name; the default
//! provider. A model id that nobody knows is passed through as it is: new models need no new release.
//!
//! Never here: asking a provider whether the model exists.

use crate::settings::{Kind, Settings, position};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Position in [`Settings::providers`]; it can be used.
    pub provider: usize,
    /// The provider's id for the model; none if the provider's newest is wanted.
    pub model: Option<String>,
}

/// The provider and model for what a caller named, if anything.
///
/// # Errors
/// What is wrong with the names, or missing in the settings.
pub fn target(
    settings: &Settings,
    provider: Option<&str>,
    model: Option<&str>,
) -> Result<Target, String> {
    let asked = model.map(str::trim);
    let Some(id) = provider.map(str::trim) else {
        return by_model(settings, asked.or(settings.default_model.as_deref()));
    };
    let provider = usable_provider(settings, id)?;
    let own = |model: &str| match split(settings, model) {
        Some((prefix, rest)) if prefix == provider => Some(rest.to_owned()),
        _ => None,
    };
    let model = match (asked, &settings.default_model) {
        // The prefix may also be part of the id, as gateways of gateways have it.
        (Some(model), _) => Some(own(model).unwrap_or_else(|| model.to_owned())),
        // The default model belongs to one provider; another one gets its own newest.
        (None, Some(default)) => by_model(settings, Some(default))
            .ok()
            .filter(|target| target.provider == provider)
            .and_then(|target| target.model),
        (None, None) => None,
    };
    Ok(Target { provider, model })
}

/// The provider of that name, if it can be used.
///
/// # Errors
/// It is unknown, or something is missing for it.
pub fn usable_provider(settings: &Settings, id: &str) -> Result<usize, String> {
    let id = id.trim();
    match position(&settings.providers, id) {
        Some(position) => check_usable(settings, position),
        None => {
            let known: Vec<&str> = settings.providers.iter().map(|p| p.id.as_str()).collect();
            Err(format!(
                "config: there is no provider {id:?}. Use one of: {}.",
                known.join(", ")
            ))
        }
    }
}

/// The provider for requests that name none: the configured one, else the first that can be used. An
/// echo is no answer as long as there is anybody else.
pub fn default_provider(settings: &Settings) -> Option<usize> {
    let first = |may_echo: bool| {
        settings.providers.iter().position(|provider| {
            provider.why_off().is_none() && (may_echo || provider.kind != Kind::Mock)
        })
    };
    settings
        .default_provider
        .or_else(|| first(false))
        .or_else(|| first(true))
}

fn by_model(settings: &Settings, model: Option<&str>) -> Result<Target, String> {
    let target = |provider, model: &str| Target {
        provider,
        model: Some(model.to_owned()),
    };
    let Some(model) = model else {
        let provider = usable_default(settings)?;
        return Ok(Target {
            provider,
            model: None,
        });
    };
    if let Some((provider, rest)) = split(settings, model) {
        return Ok(target(check_usable(settings, provider)?, rest));
    }
    let family = family(model).and_then(|kind| position(&settings.providers, kind.as_str()));
    match (family, settings.default_provider) {
        (Some(family), _) if settings.providers[family].why_off().is_none() => {
            Ok(target(family, model))
        }
        // An explicit default may well serve other families: proxies and gateways do.
        (_, Some(default)) => Ok(target(check_usable(settings, default)?, model)),
        (Some(family), None) => Ok(target(check_usable(settings, family)?, model)),
        (None, None) => Ok(target(usable_default(settings)?, model)),
    }
}

/// `provider/model`, if the part before the first slash is a provider.
fn split<'m>(settings: &Settings, model: &'m str) -> Option<(usize, &'m str)> {
    let (prefix, rest) = model.split_once('/')?;
    let provider = position(&settings.providers, prefix)?;
    (!rest.is_empty()).then_some((provider, rest))
}

/// Whose model it is, by its name.
fn family(model: &str) -> Option<Kind> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let model = model.to_ascii_lowercase();
    let is_o_series = model
        .strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_o_series || model.starts_with("gpt-") || model.starts_with("chatgpt-") {
        Some(Kind::OpenAi)
    } else if model.starts_with("claude-") {
        Some(Kind::Anthropic)
    } else if model.starts_with("gemini-") {
        Some(Kind::Google)
    } else {
        None
    }
}

fn usable_default(settings: &Settings) -> Result<usize, String> {
    match default_provider(settings) {
        Some(provider) => check_usable(settings, provider),
        None => Err(format!("config: {}.", Settings::no_provider_advice())),
    }
}

fn check_usable(settings: &Settings, position: usize) -> Result<usize, String> {
    let provider = &settings.providers[position];
    match provider.why_off() {
        None => Ok(position),
        Some(_) if !settings.has_usable_provider() => {
            Err(format!("config: {}.", Settings::no_provider_advice()))
        }
        Some(why) => Err(format!(
            "config: provider {} cannot be used: {why}. Then restart the server, or name a model of \
             another provider (see anygpt_list_providers).",
            provider.id
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::settings::Environment;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let lookup = |name: &str| {
            let value = variables.iter().find(|(known, _)| *known == name);
            value.map(|(_, value)| OsString::from(value))
        };
        Settings::load(Environment::new(&lookup).with_secrets("/nowhere")).unwrap()
    }

    const ALL: [(&str, &str); 3] = [
        ("OPENAI_API_KEY", "a"),
        ("ANTHROPIC_API_KEY", "b"),
        ("GOOGLE_API_KEY", "c"),
    ];

    fn resolve(settings: &Settings, provider: &str, model: &str) -> Result<String, String> {
        let given = |text: &'static str| (!text.is_empty()).then_some(text);
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let target = target(settings, given(leak(provider)), given(leak(model)))?;
        let id = &settings.providers[target.provider].id;
        Ok(format!("{id} {}", target.model.as_deref().unwrap_or("-")))
    }

    #[test]
    fn names_lead_to_providers_in_the_documented_order() {
        let settings = settings(&ALL);
        for (provider, model, expected) in [
            ("", "", "openai -"),
            ("", "gpt-5", "openai gpt-5"),
            ("", "o3-mini", "openai o3-mini"),
            ("", "chatgpt-latest", "openai chatgpt-latest"),
            ("", "claude-sonnet-5", "anthropic claude-sonnet-5"),
            ("", "gemini-3", "google gemini-3"),
            ("", "models/gemini-3", "google models/gemini-3"),
            ("", "gemini/x", "google x"),
            ("", "anthropic/gpt-5", "anthropic gpt-5"),
            ("", "OpenAI/gpt-5", "openai gpt-5"),
            ("", "something-new", "openai something-new"),
            ("", "meta/llama", "openai meta/llama"),
            ("", "ollama", "openai ollama"),
            ("google", "gpt-5", "google gpt-5"),
            ("Gemini", "", "google -"),
            ("openai", "openai/gpt-5", "openai gpt-5"),
            ("openai", "google/x", "openai google/x"),
        ] {
            assert_eq!(
                resolve(&settings, provider, model).as_deref(),
                Ok(expected),
                "{provider} {model}"
            );
        }
        assert!(
            resolve(&settings, "nobody", "")
                .unwrap_err()
                .contains("openai, anthropic, google")
        );
    }

    #[test]
    fn defaults_count_where_nothing_is_named() {
        let mut variables = ALL.to_vec();
        variables.push(("DEFAULT_MODEL", "claude-x"));
        assert_eq!(
            resolve(&settings(&variables), "", "").as_deref(),
            Ok("anthropic claude-x")
        );
        assert_eq!(
            resolve(&settings(&variables), "google", "").as_deref(),
            Ok("google -")
        );
        assert_eq!(
            resolve(&settings(&variables), "anthropic", "").as_deref(),
            Ok("anthropic claude-x")
        );
        variables.push(("DEFAULT_PROVIDER", "gemini"));
        assert_eq!(
            resolve(&settings(&variables), "", "new").as_deref(),
            Ok("google new")
        );
        let mock = settings(&[("DEFAULT_PROVIDER", "mock")]);
        assert_eq!(resolve(&mock, "", "gpt-5").as_deref(), Ok("mock gpt-5"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let one = settings(&ALL[..1]);
        assert!(
            resolve(&one, "", "claude-x")
                .unwrap_err()
                .contains("ANTHROPIC_API_KEY")
        );
        assert!(
            resolve(&one, "google", "")
                .unwrap_err()
                .contains("GOOGLE_API_KEY")
        );
        let none = settings(&[]);
        for (provider, model) in [("", ""), ("", "gpt-5"), ("openai", ""), ("", "google/x")] {
            let problem = resolve(&none, provider, model).unwrap_err();
            assert!(
                problem.contains("OPENAI_API_KEY, ANTHROPIC_API_KEY or GOOGLE_API_KEY"),
                "{problem}"
            );
        }
        let default = settings(&[("DEFAULT_PROVIDER", "anthropic"), ("OPENAI_API_KEY", "a")]);
        assert!(
            resolve(&default, "", "")
                .unwrap_err()
                .contains("ANTHROPIC_API_KEY")
        );
    }
}
