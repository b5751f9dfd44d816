//! One test for each rule of the values: a valid response with one thing broken, then signed by the IdP.

use crate::fixture::*;
use chrono::TimeDelta;
use studio_gateway::demo::idp::response::{Response, names};
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::error::Code;
use studio_gateway::saml::Rule;

/// Breaks a response, signs it in each way, and wants the same rule each time.
#[track_caller]
fn broken(rule: Rule, code: Code, breaking: impl Fn(&mut Response)) {
    for what in [Signed::Response, Signed::Assertion, Signed::Both] {
        let mut response = response();
        breaking(&mut response);
        Gateway::new().refuses_with(&response.sign(rsa(), what).unwrap(), rule, code);
    }
}

#[track_caller]
fn rejected(rule: Rule, breaking: impl Fn(&mut Response)) {
    broken(rule, Code::AssertionRejected, breaking);
}

#[track_caller]
fn expired(rule: Rule, breaking: impl Fn(&mut Response)) {
    broken(rule, Code::AssertionExpired, breaking);
}

#[test]
fn the_unbroken_response_is_accepted() {
    for what in [Signed::Response, Signed::Assertion, Signed::Both] {
        Gateway::new().accepts(&signed(what));
    }
}

#[test]
fn signature_present() {
    Gateway::new().refuses(&signed(Signed::Nothing), Rule::SignaturePresent);
}

#[test]
fn version() {
    rejected(Rule::Version, |response| "1.1".clone_into(&mut response.version));
    rejected(Rule::Version, |response| {
        "2.1".clone_into(&mut response.assertion.version);
    });
    rejected(Rule::Version, |response| {
        response.assertion.version.clear();
    });
}

#[test]
fn issuer_of_the_assertion() {
    rejected(Rule::Issuer, |response| {
        "https://evil.example.com".clone_into(&mut response.assertion.issuer);
    });
}

#[test]
fn issuer_of_the_response() {
    rejected(Rule::IssuerKnown, |response| {
        response.issuer = Some("https://evil.example.com".to_owned());
    });
    let mut gateway = Gateway::new();
    gateway.idp = "https://second.example.com".to_owned();
    let mut mixed = response();
    mixed.issuer = Some(gateway.idp.clone());
    gateway.refuses(&mixed.sign(rsa(), Signed::Both).unwrap(), Rule::Issuer);
}

#[test]
fn issuer_is_an_entity_id() {
    for format in [names::PERSISTENT, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"] {
        let to = format!("<saml:Issuer Format=\"{format}\">");
        Gateway::new().refuses(&edited(Signed::Both, |xml| xml.replace("<saml:Issuer>", &to)), Rule::Issuer);
    }
}

#[test]
fn no_issuer_in_the_assertion() {
    for what in [Signed::Response, Signed::Assertion] {
        let issuer = format!("><saml:Issuer>{IDP}</saml:Issuer><saml:Subject>");
        let xml = edited(what, |xml| swap(xml, &issuer, "><saml:Subject>"));
        Gateway::new().refuses(&xml, Rule::Structure);
    }
}

#[test]
fn status_says_no() {
    let declined = |response: &mut Response| *response = response.clone().declined("no");
    broken(Rule::Status, Code::IdpAuthnFailed, declined);
    for (reported, code) in [
        ("RequestDenied", Code::IdpRequestDenied),
        ("NoPassive", Code::IdpNoPassive),
        ("NoAuthnContext", Code::IdpNoAuthnContext),
        ("RequestUnsupported", Code::IdpDeclined),
    ] {
        broken(Rule::Status, code, |response| {
            *response = response.clone().declined("no");
            response.status.second_code = Some(format!("urn:oasis:names:tc:SAML:2.0:status:{reported}"));
        });
    }
    broken(Rule::Status, Code::IdpDeclined, |response| {
        names::RESPONDER.clone_into(&mut response.status.code);
    });
    broken(Rule::Status, Code::IdpDeclined, |response| {
        response.status.code.clear();
    });
    // Nothing is granted by a refusal, so that it counts also when it is not signed.
    Gateway::new().refuses_with(&response().declined("no").to_xml(), Rule::Status, Code::IdpAuthnFailed);
}

#[test]
fn success_needs_an_assertion() {
    for what in [Signed::Response, Signed::Nothing] {
        let mut response = response();
        response.has_assertion = false;
        Gateway::new().refuses(&response.sign(rsa(), what).unwrap(), Rule::Structure);
    }
}

