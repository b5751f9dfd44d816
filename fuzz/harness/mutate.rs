//! Changes XML as an attacker would: moves, copies, wraps and swaps elements, values and attributes. A fuzzer that knows
//! bytes only breaks the tags long before it has moved an assertion. Works on any text, well-formed or not.

use super::ENCRYPT;
use std::ops::Range;

/// What is put somewhere. The prefixes are those of the seeds.
const FRAGMENTS: &[&str] = &[
    "<!---->",
    "<!-- x -->",
    "<![CDATA[]]>",
    "<![CDATA[kim]]>",
    "<?x y?>",
    "<!DOCTYPE x [<!ENTITY e 'kim'>]>",
    "&#13;",
    "&#x0;",
    "&amp;",
    "&e;",
    "\u{feff}",
    "\n ",
    "mallory",
    "<x/>",
    "<x xmlns=\"\"/>",
    "<saml:NameID>mallory</saml:NameID>",
    "<saml:Issuer>https://idp.example.com/metadata</saml:Issuer>",
    "<saml:Attribute Name=\"groups\"><saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute>",
    "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_e\" Version=\"2.0\" \
     IssueInstant=\"2026-03-01T09:00:00Z\"><saml:Issuer>https://idp.example.com/metadata</saml:Issuer><saml:Subject>\
     <saml:NameID>mallory</saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
     <saml:SubjectConfirmationData NotOnOrAfter=\"2026-03-01T09:05:00Z\" Recipient=\"https://studio.example.com/saml/acs\"/>\
     </saml:SubjectConfirmation></saml:Subject><saml:Conditions><saml:AudienceRestriction>\
     <saml:Audience>https://studio.example.com/saml/metadata</saml:Audience></saml:AudienceRestriction></saml:Conditions>\
     <saml:AuthnStatement AuthnInstant=\"2026-03-01T09:00:00Z\"/></saml:Assertion>",
    "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
    "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"xs #default saml\"/>",
    "<ds:Transform xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
     Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>",
    "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>",
];

