//! XML that is not what it seems: DTDs, encodings, control characters, namespaces.

use crate::fixture::*;
use studio_gateway::demo::idp::signature::{Algorithms, Signed};
use studio_gateway::error::Code;
use studio_gateway::saml::Rule;

#[test]
fn document_types() {
    for dtd in [
        "<!DOCTYPE Response>",
        "<!DOCTYPE Response SYSTEM \"https://evil.example.com/x.dtd\">",
        "<!DOCTYPE Response PUBLIC \"x\" \"file:///etc/passwd\">",
        "<!DOCTYPE Response []>",
        "<!DOCTYPE Response [<!ENTITY x \"admin\">]>",
        "<!DOCTYPE Response [<!ENTITY % x SYSTEM \"https://evil.example.com\"> %x;]>",
        "<!DOCTYPE Response [<!ATTLIST samlp:Response ID ID #IMPLIED>]>",
        "<!DOCTYPE Response [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">\
         <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]>",
        "<!doctype Response>",
        "<!ENTITY x \"admin\">",
        "<!-- --><!DOCTYPE Response>",
        "\n<!DOCTYPE\nResponse\n>",
    ] {
        for what in [Signed::Response, Signed::Assertion] {
            let xml = signed(what);
            Gateway::new().refuses(&format!("{dtd}{xml}"), Rule::Xml);
            Gateway::new().refuses(&format!("<?xml version=\"1.0\"?>{dtd}{xml}"), Rule::Xml);
            Gateway::new().refuses(&format!("{xml}{dtd}"), Rule::Xml);
            Gateway::new().refuses(&swap(&xml, "<samlp:Status>", &format!("{dtd}<samlp:Status>")), Rule::Xml);
        }
    }
}

#[test]
fn entities() {
    for entity in ["&x;", "&nbsp;", "&x", "&;", "& ", "&#;", "&#x;", "&#xg;", "&amp", "%x;&y;"] {
        let xml = swap(&signed(Signed::Assertion), ">kim<", &format!(">kim{entity}<"));
        Gateway::new().refuses(&xml, Rule::Xml);
        let xml =
            swap(&signed(Signed::Assertion), "Version=\"2.0\"", &format!("Version=\"2.0\" x=\"{entity}\""));
        Gateway::new().refuses(&xml, Rule::Xml);
    }
}

#[test]
fn processing_instructions() {
    for instruction in [
        "<?xml-stylesheet href=\"https://evil.example.com/x.xsl\"?>",
        "<?x?>",
        "<?php echo 1 ?>",
        "<?xml version=\"1.0\"?>",
    ] {
        for what in [Signed::Response, Signed::Assertion] {
            let xml = signed(what);
            for xml in [
                format!("{instruction}{instruction}{xml}"),
                format!("{xml}{instruction}"),
                swap(&xml, "<samlp:Status>", &format!("{instruction}<samlp:Status>")),
                swap(&xml, ">kim<", &format!(">kim{instruction}<")),
            ] {
                Gateway::new().refuses(&xml, Rule::Xml);
            }
        }
    }
    // Also where the IdP itself signed it.
    let xml = edited(Signed::Both, |xml| swap(xml, ">kim<", ">admin<?x?>kim<"));
    Gateway::new().refuses(&xml, Rule::Xml);
}

#[test]
fn declared_encodings_and_versions() {
    for declaration in [
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?>",
        "<?xml version=\"1.0\" encoding=\"utf8\"?>",
        "<?xml version=\"1.0\" encoding=\"US-ASCII\"?>",
        "<?xml version=\"1.0\" encoding=\"\"?>",
        "<?xml version=\"1.1\"?>",
        "<?xml version=\"2.0\"?>",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" encoding=\"UTF-7\"?>",
        "<?xml encoding=\"UTF-8\"?>",
        " <?xml version=\"1.0\"?>",
        "\u{feff}\u{feff}",
        "<?XML version=\"1.0\"?>",
    ] {
        for what in [Signed::Response, Signed::Assertion] {
            Gateway::new().refuses(&format!("{declaration}{}", signed(what)), Rule::Xml);
        }
    }
}

