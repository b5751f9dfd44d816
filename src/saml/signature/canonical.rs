//! Exclusive XML canonicalization (<https://www.w3.org/TR/xml-exc-c14n/>) of one element, in one pass over its own nodes.
//!
//! It does what bergshamra does, which collects a set of nodes first, goes through the whole document, and copies each
//! prefix at each element. Whatever is not the usual case goes to bergshamra. Builds with debug assertions, which are
//! those of all tests and fuzz targets, compare the bytes of both each time. Never decides whether anything is acceptable.
//!
//! What is written says what the nodes say: each name stands for the same namespace in the canonical form as in the
//! document, which is compared name by name. So the nodes can be read in the place of the canonical form.

use bergshamra::c14n::escape::{escape_attr, escape_text};
use uppsala::{Attribute, Document, Element, NodeId, NodeKind};

/// The namespace that `xml` stands for everywhere, and that is never declared.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What is canonicalized, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'s> {
    /// The element.
    pub(super) apex: NodeId,
    /// The node in it that is left out with everything in it: the signature of an enveloped one.
    pub(super) without: Option<NodeId>,
    /// Whether comments are written.
    pub(super) comments: bool,
    /// The PrefixList: declared at the apex as if used there, and so on (3).
    pub(super) prefixes: &'s [String],
}

/// The canonical form. `None` where there is something that is left to the library: a processing instruction, or a name
/// that would stand for another namespace than in the document.
pub(super) fn exclusive(document: &Document<'_>, subject: Subject<'_>) -> Option<String> {
    // An element that is not in canonical form is longer in it, but seldom by much.
    let range = document.node_range(subject.apex)?;
    let mut writer = Writer {
        document,
        subject,
        bindings: declared_around(document, subject.apex),
        out: String::with_capacity(range.len() + range.len() / 8),
    };
    writer.node(subject.apex)?;
    Some(writer.out)
}

/// What a prefix, empty for the default namespace, stands for.
#[derive(Debug, Clone, Copy)]
struct Binding<'d> {
    prefix: &'d str,
    uri: &'d str,
    /// Whether it stands in the canonical form, and not only in the document.
    written: bool,
}

struct Writer<'d, 'a, 's> {
    document: &'d Document<'a>,
    subject: Subject<'s>,
    /// Declared or written by the elements around the present place; of one prefix, the last counts. What an element
    /// writes comes after what it declares.
    bindings: Vec<Binding<'d>>,
    out: String,
}

