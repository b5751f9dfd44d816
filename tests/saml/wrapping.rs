//! Signature wrapping: a genuine signature over one element, and another element where a careless reader looks
//! (Somorovsky et al., "On Breaking SAML", 2012), and signatures that are moved, copied or bent.

use crate::fixture::*;
use studio_gateway::demo::idp::response::Response;
use studio_gateway::demo::idp::signature::{Algorithms, Signed, sign_xml};
use studio_gateway::error::Code;
use studio_gateway::saml::Rule;

/// A message cut into the parts that wrapping attacks put together anew.
struct Parts {
    whole: String,
    /// Everything from the first to the last byte of the Assertion, its signature taken out.
    bare_assertion: String,
    assertion: String,
    signature: String,
    /// The same with another subject, another ID and no signature.
    evil_assertion: String,
    evil_response: String,
}

fn cut<'a>(xml: &'a str, start: &str, end: &str) -> &'a str {
    let from = xml.find(start).unwrap();
    let to = xml[from..].rfind(end).unwrap() + from + end.len();
    &xml[from..to]
}

impl Parts {
    fn of(what: Signed) -> Self {
        let genuine = response();
        let whole = genuine.sign(rsa(), what).unwrap();
        let mut evil = genuine.clone();
        "_evil_response".clone_into(&mut evil.id);
        "_evil_assertion".clone_into(&mut evil.assertion.id);
        "admin".clone_into(&mut evil.assertion.name_id.as_mut().unwrap().value);
        let evil_response = evil.to_xml();
        let assertion = cut(&whole, "<saml:Assertion", "</saml:Assertion>").to_owned();
        let signature = cut(&whole, "<ds:Signature ", "</ds:Signature>").to_owned();
        Self {
            bare_assertion: assertion.replace(&signature, ""),
            evil_assertion: cut(&evil_response, "<saml:Assertion", "</saml:Assertion>").to_owned(),
            assertion,
            signature,
            evil_response,
            whole,
        }
    }

    /// The evil assertion under the genuine one's ID.
    fn impostor(&self) -> String {
        let id = cut(&self.assertion, "ID=\"", "\" Version").to_owned();
        swap(&self.evil_assertion, "ID=\"_evil_assertion\" Version", &id)
    }
}

/// Refused, for structure or signature; the public answer is the same for all.
#[track_caller]
fn refused(xml: &str) {
    let fault = match Gateway::new().take(xml) {
        Ok(verified) => panic!("accepted as {verified:?}\n{xml}"),
        Err(fault) => fault,
    };
    assert_eq!(fault.code, Code::AssertionRejected, "{fault}");
    assert!(
        matches!(
            fault.rule,
            Rule::Structure | Rule::SignatureShape | Rule::Signature | Rule::SignaturePresent
        ),
        "{fault}\n{xml}"
    );
}

/// Puts `inside` at the end of the element that ends with `end`.
fn into(xml: &str, end: &str, inside: &str) -> String {
    let at = xml.rfind(end).unwrap();
    format!("{}{inside}{}", &xml[..at], &xml[at..])
}

#[test]
fn xsw_1_and_2_signed_response_inside_or_beside_the_signature() {
    for what in [Signed::Response, Signed::Both] {
        let parts = Parts::of(what);
        // The Response's signature is the first.
        let signature = {
            let from = parts.whole.find("<ds:Signature ").unwrap();
            let to = parts.whole.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
            parts.whole[from..to].to_owned()
        };
        let bare = swap(&parts.whole, &signature, "");
        let inside = into(&signature, "</ds:Signature>", &bare);
        let object = into(&signature, "</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object>"));
        let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
        for put in [inside, object, format!("{bare}{signature}"), format!("{signature}{bare}")] {
            refused(&swap(&parts.evil_response, &issuer, &format!("{issuer}{put}")));
            refused(&into(&parts.evil_response, "</samlp:Response>", &put));
        }
    }
}

