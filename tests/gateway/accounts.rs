//! One account per team: the gateway takes a role in the account of the domain, and nothing works without.

use crate::stage::{PROVIDER, Setting, Stage, alice, person, together};
use serde_json::json;
use std::time::Duration;
use studio_gateway::config::Breaker;
use studio_gateway::demo::aws::World;
use studio_gateway::demo::idp::people::Person;
use toml::Value;

const TEAM: &str = "444455556666";
const TEAM_ROLE: &str = "arn:aws:iam::444455556666:role/Analyst";
const PROVISIONER: &str = "arn:aws:iam::444455556666:role/gateway/Provisioner";

/// A third domain, in an account of its own.
fn setting() -> Setting {
    Setting::usual().set("idp.0.saml_providers", Value::from(vec![PROVIDER, TEAM_PROVIDER])).append(&format!(
        r#"
        [[domain]]
        key = "analytics"
        domain_id = "d-analytics"
        region = "us-east-1"
        roles = ["{TEAM_ROLE}"]
        poll_milliseconds = 1
        [domain.profile]
        execution_role = "arn:aws:iam::{TEAM}:role/StudioExecution"
        [domain.provisioner]
        role_arn = "{PROVISIONER}"
        external_id = "studio-gateway/7f3a"
        session_name = "gateway-seoul"
        [[rule]]
        name = "analysts"
        roles = "{TEAM_ROLE}"
        allow = "analytics"
        "#
    ))
}

const TEAM_PROVIDER: &str = "arn:aws:iam::444455556666:saml-provider/corp";

fn analyst(user_id: &str) -> Person {
    Person { roles: vec![format!("{TEAM_ROLE},{TEAM_PROVIDER}")], ..person(user_id) }
}

fn provisioner(world: &mut World) -> &mut studio_gateway::demo::aws::Role {
    world.roles.iter_mut().find(|role| role.arn == PROVISIONER).unwrap()
}

/// Who made the calls of an API, in order.
fn callers(stage: &Stage, api: &str) -> Vec<String> {
    stage.aws.events().into_iter().filter(|event| event.api == api).map(|event| event.principal).collect()
}

#[tokio::test]
async fn a_profile_is_made_in_the_teams_account_by_the_role_there() {
    let stage = setting().start().await;
    stage.sign_in(&analyst("alice")).await.expect_studio("alice").await;
    let profile = stage.aws.profiles().remove(0);
    assert_eq!(profile.arn, "arn:aws:sagemaker:us-east-1:444455556666:user-profile/d-analytics/alice");
    let provisioner = "arn:aws:sts::444455556666:assumed-role/Provisioner/gateway-seoul".to_owned();
    for api in ["sagemaker:DescribeUserProfile", "sagemaker:CreateUserProfile", "sagemaker:ListTags"] {
        assert!(callers(&stage, api).iter().all(|caller| *caller == provisioner), "{api}");
    }
    // The person opens it all the same, by their own session.
    assert_eq!(
        callers(&stage, "sagemaker:CreatePresignedDomainUrl"),
        ["arn:aws:sts::444455556666:assumed-role/Analyst/alice"]
    );
    assert_eq!(
        callers(&stage, "sts:AssumeRole"),
        ["arn:aws:iam::111122223333:role/StudioGateway"],
        "once, though there are several calls"
    );
}

#[tokio::test]
async fn the_role_is_taken_once_for_many_people_and_not_for_the_gateways_own_account() {
    let stage = setting().start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sts:AssumeRole"), 0);
    stage.sign_in(&analyst("first")).await.expect_studio("first").await;
    let people: Vec<_> = (0..5).map(|number| analyst(&format!("user{number}"))).collect();
    for answer in together(people.iter().map(|person| stage.sign_in(person))).await {
        answer.expect_granted();
    }
    assert_eq!(stage.times("sts:AssumeRole"), 1);
}

