//! `AssumeRoleWithSAML`: what the role's trust policy, account and name decide.

use super::fixture::{ACS, Bench, PROVIDER, element, response, signed, trust_policy, world};
use super::saml_sessions::refusal;
use crate::demo::aws::fault::ApiError;
use crate::demo::idp::response::names;
use serde_json::{Value, json};

/// How STS answers with this trust policy, when the assertion has a source identity.
fn with_trust(trust_policy: Value) -> Result<String, ApiError> {
    let mut response = response("alice");
    response.assertion.set_attribute(names::SOURCE_IDENTITY, ["alice"]);
    let mut world = world();
    world.roles[0].trust_policy = trust_policy;
    Bench::new(world).assume(&signed(&response), &[])
}

#[test]
fn the_trust_policy_must_allow_every_action_and_match_the_recipient() {
    let xml = with_trust(trust_policy()).unwrap();
    assert_eq!(element(&xml, "SourceIdentity"), "alice");
    let change = |pointer: &str, value: Value| {
        let mut policy = trust_policy();
        *policy.pointer_mut(pointer).unwrap() = value;
        with_trust(policy)
    };
    let action = "/Statement/0/Action";
    let aud = "/Statement/0/Condition/StringEquals/SAML:aud";
    let iss = "/Statement/0/Condition/StringEquals/SAML:iss";
    for (pointer, value) in [
        (action, json!(["sts:TagSession", "sts:SetSourceIdentity"])),
        (action, json!(["sts:AssumeRoleWithSAML", "sts:SetSourceIdentity"])),
        (action, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"])),
        (aud, json!("https://signin.aws.amazon.com/saml")),
        (iss, json!("https://other.example.com")),
        ("/Statement/0/Principal", json!({"Federated": "arn:aws:iam::111122223333:saml-provider/other"})),
    ] {
        assert_eq!(
            refusal(change(pointer, value.clone())),
            (403, "AccessDenied".into()),
            "{pointer} {value}"
        );
    }
    assert!(change(aud, json!(ACS)).is_ok());
}

#[test]
fn roles_of_another_account_and_reserved_roles_are_refused() {
    for role in
        ["arn:aws:iam::999988887777:role/DataScientist", "arn:aws:iam::111122223333:role/AWSReservedSSO_x"]
    {
        let mut response = response("alice");
        response.assertion.set_attribute(names::ROLE, [format!("{role},{PROVIDER}")]);
        let mut world = world();
        world.roles[0].arn = role.into();
        let result = Bench::new(world).assume(&signed(&response), &[("RoleArn", role)]);
        assert_eq!(refusal(result), (403, "AccessDenied".into()), "{role}");
    }
}
