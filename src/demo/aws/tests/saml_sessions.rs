//! `AssumeRoleWithSAML`: what it answers, and each thing that it refuses.

use super::fixture::{
    ACS, Bench, IDP, PROVIDER, ROLE, element, keys, now, response, response_at, signed, world,
};
use crate::demo::aws::fault::ApiError;
use crate::demo::aws::{AWS_AUDIENCES, World};
use crate::demo::idp::metadata::metadata_xml;
use crate::demo::idp::response::names;
use crate::demo::idp::response::{Attribute, Response};
use crate::demo::idp::signature::Signed;
use chrono::TimeDelta;

/// How far clocks may be apart.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Status and code of a refusal.
pub(super) fn refusal(result: Result<String, ApiError>) -> (u16, String) {
    let error = result.unwrap_err();
    (error.status, error.code.to_string())
}

/// How a signed response that `change` has altered is refused, with its message.
fn refused(change: impl FnOnce(&mut Response)) -> (u16, String, String) {
    let mut response = response("alice");
    change(&mut response);
    let error = Bench::new(world()).assume(&signed(&response), &[]).unwrap_err();
    (error.status, error.code.to_string(), error.message)
}

#[track_caller]
fn refused_as(code: &str, part: &str, change: impl FnOnce(&mut Response)) {
    let (_, actual, message) = refused(change);
    assert_eq!(actual, code, "{message}");
    assert!(message.contains(part), "{message}");
}

#[test]
fn a_signed_response_becomes_a_role_session() {
    for what in [Signed::Assertion, Signed::Response, Signed::Both] {
        let mut bench = Bench::new(world());
        let assertion = Response::encode(&response("alice").sign(&keys().0, what).unwrap());
        let xml = bench.assume(&assertion, &[]).unwrap();
        assert_eq!(element(&xml, "Arn"), "arn:aws:sts::111122223333:assumed-role/DataScientist/alice");
        assert_eq!(element(&xml, "Subject"), "alice");
        assert_eq!(element(&xml, "SubjectType"), "persistent");
        assert_eq!(element(&xml, "Issuer"), IDP);
        assert_eq!(element(&xml, "Audience"), ACS);
        assert_eq!(element(&xml, "Expiration"), "2026-03-01T13:00:00Z");
        assert!(element(&xml, "AccessKeyId").starts_with("ASIA"));
        let session = &bench.state.sessions[element(&xml, "AccessKeyId")];
        assert_eq!(session.caller.tags["studiouserid"], "alice");
        assert_eq!(bench.note.resource, ROLE);
    }
}

#[test]
fn white_space_in_base64_is_ignored() {
    let assertion = signed(&response("alice"));
    let wrapped: String = assertion.chars().flat_map(|c| [c, '\n']).collect();
    assert!(Bench::new(world()).assume(&wrapped, &[]).is_ok());
}

#[test]
fn parameters_have_their_limits() {
    let assertion = signed(&response("alice"));
    let long = "x".repeat(100_001);
    let policy = "x".repeat(2049);
    for (name, value) in [
        ("SAMLAssertion", "abc"),
        ("SAMLAssertion", long.as_str()),
        ("DurationSeconds", "899"),
        ("DurationSeconds", "43201"),
        ("DurationSeconds", "7201"),
        ("DurationSeconds", "an hour"),
        ("Policy", policy.as_str()),
        ("Policy", ""),
        ("RoleArn", "DataScientist"),
        ("PrincipalArn", "corp"),
    ] {
        let result = Bench::new(world()).assume(&assertion, &[(name, value)]);
        assert_eq!(refusal(result), (400, "ValidationError".into()), "{name} {}", value.len());
    }
    let arns: Vec<(String, &str)> =
        (1..=11).map(|n| (format!("PolicyArns.member.{n}.arn"), "arn:aws:iam::aws:policy/x")).collect();
    let arns: Vec<(&str, &str)> = arns.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(refusal(Bench::new(world()).assume(&assertion, &arns)).1, "ValidationError");
}

#[test]
fn a_malformed_session_policy_is_refused() {
    let assertion = signed(&response("alice"));
    for policy in ["{", "[]", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}"#] {
        let result = Bench::new(world()).assume(&assertion, &[("Policy", policy)]);
        assert_eq!(refusal(result), (400, "MalformedPolicyDocument".into()), "{policy}");
    }
}

#[test]
fn a_foreign_key_or_no_signature_is_refused() {
    let stranger = response("alice").sign(&keys().1, Signed::Both).unwrap();
    let unsigned = response("alice").to_xml();
    for xml in [stranger, unsigned] {
        let result = Bench::new(world()).assume(&Response::encode(&xml), &[]);
        assert_eq!(refusal(result), (400, "InvalidIdentityToken".into()));
    }
}

