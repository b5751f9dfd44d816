//! The shape and the algorithms of a signature: whatever is not the one allowed shape is refused before any
//! cryptography, also where the signature itself would verify.

use crate::fixture::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::C14nMode;
use bergshamra::core::algorithm as uri;
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::signature::{Algorithms, KeyInfo, Signed};
use studio_gateway::saml::{Rule, TrustedKeys};

/// Bends the signature and signs SignedInfo anew, so that only the shape can be what is refused.
#[track_caller]
fn bent(rule: Rule, from: &str, to: &str) {
    for what in [Signed::Response, Signed::Assertion] {
        let xml = swap(&signed(what), from, to);
        Gateway::new().refuses(&xml, rule);
        Gateway::new().refuses(&resigned(&xml, C14nMode::Exclusive, rsa()), rule);
    }
}

#[test]
fn references() {
    let id = |what: &Signed| {
        let xml = signed(*what);
        let at = xml.find("URI=\"#").unwrap() + 6;
        xml[at..at + 33].to_owned()
    };
    assert_eq!(id(&Signed::Response).len(), 33);
    for uri in [
        "URI=\"\"",
        "URI=\"#\"",
        "URI=\"#other\"",
        "URI=\"https://evil.example.com/x\"",
        "URI=\"/etc/passwd\"",
        "URI=\"Cargo.toml\"",
        "URI=\"file:///etc/passwd\"",
        "URI=\"#xpointer(/)\"",
        "x:URI=\"#_\" xmlns:x=\"urn:x\"",
        "",
    ] {
        for what in [Signed::Response, Signed::Assertion] {
            let genuine = signed(what);
            let at = genuine.find("URI=\"#").unwrap();
            let old = &genuine[at..at + 6 + 34];
            Gateway::new().refuses(&swap(&genuine, old, uri), Rule::SignatureShape);
            let own = &genuine[at + 6..at + 6 + 33];
            for pointer in [
                format!("URI=\"#xpointer(id('{own}'))\""),
                format!("URI=\" #{own}\""),
                format!("URI=\"#{own} \""),
                format!("URI=\"{own}\""),
                format!("URI=\"x#{own}\""),
                format!("URI=\"##{own}\""),
                format!("URI=\"#%5F{}\"", &own[1..]),
            ] {
                Gateway::new().refuses(&swap(&genuine, old, &pointer), Rule::SignatureShape);
            }
        }
    }
}

#[test]
fn zero_or_several_references() {
    for what in [Signed::Response, Signed::Assertion] {
        let xml = signed(what);
        let from = xml.find("<ds:Reference").unwrap();
        let to = xml.find("</ds:Reference>").unwrap() + "</ds:Reference>".len();
        let reference = xml[from..to].to_owned();
        for new in [String::new(), reference.repeat(2), format!("{reference}{reference}{reference}")] {
            bent_text(&xml, &reference, &new);
        }
        let elsewhere = swap(&reference, "URI=\"#", "URI=\"#x");
        bent_text(&xml, &reference, &format!("{elsewhere}{reference}"));
        bent_text(&xml, &reference, &format!("{reference}{elsewhere}"));
        bent_text(&xml, &reference, &format!("<ds:Manifest>{reference}</ds:Manifest>"));
    }
}

#[track_caller]
fn bent_text(xml: &str, from: &str, to: &str) {
    let xml = swap(xml, from, to);
    for xml in [resigned(&xml, C14nMode::Exclusive, rsa()), xml] {
        Gateway::new().refuses(&xml, Rule::SignatureShape);
    }
}

