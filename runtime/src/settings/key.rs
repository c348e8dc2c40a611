//! What is a key, and what only stands where one belongs: an example, a reference that was not resolved, another
//! vendor's key, a line of a file.
//!
//! Never here: where a key is looked for, or what becomes of a provider without one.

use std::{borrow::Cow, fmt};

use anygpt_providers::presets::{self, Preset};

use super::{
    base_url::BaseUrl,
    clean::{BLANKS, Cleaned, Form, cleaned},
    placeholder::{NotSet, template},
    secret::is_random,
};

/// Why a text is no key: a sentence without a full stop, about "it", which holds nothing of the text itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// A provider that needs no key works without.
    NotSet(NotSet),
    /// A part of a key.
    CutShort,
    /// It was meant to be a key.
    Broken(Cow<'static, str>),
}

impl NoKey {
    /// Whether a key was meant, so that a provider that could do without one must not.
    pub(super) fn is_broken(&self) -> bool {
        !matches!(self, NoKey::NotSet(_))
    }

    pub(super) fn broken(why: impl Into<Cow<'static, str>>) -> Self {
        NoKey::Broken(why.into())
    }
}

impl From<NotSet> for NoKey {
    fn from(why: NotSet) -> Self {
        NoKey::NotSet(why)
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoKey::NotSet(why) => why.fmt(f),
            NoKey::CutShort => {
                f.write_str("it is cut short; copy the whole key from the provider's page")
            }
            NoKey::Broken(why) => f.write_str(why),
        }
    }
}

/// The key in a text that was set for the variables of these names, for use at this address.
///
/// Whether it is an example or another vendor's key is asked only where a vendor's own address is known: elsewhere
/// anything may be a key.
///
/// # Errors
/// It is no key.
pub(super) fn read<'t>(
    text: &'t str,
    names: &[&str],
    address: &BaseUrl,
) -> Result<Cleaned<'t>, NoKey> {
    let whole = cleaned(text, Form::Text);
    let mut removed = whole.removed;
    let (line, others) = one_line(whole.value, names)?;
    removed.extend(others);
    let vendor = presets::at(address.host());
    let mut key = line;
    // Each may stand inside the other.
    loop {
        let inner = cleaned(key, Form::Words);
        let (name, rest) = without_name(inner.value, names)?;
        let around = inner.removed.into_iter().filter(|it| *it != BLANKS);
        removed.extend(around.chain(name));
        // From a list or a line of code. Elsewhere a key may be any word.
        let bare = rest.trim_end_matches([',', ';']);
        let rest = match vendor.is_some() && bare.len() < rest.len() {
            true => {
                removed.push("a comma or semicolon");
                bare
            }
            false => rest,
        };
        if rest.len() == key.len() {
            break;
        }
        key = rest;
    }
    if let Some(why) = unset(key) {
        return Err(why.into());
    }
    if key.contains(['…', '•']) {
        return Err(NoKey::CutShort);
    }
    if key.chars().any(char::is_control) || !key.is_ascii() {
        return Err(NoKey::broken(NO_SUCH_CHARACTERS));
    }
    if let Some(vendor) = vendor {
        check(key, vendor)?;
    } else if address.uri().is_none() && is_example(key) {
        // Where it has no address yet, a word like that is not sent anywhere.
        return Err(NotSet::Example.into());
    }
    removed.dedup();
    Ok(Cleaned {
        value: key,
        removed,
    })
}

/// Whether it is a word that people put where no key is needed, or where theirs should be. Sent to a server that
/// takes anything, it is no secret. What has random letters in it is no such word, whatever stands around them.
pub(super) fn is_example(key: &str) -> bool {
    let key = without_prefix(key).unwrap_or(key);
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let parts = || key.split(|c: char| !c.is_ascii_alphanumeric());
    let parts = || parts().filter(|part| !part.is_empty());
    let has = |words: &[&str]| parts().any(|part| words.iter().any(|word| is(part, word)));
    let all_parts = |words: &[&str]| parts().all(|part| words.iter().any(|word| is(part, word)));
    let last = parts().next_back();
    let ends_with = |words: &[&str]| last.is_some_and(|it| words.iter().any(|word| is(it, word)));

    // However its parts are joined.
    let letters = || key.bytes().filter(u8::is_ascii_alphanumeric);
    let length = letters().count();
    let is_word = || {
        WORDS
            .iter()
            .filter(|word| word.len() == length)
            .any(|word| {
                letters()
                    .zip(word.bytes())
                    .all(|(it, wanted)| it.eq_ignore_ascii_case(&wanted))
            })
    };
    let says_whose = || {
        has(&MEANT_FOR_OTHERS)
            || key.get(..4).is_some_and(|it| is(it, "your"))
            || ends_with(&["here"])
            || contains(key, "yourkey")
            || contains(key, "yourapi")
            || contains(key, "yourtoken")
    };
    let is_plain = || has(&KEY_WORDS) && all_parts(&EXAMPLE_PARTS);
    let is_meant = is_word() || says_whose() || is_plain() || is_name_of_a_variable(key);
    is_one_letter(key) || is_meant && !parts().any(is_random)
}