#[test]
fn bytes_that_are_not_utf_8() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let xml = signed(Signed::Response);
    let utf16: Vec<u8> = xml.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let utf16_bom: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(xml.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let put = |inside: &[u8]| {
        let at = xml.find(">kim<").unwrap() + 1;
        [&xml.as_bytes()[..at], inside, &xml.as_bytes()[at..]].concat()
    };
    let mut faults = Vec::new();
    for bytes in [
        utf16_bom,
        put(b"\xff"),
        put(b"\xc0\x80"),
        put(b"\xed\xa0\x80"),
        put(b"\xf4\x90\x80\x80"),
        put(b"\xe9"),
        put(b"\xc0\xbcadmin"),
    ] {
        faults.push(Gateway::new().take_form(&STANDARD.encode(bytes)).unwrap_err());
    }
    for fault in faults {
        assert_eq!((fault.rule, fault.code), (Rule::Xml, Code::RequestMalformed), "{fault}");
    }
    // Without a mark, UTF-16 of ASCII is UTF-8 with NULs, and no XML.
    let fault = Gateway::new().take_form(&STANDARD.encode(utf16)).unwrap_err();
    assert_eq!(fault.rule, Rule::Xml, "{fault}");
}

#[test]
fn control_characters() {
    for character in ["\0", "\u{1}", "\u{8}", "\u{b}", "\u{c}", "\u{1b}", "\u{fffe}", "\u{ffff}"] {
        let code = u32::from(character.chars().next().unwrap());
        for inside in [character.to_owned(), format!("&#x{code:x};"), format!("&#{code};")] {
            for what in [Signed::Response, Signed::Assertion] {
                let xml = signed(what);
                for (from, to) in [
                    (">kim<", format!(">kim{inside}<")),
                    ("Version=\"2.0\"", format!("Version=\"2.0{inside}\"")),
                    ("<samlp:Status>", format!("{inside}<samlp:Status>")),
                    ("<samlp:Status>", format!("<!--{inside}--><samlp:Status>")),
                ] {
                    if to.contains("<!--&") {
                        continue;
                    }
                    Gateway::new().refuses(&swap(&xml, from, &to), Rule::Xml);
                }
            }
        }
    }
    for surrogate in ["&#xd800;", "&#xdfff;", "&#x110000;", "&#99999999999;", "&#0;"] {
        let xml = swap(&signed(Signed::Response), ">kim<", &format!(">kim{surrogate}<"));
        Gateway::new().refuses(&xml, Rule::Xml);
    }
}

#[test]
fn text_that_is_not_well_formed() {
    let xml = signed(Signed::Response);
    for xml in [
        String::from("<"),
        String::from("<a"),
        String::from("plain text"),
        format!("x{xml}"),
        format!("{xml}x"),
        xml[..xml.len() - 1].to_owned(),
        swap(&xml, "</saml:Subject>", ""),
        swap(&xml, "</saml:Subject>", "</saml:Subjec>"),
        swap(&xml, "Version=\"2.0\"", "Version=2.0"),
        swap(&xml, "Version=\"2.0\"", "Version"),
        swap(&xml, "Version=\"2.0\"", "Version=\"2.0\"Version2=\"\""),
        swap(&xml, "Version=\"2.0\"", "Version=\"2.0\" Version=\"2.0\""),
        swap(&xml, "Version=\"2.0\"", "Version=\"<\""),
        swap(&xml, ">kim<", ">kim]]><"),
        swap(&xml, ">kim<", "><!-- -- -->kim<"),
        swap(&xml, ">kim<", "><![CDATA[kim<"),
        swap(&xml, "<saml:Subject>", "< saml:Subject>"),
        swap(&xml, "<saml:Subject>", "<saml:1Subject>"),
        swap(&xml, "<saml:Subject>", "<saml:Sub:ject>"),
    ] {
        let fault = Gateway::new().take(&xml).expect_err(&xml);
        assert!(matches!(fault.rule, Rule::Xml | Rule::Encoding), "{fault}\n{xml}");
    }
}

