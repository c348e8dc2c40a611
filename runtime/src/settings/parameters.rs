//! Parameters of a request that settings can give: those of `defaults`.
//!
//! Never here: putting them into a request.

use anygpt_providers::{Parameter, ReasoningEffort};

/// Parameters of a request that are sent if the caller gives none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Parameters {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// Most output tokens, 1 or more.
    pub max_tokens: Option<u32>,
    /// How much the model is to think.
    pub effort: Option<ReasoningEffort>,
}

impl Parameters {
    /// These, and where they are open the others.
    pub(crate) fn or(self, others: Parameters) -> Parameters {
        Parameters {
            temperature: self.temperature.or(others.temperature),
            top_p: self.top_p.or(others.top_p),
            max_tokens: self.max_tokens.or(others.max_tokens),
            effort: self.effort.or(others.effort),
        }
    }

    /// Those that are set, by their names in the file.
    pub(super) fn shown(&self) -> Vec<(&'static str, String)> {
        let number = |number: Option<f64>| number.map(|it| it.to_string());
        let all = [
            (Parameter::Temperature, number(self.temperature)),
            (Parameter::TopP, number(self.top_p)),
            (
                Parameter::MaxTokens,
                self.max_tokens.map(|it| it.to_string()),
            ),
            (
                Parameter::ReasoningEffort,
                self.effort.map(|it| it.as_str().to_owned()),
            ),
        ];
        let all = all.into_iter();
        all.filter_map(|(name, value)| Some((name.as_str(), value?)))
            .collect()
    }

    /// Whether this one is set.
    pub(super) fn has(&self, parameter: Parameter) -> bool {
        let mut shown = self.shown().into_iter();
        shown.any(|(name, _)| name == parameter.as_str())
    }

    /// Unsets this one.
    pub(super) fn leave_out(&mut self, parameter: Parameter) {
        match parameter {
            Parameter::Temperature => self.temperature = None,
            Parameter::TopP => self.top_p = None,
            Parameter::MaxTokens => self.max_tokens = None,
            Parameter::ReasoningEffort => self.effort = None,
            Parameter::Stop | Parameter::Seed | Parameter::Reasoning => {}
        }
    }
}
