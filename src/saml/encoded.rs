//! The SAML response as the form carried it: kept untouched for STS, decoded for ourselves.

use super::base64_text;
use super::rule::{Rejection, Rule};
use crate::error::Code;
use std::fmt;

/// Longest `SAMLAssertion` that STS `AssumeRoleWithSAML` takes, in base64 characters; the shortest is 4.
pub const MAX_ENCODED: usize = 100_000;

/// The untouched base64 of a SAML response. It is a bearer secret: Debug shows its length, and there is no Display.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedResponse(String);

impl EncodedResponse {
    /// Takes the value of the form parameter `SAMLResponse`.
    pub fn new(value: String) -> Result<Self, Rejection> {
        if value.len() > MAX_ENCODED {
            let detail = format!("{} base64 characters; STS takes {MAX_ENCODED} at most", value.len());
            return Err(Rejection::coded(Rule::Encoding, Code::RequestTooLarge, detail));
        }
        Ok(Self(value))
    }

    /// The base64 as it arrived, to be passed on to STS and to nobody else.
    #[must_use]
    pub fn expose_for_sts(&self) -> &str {
        &self.0
    }

    /// Decodes base64 (white space between characters is allowed: many IdPs wrap lines) and UTF-8 (with or without a
    /// byte order mark).
    pub fn decode(&self) -> Result<DecodedResponse, Rejection> {
        let malformed = |detail: String| Rejection::coded(Rule::Encoding, Code::RequestMalformed, detail);
        let bytes =
            base64_text::decoded(&self.0).map_err(|fault| malformed(format!("not base64: {fault}")))?;
        if bytes.is_empty() {
            return Err(malformed("SAMLResponse is empty".into()));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Rejection::coded(Rule::Xml, Code::RequestMalformed, "not UTF-8"))?;
        Ok(DecodedResponse(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }))
    }
}

impl fmt::Debug for EncodedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodedResponse({} characters)", self.0.len())
    }
}

/// The XML text of a SAML response, unparsed and untrusted.
#[derive(Clone)]
pub struct DecodedResponse(String);

impl DecodedResponse {
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DecodedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodedResponse({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn white_space_is_stripped_for_us_and_kept_for_sts() {
        let encoded = EncodedResponse::new("PGE+\r\nPC9h\n Pg==\t".into()).unwrap();
        assert_eq!(encoded.decode().unwrap().text(), "<a></a>");
        assert_eq!(encoded.expose_for_sts(), "PGE+\r\nPC9h\n Pg==\t");
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_text() {
        let encoded = EncodedResponse::new(STANDARD.encode("\u{feff}<a/>")).unwrap();
        assert_eq!(encoded.decode().unwrap().text(), "<a/>");
    }

    #[test]
    fn what_is_not_base64_of_utf8_is_malformed() {
        for value in ["", "   ", "PGE+PC9hPg=", "PGE+PC9hPg", "PGE-PC9hPg==", "<Response/>", "gICAgA=="] {
            let code = EncodedResponse::new(value.into()).unwrap().decode().map(|_| ()).unwrap_err().code;
            assert_eq!(code, Code::RequestMalformed, "{value:?}");
        }
    }

    #[test]
    fn more_than_sts_takes_is_too_large() {
        assert!(EncodedResponse::new("A".repeat(MAX_ENCODED)).is_ok());
        let fault = EncodedResponse::new("A".repeat(MAX_ENCODED + 1)).unwrap_err();
        assert_eq!(fault.code, Code::RequestTooLarge);
    }

    #[test]
    fn debug_shows_no_content() {
        let encoded = EncodedResponse::new(STANDARD.encode("<secret/>")).unwrap();
        assert_eq!(format!("{encoded:?}"), "EncodedResponse(12 characters)");
        assert_eq!(format!("{:?}", encoded.decode().unwrap()), "DecodedResponse(9 bytes)");
    }
}