#[test]
fn namespaces_that_are_not_allowed() {
    let xml = signed(Signed::Assertion);
    for declaration in [
        "xmlns:p=\"\"",
        "xmlns:xml=\"urn:x\"",
        "xmlns:xmlns=\"urn:x\"",
        "xmlns:p=\"http://www.w3.org/2000/xmlns/\"",
        "xmlns=\"http://www.w3.org/2000/xmlns/\"",
        "xmlns:p=\"http://www.w3.org/XML/1998/namespace\"",
        "xmlns=\"http://www.w3.org/XML/1998/namespace\"",
        "xmlns:p=\"urn:x\" xmlns:p=\"urn:y\"",
        "xmlns=\"urn:x\" xmlns=\"urn:x\"",
        "xmlns:=\"urn:x\"",
        "xmlns:a:b=\"urn:x\"",
        "xmlns:p=\"relative\"",
        "xmlns:p=\"../x\"",
        "xmlns:p=\"1\"",
        "xmlns:p=\"1:x\"",
        "xmlns:p=\"//example.com/x\"",
        "xmlns:p=\"#x\"",
        "xmlns:p=\"urn:\"",
        "xmlns:p=\" urn:x\"",
        "xmlns:p=\"urn:x y\"",
        "xmlns:p=\"urn:x`\"",
        "xmlns:p=\"urn:[x]\"",
        "xmlns:p=\"urn:x#y#z\"",
        "xmlns:p=\"urn:x%\"",
        "xmlns:p=\"urn:x%2\"",
        "xmlns:p=\"urn:x%2g\"",
        "xmlns:p=\"urn:é\"",
        "xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:a=\"1\" q:a=\"2\"",
        "undeclared:a=\"1\"",
        ":a=\"1\"",
        ":ID=\"1\"",
        "saml:a:b=\"1\"",
        "a:=\"1\"",
    ] {
        for element in ["<samlp:Status", "<samlp:Response", "<saml:NameID"] {
            let bad = swap(&xml, element, &format!("{element} {declaration}"));
            Gateway::new().refuses(&bad, Rule::Xml);
        }
    }
    Gateway::new().refuses(&swap(&xml, "<samlp:Status><", "<samlp:Status><undeclared:x/><"), Rule::Xml);
}

