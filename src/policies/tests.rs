use super::*;
use crate::clock::Clock;
use crate::config::{Sources, nothing_remote, read_bytes, read_file};
use std::path::Path;

const EXAMPLE: &str = include_str!("../../deploy/iam/example.toml");

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/iam");
const TEAM_ACCOUNT: &str = include_str!("../../deploy/iam/team-account/example.toml");

fn config(text: &str) -> Config {
    in_folder(FOLDER, text)
}

fn in_folder(folder: &str, text: &str) -> Config {
    let folder = Path::new(folder);
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

/// Names of the policies in a folder, each as it is printed.
fn printed_in(folder: &str, config: &Config) -> Vec<String> {
    let policies = all(config).unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let (printed, notes) = print(&policies, Some(&name), Format::Iam).unwrap();
            assert_eq!(printed, std::fs::read_to_string(&path).unwrap(), "{path:?}: deploy/iam/print.sh");
            assert_eq!(notes, "", "fits the quota of AWS");
            name
        })
        .collect()
}

#[test]
fn what_is_in_deploy_is_what_is_printed() {
    let example = config(EXAMPLE);
    let mut found = printed_in(FOLDER, &example);
    for policy in all(&example).unwrap().iter().filter(|policy| policy.document.is_ok()) {
        assert!(found.iter().any(|name| name == policy.name), "{}: deploy/iam/print.sh", policy.name);
    }
    let folder = format!("{FOLDER}/team-account");
    found.extend(printed_in(&folder, &in_folder(&folder, TEAM_ACCOUNT)));
    for (name, _) in catalogue::templates().unwrap() {
        assert!(found.iter().any(|known| known == name), "{name} is in neither folder");
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
    assert_eq!(lacks("provisioner-trust-policy"), "domain.provisioner");
    assert_eq!(lacks("execution-roles-policy"), "domain.execution_role");
    assert_eq!(lacks("service-presign-policy"), "a domain with presign_by = \"service\"");
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
        "reconcile-policy:444455556666",
        "logs-key:444455556666/us-east-1",
        "gateway-policy",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    let reconcile = document(&config, "reconcile-policy:444455556666").to_string();
    assert!(reconcile.contains("444455556666:user-profile/d-risk/*") && !reconcile.contains("111122223333"));
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
    assert!(second.contains("PrincipalTag/owner"), "the domain's session_tag: {second}");
}

#[test]
fn every_session_tag_that_a_role_needs_is_asked_for() {
    let second = SECOND_ACCOUNT.replace("444455556666:role/Analyst", "111122223333:role/DataScientist");
    let config = least(&format!("{second}session_tag = 'employee'"));
    let trust = document(&config, "trust-policy");
    let tags = &trust["Statement"][1]["Condition"]["StringLike"];
    assert_eq!(tags.as_object().unwrap().len(), 2, "the session has to carry both: {tags}");
    let role = document(&config, "federated-role-policy").to_string();
    assert!(role.contains(r#""sagemaker:ResourceTag/owner":"${aws:PrincipalTag/employee}""#), "{role}");
}

#[test]
fn the_gateway_takes_provisioner_roles_and_leaves_their_domains_to_them() {
    let provisioner = "[domain.provisioner]\nrole_arn = 'arn:aws:iam::444455556666:role/provisioner'";
    let config = least(&format!("{SECOND_ACCOUNT}{provisioner}"));
    let gateway = document(&config, "gateway-policy").to_string();
    assert!(gateway.contains("d-abcdefghijkl") && !gateway.contains("d-risk"), "{gateway}");
    assert!(gateway.contains(r#""Action":"sts:AssumeRole""#) && gateway.contains("role/provisioner"));
    assert!(document(&config, "provisioner-policy").to_string().contains("d-risk"));
    let lacks = |name: &str| {
        all(&config).unwrap().into_iter().find(|policy| policy.name == name).unwrap().document.unwrap_err().0
    };
    assert_eq!(lacks("provisioner-trust-policy"), "policies.gateway_role");
}

#[test]
fn without_an_external_id_none_is_asked_for() {
    let team = TEAM_ACCOUNT.replace("external_id = ", "session_name = ").replace("gateway/vision", "gateway");
    let folder = format!("{FOLDER}/team-account");
    let trust = document(&in_folder(&folder, &team), "provisioner-trust-policy");
    assert_eq!(trust["Statement"][0]["Sid"], "TheGateway");
    assert_eq!(trust["Statement"][0]["Condition"], Value::Null);
}

#[test]
fn each_sink_of_the_audit_may_be_written_to_and_nothing_else() {
    let gateway = |more: &str| document(&least(more), "gateway-policy").to_string();
    assert!(!["logs:", "firehose:", "events:"].iter().any(|service| gateway("").contains(service)));
    let logs = "[audit.cloudwatch_logs]\ngroup = '/gw/audit'\nstream = 'one'";
    assert!(gateway(logs).contains(
        r#""Action":"logs:PutLogEvents","Effect":"Allow","Resource":"arn:aws:logs:ap-northeast-2:111122223333:log-group:/gw/audit:log-stream:one""#
    ));
    assert!(!gateway(logs).contains("firehose:") && !gateway(logs).contains("events:"));
    let firehose = gateway("[audit.firehose]\nstream = 'one'\nregion = 'eu-central-1'");
    assert!(firehose.contains("arn:aws:firehose:eu-central-1:111122223333:deliverystream/one"), "{firehose}");
    let bus = |bus: &str| gateway(&format!("[audit.eventbridge]\nbus = '{bus}'"));
    assert!(bus("one").contains("arn:aws:events:ap-northeast-2:111122223333:event-bus/one"));
    let elsewhere = "arn:aws:events:us-east-1:444455556666:event-bus/one";
    assert!(bus(elsewhere).contains(&format!(r#""Resource":"{elsewhere}""#)));
}

#[test]
fn a_place_whose_account_is_not_known_leaves_the_policy_out() {
    let provisioner = "[domain.provisioner]\nrole_arn = 'arn:aws:iam::111122223333:role/provisioner'";
    for place in [
        "[replay]\nledger = 'dynamodb'\n[replay.dynamodb]\ntable = 'ledger'",
        "[audit.cloudwatch_logs]\ngroup = 'audit'\nstream = 'one'",
        "[audit.firehose]\nstream = 'one'",
        "[audit.eventbridge]\nbus = 'one'",
    ] {
        let policies = all(&least(&format!("{provisioner}\n{place}"))).unwrap();
        let gateway = policies.iter().find(|policy| policy.name == "gateway-policy").unwrap();
        assert_eq!(gateway.document.as_ref().unwrap_err().0, "policies.gateway_role", "{place}");
    }
}

#[test]
fn profiles_are_changed_only_where_they_are_reconciled() {
    let report = document(&least(""), "gateway-policy").to_string();
    assert!(!report.contains("UpdateUserProfile") && !report.contains("DeleteTags"), "{report}");
    let reconciled = EXAMPLE.replace("[domain.profile]", "provisioning = 'reconcile'\n[domain.profile]");
    let policy = document(&config(&reconciled), "gateway-policy").to_string();
    assert!(policy.contains("UpdateUserProfile") && policy.contains("DeleteTags"), "{policy}");
}

#[test]
fn each_domains_roles_have_its_own_boundary_and_policies() {
    let roles = |name: &str| {
        format!(
            "[domain.execution_role]\nname_prefix = '{name}-'\n\
             permissions_boundary = 'arn:aws:iam::111122223333:policy/{name}'\n\
             policies = ['arn:aws:iam::111122223333:policy/{name}Base']\n"
        )
    };
    let second = SECOND_ACCOUNT.replace("444455556666:role/Analyst", "111122223333:role/DataScientist");
    let config = least(&format!("{second}{}", roles("second")));
    let one = document(&config, "execution-roles-policy").to_string();
    assert!(one.contains("policy/secondBase") && !one.contains("MakeRolesWithinTheBoundary2"), "{one}");
    let first = EXAMPLE.split_once("[domain.profile]").unwrap().0;
    let rule = "[[rule]]\nname = 'all'\neveryone = true\nallow = ['research']";
    let both = format!("{first}{}{second}{}{rule}", roles("first"), roles("second"));
    let document = document(&self::config(&both), "execution-roles-policy");
    let attach: Vec<_> = document["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|statement| statement["Sid"].as_str().unwrap().starts_with("AttachAndDetach"))
        .map(ToString::to_string)
        .collect();
    assert_eq!(attach.len(), 2);
    assert!(attach[0].contains("firstBase") && !attach[0].contains("second"), "{}", attach[0]);
    assert!(attach[1].contains("secondBase") && !attach[1].contains("first"), "{}", attach[1]);
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
