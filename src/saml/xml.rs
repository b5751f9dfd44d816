//! XML parsing with limits, and the few reading operations that SAML needs. Never resolves anything: no DTD, no
//! entity but the five predefined ones, no external reference.

use super::rule::{Rejection, Rule};
use uppsala::{Document, Element, NodeId, NodeKind, Parser};

/// Deepest nesting of elements. A SAML response needs about ten.
const MAX_DEPTH: u32 = 48;
/// Most attributes and namespace declarations on one element.
const MAX_ATTRIBUTES: usize = 64;
/// Most nodes. A message of the largest size with one group per attribute value stays well below.
const MAX_NODES: usize = 20_000;

/// Parses text and applies every limit that does not need to know SAML.
pub(super) fn parse(text: &str) -> Result<Document<'_>, Rejection> {
    refuse_attribute_floods(text)?;
    let document = Parser::new()
        .with_max_depth(MAX_DEPTH)
        .with_forbid_dtd(true)
        .parse(text)
        .map_err(|fault| {
            Rejection::new(
                Rule::Xml,
                format!("not acceptable XML: {}", short(&fault.to_string())),
            )
        })?;
    if let Some(declaration) = &document.xml_declaration {
        if declaration.version != "1.0" {
            return Err(Rejection::new(Rule::Xml, "not XML 1.0"));
        }
        if declaration
            .encoding
            .as_ref()
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("utf-8"))
        {
            return Err(Rejection::new(
                Rule::Xml,
                "the XML declaration names an encoding other than UTF-8",
            ));
        }
    }
    Ok(document)
}

/// Counts the `=` between `<` and `>`, since the parser compares each attribute of an element with all before it.
fn refuse_attribute_floods(text: &str) -> Result<(), Rejection> {
    let mut equals = 0usize;
    let mut nodes = 0usize;
    let mut quote = None;
    let mut inside = false;
    for byte in text.bytes() {
        match (inside, quote, byte) {
            (true, Some(open), _) if byte == open => quote = None,
            (true, Some(_), _) => {}
            (true, None, b'"' | b'\'') => quote = Some(byte),
            (true, None, b'=') => equals += 1,
            (true, None, b'>') => inside = false,
            (false, _, b'<') => {
                inside = true;
                equals = 0;
                nodes += 1;
            }
            _ => {}
        }
        if equals > MAX_ATTRIBUTES {
            return Err(Rejection::new(
                Rule::Limits,
                format!("more than {MAX_ATTRIBUTES} attributes on an element"),
            ));
        }
    }
    // Start and end tags are counted alike: two per element.
    if nodes > MAX_NODES * 2 {
        return Err(Rejection::new(
            Rule::Limits,
            format!("more than {MAX_NODES} elements"),
        ));
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(160).flat_map(char::escape_debug).collect()
}

/// Whether a node is the element `{namespace}name`.
pub(super) fn is(document: &Document<'_>, node: NodeId, namespace: &str, name: &str) -> bool {
    document
        .element(node)
        .is_some_and(|element| element.matches_name_ns(namespace, name))
}

/// The child elements of a node, in order.
pub(super) fn elements<'d, 'a>(
    document: &'d Document<'a>,
    node: NodeId,
) -> impl Iterator<Item = (NodeId, &'d Element<'a>)> {
    document
        .children_iter(node)
        .filter_map(|child| document.element(child).map(|element| (child, element)))
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