#[test]
fn xsw_3_to_8_signed_assertion() {
    let parts = Parts::of(Signed::Assertion);
    let Parts { whole, bare_assertion, assertion, signature, .. } = &parts;
    for evil in [parts.evil_assertion.clone(), parts.impostor()] {
        let evil_signed = |inside: &str| {
            let signature = into(signature, "</ds:Signature>", inside);
            swap(&evil, "</saml:Issuer>", &format!("</saml:Issuer>{signature}"))
        };
        let object = |inside: &str| format!("<ds:Object>{inside}</ds:Object>");
        let extensions = |inside: &str| format!("<samlp:Extensions>{inside}</samlp:Extensions>");
        let put = |new: &str| whole.replace(assertion.as_str(), new);
        for xml in [
            // 3: beside, before and after.
            put(&format!("{evil}{assertion}")),
            put(&format!("{assertion}{evil}")),
            // 4: the genuine one inside.
            put(&into(&evil, "</saml:Assertion>", assertion)),
            put(&swap(
                &evil,
                "<saml:Conditions",
                &format!("<saml:Advice>{assertion}</saml:Advice><saml:Conditions"),
            )),
            // 5: the signature in the evil one, the genuine one without it beside.
            put(&format!("{}{bare_assertion}", evil_signed(""))),
            put(&format!("{bare_assertion}{}", evil_signed(""))),
            // 6: the genuine one in the signature of the evil one.
            put(&evil_signed(bare_assertion)),
            // 7: in Extensions.
            swap(whole, "<samlp:Status>", &format!("{}<samlp:Status>", extensions(&evil))),
            swap(&put(&evil), "<samlp:Status>", &format!("{}<samlp:Status>", extensions(assertion))),
            swap(
                &put(&evil_signed("")),
                "<samlp:Status>",
                &format!("{}<samlp:Status>", extensions(bare_assertion)),
            ),
            // 8: in an Object of the signature.
            put(&evil_signed(&object(bare_assertion))),
            put(&evil_signed(&object(assertion))),
        ] {
            refused(&xml);
        }
    }
}

#[test]
fn in_status_detail_issuer_subject_and_attribute_values() {
    for what in [Signed::Assertion, Signed::Response] {
        let parts = Parts::of(what);
        for evil in [&parts.evil_assertion, &parts.impostor(), &parts.evil_response] {
            for (end, hidden) in [
                ("</samlp:Status>", format!("<samlp:StatusDetail>{evil}</samlp:StatusDetail>")),
                ("</samlp:Status>", evil.clone()),
                ("</saml:Issuer>", evil.clone()),
                ("</saml:Subject>", evil.clone()),
                ("</saml:AttributeValue>", evil.clone()),
                ("</saml:Conditions>", evil.clone()),
                ("</samlp:Response>", evil.clone()),
                ("</ds:KeyInfo>", evil.clone()),
                ("</ds:SignedInfo>", evil.clone()),
            ] {
                refused(&into(&parts.whole, end, &hidden));
            }
        }
    }
}

#[test]
fn two_roots_nested_responses_and_soap() {
    for what in [Signed::Response, Signed::Assertion] {
        let parts = Parts::of(what);
        let (good, evil) = (&parts.whole, &parts.evil_response);
        for xml in [format!("{good}{evil}"), format!("{evil}{good}")] {
            Gateway::new().refuses(&xml, Rule::Xml);
        }
        for xml in [
            into(evil, "</samlp:Response>", good),
            into(good, "</samlp:Response>", evil),
            format!(
                "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>{good}</soap:Body></soap:Envelope>"
            ),
            format!(
                "<samlp:ArtifactResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">{good}</samlp:ArtifactResponse>"
            ),
            cut(good, "<saml:Assertion", "</saml:Assertion>").to_owned(),
        ] {
            Gateway::new().refuses(&xml, Rule::Structure);
        }
    }
}

/// Every place between two tags of a signed message, with everything that a reader could mistake for the real thing.
#[test]
fn nothing_inserted_anywhere_changes_what_is_read() {
    let subject = "<saml:Subject><saml:NameID>admin</saml:NameID></saml:Subject>";
    let attributes = "<saml:AttributeStatement><saml:Attribute Name=\"groups\"><saml:AttributeValue>admin\
                      </saml:AttributeValue></saml:Attribute></saml:AttributeStatement>";
    for what in [Signed::Response, Signed::Assertion] {
        let parts = Parts::of(what);
        let gateway = Gateway::new();
        let boundaries: Vec<_> = parts.whole.match_indices("><").map(|(index, _)| index + 1).collect();
        assert!(boundaries.len() > 40);
        for payload in [
            parts.evil_assertion.as_str(),
            &parts.impostor(),
            &parts.assertion,
            &parts.evil_response,
            &parts.signature,
            subject,
            "<saml:NameID>admin</saml:NameID>",
            attributes,
            "<saml:AttributeValue>admin</saml:AttributeValue>",
            "admin",
            "<!--admin-->",
            "<![CDATA[admin]]>",
        ] {
            for at in &boundaries {
                let xml = format!("{}{payload}{}", &parts.whole[..*at], &parts.whole[*at..]);
                if gateway.take(&xml).is_ok() {
                    gateway.accepts(&xml);
                }
            }
        }
    }
}

