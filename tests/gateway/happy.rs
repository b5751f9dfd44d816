//! Sign-ins that go well.

use crate::browser::Browser;
use crate::stage::{
    DATA_SCIENTIST, EXECUTION_ROLE, ML_ENGINEER, PROVIDER, SCRIPT, SSO, Setting, Stage, ada, alice, person,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::metadata::metadata_xml;
use studio_gateway::demo::idp::response::names;
use studio_gateway::demo::idp::signature::Signed;

#[tokio::test]
async fn a_returning_person_costs_two_calls() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let mut first = stage.called();
    first.sort();
    assert_eq!(first, ["AssumeRoleWithSAML", "CreatePresignedDomainUrl", "DescribeUserProfile", "ListTags"]);

    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.called(), ["AssumeRoleWithSAML", "CreatePresignedDomainUrl"]);
}

#[tokio::test]
async fn a_newcomer_gets_a_profile_as_configured() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(3);
    let mut newcomer = person("haneul.kim@example.com");
    newcomer.attributes = vec![(format!("{}costcenter", names::PRINCIPAL_TAG), vec!["4711".into()])];
    let name = studio_gateway::profile_name::ProfileName::of("haneul.kim@example.com").to_string();
    let page = stage.sign_in(&newcomer).await.expect_studio(&name).await;

    let profile = stage.profile(&name);
    assert_eq!(profile.status, "InService");
    assert_eq!(
        json!(profile.tags),
        json!({
            "studiouserid": "haneul.kim@example.com",
            "cost-center": "4711",
            "managed-by": "studio-gateway",
        })
    );
    let configs = stage.aws.lifecycle_configs();
    assert_eq!(configs.len(), 1);
    assert!(configs[0].name.starts_with("git-config-"), "{}", configs[0].name);
    assert_eq!(configs[0].name.len(), "git-config-".len() + 16);
    assert_eq!(configs[0].app_type, "JupyterLab");
    assert_eq!(configs[0].content, STANDARD.encode(SCRIPT));
    assert_eq!(
        profile.user_settings,
        json!({
            "ExecutionRole": EXECUTION_ROLE,
            "SecurityGroups": ["sg-0123456789abcdef0"],
            "JupyterLabAppSettings": {
                "LifecycleConfigArns": [configs[0].arn],
                "DefaultResourceSpec": { "LifecycleConfigArn": configs[0].arn },
            },
        })
    );

    assert_eq!(page.fact("cost-center"), "4711");
    assert_eq!(page.fact("JupyterLab (default)"), configs[0].name);
    let called = stage.called();
    assert_eq!(called.iter().filter(|call| *call == "CreateUserProfile").count(), 1);
    assert_eq!(called.last().unwrap(), "CreatePresignedDomainUrl");
    let created = called.iter().position(|call| call == "CreateUserProfile");
    let assumed = called.iter().position(|call| call == "AssumeRoleWithSAML");
    assert!(assumed < created, "nothing is made before STS has agreed: {called:?}");
}

#[tokio::test]
async fn a_second_newcomer_shares_the_lifecycle_config() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.sign_in(&person("bob")).await.expect_studio("bob").await;
    assert_eq!(stage.aws.lifecycle_configs().len(), 1);
    assert_eq!(stage.times("sagemaker:CreateStudioLifecycleConfig"), 1);
    assert_eq!(stage.profile("alice").user_settings, stage.profile("bob").user_settings);
}

#[tokio::test]
async fn a_person_without_the_attribute_gets_no_such_tag() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert!(!stage.profile("alice").tags.contains_key("cost-center"));
}

