//! Messages that are refused: each begins as one that would be accepted, and one thing is broken. AWS never hears of it.

use crate::browser::Browser;
use crate::stage::{DATA_SCIENTIST, PROVIDER, Setting, Stage, alice, key, person, stranger_key, together};
use chrono::TimeDelta;
use studio_gateway::demo::idp::response::{Response, names};
use studio_gateway::demo::idp::signature::Signed;

impl Stage {
    /// Posts a response, and checks that it is refused before anything is called at AWS.
    async fn refuses(&self, response: &Response, status: u16, code: &str, reason: &str) {
        self.refuses_xml(&response.sign(key(), Signed::Both).unwrap(), status, code, reason).await;
    }

    async fn refuses_xml(&self, xml: &str, status: u16, code: &str, reason: &str) {
        let answer = self.post_xml(xml).await;
        answer.expect_refused(status, code).because(reason);
        assert_eq!(self.called(), [""; 0]);
    }

    /// Checks a refusal of what alice's response says about her.
    async fn refuses_attribute(&self, name: &str, values: &[&str], code: &str, reason: &str) {
        let response = self.broken(|response| response.assertion.set_attribute(name, values.to_vec()));
        self.refuses(&response, 403, code, reason).await;
    }
}

#[tokio::test]
async fn unsigned() {
    let stage = Stage::new().await;
    let xml = stage.response_for(&alice()).to_xml();
    stage.refuses_xml(&xml, 403, "assertion.rejected", "signature-present").await;
}

#[tokio::test]
async fn signed_by_a_stranger() {
    let stage = Stage::new().await;
    let xml = stage.response_for(&alice()).sign(stranger_key(), Signed::Both).unwrap();
    stage.refuses_xml(&xml, 403, "assertion.rejected", "signature: ").await;
}

#[tokio::test]
async fn changed_after_it_was_signed() {
    let stage = Stage::new().await;
    for signed in [Signed::Response, Signed::Assertion, Signed::Both] {
        let xml = stage.response_for(&alice()).sign(key(), signed).unwrap();
        let forged = xml.replace(">alice<", ">mallory<");
        assert_ne!(xml, forged);
        stage.refuses_xml(&forged, 403, "assertion.rejected", "signature: ").await;
    }
}

#[tokio::test]
async fn a_second_assertion_beside_the_signed_one() {
    let stage = Stage::new().await;
    let evil = stage.response_for(&person("mallory")).to_xml();
    let evil = crate::browser::between(&evil, "<saml:Assertion ", "</saml:Assertion>").unwrap();
    let response = stage.broken(|response| {
        response.extra = format!("<saml:Assertion {evil}</saml:Assertion>");
    });
    let xml = response.sign(key(), Signed::Assertion).unwrap();
    stage.refuses_xml(&xml, 403, "assertion.rejected", "structure").await;
}

#[tokio::test]
async fn expired() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice());
    stage.clock.advance(TimeDelta::minutes(6));
    stage.refuses(&response, 403, "assertion.expired", "; now is ").await;
}

#[tokio::test]
async fn past_its_own_limits() {
    let stage = Stage::new().await;
    let past = stage.clock.now() - TimeDelta::seconds(61);
    let response = stage.broken(|response| response.assertion.conditions.not_on_or_after = Some(past));
    stage.refuses(&response, 403, "assertion.expired", "conditions").await;
    let response = stage.broken(|response| response.assertion.confirmations[0].not_on_or_after = Some(past));
    stage.refuses(&response, 403, "assertion.expired", "confirmation").await;
    let response = stage.broken(|response| {
        let statement = response.assertion.authn_statement.as_mut().unwrap();
        statement.session_not_on_or_after = Some(past);
    });
    stage.refuses(&response, 403, "assertion.expired", "authn-statement").await;
}

#[tokio::test]
async fn not_yet_valid() {
    let stage = Stage::new().await;
    let soon = stage.clock.now() + TimeDelta::seconds(61);
    let response = stage.broken(|response| response.assertion.conditions.not_before = Some(soon));
    stage.refuses(&response, 403, "assertion.expired", "not valid before").await;
    let response = stage.broken(|response| response.assertion.issue_instant = soon);
    stage.refuses(&response, 403, "assertion.expired", "issued in the future").await;
}

