//! Counts what a parser would take too long over, before the parser sees it. Never decides whether something is
//! well-formed: that is the parser's business, and up to the first fault both see the same tags.

use super::super::rule::{Rejection, Rule};
use memchr::{memchr, memchr3};

/// How much of everything a document may have.
#[derive(Debug, Clone, Copy)]
pub(in crate::saml) struct Limits {
    /// Tags, comments and CDATA sections together.
    pub(in crate::saml) markup: usize,
    /// Attributes and namespace declarations of one element: parsers compare each with all before it.
    pub(in crate::saml) attributes: usize,
    /// Namespace declarations in scope at one place: each is looked at, and copied, at each element there.
    pub(in crate::saml) namespaces: usize,
}

/// Refuses a document that exceeds a limit.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), Rejection> {
    let mut open: Vec<usize> = Vec::new();
    let mut in_scope = 0;
    let mut markup = 0;
    let mut rest = text;
    while let Some(tag) = behind(b'<', rest) {
        markup += 1;
        if let Some(after) = tag.strip_prefix("!--") {
            rest = after.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(after) = tag.strip_prefix("![CDATA[") {
            rest = after.split_once("]]>").map_or("", |(_, after)| after);
        } else if let Some(after) = tag.strip_prefix('?') {
            rest = after.split_once("?>").map_or("", |(_, after)| after);
        } else if let Some(after) = tag.strip_prefix('/') {
            in_scope -= open.pop().unwrap_or_default();
            rest = after;
        } else {
            let start = StartTag::read(tag);
            if start.attributes > limits.attributes {
                return Err(exceeded(limits.attributes, "attributes on an element"));
            }
            if in_scope + start.namespaces > limits.namespaces {
                return Err(exceeded(limits.namespaces, "namespace declarations in scope"));
            }
            if start.is_empty_element {
                // Two tags in canonical form, which is checked by the same limits.
                markup += 1;
            } else {
                open.push(start.namespaces);
                in_scope += start.namespaces;
            }
            rest = start.rest;
        }
        if markup > limits.markup {
            return Err(exceeded(limits.markup, "tags and comments"));
        }
    }
    Ok(())
}

struct StartTag<'a> {
    attributes: usize,
    namespaces: usize,
    is_empty_element: bool,
    rest: &'a str,
}

impl<'a> StartTag<'a> {
    /// Reads on from behind the `<`. Quotes matter, because a `>` may stand between them.
    fn read(tag: &'a str) -> Self {
        let mut start = Self { attributes: 0, namespaces: 0, is_empty_element: false, rest: "" };
        // From behind the element's name, so that what stands before a quote begins with the attribute's.
        let named = tag
            .bytes()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
            .unwrap_or_default();
        let mut rest = tag.get(named..).unwrap_or_default();
        // Up to the next quote or the end of the tag, and then over what is quoted.
        while let Some((outside, delimiter)) =
            memchr3(b'"', b'\'', b'>', rest.as_bytes()).and_then(|at| rest.split_at_checked(at))
        {
            let after = delimiter.get(1..).unwrap_or_default();
            if let Some(quote @ (b'"' | b'\'')) = delimiter.bytes().next() {
                // Each value has its name in front. Where there is no such pair, a parser goes no further.
                start.attributes += 1;
                start.namespaces += usize::from(outside.as_bytes().trim_ascii_start().starts_with(b"xmlns"));
                rest = behind(quote, after).unwrap_or_default();
            } else {
                start.is_empty_element = outside.ends_with('/');
                start.rest = after;
                break;
            }
        }
        start
    }
}

/// What comes after the next such byte, which is one of ASCII.
fn behind(byte: u8, text: &str) -> Option<&str> {
    memchr(byte, text.as_bytes()).and_then(|at| text.get(at + 1..))
}

fn exceeded(limit: usize, what: &str) -> Rejection {
    Rejection::new(Rule::Limits, format!("more than {limit} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { markup: 12, attributes: 3, namespaces: 4 };

    #[test]
    fn what_fits_passes() {
        for text in [
            "",
            "text",
            "<a b='1' c=\"=====\" d='>'/>",
            "<a><!-- a=1 b=2 c=3 d=4 e='5 --><b x='1' y='2' z='3'/></a>",
            "<a><![CDATA[ < < < < < < < < < < < < = = = = ' ]]></a>",
            "<a xmlns='1'><b xmlns='2' xmlns:c='3'/><b xmlns='2' xmlns:c='3'/><b xmlns='2' xmlns:c='3'/></a>",
        ] {
            assert_eq!(check(text, &SMALL), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "<a b='1' c='2' d='3' e='4'/>",
            // An apostrophe in a comment, or one quoted by the other kind, opens nothing.
            "<!-- ' --><a b='1' c='2' d='3' e='4'/>",
            "<a x=\"'\"/><a b='1' c='2' d='3' e='4'/>",
            "<a><![CDATA['\"]]><a b='1' c='2' d='3' e='4'/></a>",
            "<a xmlns='1' xmlns:b='2'><a xmlns='1' xmlns:b='2'><a xmlns='1'/></a></a>",
            "<a/><a/><a/><a/><a/><a/><a/>",
        ] {
            assert_eq!(check(text, &SMALL).map_err(|fault| fault.rule), Err(Rule::Limits), "{text}");
        }
    }
}
