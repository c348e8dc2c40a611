//! Variables in a text: `${NAME}`, `${NAME:-default}`, and `$${` for the characters `${` themselves.
//!
//! Never here: where a variable's value is from.

use std::borrow::Cow;

use super::{Error, shown};
use crate::settings::problem::Problem;

/// The value of a variable, if it is set, or why it cannot be had.
type Value<'v> = &'v dyn Fn(&str) -> Result<Option<String>, Problem>;

const ADVICE: &str = "write ${NAME}, ${NAME:-default}, or $${ for the characters \"${\" themselves";

/// The text with its variables filled in. What they hold is not looked at again. One that is not set is an error,
/// or stays as it is written.
pub(super) fn expanded<'a>(
    text: Cow<'a, str>,
    variables: Value<'_>,
    may_lack: bool,
) -> Result<Cow<'a, str>, Error> {
    if !text.contains("${") {
        return Ok(text);
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, after_open)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = after_open;
            continue;
        }
        let Some((inside, after)) = after_open.split_once('}') else {
            return Err(Error::new(format!(
                "a \"${{\" has no \"}}\" after it; {ADVICE}"
            )));
        };
        expanded.push_str(before);
        expanded.push_str(&value(inside, variables, may_lack)?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded.into())
}

/// What stands for `NAME` or `NAME:-default`.
fn value(inside: &str, variables: Value<'_>, may_lack: bool) -> Result<String, Error> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_allowed);
    if name.is_empty() || !is_name {
        let problem = format!("\"{}\" is not a name of a variable", shown(name));
        return Err(Error::new(format!("{problem}; {ADVICE}")));
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(Error::new("a default cannot hold a variable; write it out"));
    }
    let value = variables(name).map_err(|problem| Error::new(problem.to_string()))?;
    match (value, default) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) if may_lack => Ok(format!("${{{name}}}")),
        (None, None) => Err(Error::new(format!(
            "the variable {name} is not set; set it, or write ${{{name}:-default}}"
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<String, String> {
        let variables = |name: &str| match name {
            "A" => Ok(Some("a".to_owned())),
            "B_2" => Ok(Some("${A}".to_owned())),
            "BAD" => Err(Problem::new(name, "is not valid UTF-8", "unset it")),
            _ => Ok(None),
        };
        let found = expanded(text.into(), &variables, false);
        found.map(Cow::into_owned).map_err(|error| error.message)
    }

    #[test]
    fn variables_and_defaults_are_filled_in_once() {
        for (text, expected) in [
            ("no variable: $A {A} $ {A}", "no variable: $A {A} $ {A}"),
            ("${A}", "a"),
            ("x${A}-${A}/ü", "xa-a/ü"),
            ("${B_2}", "${A}"),
            ("${C:-d:-e}", "d:-e"),
            ("${C:-}", ""),
            ("${A:-b}", "a"),
            ("$${A}", "${A}"),
            ("${A}$${", "a${"),
        ] {
            assert_eq!(expand(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn where_a_variable_may_lack_it_stays_as_it_is_written() {
        for (text, expected) in [("${C}", "${C}"), ("${C}-${A}", "${C}-a"), ("${C:-d}", "d")] {
            let found = expanded(
                text.into(),
                &|name| Ok((name == "A").then(|| "a".into())),
                true,
            );
            assert_eq!(found.unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_said() {
        for (text, expected) in [
            (
                "${C}",
                "the variable C is not set; set it, or write ${C:-default}",
            ),
            ("${BAD}", "BAD is not valid UTF-8"),
            ("${A", "a \"${\" has no \"}\" after it; write ${NAME}, "),
            ("${}", "\"\" is not a name of a variable; write ${NAME}, "),
            ("${1A}", "\"1A\" is not a name of a variable"),
            ("${A-b}", "\"A-b\" is not a name of a variable"),
            ("${ A }", "\" A \" is not a name of a variable"),
            (
                "${C:-${A}}",
                "a default cannot hold a variable; write it out",
            ),
        ] {
            let problem = expand(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }
}
