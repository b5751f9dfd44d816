//! The evaluator, rule by rule.

use super::*;
use crate::demo::aws::state::Caller;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

const PROFILE: &str = "arn:aws:sagemaker:ap-northeast-2:111122223333:user-profile/d-abc/alice";

fn policy(effect: &str, extra: &Value) -> Value {
    let mut statement =
        json!({"Effect": effect, "Action": "sagemaker:CreatePresignedDomainUrl", "Resource": "*"});
    if let (Some(statement), Some(extra)) = (statement.as_object_mut(), extra.as_object()) {
        statement.extend(extra.clone());
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn context(pairs: &[(&str, &str)]) -> Context {
    let mut context = Context::default();
    for (key, value) in pairs {
        context.add(key, *value);
    }
    context
}

fn asked(policies: &[Value], context: &Context) -> Decision {
    let action = "sagemaker:CreatePresignedDomainUrl";
    decide(policies, Question { action, resource: PROFILE, context })
}

fn conditional(condition: &Value, pairs: &[(&str, &str)]) -> bool {
    asked(&[policy("Allow", &json!({"Condition": condition}))], &context(pairs)) == Decision::Allowed
}

#[test]
fn nothing_is_allowed_by_default_and_deny_wins() {
    let none = Context::default();
    assert_eq!(asked(&[], &none), Decision::ImplicitDeny);
    let allow = policy("Allow", &json!({}));
    assert_eq!(asked(std::slice::from_ref(&allow), &none), Decision::Allowed);
    assert_eq!(asked(&[allow.clone(), policy("Deny", &json!({}))], &none), Decision::ExplicitDeny);
    let elsewhere = policy("Deny", &json!({"Resource": "arn:aws:sagemaker:*:*:user-profile/d-abc/bob"}));
    assert_eq!(asked(&[allow, elsewhere], &none), Decision::Allowed);
}

#[test]
fn actions_ignore_case_and_resources_do_not() {
    let none = Context::default();
    let action = policy("Allow", &json!({"Action": ["SAGEMAKER:createpresigned*"]}));
    assert_eq!(asked(&[action], &none), Decision::Allowed);
    let other = policy("Allow", &json!({"Action": "sagemaker:Describe*"}));
    assert_eq!(asked(&[other], &none), Decision::ImplicitDeny);
    let upper = policy("Allow", &json!({"Resource": PROFILE.to_uppercase()}));
    assert_eq!(asked(&[upper], &none), Decision::ImplicitDeny);
    let one = policy("Allow", &json!({"Resource": PROFILE.replace("alice", "al?ce")}));
    assert_eq!(asked(&[one], &none), Decision::Allowed);
}

#[test]
fn not_action_and_not_resource_are_the_rest() {
    let none = Context::default();
    let not_action = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "NotAction": "sagemaker:Delete*", "Resource": "*"}});
    assert_eq!(asked(&[not_action], &none), Decision::Allowed);
    let not_resource = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "*", "NotResource": PROFILE}});
    assert_eq!(asked(&[not_resource], &none), Decision::ImplicitDeny);
}

#[test]
fn abac_compares_the_resource_tag_with_the_principal_tag() {
    let condition =
        json!({"StringEquals": {"sagemaker:ResourceTag/studiouserid": "${aws:PrincipalTag/studiouserid}"}});
    let resource = "sagemaker:ResourceTag/studiouserid";
    let principal = "aws:PrincipalTag/studiouserid";
    assert!(conditional(&condition, &[(resource, "alice"), (principal, "alice")]));
    assert!(!conditional(&condition, &[(resource, "alice"), (principal, "bob")]));
    assert!(!conditional(&condition, &[(resource, "Alice"), (principal, "alice")]));
    assert!(!conditional(&condition, &[(principal, "alice")]));
    assert!(!conditional(&condition, &[(resource, "${aws:PrincipalTag/studiouserid}")]));
    assert!(!conditional(&condition, &[]));
}

