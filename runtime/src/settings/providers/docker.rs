//! Docker Model Runner: `DOCKER_MODEL_RUNNER`.
//!
//! Never here: where it listens by default (`presets`).

use super::reader::Written;
use crate::settings::{disclosure::shown, environment::Environment, problem::Problem};

pub(super) const VARIABLE: &str = "DOCKER_MODEL_RUNNER";

/// What `DOCKER_MODEL_RUNNER` says.
pub(super) enum Runner {
    /// Nothing, or `auto`.
    Auto,
    Off,
    At {
        written: Written,
        model: Option<String>,
    },
}

impl Runner {
    pub(super) fn read(environment: &Environment) -> Result<Self, Problem> {
        let Some(value) = environment.value(VARIABLE)? else {
            return Ok(Runner::Auto);
        };
        match value.to_ascii_lowercase().as_str() {
            "auto" => return Ok(Runner::Auto),
            "off" => return Ok(Runner::Off),
            url if url.contains([':', '/']) => {
                return Ok(Runner::at(VARIABLE.to_owned(), value, None));
            }
            _ => {}
        }
        // Compose gives a model by a pair of variables: LLM_URL and LLM_MODEL.
        let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let pair = value.strip_suffix("_URL").filter(|it| !it.is_empty());
        let Some(pair) = pair.filter(|it| it.chars().all(allowed)) else {
            return Err(Problem::new(
                VARIABLE,
                format!("is {}", shown(&value, [])),
                "use auto, off, a URL, or the name of a variable that holds one, such as LLM_URL",
            ));
        };
        let Some(url) = environment.value(&value)? else {
            return Err(Problem::new(
                VARIABLE,
                format!("names the variable {value}, which is not set"),
                "let Compose set it (models: under the service), or write the URL itself",
            ));
        };
        let model = environment.value(&format!("{pair}_MODEL"))?;
        Ok(Runner::at(value, url, model))
    }

    fn at(place: String, text: String, model: Option<String>) -> Self {
        let written = Written { place, text };
        Runner::At { written, model }
    }
}
