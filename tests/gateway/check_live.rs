//! `studio-gateway check --live`: a world in which all is well, and one thing broken in it at a time.

use crate::processes::{folder, run};
use crate::stage::{ACCOUNT, DATA_SCIENTIST, EXECUTION_ROLE, IDP, SSO, Setting, Stage, key, stranger_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use studio_gateway::aws::GatewayCredentials;
use studio_gateway::check::{Finding, IDS, Level, look};
use studio_gateway::clock::Clock;
use studio_gateway::demo::aws::{AuthMode, Effect, Fault, Role, World};
use studio_gateway::demo::idp::metadata::metadata_xml;
use studio_gateway::demo::world;
use studio_gateway::load;

const LIMIT: Duration = Duration::from_secs(50);

/// Everything is as it should be.
fn all_well() -> Setting {
    Setting::usual()
        .inside("gateway", "seal_keys = ['file:seal.key']")
        .file("seal.key", &STANDARD.encode([7; 32]))
        .inside("domain.1", &format!("[profile]\nexecution_role = '{EXECUTION_ROLE}'"))
        .shared_ledger()
}

async fn written(name: &str, setting: Setting) -> (Stage, PathBuf) {
    let stage = setting.start().await;
    stage.clock.tick();
    let path = stage.write_into(&folder(name));
    (stage, path)
}

async fn looked(path: &Path, limit: Duration) -> Vec<Finding> {
    let clock = Clock::system();
    let config = load::configuration(path.to_str(), clock.now()).await.unwrap();
    let credentials = GatewayCredentials::Static(world::gateway_credentials());
    Box::pin(look(config, clock, credentials, limit, |_, _| {})).await.findings
}

/// What is not well, as `level id`.
async fn found(name: &str, setting: Setting) -> Vec<String> {
    let (_stage, path) = written(name, setting).await;
    let findings = looked(&path, LIMIT).await;
    for finding in &findings {
        assert_eq!(
            finding.level == Level::Ok,
            finding.fix.is_empty(),
            "every fault has a remedy: {finding:?}"
        );
        assert!(IDS.contains(&finding.id), "{finding:?}");
        assert!(!finding.subject.is_empty() && !finding.says.is_empty(), "{finding:?}");
    }
    let bad = findings.iter().filter(|finding| finding.level != Level::Ok);
    bad.map(|finding| format!("{} {}", finding.level.name(), finding.id)).collect()
}

fn role<'w>(world: &'w mut World, arn: &str) -> &'w mut Role {
    world.roles.iter_mut().find(|role| role.arn == arn).unwrap()
}

/// The statement of the federated role's trust policy that lets people in.
fn trust(world: &mut World) -> &mut Value {
    &mut role(world, DATA_SCIENTIST).trust_policy["Statement"][0]
}

/// Takes the statement with this action out of that trust policy.
fn without(world: &mut World, action: &str) {
    let statements = role(world, DATA_SCIENTIST).trust_policy["Statement"].as_array_mut().unwrap();
    let before = statements.len();
    statements.retain(|statement| statement["Action"] != action);
    assert_eq!(statements.len() + 1, before, "{action}");
}

/// The gateway may not do this any more.
fn deny(world: &mut World, action: &str) {
    world.gateway_keys[0].policies.push(json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Action": action, "Resource": "*" }],
    }));
}

