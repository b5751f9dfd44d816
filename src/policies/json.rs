//! Policy documents as people write them: elements in the usual order, short values on one line.

use serde_json::{Map, Value};

/// Longest line.
const WIDTH: usize = 110;
/// Elements of a document and of a statement, in the order in which they are read.
const ORDER: &[&str] =
    &["Version", "Sid", "Effect", "Principal", "Action", "Resource", "Condition", "Statement"];

/// The document with line breaks. Every line but the first begins with `indent` spaces.
pub(super) fn pretty(document: &Value, indent: usize) -> String {
    let mut text = String::new();
    write(document, indent, 0, true, &mut text);
    text
}

/// `before` is what stands on the line already; `spread` keeps documents and statements from becoming one line.
fn write(value: &Value, indent: usize, before: usize, spread: bool, text: &mut String) {
    let line = inline(value);
    if !spread && indent + before + line.chars().count() < WIDTH {
        text.push_str(&line);
        return;
    }
    let inner = indent + 2;
    let mut first = true;
    let mut next = |text: &mut String| {
        text.push_str(if std::mem::take(&mut first) { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(inner));
    };
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                next(text);
                write(item, inner, 0, item.get("Effect").is_some(), text);
            }
            close(']', indent, text);
        }
        Value::Object(map) => {
            text.push('{');
            for (key, item) in ordered(map) {
                next(text);
                let name = format!("{}: ", Value::from(key));
                text.push_str(&name);
                write(item, inner, name.chars().count(), key == "Statement", text);
            }
            close('}', indent, text);
        }
        _ => text.push_str(&line),
    }
}

fn close(bracket: char, indent: usize, text: &mut String) {
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(bracket);
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let items =
                ordered(map).into_iter().map(|(key, item)| format!("{}: {}", Value::from(key), inline(item)));
            format!("{{ {} }}", items.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The elements of an object in their usual order; others follow by name.
pub(super) fn ordered(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let rank = |key: &str| ORDER.iter().position(|known| *known == key).unwrap_or(ORDER.len());
    let mut items: Vec<_> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    items.sort_by_key(|(key, _)| rank(key));
    items
}
