//! XML parsing with limits, and the few reading operations that SAML needs. Never resolves anything: no DTD, no
//! entity but the five predefined ones, no external reference.

mod limits;

use super::rule::{Rejection, Rule};
use limits::Limits;
use uppsala::{Document, Element, NodeId, NodeKind, Parser, QName};

/// Deepest nesting of elements. A SAML response needs about ten.
const MAX_DEPTH: u32 = 48;
/// A message of the largest size that STS takes, with one group per attribute value, stays well below.
const MESSAGE: Limits = Limits { markup: 6_000, attributes: 64, namespaces: 64 };
/// Metadata is the admin's own choice, and a federation's may be large.
const METADATA: Limits = Limits { markup: 2_000_000, attributes: 256, namespaces: 256 };

/// How many namespace names are remembered as looked at.
const MOST_KNOWN: usize = 16;

/// Parses a message of a stranger and applies every limit that does not need to know SAML.
pub(super) fn parse(text: &str) -> Result<Document<'_>, Rejection> {
    parse_within(text, &MESSAGE)
}

/// Parses metadata, which comes from the admin.
pub(super) fn parse_metadata(text: &str) -> Result<Document<'_>, Rejection> {
    parse_within(text, &METADATA)
}

fn parse_within<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, Rejection> {
    // The parser would skip it. One at the very beginning was taken off before.
    if text.starts_with('\u{feff}') {
        return Err(Rejection::new(Rule::Xml, "a byte order mark inside the text"));
    }
    limits::check(text, limits)?;
    let document =
        Parser::new().with_max_depth(MAX_DEPTH).with_forbid_dtd(true).parse(text).map_err(|fault| {
            Rejection::new(Rule::Xml, format!("not acceptable XML: {}", short(&fault.to_string())))
        })?;
    if let Some(declaration) = &document.xml_declaration {
        if declaration.version != "1.0" {
            return Err(Rejection::new(Rule::Xml, "not XML 1.0"));
        }
        if declaration.encoding.as_ref().is_some_and(|encoding| !encoding.eq_ignore_ascii_case("utf-8")) {
            return Err(Rejection::new(Rule::Xml, "the XML declaration names an encoding other than UTF-8"));
        }
    }
    check_names(&document)?;
    Ok(document)
}

/// What Namespaces in XML 1.0 demands and the parser does not: names have at most one colon, with something on either
/// side (4), and no prefix is declared as nothing (2.2; that is for 1.1). A relative namespace name has no canonical form
/// (C14N 1.0, 1.3); libraries that go on all the same have taken the empty string for it.
fn check_names(document: &Document<'_>) -> Result<(), Rejection> {
    let fault = |detail: &str| Err(Rejection::new(Rule::Xml, detail));
    // Names are too short for a search to pay. The parser ends a prefix at the first colon.
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte != b':');
    let qualified = |name: &QName<'_>| {
        plain(&name.local_name) && name.prefix.as_ref().is_none_or(|prefix| !prefix.is_empty())
    };
    // Many elements declare the same few namespaces.
    let mut absolute: Vec<&str> = Vec::new();
    for node in nodes(document) {
        let NodeKind::Element(element) = node else { continue };
        let mut attributes = element.attributes.iter();
        if !qualified(&element.name) || !attributes.all(|attribute| qualified(&attribute.name)) {
            return fault("a name with a stray colon");
        }
        for (prefix, uri) in &element.namespace_declarations {
            if !prefix.is_empty() && (uri.is_empty() || prefix.contains(':')) {
                return fault("a namespace declaration of a bad prefix, or of a prefix as nothing");
            }
            if uri.is_empty() || absolute.contains(&&**uri) {
                continue;
            }
            if !is_absolute(uri) {
                return fault("a namespace name that is not an absolute URI");
            }
            if absolute.len() < MOST_KNOWN {
                absolute.push(uri);
            }
        }
    }
    Ok(())
}

/// Whether it is a URI (RFC 3986, 2) that begins with a scheme (3.1), has at most one fragment (3.5) and no brackets, which
/// are for addresses of hosts (3.2.2). Canonicalizers that check it, as libxml2 does, refuse any other.
fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !rest.is_empty()
        && rest.chars().all(|c| c.is_ascii_graphic() && !"\"<>[\\]^`{|}".contains(c))
        && rest.matches('#').count() <= 1
        && rest.split('%').skip(1).all(|escaped| {
            escaped.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
        })
}

fn short(text: &str) -> String {
    text.chars().take(160).flat_map(char::escape_debug).collect()
}

/// All nodes of a document as it was parsed, in its order.
pub(super) fn nodes<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = &'d NodeKind<'a>> {
    debug_assert!(
        std::iter::once(document.root()).chain(document.descendants(document.root())).eq(ids(document)),
        "nodes that are not of the document, or in another order"
    );
    ids(document).filter_map(|node| document.node_kind(node))
}

/// The parser numbers nodes as they come. All that are in the tree have a number, so that nothing in it is missed.
fn ids(document: &Document<'_>) -> impl Iterator<Item = NodeId> {
    (0..).map(NodeId::new).take_while(|node| document.node_kind(*node).is_some())
}

/// Whether a node is the element `{namespace}name`.
pub(super) fn is(document: &Document<'_>, node: NodeId, namespace: &str, name: &str) -> bool {
    document.element(node).is_some_and(|element| element.matches_name_ns(namespace, name))
}

/// The child elements of a node, in order.
pub(super) fn elements<'d, 'a>(
    document: &'d Document<'a>,
    node: NodeId,
) -> impl Iterator<Item = (NodeId, &'d Element<'a>)> {
    document.children_iter(node).filter_map(|child| document.element(child).map(|element| (child, element)))
}

/// The child elements `{namespace}name` of a node, in order.
pub(super) fn named<'d>(
    document: &'d Document<'_>,
    node: NodeId,
    namespace: &'d str,
    name: &'d str,
) -> impl Iterator<Item = NodeId> + 'd {
    elements(document, node)
        .filter(move |(_, element)| element.matches_name_ns(namespace, name))
        .map(|(child, _)| child)
}

/// The value of an attribute without a namespace. Attributes of the same local name in a namespace do not count.
pub(super) fn attribute<'d>(document: &'d Document<'_>, node: NodeId, name: &str) -> Option<&'d str> {
    document
        .element(node)?
        .attributes
        .iter()
        .find(|attribute| attribute.name.matches(None, name))
        .map(|attribute| &*attribute.value)
}

/// The whole text of an element: all its character data and CDATA, comments left out. `None` if it has child
/// elements, so that a value is never put together across them.
pub(super) fn text(document: &Document<'_>, node: NodeId) -> Option<String> {
    let mut whole = String::new();
    for child in document.children_iter(node) {
        match document.node_kind(child)? {
            NodeKind::Text(part) | NodeKind::CData(part) => whole.push_str(part),
            NodeKind::Comment(_) => {}
            _ => return None,
        }
    }
    Some(whole)
}

/// XML white space stripped from both ends: for URIs and the like, whose schema types collapse it.
pub(super) fn collapsed(value: &str) -> &str {
    value.trim_matches([' ', '\t', '\r', '\n'])
}

/// Whether text is nothing but XML white space.
pub(super) fn is_blank(text: &str) -> bool {
    collapsed(text).is_empty()
}
