//! Too much of something: refused by count, long before it takes long.

use crate::fixture::*;
use std::time::{Duration, Instant};
use studio_gateway::demo::idp::signature::{Algorithms, Signed};
use studio_gateway::saml::Rule;

/// Refused by a limit, and quickly. The bound is generous: this is an unoptimised build on a busy machine.
#[track_caller]
fn flood(xml: &str, rules: &[Rule]) {
    let began = Instant::now();
    let fault = Gateway::new().take(xml).expect_err("a flood");
    let took = began.elapsed();
    assert!(rules.contains(&fault.rule), "{fault}");
    println!("{took:?} for {} bytes: {fault}", xml.len());
    assert!(took < Duration::from_secs(2), "{took:?}: {fault}");
}

fn put(inside: &str) -> String {
    swap(
        &signed(Signed::Assertion),
        "<samlp:Status>",
        &format!("<samlp:Extensions>{inside}</samlp:Extensions><samlp:Status>"),
    )
}

#[test]
fn size() {
    flood(&put(&"x".repeat(5_000_000)), &[Rule::Encoding]);
    flood(&put(&"x".repeat(75_000)), &[Rule::Encoding]);
}

#[test]
fn depth() {
    for depth in [50, 1_000, 5_000, 9_000] {
        let nested = format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth));
        flood(&put(&nested), &[Rule::Xml, Rule::Limits]);
        flood(&put(&"<x>".repeat(depth)), &[Rule::Xml, Rule::Limits]);
    }
}

#[test]
fn elements_and_comments() {
    for piece in ["<x/>", "<!---->", "<x></x>", "<!--x-->y"] {
        flood(&put(&piece.repeat(60_000 / piece.len())), &[Rule::Limits, Rule::Xml]);
    }
}

fn attributes(count: usize, name: impl Fn(usize) -> String) -> String {
    (0..count).map(|n| format!(" {}=\"\"", name(n))).collect()
}

#[test]
fn attributes_of_one_element() {
    let many = attributes(5_000, |n| format!("a{n}"));
    for before in ["", "<!-- ' -->", "<x y=\"'\"/>", "<![CDATA[\"]]>", "don't"] {
        flood(&put(&format!("{before}<x{many}/>")), &[Rule::Limits]);
        flood(&put(&format!("{before}<x{many}>")), &[Rule::Limits]);
        flood(&put(&format!("{before}<x{many}")), &[Rule::Limits]);
    }
    let same = attributes(5_000, |_| "a".to_owned());
    flood(&put(&format!("<x{same}/>")), &[Rule::Limits]);
}

#[test]
fn namespaces() {
    let wide: String = (0..3_000).map(|n| format!(" xmlns:n{n}=\"urn:u\"")).collect();
    flood(&put(&format!("<x{wide}/>")), &[Rule::Limits]);
    let deep: String = (0..40)
        .map(|level| {
            let declared: String = (0..30).map(|n| format!(" xmlns:n{level}x{n}=\"urn:u\"")).collect();
            format!("<x{declared}>")
        })
        .collect();
    flood(&put(&format!("{deep}{}", "</x>".repeat(40))), &[Rule::Limits]);
}

#[test]
fn ids() {
    let many: String = (0..2_500).map(|n| format!("<x ID=\"i{n}\"/>")).collect();
    // Many different ones are nobody's problem; they are counted in one pass.
    let began = Instant::now();
    Gateway::new().accepts(&put(&many));
    assert!(began.elapsed() < Duration::from_secs(2));
    flood(&put(&format!("{many}<x ID=\"i1\"/>")), &[Rule::Structure]);
}

#[test]
fn text() {
    let references = "&#107;".repeat(9_000);
    flood(&put(&references).replace(">kim<", ">admin<"), &[Rule::Signature]);
    let xml = swap(&signed(Signed::Assertion), ">kim<", &format!(">{references}<"));
    flood(&xml, &[Rule::Signature]);
    let comments = "<!---->k".repeat(4_000);
    let xml = swap(&signed(Signed::Assertion), ">kim<", &format!(">{comments}<"));
    flood(&xml, &[Rule::Signature]);
    let white = swap(
        &signed(Signed::Assertion),
        "<ds:SignatureValue>",
        &format!("<ds:SignatureValue>{}", " ".repeat(60_000)),
    );
    Gateway::new().accepts(&white);
}

