//! Filling a template.
//!
//! | in the template | becomes |
//! | --- | --- |
//! | `"{{name}}"` | the value; several become a list, inside a list they are its items |
//! | `"text {{name}} text"` | the text with the one value |
//! | `{ "key {{name}}": ... }` | the same for each of the values, all of which have to hold |
//! | `"{{name?}}"` | as above; without a value, the key that it belongs to is left out |
//! | `"When": "name"` | the statement is left out without a value |
//! | `"ForEach": "owner_tag"` | the statement for each owner tag, with the domains that have it; any of them may hold |

use super::Lack;
use super::parameters::{self, Parameters, Use};
use crate::config::Config;
use serde_json::{Map, Value, json};

/// Why a template gave no value.
enum Stop {
    Lacks(String),
    Fault(String),
}

/// The document, or what the configuration lacks for it.
///
/// # Errors
/// A fault of the template itself.
pub(super) fn fill(
    statements: &[Map<String, Value>],
    one: &Use<'_>,
    config: &Config,
) -> Result<Result<Value, Lack>, String> {
    let whole = parameters::of(one, &one.domains, config);
    let mut filled = Vec::new();
    for statement in statements {
        match expand(statement, &whole, one, config) {
            Ok(some) => filled.extend(some),
            Err(Stop::Lacks(name)) => return Ok(Err(Lack(parameters::key(&name)))),
            Err(Stop::Fault(fault)) => return Err(fault),
        }
    }
    Ok(Ok(json!({ "Version": "2012-10-17", "Statement": filled })))
}

/// A statement, as often as it is needed.
fn expand(
    statement: &Map<String, Value>,
    whole: &Parameters,
    one: &Use<'_>,
    config: &Config,
) -> Result<Vec<Value>, Stop> {
    let mut bare = statement.clone();
    if let Some(when) = bare.remove("When")
        && values(when.as_str().unwrap_or_default(), whole)?.is_empty()
    {
        return Ok(Vec::new());
    }
    match bare.remove("ForEach") {
        None => Ok(object(&bare, whole)?.into_iter().collect()),
        Some(Value::String(name)) if name == "owner_tag" => {
            let mut filled = Vec::new();
            for (index, tag) in parameters::owner_tags(&one.domains).into_iter().enumerate() {
                let domains: Vec<_> =
                    one.domains.iter().copied().filter(|domain| domain.owner_tag == tag).collect();
                let mut part = parameters::of(one, &domains, config);
                part.insert("owner_tag", vec![tag]);
                // Sids are unique in a document, and hold letters and digits only.
                if let (Some(Value::String(sid)), 1..) = (bare.get_mut("Sid"), index) {
                    *sid = format!("{}{}", sid.trim_end_matches(|c: char| c.is_ascii_digit()), index + 1);
                }
                filled.extend(object(&bare, &part)?);
            }
            Ok(filled)
        }
        Some(other) => Err(Stop::Fault(format!("unknown ForEach {other}"))),
    }
}

/// An object, or nothing if everything in it is left out.
fn object(template: &Map<String, Value>, with: &Parameters) -> Result<Option<Value>, Stop> {
    let mut filled = Map::new();
    for (key, value) in template {
        let Some(value) = value_of(value, with)? else { continue };
        for key in texts(key, with)? {
            filled.insert(key, value.clone());
        }
    }
    Ok((!filled.is_empty()).then_some(Value::Object(filled)))
}

fn value_of(template: &Value, with: &Parameters) -> Result<Option<Value>, Stop> {
    match template {
        Value::Object(map) => object(map, with),
        Value::Array(items) => {
            let mut filled = Vec::new();
            for item in items {
                match value_of(item, with)? {
                    Some(Value::Array(several)) => filled.extend(several),
                    Some(single) => filled.push(single),
                    None => {}
                }
            }
            Ok(Some(Value::Array(filled)))
        }
        Value::String(text) => match whole_name(text) {
            Some(name) if name.ends_with('?') => {
                let values = values(name.trim_end_matches('?'), with)?;
                Ok((!values.is_empty()).then(|| one_or_several(values.clone())))
            }
            _ => texts(text, with).map(|values| Some(one_or_several(values))),
        },
        other => Ok(Some(other.clone())),
    }
}

fn one_or_several(mut values: Vec<String>) -> Value {
    if values.len() == 1 { Value::String(values.remove(0)) } else { json!(values) }
}

/// The name in a text that is nothing but `{{name}}`.
fn whole_name(text: &str) -> Option<&str> {
    text.strip_prefix("{{")?.strip_suffix("}}").filter(|name| !name.contains("}}"))
}

/// A text with its parameter replaced, once for each value. A text without a parameter is itself.
fn texts(text: &str, with: &Parameters) -> Result<Vec<String>, Stop> {
    let Some((before, rest)) = text.split_once("{{") else { return Ok(vec![text.to_owned()]) };
    let (name, after) =
        rest.split_once("}}").ok_or_else(|| Stop::Fault(format!("{text:?} does not end its parameter")))?;
    let values = values(name, with)?;
    if values.is_empty() {
        return Err(Stop::Lacks(name.to_owned()));
    }
    let afters = texts(after, with)?;
    Ok(values
        .iter()
        .flat_map(|value| afters.iter().map(move |after| format!("{before}{value}{after}")))
        .collect())
}

fn values<'p>(name: &str, with: &'p Parameters) -> Result<&'p Vec<String>, Stop> {
    with.get(name).ok_or_else(|| Stop::Fault(format!("unknown parameter {name:?}")))
}
