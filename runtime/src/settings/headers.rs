//! Headers of the user's own: lines of `Name: value`, as the official SDKs read them.
//!
//! Never here: the headers that a format needs.

use anygpt_providers::secret_header;
use http::{HeaderName, HeaderValue};

use super::{
    problem::Problem,
    secret::{PlacedSecrets, names_a_key},
};

/// These belong to the transport.
const REFUSED: [&str; 6] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "te",
    "upgrade",
];

/// These cannot hold a credential, whoever reads them: they name a program, a page, a format or an account. All others
/// may, since a gateway can have any name for its own.
const OPEN: [&str; 14] = [
    "user-agent",
    "referer",
    "http-referer",
    "x-title",
    "x-openrouter-title",
    "accept",
    "accept-language",
    "content-type",
    "anthropic-version",
    "anthropic-beta",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "x-goog-user-project",
];

/// Headers for one provider.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    pub(super) all: Vec<(HeaderName, HeaderValue)>,
    /// The variables that they come from.
    pub(super) places: Vec<String>,
    /// The values that nobody may see.
    pub(super) secrets: PlacedSecrets,
}

impl Headers {
    /// Adds a header; `place` names the setting in errors, which never repeat the value.
    pub(super) fn add(&mut self, place: &str, name: &str, value: &str) -> Result<(), Problem> {
        let wrong = |problem: String| {
            let advice = "write one header to a line, like X-Team: research";
            Err(Problem::new(place, problem, advice))
        };
        let Ok(name) = HeaderName::try_from(name) else {
            return wrong("has a line that does not begin with the name of a header".into());
        };
        if REFUSED.contains(&name.as_str()) {
            return wrong(format!("sets {name}, which belongs to the transport"));
        }
        let is_open = OPEN.contains(&name.as_str());
        let header = if is_open {
            HeaderValue::try_from(value).ok()
        } else {
            secret_header(value)
        };
        let Some(header) = header else {
            return wrong(format!("has a value of {name} that no header can carry"));
        };
        if !self.places.iter().any(|known| known == place) {
            self.places.push(place.to_owned());
        }
        if !is_open {
            // The scheme in front of a token is no secret, and the token may turn up without it.
            let is_scheme = |word: &str| {
                let schemes = ["bearer", "basic", "token"];
                names_a_key(name.as_str()) || schemes.contains(&&*word.to_ascii_lowercase())
            };
            let bare = match value.split_once(' ') {
                Some((scheme, token)) if is_scheme(scheme) => token.trim(),
                _ => value,
            };
            self.secrets.add(name.as_str(), bare);
        }
        self.all.push((name, header));
        Ok(())
    }

    /// Adds all lines of a text.
    pub(super) fn add_lines(&mut self, place: &str, text: &str) -> Result<(), Problem> {
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or(("", ""));
            self.add(place, name.trim(), value.trim())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Secret;

    #[test]
    fn lines_become_headers_and_secrets_are_known() {
        let mut headers = Headers::default();
        let lines =
            "X-Team: a: research\n\n  cf-access-token :  Bearer abc-123 \r\nX-Title: A long title";
        assert!(headers.add_lines("X", lines).is_ok());
        let all: Vec<_> = headers
            .all
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str(),
                    value.to_str().unwrap_or_default(),
                    value.is_sensitive(),
                )
            })
            .collect();
        assert_eq!(
            all,
            [
                ("x-team", "a: research", true),
                ("cf-access-token", "Bearer abc-123", true),
                ("x-title", "A long title", false)
            ]
        );
        assert_eq!(headers.secrets.keys, [Secret::new("abc-123")]);
        assert_eq!(headers.secrets.values, [Secret::new("a: research")]);
    }

    #[test]
    fn what_is_no_header_is_refused_without_its_value() {
        for line in [
            "hidden",
            "a b: hidden",
            ": hidden",
            "Host: hidden",
            "a: hid\u{1}den",
        ] {
            let problem = Headers::default().add_lines("X", line).err();
            let problem = problem
                .map(|problem| problem.to_string())
                .unwrap_or_default();
            assert!(problem.starts_with("X "), "{line}");
            assert!(!problem.contains("hid"), "{problem}");
        }
    }
}