/// The worst that an IdP's own key can sign within the limits: as many elements and namespaces as there may be, under
/// the canonicalisations that look at each namespace at each element.
#[test]
fn the_worst_legal_message_is_quick() {
    use bergshamra::core::algorithm as uri;
    let declared: String = (0..55).map(|n| format!(" xmlns:n{n:02}=\"urn:u\"")).collect();
    let inside = format!("<x{declared}>{}</x>", "<x/>".repeat(2_900));
    for (c14n, prefixes) in [(uri::C14N, 0), (uri::C14N11, 0), (uri::EXC_C14N, 32)] {
        let genuine = response();
        let xml = swap(
            &genuine.to_xml(),
            "<samlp:Status>",
            &format!("<samlp:Extensions>{inside}</samlp:Extensions><samlp:Status>"),
        );
        let mut algorithms = Algorithms::usual(rsa());
        c14n.clone_into(&mut algorithms.c14n_method);
        algorithms.inclusive_prefixes = (0..prefixes).map(|n| format!("n{n:02}")).collect();
        let xml = sign_text(&xml, &genuine, Signed::Response, &algorithms);
        let began = Instant::now();
        Gateway::new().accepts(&xml);
        let took = began.elapsed();
        println!("{c14n}: {took:?}");
        assert!(took < Duration::from_secs(5), "{c14n}: {took:?}");
    }
}

/// What anybody can put into SignedInfo is canonicalized before a key is asked: there is no room for many elements, each of
/// which would look at each prefix.
#[test]
fn a_prefix_list_over_many_elements() {
    let list: String = (0..32).map(|n| format!("n{n:02} ")).collect();
    let declared: String = (0..32).map(|n| format!(" xmlns:n{n:02}=\"urn:u\"")).collect();
    let inside = format!("<x{declared}>{}</x>", "<x/>".repeat(2_900));
    let start = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let inclusive = format!(
        "<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{list}\">{inside}\
         </e:InclusiveNamespaces>"
    );
    let genuine = signed(Signed::Assertion);
    flood(&swap(&genuine, start, &format!("{start}{inclusive}")), &[Rule::SignatureAlgorithm]);
}

/// Whatever else a parser could be slow at; accepted or refused, it is quick.
#[test]
fn everything_else_that_could_be_slow() {
    let pieces = [
        "&amp;",
        "&#107;",
        "\r\n",
        "]]",
        "é",
        "<!--x-->",
        "<![CDATA[x]]>",
        "<x>y</x>",
        "<a b='&amp;'/>",
        "<!-",
        "&",
        "<?x y?>",
        "</x>",
    ];
    for piece in pieces {
        let many = piece.repeat(60_000 / piece.len());
        for xml in [
            put(&many),
            many.clone(),
            swap(&signed(Signed::Response), ">kim<", &format!(">{many}<")),
            swap(&signed(Signed::Response), "Version=\"2.0\"", &format!("Version=\"2.0\" x=\"{many}\"")),
            swap(
                &signed(Signed::Response),
                " ID=",
                &format!(" {} ID=", many.replace(['<', '>', '&', '\''], "x")),
            ),
            swap(
                &signed(Signed::Response),
                "xmlns:samlp=\"",
                &format!("xmlns:u=\"urn:{}\" xmlns:samlp=\"", many.replace(['<', '&'], "x")),
            ),
            swap(&signed(Signed::Response), "<ds:DigestValue>", &format!("<ds:DigestValue>{many}")),
            swap(&signed(Signed::Response), "<ds:KeyInfo>", &format!("<ds:KeyInfo>{many}")),
        ] {
            let began = Instant::now();
            let answer = Gateway::new().take(&xml);
            let took = began.elapsed();
            println!("{took:?} {piece:?}: {:?}", answer.map_err(|fault| fault.rule).err());
            assert!(took < Duration::from_secs(2), "{took:?} {piece:?}");
        }
    }
}
