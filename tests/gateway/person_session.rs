//! The person's session: the tag that AWS compares, how long it lasts, and who makes the link.

use crate::stage::{Setting, Stage, alice, person};
use studio_gateway::demo::idp::response::names;

const MAIL: &str = "mail";

/// An IdP that names people by an attribute of its own, beside the session tag.
fn named_by_mail() -> Setting {
    Setting::usual().set("idp.0.attributes.user_id", MAIL)
}

fn tag() -> String {
    format!("{}studiouserid", names::PRINCIPAL_TAG)
}

#[tokio::test]
async fn a_session_tag_that_equals_the_user_id_opens_the_profile() {
    let stage = named_by_mail().start().await;
    let response = stage.broken(|response| response.assertion.set_attribute(MAIL, ["alice"]));
    stage.post(&response).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_session_tag_that_is_missing_or_another_is_told_before_aws_is_asked() {
    let stage = named_by_mail().start().await;
    let without = stage.broken(|response| {
        response.assertion.set_attribute(MAIL, ["alice"]);
        response.assertion.remove_attribute(&tag());
    });
    let another = stage.broken(|response| {
        response.assertion.set_attribute(MAIL, ["alice"]);
        response.assertion.set_attribute(&tag(), ["bob"]);
    });
    for (response, reason) in [
        (without, "PrincipalTag:studiouserid is missing"),
        (another, "PrincipalTag:studiouserid is \"bob\", and the owner tag \"alice\""),
    ] {
        stage.post(&response).await.expect_refused(403, "identity.session-tag").because(reason);
    }
    assert_eq!(stage.times("sts:AssumeRoleWithSAML"), 0);
    assert_eq!(stage.aws.profiles().len(), 0, "nothing is made for whom AWS would not let in");
}

#[tokio::test]
async fn another_tag_can_be_the_one_that_is_compared() {
    let stage = Setting::usual().set("domain.0.session_tag", "login").start().await;
    let login = format!("{}login", names::PRINCIPAL_TAG);
    stage
        .sign_in(&alice())
        .await
        .expect_refused(403, "identity.session-tag")
        .because("PrincipalTag:login is missing");
    let response = stage.broken(|response| response.assertion.set_attribute(&login, ["alice"]));
    stage.post(&response).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_longer_session_than_the_role_allows_is_asked_for_again_shorter() {
    let stage = Setting::usual()
        .world(|world| world.roles.iter_mut().for_each(|role| role.max_session_seconds = 3_600))
        .start()
        .await;
    let response =
        stage.broken(|response| response.assertion.set_attribute(names::SESSION_DURATION, ["43200"]));
    stage.post(&response).await.expect_studio("alice").await;
    let events = stage.aws.events();
    let asked: Vec<_> = events
        .iter()
        .filter(|event| event.api == "sts:AssumeRoleWithSAML")
        .map(|event| event.parameters["DurationSeconds"].as_str().unwrap())
        .collect();
    assert_eq!(asked, ["28800", "3600"], "the session at the IdP ends after eight hours");
}

fn by_the_service() -> Setting {
    Setting::usual().set("domain.0.presign_by", "service")
}

#[tokio::test]
async fn the_key_of_the_session_tag_may_be_written_in_another_case() {
    let stage = named_by_mail().start().await;
    let response = stage.broken(|response| {
        response.assertion.set_attribute(MAIL, ["alice"]);
        response.assertion.remove_attribute(&tag());
        response.assertion.set_attribute(&format!("{}StudioUserId", names::PRINCIPAL_TAG), ["alice"]);
    });
    stage.post(&response).await.expect_studio("alice").await;
}

#[tokio::test]
async fn the_service_presigns_where_it_is_told_to() {
    let stage = by_the_service().start().await;
    assert!(stage.gateway.config.warnings.iter().any(|warning| warning.contains("presign_by = \"service\"")));
    let alice = alice();
    stage.sign_in(&alice).await.expect_studio("alice").await;
    stage.called();
    stage.sign_in(&alice).await.expect_studio("alice").await;
    // STS has to accept the person all the same, and the owner tag is looked at each time, once more just before.
    let mut called = stage.called();
    called.sort_unstable();
    let calls =
        ["AssumeRoleWithSAML", "CreatePresignedDomainUrl", "DescribeUserProfile", "ListTags", "ListTags"];
    assert_eq!(called, calls);
    for event in stage.aws.events().iter().filter(|event| event.api.ends_with("CreatePresignedDomainUrl")) {
        assert_eq!(event.principal, "arn:aws:iam::111122223333:role/StudioGateway");
    }
}

#[tokio::test]
async fn the_service_opens_nobody_elses_profile() {
    let stage = by_the_service().profile("alice", Some("mallory"), "").start().await;
    stage.sign_in(&alice()).await.expect_refused(409, "profile.conflict");
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
}

#[tokio::test]
async fn the_service_notices_at_once_that_a_profile_changed_hands() {
    let stage = by_the_service().start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let tag = aws_sdk_sagemaker::types::Tag::builder().key("studiouserid").value("mallory").build();
    let admin = stage.admin().await;
    admin.add_tags().resource_arn(stage.profile("alice").arn).tags(tag).send().await.unwrap();
    stage.sign_in(&alice()).await.expect_refused(409, "profile.conflict").because("mallory");
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 1);
}

#[tokio::test]
async fn the_service_needs_a_role_session_first() {
    let stage = by_the_service()
        .world(|world| {
            for role in &mut world.roles {
                role.trust_policy["Statement"][0]["Condition"]["StringEquals"]["SAML:aud"] =
                    serde_json::json!("https://other.example/acs");
            }
        })
        .start()
        .await;
    stage.sign_in(&person("alice")).await.expect_refused(502, "aws.denied");
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
}

#[tokio::test]
async fn nobody_else_may_presign_by_default() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let events = stage.aws.events();
    let presigned = events.iter().find(|event| event.api == "sagemaker:CreatePresignedDomainUrl").unwrap();
    assert_eq!(presigned.principal, "arn:aws:sts::111122223333:assumed-role/DataScientist/alice");
}