#[tokio::test]
async fn used_before() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_studio("alice").await;
    stage.called();
    stage.refuses(&response, 403, "assertion.replayed", "used already").await;
    // As long as it would be valid, it is remembered.
    stage.clock.advance(TimeDelta::seconds(299));
    stage.refuses(&response, 403, "assertion.replayed", "used already").await;
    stage.clock.advance(TimeDelta::seconds(60));
    stage.refuses(&response, 403, "assertion.replayed", "used already").await;
    stage.clock.advance(TimeDelta::seconds(2));
    stage.refuses(&response, 403, "assertion.expired", "issue-instant").await;
}

#[tokio::test]
async fn used_before_and_signed_again() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice());
    let answer = stage.post_xml(&response.sign(key(), Signed::Assertion).unwrap()).await;
    answer.expect_granted();
    stage.called();
    // Another envelope and other bytes, and still the same assertion.
    let mut again = response;
    again.id = "_another".into();
    stage.refuses(&again, 403, "assertion.replayed", "used already").await;
}

#[tokio::test]
async fn used_before_in_another_encoding() {
    let stage = Stage::new().await;
    let xml = stage.response_for(&alice()).sign(key(), Signed::Assertion).unwrap();
    stage.post_xml(&xml).await.expect_granted();
    stage.called();
    // The same signed words, written in another way.
    for again in [
        format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- again -->{xml}\n"),
        xml.replace("samlp:", "p:").replace("xmlns:samlp=", "xmlns:p="),
        xml.replace(">alice<", ">al&#x69;c<![CDATA[e]]><"),
        xml.replace("<samlp:Status>", "\n<samlp:Status >").replace(" Version=", "\n\tVersion="),
        xml.replacen(" ID=\"", " ID=\"_again", 1),
    ] {
        assert_ne!(again, xml);
        stage.refuses_xml(&again, 403, "assertion.replayed", "used already").await;
    }
    // And in another base64 of the same bytes.
    let value = Response::encode(&xml);
    let wrapped: String = value.chars().flat_map(|digit| [digit, '\n']).collect();
    for again in [wrapped, format!(" {value}\r\n")] {
        stage.post_value(&again).await.expect_refused(403, "assertion.replayed").because("used already");
        assert_eq!(stage.called(), [""; 0]);
    }
}

#[tokio::test]
async fn issued_before_the_gateway_started() {
    let stage = Stage::new().await;
    let response = stage.broken(|response| {
        response.assertion.issue_instant -= TimeDelta::seconds(2);
    });
    stage.refuses(&response, 403, "assertion.expired", "issued before this process started").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posted_twenty_times_at_once() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice());
    let answers = together((0..20).map(|_| stage.post(&response))).await;
    let (granted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 303);
    assert_eq!((granted.len(), refused.len()), (1, 19));
    granted[0].expect_studio("alice").await;
    for answer in refused {
        answer.expect_refused(403, "assertion.replayed");
    }
    assert_eq!(stage.times("sts:AssumeRoleWithSAML"), 1);
}

#[tokio::test]
async fn for_another_audience() {
    let stage = Stage::new().await;
    for restrictions in [
        vec![vec!["https://other.example/saml".to_owned()]],
        vec![],
        vec![stage.addressing.audiences.clone(), vec!["https://other.example".into()]],
    ] {
        let response = stage.broken(|response| {
            response.assertion.conditions.audience_restrictions = restrictions;
        });
        stage.refuses(&response, 403, "assertion.rejected", "audience").await;
    }
}

#[tokio::test]
async fn for_another_recipient() {
    let stage = Stage::new().await;
    for recipient in [Some("https://other.example/saml/acs".to_owned()), None] {
        let response = stage.broken(|response| response.assertion.confirmations[0].recipient = recipient);
        stage.refuses(&response, 403, "assertion.rejected", "confirmation").await;
    }
}

#[tokio::test]
async fn for_another_destination() {
    let stage = Stage::new().await;
    let elsewhere = format!("{}/", stage.addressing.acs_url);
    for destination in [Some("https://other.example/saml/acs".to_owned()), Some(elsewhere), None] {
        let response = stage.broken(|response| response.destination = destination);
        stage.refuses(&response, 403, "assertion.rejected", "destination").await;
    }
}