#[tokio::test]
async fn a_sign_in_that_begins_here_ends_in_the_destination() {
    let stage = Stage::new().await;
    let (browser, redirect) = stage.login("?idp=corp&to=platform").await;
    assert!(redirect.header("location").starts_with(SSO));
    assert_eq!(redirect.sent_relay_state().unwrap(), "to.platform");
    let (id, xml) = redirect.authn_request();
    assert!(xml.contains(&format!("AssertionConsumerServiceURL=\"{}\"", stage.addressing.acs_url)));
    assert!(xml.contains(&format!("Destination=\"{SSO}\"")));

    // She could go to two places, and is not asked: she has said where she wants to go.
    let answer = stage
        .post(&stage.response_for(&ada()).answering(&id))
        .relay_state("to.platform")
        .from(&browser)
        .await;
    let page = answer.expect_studio("ada").await;
    assert_eq!(page.fact("Domain"), "d-platform");
    assert_eq!(page.fact("Landing"), "app:JupyterLab:");
    assert_eq!(answer.log().field("domain"), "platform");
}

#[tokio::test]
async fn login_without_parameters_asks_the_only_idp() {
    let stage = Stage::new().await;
    let (browser, redirect) = stage.login("").await;
    assert_eq!(redirect.sent_relay_state().unwrap(), "first");
    let (id, _) = redirect.authn_request();
    stage
        .post(&stage.response_for(&alice()).answering(&id))
        .from(&browser)
        .await
        .expect_studio("alice")
        .await;
}

#[tokio::test]
async fn two_tabs_are_answered_in_either_order() {
    let stage = Stage::new().await;
    let (mut browser, first) = stage.login("").await;
    let (other, second) = stage.login("").await;
    for (name, value) in other.cookies() {
        browser.set(name, value);
    }
    assert_eq!(browser.cookies().len(), 2, "a cookie for each request");
    for redirect in [second, first] {
        let (id, _) = redirect.authn_request();
        stage
            .post(&stage.response_for(&alice()).answering(&id))
            .from(&browser)
            .await
            .expect_studio("alice")
            .await;
    }
}

#[tokio::test]
async fn somebody_with_two_roles_chooses() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&ada()).await;
    let chooser = answer.expect_chooser();
    assert_eq!(chooser.offers, [format!("research|{DATA_SCIENTIST}"), format!("platform|{ML_ENGINEER}")]);
    for words in ["Research", "ML Platform", "DataScientist", "MLEngineer", "111122223333"] {
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
    assert_eq!(stage.called(), [""; 0], "nothing is called before the choice");

    let mut browser = Browser::default();
    browser.absorb(&answer);
    let answer = stage.choose(&chooser.token, chooser.offer("platform")).from(&browser).await;
    let page = answer.expect_studio("ada").await;
    assert_eq!(page.fact("Domain"), "d-platform");
    assert_eq!(page.fact("Role session"), "arn:aws:sts::111122223333:assumed-role/MLEngineer/ada");
    assert_eq!(stage.times("sts:AssumeRoleWithSAML"), 1);
}

#[tokio::test]
async fn two_choosers_in_one_browser_do_not_get_in_each_others_way() {
    let stage = Stage::new().await;
    let mut browser = Browser::default();
    let first = stage.sign_in(&ada()).await;
    browser.absorb(&first);
    let cookie = first.set_cookies()[0].to_owned();
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    // The next response is a cross-site POST as well: only SameSite=None brings the cookie along.
    assert!(cookie.contains("; Secure; HttpOnly; SameSite=None; "), "{cookie}");
    let second = stage.sign_in(&ada()).from(&browser).await;
    browser.absorb(&second);
    for answer in [&first, &second] {
        let chooser = answer.expect_chooser();
        stage.choose(&chooser.token, chooser.offer("research")).from(&browser).await.expect_granted();
    }
}

#[tokio::test]
async fn a_double_click_opens_studio_twice() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&ada()).await;
    let chooser = answer.expect_chooser();
    let mut browser = Browser::default();
    browser.absorb(&answer);
    let click = || stage.choose(&chooser.token, chooser.offer("research")).from(&browser);
    for answer in crate::stage::together([click(), click()]).await {
        answer.expect_studio("ada").await;
    }
    assert_eq!(stage.aws.profiles().len(), 1);
}

