//! `doctor`: which providers can be used, and why not, with what their keys look like.
//!
//! Never here: requests to a provider.

use super::{CommandResult, Exit, block_on, for_stdout, local_calls, print_message, with_options};
use crate::{
    call::CallContext,
    error::no_provider_for_command_line,
    gateway::{CallLimits, Listed, resolve},
    local_calls::LocalCalls,
    output::{self, Style},
    settings::{Provider, ProviderIndex, Settings},
};

pub(super) fn run(settings: Settings, online: bool) -> CommandResult {
    let certificates = super::certificates(&settings);
    if let Err(problem) = &certificates {
        print_message(&problem.to_string());
    }
    let calls = local_calls(settings);
    let settings = calls.settings();
    let answers = match online {
        false => Vec::new(),
        true => match block_on(async { Ok(ask(&calls).await) })? {
            Ok(answers) => answers,
            Err(ended) => return Ok(ended),
        },
    };
    let style = Style::of_stdout();
    let default = resolve::default_provider(settings);
    let mut text = String::new();
    for (position, provider) in settings.indexed() {
        let answer = answers.iter().find(|(of, _)| *of == position);
        let answer = answer.map(|(_, answer)| answer);
        if provider.is_listed || answer.is_some() {
            let mark = if default == Some(position) {
                " (default)"
            } else {
                ""
            };
            text.push_str(&format!("{}{mark}\n", style.bold(&provider.id)));
            text.push_str(&state(provider, answer, style));
        }
    }
    let model = settings.default_model.as_deref();
    let model = model.unwrap_or("none; the newest of the provider's list is asked");
    text.push_str(&format!(
        "\nDefault model: {model}\nNot set up: {}\n",
        settings.not_set_up()
    ));
    text.push_str(&format!("facts: table of {}\n", settings.facts.day()));
    for note in &settings.notes {
        text.push_str(&format!("{note}\n"));
    }
    let text = calls.redactor.text(&text);
    // The colours are ours, and what comes from outside has been made harmless.
    output::write(&text)?;
    let is_well = match online {
        true => answers.iter().any(|(_, answer)| answer.offer.is_ok()),
        false => settings.has_usable_provider(),
    };
    if !settings.has_usable_provider() && !is_well {
        print_message(&no_provider_for_command_line(settings.ended.as_deref()));
    }
    Ok(if is_well && certificates.is_ok() {
        Exit::Success
    } else {
        Exit::Configuration
    })
}

/// Gets the lists of all providers that can be used, at once; if there are none, of the one that is tried then.
async fn ask(calls: &LocalCalls) -> Vec<(ProviderIndex, Listed)> {
    let settings = calls.settings();
    let providers = resolve::all_or_one(settings, None).unwrap_or_default();
    let limits = CallLimits::of(settings, None);
    let lists = calls
        .gateway
        .models(&CallContext::of_command(), &providers, limits)
        .await;
    providers.into_iter().zip(lists).collect()
}

fn state(provider: &Provider, answer: Option<&Listed>, style: Style) -> String {
    let mut lines = Vec::new();
    match (
        answer.map(|it| (&it.offer, it.time.as_millis())),
        provider.unavailable_reason(),
    ) {
        (Some((Ok(offer), ms)), _) => {
            let count = offer.models.len();
            let models = if count == 1 { "model" } else { "models" };
            lines.push(format!(
                "{} {count} {models} in {ms} ms",
                style.good("answers:")
            ));
        }
        (Some((Err(problem), ms)), _) => {
            let text = for_stdout(&with_options(&problem.error.for_command_line()));
            lines.push(format!("{} after {ms} ms: {text}", style.bad("fails")));
        }
        (None, None) => lines.push(style.good("usable")),
        (None, Some(why)) => lines.push(format!("{} {why}", style.bad("off:"))),
    }
    if let Some(key) = &provider.key {
        lines.push(format!("key from {}: {}", key.origin, key.secret.masked()));
    }
    let at = provider.base_url.to_string();
    if provider.dialect.codec().is_some() && !at.is_empty() {
        lines.push(format!("at {at}"));
    }
    lines.iter().map(|line| format!("  {line}\n")).collect()
}