#[test]
fn whatever_is_changed_after_signing_is_refused() {
    let xml = response("alice").sign(&keys().0, Signed::Assertion).unwrap();
    let signature_start = xml.find("<ds:Signature").or_else(|| xml.find("<Signature")).unwrap();
    assert!(signature_start > 0);
    for changed in [
        xml.replace(">alice<", ">bob<"),
        xml.replace("DataScientist", "Administrator"),
        xml.replace("rsa-sha256", "rsa-sha1"),
        xml.replace(ACS, "https://evil.example.com/acs"),
        format!("<!DOCTYPE x>{xml}"),
    ] {
        assert_ne!(changed, xml);
        let result = Bench::new(world()).assume(&Response::encode(&changed), &[]);
        assert_eq!(refusal(result), (400, "InvalidIdentityToken".into()));
    }
}

#[test]
fn a_second_assertion_is_refused() {
    let forged = response("mallory").to_xml();
    let start = forged.find("<saml:Assertion").or_else(|| forged.find("<saml2:Assertion")).unwrap();
    let end = forged.rfind("</samlp:Response>").or_else(|| forged.rfind("</saml2p:Response>")).unwrap();
    let extra = forged[start..end].to_owned();
    let (_, code, message) = refused(|r| r.extra = extra);
    assert_eq!(code, "InvalidIdentityToken");
    assert!(message.contains("invalid SAML response"), "{message}");
}

#[test]
fn an_assertion_that_only_a_detached_signature_covers_is_refused() {
    // A genuine signed assertion, wrapped away, with a forged one in its place.
    let genuine = response("alice").sign(&keys().0, Signed::Assertion).unwrap();
    let forged = genuine.replace(">alice<", ">bob<");
    let start = genuine.find("<saml:Assertion").or_else(|| genuine.find("<saml2:Assertion")).unwrap();
    let end = genuine.rfind("</samlp:Response>").or_else(|| genuine.rfind("</saml2p:Response>")).unwrap();
    let wrapped =
        format!("{}<Extensions>{}</Extensions>{}", &forged[..start], &genuine[start..end], &forged[start..]);
    assert_eq!(
        refusal(Bench::new(world()).assume(&Response::encode(&wrapped), &[])).1,
        "InvalidIdentityToken"
    );
}

#[test]
fn a_comment_never_splits_a_value() {
    let mut response = response("alice");
    response.assertion.name_id.as_mut().unwrap().value = "alice.evil".into();
    let xml = response.sign(&keys().0, Signed::Assertion).unwrap();
    // Canonicalisation without comments: the signature still holds, and the name is still the whole name.
    let commented = xml.replace("alice.evil", "alice<!-- -->.evil");
    let result = Bench::new(world()).assume(&Response::encode(&commented), &[]).unwrap();
    assert_eq!(element(&result, "Subject"), "alice.evil");
}

#[test]
fn a_response_is_redeemed_within_five_minutes_and_its_time() {
    let mut bench = Bench::new(world());
    let assertion = {
        let mut response = response_at("alice", now());
        let later = Some(now() + TimeDelta::hours(1));
        response.assertion.conditions.not_on_or_after = later;
        response.assertion.confirmations[0].not_on_or_after = later;
        signed(&response)
    };
    // Clocks may be a minute apart, either way.
    bench.later(359);
    assert!(bench.assume(&assertion, &[]).is_ok());
    bench.later(1);
    let error = bench.assume(&assertion, &[]).unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (400, "ExpiredTokenException"));
    assert_eq!(error.message, "Token must be redeemed within 5 minutes of issuance");

    refused_as("ExpiredTokenException", "expired", |r| {
        r.assertion.conditions.not_on_or_after = Some(now() - SKEW);
    });
    refused_as("ExpiredTokenException", "expired", |r| {
        r.assertion.confirmations[0].not_on_or_after = Some(now() - SKEW);
    });
    refused_as("ExpiredTokenException", "expired", |r| {
        r.assertion.authn_statement.as_mut().unwrap().session_not_on_or_after = Some(now() - SKEW);
    });
    refused_as("InvalidIdentityToken", "not yet valid", |r| {
        r.assertion.conditions.not_before = Some(now() + SKEW + TimeDelta::seconds(1));
    });
    refused_as("InvalidIdentityToken", "not yet valid", |r| {
        r.assertion.issue_instant = now() + SKEW + TimeDelta::seconds(1);
    });
    let mut bounds = response("alice");
    bounds.issue_instant = now() + SKEW;
    bounds.assertion.issue_instant = now() + SKEW;
    bounds.assertion.conditions.not_before = Some(now() + SKEW);
    let inside = now() - SKEW + TimeDelta::seconds(1);
    bounds.assertion.conditions.not_on_or_after = Some(inside);
    bounds.assertion.confirmations[0].not_on_or_after = Some(inside);
    let statement = bounds.assertion.authn_statement.as_mut().unwrap();
    statement.session_not_on_or_after = Some(inside);
    let xml = Bench::new(world()).assume(&signed(&bounds), &[]).unwrap();
    // The identity provider's clock says that one second is left.
    assert_eq!(element(&xml, "Expiration"), "2026-03-01T12:00:01Z");
}

