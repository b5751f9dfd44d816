//! Exclusive XML canonicalization (<https://www.w3.org/TR/xml-exc-c14n/>) of one element, in one pass over its own nodes.
//!
//! It does what bergshamra does, which collects a set of nodes first, goes through the whole document, and copies each
//! prefix at each element. Whatever is not the usual case goes to bergshamra. Builds with debug assertions, which are
//! those of all tests and fuzz targets, compare the bytes of both each time. Never decides whether anything is acceptable.
//!
//! What is written says what the nodes say: each name stands for the same namespace in the canonical form as in the
//! document, which is compared name by name. So the nodes can be read in the place of the canonical form.

use bergshamra::c14n::escape::{escape_attr, escape_text};
use std::ops::Range;
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
    /// An element in it whose own canonical form is wanted as well.
    pub(super) inner: Option<Inner>,
}

/// An element that is signed inside another one that is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inner {
    /// The element.
    pub(super) apex: NodeId,
    /// The signature in it, which is left out of its canonical form, but not of the other one's. The gate has seen to it that
    /// it is a child.
    pub(super) without: NodeId,
}

/// Canonical forms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// That of the element.
    pub(super) text: String,
    /// That of the inner one, of the same kind and with the same PrefixList, which but for its start tag is a part of the
    /// other. `None` where that is not certain, as where it has to declare what is declared further out.
    pub(super) inner: Option<String>,
}

/// The canonical form. `None` where there is something that is left to the library: a processing instruction, or a name
/// that would stand for another namespace than in the document.
pub(super) fn exclusive(document: &Document<'_>, subject: Subject<'_>) -> Option<Written> {
    // An element that is not in canonical form is longer in it, but seldom by much.
    let range = document.node_range(subject.apex)?;
    let mut writer = Writer {
        document,
        subject,
        bindings: declared_around(document, subject.apex),
        out: String::with_capacity(range.len() + range.len() / 8),
        place: None,
    };
    writer.node(subject.apex)?;
    let inner = writer.place.as_ref().and_then(|place| place.cut(&writer.out));
    Some(Written { text: writer.out, inner })
}

/// The inner element, as far as it is written.
#[derive(Debug)]
struct Place<'d> {
    /// Its start tag as that of an apex ...
    tag: String,
    /// ... and the prefixes that it declares there.
    declared: Vec<&'d str>,
    /// What comes after the start tag, in the canonical form around it.
    rest: Range<usize>,
    /// Its signature, there.
    without: Range<usize>,
    /// How many bindings are from further out.
    outer: usize,
    /// Whether one of those is used that the start tag does not declare, or something is left out here. In doubt it does.
    differs: bool,
}

impl Place<'_> {
    /// The inner canonical form, from the one around it.
    fn cut(&self, text: &str) -> Option<String> {
        let before = text.get(self.rest.start..self.without.start)?;
        let after = text.get(self.without.end..self.rest.end)?;
        (!self.differs).then(|| [&self.tag, before, after].concat())
    }
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
    place: Option<Place<'d>>,
}