#[test]
fn several_signed_infos() {
    for what in [Signed::Response, Signed::Assertion] {
        let xml = signed(what);
        let from = xml.find("<ds:SignedInfo").unwrap();
        let to = xml.find("</ds:SignedInfo>").unwrap() + "</ds:SignedInfo>".len();
        let info = &xml[from..to];
        let evil = info.replace("DigestValue>", "DigestValue>AAAA");
        for new in [
            format!("{info}{evil}"),
            format!("{evil}{info}"),
            format!("{info}{info}"),
            format!("<ds:x>{info}</ds:x>{info}"),
            String::new(),
        ] {
            Gateway::new().refuses(&swap(&xml, info, &new), Rule::SignatureShape);
        }
        // In KeyInfo it is nobody's business, and nobody reads it.
        let hidden = swap(&xml, "</ds:KeyInfo>", &format!("{evil}</ds:KeyInfo>"));
        Gateway::new().accepts(&hidden);
        let moved = swap(&swap(&xml, info, ""), "</ds:KeyInfo>", &format!("{info}</ds:KeyInfo>"));
        Gateway::new().refuses(&moved, Rule::SignatureShape);
    }
}

#[test]
fn transforms() {
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";
    let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
    let both = format!("{enveloped}{exclusive}");
    let transform =
        |uri: &str, inside: &str| format!("<ds:Transform Algorithm=\"{uri}\">{inside}</ds:Transform>");
    let xslt = transform(
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"/>",
    );
    let xpath = transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>1=1</ds:XPath>");
    let filter = transform(
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "<f:XPath xmlns:f=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">/</f:XPath>",
    );
    let base64 = transform("http://www.w3.org/2000/09/xmldsig#base64", "");
    for other in [&xslt, &xpath, &filter, &base64] {
        bent(Rule::SignatureAlgorithm, &both, &format!("{other}{exclusive}"));
        bent(Rule::SignatureAlgorithm, &both, &format!("{enveloped}{other}"));
        bent(Rule::SignatureShape, &both, &format!("{both}{other}"));
        bent(Rule::SignatureShape, &both, &format!("{other}{both}"));
    }
    bent(Rule::SignatureAlgorithm, &both, &format!("{exclusive}{enveloped}"));
    bent(Rule::SignatureAlgorithm, &both, exclusive);
    bent(Rule::SignatureAlgorithm, &both, &format!("{enveloped}{enveloped}"));
    bent(Rule::SignatureShape, &both, &format!("{enveloped}{exclusive}{exclusive}"));
    bent(Rule::SignatureShape, &both, "");
    bent(Rule::SignatureShape, &format!("<ds:Transforms>{both}</ds:Transforms>"), "");
    bent(Rule::SignatureAlgorithm, enveloped, &transform(uri::ENVELOPED_SIGNATURE, "<ds:XPath>1</ds:XPath>"));
}

#[test]
fn inclusive_c14n_is_implied_where_no_canonicalisation_is_named() {
    let mut algorithms = Algorithms::usual(rsa());
    uri::C14N.clone_into(&mut algorithms.c14n_method);
    let last = format!("<ds:Transform Algorithm=\"{}\"></ds:Transform>", uri::C14N);
    for what in [Signed::Response, Signed::Assertion] {
        let xml = response().sign_with(rsa(), what, &algorithms).unwrap();
        Gateway::new().accepts(&resigned(&swap(&xml, &last, ""), C14nMode::Inclusive, rsa()));
    }
}

#[test]
fn algorithm_attributes() {
    for name in ["CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"] {
        let start = format!("<ds:{name} Algorithm=\"");
        // An attribute in a namespace beside the plain one, or instead of it.
        bent(
            Rule::SignatureShape,
            &start,
            &format!("<ds:{name} ds:Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\" Algorithm=\""),
        );
        bent(Rule::SignatureShape, &start, &format!("<ds:{name} ds:Algorithm=\""));
        for (to, rule) in [
            (format!("<ds:{name} Algorithm=\" "), Rule::SignatureAlgorithm),
            (format!("<ds:{name} Algorithm=\"x"), Rule::SignatureAlgorithm),
            (format!("<ds:{name} algorithm=\""), Rule::SignatureAlgorithm),
            (format!("<ds:{name} Algorithm=\"\" X=\""), Rule::SignatureAlgorithm),
        ] {
            bent(rule, &start, &to);
        }
    }
}