/// What is put around something.
const WRAPPERS: &[(&str, &str)] = &[
    ("<samlp:Extensions>", "</samlp:Extensions>"),
    ("<samlp:StatusDetail>", "</samlp:StatusDetail>"),
    ("<saml:Advice>", "</saml:Advice>"),
    ("<saml:AttributeValue>", "</saml:AttributeValue>"),
    ("<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">", "</ds:Object>"),
    ("<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_o\">", "</samlp:Response>"),
    ("<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_o\">", "</saml:Assertion>"),
    ("<md:EntitiesDescriptor>", "</md:EntitiesDescriptor>"),
    ("<x xmlns=\"y\">", "</x>"),
    ("<!--", "-->"),
    ("<![CDATA[", "]]>"),
    ("<saml:EncryptedAssertion>\u{1}", "\u{1}</saml:EncryptedAssertion>"),
    ("<saml:EncryptedID>\u{1}", "\u{1}</saml:EncryptedID>"),
];

/// What an attribute may be given, besides the value of another one.
const VALUES: &[&str] = &[
    "",
    "#",
    "2.0",
    "true",
    "PT1H",
    "2026-03-01T09:00:00Z",
    "2026-03-01T09:00:60.999999999+14:00",
    "9999-12-31T23:59:59Z",
    "#xpointer(/)",
    "#xpointer(id('_a'))",
    "&#9;_a ",
    "urn:oasis:names:tc:SAML:2.0:assertion",
    "urn:oasis:names:tc:SAML:2.0:protocol",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/04/xmlenc#sha512",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
];

/// What an element may be given as a further attribute.
const ATTRIBUTES: &[&str] = &[
    " ID=\"_a\"",
    " ID=\"_r\"",
    " Id=\"_a\"",
    " xml:id=\"_a\"",
    " xml:space=\"preserve\"",
    " xmlns=\"\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
    " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:y=\"urn:y\" y:Value=\"z\"",
    " validUntil=\"2026-03-02T00:00:00Z\"",
    " InResponseTo=\"_request\"",
];

/// One to four changes of `text`, chosen by `seed`. The result is not longer than `room` bytes.
pub(crate) fn mutate(text: &str, room: usize, seed: u32) -> String {
    let mut dice = Dice(u64::from(seed) << 1 | 1);
    let mut out = text.to_owned();
    for _ in 0..=dice.below(4) {
        let changed = change(&out, &mut dice);
        if changed.len() <= room {
            out = changed;
        }
    }
    out
}

fn change(text: &str, dice: &mut Dice) -> String {
    let elements = elements(text);
    let Some(one) = dice.pick(&elements).cloned() else {
        return splice(text, 0..0, dice.pick(FRAGMENTS).unwrap_or(&""));
    };
    let other = dice.pick(&elements).cloned().unwrap_or_else(|| one.clone());
    let piece = &text[one.whole()];
    match dice.below(16) {
        // An element copied to where another one begins or ends, or in its place.
        0 => splice(text, other.start..other.start, piece),
        1 => splice(text, other.content.end..other.content.end, piece),
        2 => splice(text, other.whole(), piece),
        3 => splice(text, one.whole(), ""),
        // Moved: taken away from behind, put in front, or the other way round.
        4 if other.start <= one.start => {
            splice(&splice(text, one.whole(), ""), other.start..other.start, piece)
        }
        4 if other.start >= one.end => {
            splice(&splice(text, other.start..other.start, piece), one.whole(), "")
        }
        // Two that change places.
        4 | 5 if one.end <= other.start => {
            let second = splice(text, other.whole(), piece);
            splice(&second, one.whole(), &text[other.whole()])
        }
        6 => {
            let (open, close) = dice.pick(WRAPPERS).copied().unwrap_or_default();
            splice(text, one.whole(), &format!("{open}{piece}{close}"))
        }
        // The tags taken away from around the content.
        7 => splice(text, one.whole(), &text[one.content.clone()]),
        8 => splice(text, one.content.start..one.content.start, dice.pick(FRAGMENTS).unwrap_or(&"")),
        9 => splice(text, one.end..one.end, dice.pick(FRAGMENTS).unwrap_or(&"")),
        10 => {
            let fragment = dice.pick(FRAGMENTS).unwrap_or(&"");
            let from = boundary(text, one.content.start + dice.below(one.content.len() + 1));
            splice(text, from..from, fragment)
        }
        11 => splice(text, one.name_end..one.name_end, dice.pick(ATTRIBUTES).unwrap_or(&"")),
        12 => {
            let colon =
                text[one.start..one.name_end].find(':').map_or(one.start + 1, |at| one.start + at + 1);
            let prefix = dice.pick(&["", "saml:", "samlp:", "ds:", "y:", "::"]).unwrap_or(&"");
            splice(text, one.start + 1..colon, prefix)
        }
        13 => one_attribute(text, &attributes(text), dice, |attribute| attribute.whole.clone(), ""),
        _ => {
            let attributes = attributes(text);
            let own = dice.pick(&attributes).map_or("", |attribute| &text[attribute.value.clone()]);
            let listed = dice.pick(VALUES).unwrap_or(&"");
            let value = if dice.below(2) == 0 { own } else { listed };
            one_attribute(text, &attributes, dice, |attribute| attribute.value.clone(), value)
        }
    }
}

fn one_attribute(
    text: &str,
    attributes: &[Attribute],
    dice: &mut Dice,
    range: impl Fn(&Attribute) -> Range<usize>,
    value: &str,
) -> String {
    let chosen = dice.pick(attributes);
    chosen.map_or_else(|| text.to_owned(), |attribute| splice(text, range(attribute), value))
}

fn splice(text: &str, range: Range<usize>, piece: &str) -> String {
    [&text[..range.start], piece, &text[range.end..]].concat()
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[derive(Debug, Clone)]
struct Element {
    start: usize,
    /// Where the name in the start tag ends.
    name_end: usize,
    content: Range<usize>,
    end: usize,
}

impl Element {
    fn whole(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Elements by their tags alone, taking tags for a pair by their order. Ranges begin and end at ASCII characters.
fn elements(text: &str) -> Vec<Element> {
    let mut open: Vec<Element> = Vec::new();
    let mut done = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('<').map(|at| from + at) {
        let Some(end) = text[start..].find('>').map(|at| start + at + 1) else {
            break;
        };
        from = end;
        if text[start..].starts_with("</") {
            if let Some(mut element) = open.pop() {
                element.content.end = start;
                element.end = end;
                done.push(element);
            }
        } else if !text[start..].starts_with(['!', '?']) {
            let name = text[start + 1..end - 1].find([' ', '\t', '\r', '\n', '/']);
            let element = Element {
                start,
                name_end: name.map_or(end - 1, |length| start + 1 + length),
                content: end..end,
                end,
            };
            if text[..end].ends_with("/>") {
                done.push(element);
            } else {
                open.push(element);
            }
        }
    }
    done
}

struct Attribute {
    whole: Range<usize>,
    value: Range<usize>,
}

fn attributes(text: &str) -> Vec<Attribute> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("=\"").map(|at| from + at + 2) {
        let Some(end) = text[start..].find('"').map(|at| start + at) else {
            break;
        };
        let name = text[from..start].rfind([' ', '\n']).map_or(from, |at| from + at);
        found.push(Attribute { whole: name..end + 1, value: start..end });
        from = end + 1;
    }
    found
}

/// A sequence of numbers that one seed determines (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

const _: () = assert!(ENCRYPT as u32 == 1, "the wrappers spell it out");
