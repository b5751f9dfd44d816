//! Destinations in spaces: made when missing, waited for, and never opened where they are somebody else's.

use crate::stage::{ACCOUNT, Setting, Stage, alice, person, together};
use aws_sdk_sagemaker::error::ProvideErrorMetadata;
use aws_sdk_sagemaker::types::{OwnershipSettings, SharingType, SpaceSettings, SpaceSharingSettings};
use chrono::TimeDelta;
use serde_json::json;
use std::time::Duration;
use studio_gateway::demo::aws::SpaceView;

const PRIVATE: &str = r#"
[[destination]]
key = "lab"
name = "Lab"
domain = "research"
[destination.space]
sharing = "Private"
name = "{profile}-lab"
create = true
app = "JupyterLab"
instance_type = "ml.t3.medium"
ebs_gb = 20
[destination.space.tags]
"team" = "research"
"#;
const SHARED: &str = r#"
[[destination]]
key = "lab"
domain = "research"
[destination.space]
sharing = "Shared"
name = "nlp"
create = true
"#;
const RULE: &str = r#"
[[rule]]
name = "Data scientists"
groups = "data-science"
allow = "lab"
"#;

/// The only way is into a space.
fn into(space: &str) -> Setting {
    Setting::usual().append(space).rules(RULE)
}

/// The only way is into a private space.
pub(crate) fn private() -> Setting {
    into(PRIVATE)
}

#[track_caller]
fn space(stage: &Stage, name: &str) -> SpaceView {
    let found = stage.aws.spaces().into_iter().find(|space| space.name == name);
    found.unwrap_or_else(|| panic!("no space {name}"))
}

#[tokio::test]
async fn a_private_space_is_made_for_its_person_and_opened() {
    let stage = into(PRIVATE).start().await;
    let answer = stage.sign_in(&alice()).await;
    let page = answer.expect_studio("alice").await;
    assert_eq!((page.fact("Space"), page.fact("Landing")), ("alice-lab".into(), "app:JupyterLab:".into()));
    assert_eq!(answer.log().field("space"), "alice-lab");
    let made = space(&stage, "alice-lab");
    assert_eq!((made.owner.as_deref(), made.sharing.as_deref()), (Some("alice"), Some("Private")));
    assert_eq!(made.arn, format!("arn:aws:sagemaker:ap-northeast-2:{ACCOUNT}:space/d-research/alice-lab"));
    assert_eq!(
        made.settings,
        json!({
            "AppType": "JupyterLab",
            "JupyterLabAppSettings": { "DefaultResourceSpec": { "InstanceType": "ml.t3.medium" } },
            "SpaceStorageSettings": { "EbsStorageSettings": { "EbsVolumeSizeInGb": 20 } },
        })
    );
    assert_eq!(
        json!(made.tags),
        json!({ "team": "research", "studiouserid": "alice", "managed-by": "studio-gateway" })
    );

    // Somebody else gets another one, also where their name is hardly the same.
    stage.sign_in(&person("Alice")).await.expect_granted();
    assert_eq!(stage.aws.spaces().len(), 2);
}

#[tokio::test]
async fn a_space_that_was_right_a_moment_ago_is_not_looked_at_again() {
    let stage = into(PRIVATE).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.called();
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.called(), ["AssumeRoleWithSAML", "CreatePresignedDomainUrl"]);

    // Deleted since: found out when the link is to be made, and made anew.
    let admin = stage.admin().await;
    admin.delete_space().domain_id("d-research").space_name("alice-lab").send().await.unwrap();
    let page = stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(page.fact("Space"), "alice-lab");
    assert_eq!(stage.times("sagemaker:CreateSpace"), 2);
}

#[tokio::test]
async fn the_space_of_somebody_else_is_never_opened() {
    // mallory could make a space of that name and see what alice puts into it.
    let hostile = into(PRIVATE).profile("mallory", Some("mallory"), "");
    let stage = hostile.space("alice-lab", Some("mallory"), Some("Private")).start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(409, "space.conflict").because("its owner is \"mallory\", not \"alice\"");
    assert!(!answer.body.contains("mallory"), "whose it is is nobody's business");
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
    assert_eq!(stage.times("sagemaker:CreateSpace"), 0);
}

