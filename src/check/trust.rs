//! What a trust policy says about one principal: enough to tell an admin what is missing. AWS decides, not this.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wildmatch::WildMatch;

/// A trust policy.
pub(super) struct Trust(Value);

/// Who is to be trusted.
#[derive(Clone, Copy)]
pub(super) enum Trusted<'a> {
    /// A SAML provider.
    Federated(&'a str),
    /// An AWS service.
    Service(&'a str),
}

/// What a policy says about the audience of SAML responses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Ours is among those that are asked for.
    Ours,
    /// Others are asked for.
    Others(Vec<String>),
    /// None is asked for.
    Any,
}

impl Trust {
    /// Reads `AssumeRolePolicyDocument`, which IAM percent-encodes (RFC 3986).
    pub(super) fn read(document: &str) -> Option<Self> {
        let text = percent_decode_str(document).decode_utf8().ok()?;
        serde_json::from_str(&text).ok().map(Self)
    }

    /// Whether a statement lets them do it. Conditions are not judged.
    pub(super) fn allows(&self, trusted: Trusted<'_>, action: &str) -> bool {
        self.about(trusted, action, "Allow").next().is_some()
    }

    /// Whether a statement denies it, in some cases at least.
    pub(super) fn denies(&self, trusted: Trusted<'_>, action: &str) -> bool {
        self.about(trusted, action, "Deny").next().is_some()
    }

    /// What `SAML:aud` has to be where the action is allowed: the ACS URL that the response was sent to, and not the
    /// audience in it (IAM User Guide, available keys for SAML-based federation).
    pub(super) fn audience(&self, trusted: Trusted<'_>, action: &str, acs_url: &str) -> Audience {
        let mut others = Vec::new();
        for statement in self.about(trusted, action, "Allow") {
            let asked = audiences(statement);
            if asked.is_empty() {
                return Audience::Any;
            }
            if asked.iter().any(|(exact, asked)| {
                if *exact { asked == acs_url } else { WildMatch::new(asked).matches(acs_url) }
            }) {
                return Audience::Ours;
            }
            others.extend(asked.into_iter().map(|(_, asked)| asked));
        }
        Audience::Others(others)
    }

    fn about<'t>(
        &'t self,
        trusted: Trusted<'t>,
        action: &'t str,
        effect: &'t str,
    ) -> impl Iterator<Item = &'t Value> {
        let statements = match self.0.get("Statement") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        statements.iter().filter(move |statement| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && names(statement, action)
                && trusts(statement, trusted)
        })
    }
}

/// Actions do not mind case, and may have wildcards.
fn names(statement: &Value, action: &str) -> bool {
    let among = |patterns: &Value| {
        let mut patterns = strings(patterns).into_iter();
        patterns.any(|pattern| WildMatch::new(&pattern.to_lowercase()).matches(&action.to_lowercase()))
    };
    match (statement.get("Action"), statement.get("NotAction")) {
        (Some(patterns), None) => among(patterns),
        (None, Some(patterns)) => !among(patterns),
        _ => false,
    }
}

fn trusts(statement: &Value, trusted: Trusted<'_>) -> bool {
    let Some(principal) = statement.get("Principal") else { return false };
    let (kind, name) = match trusted {
        Trusted::Federated(name) => ("Federated", name),
        Trusted::Service(name) => ("Service", name),
    };
    principal.as_str() == Some("*")
        || principal
            .get(kind)
            .is_some_and(|names| strings(names).iter().any(|one| *one == name || *one == "*"))
}

/// Values that `SAML:aud` is compared with, and whether exactly. Keys do not mind case.
fn audiences(statement: &Value) -> Vec<(bool, String)> {
    let operators = statement.get("Condition").and_then(Value::as_object);
    let mut found = Vec::new();
    for (operator, keys) in operators.into_iter().flatten() {
        let plain =
            operator.trim_end_matches("IfExists").rsplit(':').next().unwrap_or_default().to_lowercase();
        let exact = match plain.as_str() {
            "stringequals" => true,
            "stringlike" => false,
            _ => continue,
        };
        for (key, values) in keys.as_object().into_iter().flatten() {
            if key.eq_ignore_ascii_case("SAML:aud") {
                found.extend(strings(values).into_iter().map(|value| (exact, value.to_owned())));
            }
        }
    }
    found
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CORP: Trusted<'_> = Trusted::Federated("arn:aws:iam::111122223333:saml-provider/corp");
    const ASSUME: &str = "sts:AssumeRoleWithSAML";
    const ACS: &str = "https://studio.example.com/saml/acs";

    /// A trust policy as the guides have it, with one thing changed.
    fn trust(change: impl FnOnce(&mut Value)) -> Trust {
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "Federated": "arn:aws:iam::111122223333:saml-provider/corp" },
            "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
            "Condition": { "StringEquals": { "SAML:aud": ACS } },
        });
        change(&mut statement);
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let encoded = percent_encoding::utf8_percent_encode(&document, percent_encoding::NON_ALPHANUMERIC);
        Trust::read(&encoded.to_string()).unwrap()
    }

    #[test]
    fn what_is_named_is_allowed_and_nothing_else() {
        let policy = trust(|_| {});
        assert!(policy.allows(CORP, ASSUME) && policy.allows(CORP, "sts:tagsession"));
        assert!(!policy.allows(CORP, "sts:SetSourceIdentity"));
        assert!(!policy.allows(Trusted::Federated("arn:aws:iam::111122223333:saml-provider/other"), ASSUME));
        assert!(!policy.allows(Trusted::Service("sagemaker.amazonaws.com"), ASSUME));
        assert!(trust(|one| one["Action"] = json!("sts:*")).allows(CORP, "sts:SetSourceIdentity"));
        assert!(trust(|one| one["Principal"] = json!("*")).allows(CORP, ASSUME));
        let denied = trust(|one| one["Effect"] = json!("Deny"));
        assert!(!denied.allows(CORP, ASSUME) && denied.denies(CORP, ASSUME));
    }

    #[test]
    fn an_audience_is_compared_as_the_operator_says() {
        let with = |condition: Value| trust(|one| one["Condition"] = condition).audience(CORP, ASSUME, ACS);
        assert_eq!(trust(|_| {}).audience(CORP, ASSUME, ACS), Audience::Ours);
        assert_eq!(with(json!({ "StringLike": { "saml:AUD": "https://*/saml/acs" } })), Audience::Ours);
        let aws = "https://signin.aws.amazon.com/saml";
        assert_eq!(with(json!({ "StringEquals": { "SAML:aud": aws } })), Audience::Others(vec![aws.into()]));
        assert_eq!(with(json!({ "StringEquals": { "SAML:aud": [aws, ACS] } })), Audience::Ours);
        assert_eq!(
            with(json!({ "StringEquals": { "SAML:aud": "https://*/saml/acs" } })),
            Audience::Others(vec!["https://*/saml/acs".into()])
        );
        assert_eq!(with(json!({ "StringEquals": { "SAML:iss": "https://idp" } })), Audience::Any);
    }
}