#[test]
fn destination() {
    for wrong in [
        "https://evil.example.com/saml/acs",
        "https://studio.example.com/saml/acs/",
        "https://STUDIO.example.com/saml/acs",
        "",
    ] {
        rejected(Rule::Destination, |response| {
            response.destination = Some(wrong.to_owned());
        });
    }
}

#[test]
fn destination_is_required_where_it_is_signed() {
    let mut response = response();
    response.destination = None;
    for what in [Signed::Response, Signed::Both] {
        Gateway::new().refuses(&response.sign(rsa(), what).unwrap(), Rule::Destination);
    }
    Gateway::new().accepts(&response.sign(rsa(), Signed::Assertion).unwrap());
}

#[test]
fn issue_instants() {
    let late = now() - TimeDelta::minutes(6);
    let early = now() + TimeDelta::seconds(61);
    for wrong in [late, early] {
        expired(Rule::IssueInstant, |response| response.issue_instant = wrong);
        expired(Rule::IssueInstant, |response| {
            response.assertion.issue_instant = wrong;
        });
    }
}

#[test]
fn an_issue_instant_that_is_none() {
    for wrong in ["2026-03-01T09:00:00", "2026-03-01", "", "now"] {
        let to = format!("IssueInstant=\"{wrong}\"");
        let xml = edited(Signed::Both, |xml| xml.replace("IssueInstant=\"2026-03-01T09:00:00.000Z\"", &to));
        Gateway::new().refuses(&xml, Rule::IssueInstant);
    }
}

#[test]
fn conditions() {
    expired(Rule::Conditions, |response| {
        response.assertion.conditions.not_before = Some(now() + TimeDelta::seconds(61));
    });
    expired(Rule::Conditions, |response| {
        response.assertion.conditions.not_on_or_after = Some(now() - TimeDelta::seconds(60));
    });
    rejected(Rule::Conditions, |response| {
        response.assertion.conditions.extra = "<x:Odd xmlns:x=\"urn:odd\"/>".to_owned();
    });
    rejected(Rule::Conditions, |response| {
        response.assertion.conditions.extra =
            "<saml:Condition xmlns:x=\"urn:odd\" xsi:type=\"x:Odd\"/>".to_owned();
    });
}

#[test]
fn no_conditions_at_all() {
    let xml = edited(Signed::Both, |xml| {
        let (before, rest) = xml.split_once("<saml:Conditions").unwrap();
        let (_, after) = rest.split_once("</saml:Conditions>").unwrap();
        format!("{before}{after}")
    });
    Gateway::new().refuses(&xml, Rule::Structure);
}

#[test]
fn audience() {
    let audiences = |lists: &[&[&str]]| -> Vec<Vec<String>> {
        lists.iter().map(|list| list.iter().map(|one| (*one).to_owned()).collect()).collect()
    };
    for wrong in [
        &[][..],
        &[&[][..]],
        &[&["https://evil.example.com"][..]],
        &[&[AUDIENCE][..], &["https://evil.example.com"]],
        &[&[AUDIENCE][..], &[]],
        &[&["https://studio.example.com/saml/metadata/"][..]],
    ] {
        rejected(Rule::Audience, |response| {
            response.assertion.conditions.audience_restrictions = audiences(wrong);
        });
    }
}

#[test]
fn subject() {
    rejected(Rule::Subject, |response| response.assertion.name_id = None);
    for wrong in ["", " ", "a\u{85}b", "a\nb", "a\tb", "a\u{7f}", &"n".repeat(1_025)] {
        rejected(Rule::Subject, |response| {
            wrong.clone_into(&mut response.assertion.name_id.as_mut().unwrap().value);
        });
    }
    let mut longest = response();
    longest.assertion.name_id.as_mut().unwrap().value = "名".repeat(1_024);
    let xml = longest.sign(rsa(), Signed::Both).unwrap();
    assert_eq!(Gateway::new().take(&xml).unwrap().name_id().value.len(), 3_072);
}

