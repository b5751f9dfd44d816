//! Legal variations, each accepted with its values read correctly.

use crate::fixture::*;
use bergshamra::c14n::C14nMode;
use bergshamra::core::algorithm as uri;
use chrono::{TimeDelta, Utc};
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::response::{Attribute, Response};
use studio_gateway::demo::idp::signature::{Algorithms, KeyInfo, Signed};

const ALL: [Signed; 3] = [Signed::Response, Signed::Assertion, Signed::Both];

#[track_caller]
fn signed_with(key: &SigningKey, method: &str, digest: &str) {
    let mut algorithms = Algorithms::usual(key);
    method.clone_into(&mut algorithms.signature_method);
    digest.clone_into(&mut algorithms.digest_method);
    for what in ALL {
        let xml = response().sign_with(key, what, &algorithms).unwrap();
        Gateway::trusting(&[key]).accepts(&xml);
    }
}

const RSA_METHODS: [&str; 6] = [
    uri::RSA_SHA256,
    uri::RSA_SHA384,
    uri::RSA_SHA512,
    uri::RSA_PSS_SHA256,
    uri::RSA_PSS_SHA384,
    uri::RSA_PSS_SHA512,
];

#[test]
fn rsa_of_every_size_with_every_hash() {
    for bits in [2048, 3072, 4096] {
        for method in RSA_METHODS {
            signed_with(key(KeyKind::Rsa(bits)), method, uri::SHA256);
        }
    }
}

#[test]
fn ecdsa_on_every_curve_with_every_hash() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521] {
        for method in [uri::ECDSA_SHA256, uri::ECDSA_SHA384, uri::ECDSA_SHA512] {
            signed_with(key(kind), method, uri::SHA256);
        }
    }
}

#[test]
fn a_digest_that_is_not_the_signature_s_hash() {
    for digest in [uri::SHA256, uri::SHA384, uri::SHA512] {
        for method in RSA_METHODS {
            signed_with(rsa(), method, digest);
        }
    }
}

const C14N: [&str; 6] = [
    uri::EXC_C14N,
    uri::EXC_C14N_WITH_COMMENTS,
    uri::C14N,
    uri::C14N_WITH_COMMENTS,
    uri::C14N11,
    uri::C14N11_WITH_COMMENTS,
];

/// Signs `edit`ed messages in every way and with every canonicalisation.
#[track_caller]
fn in_every_way(edit: impl Fn(&str) -> String) {
    for c14n in C14N {
        let mut algorithms = Algorithms::usual(rsa());
        c14n.clone_into(&mut algorithms.c14n_method);
        for what in ALL {
            let response = response();
            let xml = sign_text(&edit(&response.to_xml()), &response, what, &algorithms);
            Gateway::new().accepts(&xml);
        }
    }
}

#[test]
fn every_canonicalisation() {
    in_every_way(str::to_owned);
}

#[test]
fn a_canonicalisation_of_signed_info_that_is_not_that_of_the_content() {
    for info in C14N {
        for content in C14N {
            let mut algorithms = Algorithms::usual(rsa());
            content.clone_into(&mut algorithms.c14n_method);
            let signed = response().sign_with(rsa(), Signed::Assertion, &algorithms).unwrap();
            let from = format!("<ds:CanonicalizationMethod Algorithm=\"{content}\">");
            let to = format!("<ds:CanonicalizationMethod Algorithm=\"{info}\">");
            let mode = C14nMode::from_uri(info).unwrap();
            let filled = resigned(&swap(&signed, &from, &to), mode, rsa());
            Gateway::new().accepts(&filled);
        }
    }
}