#[tokio::test]
async fn from_another_issuer() {
    let stage = Stage::new().await;
    let response = stage.broken(|response| response.issuer = Some("https://evil.example".into()));
    stage.refuses(&response, 403, "assertion.rejected", "issuer-known").await;
    let response = stage.broken(|response| response.assertion.issuer = "https://evil.example".into());
    stage.refuses(&response, 403, "assertion.rejected", "issuer: ").await;
    let response = stage.broken(|response| {
        response.issuer = None;
        response.assertion.issuer = "https://evil.example\u{2028}\"><script>".into();
    });
    stage.refuses(&response, 403, "assertion.rejected", "issuer-known").await;
}

#[tokio::test]
async fn an_answer_to_nobodys_request() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice()).answering("_never-sent");
    stage.refuses(&response, 403, "sign-in.lost", "in-response-to").await;
}

#[tokio::test]
async fn an_answer_in_another_browser() {
    let stage = Stage::new().await;
    let (_alices_browser, redirect) = stage.login("").await;
    let (id, _) = redirect.authn_request();
    let (other_browser, _) = stage.login("").await;
    let response = stage.response_for(&alice()).answering(&id);
    for browser in [&other_browser, &Browser::default()] {
        let answer = stage.post(&response).from(browser).await;
        answer.expect_refused(403, "sign-in.lost").because("this browser did not make");
    }
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn a_browser_that_lost_its_cookie_is_sent_round_once() {
    let stage = Stage::new().await;
    let (_, redirect) = stage.login("?to=research").await;
    let (id, _) = redirect.authn_request();
    let answer = stage.post(&stage.response_for(&alice()).answering(&id)).relay_state("to.research").await;
    answer.expect_refused(403, "sign-in.lost");
    let refresh = crate::browser::between(&answer.body, "http-equiv=\"refresh\" content=\"0; url=", "\"");
    let path = crate::browser::unescape(&refresh.expect("it goes on by itself"));
    assert!(path.starts_with("/login?"), "{path}");

    let (browser, redirect) = stage.login(path.strip_prefix("/login").unwrap()).await;
    let relay_state = redirect.sent_relay_state().unwrap();
    let (id, _) = redirect.authn_request();
    let response = stage.response_for(&alice()).answering(&id);
    // A browser that keeps no cookies at all is told so, and not sent round for ever.
    let answer = stage.post(&response).relay_state(&relay_state).await;
    answer.expect_refused(403, "sign-in.lost");
    assert!(!answer.body.contains("http-equiv=\"refresh\""), "{}", answer.body);
    // One that does ends where it wanted to go.
    let answer = stage.post(&response).relay_state(&relay_state).from(&browser).await;
    answer.expect_studio("alice").await;
}

#[tokio::test]
async fn an_idp_that_keeps_the_relay_state_to_itself_is_not_asked_for_ever() {
    let stage = Stage::new().await;
    let (_, redirect) = stage.login("").await;
    let (id, _) = redirect.authn_request();
    let response = stage.response_for(&alice()).answering(&id);
    let lost = stage.post(&response).await;
    lost.expect_refused(403, "sign-in.lost");
    assert!(!lost.body.contains("http-equiv=\"refresh\""), "{}", lost.body);
    // Where it comes back, the browser goes round once by itself.
    let lost = stage.post(&response).relay_state(&redirect.sent_relay_state().unwrap()).await;
    lost.expect_refused(403, "sign-in.lost");
    assert!(lost.body.contains("http-equiv=\"refresh\""), "{}", lost.body);
}

#[tokio::test]
async fn an_answer_that_took_too_long() {
    let stage = Stage::new().await;
    let (browser, redirect) = stage.login("").await;
    let (id, _) = redirect.authn_request();
    stage.clock.advance(TimeDelta::minutes(15));
    let answer = stage.post(&stage.response_for(&alice()).answering(&id)).from(&browser).await;
    answer.expect_refused(403, "sign-in.lost");
}

#[tokio::test]
async fn an_answer_with_a_forged_cookie() {
    let stage = Stage::new().await;
    let (browser, redirect) = stage.login("").await;
    let (id, _) = redirect.authn_request();
    let (name, value) = browser.cookies().iter().next().unwrap();
    let mut forged = Browser::default();
    let flipped = if value.starts_with('A') { "B" } else { "A" };
    forged.set(name, &format!("{flipped}{}", &value[1..]));
    let response = stage.response_for(&alice()).answering(&id);
    let answer = stage.post(&response).from(&forged).await;
    answer.expect_refused(403, "sign-in.lost");
}

#[tokio::test]
async fn answers_that_disagree_with_themselves() {
    let stage = Stage::new().await;
    let (browser, redirect) = stage.login("").await;
    let (id, _) = redirect.authn_request();
    let mut response = stage.response_for(&alice()).answering(&id);
    response.in_response_to = Some("_another".into());
    let answer = stage.post(&response).from(&browser).await;
    answer.expect_refused(403, "assertion.rejected").because("different requests");
}

#[tokio::test]
async fn unasked_for_where_that_is_not_allowed() {
    let stage = Setting::usual().set("idp.0.idp_initiated", false).start().await;
    stage.refuses(&stage.response_for(&alice()), 403, "sign-in.unsolicited", "may not start a sign-in").await;
    // The same person, having started here, gets in.
    let (browser, redirect) = stage.login("").await;
    let (id, _) = redirect.authn_request();
    let answer = stage.post(&stage.response_for(&alice()).answering(&id)).from(&browser).await;
    answer.expect_studio("alice").await;
}

#[tokio::test]
async fn declined_at_the_idp() {
    let stage = Stage::new().await;
    let response = stage.response_for(&alice()).declined("<b>She said no</b>");
    let xml = response.sign(key(), Signed::Response).unwrap();
    let answer = stage.post_xml(&xml).await;
    answer.expect_refused(403, "idp.authn-failed").because("Responder/AuthnFailed");
    assert!(!answer.body.contains("She said no"));
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn without_a_role() {
    let stage = Stage::new().await;
    let response = stage.broken(|response| response.assertion.remove_attribute(names::ROLE));
    stage.refuses(&response, 403, "entitlement.none", "none of 0 Role values").await;
}

#[tokio::test]
async fn with_a_role_that_leads_nowhere() {
    let stage = Stage::new().await;
    let auditor = format!("arn:aws:iam::111122223333:role/Auditor,{PROVIDER}");
    stage.refuses_attribute(names::ROLE, &[&auditor], "entitlement.none", "no destination is open").await;
}

#[tokio::test]
async fn with_a_malformed_role() {
    let stage = Stage::new().await;
    let good = format!("{DATA_SCIENTIST},{PROVIDER}");
    for role in [
        DATA_SCIENTIST,
        PROVIDER,
        "",
        "admin",
        "arn:aws:iam::111122223333:role/<script>,arn:aws:iam::111122223333:saml-provider/corp",
        &format!("{DATA_SCIENTIST};{PROVIDER}"),
        &format!("{good},{DATA_SCIENTIST}"),
    ] {
        // One bad value spoils the message, also beside a good one.
        for values in [vec![role], vec![good.as_str(), role]] {
            stage.refuses_attribute(names::ROLE, &values, "identity.invalid", "a Role value is not").await;
        }
    }
}

#[tokio::test]
async fn with_a_role_and_a_provider_of_two_accounts() {
    let stage = Stage::new().await;
    let value = format!("{DATA_SCIENTIST},arn:aws:iam::444455556666:saml-provider/corp");
    stage.refuses_attribute(names::ROLE, &[&value], "identity.invalid", "same account").await;
}

#[tokio::test]
async fn with_a_provider_that_is_not_registered() {
    let stage = Stage::new().await;
    let value = format!("{DATA_SCIENTIST},arn:aws:iam::111122223333:saml-provider/other");
    stage
        .refuses_attribute(
            names::ROLE,
            &[&value],
            "entitlement.none",
            "none of 1 Role values is for a SAML provider",
        )
        .await;
}

#[tokio::test]
async fn without_a_usable_session_name() {
    let stage = Stage::new().await;
    let response = stage.broken(|response| response.assertion.remove_attribute(names::ROLE_SESSION_NAME));
    stage.refuses(&response, 403, "identity.invalid", "RoleSessionName is missing").await;
    stage
        .refuses_attribute(
            names::ROLE_SESSION_NAME,
            &["alice", "alice"],
            "identity.invalid",
            "several values",
        )
        .await;
    // The same in two attributes of one name.
    let response = stage.broken(|response| {
        let twin = response
            .assertion
            .attributes
            .iter()
            .find(|attribute| attribute.name == names::ROLE_SESSION_NAME)
            .cloned()
            .unwrap();
        response.assertion.attributes.push(twin);
    });
    stage.refuses(&response, 403, "identity.invalid", "several values").await;
    for name in ["a", &"a".repeat(65), "alice kim", "alice/../bob", "앨리스", "alice\nbob", ""] {
        stage
            .refuses_attribute(
                names::ROLE_SESSION_NAME,
                &[name],
                "identity.invalid",
                "RoleSessionName is not",
            )
            .await;
    }
}

#[tokio::test]
async fn without_a_usable_user_id() {
    let stage = Stage::new().await;
    let response = stage.broken(|response| response.assertion.remove_attribute(names::STUDIO_USER_ID));
    stage.refuses(&response, 403, "identity.invalid", "user id attribute").await;
    for id in ["", " alice", "alice ", "ali<ce", &"a".repeat(257), "alice\u{0}", "a*"] {
        if id.contains('\0') {
            continue; // XML cannot carry it.
        }
        let response = stage.broken(|response| {
            response.assertion.set_attribute(names::STUDIO_USER_ID, [id]);
        });
        stage.refuses(&response, 403, "identity.invalid", "user id").await;
    }
}

#[tokio::test]
async fn with_a_session_duration_out_of_range() {
    let stage = Stage::new().await;
    for seconds in ["899", "43201", "0", "-900", "an hour", "", "3600.0", "99999999999999999999"] {
        stage
            .refuses_attribute(
                names::SESSION_DURATION,
                &[seconds],
                "identity.invalid",
                "SessionDuration is not",
            )
            .await;
    }
}

#[tokio::test]
async fn with_session_tags_that_sts_does_not_take() {
    let stage = Stage::new().await;
    let tag = |key: &str| format!("{}{key}", names::PRINCIPAL_TAG);
    for (name, values, reason) in [
        (tag("team"), vec!["a", "b"], "several values"),
        (tag("team"), vec!["a;b"], "not a usable tag value"),
        (tag(""), vec!["a"], "a PrincipalTag key"),
        (tag("aws:team"), vec!["a"], "begins with aws:"),
        (tag("StudioUserId"), vec!["a"], "differs from another in case only"),
        (tag(&"k".repeat(129)), vec!["a"], "a PrincipalTag key"),
        (names::TRANSITIVE_TAG_KEYS.into(), vec!["team"], "there is no PrincipalTag"),
        (names::SOURCE_IDENTITY.into(), vec!["aws:alice"], "SourceIdentity"),
        (names::SOURCE_IDENTITY.into(), vec!["a"], "SourceIdentity"),
        (names::SOURCE_IDENTITY.into(), vec!["alice", "bob"], "several values"),
    ] {
        stage.refuses_attribute(&name, &values, "identity.invalid", reason).await;
    }
    let response = stage.broken(|response| {
        for number in 0..50 {
            response.assertion.set_attribute(&tag(&format!("k{number}")), ["v"]);
        }
    });
    stage.refuses(&response, 403, "identity.invalid", "more than 50").await;
}

#[tokio::test]
async fn not_in_the_group() {
    let stage = Stage::new().await;
    for groups in [vec![], vec!["finance"], vec!["Data-Science", "data-science "]] {
        let mut response = stage.response_for(&alice());
        response.assertion.remove_attribute(names::GROUPS);
        if !groups.is_empty() {
            response.assertion.set_attribute(names::GROUPS, groups);
        }
        stage.refuses(&response, 403, "entitlement.none", "no destination is open to").await;
    }
}

#[tokio::test]
async fn with_an_attribute_that_only_resembles_the_name() {
    let stage = Stage::new().await;
    for name in [
        names::ROLE.to_uppercase(),
        names::ROLE.replace("https:", "http:"),
        format!("{} ", names::ROLE),
        "Role".into(),
    ] {
        let response = stage.broken(|response| {
            response.assertion.remove_attribute(names::ROLE);
            response.assertion.set_attribute(&name, [format!("{DATA_SCIENTIST},{PROVIDER}")]);
        });
        stage.refuses(&response, 403, "entitlement.none", "none of 0 Role values").await;
    }
}
