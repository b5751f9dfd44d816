//! Filling a template.
//!
//! | in the template | becomes |
//! | --- | --- |
//! | `"{{name}}"` | the value; several become a list, inside a list they are its items |
//! | `"text {{name}} text"` | the text with the one value |
//! | `{ "key {{name}}": ... }` | the same for each of the values, all of which have to hold |
//! | `"{{name?}}"` | as above; without a value, the key that it belongs to is left out |
//! | `"When": "name"` | the statement is left out without a value; of several names, all need one |
//! | `"Unless": "name"` | the statement is left out where there is a value |
//! | `"ForEach": "owner_tag"` | the statement for each owner tag (and the session tag that it is compared with), with the domains that have it; any of them may hold |
//! | `"ForEach": "domain"` | the statement for each domain |

use super::Lack;
use super::parameters::{self, Parameters};
use super::uses::{Use, in_order};
use crate::config::{Config, Domain};
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
    if let Some(lack) = &one.lacks {
        return Ok(Err(lack.clone()));
    }
    let mut filled = Vec::new();
    for statement in statements {
        match expand(statement, one, config) {
            Ok(some) => filled.extend(some),
            Err(Stop::Lacks(name)) => return Ok(Err(Lack(parameters::key(&name)))),
            Err(Stop::Fault(fault)) => return Err(fault),
        }
    }
    if filled.is_empty() {
        return Ok(Err(Lack("a domain".into())));
    }
    Ok(Ok(json!({ "Version": "2012-10-17", "Statement": filled })))
}

/// A statement, as often as it is needed.
fn expand(statement: &Map<String, Value>, one: &Use<'_>, config: &Config) -> Result<Vec<Value>, Stop> {
    let mut bare = statement.clone();
    let (when, unless) = (names(bare.remove("When")), names(bare.remove("Unless")));
    let each = bare.remove("ForEach");
    let parts: Vec<Vec<&Domain>> = match &each {
        None => vec![one.domains.clone()],
        Some(Value::String(name)) if name == "owner_tag" => by_tags(&one.domains),
        Some(Value::String(name)) if name == "domain" => {
            one.domains.iter().map(|domain| vec![*domain]).collect()
        }
        Some(other) => return Err(Stop::Fault(format!("unknown ForEach {other}"))),
    };
    let sid = bare.get("Sid").and_then(Value::as_str).map(str::to_owned);
    let mut filled = Vec::new();
    for domains in parts {
        let mut part = parameters::of(one, &domains, config);
        if each.is_some() {
            part.insert("owner_tag", parameters::owner_tags(&domains));
        }
        let absent = |name: &String| values(name, &part).map(Vec::is_empty);
        let needed = when.iter().map(absent).collect::<Result<Vec<_>, _>>()?;
        let unwanted = unless.iter().map(absent).collect::<Result<Vec<_>, _>>()?;
        if needed.contains(&true) || unwanted.contains(&false) {
            continue;
        }
        // Sids are unique in a document, and hold letters and digits only.
        if let (Some(sid), 1..) = (&sid, filled.len()) {
            bare.insert("Sid".into(), format!("{sid}{}", filled.len() + 1).into());
        }
        filled.extend(object(&bare, &part)?);
    }
    Ok(filled)
}

/// The domains that have owner tag and session tag in common.
fn by_tags<'c>(domains: &[&'c Domain]) -> Vec<Vec<&'c Domain>> {
    let tags = |domain: &Domain| (domain.owner_tag.clone(), domain.session_tag.clone());
    in_order(domains.iter().map(|domain| tags(domain)))
        .into_iter()
        .map(|pair| domains.iter().copied().filter(|domain| tags(domain) == pair).collect())
        .collect()
}

/// One name or several.
fn names(value: Option<Value>) -> Vec<String> {
    let several = match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    };
    several.iter().filter_map(Value::as_str).map(str::to_owned).collect()
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
