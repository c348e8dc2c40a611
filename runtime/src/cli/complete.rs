//! Completion: small scripts that ask the program itself, so that they never go out of date.
//!
//! Never here: what a command does.

use std::borrow::Cow;

use anygpt_providers::ReasoningEffort;

use super::{COMMANDS, EVERYWHERE, Opt, Shell, Spec, Values};
use crate::{docs, prompts, settings::Settings};

const BASH: &str = r#"_anygpt_mcp() {
    local IFS=$'\n'
    COMPREPLY=($("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _anygpt_mcp anygpt-mcp anygpt
"#;

const ZSH: &str = r#"#compdef anygpt-mcp anygpt
_anygpt_mcp() {
    local -a found
    found=(${(f)"$("$words[1]" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -- $found; else _files; fi
}
if [ "$funcstack[1]" = _anygpt_mcp ]; then _anygpt_mcp; else compdef _anygpt_mcp anygpt-mcp anygpt; fi
"#;

const FISH: &str = r#"function __anygpt_mcp
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    command $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c anygpt-mcp -a '(__anygpt_mcp)'
complete -c anygpt -a '(__anygpt_mcp)'
"#;

pub(crate) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    }
}

/// Completions of the last of these words. `settings` are read only if names of providers or models are needed, and may be
/// missing.
pub(crate) fn complete(
    words: &[String],
    settings: impl FnOnce() -> Option<Settings>,
) -> Vec<String> {
    let Some((current, typed)) = words.split_last() else {
        return Vec::new();
    };
    let found = match expected(typed, current) {
        Expected::Words(words) => words,
        Expected::Values(Values::Any) => Vec::new(),
        Expected::Values(Values::Words(words)) => words.iter().map(|&word| word.into()).collect(),
        Expected::Values(Values::Efforts) => ReasoningEffort::ALL
            .map(|effort| effort.as_str().into())
            .into(),
        Expected::Values(Values::Topics) => docs::topics().map(|topic| topic.name.into()).collect(),
        Expected::Values(Values::Providers) => names(settings().as_ref(), prompts::providers),
        Expected::Values(Values::Models) => names(settings().as_ref(), |settings| {
            prompts::models(settings, None)
        }),
    };
    let fits = |word: &String| word.starts_with(current.as_str());
    found.into_iter().filter(fits).collect()
}

enum Expected {
    Words(Vec<String>),
    Values(Values),
}

fn expected(typed: &[String], current: &str) -> Expected {
    let mut words: Vec<String> = Vec::new();
    let mut wants_value = None;
    for word in typed {
        if wants_value.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            wants_value = Opt::all().find(|option| option.takes_next(word));
        } else {
            words.push(word.clone());
        }
    }
    if let Some(option) = wants_value {
        return Expected::Values(option.values);
    }
    let spec = Spec::find(&words);
    if current.starts_with('-') {
        let of_command = spec.map_or(&[][..], |spec| spec.options);
        let all = of_command.iter().chain(&EVERYWHERE);
        return Expected::Words(all.map(|option| option.name()).collect());
    }
    match spec {
        Some(spec) => match words.len() - spec.words().count() < spec.most {
            true => Expected::Values(spec.values),
            false => Expected::Words(Vec::new()),
        },
        None => {
            let mut next: Vec<String> = Vec::new();
            for spec in &COMMANDS {
                let mut rest = spec.words();
                let begins = words.iter().all(|word| rest.next() == Some(word));
                if let Some(word) = rest.next().filter(|_| begins)
                    && !next.iter().any(|known| known == word)
                {
                    next.push(word.into());
                }
            }
            Expected::Words(next)
        }
    }
}

impl Opt {
    /// Whether the next word is its value.
    fn takes_next(&self, word: &str) -> bool {
        let short = self.short.map(|letter| format!("-{letter}"));
        !self.value.is_empty() && (word == self.name() || short.is_some_and(|short| word == short))
    }
}

fn names(
    settings: Option<&Settings>,
    names: impl Fn(&Settings) -> Vec<Cow<'_, str>>,
) -> Vec<String> {
    let names = settings.map(names).unwrap_or_default();
    names.into_iter().map(Cow::into_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_come_next_follows_from_the_table() {
        for (line, found) in [
            ("", "chat models doctor costs config tools docs completions"),
            ("c", "chat costs config completions"),
            ("config ", "validate show init schema"),
            ("config show ", ""),
            ("config show --", "--json --help --version"),
            ("tools -", "--json --all --help --version"),
            ("--", "--help --version"),
            ("completions ", "bash zsh fish"),
            ("completions bash ", ""),
            ("docs e", "errors"),
            ("chat --effort m", "minimal medium max"),
            (
                "chat -m x --effort ",
                "none minimal low medium high xhigh max",
            ),
            ("chat --system ", ""),
            ("chat what ", ""),
            ("costs ", ""),
            ("costs --j", "--json"),
            ("nonsense ", ""),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(complete(&words, || None).join(" "), found, "{line}");
        }
    }
}