#[test]
fn elements_of_another_namespace_are_not_what_they_are_called() {
    // Signed by the IdP as they stand, so that only the namespace can be what is refused.
    for (name, namespace) in [
        ("saml", "urn:oasis:names:tc:SAML:1.0:assertion"),
        ("saml", "urn:oasis:names:tc:SAML:2.0:assertion/"),
        ("saml", "urn:oasis:names:tc:saml:2.0:assertion"),
        ("saml", "urn:oasis:names:tc:SAML:2.0:protocol"),
        ("samlp", "urn:oasis:names:tc:SAML:2.0:assertion"),
        ("samlp", "urn:oasis:names:tc:SAML:1.0:protocol"),
    ] {
        let real = if name == "saml" { "assertion" } else { "protocol" };
        let from = format!("xmlns:{name}=\"urn:oasis:names:tc:SAML:2.0:{real}\"");
        let to = format!("xmlns:{name}=\"{namespace}\"");
        let genuine = response();
        let xml = genuine.to_xml().replace(&from, &to);
        for what in [Signed::Response, Signed::Assertion] {
            let xml = sign_text(&xml, &genuine, what, &Algorithms::usual(rsa()));
            let fault = Gateway::new().take(&xml).expect_err(namespace);
            assert!(matches!(fault.rule, Rule::Structure | Rule::Issuer), "{fault}");
        }
    }
    // A redefinition half way down.
    for (from, to) in [
        ("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">"),
        ("<saml:NameID", "<saml:NameID xmlns:saml=\"urn:x\""),
        ("<saml:Conditions", "<saml:Conditions xmlns:saml=\"urn:x\""),
        ("<saml:Audience>", "<saml:Audience xmlns:saml=\"urn:x\">"),
        ("<saml:SubjectConfirmation ", "<saml:SubjectConfirmation xmlns:saml=\"urn:x\" "),
        ("<saml:AuthnStatement ", "<saml:AuthnStatement xmlns:saml=\"urn:x\" "),
        ("<samlp:Status>", "<samlp:Status xmlns:samlp=\"urn:x\">"),
        ("<samlp:StatusCode ", "<samlp:StatusCode xmlns:samlp=\"urn:x\" "),
    ] {
        let xml = edited(Signed::Both, |xml| swap(xml, from, to));
        let fault = Gateway::new().take(&xml).expect_err(from);
        assert_eq!(fault.code, Code::AssertionRejected, "{fault}");
    }
    let from = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
    let xml = signed(Signed::Response).replace(from, "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig\"");
    Gateway::new().refuses(&xml, Rule::Structure);
}

#[test]
fn attributes_in_a_namespace_are_not_the_plain_ones() {
    for (from, to) in [
        (" Version=\"2.0\"", " x:Version=\"2.0\""),
        (" Destination=", " x:Destination="),
        (" IssueInstant=", " x:IssueInstant="),
        (" Recipient=", " x:Recipient="),
        (" NotOnOrAfter=", " x:NotOnOrAfter="),
        (" Method=", " x:Method="),
        (" Value=", " x:Value="),
        (" AuthnInstant=", " x:AuthnInstant="),
        (" Name=\"groups\"", " x:Name=\"groups\""),
    ] {
        let xml = edited(Signed::Response, |xml| {
            let xml = swap(xml, "<samlp:Response ", "<samlp:Response xmlns:x=\"urn:y\" ");
            // Where a plain one stays elsewhere, it must not be taken for this one.
            xml.replace(from, to)
        });
        let result = Gateway::new().take(&xml);
        if from.contains("NotOnOrAfter") {
            assert_eq!(result.unwrap_err().rule, Rule::Confirmation);
        } else {
            assert!(result.is_err(), "{from}");
        }
    }
    // And one beside the plain one changes nothing.
    let xml = edited(Signed::Both, |xml| {
        let xml = swap(xml, "<samlp:Response ", "<samlp:Response xmlns:x=\"urn:y\" ");
        xml.replace(" Recipient=", " x:Recipient=\"https://evil.example.com\" Recipient=")
            .replace(" Name=\"groups\"", " x:Name=\"admins\" Name=\"groups\"")
            .replace(" Value=", " x:Value=\"no\" Value=")
    });
    Gateway::new().accepts(&xml);
}

#[test]
fn xml_attributes_are_nothing_special() {
    for attributes in [
        "xml:lang=\"ko\"",
        "xml:space=\"preserve\"",
        "xml:base=\"https://evil.example.com/\"",
        "xml:lang=\"ko\" xml:space=\"default\"",
    ] {
        use bergshamra::core::algorithm as uri;
        for c14n in [uri::EXC_C14N, uri::C14N, uri::C14N11] {
            let mut algorithms = Algorithms::usual(rsa());
            c14n.clone_into(&mut algorithms.c14n_method);
            for what in [Signed::Response, Signed::Assertion, Signed::Both] {
                let genuine = response();
                for element in ["<samlp:Response ", "<saml:Assertion ", "<saml:NameID "] {
                    let xml = swap(&genuine.to_xml(), element, &format!("{element}{attributes} "));
                    Gateway::new().accepts(&sign_text(&xml, &genuine, what, &algorithms));
                }
            }
        }
    }
}

#[test]
fn schema_hints_are_not_followed() {
    let xml = edited(Signed::Both, |xml| {
        swap(
            xml,
            "<samlp:Response ",
            "<samlp:Response xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:schemaLocation=\"urn:x https://evil.example.com/x.xsd\" ",
        )
    });
    Gateway::new().accepts(&xml);
    let include = edited(Signed::Both, |xml| {
        let inside =
            "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\" parse=\"text\"/>";
        swap(xml, ">kim<", &format!(">kim{inside}<"))
    });
    Gateway::new().refuses(&include, Rule::Subject);
}

#[test]
fn values_with_elements_in_them_are_no_values() {
    let in_name = edited(Signed::Both, |xml| swap(xml, ">kim<", ">admin<x xmlns=\"urn:x\"/>kim<"));
    Gateway::new().refuses(&in_name, Rule::Subject);
    let in_audience = edited(Signed::Both, |xml| {
        swap(
            xml,
            &format!("{AUDIENCE}</saml:Audience>"),
            &format!("{AUDIENCE}<x xmlns=\"urn:x\"/></saml:Audience>"),
        )
    });
    Gateway::new().refuses(&in_audience, Rule::Audience);
    let in_issuer = edited(Signed::Both, |xml| {
        xml.replace(&format!("{IDP}</saml:Issuer>"), &format!("{IDP}<x xmlns=\"urn:x\"/></saml:Issuer>"))
    });
    Gateway::new().refuses(&in_issuer, Rule::Issuer);
    let in_value = edited(Signed::Both, |xml| swap(xml, "데이터", "admin<x xmlns=\"urn:x\"/>데이터"));
    let verified = Gateway::new().take(&in_value).unwrap();
    assert_eq!(values(&verified, "groups"), [""; 0]);
}
