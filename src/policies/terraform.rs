//! A policy as `aws_iam_policy_document`, the data source of Terraform's AWS provider.

use super::json::ordered;
use serde_json::Value;
use std::fmt::Write;

/// The data source, under a name made of `name`.
pub(super) fn data(name: &str, document: &Value) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut text = format!("data \"aws_iam_policy_document\" \"{name}\" {{\n");
    for statement in document.get("Statement").and_then(Value::as_array).into_iter().flatten() {
        text.push_str("  statement {\n");
        for (element, value) in statement.as_object().map(ordered).unwrap_or_default() {
            self::element(element, value, &mut text);
        }
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}

fn element(name: &str, value: &Value, text: &mut String) {
    let mut line = |line: String| {
        let _ = writeln!(text, "    {line}");
    };
    match name {
        "Sid" | "Effect" => line(format!("{:<9} = {}", name.to_lowercase(), quoted(value))),
        "Action" | "Resource" => {
            line(format!("{:<9} = {}", format!("{}s", name.to_lowercase()), list(value)));
        }
        "Principal" => {
            // A bare "*" is everybody; else the kinds with their identifiers.
            let everybody = [("*", value)];
            let principals = value.as_object().map_or(everybody.to_vec(), ordered);
            for (kind, identifiers) in principals {
                line("principals {".into());
                line(format!("  type        = \"{kind}\""));
                line(format!("  identifiers = {}", list(identifiers)));
                line("}".into());
            }
        }
        _ => {
            for (test, keys) in value.as_object().map(ordered).unwrap_or_default() {
                for (variable, values) in keys.as_object().map(ordered).unwrap_or_default() {
                    line("condition {".into());
                    line(format!("  test     = \"{test}\""));
                    line(format!("  variable = {}", quoted(&Value::from(variable))));
                    line(format!("  values   = {}", list(values)));
                    line("}".into());
                }
            }
        }
    }
}

fn list(value: &Value) -> String {
    let items = match value {
        Value::Array(items) => items.iter().map(quoted).collect(),
        one => vec![quoted(one)],
    };
    format!("[{}]", items.join(", "))
}

/// The data source writes IAM's `${...}` as `&{...}`, so that Terraform does not take it for its own.
fn quoted(value: &Value) -> String {
    value.to_string().replace("${", "&{")
}