#[test]
fn subject_with_two_names_or_another_kind_of_name() {
    for extra in ["<saml:NameID>admin</saml:NameID>", "<saml:BaseID/>", "<saml:EncryptedID/>"] {
        for to in [format!("<saml:Subject>{extra}"), format!("</saml:NameID>{extra}")] {
            let from = if to.starts_with('<') && to.contains("Subject") {
                "<saml:Subject>"
            } else {
                "</saml:NameID>"
            };
            let xml = edited(Signed::Both, |xml| swap(xml, from, &to));
            let rule = Gateway::new().take(&xml).unwrap_err().rule;
            assert!(matches!(rule, Rule::Subject | Rule::Decryption), "{rule:?} {xml}");
        }
    }
}

#[test]
fn two_subjects_conditions_or_issuers() {
    for (from, to) in [
        ("<saml:Subject>", "<saml:Subject/><saml:Subject>"),
        ("</saml:Subject>", "</saml:Subject><saml:Subject/>"),
        ("<saml:Conditions", "<saml:Conditions/><saml:Conditions"),
        ("</saml:Conditions>", "</saml:Conditions><saml:Conditions/>"),
        ("<saml:Subject>", "<saml:Issuer>x</saml:Issuer><saml:Subject>"),
        ("<samlp:Status>", "<saml:Issuer>x</saml:Issuer><samlp:Status>"),
        ("<samlp:Status>", "<samlp:Status/><samlp:Status>"),
    ] {
        let xml = edited(Signed::Both, |xml| swap(xml, from, to));
        Gateway::new().refuses(&xml, Rule::Structure);
    }
}

#[test]
fn two_status_codes() {
    let code = format!("<samlp:StatusCode Value=\"{}\"/>", names::SUCCESS);
    let declined = format!("<samlp:StatusCode Value=\"{}\"/>", names::RESPONDER);
    for status in [format!("{code}{declined}"), format!("{code}{code}"), format!("{declined}{code}")] {
        let xml = edited(Signed::Both, |xml| swap(xml, &code, &status));
        Gateway::new().refuses(&xml, Rule::Structure);
    }
}

#[test]
fn elements_in_an_order_that_the_schema_does_not_know() {
    let moved = |xml: &str, start: &str, end: &str, to: &str| {
        let (before, rest) = xml.split_once(start).unwrap();
        let (inner, after) = rest.split_once(end).unwrap();
        swap(&format!("{before}{after}"), to, &format!("{start}{inner}{end}{to}"))
    };
    for (start, end, to) in [
        ("<saml:Subject>", "</saml:Subject>", "<saml:AuthnStatement"),
        ("<saml:AttributeStatement>", "</saml:AttributeStatement>", "<saml:Subject>"),
        ("<samlp:Status>", "</samlp:Status>", "</samlp:Response>"),
    ] {
        let xml = edited(Signed::Both, |xml| moved(xml, start, end, to));
        Gateway::new().refuses(&xml, Rule::Structure);
    }
}

#[test]
fn unknown_elements_in_response_or_assertion() {
    for extra in [
        "<x:Odd xmlns:x=\"urn:odd\"/>",
        "<saml:NameID>admin</saml:NameID>",
        "<saml:Attribute Name=\"groups\"><saml:AttributeValue>admin</saml:AttributeValue></saml:Attribute>",
        "<Assertion/>",
        "text",
    ] {
        rejected(Rule::Structure, |response| extra.clone_into(&mut response.extra));
        rejected(Rule::Structure, |response| {
            extra.clone_into(&mut response.assertion.extra);
        });
    }
}

#[test]
fn confirmation() {
    rejected(Rule::Confirmation, |response| {
        response.assertion.confirmations.clear();
    });
    let one = |breaking: fn(&mut studio_gateway::demo::idp::response::SubjectConfirmation)| {
        move |response: &mut Response| breaking(&mut response.assertion.confirmations[0])
    };
    for method in ["holder-of-key", "sender-vouches"] {
        let method = format!("urn:oasis:names:tc:SAML:2.0:cm:{method}");
        rejected(Rule::Confirmation, |response| {
            response.assertion.confirmations[0].method.clone_from(&method);
        });
    }
    rejected(Rule::Confirmation, one(|one| one.recipient = None));
    rejected(Rule::Confirmation, one(|one| one.recipient = Some(format!("{ACS}/"))));
    rejected(Rule::Confirmation, one(|one| one.not_on_or_after = None));
    rejected(Rule::Confirmation, one(|one| one.not_before = Some(now() - TimeDelta::minutes(1))));
    expired(Rule::Confirmation, one(|one| one.not_on_or_after = Some(now() - TimeDelta::seconds(60))));
}