#[test]
fn a_wildcard_in_a_variable_stays_literal() {
    let condition = json!({"StringLike": {"sagemaker:ResourceTag/owner": "${aws:PrincipalTag/owner}-*"}});
    let pairs = [("sagemaker:ResourceTag/owner", "alice-1"), ("aws:PrincipalTag/owner", "*")];
    assert!(!conditional(&condition, &pairs));
    let pairs = [("sagemaker:ResourceTag/owner", "alice-1"), ("aws:PrincipalTag/owner", "alice")];
    assert!(conditional(&condition, &pairs));
    let resource = json!({"Resource": "arn:aws:sagemaker:*:*:user-profile/*/${aws:PrincipalTag/owner}"});
    let of = |owner| asked(&[policy("Allow", &resource)], &context(&[("aws:PrincipalTag/owner", owner)]));
    assert_eq!(of("alice"), Decision::Allowed);
    assert_eq!(of("*"), Decision::ImplicitDeny);
}

#[test]
fn a_missing_key_fails_unless_negated_or_if_exists() {
    for (operator, holds) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringLike", false),
        ("StringEqualsIfExists", true),
        ("StringLikeIfExists", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAllValues:StringEquals", true),
        ("Bool", false),
    ] {
        assert_eq!(conditional(&json!({operator: {"aws:RequestTag/x": "y"}}), &[]), holds, "{operator}");
    }
    assert!(conditional(&json!({"Null": {"aws:RequestTag/x": "true"}}), &[]));
    assert!(!conditional(&json!({"Null": {"aws:RequestTag/x": "false"}}), &[]));
    assert!(conditional(&json!({"Null": {"aws:RequestTag/x": false}}), &[("aws:RequestTag/x", "y")]));
}

#[test]
fn tag_keys_are_counted_by_the_quantifier() {
    let all = json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["owner", "team"]}});
    assert!(conditional(&all, &[("aws:TagKeys", "owner"), ("aws:TagKeys", "team")]));
    assert!(!conditional(&all, &[("aws:TagKeys", "owner"), ("aws:TagKeys", "other")]));
    let any = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["owner"]}});
    assert!(conditional(&any, &[("aws:TagKeys", "owner"), ("aws:TagKeys", "other")]));
    assert!(!conditional(&any, &[("aws:TagKeys", "other")]));
}

#[test]
fn addresses_and_numbers_compare_as_such() {
    let ip = json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.0/8"]}});
    assert!(conditional(&ip, &[("aws:SourceIp", "127.0.0.1")]));
    assert!(!conditional(&ip, &[("aws:SourceIp", "192.0.2.1")]));
    assert!(!conditional(&ip, &[("aws:SourceIp", "::1")]));
    let number = json!({"NumericLessThanEquals": {"sts:DurationSeconds": "3600"}});
    assert!(conditional(&number, &[("sts:DurationSeconds", "900")]));
    assert!(!conditional(&number, &[("sts:DurationSeconds", "3601")]));
}

#[test]
fn what_is_not_understood_never_allows_and_always_denies() {
    let condition = json!({"Condition": {"StringEqualz": {"aws:SourceIp": "x"}}});
    let none = Context::default();
    assert_eq!(asked(&[policy("Allow", &condition)], &none), Decision::ImplicitDeny);
    let denied = asked(&[policy("Allow", &json!({})), policy("Deny", &condition)], &none);
    assert_eq!(denied, Decision::ExplicitDeny);
}