#[test]
fn weak_algorithms() {
    for (method, digest) in [
        (uri::RSA_SHA1, uri::SHA256),
        (uri::RSA_SHA256, uri::SHA1),
        (uri::RSA_MD5, uri::SHA256),
        (uri::RSA_SHA256, uri::MD5),
        (uri::RSA_SHA224, uri::SHA256),
        (uri::RSA_SHA256, uri::SHA224),
        (uri::RSA_PSS_SHA1, uri::SHA256),
    ] {
        let mut algorithms = Algorithms::usual(rsa());
        method.clone_into(&mut algorithms.signature_method);
        digest.clone_into(&mut algorithms.digest_method);
        for what in [Signed::Response, Signed::Assertion, Signed::Both] {
            let xml = response().sign_with(rsa(), what, &algorithms).unwrap();
            Gateway::new().refuses(&xml, Rule::SignatureAlgorithm);
        }
    }
}

#[test]
fn hmac_with_the_public_key() {
    use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};
    for secret in [rsa().certificate_der().unwrap(), rsa().certificate_pem().unwrap().into_bytes()] {
        for (hmac, rule) in [
            (uri::HMAC_SHA256, Rule::SignatureAlgorithm),
            (uri::HMAC_SHA1, Rule::SignatureAlgorithm),
            // The name of another method does not make it one.
            (uri::ECDSA_SHA256, Rule::Signature),
        ] {
            let xml = signed(Signed::Response).replace(uri::RSA_SHA256, hmac);
            let key = PKey::hmac(&secret).unwrap();
            let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
            signer.update(xml.as_bytes()).unwrap();
            let value = STANDARD.encode(signer.sign_to_vec().unwrap());
            let at = xml.find("<ds:SignatureValue>").unwrap() + "<ds:SignatureValue>".len();
            let end = xml.find("</ds:SignatureValue>").unwrap();
            Gateway::new().refuses(&format!("{}{value}{}", &xml[..at], &xml[end..]), rule);
        }
    }
}

#[test]
fn parameters() {
    for (start, inside, rule) in [
        ("SignatureMethod", "<ds:HMACOutputLength>1</ds:HMACOutputLength>", Rule::SignatureAlgorithm),
        ("DigestMethod", "<x xmlns=\"urn:x\"/>", Rule::SignatureAlgorithm),
    ] {
        let xml = signed(Signed::Response);
        let at = xml.find(&format!("<ds:{start}")).unwrap();
        let end = xml[at..].find("/>").unwrap() + at;
        let xml = format!("{}>{inside}</ds:{start}>{}", &xml[..end], &xml[end + 2..]);
        Gateway::new().refuses(&xml, rule);
    }
    let c14n = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    for inside in [
        "<x xmlns=\"urn:x\"/>",
        "<InclusiveNamespaces PrefixList=\"xs\"/>",
        "<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"a\"/>\
         <e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"b\"/>",
        "<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"a\"><e:x/>\
         </e:InclusiveNamespaces>",
    ] {
        bent(Rule::SignatureAlgorithm, c14n, &format!("{c14n}{inside}"));
    }
    let flood = "p ".repeat(33);
    let list = format!(
        "<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{flood}\"/>"
    );
    bent(Rule::Limits, c14n, &format!("{c14n}{list}"));
}

#[test]
fn void_and_failing_canonicalisation() {
    // An attacker who makes the canonical form empty would make every digest that of nothing.
    let empty = STANDARD.encode(openssl::sha::sha256(b""));
    for what in [Signed::Response, Signed::Assertion] {
        let xml = signed(what);
        let at = xml.find("<ds:DigestValue>").unwrap() + "<ds:DigestValue>".len();
        let end = xml.find("</ds:DigestValue>").unwrap();
        let void = format!("{}{empty}{}", &xml[..at], &xml[end..]);
        Gateway::new().refuses(&resigned(&void, C14nMode::Exclusive, rsa()), Rule::Signature);
        // Relative namespace URIs make libxml2's canonicalisation fail.
        let relative = void.replace("xmlns:samlp=", "xmlns:r=\"1\" xmlns:samlp=");
        Gateway::new().refuses(&resigned(&relative, C14nMode::Exclusive, rsa()), Rule::Xml);
    }
}

