//! The example configurations, as they are shipped: each through the binary, and through sign-ins against the AWS
//! accounts that it expects.

use crate::browser::Browser;
use crate::processes::{folder, run};
use crate::stage::{SCRIPT, Setting, Stage, idp_metadata};
use aws_sdk_sagemaker::types::{OwnershipSettings, SharingType, SpaceSharingSettings};
use serde_json::Value;
use std::fs;
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::names;

const SEVERAL: &str = include_str!("../../config/examples/several-domains.toml");
const ACCOUNTS: &str = include_str!("../../config/examples/account-per-team.toml");
const ONE: &str = include_str!("../../config/examples/one-domain.toml");
const SPACES: &str = include_str!("../../config/examples/spaces.toml");
const PERSON: &str = include_str!("../../config/examples/person.toml");
const VISION_ACCOUNT: &str = "222233334444";
const LANGUAGE_ACCOUNT: &str = "333344445555";

/// What the binary says of a person: whether they may go anywhere, and the explanation. `check` finds nothing to warn of.
fn explain(name: &str, example: &str, user: &str) -> (bool, Value) {
    let folder = folder(name);
    let scripts = folder.join("lifecycle/jupyterlab");
    let examples = folder.join("examples");
    fs::create_dir_all(&scripts).unwrap();
    fs::create_dir_all(&examples).unwrap();
    fs::write(scripts.join("git-config.sh"), SCRIPT).unwrap();
    let write = |name: &str, text: &str| {
        let path = examples.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    write("idp-metadata.xml", &idp_metadata());
    let (config, user) = (write("gateway.toml", example), write("user", user));
    let (code, stdout, stderr) = run(&["check", "--config", &config]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let mut warnings = stdout.lines().filter(|line| line.starts_with("warning: "));
    assert!(warnings.all(|line| line.contains("gateway.seal_keys: none")), "{stdout}");
    let (code, stdout, stderr) = run(&["explain", "--config", &config, "--user", &user, "--json"]);
    let explanation = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    assert!(matches!(code, Some(0 | 1)), "{stderr}");
    (code == Some(0), explanation)
}

/// The destinations that are open, by key.
fn open(explanation: &Value) -> Vec<&str> {
    let destinations = explanation["destinations"].as_array().unwrap().iter();
    destinations.filter(|one| one["open"] == true).map(|one| one["key"].as_str().unwrap()).collect()
}

/// A person as `explain` takes them.
fn written(person: &Person) -> String {
    let mut attributes = serde_json::Map::new();
    attributes.insert(names::ROLE.into(), person.roles.clone().into());
    attributes.insert(names::ROLE_SESSION_NAME.into(), person.session_name.clone().into());
    attributes.insert(format!("{}studiouserid", names::PRINCIPAL_TAG), person.user_id.clone().into());
    attributes.insert(names::GROUPS.into(), person.groups.clone().into());
    for (name, values) in &person.attributes {
        attributes.insert(name.clone(), values.clone().into());
    }
    serde_json::json!({ "attributes": attributes }).to_string()
}

fn person(user_id: &str, account: &str, roles: &[&str], groups: &[&str]) -> Person {
    let mut person = Person::new(user_id, user_id, user_id, "");
    let pair =
        |role: &&str| format!("arn:aws:iam::{account}:role/{role},arn:aws:iam::{account}:saml-provider/corp");
    person.roles = roles.iter().map(pair).collect();
    person.groups = groups.iter().map(ToString::to_string).collect();
    person
}

async fn stage(example: &str) -> Stage {
    Setting::of(example).file("../lifecycle/jupyterlab/git-config.sh", SCRIPT).start().await
}

/// The tag and the execution role of a profile.
#[track_caller]
fn made(stage: &Stage, domain: &str, name: &str) -> (String, String) {
    let mut profiles = stage.aws.profiles().into_iter();
    let profile = profiles.find(|one| one.domain_id == domain && one.name == name).expect("a profile");
    let role = profile.user_settings["ExecutionRole"].as_str().unwrap_or_default().to_owned();
    (profile.tags.get("team").cloned().unwrap_or_default(), role)
}

#[test]
fn the_person_of_the_examples_is_of_the_vision_team() {
    let (somewhere, explanation) = explain("example-person", SEVERAL, PERSON);
    assert!(somewhere, "{explanation:#}");
    assert_eq!(open(&explanation), ["vision"]);
    // Not through the role of the platform team, which they hold as well.
    let roles = &explanation["destinations"][0]["roles"];
    assert_eq!(*roles, serde_json::json!(["arn:aws:iam::111122223333:role/StudioVision"]));
    let profile = &explanation["destinations"][0]["profile"];
    assert_eq!(profile["tags"]["cost-center"], "4711");
    assert_eq!(profile["settings"]["execution_role"], "arn:aws:iam::111122223333:role/VisionExecution");
}

#[tokio::test]
async fn several_domains_in_one_account() {
    let account = "111122223333";
    let mut linguist = person("lee", account, &["StudioLanguage"], &["language-nlp"]);
    linguist.attributes = vec![("costCenter".into(), vec!["12".into()])];
    let mut contractor = linguist.clone();
    contractor.attributes = vec![("employeeType".into(), vec!["staff".into(), "external".into()])];
    let platform = person("pat", account, &["StudioPlatform"], &["ml-platform"]);
    // In the group, but without the role that is meant for it.
    let stranger = person("kim", account, &["StudioVision"], &["language"]);

    assert_eq!(open(&explain("several-1", SEVERAL, &written(&linguist)).1), ["language", "language-code"]);
    assert_eq!(open(&explain("several-2", SEVERAL, &written(&platform)).1), ["vision", "language"]);
    for (name, nobody) in [("several-3", &contractor), ("several-4", &stranger)] {
        let (somewhere, explanation) = explain(name, SEVERAL, &written(nobody));
        assert!(!somewhere && open(&explanation).is_empty(), "{explanation:#}");
    }

    let stage = stage(SEVERAL).await;
    let chooser = stage.sign_in(&linguist).await;
    let mut browser = Browser::default();
    browser.absorb(&chooser);
    let chooser = chooser.expect_chooser();
    let page = stage.choose(&chooser.token, chooser.offer("language-code")).from(&browser).await;
    assert_eq!(page.expect_studio("lee").await.fact("Landing"), "app:CodeEditor:");
    assert_eq!(
        made(&stage, "d-language1111", "lee"),
        ("language".into(), format!("arn:aws:iam::{account}:role/LanguageExecution"))
    );
    let answer = stage.sign_in(&platform).relay_state("to.vision").await;
    answer.expect_studio("pat").await;
    assert_eq!(answer.log().field("rule"), "Platform team");
    assert_eq!(
        made(&stage, "d-vision111111", "pat"),
        ("vision".into(), format!("arn:aws:iam::{account}:role/PlatformExecution"))
    );
    for nobody in [&contractor, &stranger] {
        stage.sign_in(nobody).await.expect_refused(403, "entitlement.none");
    }
}

#[tokio::test]
async fn an_account_for_each_team() {
    let vision = person("ada", VISION_ACCOUNT, &["DataScientist"], &[]);
    let mut both = vision.clone();
    both.roles.extend(person("", LANGUAGE_ACCOUNT, &["DataScientist"], &[]).roles);
    let auditor = person("kim", LANGUAGE_ACCOUNT, &["StudioAuditor"], &["audit"]);
    let curious = person("bob", LANGUAGE_ACCOUNT, &["StudioAuditor"], &[]);
    assert_eq!(open(&explain("accounts-1", ACCOUNTS, &written(&vision)).1), ["vision"]);
    assert_eq!(open(&explain("accounts-2", ACCOUNTS, &written(&both)).1), ["vision", "language"]);
    assert_eq!(open(&explain("accounts-3", ACCOUNTS, &written(&auditor)).1), ["language"]);
    assert!(!explain("accounts-4", ACCOUNTS, &written(&curious)).0);

    let stage = stage(ACCOUNTS).await;
    let page = stage.sign_in(&vision).await.expect_studio("ada").await;
    assert_eq!(page.fact("Domain"), "d-vision222222");
    let page = stage.sign_in(&both).relay_state("to.language").await.expect_studio("ada").await;
    assert_eq!(
        page.fact("Role session"),
        format!("arn:aws:sts::{LANGUAGE_ACCOUNT}:assumed-role/DataScientist/ada")
    );
    assert_eq!(
        made(&stage, "d-language3333", "ada").1,
        format!("arn:aws:iam::{LANGUAGE_ACCOUNT}:role/StudioExecution")
    );
    stage.sign_in(&auditor).await.expect_studio("kim").await;
    stage.sign_in(&curious).await.expect_refused(403, "entitlement.none");
}

#[tokio::test]
async fn one_domain_divided_by_an_attribute() {
    let of = |user_id: &str, team: &[&str]| {
        let mut person = person(user_id, "111122223333", &["DataScientist"], &[]);
        if !team.is_empty() {
            let team = team.iter().map(ToString::to_string).collect();
            person.attributes = vec![(format!("{}team", names::PRINCIPAL_TAG), team)];
        }
        person
    };
    assert_eq!(open(&explain("one-1", ONE, &written(&of("ada", &["vision"]))).1), ["studio"]);
    for (name, team) in [("one-2", &[][..]), ("one-3", &["Vision"]), ("one-4", &["vision", "language"])] {
        assert!(!explain(name, ONE, &written(&of("ada", team))).0);
    }

    let stage = stage(ONE).await;
    for (user_id, team, role) in
        [("ada", "vision", "VisionExecution"), ("lee", "language", "LanguageExecution")]
    {
        stage.sign_in(&of(user_id, &[team])).await.expect_studio(user_id).await;
        let role = format!("arn:aws:iam::111122223333:role/{role}");
        assert_eq!(made(&stage, "d-studio111111", user_id), (team.to_owned(), role));
    }
    stage.sign_in(&of("kim", &["finance"])).await.expect_refused(403, "entitlement.none");
    stage.sign_in(&of("kim", &[])).await.expect_refused(403, "entitlement.none");
    stage.sign_in(&of("kim", &["vision", "language"])).await.expect_refused(403, "identity.invalid");
}

#[tokio::test]
async fn spaces_of_one_s_own_and_of_a_team() {
    let alice = person("alice", "111122223333", &["DataScientist"], &["language"]);
    let lee = person("lee", "111122223333", &["DataScientist"], &["language"]);
    let (_, explanation) = explain("spaces", SPACES, &written(&alice));
    assert_eq!(open(&explanation), ["lab", "language"]);
    let space = |index: usize| &explanation["destinations"][index]["profile"]["space"];
    assert_eq!(
        *space(1),
        serde_json::json!({ "name": "alice-lab", "sharing": "Private", "create": true, "owner": null })
    );
    assert_eq!(space(2)["owner"], "lee");
    assert_eq!(*space(0), Value::Null, "the domain itself is no space");

    let stage = stage(SPACES).await;
    let page = stage.sign_in(&alice).relay_state("to.lab").await.expect_studio("alice").await;
    assert_eq!(page.fact("Space"), "alice-lab");
    stage.sign_in(&alice).relay_state("to.language").await.expect_refused(404, "space.missing");
    // The lead signs in once and makes it.
    stage.sign_in(&lee).relay_state("to.lab").await.expect_studio("lee").await;
    let admin = stage.admin().await;
    let made = admin.create_space().domain_id("d-studio111111").space_name("language");
    let owner = OwnershipSettings::builder().owner_user_profile_name("lee").build();
    let shared = SpaceSharingSettings::builder().sharing_type(SharingType::Shared).build();
    made.ownership_settings(owner).space_sharing_settings(shared).send().await.unwrap();
    let page = stage.sign_in(&alice).relay_state("to.language").await.expect_studio("alice").await;
    assert_eq!(page.fact("Space"), "language");
}