/// What follows the beginning of a vendor's keys.
pub(super) fn without_prefix(key: &str) -> Option<&str> {
    key.strip_prefix(presets::key_prefix(key)?.text)
}

const NO_SUCH_CHARACTERS: &str =
    "it holds characters that no key has; copy the key again from the provider's page";

/// Words of examples, without what joins their parts.
const WORDS: [&str; 54] = [
    "none",
    "nil",
    "null",
    "undefined",
    "empty",
    "na",
    "any",
    "anything",
    "ignored",
    "unused",
    "unset",
    "dummy",
    "dummykey",
    "fake",
    "fakekey",
    "apikey",
    "key",
    "token",
    "secret",
    "password",
    "changeme",
    "replaceme",
    "insertkey",
    "todo",
    "tbd",
    "fixme",
    "example",
    "sample",
    "default",
    "local",
    "lmstudio",
    "llamacpp",
    "ollama",
    "vllm",
    "dockermodelrunner",
    "notneeded",
    "notrequired",
    "notused",
    "nokey",
    "nokeyneeded",
    "nokeyrequired",
    "notset",
    "placeholder",
    "changeit",
    "demo",
    "true",
    "false",
    "disabled",
    "fillmein",
    "fillme",
    "tobefilled",
    "pending",
    "secretkey",
    "samplekey",
];

/// What is made of these alone, one of them of [`KEY_WORDS`], is an example, too: `openai-key`, `secret-key`.
const EXAMPLE_PARTS: [&str; 34] = [
    "a",
    "actual",
    "add",
    "anthropic",
    "api",
    "at",
    "azure",
    "claude",
    "demo",
    "enter",
    "example",
    "gemini",
    "get",
    "google",
    "groq",
    "here",
    "in",
    "insert",
    "key",
    "me",
    "mistral",
    "my",
    "openai",
    "openrouter",
    "own",
    "paste",
    "put",
    "real",
    "sample",
    "secret",
    "the",
    "to",
    "token",
    "xai",
];

/// Parts of a text that addresses who copies it.
const MEANT_FOR_OTHERS: [&str; 13] = [
    "your",
    "yours",
    "insert",
    "replace",
    "replaceme",
    "changeme",
    "placeholder",
    "redacted",
    "example",
    "todo",
    "fixme",
    "dummy",
    "required",
];

/// Last words of an example or of a variable's name.
const KEY_WORDS: [&str; 3] = ["key", "token", "secret"];

/// Beginnings of references that a secret manager or another program would have replaced.
const REFERENCES: [&str; 34] = [
    "se:",
    "op:",
    "vault:",
    "1password:",
    "bitwarden:",
    "bws:",
    "doppler:",
    "infisical:",
    "aws-sm:",
    "awssm:",
    "aws-ssm:",
    "ssm:",
    "secretsmanager:",
    "gcp-sm:",
    "gcpsm:",
    "gsm:",
    "azure-kv:",
    "azkv:",
    "akv:",
    "keyvault:",
    "keyring:",
    "keychain:",
    "secretref:",
    "ref+",
    "arn:",
    "@microsoft.keyvault",
    "file:",
    "ref:",
    "secrets.",
    "env:",
    "cmd:",
    "os.environ",
    "process.env",
    "enc[",
];

/// The only line that can hold the key. A file of variables is one where each line sets one.
fn one_line<'t>(text: &'t str, names: &[&str]) -> Result<(&'t str, Option<&'static str>), NoKey> {
    const OTHERS: Option<&str> = Some("the other lines");
    let lines = || {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
    };
    let mut all = lines();
    match (all.next(), all.next()) {
        (None, _) => Err(NotSet::Empty.into()),
        (Some(line), None) => Ok((line, OTHERS.filter(|_| line.len() < text.len()))),
        _ if lines().all(|line| assignment(line).is_some()) => {
            let sets =
                |line: &&str| assignment(line).is_some_and(|(name, _)| is_one_of(name, names));
            // As in a shell, the last one counts.
            let line = lines().rfind(sets);
            line.map(|line| (line, OTHERS)).ok_or(NoKey::broken(
                "it is a list of variables, and not one of them has this name",
            ))
        }
        _ => Err(NoKey::broken(
            "it holds a line break in its middle; store the key alone, on one line",
        )),
    }
}

/// The text without what stands in front of a key where a whole line was copied, and what that was.
fn without_name<'t>(
    text: &'t str,
    names: &[&str],
) -> Result<(Option<&'static str>, &'t str), NoKey> {
    if let Some((name, value)) = assignment(text) {
        return match is_one_of(name, names) {
            true => Ok((Some("its own name"), value)),
            false => Err(NoKey::broken(
                "it sets another variable; write the key alone",
            )),
        };
    }
    for header in ["authorization", "x-api-key", "api-key", "x-goog-api-key"] {
        let rest = after(text, header).and_then(|it| it.trim_start().strip_prefix([':', '=']));
        if let Some(rest) = rest {
            return Ok((Some("the name of a header"), rest));
        }
    }
    for (word, prefix) in [("bearer", "the word Bearer"), ("token", "the word Token")] {
        if let Some(rest) = after(text, word).filter(|rest| rest.starts_with(char::is_whitespace)) {
            return Ok((Some(prefix), rest));
        }
    }
    Ok((None, text))
}