#[test]
fn confirmation_data_once() {
    let data = "<saml:SubjectConfirmationData";
    let xml = edited(Signed::Both, |xml| swap(xml, data, &format!("<saml:SubjectConfirmationData/>{data}")));
    Gateway::new().refuses(&xml, Rule::Confirmation);
    let none = edited(Signed::Both, |xml| {
        let (before, rest) = xml.split_once(data).unwrap();
        format!("{before}{}", rest.split_once("/>").unwrap().1)
    });
    Gateway::new().refuses(&none, Rule::Confirmation);
}

#[test]
fn in_response_to() {
    let answering = |outer: Option<&str>, inner: Option<&str>, what: Signed| {
        let mut response = response();
        response.in_response_to = outer.map(str::to_owned);
        response.assertion.confirmations[0].in_response_to = inner.map(str::to_owned);
        response.sign(rsa(), what).unwrap()
    };
    let mut asked = Gateway::new();
    asked.outstanding = vec!["_r1".to_owned(), "_r2".to_owned()];
    let mut strict = Gateway::new();
    strict.idp_initiated = false;
    for what in [Signed::Response, Signed::Assertion, Signed::Both] {
        let both = asked.accepts(&answering(Some("_r2"), Some("_r2"), what));
        assert_eq!(both.request_id(), Some("_r2"));
        let inner = asked.accepts(&answering(None, Some("_r1"), what));
        assert_eq!(inner.request_id(), Some("_r1"));
        assert_eq!(asked.accepts(&answering(None, None, what)).request_id(), None);

        let mixed = answering(Some("_r1"), Some("_r2"), what);
        asked.refuses(&mixed, Rule::InResponseTo);
        let foreign = answering(Some("_r3"), Some("_r3"), what);
        for gateway in [&asked, &strict] {
            gateway.refuses_with(&foreign, Rule::InResponseTo, Code::SignInLost);
        }
        let empty = answering(Some(""), Some(""), what);
        asked.refuses_with(&empty, Rule::InResponseTo, Code::SignInLost);
        strict.refuses_with(&answering(None, None, what), Rule::InResponseTo, Code::SignInUnsolicited);
    }
    // What only the Response says counts where the Response is signed.
    asked.accepts(&answering(Some("_r1"), None, Signed::Response));
    asked.refuses(&answering(Some("_r1"), None, Signed::Assertion), Rule::InResponseTo);
}

#[test]
fn authn_statement() {
    rejected(Rule::AuthnStatement, |response| {
        response.assertion.authn_statement = None;
    });
    expired(Rule::AuthnStatement, |response| {
        let statement = response.assertion.authn_statement.as_mut().unwrap();
        statement.session_not_on_or_after = Some(now() - TimeDelta::seconds(60));
    });
    expired(Rule::AuthnStatement, |response| {
        response.assertion.authn_statement.as_mut().unwrap().authn_instant = now() + TimeDelta::seconds(61);
    });
}

#[test]
fn attributes_have_names() {
    for to in ["<saml:Attribute ", "<saml:Attribute Name=\"\" "] {
        let xml = edited(Signed::Both, |xml| swap(xml, "<saml:Attribute Name=\"groups\" ", to));
        Gateway::new().refuses(&xml, Rule::Attributes);
    }
}

#[test]
fn ids_are_there_and_names() {
    for id in ["", "1a", "a b", "a:b", "a#b", "_a'b", "xpointer(id('a'))"] {
        rejected(Rule::Structure, |response| id.clone_into(&mut response.id));
        rejected(Rule::Structure, |response| {
            id.clone_into(&mut response.assertion.id);
        });
    }
}

#[test]
fn encoding() {
    let gateway = Gateway::new();
    for value in ["", "====", "PGE-", "<samlp:Response/>", &"A".repeat(99_999), &"é".repeat(9)] {
        let fault = gateway.take_form(value).unwrap_err();
        assert_eq!((fault.rule, fault.code), (Rule::Encoding, Code::RequestMalformed));
    }
    let fault = gateway.take_form(&"A".repeat(5_000_000)).unwrap_err();
    assert_eq!((fault.rule, fault.code), (Rule::Encoding, Code::RequestTooLarge));
}