/// Changes each byte in turn, and wants a refusal or the same values.
fn tampered_everywhere(what: Signed) {
    let xml = signed(what);
    let gateway = Gateway::new();
    let mut accepted = 0;
    for index in 0..xml.len() {
        let mut bytes = xml.clone().into_bytes();
        bytes[index] ^= 1;
        let Ok(tampered) = String::from_utf8(bytes) else {
            continue;
        };
        if gateway.take_alone(&Response::encode(&tampered)).is_ok() {
            accepted += 1;
            gateway.accepts(&tampered);
        } else if index % 4 == 0 {
            // STS is asked about each message that is accepted, and about some that are not.
            assert!(gateway.take(&tampered).is_err());
        }
    }
    // What no signature covers: the certificate in KeyInfo, and around a signed Assertion the Response's own words.
    assert!(accepted < 1_500, "{accepted}");
}

#[test]
fn every_byte_of_a_signed_response_counts() {
    tampered_everywhere(Signed::Response);
}

#[test]
fn every_byte_of_a_signed_assertion_counts() {
    tampered_everywhere(Signed::Assertion);
}

#[test]
fn forged_and_foreign_signatures() {
    for what in [Signed::Response, Signed::Assertion, Signed::Both] {
        let gateway = Gateway::new();
        gateway.refuses(&response().sign(other(), what).unwrap(), Rule::Signature);
        let genuine = signed(what);
        let value = cut(&genuine, "<ds:SignatureValue>", "</ds:SignatureValue>")
            .split("</ds:SignatureValue>")
            .next()
            .unwrap();
        let value = format!("{value}</ds:SignatureValue>");
        for (forged, rule) in [
            ("<ds:SignatureValue>AAAA</ds:SignatureValue>", Rule::Signature),
            ("<ds:SignatureValue></ds:SignatureValue>", Rule::SignatureShape),
            ("<ds:SignatureValue/>", Rule::SignatureShape),
            ("<ds:SignatureValue>not base64</ds:SignatureValue>", Rule::SignatureShape),
            ("", Rule::SignatureShape),
        ] {
            gateway.refuses(&swap(&genuine, &value, forged), rule);
        }
        gateway.refuses(&genuine.replace(">kim<", ">admin<"), Rule::Signature);
    }
}

#[test]
fn one_good_and_one_bad_signature() {
    let response = response();
    let usual = Algorithms::usual(rsa());
    let inner_bad = response.sign(other(), Signed::Assertion).unwrap();
    let outer_good = sign_xml(&inner_bad, &response.id, rsa(), &usual).unwrap();
    Gateway::new().refuses(&outer_good, Rule::Signature);
    let inner_good = response.sign(rsa(), Signed::Assertion).unwrap();
    let outer_bad = sign_xml(&inner_good, &response.id, other(), &Algorithms::usual(other())).unwrap();
    Gateway::new().refuses(&outer_bad, Rule::Signature);
}

#[test]
fn a_signature_that_was_moved() {
    for what in [Signed::Response, Signed::Assertion] {
        let parts = Parts::of(what);
        let without = parts.whole.replace(&parts.signature, "");
        for (place, before) in [
            ("<samlp:Response ", true),
            ("<samlp:StatusCode", true),
            ("<saml:Assertion ", true),
            ("</saml:Assertion>", true),
            ("</samlp:Response>", true),
            ("<saml:NameID", true),
            ("<saml:Conditions", true),
            ("</samlp:Response>", false),
        ] {
            let xml = if before {
                swap(&without, place, &format!("{}{place}", parts.signature))
            } else {
                format!("{without}{}", parts.signature)
            };
            let rule = Gateway::new().take(&xml).expect_err(place).rule;
            assert!(
                matches!(rule, Rule::Structure | Rule::SignatureShape | Rule::Xml | Rule::Signature),
                "{place}: {rule:?}"
            );
        }
    }
    // From the Assertion to the Response, and the other way.
    let parts = Parts::of(Signed::Assertion);
    let without = parts.whole.replace(&parts.signature, "");
    let moved = swap(&without, "</saml:Issuer>", &format!("</saml:Issuer>{}", parts.signature));
    Gateway::new().refuses(&moved, Rule::SignatureShape);
}