#[test]
fn digest_and_signature_values_in_one_piece() {
    for name in ["DigestValue", "SignatureValue"] {
        let start = format!("<ds:{name}>");
        for inside in [
            "<!---->",
            "<!--AAAA-->",
            "<![CDATA[]]>",
            "<x xmlns=\"urn:x\"/>",
            "<ds:x/>",
            "&#x200b;",
            "=",
            "\u{a0}",
        ] {
            for what in [Signed::Response, Signed::Assertion] {
                let xml = swap(&signed(what), &start, &format!("{start}{inside}"));
                Gateway::new().refuses(&xml, Rule::SignatureShape);
            }
        }
    }
}

#[test]
fn objects_manifests_and_text_in_a_signature() {
    for inside in [
        "<ds:Object/>",
        "<ds:Object Id=\"o\"><x xmlns=\"urn:x\"/></ds:Object>",
        "<ds:Manifest/>",
        "<x xmlns=\"urn:x\"/>",
        "text",
        "<![CDATA[ ]]>",
    ] {
        for end in ["</ds:Signature>", "</ds:SignedInfo>", "</ds:Reference>", "</ds:Transforms>"] {
            bent(Rule::SignatureShape, end, &format!("{inside}{end}"));
        }
    }
    bent(Rule::SignatureShape, "<ds:Reference ", "<ds:Reference ds:URI=\"#x\" ");
    bent(Rule::SignatureShape, "</ds:KeyInfo>", "</ds:KeyInfo><ds:KeyInfo/>");
}

#[test]
fn keys_from_key_info_are_not_used() {
    let certificate = STANDARD.encode(other().certificate_der().unwrap());
    for info in [
        format!("<ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"),
        "<ds:RetrievalMethod URI=\"https://evil.example.com/key\"/>".to_owned(),
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>".to_owned(),
    ] {
        let mut algorithms = Algorithms::usual(other());
        algorithms.key_info = KeyInfo::Raw(info.clone());
        for what in [Signed::Response, Signed::Assertion] {
            let xml = response().sign_with(other(), what, &algorithms).unwrap();
            Gateway::new().refuses(&xml, Rule::Signature);
            // And what it says about a good signature does not matter.
            let mut algorithms = Algorithms::usual(rsa());
            algorithms.key_info = KeyInfo::Raw(info.clone());
            Gateway::new().accepts(&response().sign_with(rsa(), what, &algorithms).unwrap());
        }
    }
}

#[test]
fn weak_keys_in_metadata() {
    let der = |key: &SigningKey| key.certificate_der().unwrap();
    let weak = der(key(KeyKind::Rsa(1024)));
    let fault = TrustedKeys::from_certificates(std::slice::from_ref(&weak)).unwrap_err();
    assert!(fault.contains("1024"), "{fault}");
    let (keys, left_out) = TrustedKeys::from_certificates(&[weak, der(rsa())]).unwrap();
    assert_eq!((keys.count(), left_out.len()), (1, 1));
    for none in [vec![], vec![vec![]], vec![b"not a certificate".to_vec()]] {
        assert!(TrustedKeys::from_certificates(&none).is_err());
    }
    let many = vec![der(rsa()); 9];
    assert!(TrustedKeys::from_certificates(&many).is_err());
}

#[test]
fn a_key_of_the_wrong_kind_for_the_method() {
    for kind in [KeyKind::P256, KeyKind::P384] {
        let xml = response().sign(key(kind), Signed::Both).unwrap();
        Gateway::new().refuses(&xml, Rule::Signature);
        Gateway::trusting(&[key(kind)]).refuses(&signed(Signed::Both), Rule::Signature);
    }
    Gateway::trusting(&[key(KeyKind::P384)])
        .refuses(&response().sign(key(KeyKind::P256), Signed::Both).unwrap(), Rule::Signature);
}
