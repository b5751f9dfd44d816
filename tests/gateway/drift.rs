//! Existing profiles that are not as the configuration says: left alone, reported, or brought in line.

use crate::log_lines::{self, LogLine};
use crate::stage::{EXECUTION_ROLE, Setting, Stage, alice, person, together};
use serde_json::json;
use std::time::Duration;
use studio_gateway::demo::aws::Profile;
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::names;

const OLD_ROLE: &str = "arn:aws:iam::111122223333:role/OldExecution";
const OLD_SCRIPT: &str = "arn:aws:sagemaker:ap-northeast-2:111122223333:studio-lifecycle-config/old";

/// A profile from before: another execution role, another cost centre, and things that are none of our business.
fn from_before(name: &str) -> Profile {
    let tags = [("studiouserid", name), ("cost-center", "1234"), ("backup", "weekly")];
    Profile {
        domain_id: "d-research".into(),
        name: name.into(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        user_settings: json!({
            "ExecutionRole": OLD_ROLE,
            "StudioWebPortal": "DISABLED",
            "JupyterLabAppSettings": {
                "LifecycleConfigArns": [OLD_SCRIPT],
                "CustomImages": [{ "ImageName": "pytorch", "AppImageConfigName": "pytorch" }],
            },
        }),
        ..Profile::default()
    }
}

pub(crate) fn setting(provisioning: &str, name: &'static str) -> Setting {
    Setting::usual()
        .set("domain.0.provisioning", provisioning)
        .world(move |world| world.profiles.push(from_before(name)))
}

/// Somebody of this cost centre.
pub(crate) fn in_cost_centre(name: &str, centre: &str) -> Person {
    let mut person = person(name);
    person.attributes = vec![(format!("{}costcenter", names::PRINCIPAL_TAG), vec![centre.into()])];
    person
}

/// What was logged of this person's profile.
fn told(name: &str) -> Option<LogLine> {
    let profile = format!("user-profile/d-research/{name}");
    log_lines::any(|line| line.target.ends_with("provisioning") && line.field("profile").ends_with(&profile))
}

fn changes(called: &[String]) -> Vec<&str> {
    let change =
        |call: &&str| ["AddTags", "DeleteTags", "UpdateUserProfile"].iter().any(|api| call.starts_with(api));
    called.iter().map(String::as_str).filter(change).collect()
}

#[tokio::test]
async fn a_profile_is_left_alone_unless_the_domain_wants_otherwise() {
    let stage = setting("create-only", "left-alone").start().await;
    stage.sign_in(&in_cost_centre("left-alone", "4711")).await.expect_studio("left-alone").await;
    assert_eq!(changes(&stage.called()), Vec::<&str>::new());
    assert!(told("left-alone").is_none());
}

#[tokio::test]
async fn a_difference_is_reported_by_path_and_key_without_values() {
    let stage = setting("report", "reported").start().await;
    stage.sign_in(&in_cost_centre("reported", "4711")).await.expect_studio("reported").await;
    let line = told("reported").unwrap();
    assert_eq!(line.field("message"), "the profile is not like its template");
    assert_eq!(
        line.field("settings"),
        "ExecutionRole, JupyterLabAppSettings.DefaultResourceSpec.LifecycleConfigArn, \
         JupyterLabAppSettings.LifecycleConfigArns, SecurityGroups"
    );
    assert_eq!(line.field("tags_to_set"), "cost-center, managed-by");
    assert_eq!(line.field("tags_to_remove"), "");
    for value in ["4711", "1234", "StudioExecution", "OldExecution", "sg-0123456789abcdef0"] {
        assert!(!line.holds(value), "{value}");
    }
    assert_eq!(changes(&stage.called()), Vec::<&str>::new());
    assert_eq!(json!(stage.profile("reported").tags), json!(from_before("reported").tags));
}

#[tokio::test]
async fn a_difference_is_mended_and_nothing_else_is_touched() {
    let stage = setting("reconcile", "mended").start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(10));
    stage.sign_in(&in_cost_centre("mended", "4711")).await.expect_studio("mended").await;

    let called = stage.called();
    assert_eq!(changes(&called), ["AddTags", "UpdateUserProfile"]);
    let position = |call: &str| called.iter().position(|called| called == call);
    assert!(
        position("CreatePresignedDomainUrl") < position("AddTags"),
        "the way into Studio first: {called:?}"
    );
    let describes = called.iter().filter(|call| *call == "DescribeUserProfile").count();
    assert_eq!(describes, 1, "nobody waits until the update is done: {called:?}");

    let profile = stage.profile("mended");
    assert_eq!(profile.status, "Updating");
    assert_eq!(
        json!(profile.tags),
        json!({ "studiouserid": "mended", "cost-center": "4711", "managed-by": "studio-gateway", "backup": "weekly" })
    );
    let script = &stage.aws.lifecycle_configs()[0].arn;
    assert_eq!(
        profile.user_settings,
        json!({
            "ExecutionRole": EXECUTION_ROLE,
            "SecurityGroups": ["sg-0123456789abcdef0"],
            "StudioWebPortal": "DISABLED",
            "JupyterLabAppSettings": {
                "LifecycleConfigArns": [script],
                "DefaultResourceSpec": { "LifecycleConfigArn": script },
                "CustomImages": [{ "ImageName": "pytorch", "AppImageConfigName": "pytorch" }],
            },
        })
    );
    assert_eq!(
        told("mended").unwrap().field("message"),
        "the profile is being brought in line with its template"
    );

    // Back again at once: two calls, and nothing is compared.
    stage.sign_in(&in_cost_centre("mended", "4711")).await.expect_studio("mended").await;
    assert_eq!(stage.called(), ["AssumeRoleWithSAML", "CreatePresignedDomainUrl"]);
}

