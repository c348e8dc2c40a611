//! The result of a comparison: `structuredContent`, and its text.
//!
//! Never here: asking the models.

use serde::Serialize;

use crate::tools::answer::Structured;

/// `structuredContent`.
#[derive(Serialize)]
pub(super) struct Compared<'a> {
    pub(super) results: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<Structured<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fastest: Option<String>,
    /// Of all answers, failures and the verdict, if all of it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) warnings: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Listed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) label: Option<char>,
    pub(super) asked: &'a str,
    pub(super) status: &'static str,
    #[serde(flatten)]
    pub(super) body: ResultBody<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ResultBody<'a> {
    Answer(Box<Structured<'a>>),
    Nothing {
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        warnings: &'a [String],
    },
}

impl Compared<'_> {
    /// For clients without `structuredContent`: the verdict, then each answer under its name.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if let Some(verdict) = &self.verdict {
            let name = verdict.name();
            text.push_str(&format!(
                "# Verdict of {name}\n\n{}\n\n",
                verdict.text.unwrap_or_default().trim()
            ));
        }
        for result in &self.results {
            let label = result.label.map(|label| format!("{label}: "));
            let name = match &result.body {
                ResultBody::Answer(answer) => answer.name(),
                ResultBody::Nothing { .. } => result.asked.to_owned(),
            };
            let status = match result.status {
                "ok" => String::new(),
                status => format!(" ({status})"),
            };
            let label = label.unwrap_or_default();
            text.push_str(&format!("# {label}{name}{status}\n\n"));
            let (body, warnings) = match &result.body {
                ResultBody::Answer(answer) => {
                    (answer.text.unwrap_or_default(), answer.warnings.join(". "))
                }
                ResultBody::Nothing { error, warnings } => {
                    (error.as_deref().unwrap_or_default(), warnings.join(". "))
                }
            };
            if !body.trim().is_empty() {
                text.push_str(&format!("{}\n\n", body.trim()));
            }
            if !warnings.is_empty() {
                text.push_str(&format!("Note: {warnings}\n\n"));
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}