#[test]
fn a_signature_twice() {
    for what in [Signed::Response, Signed::Assertion] {
        let parts = Parts::of(what);
        let twice = swap(&parts.whole, &parts.signature, &parts.signature.repeat(2));
        Gateway::new().refuses(&twice, Rule::Structure);
    }
}

#[test]
fn an_assertion_cut_out_of_a_signed_response() {
    let parts = Parts::of(Signed::Both);
    let assertion = parts.assertion;
    let stripped = parts.evil_response.replace(&parts.evil_assertion, &assertion);
    // With its own signature it is good in any response ...
    Gateway::new().accepts(&stripped);
    // ... and without one it is worth nothing.
    let parts = Parts::of(Signed::Response);
    let stripped = parts.evil_response.replace(&parts.evil_assertion, &parts.assertion);
    Gateway::new().refuses(&stripped, Rule::SignaturePresent);
}

#[test]
fn an_assertion_of_one_response_in_another_signed_one() {
    let parts = Parts::of(Signed::Response);
    for evil in [&parts.evil_assertion, &parts.impostor()] {
        let xml = parts.whole.replace(&parts.assertion, evil);
        Gateway::new().refuses(&xml, Rule::Signature);
    }
}

#[test]
fn mix_up_between_two_idps() {
    // The second IdP signs with its own key in the first one's name, and the other way round.
    let second = "https://second.example.com";
    let mut theirs = Gateway::trusting(&[other()]);
    theirs.idp = second.to_owned();
    for what in [Signed::Response, Signed::Assertion, Signed::Both] {
        Gateway::new().refuses(&response().sign(other(), what).unwrap(), Rule::Signature);
        let mut claims = response();
        claims.issuer = Some(second.to_owned());
        theirs.refuses(&claims.sign(rsa(), what).unwrap(), Rule::Signature);
        let inner = claims.sign(other(), what).unwrap();
        theirs.refuses(&inner, Rule::Issuer);
        let mut outer = response();
        outer.assertion.issuer = second.to_owned();
        Gateway::new().refuses(&outer.sign(rsa(), what).unwrap(), Rule::Issuer);
        outer.issuer = None;
        theirs.refuses(&outer.sign(rsa(), what).unwrap(), Rule::Signature);
    }
}

#[test]
fn duplicate_and_odd_ids() {
    for what in [Signed::Response, Signed::Assertion] {
        let genuine = response();
        let id = if what == Signed::Response { &genuine.id } else { &genuine.assertion.id };
        for name in ["ID", "Id", "id", "xml:id", "x:ID", "AssertionID"] {
            for value in [id.clone(), format!(" {id} "), format!("{id}\n")] {
                let put = format!(
                    "<samlp:Extensions><x:y xmlns:x=\"urn:x\" {name}=\"{value}\"/></samlp:Extensions>"
                );
                let xml = genuine.sign(rsa(), what).unwrap();
                let xml = swap(&xml, "<samlp:Status>", &format!("{put}<samlp:Status>"));
                Gateway::new().refuses(&xml, Rule::Structure);
            }
        }
    }
    for (from, to) in [
        (" ID=\"_", " Id=\"_"),
        (" ID=\"_", " id=\"_"),
        (" ID=\"_", " xml:id=\"_"),
        (" ID=\"_", " saml:ID=\"_"),
        (" ID=\"_", " notID=\"_"),
    ] {
        for what in [Signed::Response, Signed::Assertion] {
            Gateway::new().refuses(&swap(&signed(what), from, to), Rule::Structure);
            let last = signed(what);
            let at = last.rfind(from).unwrap();
            let xml = format!("{}{to}{}", &last[..at], &last[at + from.len()..]);
            Gateway::new().refuses(&xml, Rule::Structure);
        }
    }
    let mut same = response();
    same.assertion.id.clone_from(&same.id);
    Gateway::new().refuses(&same.sign(rsa(), Signed::Response).unwrap(), Rule::Structure);
}
