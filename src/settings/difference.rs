//! Settings that are wanted, held against those that are there. Only what is wanted counts.

use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// `upper` over `base`: tables are joined, everything else is replaced.
pub(super) fn over(base: &Members, upper: &Members) -> Members {
    let mut joined = base.clone();
    for (name, value) in upper {
        let value = match (joined.get(name), value) {
            (Some(Value::Object(below)), Value::Object(above)) => Value::Object(over(below, above)),
            _ => value.clone(),
        };
        joined.insert(name.clone(), value);
    }
    joined
}

/// What both say alike.
pub(super) fn common(one: &Members, other: &Members) -> Members {
    let mut common = Members::new();
    for (name, value) in one {
        match (value, other.get(name)) {
            (Value::Object(inside), Some(Value::Object(there))) => {
                let inside = self::common(inside, there);
                if !inside.is_empty() {
                    common.insert(name.clone(), Value::Object(inside));
                }
            }
            (value, Some(there)) if value == there => {
                common.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    common
}

/// Every text, wherever it stands, replaced by what `other` gives for it.
pub(super) fn with_texts(members: &Members, other: &dyn Fn(&str) -> Option<String>) -> Members {
    let replaced = |(name, value): (&String, &Value)| (name.clone(), with_texts_in(value, other));
    members.iter().map(replaced).collect()
}

fn with_texts_in(value: &Value, other: &dyn Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => Value::String(other(text).unwrap_or_else(|| text.clone())),
        Value::Array(items) => items.iter().map(|item| with_texts_in(item, other)).collect(),
        Value::Object(members) => Value::Object(with_texts(members, other)),
        plain => plain.clone(),
    }
}

/// Paths of what is wanted and not so.
pub(super) fn paths(wanted: &Members, actual: &Members) -> Vec<String> {
    let mut found = Vec::new();
    collect(wanted, Some(actual), "", &mut found);
    found
}

fn collect(wanted: &Members, actual: Option<&Members>, path: &str, found: &mut Vec<String>) {
    for (name, value) in wanted {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let there = actual.and_then(|actual| actual.get(name));
        match value {
            Value::Object(inside) => collect(inside, there.and_then(Value::as_object), &path, found),
            _ if differs(value, there) => found.push(path),
            _ => {}
        }
    }
}

/// Whether anything that is wanted is not so.
pub(super) fn differs(wanted: &Value, actual: Option<&Value>) -> bool {
    match (wanted, actual) {
        (Value::Object(wanted), actual) => {
            wanted.iter().any(|(name, value)| differs(value, actual.and_then(|actual| actual.get(name))))
        }
        // What stands in a list has no order that the API promises to keep.
        (Value::Array(wanted), Some(Value::Array(actual))) => {
            wanted.len() != actual.len() || !all_found(wanted, actual)
        }
        (Value::Array(wanted), None) => !wanted.is_empty(),
        // "To clear the value, pass None": what was cleared is not there.
        (Value::String(text), None) => text != "None",
        (wanted, actual) => Some(wanted) != actual,
    }
}

/// Whether each item that is wanted has one of its own among the actual ones.
fn all_found(wanted: &[Value], actual: &[Value]) -> bool {
    let mut left: Vec<&Value> = actual.iter().collect();
    wanted.iter().all(|item| {
        let place = left.iter().position(|there| !differs(item, Some(there)));
        place.map(|place| left.swap_remove(place)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: Value) -> Members {
        match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    fn differing(wanted: Value, actual: Value) -> Vec<String> {
        paths(&members(wanted), &members(actual))
    }

    #[test]
    fn only_what_is_wanted_is_compared() {
        let actual = json!({
            "ExecutionRole": "a",
            "StudioWebPortal": "ENABLED",
            "JupyterLabAppSettings": { "DefaultResourceSpec": { "InstanceType": "ml.t3.medium" }, "CustomImages": [] },
        });
        let same =
            json!({ "JupyterLabAppSettings": { "DefaultResourceSpec": { "InstanceType": "ml.t3.medium" } } });
        assert_eq!(differing(same, actual.clone()), Vec::<String>::new());
        let other = json!({
            "ExecutionRole": "b",
            "JupyterLabAppSettings": { "DefaultResourceSpec": { "InstanceType": "ml.m5.large" } },
            "SharingSettings": { "NotebookOutputOption": "Disabled" },
        });
        assert_eq!(
            differing(other, actual),
            [
                "ExecutionRole",
                "JupyterLabAppSettings.DefaultResourceSpec.InstanceType",
                "SharingSettings.NotebookOutputOption",
            ]
        );
    }

    #[test]
    fn lists_have_no_order_but_a_length() {
        let same = |wanted: Value, actual: Value| !differs(&wanted, Some(&actual));
        assert!(same(json!(["sg-1", "sg-2"]), json!(["sg-2", "sg-1"])));
        assert!(!same(json!(["sg-1", "sg-1"]), json!(["sg-2", "sg-1"])));
        assert!(!same(json!(["sg-1"]), json!(["sg-2", "sg-1"])));
        assert!(!same(json!([]), json!(["sg-1"])));
        // AWS may say more of an item than was asked for.
        assert!(same(json!([{ "ImageName": "a" }]), json!([{ "ImageName": "a", "ImageVersionNumber": 1 }])));
    }

    #[test]
    fn what_is_cleared_is_not_there() {
        let clear = json!({ "ResourceSpec": { "LifecycleConfigArn": "None" }, "SecurityGroups": [] });
        assert_eq!(differing(clear, json!({})), Vec::<String>::new());
    }

    #[test]
    fn what_two_say_alike() {
        let one = members(json!({ "A": { "x": 1, "y": [1] }, "B": 1, "C": { "z": 1 } }));
        let other = members(json!({ "A": { "x": 1, "y": [2] }, "B": 1, "C": { "z": 2 } }));
        assert_eq!(common(&one, &other), members(json!({ "A": { "x": 1 }, "B": 1 })));
    }

    #[test]
    fn an_overlay_joins_tables_and_replaces_the_rest() {
        let base = members(json!({ "A": { "x": 1, "y": [1] }, "B": 1 }));
        let upper = members(json!({ "A": { "y": [2], "z": 3 }, "C": {} }));
        let joined = json!({ "A": { "x": 1, "y": [2], "z": 3 }, "B": 1, "C": {} });
        assert_eq!(over(&base, &upper), members(joined));
    }
}