#[tokio::test]
async fn without_the_role_the_account_is_out_of_reach() {
    let stage = setting().without("domain.2.provisioner").start().await;
    // Who is of another account sees no domain here, whatever their policies say.
    let answer = stage.sign_in(&analyst("alice")).await;
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert_eq!(stage.aws.profiles().len(), 0);
}

#[tokio::test]
async fn the_external_id_has_to_be_the_one_that_the_role_asks_for() {
    for (change, setting) in [
        ("another", setting().set("domain.2.provisioner.external_id", "studio-gateway/0000")),
        ("none", setting().without("domain.2.provisioner.external_id")),
    ] {
        let stage = setting
            .world(|world| {
                provisioner(world).trust_policy["Statement"][0]["Condition"] =
                    json!({"StringEquals": {"sts:ExternalId": "studio-gateway/7f3a"}});
            })
            .start()
            .await;
        stage
            .sign_in(&analyst("alice"))
            .await
            .expect_refused(502, "aws.denied")
            .because("sts:AssumeRole of the provisioner role: AccessDenied");
        assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0, "{change}");
    }
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_gateway() {
    let stage = setting()
        .world(|world| {
            provisioner(world).trust_policy["Statement"][0]["Principal"] =
                json!({"AWS": "arn:aws:iam::111122223333:role/somebody-else"});
        })
        .start()
        .await;
    stage.sign_in(&analyst("alice")).await.expect_refused(502, "aws.denied");
    assert_eq!(stage.aws.profiles().len(), 0);
}

#[tokio::test]
async fn a_role_that_may_not_do_what_it_is_for() {
    let stage = setting().world(|world| provisioner(world).permission_policies.clear()).start().await;
    stage
        .sign_in(&analyst("alice"))
        .await
        .expect_refused(502, "aws.denied")
        .because("sagemaker:DescribeUserProfile: AccessDeniedException");
}

#[tokio::test]
async fn sts_in_trouble_while_the_role_is_taken() {
    let stage = setting().start().await;
    stage.aws.knobs().throttle("sts:AssumeRole", 10);
    stage.sign_in(&analyst("alice")).await.expect_refused(503, "aws.throttled");
    stage.aws.knobs().clear();
    stage.sign_in(&analyst("alice")).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_role_that_nobody_can_take_is_left_alone_for_a_while() {
    const TAKE: &str = "sts:AssumeRole";
    let pause = Duration::from_mins(1);
    let stage = setting()
        .set("aws.attempts", 1)
        .adjust(move |config| config.aws.bounds.breaker = Some(Breaker { failures: 2, pause }))
        .start()
        .await;
    stage.aws.knobs().fail(TAKE, 1_000, 500, "InternalFailure");
    while !stage.gateway.metrics.text().contains(
        "studio_gateway_aws_breaker_open{api=\"sts:AssumeRole\",account=\"444455556666\",region=\"us-east-1\"} 1",
    ) {
        let answer = stage.sign_in(&analyst("alice")).await;
        answer.expect_refused(502, "aws.unavailable").because("sts:AssumeRole of the provisioner role");
    }
    let asked = stage.times(TAKE);
    assert!(asked >= 2);
    stage.aws.knobs().clear();
    let answer = stage.sign_in(&analyst("alice")).await;
    answer.expect_refused(502, "aws.unavailable").because("not called: no answer lately");
    assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(stage.times(TAKE), asked);
    // The gateway's own account has nothing to do with it.
    stage.sign_in(&person("bob")).await.expect_studio("bob").await;
}

#[tokio::test]
async fn taking_the_role_is_counted_like_every_call() {
    let stage = setting().start().await;
    stage.sign_in(&analyst("alice")).await.expect_studio("alice").await;
    let counted = "studio_gateway_aws_calls_total{api=\"sts:AssumeRole\",outcome=\"ok\"} 1";
    assert!(stage.gateway.metrics.text().contains(counted), "{}", stage.gateway.metrics.text());
}