#[test]
fn inclusive_namespaces() {
    for prefixes in [&["xs"][..], &["xs", "xsi", "saml"], &["#default"], &["#default", "samlp", "unheard-of"]]
    {
        let mut algorithms = Algorithms::usual(rsa());
        algorithms.inclusive_prefixes = prefixes.iter().map(|one| (*one).to_owned()).collect();
        for what in ALL {
            let response = response();
            // Some declared on an ancestor only, some again, some twice.
            let xml = swap(
                &response.to_xml(),
                "<samlp:Response ",
                "<samlp:Response xmlns=\"urn:default\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ",
            );
            let xml = swap(&xml, "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi", "xmlns:xsi");
            Gateway::new().accepts(&sign_text(&xml, &response, what, &algorithms));
        }
    }
}

#[test]
fn namespaces_declared_on_ancestors_only() {
    in_every_way(|xml| {
        let declared = "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ";
        let xml = swap(xml, declared, "");
        swap(
            &xml,
            "<samlp:Response ",
            "<samlp:Response xml:lang=\"ko\" xmlns:unused=\"urn:unused\" \
             xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ",
        )
    });
}

#[test]
fn the_default_namespace() {
    in_every_way(|xml| {
        xml.replace("<saml:", "<")
            .replace("</saml:", "</")
            .replace("xmlns:saml=", "xmlns=")
            .replace(" Version=", " xmlns:saml=\"urn:other\" Version=")
    });
}

#[test]
fn odd_prefixes() {
    for (prefix, other) in [("ns0", "ns1"), ("사믈", "주장"), ("é", "ß"), ("_", "a.b-c"), ("xmlfoo", "Xmlns")]
    {
        in_every_way(|xml| {
            xml.replace("<samlp:", &format!("<{prefix}:"))
                .replace("</samlp:", &format!("</{prefix}:"))
                .replace("xmlns:samlp=", &format!("xmlns:{prefix}="))
                .replace("<saml:", &format!("<{other}:"))
                .replace("</saml:", &format!("</{other}:"))
                .replace("xmlns:saml=", &format!("xmlns:{other}="))
        });
    }
}

#[test]
fn namespace_names_of_every_kind() {
    let names =
        ["urn:x:y", "tag:a@b,2026:c", "http://user@a.example:8080/b%20c?d=(e)#f", "mailto:a@b.example"];
    for name in names {
        in_every_way(|xml| {
            swap(xml, "<samlp:Response ", &format!("<samlp:Response xmlns:x=\"{name}\" x:y=\"\" "))
        });
    }
}

#[test]
fn pretty_printing() {
    in_every_way(|xml| {
        // Around elements, but not into values.
        xml.replace("><saml", ">\n\t  <saml")
            .replace("></saml", ">\r\n</saml")
            .replace("<saml:NameID>\n", "<saml:NameID>")
    });
}

#[test]
fn cdata() {
    in_every_way(|xml| {
        let xml = swap(xml, ">kim</saml:NameID>", "><![CDATA[kim]]></saml:NameID>");
        let xml = swap(&xml, "데이터 &lt;팀&gt; &amp; co", "<![CDATA[데이터 <팀]]>><![CDATA[ & c]]>o");
        xml.replace(&format!("<saml:Issuer>{IDP}"), &format!("<saml:Issuer><![CDATA[{IDP}]]>"))
    });
}

#[test]
fn comments_between_elements() {
    in_every_way(|xml| {
        let xml = xml.replace("><saml", "><!-- <saml:NameID>admin</saml:NameID> --><saml");
        format!("<!-- before -->{xml}<!-- after -->")
    });
}

#[test]
fn comments_inside_values() {
    in_every_way(|xml| {
        let xml = swap(xml, ">kim</saml:NameID>", ">k<!-- -->im<!----></saml:NameID>");
        let xml = swap(&xml, "데이터", "데<!-- x -->이<!-- y -->터");
        xml.replace(
            "https://studio.example.com/saml/metadata</",
            "https://studio.<!-- evil. -->example.com/saml/metadata</",
        )
    });
}

#[test]
fn a_comment_never_cuts_a_value() {
    for what in ALL {
        let xml = edited(what, |xml| {
            let xml =
                swap(xml, ">kim</saml:NameID>", ">admin@example.com<!-- -->.evil.example</saml:NameID>");
            swap(&xml, "데이터", "admin<!-- -->@evil")
        });
        let verified = Gateway::new().take(&xml).unwrap();
        assert_eq!(verified.name_id().value, "admin@example.com.evil.example");
        assert_eq!(values(&verified, "groups"), ["admin@evil <팀> & co"], "the whole text is the value");
    }
}

