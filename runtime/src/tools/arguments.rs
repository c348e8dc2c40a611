//! Reading the arguments of a tool call, as leniently as it is safe: they come from many clients.
//!
//! Numbers may come as strings, and arrays or objects as JSON text in a string. `null` counts as
//! absent. What nobody asked for is reported, not refused. Errors name the path and what is allowed.
//!
//! Never here: the arguments of a particular tool.

use serde_json::{Map, Value};

/// Longest name of a model or provider in bytes. Names are repeated in logs and errors.
const LONGEST_NAME: usize = 256;

/// The arguments that have not been taken yet.
#[derive(Debug)]
pub(super) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads the JSON text of an object.
    pub(super) fn parse(json: &str) -> Result<Self, String> {
        serde_json::from_str(json)
            .map(Arguments)
            .map_err(|error| format!("invalid_request: the arguments cannot be read: {error}"))
    }

    /// Any value, unless it is absent.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A string; a blank one counts as absent.
    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, &other, "a string")),
        }
    }

    /// The name of something: a string that is not long.
    pub(super) fn name(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.string(name)? {
            Some(text) if text.len() > LONGEST_NAME => {
                let allowed = format!("at most {LONGEST_NAME} bytes long");
                Err(wrong(name, &Value::String(text), &allowed))
            }
            text => Ok(text),
        }
    }

    /// A number within limits, both included.
    pub(super) fn number(&mut self, name: &str, min: f64, max: f64) -> Result<Option<f64>, String> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(
                name,
                &value,
                &format!("a number from {min} to {max}"),
            )),
        }
    }

    /// A whole number within limits, both included.
    pub(super) fn integer(
        &mut self,
        name: &str,
        min: u32,
        max: u32,
    ) -> Result<Option<u32>, String> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = match &value {
            Value::String(text) => text.trim().parse().ok(),
            // 100.0 is a whole number to JSON Schema.
            Value::Number(number) => number.to_string().trim_end_matches(".0").parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(wrong(
                name,
                &value,
                &format!("a whole number from {min} to {max}"),
            )),
        }
    }

    /// An array, or JSON text of one.
    pub(super) fn array(&mut self, name: &str) -> Result<Option<Vec<Value>>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(Value::String(text)) => match serde_json::from_str(&text) {
                Ok(items) => Ok(Some(items)),
                Err(_) => Err(wrong(name, &Value::String(text), "an array")),
            },
            Some(other) => Err(wrong(name, &other, "an array")),
        }
    }

    /// A warning that names what is left.
    pub(super) fn unknown(&self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let names: Vec<&str> = self.0.keys().take(10).map(String::as_str).collect();
        Some(format!(
            "Unknown arguments were ignored: {}",
            names.join(", ")
        ))
    }
}

/// What is wrong with the argument at `path`.
pub(super) fn wrong(path: &str, found: &Value, allowed: &str) -> String {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => found.to_string(),
        Value::String(text) if text.chars().count() <= 40 => format!("{text:?}"),
        Value::String(_) => "a long string".to_owned(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    };
    format!("invalid_request: {path} is {found}, but must be {allowed}. Correct it and call again.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_really_send_is_understood() {
        let mut arguments = Arguments::parse(
            r#"{"t":"0.5","m":"100","n":100.0,"a":"[1,2]","s":"  ","z":null,"x":1}"#,
        )
        .unwrap();
        assert_eq!(arguments.number("t", 0.0, 2.0), Ok(Some(0.5)));
        assert_eq!(arguments.integer("m", 1, 200), Ok(Some(100)));
        assert_eq!(arguments.integer("n", 1, 200), Ok(Some(100)));
        assert_eq!(arguments.array("a").unwrap().unwrap().len(), 2);
        assert_eq!(arguments.string("s"), Ok(None));
        assert_eq!(arguments.string("z"), Ok(None));
        assert_eq!(
            arguments.unknown().as_deref(),
            Some("Unknown arguments were ignored: x")
        );
    }

    #[test]
    fn errors_name_path_value_and_what_is_allowed() {
        let mut arguments =
            Arguments::parse(r#"{"t":3,"m":1.5,"n":-1,"a":{},"s":[1],"i":"1e400"}"#).unwrap();
        let error = arguments.number("t", 0.0, 2.0).unwrap_err();
        assert!(
            error.contains("t is 3, but must be a number from 0 to 2"),
            "{error}"
        );
        assert!(arguments.integer("m", 1, 9).is_err());
        assert!(arguments.integer("n", 1, 9).is_err());
        assert!(arguments.array("a").is_err());
        assert!(arguments.string("s").unwrap_err().contains("an array of 1"));
        assert!(arguments.number("i", 0.0, 2.0).is_err());
        assert!(Arguments::parse(&format!("{{\"a\":{}1", "[".repeat(100_000))).is_err());
    }
}