#[tokio::test]
async fn a_space_that_is_shared_where_a_private_one_has_to_be_is_never_opened() {
    for (owner, sharing, reason) in [
        (Some("alice"), Some("Shared"), "its sharing type is Shared, not Private"),
        (None, None, "its sharing type is unknown, not Private"),
        (None, Some("Private"), "it has no owner"),
    ] {
        let stage = into(PRIVATE).space("Alice-Lab", owner, sharing).start().await;
        stage.sign_in(&alice()).await.expect_refused(409, "space.conflict").because(reason);
        assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
    }
}

#[tokio::test]
async fn somebody_makes_it_a_moment_earlier() {
    // The person's second tab, or another instance.
    let stage = into(PRIVATE).start().await;
    stage.aws.knobs().space_rival("alice", "Private");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert!(stage.called().contains(&"CreateSpace: ResourceInUse".to_owned()));

    let stage = into(PRIVATE).start().await;
    stage.aws.knobs().space_rival("mallory", "Private");
    stage.sign_in(&alice()).await.expect_refused(409, "space.conflict");
    assert_eq!(stage.times("sagemaker:CreateSpace"), 1);
}

#[tokio::test]
async fn a_crowd_of_sign_ins_makes_one_space() {
    let stage = into(SHARED).start().await;
    stage.aws.knobs().pending_describes(2);
    stage.aws.knobs().unseen_describes(1);
    let people: Vec<_> = (0..6).map(|number| person(&format!("p{number}"))).collect();
    for (answer, person) in together(people.iter().map(|one| stage.sign_in(one))).await.iter().zip(&people) {
        assert_eq!(answer.expect_studio(&person.user_id).await.fact("Space"), "nlp");
    }
    assert_eq!(stage.aws.spaces().len(), 1);
}

#[tokio::test]
async fn who_comes_first_owns_a_shared_space_unless_it_is_said() {
    let stage = into(SHARED).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.sign_in(&person("bob")).await.expect_studio("bob").await;
    let made = space(&stage, "nlp");
    assert_eq!((made.owner.as_deref(), made.sharing.as_deref()), (Some("alice"), Some("Shared")));
    assert_eq!(json!(made.tags), json!({}), "alice's tags do not fit what is everyone's");

    let owned = || into(SHARED).set("destination.0.space.owner", "lead").profile("lead", Some("lead"), "");
    let stage = owned().start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(space(&stage, "nlp").owner.as_deref(), Some("lead"));

    let stage = owned().space("nlp", Some("mallory"), Some("Shared")).start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(409, "space.conflict").because("its owner is \"mallory\", not \"lead\"");

    let stage = into(SHARED).set("destination.0.space.owner", "nobody").start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(502, "space.failed").because("UserProfile [nobody] does not exist");
}

#[tokio::test]
async fn a_private_space_where_a_shared_one_has_to_be() {
    let stage = into(SHARED).space("nlp", Some("alice"), Some("Private")).start().await;
    stage.sign_in(&alice()).await.expect_refused(409, "space.conflict").because("Private, not Shared");
}

#[tokio::test]
async fn a_missing_space_is_made_only_where_it_is_said() {
    let stage = into(PRIVATE).without("destination.0.space.create").start().await;
    stage.sign_in(&alice()).await.expect_refused(404, "space.missing").because("\"alice-lab\"");
    assert_eq!(stage.times("sagemaker:CreateSpace"), 0);

    let there = into(PRIVATE).without("destination.0.space.create").profile("alice", Some("alice"), "");
    let stage = there.space("alice-lab", Some("ALICE"), Some("Private")).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_space_that_fails_says_why_in_the_log_only() {
    let stage = into(PRIVATE).start().await;
    stage.aws.knobs().fail_spaces("no subnet-0badcafe");
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(502, "space.failed").because("Failed: no subnet-0badcafe");
    assert!(!answer.body.contains("subnet"));
}

#[tokio::test]
async fn a_space_that_is_not_ready_in_time_is_picked_up_by_the_next_sign_in() {
    let setting = into(PRIVATE).profile("alice", Some("alice"), "").set("domain.0.ready_seconds", 0);
    let stage = setting.start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(2));
    stage.sign_in(&alice()).await.expect_refused(503, "space.pending").because("not in service after 0 s");
    stage.sign_in(&alice()).await.expect_refused(503, "space.pending");
    stage.clock.advance(TimeDelta::minutes(2));
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateSpace"), 1);

    let admin = stage.admin().await;
    admin.delete_space().domain_id("d-research").space_name("alice-lab").send().await.unwrap();
    stage.sign_in(&alice()).await.expect_refused(503, "space.pending").because("Deleting");
}