#[test]
fn character_references() {
    in_every_way(|xml| {
        let xml = swap(xml, ">kim</saml:NameID>", ">&#107;&#x69;m</saml:NameID>");
        swap(&xml, "데이터", "&#xB370;이&#53552;")
    });
}

#[test]
fn wrapped_base64() {
    for wrap in ["\n", "\r\n", "&#13;\n", "&#xD;\n", "\n\t\t", " "] {
        for what in ALL {
            let response = response();
            let signed = response.sign(rsa(), what).unwrap();
            let mut out = String::new();
            let mut rest = signed.as_str();
            // Digests are part of what is signed: white space there would have to be signed as well.
            for name in ["SignatureValue", "X509Certificate"] {
                let start = format!("<ds:{name}>");
                let Some((before, after)) = rest.split_once(&start) else {
                    continue;
                };
                let (value, after) = after.split_once("</").unwrap();
                out.push_str(before);
                out.push_str(&start);
                out.push_str(wrap);
                for line in value.as_bytes().chunks(64) {
                    out.push_str(std::str::from_utf8(line).unwrap());
                    out.push_str(wrap);
                }
                out.push_str("</");
                rest = after;
            }
            out.push_str(rest);
            Gateway::new().accepts(&out);
        }
    }
}

#[test]
fn wrapped_digest() {
    for wrap in ["\n", "&#13;\n", "  "] {
        let response = response();
        let signed = response.sign(rsa(), Signed::Assertion).unwrap();
        let (before, rest) = signed.split_once("<ds:DigestValue>").unwrap();
        let (digest, after) = rest.split_once("</").unwrap();
        let (head, tail) = digest.split_at(20);
        let xml = format!("{before}<ds:DigestValue>{wrap}{head}{wrap}{tail}{wrap}</{after}");
        let filled = resigned(&xml, C14nMode::Exclusive, rsa());
        assert_ne!(filled, signed);
        Gateway::new().accepts(&filled);
    }
}

#[test]
fn white_space_and_comments_in_signed_info() {
    let xml = signed(Signed::Assertion)
        .replace("<ds:SignatureM", "\n  <ds:SignatureM")
        .replace("<ds:Ref", "\r\n  <ds:Ref")
        .replace("</ds:SignedInfo>", "\n</ds:SignedInfo>");
    // Exclusive canonicalisation without comments leaves them out.
    let filled = resigned(&xml, C14nMode::Exclusive, rsa());
    Gateway::new().accepts(&filled);
    Gateway::new().accepts(&swap(&filled, "<ds:Reference", "<!-- the one --><ds:Reference"));
}

#[test]
fn other_key_infos() {
    for info in [
        KeyInfo::Absent,
        KeyInfo::Raw("<ds:KeyName>idp</ds:KeyName>".into()),
        KeyInfo::Raw(
            "<ds:X509Data><ds:X509SubjectName>CN=idp</ds:X509SubjectName></ds:X509Data>\
             <wsse:SecurityTokenReference xmlns:wsse=\"urn:x\"/>"
                .into(),
        ),
    ] {
        let mut algorithms = Algorithms::usual(rsa());
        algorithms.key_info = info;
        for what in ALL {
            let xml = response().sign_with(rsa(), what, &algorithms).unwrap();
            Gateway::new().accepts(&xml);
        }
    }
}

#[test]
fn xsi_types() {
    for to in [
        "<saml:AttributeValue>",
        "<saml:AttributeValue xsi:type=\"xs:anyType\">",
        "<saml:AttributeValue xmlns:q=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"q:string\">",
    ] {
        in_every_way(|xml| xml.replace("<saml:AttributeValue xsi:type=\"xs:string\">", to));
    }
}