#[test]
fn every_finding_is_in_the_documentation() {
    let rows = include_str!("../../docs/check.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<_> =
        rows.filter_map(|row| row.split('`').next()).filter(|id| !id.starts_with("--")).collect();
    let ids = documented.into_iter().filter(|id| !["error", "warning", "unknown", "ok"].contains(id));
    assert_eq!(ids.collect::<Vec<_>>(), IDS);
}

#[tokio::test]
async fn where_all_is_well_nothing_is_found() {
    assert_eq!(found("live-well", all_well()).await, [""; 0]);
}

type Break = (&'static str, fn(&mut World));

const BROKEN: &[Break] = &[
    ("error saml-provider.exists", |world| world.saml_providers.clear()),
    ("error saml-provider.certificates", |world| {
        world.saml_providers[0].metadata_xml = metadata_xml(IDP, SSO, &[stranger_key()]).unwrap();
    }),
    ("error saml-provider.entity-id", |world| {
        world.saml_providers[0].metadata_xml = metadata_xml("https://other", SSO, &[key()]).unwrap();
    }),
    ("error role.exists", |world| world.roles.retain(|role| role.arn != DATA_SCIENTIST)),
    ("error role.trust", |world| without(world, "sts:TagSession")),
    ("error role.trust", |world| {
        trust(world)["Principal"]["Federated"] = json!("arn:aws:iam::1:saml-provider/x");
    }),
    ("warning role.trust", |world| without(world, "sts:SetSourceIdentity")),
    ("error role.saml-aud", |world| {
        trust(world)["Condition"] =
            json!({ "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } });
    }),
    ("warning role.saml-aud", |world| trust(world)["Condition"] = json!({})),
    ("warning role.session-duration", |world| role(world, DATA_SCIENTIST).max_session_seconds = 3_600),
    ("error domain.status", |world| world.domains[0].status = "Failed".into()),
    ("warning domain.status", |world| world.domains[0].status = "Updating".into()),
    ("error domain.auth-mode", |world| world.domains[0].auth_mode = AuthMode::Sso),
    ("warning domain.network", |world| world.domains[0].public_internet = true),
    ("warning domain.encryption", |world| world.domains[0].kms_key = None),
    ("warning domain.identity", |world| world.domains[0].names_people = false),
    ("error execution-role.exists", |world| world.roles.retain(|role| role.arn != EXECUTION_ROLE)),
    ("error execution-role.trust", |world| {
        role(world, EXECUTION_ROLE).trust_policy["Statement"][0]["Principal"] =
            json!({ "Service": "ec2.amazonaws.com" });
    }),
    ("error execution-role.pass", |world| deny(world, "iam:PassRole")),
    ("error ledger.claim", |world| deny(world, "dynamodb:PutItem")),
    ("warning ledger.expiry", |world| world.tables[0].ends_by = None),
    ("warning ledger.expiry", |world| world.tables[0].ends_by = Some("expires".into())),
    ("unknown saml-provider.exists", |world| deny(world, "iam:GetSAMLProvider")),
    ("unknown ledger.table", |world| deny(world, "dynamodb:DescribeTable")),
    ("unknown ledger.expiry", |world| deny(world, "dynamodb:DescribeTimeToLive")),
];

#[tokio::test]
async fn what_is_broken_is_found_and_nothing_else() {
    for (number, (expected, change)) in BROKEN.iter().enumerate() {
        let found = found(&format!("live-{number}"), all_well().world(change)).await;
        assert_eq!(found, [*expected], "break {number}");
    }
}

#[tokio::test]
async fn what_concerns_each_domain_is_found_for_each() {
    let twice = |one: &str| vec![one.to_owned(), one.to_owned()];
    let denied = |action: &'static str| all_well().world(move |world| deny(world, action));
    let permissions = found("live-permissions", denied("sagemaker:CreateUserProfile")).await;
    assert_eq!(permissions, twice("error gateway.permissions"));
    assert_eq!(
        found("live-describe", denied("sagemaker:DescribeDomain")).await,
        twice("unknown domain.status")
    );
    assert_eq!(found("live-roles", denied("iam:GetRole")).await, {
        let mut all = twice("unknown role.exists");
        all.push("unknown execution-role.exists".into());
        all
    });
    let simulated = found("live-simulated", denied("iam:SimulatePrincipalPolicy")).await;
    assert_eq!(simulated, {
        let mut all = twice("unknown gateway.permissions");
        all.push("unknown execution-role.pass".into());
        all
    });
    let quotas = found("live-quotas", denied("servicequotas:ListServiceQuotas")).await;
    assert_eq!(quotas, ["unknown quota.user-profiles"]);
    let counts = found("live-counts", denied("sagemaker:ListUserProfiles")).await;
    assert_eq!(counts, ["unknown quota.user-profiles"]);
}

#[tokio::test]
async fn a_domain_that_is_not_there_is_told() {
    let setting = all_well().set("domain.0.domain_id", "d-elsewhere").world(|world| {
        world.domains[0].id = "d-research".into();
    });
    let found = found("live-nowhere", setting).await;
    assert!(found.contains(&"error domain.status".to_owned()), "{found:?}");
}

#[tokio::test]
async fn a_new_key_of_the_idp_that_iam_does_not_know_is_told_before_it_is_used() {
    let both = metadata_xml(IDP, SSO, &[key(), stranger_key()]).unwrap();
    let one = metadata_xml(IDP, SSO, &[key()]).unwrap();
    let setting = all_well().replace_file("idp.xml", &both).world(move |world| {
        world.saml_providers[0].metadata_xml.clone_from(&one);
    });
    assert_eq!(found("live-rollover", setting).await, ["warning saml-provider.certificates"]);
}

#[tokio::test]
async fn quotas_are_told_before_they_are_reached() {
    let with = |most: usize| {
        let full =
            (0..4).fold(all_well(), |setting, number| setting.profile(&format!("p{number}"), None, ""));
        full.world(move |world| world.most_profiles = most)
    };
    assert_eq!(found("live-quota-4", with(4)).await, ["error quota.user-profiles"]);
    assert_eq!(found("live-quota-5", with(5)).await, ["warning quota.user-profiles"]);
    assert_eq!(found("live-quota-6", with(6)).await, [""; 0]);
    // It is known by its code, not by its name.
    let another = with(100).world(|world| {
        world.quotas.insert("Maximum number of Studio user profiles allowed per project".into(), 1);
    });
    assert_eq!(found("live-quota-another", another).await, [""; 0]);
}

#[tokio::test]
async fn spaces_have_a_quota_where_anybody_gets_one() {
    let setting = |most: usize| {
        let destination = "[[destination]]\nkey = 'lab'\nname = 'Lab'\ndomain = 'research'\n[destination.space]\nsharing = 'Private'\nname = '{profile}-lab'\ncreate = true\napp = 'JupyterLab'";
        all_well().append(destination).space("one", Some("one"), Some("Private")).world(move |world| {
            world.most_spaces = most;
        })
    };
    assert_eq!(found("live-spaces-1", setting(1)).await, ["error quota.spaces"]);
    assert_eq!(found("live-spaces-9", setting(9)).await, [""; 0]);
}

#[tokio::test]
async fn clocks_that_differ_are_told() {
    let (stage, path) = written("live-clock", all_well()).await;
    for (seconds, level) in [(5, Level::Warning), (90, Level::Error)] {
        stage.clock.tick();
        stage.clock.advance(TimeDelta::seconds(seconds));
        let findings = looked(&path, LIMIT).await;
        let clock = findings.iter().find(|finding| finding.id == "gateway.clock").unwrap();
        assert_eq!(clock.level, level, "{clock:?}");
        assert!(clock.says.contains("behind AWS"), "{clock:?}");
    }
}

#[tokio::test]
async fn a_script_whose_name_is_taken_is_told() {
    let (stage, path) = written("live-lifecycle", all_well()).await;
    let script = looked(&path, LIMIT).await.into_iter().find(|one| one.id == "lifecycle-config").unwrap();
    assert!(script.says.contains("made with the next profile"), "{script:?}");
    let name = script.subject.rsplit('/').next().unwrap();
    let create = stage.admin().await.create_studio_lifecycle_config();
    let create = create.studio_lifecycle_config_name(name).studio_lifecycle_config_content("ZXhpdAo=");
    create.studio_lifecycle_config_app_type("JupyterLab".into()).send().await.unwrap();
    let script = looked(&path, LIMIT).await.into_iter().find(|one| one.id == "lifecycle-config").unwrap();
    assert_eq!(script.level, Level::Error, "{script:?}");
}

#[tokio::test]
async fn metadata_that_cannot_be_fetched_is_told() {
    let setting = all_well().set("idp.0.metadata_url", "http://127.0.0.1:9/metadata");
    assert_eq!(found("live-metadata", setting).await, ["warning idp.metadata"]);
    let setting =
        all_well().set("idp.0.metadata_url", "http://127.0.0.1:9/metadata").without("idp.0.metadata_file");
    assert_eq!(found("live-no-metadata", setting).await, ["error idp.metadata"]);
}

#[tokio::test]
async fn private_access_is_looked_at_where_it_is_configured() {
    let setting = all_well().append("[policies]\nvpc_endpoints = ['vpce-0123456789abcdef0']");
    let (_stage, path) = written("live-private", setting).await;
    let findings = looked(&path, LIMIT).await;
    let of = |level| findings.iter().filter(|one| one.id == "endpoint.private" && one.level == level).count();
    // STS and the API are on loopback here. Of the two domains' own names nobody has ever heard.
    assert_eq!((of(Level::Ok), of(Level::Error)), (2, 2), "{findings:?}");
}

#[tokio::test]
async fn each_account_is_looked_at_as_its_own_role() {
    let provisioner = format!("arn:aws:iam::{ACCOUNT}:role/provisioner");
    let setting = || all_well().inside("domain.1", &format!("[provisioner]\nrole_arn = '{provisioner}'"));
    assert_eq!(found("live-provisioner", setting()).await, [""; 0]);
    let arn = provisioner.clone();
    let broken = setting().world(move |world| {
        role(world, &arn).trust_policy["Statement"][0]["Principal"] =
            json!({ "AWS": "arn:aws:iam::444455556666:root" });
    });
    let found = found("live-no-provisioner", broken).await;
    assert_eq!(found[0], "error gateway.credentials", "{found:?}");
    assert!(found[1..].iter().all(|one| one.starts_with("unknown ")), "{found:?}");
}

#[tokio::test]
async fn what_does_not_answer_in_time_is_unknown() {
    let (stage, path) = written("live-slow", all_well()).await;
    let hold = |call| Fault { api: "sagemaker:DescribeDomain".into(), call, effect: Effect::Hold };
    stage.aws.knobs().schedule((0..8).map(hold).collect());
    let findings = looked(&path, Duration::from_secs(3)).await;
    let late: Vec<_> = findings.iter().filter(|one| one.level == Level::Unknown).collect();
    assert_eq!(late.len(), 2, "{late:?}");
    assert!(
        late.iter().all(|one| one.id == "domain.status" && one.says == "no answer within 3 s"),
        "{late:?}"
    );
}

#[tokio::test]
async fn the_binary_prints_a_table_or_json_and_its_exit_code_is_for_pipelines() {
    let check = |path: &Path, more: &'static [&'static str]| {
        let path = path.to_str().unwrap().to_owned();
        tokio::task::spawn_blocking(move || {
            run(&[&["check", "--live", "--config", path.as_str()][..], more].concat())
        })
    };
    let (_stage, path) = written("live-binary", all_well()).await;
    let (code, table, stderr) = check(&path, &["--strict"]).await.unwrap();
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{table}");
    assert!(table.contains("role.saml-aud") && table.contains("0 error, 0 warning, 0 unknown, "), "{table}");

    let setting = all_well().world(|world| world.domains[0].public_internet = true);
    let (_stage, path) = written("live-binary-warning", setting).await;
    assert_eq!(check(&path, &[]).await.unwrap().0, Some(0), "a warning is no error");
    let (code, stdout, _) = check(&path, &["--strict", "--json"]).await.unwrap();
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&report["summary"]["warning"], &report["summary"]["error"]), (&json!(1), &json!(0)));
    let findings = report["findings"].as_array().unwrap();
    let warning = findings.iter().find(|one| one["level"] == "warning").unwrap();
    assert_eq!(warning["id"], "domain.network");
    assert_eq!(warning["subject"], "research");
    assert!(warning["fix"].as_str().unwrap().contains("update-domain"), "{warning}");

    let setting = all_well().world(|world| world.roles.retain(|role| role.arn != DATA_SCIENTIST));
    let (_stage, path) = written("live-binary-error", setting).await;
    let (code, table, _) = check(&path, &[]).await.unwrap();
    assert_eq!(code, Some(1), "{table}");
    assert!(table.contains("Fix: make the role"), "{table}");
}
