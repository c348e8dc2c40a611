//! The tools that the model may call, and its calls of them, as OpenAI, Anthropic and MCP write them.
//!
//! Never here: calling one.

use std::sync::Arc;

use anygpt_core::json;
use anygpt_providers::{Tool, ToolCall, ToolChoice};
use serde_json::{Map, Value};

use super::{OBJECTS, unnest, word};
use crate::{
    error::{Error, ErrorKind},
    tools::{
        arguments::{Arguments, elements, is_nothing_parsed, wrong, wrong_or_missing, wrong_raw},
        kind::Json,
        parameter::Parameter,
    },
};

/// Read by [`tools`].
pub(in crate::tools) const TOOLS: Parameter<Json> = Parameter::new("tools", OBJECTS)
    .described("{name,description,parameters}; the model's calls are returned");

/// Read by [`tools`]; it may also be an object.
pub(in crate::tools) const TOOL_CHOICE: Parameter<Json> = Parameter::new(
    "tool_choice",
    Json {
        schema: r#""type":"string""#,
    },
)
.described("auto, none, required or a tool's name");

/// Most tools of a request, and most calls of a message; no provider accepts more.
const MOST_TOOLS: usize = 128;

/// The names of tools and schemas that every provider accepts.
pub(in crate::tools) const FUNCTION_NAME: &str = "1 to 64 letters, digits, _ or -";

/// Whether every provider accepts this name of a tool or a schema.
pub(in crate::tools) fn is_function_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

/// `tools` and `tool_choice`.
pub(in crate::tools) fn tools(
    arguments: &mut Arguments<'_>,
) -> Result<(Arc<[Tool]>, Option<ToolChoice>), Error> {
    let mut tools: Vec<Tool> = Vec::new();
    if let Some(raw) = arguments.raw(TOOLS.name) {
        let allowed = "an array of {name, description, parameters}";
        let items = items(arguments, "tools", raw, allowed)?;
        for (position, item) in items.into_iter().enumerate() {
            let path = format!("tools[{position}]");
            let tool = tool(arguments, &path, item)?;
            if tools.iter().any(|known| known.name == tool.name) {
                let name = Value::String(tool.name);
                return Err(wrong(&format!("{path}.name"), &name, "a name of its own"));
            }
            tools.push(tool);
        }
    }
    let tools: Arc<[Tool]> = match tools.is_empty() {
        // Does not allocate.
        true => Arc::default(),
        false => tools.into(),
    };
    let Some(choice) = arguments.take(&TOOL_CHOICE)? else {
        return Ok((tools, None));
    };
    if tools.is_empty() {
        if matches!(word_of(&choice), Some("auto" | "none")) {
            return Ok((tools, None));
        }
        let message = "tool_choice is given without tools";
        return Err(Error::new(ErrorKind::InvalidRequest, message).advise_plain("Give tools, too."));
    }
    let choice = self::choice(&tools, &choice)?;
    Ok((tools, Some(choice)))
}

fn choice(tools: &[Tool], choice: &Value) -> Result<ToolChoice, Error> {
    let name = match word_of(choice) {
        Some("auto") => return Ok(ToolChoice::Auto),
        Some("none") => return Ok(ToolChoice::None),
        Some("required" | "any") => return Ok(ToolChoice::Required),
        name => name,
    };
    match tools.iter().find(|tool| Some(tool.name.as_str()) == name) {
        Some(tool) => Ok(ToolChoice::Tool(tool.name.clone())),
        None => {
            let allowed = "auto, none, required or the name of one of the tools";
            Err(wrong(TOOL_CHOICE.name, choice, allowed))
        }
    }
}

/// The word or the name of the tool in a choice: itself, or in an object of OpenAI (`function`) or Anthropic (`type`).
fn word_of(choice: &Value) -> Option<&str> {
    let Value::Object(object) = choice else {
        return choice.as_str();
    };
    let nested = object.get("function").and_then(Value::as_object);
    let name = nested.unwrap_or(object).get("name");
    name.or(object.get("type")).and_then(Value::as_str)
}

