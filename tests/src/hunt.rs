//! The hunt for keys: every form in which a key might be written, and where it was found.
//!
//! Never here: which keys there are (the harness and the tests know), or what follows from a find.

use std::ffi::OsString;
use std::fs;

/// Shorter ones are ordinary words.
const SHORTEST: usize = 8;

/// Headers and query values that are not secret.
const OPEN: [&str; 13] = [
    "user-agent",
    "referer",
    "http-referer",
    "x-title",
    "x-openrouter-title",
    "anthropic-version",
    "anthropic-beta",
    "content-type",
    "accept",
    "api-version",
    "version",
    "region",
    "alt",
];

/// Well-known prefixes of keys, which do not reveal a key.
const KNOWN: [&str; 8] = [
    "sk-ant-api03-",
    "sk-proj-",
    "sk-or-v1-",
    "sk-",
    "AIzaSy",
    "github_pat_",
    "pplx-",
    "nvapi-",
];

/// Everything that a server configured by these variables must not write: every form of its secrets, and parts of them.
pub(crate) fn forbidden(variables: &[(OsString, OsString)]) -> Vec<String> {
    let secrets = configured(variables);
    let mut all: Vec<String> = secrets.iter().flat_map(|key| forms(key)).collect();
    all.extend(secrets.iter().flat_map(|key| runs(key)));
    all.extend(placed(variables).iter().flat_map(|value| forms(value)));
    all.sort_unstable();
    all.dedup();
    all
}

/// The parts of a key that reveal it: eight characters and more, some of them digits. Others may be words.
pub fn runs(key: &str) -> Vec<String> {
    let known = KNOWN.iter().filter_map(|known| key.strip_prefix(known));
    let rest = known.min_by_key(|rest| rest.len()).unwrap_or(key);
    let characters: Vec<char> = rest.chars().collect();
    let windows = characters.windows(SHORTEST).map(String::from_iter);
    windows.filter(|run| is_random(run)).collect()
}

/// Whether it is unlikely to be an ordinary word.
fn is_random(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 2 && digits < text.len()
}

/// Values that are secret because of their place: in the query of a URL, in a custom header.
fn placed(variables: &[(OsString, OsString)]) -> Vec<String> {
    let mut values = Vec::new();
    for (name, value) in variables {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        let query = value
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('?'));
        let query = query.map_or("", |(_, query)| query).split('&');
        let query = query.filter_map(|pair| pair.split_once('='));
        let headers = value.lines().filter(|_| name.ends_with("_CUSTOM_HEADERS"));
        let headers = headers.filter_map(|line| line.split_once(':'));
        let secrets = query.chain(headers).filter(|(name, _)| {
            let name = name.trim().to_lowercase();
            !OPEN.contains(&&*name)
        });
        values.extend(secrets.map(|(_, value)| value.trim().to_owned()));
    }
    values.retain(|value| value.len() >= SHORTEST && is_random(value));
    values
}

/// The secrets in these variables: keys, tokens, the content of key files, keys in the configuration file, passwords in
/// URLs.
fn configured(variables: &[(OsString, OsString)]) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in variables {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        if name == "CONFIG_FILE" {
            let text = fs::read_to_string(value).unwrap_or_default();
            let keys = text
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix("api_key:"));
            secrets.extend(keys.map(|key| key.trim().trim_matches(['"', '\'']).to_owned()));
            continue;
        }
        let (name, value) = match name.strip_suffix("_FILE") {
            Some(name) => (name, fs::read_to_string(value).unwrap_or_default()),
            None => (name, value.to_owned()),
        };
        if name.ends_with("_KEY") || name.ends_with("_TOKEN") {
            secrets.extend(value.lines().map(|line| line.trim().to_owned()));
        }
        // A proxy's credentials may come without a scheme.
        let authority = value.split_once("://").map_or(&*value, |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((_, password)) = authority
            .rsplit_once('@')
            .and_then(|(credentials, _)| credentials.split_once(':'))
        {
            secrets.push(password.to_owned());
        }
    }
    secrets.retain(|secret| secret.len() >= SHORTEST);
    secrets.sort_unstable();
    secrets.dedup();
    secrets
}

/// Every form in which a key might be written: as it is, percent-encoded, in base64.
pub fn forms(key: &str) -> Vec<String> {
    let percent = |digits: fn(u8) -> String| -> String {
        let bytes = key.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => digits(byte),
        });
        bytes.collect()
    };
    let mut forms = vec![
        key.to_owned(),
        percent(|byte| format!("%{byte:02X}")),
        percent(|byte| format!("%{byte:02x}")),
    ];
    forms.extend((0..3).map(|before| inner_base64(key, before)));
    forms
}

/// The places where one of `forbidden` occurs in a line, with the text around it.
pub fn places<T: AsRef<str>>(output: &str, forbidden: &[T]) -> Vec<String> {
    let mut found = Vec::new();
    for form in forbidden.iter().map(T::as_ref) {
        for (place, _) in output.match_indices(form) {
            let line = output[..place].rfind('\n').map_or(0, |end| end + 1);
            let before: String = output[line..place].chars().rev().take(60).collect();
            let before: String = before.chars().rev().collect();
            let behind: String = output[place..].chars().take(100).collect();
            let behind = behind.lines().next().unwrap_or_default();
            found.push(format!("{form}: …{before}{behind}…"));
        }
    }
    found
}

/// The base64 digits that depend on the key alone when `before` bytes precede it.
fn inner_base64(key: &str, before: usize) -> String {
    let whole = base64(&[&b"us:"[..before], key.as_bytes()].concat());
    let first = (before * 8).div_ceil(6);
    let last = (before + key.len()) * 8 / 6;
    whole[first..last].to_owned()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let bits = (0..3).fold(0, |bits, place| {
            bits << 8 | usize::from(*chunk.get(place).unwrap_or(&0))
        });
        (0..4).map(move |place| match place <= chunk.len() {
            true => char::from(DIGITS[bits >> (18 - 6 * place) & 63]),
            false => '=',
        })
    });
    digits.collect()
}