#[tokio::test]
async fn a_role_is_read_in_either_order() {
    let stage = Stage::new().await;
    for value in [format!("{DATA_SCIENTIST},{PROVIDER}"), format!("{PROVIDER},{DATA_SCIENTIST}")] {
        let mut response = stage.response_for(&alice());
        response.assertion.set_attribute(names::ROLE, [value]);
        stage.post(&response).await.expect_studio("alice").await;
    }
}

#[tokio::test]
async fn the_same_role_twice_is_one_choice() {
    let stage = Stage::new().await;
    let mut twice = alice();
    twice.roles.push(format!("{PROVIDER},{DATA_SCIENTIST}"));
    stage.sign_in(&twice).await.expect_studio("alice").await;
}

#[tokio::test]
async fn roles_that_lead_nowhere_do_not_count() {
    let stage = Stage::new().await;
    let mut many = alice();
    many.roles.extend([
        format!("arn:aws:iam::111122223333:role/Auditor,{PROVIDER}"),
        "arn:aws:iam::444455556666:role/DataScientist,arn:aws:iam::444455556666:saml-provider/corp".into(),
        format!("arn:aws:iam::111122223333:role/aws-reserved/AWSReservedSSO_Admin,{PROVIDER}"),
    ]);
    stage.sign_in(&many).await.expect_studio("alice").await;
}

#[tokio::test]
async fn what_the_idp_says_about_the_session_reaches_sts() {
    let stage = Stage::new().await;
    let mut response = stage.response_for(&alice());
    let assertion = &mut response.assertion;
    assertion.set_attribute(names::SESSION_DURATION, ["1800"]);
    assertion.set_attribute(names::SOURCE_IDENTITY, ["alice.kim"]);
    assertion.set_attribute(names::ROLE_SESSION_NAME, ["alice@example.com"]);
    assertion.set_attribute(&format!("{}team", names::PRINCIPAL_TAG), ["vision"]);
    assertion.set_attribute(names::TRANSITIVE_TAG_KEYS, ["team", "studiouserid"]);
    let answer = stage.post(&response).await;
    let page = answer.expect_studio("alice").await;

    assert_eq!(
        page.fact("Role session"),
        "arn:aws:sts::111122223333:assumed-role/DataScientist/alice@example.com"
    );
    assert_eq!(page.fact("Source identity"), "alice.kim");
    assert_eq!(page.fact("team"), "vision");
    let log = answer.log();
    assert_eq!(log.field("source_identity"), "alice.kim");
    assert_eq!(log.field("session_name"), "alice@example.com");
    assert_eq!(log.field("user_id"), "alice");

    let events = stage.aws.events();
    let assumed = events.iter().find(|event| event.api == "sts:AssumeRoleWithSAML").unwrap();
    assert_eq!(assumed.parameters["DurationSeconds"], "1800");
    assert_eq!(assumed.parameters["RoleArn"], DATA_SCIENTIST);
    assert_eq!(assumed.parameters["PrincipalArn"], PROVIDER);
    let policy = assumed.parameters["Policy"].as_str().unwrap();
    assert!(
        policy.contains("arn:aws:sagemaker:ap-northeast-2:111122223333:user-profile/d-research/alice"),
        "{policy}"
    );
    let presigned = events.last().unwrap();
    assert_eq!(presigned.api, "sagemaker:CreatePresignedDomainUrl");
    assert_eq!(
        presigned.principal, "arn:aws:sts::111122223333:assumed-role/DataScientist/alice@example.com",
        "the person opens Studio, and not the gateway"
    );
}

#[tokio::test]
async fn studio_does_not_outlast_the_session_at_the_idp() {
    let stage = Stage::new().await;
    let ends = stage.clock.now() + chrono::TimeDelta::hours(2);
    let response = stage.broken(|response| {
        let statement = response.assertion.authn_statement.as_mut().unwrap();
        statement.session_not_on_or_after = Some(ends);
    });
    let page = stage.post(&response).await.expect_studio("alice").await;
    let until = page.fact("Studio session until");
    assert_eq!(until, ends.format("%Y-%m-%dT%H:%M:%SZ").to_string());
}