/// The name and the value, if a text sets a variable in the way of shells and `.env` files. Signs of equality at the
/// end of a key are Base64.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let text = after(text, "export ").unwrap_or(text);
    let text = after(text, "set ").unwrap_or(text);
    let text = after(text, "$env:").unwrap_or(text).trim_start();
    let is_possible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let says_key = |name: &str| KEY_WORDS.iter().any(|word| contains(name, word));
    ["=", ": "].iter().find_map(|sign| {
        let (name, value) = text.split_once(sign)?;
        // In JSON it stands in quotes.
        let name = name.trim_end().trim_matches('"');
        let is_name = name.chars().all(is_possible) && (name.contains('_') || says_key(name));
        let is_set = !value.trim_matches('=').trim().is_empty();
        (is_name && is_set).then_some((name, value))
    })
}

/// Whether this is one of the names, in whatever case, also with a name space in front of it.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name);
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Why it means "not set", if it does: another program should have put the key there.
fn unset(key: &str) -> Option<NotSet> {
    if let Some(why) = template(key) {
        return Some(why);
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_variable = |name: &str| {
        !name.is_empty()
            && name.chars().all(is_name)
            && (name.contains('_') || !name.contains(|c: char| c.is_ascii_lowercase()))
    };
    let between =
        |start: &str, end: &str| key.strip_prefix(start).and_then(|it| it.strip_suffix(end));
    if key.strip_prefix('$').is_some_and(is_variable)
        || between("%", "%").is_some_and(is_variable)
        || between("__", "__").is_some_and(is_variable)
        || between("[", "]").is_some()
        || between("{", "}").is_some()
        || after(key, "$env:").is_some()
        || ["${", "{{", "$("].iter().any(|it| key.contains(it))
    {
        return Some(NotSet::Template);
    }
    let is_reference = key.contains("://")
        || REFERENCES.iter().any(|start| after(key, start).is_some())
        || key.starts_with("projects/") && key.contains("/secrets/");
    is_reference.then_some(NotSet::Reference)
}

/// What no key can be that is used at this vendor's own address.
fn check(key: &str, vendor: &Preset) -> Result<(), NoKey> {
    if key.contains("...") || key.contains("**") {
        return Err(NoKey::CutShort);
    }
    if is_example(key) {
        return Err(NotSet::Example.into());
    }
    if ["/", "./", "../", "~/"]
        .iter()
        .any(|it| key.starts_with(it))
    {
        return Err(NoKey::broken(
            "it looks like a path; name a file in the variable that ends in _FILE",
        ));
    }
    if key.contains(|c: char| c.is_whitespace() || "\"'`<>(){}[]|\\^,;*$#&?".contains(c)) {
        return Err(NoKey::broken(NO_SUCH_CHARACTERS));
    }
    let Some(prefix) = presets::key_prefix(key) else {
        return Ok(());
    };
    if vendor.key_prefixes.contains(&prefix.text) {
        return Ok(());
    }
    let variable = prefix
        .preset
        .and_then(|preset| preset.key_variables.first());
    let owner = prefix.owner;
    Err(NoKey::broken(match variable {
        Some(variable) => format!("it begins like a key of {owner}; set that as {variable}"),
        None => format!("it begins like a key of {owner}"),
    }))
}

/// `OPENAI_API_KEY`, `INSERT_KEY`
fn is_name_of_a_variable(key: &str) -> bool {
    let is_possible = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let last = key.rsplit('_').next().unwrap_or_default();
    key.contains('_')
        && key.chars().all(is_possible)
        && KEY_WORDS.iter().any(|word| last.eq_ignore_ascii_case(word))
}

/// `xxx`, `XXXX-XXXX`, `000`, or long parts of them.
fn is_one_letter(key: &str) -> bool {
    let mut letters = key.bytes().filter(u8::is_ascii_alphanumeric);
    let Some(first) = letters.next() else {
        return true;
    };
    let mut count = 1;
    letters.by_ref().all(|it| {
        count += 1;
        it.eq_ignore_ascii_case(&first)
    }) && count > 2
        || contains(key, "xxxxxx")
}

/// What follows this beginning, in whatever case it is written.
fn after<'t>(text: &'t str, beginning: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(beginning.len())?;
    start.eq_ignore_ascii_case(beginning).then_some(rest)
}

/// Whether it holds this word, in whatever case, without a copy of what may be a secret.
fn contains(text: &str, word: &str) -> bool {
    let mut windows = text.as_bytes().windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests;