impl<'d> Writer<'d, '_, '_> {
    fn node(&mut self, node: NodeId) -> Option<()> {
        match self.document.node_kind(node)? {
            NodeKind::Element(_) if self.subject.without == Some(node) => {}
            NodeKind::Element(element) => self.element(node, element)?,
            NodeKind::Text(text) | NodeKind::CData(text) => {
                if has(text, |byte| (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'\r')) {
                    self.out.push_str(&escape_text(text));
                } else {
                    self.out.push_str(text);
                }
            }
            NodeKind::Comment(text) => {
                if self.subject.comments {
                    self.out.push_str("<!--");
                    self.out.push_str(text);
                    self.out.push_str("-->");
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn element(&mut self, node: NodeId, element: &'d Element<'_>) -> Option<()> {
        let around = self.bindings.len();
        self.bindings.extend(declarations(element));
        self.out.push('<');
        let name = self.out.len();
        self.name(element.name.prefix.as_deref(), &element.name.local_name);
        let name = name..self.out.len();
        self.declare(node, element)?;
        self.attributes(element);
        self.out.push('>');
        for child in self.document.children_iter(node) {
            self.node(child)?;
        }
        self.out.push_str("</");
        self.out.extend_from_within(name);
        self.out.push('>');
        self.bindings.truncate(around);
        Some(())
    }

    /// Writes the declarations that are used here, by the element or its attributes or the PrefixList, and are not
    /// written further out with the same name (3), in the order of their prefixes.
    fn declare(&mut self, node: NodeId, element: &'d Element<'_>) -> Option<()> {
        let own = self.bindings.len();
        let meant = self.utilize(element.name.prefix.as_deref().unwrap_or_default());
        if !same(meant, element.name.namespace_uri.as_deref().unwrap_or_default()) {
            return None;
        }
        for attribute in &element.attributes {
            let meant = prefix_of(attribute).map_or("", |prefix| self.utilize(prefix));
            if !same(meant, attribute.name.namespace_uri.as_deref().unwrap_or_default()) {
                return None;
            }
        }
        // Further in, what is written of these is what is in scope until it is declared anew.
        let declares = node == self.subject.apex || !element.namespace_declarations.is_empty();
        for listed in self.subject.prefixes.iter().filter(|_| declares) {
            let listed = if listed == "#default" { "" } else { listed.as_str() };
            // As the document writes it, since what is noted lives as long as that.
            if let Some(bound) = self.bindings.iter().rev().find(|bound| equal(bound.prefix, listed)) {
                self.utilize(bound.prefix);
            }
        }
        if let Some(declared) = self.bindings.get_mut(own..) {
            declared.sort_unstable_by_key(|bound| bound.prefix);
        }
        for index in own..self.bindings.len() {
            let Some(Binding { prefix, uri, .. }) = self.bindings.get(index).copied() else { continue };
            self.out.push_str(" xmlns");
            if !prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(prefix);
            }
            self.value(uri);
        }
        Some(())
    }

    /// What a prefix stands for in the canonical form. Notes its declaration if it has to be written. A default namespace
    /// that is none is written where there was one.
    fn utilize(&mut self, prefix: &'d str) -> &'d str {
        if equal(prefix, "xml") {
            return XML;
        }
        let mut of_prefix = self.bindings.iter().rev().filter(|bound| equal(bound.prefix, prefix));
        let (uri, written) = match of_prefix.next() {
            Some(bound) if bound.written => return bound.uri,
            Some(bound) => (bound.uri, of_prefix.find(|bound| bound.written).map_or("", |bound| bound.uri)),
            None => ("", ""),
        };
        if !same(uri, written) && (prefix.is_empty() || !uri.is_empty()) {
            self.bindings.push(Binding { prefix, uri, written: true });
        }
        uri
    }

    /// Attributes in the order of their namespace names, those without one first, and then of their local names
    /// (C14N 2.2).
    fn attributes(&mut self, element: &'d Element<'_>) {
        let order = |attribute: &&'d Attribute<'_>| {
            (attribute.name.namespace_uri.as_deref().unwrap_or_default(), &*attribute.name.local_name)
        };
        if element.attributes.iter().is_sorted_by_key(|attribute| order(&attribute)) {
            for attribute in &element.attributes {
                self.attribute(attribute);
            }
        } else {
            let mut attributes: Vec<&Attribute<'_>> = element.attributes.iter().collect();
            attributes.sort_unstable_by_key(order);
            for attribute in attributes {
                self.attribute(attribute);
            }
        }
    }

    fn attribute(&mut self, attribute: &Attribute<'_>) {
        self.out.push(' ');
        self.name(prefix_of(attribute), &attribute.name.local_name);
        self.value(&attribute.value);
    }

    fn name(&mut self, prefix: Option<&str>, local: &str) {
        if let Some(prefix) = prefix {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    fn value(&mut self, value: &str) {
        self.out.push_str("=\"");
        if has(value, |byte| (byte == b'&') | (byte == b'<') | (byte == b'"') | (byte < b' ')) {
            self.out.push_str(&escape_attr(value));
        } else {
            self.out.push_str(value);
        }
        self.out.push('"');
    }
}

/// Whether any byte is one of those, blocks of them at once. The library's search is for long texts; most are short, and
/// have nothing to be escaped.
fn has(text: &str, wanted: impl Fn(u8) -> bool) -> bool {
    let (blocks, rest) = text.as_bytes().as_chunks::<16>();
    let in_block = |block: &[u8; 16]| block.iter().fold(0, |any, byte| any | u8::from(wanted(*byte))) != 0;
    let in_rest = || match text.as_bytes().last_chunk() {
        Some(block) => in_block(block),
        None => rest.iter().any(|byte| wanted(*byte)),
    };
    blocks.iter().any(in_block) || in_rest()
}

/// What the elements around an element declare, the outermost first.
fn declared_around<'d>(document: &'d Document<'_>, node: NodeId) -> Vec<Binding<'d>> {
    let around = document.ancestors(node);
    let elements = around.iter().rev().filter_map(|ancestor| document.element(*ancestor));
    elements.flat_map(declarations).collect()
}

fn declarations<'d>(element: &'d Element<'_>) -> impl Iterator<Item = Binding<'d>> {
    element.namespace_declarations.iter().map(|(prefix, uri)| Binding { prefix, uri, written: false })
}

/// Equality of prefixes, which are too short for a call.
fn equal(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().eq(other.bytes())
}

/// Equality of namespace names, which mostly are the same piece of the document.
fn same(one: &str, other: &str) -> bool {
    std::ptr::eq(one, other) || one == other
}

/// The prefix that an attribute is written with. The default namespace is not for attributes.
fn prefix_of<'d>(attribute: &'d Attribute<'_>) -> Option<&'d str> {
    match attribute.name.namespace_uri.as_deref()? {
        XML => Some("xml"),
        _ => attribute.name.prefix.as_deref().filter(|prefix| !prefix.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bergshamra::c14n::{C14nMode, canonicalize_doc};
    use bergshamra::xml::NodeSet;
    use proptest::prelude::*;

    /// The canonical form of the first element `apex`, which both writers agree on.
    fn canonical(xml: &str, comments: bool, prefixes: &[&str]) -> String {
        let document = uppsala::parse(xml).unwrap();
        let prefixes: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
        let apex = document.get_elements_by_tag_name("apex")[0];
        let without = document.get_elements_by_tag_name("left").first().copied();
        let subject = Subject { apex, without, comments, prefixes: &prefixes };
        let ours = exclusive(&document, subject).unwrap();

        let (mode, mut nodes) = if comments {
            (C14nMode::ExclusiveWithComments, NodeSet::tree_with_comments(apex, &document))
        } else {
            (C14nMode::Exclusive, NodeSet::tree_without_comments(apex, &document))
        };
        for node in without.iter().flat_map(|left| document.descendants(*left)).chain(without) {
            nodes.remove_id(node);
        }
        let theirs = canonicalize_doc(&document, mode, Some(&nodes), &prefixes).unwrap();
        assert_eq!(ours, String::from_utf8(theirs).unwrap(), "{xml}");
        ours
    }

    #[test]
    fn a_declaration_stands_where_it_is_used_first() {
        let xml = "<a:r xmlns:a='urn:a' xmlns:b='urn:b'><a:apex><b:x/><b:y a:z='1' z='0'/></a:apex></a:r>";
        let canonical = canonical(xml, false, &[]);
        let expected = "<a:apex xmlns:a=\"urn:a\"><b:x xmlns:b=\"urn:b\"></b:x>\
                        <b:y xmlns:b=\"urn:b\" z=\"0\" a:z=\"1\"></b:y></a:apex>";
        assert_eq!(canonical, expected);
    }

    #[test]
    fn a_prefix_list_declares_what_is_in_scope() {
        let xml = "<r xmlns='urn:d' xmlns:a='urn:a' xmlns:b='urn:b'><a:apex>a:b</a:apex></r>";
        assert_eq!(
            canonical(xml, false, &["b", "none"]),
            "<a:apex xmlns:a=\"urn:a\" xmlns:b=\"urn:b\">a:b</a:apex>"
        );
        assert!(canonical(xml, false, &["#default"]).contains("xmlns=\"urn:d\""));
    }

    #[test]
    fn a_default_namespace_ends_where_it_is_taken_back() {
        let xml = "<r xmlns='urn:d'><apex><x xmlns=''><y/><z xmlns='urn:d'/></x></apex></r>";
        let expected = "<apex xmlns=\"urn:d\"><x xmlns=\"\"><y></y><z xmlns=\"urn:d\"></z></x></apex>";
        assert_eq!(canonical(xml, false, &[]), expected);
    }

    #[test]
    fn comments_and_what_is_left_out_are_not_there() {
        let xml = "<apex><!-- c --><left><x/></left>t<![CDATA[<&>]]>&#13;</apex>";
        assert_eq!(canonical(xml, false, &[]), "<apex>t&lt;&amp;&gt;&#xD;</apex>");
        assert_eq!(canonical(xml, true, &[]), "<apex><!-- c -->t&lt;&amp;&gt;&#xD;</apex>");
    }

    #[test]
    fn a_processing_instruction_is_left_to_the_library() {
        let document = uppsala::parse("<apex><?p i?></apex>").unwrap();
        let apex = document.document_element().unwrap();
        let subject = Subject { apex, without: None, comments: false, prefixes: &[] };
        assert_eq!(exclusive(&document, subject), None);
    }

    /// Elements in any of three namespaces, bound to any of two prefixes or none, one in the other.
    fn element() -> impl Strategy<Value = String> {
        let declarations = prop::sample::subsequence(
            vec![
                "xmlns='urn:d'",
                "xmlns=''",
                "xmlns:a='urn:a'",
                "xmlns:a='urn:b'",
                "xmlns:b='urn:b'",
                "xmlns:b='urn:a'",
            ],
            0..4,
        )
        .prop_filter("each prefix once", |chosen| {
            let prefixes: std::collections::HashSet<_> =
                chosen.iter().map(|declaration| declaration.split('=').next()).collect();
            prefixes.len() == chosen.len()
        });
        let attributes = prop::sample::subsequence(
            vec![
                "q='1'",
                "c='&lt;&amp;&quot;&#10;&#9;>'",
                "a:c='2'",
                "b:c='3'",
                "xml:lang='ko'",
                "a:b='x  y'",
            ],
            0..6,
        );
        let name = prop::sample::select(vec!["x", "a:x", "b:x", "left"]);
        let text = prop::sample::select(vec!["", "t", "&gt;&#13;", "<![CDATA[&]]>", "<!--c-->", "김"]);
        let leaf = (name, declarations, attributes, text);
        let leaf = leaf.prop_map(|(name, declarations, attributes, text)| {
            format!("<{name} {} {}>{text}|</{name}>", declarations.join(" "), attributes.join(" "))
        });
        leaf.prop_recursive(5, 24, 4, |inner| {
            (inner.clone(), prop::collection::vec(inner, 0..4))
                .prop_map(|(outer, inside)| outer.replacen('|', &inside.concat(), 1))
        })
    }

    proptest! {
        #[test]
        fn both_write_the_same(
            inside in element(),
            around in prop::sample::select(vec!["", "xmlns=''", "xmlns:a='urn:z' xmlns:b='urn:y'", "xmlns:a='urn:b'"]),
            comments: bool,
            list in prop::sample::subsequence(vec!["#default", "a", "b", "xml"], 0..4),
        ) {
            let xml = format!(
                "<b:r xmlns='urn:o' xmlns:a='urn:a' xmlns:b='urn:c'><a:s {around}><a:apex>{inside}</a:apex></a:s></b:r>"
            );
            // Two attributes of one name, where both prefixes stand for one namespace, are not XML.
            if uppsala::parse(&xml).is_ok() {
                canonical(&xml, comments, &list);
            }
        }
    }
}
