use super::*;
use crate::clock::Clock;
use crate::config::{Sources, nothing_remote, read_bytes, read_file};
use std::path::Path;

const EXAMPLE: &str = include_str!("../../deploy/iam/example.toml");

fn config(text: &str) -> Config {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/iam"));
    let file = |path: &Path| read_file(folder, path);
    let sources = Sources {
        file: &file,
        bytes: &|path: &Path| read_bytes(folder, path),
        variable: &|_| None,
        remote: &nothing_remote,
    };
    Config::parse(text, &sources, Clock::system().now()).unwrap()
}

/// The least that a configuration has, with these tables added.
fn least(more: &str) -> Config {
    let before = EXAMPLE.split_once("[domain.profile]").unwrap().0;
    let rule = "[[rule]]\nname = 'all'\neveryone = true\nallow = ['research']";
    config(&format!("{before}\n{rule}\n{more}"))
}

fn document(config: &Config, name: &str) -> Value {
    let policies = all(config).unwrap();
    let policy = policies.iter().find(|policy| policy.full_name() == name).unwrap();
    policy.document.clone().unwrap()
}

#[test]
fn what_is_in_deploy_is_what_is_printed() {
    let policies = all(&config(EXAMPLE)).unwrap();
    assert!(policies.len() >= 25);
    for policy in &policies {
        let (printed, notes) = print(&policies, Some(policy.name), Format::Iam).unwrap();
        let path = format!("{}/deploy/iam/{}.json", env!("CARGO_MANIFEST_DIR"), policy.name);
        assert_eq!(printed, std::fs::read_to_string(&path).unwrap(), "{path}");
        assert_eq!(notes, "", "fits the quota of AWS");
    }
}

#[test]
fn an_exception_only_ever_narrows_a_deny() {
    // Without its values the condition is left out, which would widen an Allow.
    for (name, template) in catalogue::templates().unwrap() {
        for statement in template.statements {
            let text = Value::Object(statement.clone()).to_string();
            assert!(!text.contains("?}}") || statement["Effect"] == "Deny", "{name}: {text}");
            let denies = statement["Effect"] == "Deny";
            assert!(template.kind != Kind::Guardrail || denies, "{name}: a guardrail only denies");
        }
    }
}

#[test]
fn a_missing_value_leaves_a_policy_out_and_says_which() {
    let policies = all(&least("")).unwrap();
    let lacks = |name: &str| {
        let policy = policies.iter().find(|policy| policy.name == name).unwrap();
        policy.document.as_ref().unwrap_err().0.clone()
    };
    assert_eq!(lacks("instance-types"), "policies.instance_types");
    assert_eq!(lacks("approved-images"), "policies.images");
    assert_eq!(lacks("vpc-endpoint-only"), "policies.vpc_endpoints");
    assert_eq!(lacks("notebook-instances"), "policies.notebook_groups");
    assert_eq!(lacks("provisioner-trust-policy"), "policies.gateway_role");
    let (text, notes) = print(&policies, None, Format::Iam).unwrap();
    assert!(text.contains("# trust-policy: ") && !text.contains("# instance-types: "));
    assert!(notes.contains("instance-types: not printed, it needs policies.instance_types\n"), "{notes}");
    assert!(!text.contains("{{"), "no parameter is left in what is printed");
    let refused = print(&policies, Some("ip-ranges"), Format::Iam).unwrap_err();
    assert_eq!(refused, "ip-ranges: not printed, it needs policies.ip_ranges");
    assert!(print(&policies, Some("nothing"), Format::Iam).unwrap_err().starts_with("there is no policy"));
}

#[test]
fn what_a_configuration_does_not_do_needs_no_permission() {
    let document = document(&least(""), "gateway-policy").to_string();
    assert!(!document.contains("iam:PassRole") && !document.contains("StudioLifecycleConfig"), "{document}");
}

#[test]
fn what_a_rule_brings_is_permitted_too() {
    let rule = "[rule.profile]\nexecution_role = 'arn:aws:iam::111122223333:role/StudioExecutionRisk'";
    let document = document(&least(rule), "gateway-policy").to_string();
    assert!(document.contains("role/StudioExecutionRisk"), "{document}");
}