#[tokio::test]
async fn an_answer_that_gets_lost_makes_no_second_space() {
    let stage = into(PRIVATE).start().await;
    stage.aws.knobs().lose_answer("CreateSpace", 1);
    stage.aws.knobs().unseen_describes(2);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.aws.spaces().len(), 1);
}

#[tokio::test]
async fn the_page_that_watches_tells_of_the_space() {
    let stage = into(PRIVATE).impatient().start().await;
    stage.aws.knobs().pending_describes(1);
    let answer = stage.sign_in(&alice()).await;
    let waiting = answer.expect_preparing();
    assert!(answer.body.contains("Preparing your space"));
    let mut steps = waiting.watch(&stage).await.events();
    steps.dedup();
    let names: Vec<_> = steps.iter().map(|(name, data)| format!("{name} {data}")).collect();
    assert_eq!(
        names,
        ["step signing-in", "step looking", "step creating", "step waiting", "step space", "ready "]
    );
    assert_eq!(space(&stage, "alice-lab").status, "InService");

    let stage = Setting::usual().impatient().start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_preparing();
    assert!(!answer.body.contains("Preparing your space"), "not where there is none");
}

#[tokio::test]
async fn the_service_looks_at_the_space_each_time_it_makes_the_link() {
    let stage = into(PRIVATE).set("domain.0.presign_by", "service").start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.called();
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert!(stage.called().contains(&"DescribeSpace".to_owned()));
}

#[tokio::test]
async fn a_gateway_that_may_not_make_spaces_says_so() {
    let stage = into(PRIVATE)
        .world(|world| {
            world.gateway_keys[0].policies.push(json!({
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Deny", "Action": "sagemaker:CreateSpace", "Resource": "*" }],
            }));
        })
        .start()
        .await;
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied").because("sagemaker:CreateSpace");
}

#[tokio::test]
async fn the_embedded_aws_is_as_strict_as_aws() {
    let stage = Setting::usual()
        .profile("alice", Some("alice"), "")
        .profile("bob", Some("bob"), "")
        .space("bobs", Some("bob"), Some("Private"))
        .space("classic", None, None)
        .start()
        .await;
    let admin = stage.admin().await;
    let create = |name: &str| admin.create_space().domain_id("d-research").space_name(name);
    let owner = OwnershipSettings::builder().owner_user_profile_name("alice").build();
    let alone = create("a").ownership_settings(owner.clone()).send().await.unwrap_err();
    assert_eq!(alone.code(), Some("ValidationException"));
    let private = SpaceSharingSettings::builder().sharing_type(SharingType::Private).build();
    let mine = || create("mine").ownership_settings(owner.clone()).space_sharing_settings(private.clone());
    let wrong = SpaceSettings::builder().app_type("Notepad".into()).build();
    let wrong = mine().space_settings(wrong).send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("ValidationException"));
    mine().send().await.unwrap();
    assert_eq!(mine().send().await.unwrap_err().code(), Some("ResourceInUse"));

    let pages = admin.list_spaces().domain_id_equals("d-research").max_results(2).into_paginator().items();
    let names: Vec<_> = pages.send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(names.len(), 3);

    let link = |space: &str| {
        let link = admin.create_presigned_domain_url().domain_id("d-research").user_profile_name("alice");
        link.space_name(space).send()
    };
    link("mine").await.unwrap();
    link("classic").await.unwrap();
    let others = link("bobs").await.unwrap_err();
    assert!(others.message().unwrap().contains("private to another user profile"));
    assert_eq!(link("none").await.unwrap_err().code(), Some("ResourceNotFound"));
    stage.aws.knobs().pending_for(Duration::from_mins(1));
    create("new").send().await.unwrap();
    assert!(link("new").await.unwrap_err().message().unwrap().contains("Pending"));
}