#[tokio::test]
async fn a_profile_in_line_costs_nothing_more() {
    let made = Stage::new().await;
    made.sign_in(&in_cost_centre("tidy", "4711")).await.expect_studio("tidy").await;
    let made = made.profile("tidy");
    let profile = Profile { tags: made.tags, user_settings: made.user_settings, ..from_before("tidy") };
    let stage = Setting::usual()
        .set("domain.0.provisioning", "reconcile")
        .world(|world| world.profiles.push(profile))
        .start()
        .await;
    stage.sign_in(&in_cost_centre("tidy", "4711")).await.expect_studio("tidy").await;
    let mut called = stage.called();
    called.sort();
    assert_eq!(called, ["AssumeRoleWithSAML", "CreatePresignedDomainUrl", "DescribeUserProfile", "ListTags"]);
}

#[tokio::test]
async fn a_tag_of_ours_goes_with_the_attribute_that_it_came_from() {
    let stage = setting("reconcile", "moved-on").start().await;
    stage.sign_in(&person("moved-on")).await.expect_studio("moved-on").await;
    assert_eq!(
        json!(stage.profile("moved-on").tags),
        json!({ "studiouserid": "moved-on", "managed-by": "studio-gateway", "backup": "weekly" })
    );
    assert_eq!(told("moved-on").unwrap().field("tags_to_remove"), "cost-center");
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_not_mended() {
    let stage = setting("reconcile", "taken").start().await;
    let admin = stage.admin().await;
    let tag = aws_sdk_sagemaker::types::Tag::builder().key("studiouserid").value("mallory").build();
    admin.add_tags().resource_arn(stage.profile("taken").arn).tags(tag).send().await.unwrap();
    stage.called();
    stage.sign_in(&person("taken")).await.expect_refused(409, "profile.conflict");
    assert_eq!(changes(&stage.called()), Vec::<&str>::new());
}

#[tokio::test]
async fn whoever_may_not_change_profiles_lets_people_in_all_the_same() {
    for (api, code) in [("UpdateUserProfile", "AccessDeniedException"), ("AddTags", "ThrottlingException")] {
        let stage = setting("reconcile", "denied").start().await;
        stage.aws.knobs().fail(api, 10, 400, code);
        stage.sign_in(&in_cost_centre("denied", "4711")).await.expect_studio("denied").await;
        let line = told("denied").unwrap();
        assert!(line.field("reason").contains(code), "{line:?}");
        assert!(line.field("reason").contains(api), "{line:?}");
        // Not at every sign-in: once the profile is looked at again.
        stage.called();
        stage.sign_in(&in_cost_centre("denied", "4711")).await.expect_studio("denied").await;
        assert_eq!(changes(&stage.called()), Vec::<&str>::new());
    }
}

#[tokio::test]
async fn of_two_sign_ins_at_a_time_one_mends() {
    let stage = setting("reconcile", "twice").start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(10));
    let both = (0..4).map(|_| stage.sign_in(&in_cost_centre("twice", "4711")));
    for answer in together(both).await {
        answer.expect_studio("twice").await;
    }
    let updates = stage.called().into_iter().filter(|call| call == "UpdateUserProfile").count();
    assert_eq!(updates, 1);
}