#[tokio::test]
async fn the_session_policy_can_be_left_out() {
    let stage = Setting::usual().set("domain.0.session_policy", false).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let events = stage.aws.events();
    let assumed = events.iter().find(|event| event.api == "sts:AssumeRoleWithSAML").unwrap();
    assert_eq!(assumed.parameters.get("Policy"), None);
}

#[tokio::test]
async fn one_signature_is_enough() {
    let stage = Stage::new().await;
    for signed in [Signed::Response, Signed::Assertion, Signed::Both] {
        let xml = stage.response_for(&alice()).sign(crate::stage::key(), signed).unwrap();
        stage.post_xml(&xml).await.expect_studio("alice").await;
    }
}

#[tokio::test]
async fn wrapped_base64_is_passed_on_as_it_came() {
    let stage = Stage::new().await;
    let xml = stage.response_for(&alice()).sign(crate::stage::key(), Signed::Both).unwrap();
    let lines: Vec<String> = STANDARD
        .encode(xml)
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    stage.post_value(&lines.join("\r\n")).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_message_with_hundreds_of_groups_passes() {
    let stage = Stage::new().await;
    let mut busy = alice();
    busy.groups.extend((0..500).map(|number| format!("CN=group-{number},OU=Groups,DC=example,DC=com")));
    let xml = stage.response_for(&busy).sign(crate::stage::key(), Signed::Both).unwrap();
    let value = STANDARD.encode(xml);
    assert!((60_000..100_000).contains(&value.len()), "{}", value.len());
    stage.post_value(&value).await.expect_studio("alice").await;
}

#[tokio::test]
async fn each_of_two_idps_signs_its_own_people_in() {
    let other_key = SigningKey::generate(KeyKind::P256, "Partner IdP").unwrap();
    let metadata =
        metadata_xml("https://partner.example", "https://partner.example/sso", &[&other_key]).unwrap();
    let stage = Setting::usual()
        .file("partner.xml", &metadata)
        .append(
            r#"
            [[idp]]
            key = "partner"
            name = "Partner"
            metadata_file = "partner.xml"
            saml_providers = ["arn:aws:iam::111122223333:saml-provider/partner"]
            "#,
        )
        .start()
        .await;
    let mut bob = person("bob");
    bob.roles = vec![format!("{DATA_SCIENTIST},arn:aws:iam::111122223333:saml-provider/partner")];
    let mut addressing = stage.addressing.clone();
    addressing.idp_entity_id = "https://partner.example".into();
    let response = studio_gateway::demo::idp::response::Response::valid(stage.clock.now(), &addressing, &bob);
    let answer = stage.post_xml(&response.sign(&other_key, Signed::Both).unwrap()).await;
    answer.expect_studio("bob").await;
    assert_eq!(answer.log().field("idp"), "partner");
    stage.sign_in(&alice()).await.expect_studio("alice").await;

    // The partner's key does not speak for the other IdP, and the partner's people do not use its provider.
    let forged = stage.response_for(&alice()).sign(&other_key, Signed::Both).unwrap();
    stage.post_xml(&forged).await.expect_refused(403, "assertion.rejected");
    bob.roles = vec![format!("{DATA_SCIENTIST},{PROVIDER}")];
    let response = studio_gateway::demo::idp::response::Response::valid(stage.clock.now(), &addressing, &bob);
    stage
        .post_xml(&response.sign(&other_key, Signed::Both).unwrap())
        .await
        .expect_refused(403, "entitlement.none");

    // With two of them, the beginning is a page that asks which.
    let home = stage.get("/").await;
    assert!(home.body.contains("Sign in with Example Corp") && home.body.contains("Sign in with Partner"));
    let asked = stage.get("/login").await;
    assert_eq!((asked.status, asked.header("location")), (303, "/"));
}