#[test]
fn the_trust_policy_chooses_among_the_recipients() {
    let with = |recipients: &[&str]| {
        let mut response = response("alice");
        let one = response.assertion.confirmations[0].clone();
        let confirm = |recipient: &&str| {
            let mut confirmation = one.clone();
            confirmation.recipient = Some((*recipient).to_owned());
            confirmation
        };
        response.assertion.confirmations = recipients.iter().map(confirm).collect();
        Bench::new(world()).assume(&signed(&response), &[])
    };
    let (evil, other) = ("https://evil.example.com/acs", "https://other.example.com/acs");
    for (recipients, audience) in [([ACS, evil], ACS), ([evil, ACS], ACS), ([other, ACS], other)] {
        assert_eq!(element(&with(&recipients).unwrap(), "Audience"), audience);
    }
    assert_eq!(refusal(with(&[evil, evil])), (403, "AccessDenied".into()));
}

#[test]
fn one_entity_of_several_in_the_metadata() {
    let mut world = world();
    let provider = &mut world.saml_providers[0];
    let stranger = metadata_xml("https://second.example.com", "https://second.example.com/sso", &[&keys().1]);
    provider.metadata_xml = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</md:EntitiesDescriptor>",
        stranger.unwrap(),
        provider.metadata_xml
    );
    let assertion = signed(&response("alice"));
    let answer = |world: &World| Bench::new(world.clone()).assume(&assertion, &[]);
    assert_eq!(refusal(answer(&world)).1, "InvalidIdentityToken");
    world.saml_providers[0].entity_id = Some(IDP.into());
    assert!(answer(&world).is_ok());
    world.saml_providers[0].entity_id = Some("https://second.example.com".into());
    assert_eq!(refusal(answer(&world)).1, "InvalidIdentityToken");
}

#[test]
fn issuer_status_audience_and_confirmation_must_be_right() {
    refused_as("InvalidIdentityToken", "Issuer", |r| {
        r.assertion.issuer = "https://other.example.com".into();
    });
    refused_as("InvalidIdentityToken", "Issuer", |r| {
        r.issuer = Some("https://other.example.com".into());
    });
    let (status, code, _) = refused(|r| r.status.code = names::RESPONDER.into());
    assert_eq!((status, code.as_str()), (403, "IDPRejectedClaim"));
    refused_as("InvalidIdentityToken", "audience", |r| {
        r.assertion.conditions.audience_restrictions =
            vec![vec!["https://studio.example.com/saml/metadata".into()]];
    });
    refused_as("InvalidIdentityToken", "audience", |r| {
        r.assertion.conditions.audience_restrictions.clear();
    });
    refused_as("InvalidIdentityToken", "audience", |r| {
        r.assertion.conditions.audience_restrictions.push(vec!["https://other.example.com".into()]);
    });
    refused_as("InvalidIdentityToken", "bearer", |r| {
        r.assertion.confirmations.clear();
    });
    refused_as("InvalidIdentityToken", "bearer", |r| {
        r.assertion.confirmations[0].method = "urn:x".into();
    });
    refused_as("InvalidIdentityToken", "Recipient", |r| {
        r.assertion.confirmations[0].recipient = None;
    });
    refused_as("InvalidIdentityToken", "NotOnOrAfter", |r| {
        r.assertion.confirmations[0].not_on_or_after = None;
    });
}

#[test]
fn both_audiences_of_aws_are_accepted_and_others_can_be() {
    for audience in AWS_AUDIENCES {
        let mut response = response("alice");
        response.assertion.conditions.audience_restrictions = vec![vec![audience.into()]];
        assert!(Bench::new(world()).assume(&signed(&response), &[]).is_ok());
    }
    let ours = "https://studio.example.com/saml/metadata";
    let mut response = response("alice");
    response.assertion.conditions.audience_restrictions = vec![vec![ours.into()]];
    let world = World { accepted_audiences: vec![ours.into()], ..world() };
    assert!(Bench::new(world).assume(&signed(&response), &[]).is_ok());
}