#[test]
fn an_xml_declaration_and_a_byte_order_mark() {
    for before in [
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n",
        "\u{feff}",
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    ] {
        for what in ALL {
            Gateway::new().accepts(&format!("{before}{}\n", signed(what)));
        }
    }
}

#[test]
fn carriage_returns_are_line_feeds() {
    // XML 1.0, 2.11: what was signed with line feeds verifies with CRLF on the wire.
    for what in ALL {
        let xml = edited(what, |xml| xml.replace("><saml", ">\n<saml"));
        Gateway::new().accepts(&xml.replace('\n', "\r\n"));
    }
}

#[test]
fn several_attribute_statements_and_repeated_names() {
    for what in ALL {
        let mut several = response();
        several.assertion.attributes.push(Attribute::new("groups", ["second"]));
        several.assertion.extra = "<saml:AttributeStatement><saml:Attribute Name=\"groups\">\
             <saml:AttributeValue>third</saml:AttributeValue><saml:AttributeValue/></saml:Attribute>\
             <saml:Attribute Name=\"Groups\"><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>\
             <saml:Attribute Name=\"none\"/></saml:AttributeStatement>"
            .into();
        let verified = Gateway::new().take(&several.sign(rsa(), what).unwrap()).unwrap();
        assert_eq!(values(&verified, "groups"), [GROUP, "second", "third", ""]);
        assert_eq!(values(&verified, "Groups"), ["x"]);
        assert_eq!(verified.attributes().iter().filter(|attribute| attribute.name == "groups").count(), 1);
    }
}

#[test]
fn statements_and_advice_in_any_legal_place() {
    for what in ALL {
        let xml = edited(what, |xml| {
            let xml = swap(
                xml,
                "</saml:Conditions>",
                "</saml:Conditions><saml:Advice><saml:AssertionURIRef>urn:x</saml:AssertionURIRef></saml:Advice>",
            );
            let (before, rest) = xml.split_once("<saml:AuthnStatement").unwrap();
            let (statement, after) = rest.split_once("</saml:AuthnStatement>").unwrap();
            swap(
                &format!("{before}{after}"),
                "</saml:Assertion>",
                &format!("<saml:AuthnStatement{statement}</saml:AuthnStatement></saml:Assertion>"),
            )
        });
        Gateway::new().accepts(&xml);
    }
}

#[test]
fn several_audiences_and_restrictions() {
    for what in ALL {
        let mut response = response();
        response.assertion.conditions.audience_restrictions = vec![
            vec!["urn:amazon:webservices".into(), AUDIENCE.into()],
            vec![AUDIENCE.into(), "https://other.example.com".into()],
        ];
        response.assertion.conditions.extra = "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/>".into();
        Gateway::new().accepts(&response.sign(rsa(), what).unwrap());
    }
    let mut two = Gateway::new();
    two.audiences = vec!["https://old.example.com".into(), "urn:amazon:webservices".into()];
    let mut aws = response();
    aws.assertion.conditions.audience_restrictions = vec![vec!["urn:amazon:webservices".into()]];
    two.accepts(&aws.sign(rsa(), Signed::Assertion).unwrap());
}

#[test]
fn one_confirmation_of_several_holds() {
    for what in ALL {
        for place in [0, 1, 2] {
            let mut response = response();
            let good = response.assertion.confirmations[0].clone();
            let mut wrong_method = good.clone();
            wrong_method.method = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches".into();
            let mut wrong_recipient = good.clone();
            wrong_recipient.recipient = Some("https://other.example.com".into());
            response.assertion.confirmations = vec![wrong_method, wrong_recipient];
            response.assertion.confirmations.insert(place, good);
            Gateway::new().accepts(&response.sign(rsa(), what).unwrap());
        }
    }
}