#[test]
fn trust_names_its_principal() {
    let provider = "arn:aws:iam::111122223333:saml-provider/corp";
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEquals": {"SAML:aud": ["https://a/acs", "https://b/acs"]}}}]});
    let ask = |provider, action, aud| {
        decide_trust(&trust, action, Principal::Federated(provider), &context(&[("saml:AUD", aud)]))
    };
    assert_eq!(ask(provider, "sts:AssumeRoleWithSAML", "https://b/acs"), Decision::Allowed);
    assert_eq!(ask(provider, "sts:AssumeRoleWithSAML", "https://c/acs"), Decision::ImplicitDeny);
    assert_eq!(ask(provider, "sts:TagSession", "https://b/acs"), Decision::ImplicitDeny);
    let other = "arn:aws:iam::111122223333:saml-provider/other";
    assert_eq!(ask(other, "sts:AssumeRoleWithSAML", "https://b/acs"), Decision::ImplicitDeny);
}

#[test]
fn faults_of_policy_documents_are_found() {
    assert_eq!(fault(&policy("Allow", &json!({}))), None);
    for bad in [
        json!("text"),
        json!({"Statement": []}),
        json!({"Version": "2012-10-17", "Statement": []}),
        json!({"Version": "2012-10-17", "Statment": []}),
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}),
        policy("Maybe", &json!({})),
        policy("Allow", &json!({"Principal": "*"})),
        policy("Allow", &json!({"Condition": {"StringEqual": {"a": "b"}}})),
    ] {
        assert!(fault(&bad).is_some(), "{bad}");
    }
}

/// A request of `tests/policies/cases.json`, which an independent evaluator judges too (`tests/policies/run.sh`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    allowed: bool,
    action: String,
    principal: String,
    resource: String,
    context: BTreeMap<String, String>,
    /// Names of shipped identity policies; none: the trust policy alone decides.
    identity: Option<Vec<String>>,
    session: Option<Value>,
    boundary: Option<Value>,
    /// Name of a shipped trust policy.
    trust: Option<String>,
}

fn shipped(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("deploy/iam/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

impl Case {
    fn is_allowed(&self) -> bool {
        let mut context = Context::default();
        for (key, value) in &self.context {
            context.add(key, value);
        }
        let trusted = self.trust.as_ref().is_none_or(|name| {
            let principal = match self.principal.as_str() {
                arn if arn.contains(":saml-provider/") => Principal::Federated(arn),
                arn if arn.starts_with("arn:") => Principal::Aws(arn),
                service => Principal::Service(service),
            };
            decide_trust(&shipped(name), &self.action, principal, &context) == Decision::Allowed
        });
        trusted
            && self.identity.as_ref().is_none_or(|names| {
                let caller = Caller {
                    arn: self.principal.clone(),
                    policies: names.iter().map(|name| shipped(name)).collect(),
                    boundary: self.boundary.clone(),
                    session_policy: self.session.clone(),
                    ..Caller::default()
                };
                caller.authorize(&self.action, &self.resource, &context).is_ok()
            })
    }
}

#[test]
fn shipped_policies_say_what_the_table_says() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../../tests/policies/cases.json")).unwrap();
    assert!(cases.len() > 60);
    let wrong: Vec<_> =
        cases.iter().filter(|case| case.is_allowed() != case.allowed).map(|case| &case.name).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for name in cases.iter().flat_map(|case| case.identity.iter().flatten()) {
        assert_eq!(fault(&shipped(name)), None, "{name}");
    }
    for name in cases.iter().filter_map(|case| case.trust.as_ref()) {
        assert_eq!(trust_fault(&shipped(name)), None, "{name}");
    }
    assert_eq!(
        shipped("execution-role-trust-policy"),
        crate::config::RoleTemplate::trust_policy("111122223333"),
        "what the gateway makes roles with is what is shipped"
    );
}

#[test]
fn faults_of_trust_policies_are_found() {
    let trust = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let good = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    assert_eq!(trust_fault(&trust(good)), None);
    for bad in [
        json!({"Effect": "Allow", "Action": "sts:AssumeRole"}),
        json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Resource": "*"}),
        json!({"Effect": "Allow", "NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole"}),
    ] {
        assert!(trust_fault(&trust(bad.clone())).is_some(), "{bad}");
    }
}