#[test]
fn role_session_name_is_there_once_and_well_formed() {
    refused_as("InvalidIdentityToken", "RoleSessionName is required", |r| {
        r.assertion.remove_attribute(names::ROLE_SESSION_NAME);
    });
    for bad in ["a", "a b", "a/b", "ä-ö", &"a".repeat(65), " alice"] {
        refused_as("InvalidIdentityToken", "must match", |r| {
            r.assertion.set_attribute(names::ROLE_SESSION_NAME, [bad]);
        });
    }
    refused_as("InvalidIdentityToken", "exactly one", |r| {
        r.assertion.attributes.push(Attribute::new(names::ROLE_SESSION_NAME, ["alice"]));
    });
}

#[test]
fn the_role_pair_is_one_of_the_attribute_in_either_order() {
    let mut turned = response("alice");
    turned.assertion.set_attribute(names::ROLE, [format!("{PROVIDER},{ROLE}")]);
    assert!(Bench::new(world()).assume(&signed(&turned), &[]).is_ok());

    let other_role = "arn:aws:iam::111122223333:role/Other";
    let (status, code, _) = refused(|r| {
        r.assertion.set_attribute(names::ROLE, [format!("{other_role},{PROVIDER}")]);
    });
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    let other_provider = "arn:aws:iam::111122223333:saml-provider/other";
    let (_, code, _) = refused(|r| {
        r.assertion.set_attribute(names::ROLE, [format!("{ROLE},{other_provider}")]);
    });
    assert_eq!(code, "AccessDenied");
    refused_as("InvalidIdentityToken", "Role is required", |r| {
        r.assertion.remove_attribute(names::ROLE);
    });
    refused_as("InvalidIdentityToken", "Role in AuthnResponse", |r| {
        r.assertion.set_attribute(names::ROLE, [ROLE]);
    });

    let assertion = signed(&response("alice"));
    let unknown = Bench::new(world()).assume(&assertion, &[("PrincipalArn", other_provider)]);
    assert_eq!(refusal(unknown).1, "InvalidIdentityToken");
    let mut without_role = world();
    without_role.roles.clear();
    assert_eq!(refusal(Bench::new(without_role).assume(&assertion, &[])), (403, "AccessDenied".into()));
}

#[test]
fn durations_only_shorten() {
    let expiration = |change: fn(&mut Response), more: &[(&str, &str)]| {
        let mut response = response("alice");
        change(&mut response);
        let xml = Bench::new(world()).assume(&signed(&response), more).unwrap();
        element(&xml, "Expiration").to_owned()
    };
    assert_eq!(expiration(|_| {}, &[("DurationSeconds", "7200")]), "2026-03-01T14:00:00Z");
    let attribute = |r: &mut Response| r.assertion.set_attribute(names::SESSION_DURATION, ["900"]);
    assert_eq!(expiration(attribute, &[("DurationSeconds", "7200")]), "2026-03-01T12:15:00Z");
    let statement = |r: &mut Response| {
        r.assertion.authn_statement.as_mut().unwrap().session_not_on_or_after =
            Some(now() + TimeDelta::minutes(20));
    };
    assert_eq!(expiration(statement, &[]), "2026-03-01T12:20:00Z");
    for bad in ["899", "43201", "hour"] {
        refused_as("InvalidIdentityToken", "SessionDuration", |r| {
            r.assertion.set_attribute(names::SESSION_DURATION, [bad]);
        });
    }
}

#[test]
fn session_tags_have_their_limits() {
    let tag = |key: &str| format!("{}{key}", names::PRINCIPAL_TAG);
    refused_as("InvalidIdentityToken", "exactly one value", |r| {
        r.assertion.set_attribute(&tag("team"), ["a", "b"]);
    });
    refused_as("InvalidIdentityToken", "not a valid tag", |r| {
        r.assertion.set_attribute(&tag("StudioUserId"), ["bob"]);
    });
    refused_as("InvalidIdentityToken", "not a valid tag", |r| {
        r.assertion.set_attribute(&tag("team"), ["x".repeat(257)]);
    });
    refused_as("InvalidIdentityToken", "at most 50", |r| {
        for n in 0..50 {
            r.assertion.set_attribute(&tag(&format!("key{n}")), ["v"]);
        }
    });
    refused_as("InvalidIdentityToken", "SourceIdentity", |r| {
        r.assertion.set_attribute(names::SOURCE_IDENTITY, ["a b"]);
    });
}