#[test]
fn every_spelling_of_an_instant() {
    for to in [
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:00:00.5Z",
        "2026-03-01T09:00:00.1234567Z",
        "2026-03-01T09:00:00.123456789+00:00",
        "2026-03-01T09:00:00+00:00",
        "2026-03-01T18:00:00+09:00",
        "2026-03-01T09:00:00-00:00",
    ] {
        for what in ALL {
            let xml = edited(what, |xml| xml.replace("2026-03-01T09:00:00.000Z", to));
            Gateway::new().accepts(&xml);
        }
    }
}

#[test]
fn thirty_seconds_of_skew_either_way() {
    for what in ALL {
        let mut response = response();
        response.assertion.conditions.not_before = Some(now());
        let xml = response.sign(rsa(), what).unwrap();
        Gateway::at(now() - TimeDelta::seconds(30)).accepts(&xml);
        Gateway::at(now() + TimeDelta::seconds(330)).accepts(&xml);
    }
}

#[test]
fn a_rollover_of_signing_keys() {
    let new = key(KeyKind::P256);
    for keys in [[rsa(), new], [new, rsa()]] {
        let gateway = Gateway::trusting(&keys);
        for what in ALL {
            gateway.accepts(&signed(what));
            gateway.accepts(&response().sign(new, what).unwrap());
        }
    }
    // Response and Assertion may be signed by different keys of the same IdP.
    let response = response();
    let inner = response.sign(rsa(), Signed::Assertion).unwrap();
    let both =
        studio_gateway::demo::idp::signature::sign_xml(&inner, &response.id, new, &Algorithms::usual(new))
            .unwrap();
    Gateway::trusting(&[rsa(), new]).accepts(&both);
    Gateway::trusting(&[rsa()]).refuses(&both, studio_gateway::saml::Rule::Signature);
    Gateway::trusting(&[new]).refuses(&both, studio_gateway::saml::Rule::Signature);
}

#[test]
fn an_expired_certificate_is_a_warning() {
    use base64::Engine as _;
    let year = |year: &str| format!("{year}-01-01T00:00:00Z").parse::<chrono::DateTime<Utc>>().unwrap();
    let old = SigningKey::generate_between(KeyKind::P256, "old.test", year("2020"), year("2021")).unwrap();
    let metadata = format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{IDP}\">\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{IDP}\"/>\
         </md:IDPSSODescriptor></md:EntityDescriptor>",
        base64::engine::general_purpose::STANDARD.encode(old.certificate_der().unwrap())
    );
    let metadata = studio_gateway::saml::metadata::IdpMetadata::parse(&metadata, None, None, now()).unwrap();
    assert_eq!(metadata.warnings.len(), 1, "{:?}", metadata.warnings);
    let mut gateway = Gateway::new();
    gateway.keys = Trust { keys: metadata.keys, certificates: vec![old.certificate_der().unwrap()] };
    gateway.accepts(&response().sign(&old, Signed::Both).unwrap());
}

#[test]
fn white_space_around_issuer_and_audience() {
    in_every_way(|xml| {
        xml.replace(
            &format!("<saml:Issuer>{IDP}<"),
            &format!(
                "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">\n   {IDP}\n  <"
            ),
        )
        .replace(&format!("<saml:Audience>{AUDIENCE}<"), &format!("<saml:Audience>\r\n\t{AUDIENCE} <"))
    });
}

#[test]
fn no_issuer_in_the_response() {
    for what in ALL {
        let mut response = response();
        response.issuer = None;
        Gateway::new().accepts(&response.sign(rsa(), what).unwrap());
    }
}

#[test]
fn extensions_status_message_and_detail() {
    in_every_way(|xml| {
        let xml = swap(
            xml,
            "<samlp:Status>",
            "<samlp:Extensions><x:hint xmlns:x=\"urn:x\">y</x:hint></samlp:Extensions><samlp:Status>",
        );
        swap(
            &xml,
            "</samlp:Status>",
            "<samlp:StatusMessage>fine</samlp:StatusMessage>\
             <samlp:StatusDetail><x:d xmlns:x=\"urn:x\"/></samlp:StatusDetail></samlp:Status>",
        )
    });
}