fn tool(arguments: &mut Arguments<'_>, path: &str, item: Value) -> Result<Tool, Error> {
    let Value::Object(mut object) = item else {
        return Err(wrong(path, &item, "{name, description, parameters}"));
    };
    unnest(&mut object, "function");
    object.remove("type");
    let name = function_name(&format!("{path}.name"), object.remove("name"))?;
    let description = match object.remove("description") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(other) => return Err(wrong(&format!("{path}.description"), &other, "a string")),
    };
    // As OpenAI, Anthropic and MCP call it.
    let schema = ["parameters", "input_schema", "inputSchema"];
    let schema = schema.map(|name| object.remove(name).filter(|it| !is_nothing_parsed(it)));
    let mut parameters = match schema.into_iter().flatten().next() {
        None => Map::new(),
        Some(Value::Object(schema)) => schema,
        Some(other) => {
            let path = format!("{path}.parameters");
            return Err(wrong(&path, &other, "a JSON Schema, an object"));
        }
    };
    // Most providers refuse a schema without them.
    if parameters.get("type").is_none_or(Value::is_null) {
        parameters.insert("type".to_owned(), "object".into());
    }
    if parameters["type"] == "object" && !parameters.contains_key("properties") {
        parameters.insert("properties".to_owned(), Map::new().into());
    }
    let strict = object.remove("strict").and_then(|strict| strict.as_bool());
    arguments.ignore_rest(path, &object);
    Ok(Tool {
        name,
        description,
        parameters,
        strict,
    })
}

/// The tool calls of an assistant message.
pub(super) fn calls(
    arguments: &mut Arguments<'_>,
    path: &str,
    raw: &str,
) -> Result<Vec<ToolCall>, Error> {
    let allowed = "an array of {id, name, arguments}";
    let items = items(arguments, path, raw, allowed)?;
    let calls = items.into_iter().enumerate().map(|(position, item)| {
        let path = format!("{path}[{position}]");
        let Value::Object(mut call) = item else {
            return Err(wrong(&path, &item, "{id, name, arguments}"));
        };
        unnest(&mut call, "function");
        call.remove("type");
        let id = word(&format!("{path}.id"), call.remove("id"))?;
        let name = function_name(&format!("{path}.name"), call.remove("name"))?;
        let given = match call.remove("arguments") {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::String(text)) => text,
            Some(object @ Value::Object(_)) => object.to_string(),
            Some(other) => {
                return Err(wrong(
                    &format!("{path}.arguments"),
                    &other,
                    "an object, or JSON text of one",
                ));
            }
        };
        // Some codecs parse it to an object.
        arguments.charge(json::tree_size(&given))?;
        arguments.ignore_rest(&path, &call);
        Ok(ToolCall {
            id,
            name,
            arguments: given,
        })
    });
    calls.collect()
}

fn function_name(path: &str, value: Option<Value>) -> Result<String, Error> {
    match value {
        Some(Value::String(name)) if is_function_name(&name) => Ok(name),
        other => Err(wrong_or_missing(path, other.as_ref(), FUNCTION_NAME)),
    }
}

/// The elements of an array, or of JSON text of one.
fn items(
    arguments: &mut Arguments<'_>,
    path: &str,
    raw: &str,
    allowed: &str,
) -> Result<Vec<Value>, Error> {
    let Some(list) = arguments.list(raw)? else {
        return Err(wrong_raw(path, raw, allowed));
    };
    if elements(&list).nth(MOST_TOOLS).is_some() {
        let allowed = format!("{allowed}, at most {MOST_TOOLS}");
        return Err(wrong_raw(path, &list, &allowed));
    }
    elements(&list).map(|raw| arguments.tree(raw)).collect()
}