#[tokio::test]
async fn a_new_profile_is_not_held_against_its_template() {
    let stage = Setting::usual().set("domain.0.provisioning", "reconcile").start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(changes(&stage.called()), Vec::<&str>::new());
}

#[tokio::test]
async fn everything_that_the_api_has_can_be_set_and_is_compared() {
    let everything: toml::Table = include_str!("../settings/everything.toml").parse().unwrap();
    let set = |setting: Setting| {
        setting
            .set("domain.1.provisioning", "reconcile")
            .set("domain.1.profile.settings", everything.clone())
            .start()
    };
    let stage = set(Setting::usual()).await;
    let mut engineer = person("engineer");
    engineer.groups.clear();
    engineer.roles = vec![format!("{},{}", crate::stage::ML_ENGINEER, crate::stage::PROVIDER)];
    stage.sign_in(&engineer).await.expect_studio("engineer").await;
    let made = stage.aws.profiles().into_iter().find(|profile| profile.name == "engineer").unwrap();
    assert_eq!(made.user_settings, serde_json::to_value(&everything).unwrap());

    // What AWS tells back is the same, so that nothing is changed; from nothing, everything is.
    for (settings, expected) in [(made.user_settings.clone(), 0), (json!({}), 1)] {
        let profile = Profile {
            domain_id: "d-platform".into(),
            name: "engineer".into(),
            user_settings: settings,
            ..from_before("engineer")
        };
        let stage = set(Setting::usual().world(|world| world.profiles.push(profile))).await;
        stage.sign_in(&engineer).await.expect_studio("engineer").await;
        assert_eq!(stage.times("sagemaker:UpdateUserProfile"), expected);
        let now = stage.aws.profiles().into_iter().find(|profile| profile.name == "engineer").unwrap();
        assert_eq!(now.user_settings, made.user_settings);
    }
}

#[tokio::test]
async fn the_gateway_may_not_change_whose_a_profile_is() {
    let reconciling = Setting::usual().set("domain.0.provisioning", "reconcile");
    let stage = reconciling.profile("alice", Some("mallory"), "").start().await;
    let keys = studio_gateway::demo::world::gateway_credentials();
    let config = stage.admin().await.config().to_builder().credentials_provider(keys).build();
    let gateway = aws_sdk_sagemaker::Client::from_conf(config);
    let tag = |key| aws_sdk_sagemaker::types::Tag::builder().key(key).value("alice").build();
    let arn = stage.profile("alice").arn;
    gateway.add_tags().resource_arn(&arn).tags(tag("team")).send().await.unwrap();
    gateway.add_tags().resource_arn(&arn).tags(tag("studiouserid")).send().await.unwrap_err();
    gateway.delete_tags().resource_arn(&arn).tag_keys("studiouserid").send().await.unwrap_err();
    assert_eq!(stage.profile("alice").tags["studiouserid"], "mallory");
}