#[test]
fn a_large_message_with_hundreds_of_groups() {
    for what in ALL {
        for c14n in [uri::EXC_C14N, uri::C14N] {
            let mut algorithms = Algorithms::usual(rsa());
            c14n.clone_into(&mut algorithms.c14n_method);
            let mut response = response();
            let groups: Vec<_> = (0..700).map(|n| format!("group number {n:04}")).collect();
            response.assertion.set_attribute("many", groups.clone());
            let xml = response.sign_with(rsa(), what, &algorithms).unwrap();
            assert!((55_000..75_000).contains(&xml.len()), "{}", xml.len());
            assert_eq!(values(&Gateway::new().accepts(&xml), "many"), groups);
        }
    }
}

#[test]
fn namespaces_declared_on_every_value() {
    in_every_way(|xml| {
        let value = "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">";
        let xml = xml.replace("<saml:AttributeValue xsi:type=\"xs:string\">", value);
        let many = format!("{value}x</saml:AttributeValue>").repeat(150);
        swap(
            &xml,
            "<saml:Attribute Name=\"groups\"",
            &format!("<saml:Attribute Name=\"many\">{many}</saml:Attribute><saml:Attribute Name=\"groups\""),
        )
    });
}

#[test]
fn what_comes_out_is_what_was_stated() {
    let mut response: Response = response();
    response.assertion.name_id.as_mut().unwrap().value = " kim \u{1f600}\"'&<>".into();
    response.assertion.set_attribute("odd", ["  spaces  ", "a\r\nb\tc", ""]);
    for what in ALL {
        let verified = Gateway::new().take(&response.sign(rsa(), what).unwrap()).unwrap();
        assert_eq!(verified.id(), response.assertion.id);
        assert_eq!(verified.name_id().value, " kim \u{1f600}\"'&<>");
        assert_eq!(
            verified.name_id().format.as_deref(),
            Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        );
        assert_eq!(values(&verified, "odd"), ["  spaces  ", "a\r\nb\tc", ""]);
        assert_eq!(verified.issued(), now());
        assert_eq!(verified.acceptable_until(), now() + TimeDelta::minutes(5) + TimeDelta::seconds(60));
        assert_eq!(verified.session_until(), Some(now() + TimeDelta::hours(8)));
    }
}

#[test]
fn the_confirmation_that_answers_our_request_counts() {
    for place in [0, 1] {
        let mut response = response().answering("_ours");
        let mut other = response.assertion.confirmations[0].clone();
        other.in_response_to = Some("_theirs".into());
        response.assertion.confirmations.insert(place, other);
        response.in_response_to = None;
        let mut gateway = Gateway::new();
        gateway.outstanding = vec!["_ours".into()];
        let verified = gateway.accepts(&response.sign(rsa(), Signed::Assertion).unwrap());
        assert_eq!(verified.request_id(), Some("_ours"));
    }
}

/// Until then a second use has to be refused by the replay ledger, and from then on it is refused here.
#[test]
fn from_acceptable_until_on_nothing_is_accepted() {
    let minutes = TimeDelta::minutes;
    for (confirmations, conditions) in
        [(vec![5], Some(5)), (vec![1, 3], None), (vec![3, 1], Some(20)), (vec![4], Some(2)), (vec![60], None)]
    {
        let mut response = response();
        let one = response.assertion.confirmations[0].clone();
        response.assertion.confirmations = confirmations
            .into_iter()
            .map(|after| {
                let mut one = one.clone();
                one.not_on_or_after = Some(now() + minutes(after));
                one
            })
            .collect();
        response.assertion.conditions.not_on_or_after = conditions.map(|after| now() + minutes(after));
        let xml = response.sign(rsa(), Signed::Assertion).unwrap();
        let until = Gateway::new().accepts(&xml).acceptable_until();
        // Whichever confirmation held: another may, for another browser, until the assertion is too old for all.
        assert_eq!(until, now() + minutes(6));
        assert!(Gateway::at(until).take(&xml).is_err(), "{until}");
    }
}