#[test]
fn the_ledger_is_in_the_gateways_account() {
    let ledger = "[replay]\nledger = 'dynamodb'\n[replay.dynamodb]\ntable = 'used'";
    let alone = document(&least(ledger), "gateway-policy").to_string();
    assert!(alone.contains("arn:aws:dynamodb:ap-northeast-2:111122223333:table/used"), "{alone}");
    let several = all(&least(&format!("{SECOND_ACCOUNT}\n{ledger}"))).unwrap();
    let policy = several.iter().find(|policy| policy.name == "gateway-policy").unwrap();
    assert_eq!(policy.document, Err(Lack("policies.gateway_role".into())), "one of two accounts");
}

const SECOND_ACCOUNT: &str = r#"
    [[domain]]
    key = "risk"
    domain_id = "d-risk"
    region = "us-east-1"
    owner_tag = "owner"
    roles = ["arn:aws:iam::444455556666:role/Analyst"]
"#;

#[test]
fn each_account_has_its_own_policies() {
    let config = least(SECOND_ACCOUNT);
    let policies = all(&config).unwrap();
    let names: Vec<_> = policies.iter().map(Policy::full_name).collect();
    for name in [
        "trust-policy:111122223333/DataScientist",
        "trust-policy:444455556666/Analyst",
        "provisioner-policy:444455556666",
        "logs-key:444455556666/us-east-1",
        "gateway-policy",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    let provisioner = document(&config, "provisioner-policy:444455556666").to_string();
    assert!(
        provisioner.contains("444455556666:user-profile/d-risk/*") && !provisioner.contains("111122223333")
    );
    let trust =
        policies.iter().find(|policy| policy.full_name() == "trust-policy:444455556666/Analyst").unwrap();
    let lack = trust.document.as_ref().unwrap_err();
    assert!(lack.0.contains("idp.saml_providers"), "no IdP leads to this account: {lack:?}");
}

#[test]
fn each_owner_tag_is_asked_of_the_domains_that_have_it() {
    let second = SECOND_ACCOUNT.replace("444455556666:role/Analyst", "111122223333:role/DataScientist");
    let config = least(&second);
    let document = document(&config, "federated-role-policy");
    let statements = document["Statement"].as_array().unwrap();
    let opens = |sid: &str| statements.iter().find(|statement| statement["Sid"] == sid).unwrap().to_string();
    let (first, second) = (opens("OpenOnesOwnProfile"), opens("OpenOnesOwnProfile2"));
    assert!(first.contains("d-abcdefghijkl") && first.contains("PrincipalTag/studiouserid"), "{first}");
    assert!(second.contains("d-risk") && second.contains("ResourceTag/owner"), "{second}");
    assert!(second.contains("PrincipalTag/studiouserid"), "what the IdP sends: {second}");
}

#[test]
fn where_the_user_id_is_no_session_tag_one_like_each_owner_tag_is_asked_for() {
    let second = SECOND_ACCOUNT.replace("444455556666:role/Analyst", "111122223333:role/DataScientist");
    let before = EXAMPLE.split_once("[domain.profile]").unwrap().0;
    let before = before.replace("[[domain]]", "[idp.attributes]\nuser_id = 'employee'\n[[domain]]");
    let rule = "[[rule]]\nname = 'all'\neveryone = true\nallow = ['research']";
    let trust = document(&config(&format!("{before}\n{second}\n{rule}")), "trust-policy");
    let tags = &trust["Statement"][1]["Condition"]["StringLike"];
    assert_eq!(tags.as_object().unwrap().len(), 2, "the session has to carry both: {tags}");
}

#[test]
fn only_guardrails_are_service_control_policies() {
    let policies = all(&config(EXAMPLE)).unwrap();
    let (text, _) = print(&policies, None, Format::Scp).unwrap();
    for policy in &policies {
        let printed = text.contains(&format!("# {}: ", policy.full_name()));
        assert_eq!(printed, policy.kind == Kind::Guardrail, "{}", policy.name);
    }
    let refused = print(&policies, Some("trust-policy"), Format::Scp).unwrap_err();
    assert_eq!(refused, "trust-policy: not a service control policy");
}
