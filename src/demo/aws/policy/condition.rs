//! The `Condition` element: every operator and every key in it must hold.

use super::{Context, pattern::Pattern, strings};
use serde_json::Value;
use std::net::IpAddr;

/// How the values of a key that can have several are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Single,
    ForAny,
    ForAll,
}

#[derive(Clone, Copy)]
enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    Bool,
    Null,
    Ip,
    Number(fn(&f64, &f64) -> bool),
}

struct Operator {
    quantifier: Quantifier,
    comparison: Comparison,
    negated: bool,
    if_exists: bool,
}

/// Whether the element holds; `fail` where it cannot be known.
pub(super) fn holds(element: Option<&Value>, context: &Context, fail: bool) -> bool {
    let Some(element) = element else { return true };
    let Some(operators) = element.as_object() else {
        return fail;
    };
    operators.iter().all(|(name, keys)| match (Operator::parse(name), keys.as_object()) {
        (Some(operator), Some(keys)) => keys.iter().all(|(key, wanted)| operator.holds(key, wanted, context)),
        _ => fail,
    })
}

/// The fault of an element that cannot be evaluated.
pub(super) fn fault(element: Option<&Value>) -> Option<String> {
    let element = element?;
    let Some(operators) = element.as_object() else {
        return Some("Syntax errors in policy: Condition is not an object.".to_owned());
    };
    operators.iter().find_map(|(name, keys)| match (Operator::parse(name), keys.is_object()) {
        (None, _) => Some(format!("Invalid Condition type : {name}.")),
        (_, false) => Some(format!("Syntax errors in policy: {name} is not an object.")),
        _ => None,
    })
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = match name.split_once(':') {
            Some(("ForAnyValue", rest)) => (Quantifier::ForAny, rest),
            Some(("ForAllValues", rest)) => (Quantifier::ForAll, rest),
            Some(_) => return None,
            None => (Quantifier::Single, name),
        };
        let (base, if_exists) = match rest.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (comparison, negated) = match base {
            "StringEquals" => (Comparison::Equals, false),
            "StringNotEquals" => (Comparison::Equals, true),
            "StringEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Comparison::EqualsIgnoreCase, true),
            "StringLike" | "ArnLike" | "ArnEquals" => (Comparison::Like, false),
            "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (Comparison::Like, true),
            "Bool" => (Comparison::Bool, false),
            "IpAddress" => (Comparison::Ip, false),
            "NotIpAddress" => (Comparison::Ip, true),
            "NumericEquals" => (Comparison::Number(f64::eq), false),
            "NumericNotEquals" => (Comparison::Number(f64::eq), true),
            "NumericLessThan" => (Comparison::Number(f64::lt), false),
            "NumericLessThanEquals" => (Comparison::Number(f64::le), false),
            "NumericGreaterThan" => (Comparison::Number(f64::gt), false),
            "NumericGreaterThanEquals" => (Comparison::Number(f64::ge), false),
            "Null" if !if_exists && quantifier == Quantifier::Single => (Comparison::Null, false),
            _ => return None,
        };
        Some(Self { quantifier, comparison, negated, if_exists })
    }

    fn holds(&self, key: &str, wanted: &Value, context: &Context) -> bool {
        let present = context.values(key);
        let wanted = texts(wanted);
        if matches!(self.comparison, Comparison::Null) {
            return wanted.iter().any(|w| w == if present.is_empty() { "true" } else { "false" });
        }
        if present.is_empty() {
            return match self.quantifier {
                Quantifier::ForAll => true,
                Quantifier::ForAny => self.if_exists,
                Quantifier::Single => self.if_exists || self.negated,
            };
        }
        let one = |value: &String| wanted.iter().any(|w| self.compares(value, w, context)) != self.negated;
        match self.quantifier {
            Quantifier::ForAll => present.iter().all(one),
            // Several values of a key that should have one: a negated operator must hold for each of them.
            Quantifier::Single if self.negated => present.iter().all(one),
            Quantifier::ForAny | Quantifier::Single => present.iter().any(one),
        }
    }

    /// Whether one value matches one wanted text. A variable without a value matches nothing.
    fn compares(&self, value: &str, wanted: &str, context: &Context) -> bool {
        let literal = || Pattern::literal(wanted, context);
        match self.comparison {
            Comparison::Equals => literal().is_some_and(|w| w == value),
            Comparison::EqualsIgnoreCase | Comparison::Bool => {
                literal().is_some_and(|w| w.to_lowercase() == value.to_lowercase())
            }
            Comparison::Like => Pattern::new(wanted, context).is_some_and(|p| p.matches(value)),
            Comparison::Ip => in_network(value, wanted),
            Comparison::Number(compare) => match (value.parse(), wanted.parse()) {
                (Ok(value), Ok(wanted)) => compare(&value, &wanted),
                _ => false,
            },
            Comparison::Null => false,
        }
    }
}

/// Strings, booleans and numbers as IAM writes them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        other => strings(other).into_iter().map(str::to_owned).collect(),
    }
}

fn in_network(address: &str, network: &str) -> bool {
    let (base, length) = network.split_once('/').unwrap_or((network, "128"));
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let (Ok(address), Ok(base), Ok(length)) =
        (address.parse::<IpAddr>(), base.parse::<IpAddr>(), length.parse::<u32>())
    else {
        return false;
    };
    let ((address, width), (base, base_width)) = (bits(address), bits(base));
    let mask = u128::MAX.checked_shl(128 - length.min(width)).unwrap_or(0);
    width == base_width && address & mask == base & mask
}