impl<'d> Writer<'d, '_, '_> {
    fn node(&mut self, node: NodeId) -> Option<()> {
        match self.document.node_kind(node)? {
            NodeKind::Element(_) if self.subject.without == Some(node) => {
                self.place.iter_mut().for_each(|place| place.differs = true);
            }
            NodeKind::Element(element) => match self.subject.inner {
                Some(inner) if inner.without == node => {
                    let start = self.out.len();
                    self.element(node, element)?;
                    let end = self.out.len();
                    self.place.iter_mut().for_each(|place| place.without = start..end);
                }
                _ => self.element(node, element)?,
            },
            NodeKind::Text(text) | NodeKind::CData(text) => {
                if has(text, [b'&', b'<', b'>', b'\r']) {
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
        let name = self.start_tag(node, element)?;
        let is_inner = self.subject.inner.is_some_and(|inner| inner.apex == node);
        if is_inner {
            self.place = self.begin_inner(node, element, around);
        }
        for child in self.document.children_iter(node) {
            self.node(child)?;
        }
        self.out.push_str("</");
        self.out.extend_from_within(name);
        self.out.push('>');
        self.bindings.truncate(around);
        if let Some(place) = self.place.as_mut().filter(|_| is_inner) {
            place.rest.end = self.out.len();
            // What comes after it may use whatever it likes.
            place.outer = 0;
        }
        Some(())
    }

    /// Returns where the name stands.
    fn start_tag(&mut self, node: NodeId, element: &'d Element<'_>) -> Option<Range<usize>> {
        self.bindings.extend(declarations(element));
        self.out.push('<');
        let start = self.out.len();
        self.name(element.name.prefix.as_deref(), &element.name.local_name);
        let name = start..self.out.len();
        self.declare(node, element)?;
        self.attributes(element);
        self.out.push('>');
        Some(name)
    }

    /// Begins the inner element, whose start tag was just written. What that declares as an apex's is written here as well,
    /// or further out; so both write the same in it, as long as nothing else from further out is used.
    fn begin_inner(&self, node: NodeId, element: &'d Element<'_>, outer: usize) -> Option<Place<'d>> {
        let mut apex = Writer {
            document: self.document,
            subject: Subject { apex: node, inner: None, ..self.subject },
            bindings: declared_around(self.document, node),
            out: String::new(),
            place: None,
        };
        apex.start_tag(node, element)?;
        let declared = apex.bindings.iter().filter(|bound| bound.written).map(|bound| bound.prefix).collect();
        let here = self.out.len();
        Some(Place { tag: apex.out, declared, rest: here..here, without: here..here, outer, differs: false })
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
        if node == self.subject.apex || !element.namespace_declarations.is_empty() {
            for listed in self.subject.prefixes {
                let listed = if listed == "#default" { "" } else { listed.as_str() };
                // As the document writes it, since what is noted lives as long as that.
                if let Some(bound) = self.bindings.iter().rev().find(|bound| equal(bound.prefix, listed)) {
                    self.utilize(bound.prefix);
                }
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
        let bindings = self.bindings.iter().enumerate().rev();
        let mut of_prefix = bindings.filter(|(_, bound)| equal(bound.prefix, prefix));
        let bound = of_prefix.next();
        let written =
            bound.filter(|(_, bound)| bound.written).or_else(|| of_prefix.find(|(_, bound)| bound.written));
        if let (Some(place), Some((index, _))) = (&mut self.place, written) {
            place.differs |= index < place.outer && !place.declared.contains(&prefix);
        }
        let [uri, written] = [bound, written].map(|found| found.map_or("", |(_, bound)| bound.uri));
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
        if has(value, [b'&', b'<', b'"', b'\t', b'\n', b'\r']) {
            self.out.push_str(&escape_attr(value));
        } else {
            self.out.push_str(value);
        }
        self.out.push('"');
    }
}

/// Whether any byte is one of those, blocks of them at once. The library's search is for long texts; most are short, and
/// have nothing to be escaped.
fn has<const N: usize>(text: &str, wanted: [u8; N]) -> bool {
    // Without a branch, so that the compiler takes a whole block at once.
    let is_wanted = |byte: &u8| wanted.iter().fold(0, |any, wanted| any | u8::from(byte == wanted));
    let in_block = |block: &[u8; 16]| block.iter().fold(0, |any, byte| any | is_wanted(byte)) != 0;
    let (blocks, rest) = text.as_bytes().as_chunks();
    let in_rest = || match text.as_bytes().last_chunk() {
        // The last sixteen, some of which were in a block before.
        Some(block) => in_block(block),
        None => rest.iter().any(|byte| wanted.contains(byte)),
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

    /// What both writers agree on: the canonical form of the first element `apex` without the first `left`, and that of the
    /// first `inner` without the first `signature`, if it is to be had.
    fn written(xml: &str, comments: bool, prefixes: &[&str]) -> Written {
        let document = uppsala::parse(xml).unwrap();
        let prefixes: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
        let first = |name| document.get_elements_by_tag_name(name).first().copied();
        let (apex, without) = (first("apex").unwrap(), first("left"));
        let inner = first("inner").zip(first("signature")).map(|(apex, without)| Inner { apex, without });
        let subject = Subject { apex, without, comments, prefixes: &prefixes, inner };
        let ours = exclusive(&document, subject).unwrap();

        let theirs = |apex, without: Option<NodeId>| {
            let (mode, mut nodes) = if comments {
                (C14nMode::ExclusiveWithComments, NodeSet::tree_with_comments(apex, &document))
            } else {
                (C14nMode::Exclusive, NodeSet::tree_without_comments(apex, &document))
            };
            for node in without.iter().flat_map(|left| document.descendants(*left)).chain(without) {
                nodes.remove_id(node);
            }
            String::from_utf8(canonicalize_doc(&document, mode, Some(&nodes), &prefixes).unwrap()).unwrap()
        };
        assert_eq!(ours.text, theirs(apex, without), "{xml}");
        if let Some((cut, Inner { apex, without })) = ours.inner.as_ref().zip(inner) {
            assert_eq!(*cut, theirs(apex, Some(without)), "the inner one of {xml}");
        }
        ours
    }

    fn canonical(xml: &str, comments: bool, prefixes: &[&str]) -> String {
        written(xml, comments, prefixes).text
    }

    #[test]
    fn an_inner_element_is_cut_out_with_the_start_tag_of_an_apex() {
        let inner = |xml, prefixes: &[&str]| written(xml, false, prefixes).inner;
        let xml = "<a:apex xmlns:a='urn:a' xmlns:b='urn:b'><b:inner><b:x/><signature/>t</b:inner></a:apex>";
        let expected = "<b:inner xmlns:b=\"urn:b\"><b:x></b:x>t</b:inner>";
        assert_eq!(inner(xml, &[]).as_deref(), Some(expected));

        // Declared further out, by the PrefixList, and by that at the apex as well.
        let xml = "<apex xmlns:b='urn:b'><inner a='1'><signature/><b:x/></inner></apex>";
        let expected = "<inner xmlns:b=\"urn:b\" a=\"1\"><b:x></b:x></inner>";
        assert_eq!(inner(xml, &["b"]).as_deref(), Some(expected));
    }

    #[test]
    fn an_inner_element_that_leans_on_what_is_around_it_is_not_cut_out() {
        for (xml, prefixes) in [
            // The outer apex declares `b`, and so `x` does not.
            ("<b:apex xmlns:b='urn:b'><inner><signature/><b:x/></inner></b:apex>", vec![]),
            ("<apex xmlns='urn:d' xmlns:b='urn:b'><b:inner><signature/><x/></b:inner></apex>", vec![]),
        ] {
            assert_eq!(written(xml, false, &prefixes).inner, None, "{xml}");
        }
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
        let subject = Subject { apex, without: None, comments: false, prefixes: &[], inner: None };
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
                "xmlns:z='urn:z'",
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
            list in prop::sample::subsequence(vec!["#default", "a", "b", "z", "xml"], 0..5),
        ) {
            let xml = format!(
                "<b:r xmlns='urn:o' xmlns:a='urn:a' xmlns:b='urn:c'><a:s {around}><a:apex>{inside}</a:apex></a:s></b:r>"
            );
            // Two attributes of one name, where both prefixes stand for one namespace, are not XML.
            if uppsala::parse(&xml).is_ok() {
                canonical(&xml, comments, &list);
            }
        }

        #[test]
        fn both_write_the_same_of_an_inner_element(
            inside in (element(), element(), element()),
            apex in prop::sample::select(vec!["apex", "a:apex", "b:apex"]),
            inner in prop::sample::select(vec!["inner", "a:inner", "b:inner", "inner a:q='1'"]),
            declared in prop::sample::select(vec!["", "xmlns=''", "xmlns:a='urn:z'", "xmlns='urn:d' xmlns:b='urn:c'"]),
            comments: bool,
            list in prop::sample::subsequence(vec!["#default", "a", "b", "z"], 0..4),
        ) {
            let (one, two, three) = inside;
            let name = inner.split(' ').next().unwrap_or_default();
            let xml = format!(
                "<r xmlns='urn:o' xmlns:a='urn:a' xmlns:b='urn:c'><{apex}>{one}<{inner} {declared}>{two}\
                 <signature>{three}</signature>{one}</{name}>{two}</{apex}></r>"
            );
            if uppsala::parse(&xml).is_ok() {
                written(&xml, comments, &list);
            }
        }
    }
}
