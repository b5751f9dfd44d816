//! The few ways in which STS looks at a document. Attributes are those without a namespace, and a value is the whole
//! text of its element: a comment never cuts it short, and an element in it makes it no value.

use super::super::fault::ApiError;
use super::{ASSERTION, SIGNATURE};
use uppsala::{Document, Element, NodeId, NodeKind, Parser};

/// Deepest nesting of elements, which is about five times what a response needs.
const MAX_DEPTH: u32 = 48;

/// Parses without DTDs, and so without entities of the sender's making; in UTF-8 only, and with names and namespaces that
/// every parser takes for the same.
pub(super) fn parse(xml: &str) -> Result<Document<'_>, ApiError> {
    let parser = Parser::new().with_forbid_dtd(true).with_max_depth(MAX_DEPTH);
    let document = parser.parse(xml).map_err(|_| invalid())?;
    let declared = document.xml_declaration.as_ref().is_none_or(|declaration| {
        let encoding = declaration.encoding.as_deref();
        declaration.version == "1.0" && encoding.is_none_or(|e| e.eq_ignore_ascii_case("UTF-8"))
    });
    let sound = document.descendants(document.root()).into_iter().all(|id| match document.node_kind(id) {
        Some(NodeKind::Element(element)) => has_sound_names(element),
        Some(NodeKind::ProcessingInstruction(_)) => false,
        _ => true,
    });
    if declared && sound && !xml.starts_with('\u{feff}') { Ok(document) } else { Err(invalid()) }
}

/// Names with at most one colon, and namespaces that are absolute URIs (Namespaces in XML 1.0; C14N 1.0, 1.3).
fn has_sound_names(element: &Element<'_>) -> bool {
    let attributes = element.attributes.iter().map(|a| &a.name);
    let mut names = std::iter::once(&element.name).chain(attributes);
    let declarations = element.namespace_declarations.iter();
    let in_uri = |c: char| c.is_ascii_graphic() && !"\"<>[\\]^`{|}".contains(c);
    let is_escape = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    names.all(|name| {
        let prefix = name.prefix.as_deref().unwrap_or("none");
        [prefix, &*name.local_name].iter().all(|part| !part.is_empty() && !part.contains(':'))
    }) && declarations.into_iter().all(|(prefix, uri)| {
        if uri.is_empty() {
            return prefix.is_empty();
        }
        let (scheme, rest) = uri.split_once(':').unwrap_or_default();
        let sound = rest.chars().all(in_uri) && rest.split('%').skip(1).all(is_escape);
        let fragments = rest.chars().filter(|c| *c == '#').count();
        !prefix.contains(':') && is_scheme(scheme) && !rest.is_empty() && sound && fragments <= 1
    })
}

/// Whether an element has this namespace and local name.
pub(super) fn is(document: &Document<'_>, id: NodeId, namespace: &str, name: &str) -> bool {
    document.element(id).is_some_and(|e| e.matches_name_ns(namespace, name))
}

/// The value of an attribute that is in no namespace.
pub(super) fn attribute<'d>(document: &'d Document<'_>, id: NodeId, name: &str) -> Option<&'d str> {
    let attributes = &document.element(id)?.attributes;
    let found = attributes.iter().find(|a| a.name.matches(None, name));
    found.map(|a| &*a.value)
}

/// The child elements of any name.
pub(super) fn elements(document: &Document<'_>, parent: NodeId) -> Vec<NodeId> {
    let mut children = document.children(parent);
    children.retain(|id| document.element(*id).is_some());
    children
}

/// The whole text of an element that has no elements in it.
pub(super) fn text(document: &Document<'_>, id: NodeId) -> Option<String> {
    elements(document, id).is_empty().then(|| document.text_content_deep(id))
}

/// The text of an element whose white space at either end does not count.
pub(super) fn trimmed(document: &Document<'_>, id: NodeId) -> Option<String> {
    text(document, id).map(|text| trim(&text).to_owned())
}

/// Text without XML white space at either end.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Text without any XML white space.
pub(super) fn compact(text: &str) -> String {
    text.split([' ', '\t', '\r', '\n']).collect()
}

/// The child element of this name, which may be there once or not at all.
pub(super) fn optional(
    document: &Document<'_>,
    parent: NodeId,
    namespace: &str,
    name: &str,
) -> Result<Option<NodeId>, ApiError> {
    match document.child_elements_by_name_ns(parent, namespace, name).as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(ApiError::identity_token(format!("More than one {name} in the SAML response"))),
    }
}

/// The child element of this name, which must be there exactly once.
pub(super) fn required(
    document: &Document<'_>,
    parent: NodeId,
    namespace: &str,
    name: &str,
) -> Result<NodeId, ApiError> {
    optional(document, parent, namespace, name)?
        .ok_or_else(|| ApiError::identity_token(format!("No {name} in the SAML response")))
}

/// The entity ID in the Issuer of an element, if there is one.
pub(super) fn issuer(document: &Document<'_>, parent: NodeId) -> Result<Option<String>, ApiError> {
    const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    let Some(issuer) = optional(document, parent, ASSERTION, "Issuer")? else {
        return Ok(None);
    };
    match (attribute(document, issuer, "Format"), trimmed(document, issuer)) {
        (None | Some(ENTITY), Some(entity_id)) => Ok(Some(entity_id)),
        _ => Err(wrong_issuer()),
    }
}

/// The signature directly in an element, if there is one.
pub(super) fn signature(document: &Document<'_>, parent: NodeId) -> Result<Option<NodeId>, ApiError> {
    optional(document, parent, SIGNATURE, "Signature")
}

pub(super) fn invalid() -> ApiError {
    ApiError::identity_token("Your request included an invalid SAML response")
}

pub(super) fn wrong_issuer() -> ApiError {
    ApiError::identity_token("Issuer not present in specified provider")
}
