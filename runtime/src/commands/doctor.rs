//! `doctor`: which providers can be used, and why not, with what their keys look like.
//!
//! Never here: what is asked of a provider.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{Done, Ended, block_on, for_stdout, session, tell};
use crate::{
    gateway::resolve,
    output::{self, Style},
    session::Session,
    settings::{Provider, Settings},
};

/// What a provider answered when it was asked for its models: how many, or why not; and how long it took.
type Answered = (usize, Result<usize, String>, Duration);

pub(super) fn run(settings: Settings, online: bool) -> Done {
    let session = session(settings);
    let settings = session.settings();
    let answers = match online {
        false => Vec::new(),
        true => match block_on(async { Ok(ask(&session).await) })? {
            Ok(answers) => answers,
            Err(ended) => return Ok(ended),
        },
    };
    let style = Style::of_stdout();
    let default = resolve::default_provider(settings);
    let mut text = String::new();
    for (position, provider) in settings.providers.iter().enumerate() {
        let answer = answers.iter().find(|(asked, ..)| *asked == position);
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
    let text = session.redactor.text(&text);
    // The colours are ours, and what comes from outside has been made harmless.
    output::write(&text)?;
    let is_well = match online {
        true => answers.iter().any(|(_, answer, _)| answer.is_ok()),
        false => settings.has_usable_provider(),
    };
    if !settings.has_usable_provider() && !is_well {
        tell(Settings::no_provider_advice());
    }
    Ok(if is_well {
        Ended::Well
    } else {
        Ended::Configuration
    })
}

/// Asks all providers that can be used at once; if there are none, the one that is tried then.
async fn ask(session: &Session) -> Vec<Answered> {
    let settings = session.settings();
    let usable = 0..settings.providers.len();
    let mut asked: Vec<usize> = usable
        .filter(|&position| settings.providers[position].why_off().is_none())
        .collect();
    if asked.is_empty() {
        asked.extend(settings.last_resort());
    }
    let answers = asked.into_iter().map(|position| async move {
        let start = Instant::now();
        let mut lists = session.gateway.models(&[position]).await;
        let list = lists.pop().unwrap_or_else(|| Ok(Vec::new()));
        (position, list.map(|models| models.len()), start.elapsed())
    });
    join_all(answers).await
}

fn state(provider: &Provider, answer: Option<&Answered>, style: Style) -> String {
    let mut lines = Vec::new();
    match (provider.why_off(), answer) {
        (_, Some((_, Ok(count), time))) => {
            let models = if *count == 1 { "model" } else { "models" };
            let said = format!("{count} {models} in {} ms", time.as_millis());
            lines.push(format!("{} {said}", style.good("answers:")));
        }
        (_, Some((_, Err(problem), time))) => {
            let said = for_stdout(problem);
            lines.push(format!(
                "{} after {} ms: {said}",
                style.bad("fails"),
                time.as_millis()
            ));
        }
        (None, None) => lines.push(style.good("usable")),
        (Some(why), None) => lines.push(format!("{} {why}", style.bad("off:"))),
    }
    if let Some(key) = &provider.key {
        lines.push(format!("key from {}: {}", key.origin, key.secret.masked()));
    }
    if provider.kind.codec().is_some() {
        lines.push(format!("at {}", provider.base_url));
    }
    lines.iter().map(|line| format!("  {line}\n")).collect()
}
