//! Writing XML: escaping, optional attributes, times and identifiers, in one place so that no value reaches a message
//! unescaped by accident. Never parses.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

/// Text with everything escaped that could end a text node or an attribute value, or be normalised away in one.
/// Characters that XML 1.0 cannot carry at all (most control characters) are left alone: the result is then malformed,
/// which is what a test that puts them there wants.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' => out.push_str("&#xA;"),
            '\t' => out.push_str("&#x9;"),
            other => out.push(other),
        }
    }
    out
}

/// A time as SAML core 1.3.3 wants it: UTC, with a `Z`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Appends ` name="value"`, escaped.
pub(crate) fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"{}\"", escape(value));
}

/// Appends ` name="value"` if there is a value.
pub(crate) fn optional(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        attribute(out, name, value);
    }
}

/// Appends ` name="time"` if there is a time.
pub(crate) fn optional_instant(out: &mut String, name: &str, at: Option<DateTime<Utc>>) {
    if let Some(at) = at {
        attribute(out, name, &instant(at));
    }
}

/// Appends `<name>text</name>`, escaped.
pub(crate) fn element(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "<{name}>{}</{name}>", escape(text));
}

/// A fresh identifier: an underscore, because an ID may not start with a digit, and 128 random bits (SAML core 1.3.4).
pub(crate) fn fresh_id() -> String {
    let mut bytes = [0_u8; 16];
    // If there is no randomness the ID repeats, and the gateway refuses the second message as a replay: a demo that
    // fails loudly, in a place that nothing can be done about.
    let _ = openssl::rand::rand_bytes(&mut bytes);
    let mut id = String::with_capacity(33);
    id.push('_');
    for byte in bytes {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_everything_that_could_break_out() {
        assert_eq!(escape("a<b>&\"c\"\r\n\t"), "a&lt;b&gt;&amp;&quot;c&quot;&#xD;&#xA;&#x9;");
        assert_eq!(escape("김하늘's"), "김하늘's");
    }

    #[test]
    fn ids_are_long_and_differ() {
        assert_eq!(fresh_id().len(), 33);
        assert_ne!(fresh_id(), fresh_id());
    }
}
