//! One element of a condition: a text that a value has to equal, or a pattern that it has to fit. Case counts, and so
//! does every space. Never a regular expression: what a pattern takes can be seen at once, and it is fast for any value.

use crate::arn::RoleArn;
use std::fmt;
use toml::Value;
use wildmatch::WildMatch;

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Exact(String),
    /// `*` is any number of characters, `?` is one. Nothing else has a meaning, and nothing takes theirs away.
    Like(WildMatch),
}

impl Matcher {
    /// Whether the whole value fits.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match &self.0 {
            Kind::Exact(text) => text == value,
            Kind::Like(pattern) => pattern.matches(value),
        }
    }

    /// The text to be equal to, if it is not a pattern.
    pub(super) fn exact(&self) -> Option<&str> {
        match &self.0 {
            Kind::Exact(text) => Some(text),
            Kind::Like(_) => None,
        }
    }

    pub(super) fn to(text: &str) -> Self {
        Self(Kind::Exact(text.to_owned()))
    }

    /// Reads `"text"` or `{ like = "pattern" }`.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let usable = |text: &&str| !text.is_empty() && !text.chars().any(char::is_control);
        if let Some(text) = value.as_str().filter(usable) {
            return Ok(Self::to(text));
        }
        let table = value.as_table().filter(|table| table.len() == 1);
        let pattern = table.and_then(|table| table.get("like")).and_then(Value::as_str).filter(usable);
        match pattern {
            Some(pattern) if pattern.contains(['*', '?']) => Ok(Self(Kind::Like(WildMatch::new(pattern)))),
            Some(pattern) => Err(format!("{pattern:?} has no * or ?: write it as a plain text")),
            None => Err(format!("expected a text or {{ like = \"...\" }}, got {value}")),
        }
    }

    /// The same for roles, where a text has to be an ARN.
    pub(super) fn parse_role(value: &Value) -> Result<Self, String> {
        let matcher = Self::parse(value)?;
        match matcher.exact() {
            Some(text) if RoleArn::parse(text).is_none() => {
                Err(format!("expected the ARN of an IAM role, or {{ like = \"...\" }}, got {text:?}"))
            }
            _ => Ok(matcher),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Exact(text) => write!(f, "{text:?}"),
            Kind::Like(pattern) => write!(f, "like {:?}", pattern.pattern()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use toml::Table;

    fn like(pattern: &str) -> Matcher {
        Matcher::parse(&Value::Table(Table::from_iter([("like".to_owned(), pattern.into())]))).unwrap()
    }

    /// Whether a pattern fits, by the definition.
    fn fits(pattern: &[char], value: &[char]) -> bool {
        match pattern.split_first() {
            None => value.is_empty(),
            Some(('*', rest)) => (0..=value.len()).any(|taken| fits(rest, &value[taken..])),
            Some(('?', rest)) => !value.is_empty() && fits(rest, &value[1..]),
            Some((c, rest)) => value.first() == Some(c) && fits(rest, &value[1..]),
        }
    }

    #[test]
    fn a_pattern_has_to_fit_the_whole_value() {
        let ml = like("ml-*");
        for value in ["ml-", "ml-platform", "ml-플랫폼"] {
            assert!(ml.matches(value), "{value}");
        }
        for value in ["", "ml", "ML-platform", " ml-x", "xml-x"] {
            assert!(!ml.matches(value), "{value}");
        }
        assert!(like("?").matches("늘") && !like("?").matches(""));
        assert!(like(r"a\*").matches(r"a\b"), "a backslash is a character");
    }

    #[test]
    fn anything_else_is_no_matcher() {
        for text in [
            "''",
            "7",
            "true",
            "{ like = '' }",
            "{ like = 'plain' }",
            "{ unlike = '*' }",
            "{}",
            "\"a\\u0007\"",
        ] {
            let table: Table = format!("v = {text}").parse().unwrap();
            assert!(Matcher::parse(&table["v"]).is_err(), "{text}");
        }
        assert!(Matcher::parse_role(&"DataScientist".into()).is_err());
        assert!(Matcher::parse_role(&"arn:aws:iam::111122223333:role/ML*".into()).is_err());
        assert!(Matcher::parse_role(&"arn:aws:iam::111122223333:role/ML".into()).is_ok());
    }

    proptest! {
        #[test]
        fn a_pattern_means_what_the_definition_says(pattern in "[ab*?]{0,6}[*?]", value in "[ab]{0,8}") {
            let (p, v): (Vec<_>, Vec<_>) = (pattern.chars().collect(), value.chars().collect());
            prop_assert_eq!(like(&pattern).matches(&value), fits(&p, &v));
        }

        #[test]
        fn a_text_is_equal_to_itself_alone(text in "\\PC{1,40}", other in any::<String>()) {
            let exact = Matcher::parse(&text.clone().into()).unwrap();
            prop_assert!(exact.matches(&text));
            prop_assert_eq!(exact.matches(&other), text == other);
        }

        #[test]
        fn no_value_is_too_odd_or_too_long_for_a_pattern(value in any::<String>(), times in 1..200usize) {
            let long = value.repeat(times);
            prop_assert!(like("*").matches(&long));
            let without = long.replace('z', "");
            prop_assert!(!like("*a*?b*z*").matches(&without));
        }
    }
}
