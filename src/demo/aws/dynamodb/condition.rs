//! Condition expressions: `attribute_not_exists(NAME)` and `NAME < :VALUE` on numbers, joined by `OR`. Anything else is
//! refused, and so is a value that is not used, as DynamoDB does it.

use super::Item;
use serde_json::{Map, Value};

/// A condition: it holds if any of its terms does.
pub(super) struct Condition(Vec<Term>);

enum Term {
    Missing(String),
    Less { name: String, than: f64 },
}

impl Condition {
    /// # Errors
    /// What is wrong with it, as DynamoDB words it.
    pub(super) fn parse(expression: &str, values: &Map<String, Value>) -> Result<Self, String> {
        let invalid = |why: String| format!("Invalid ConditionExpression: {why}");
        let mut unused: Vec<_> = values.keys().collect();
        let mut terms = Vec::new();
        for term in expression.split(" OR ").map(str::trim) {
            let missing = term.strip_prefix("attribute_not_exists(").and_then(|rest| rest.strip_suffix(')'));
            if let Some(name) = missing {
                terms.push(Term::Missing(name.trim().to_owned()));
                continue;
            }
            let (name, value) =
                term.split_once(" < ").ok_or_else(|| invalid(format!("Syntax error; token: {term:?}")))?;
            let than = values.get(value.trim()).and_then(number).ok_or_else(|| {
                invalid(format!(
                    "An expression attribute value used in expression is not defined; attribute value: {value}"
                ))
            })?;
            unused.retain(|key| *key != value.trim());
            terms.push(Term::Less { name: name.trim().to_owned(), than });
        }
        if let Some(key) = unused.first() {
            return Err(format!(
                "Value provided in ExpressionAttributeValues unused in expressions: keys: {{{key}}}"
            ));
        }
        Ok(Self(terms))
    }

    /// Whether it holds for what is there now. A comparison with what is missing does not.
    pub(super) fn holds(&self, present: Option<&Item>) -> bool {
        self.0.iter().any(|term| match term {
            Term::Missing(name) => present.is_none_or(|item| !item.contains_key(name)),
            Term::Less { name, than } => {
                present.and_then(|item| number(item.get(name)?)).is_some_and(|number| number < *than)
            }
        })
    }
}

fn number(value: &Value) -> Option<f64> {
    value.get("N")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(expression: &str, values: &Value, present: Option<&Value>) -> Result<bool, String> {
        let condition = Condition::parse(expression, values.as_object().unwrap())?;
        Ok(condition.holds(present.and_then(Value::as_object)))
    }

    #[test]
    fn an_entry_that_counts_no_longer_is_as_good_as_none() {
        let expression = "attribute_not_exists(id) OR exp < :now";
        let now = json!({":now": {"N": "100"}});
        let entry = |exp: &str| json!({"id": {"S": "a"}, "exp": {"N": exp}});
        assert_eq!(holds(expression, &now, None), Ok(true));
        assert_eq!(holds(expression, &now, Some(&entry("99"))), Ok(true));
        assert_eq!(holds(expression, &now, Some(&entry("100"))), Ok(false));
        assert_eq!(holds(expression, &now, Some(&json!({"id": {"S": "a"}}))), Ok(false));
    }

    #[test]
    fn what_dynamodb_refuses_is_refused() {
        let now = json!({":now": {"N": "100"}});
        assert!(holds("exp > :now", &now, None).unwrap_err().contains("Syntax error"));
        assert!(holds("exp < :then", &now, None).unwrap_err().contains("not defined"));
        assert!(holds("attribute_not_exists(id)", &now, None).unwrap_err().contains("unused"));
    }
}
