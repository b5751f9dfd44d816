//! Reading a posted form, strictly: the right type, a bounded size, and no parameter twice.

use crate::error::{Code, Refusal};
use crate::saml::MAX_ENCODED;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use memchr::{memchr, memchr_iter, memchr2};
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::timeout;

/// Largest body: the longest message, every character of it percent-encoded, and some room for the rest.
const MAX_BODY: usize = 3 * MAX_ENCODED + 65_536;
/// How much of a body that is too long is read at all.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;
/// Most parameters. Ours have two; IdPs add a submit button's name at most.
const MAX_PARAMETERS: usize = 16;

/// The parameters of a form, each at most once.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    /// Reads the body of a request, which has so long to arrive.
    pub(super) async fn read(request: Request, limit: Duration) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if !is_form(&parts.headers) {
            let reason = "the content type is not application/x-www-form-urlencoded";
            return Err(Refusal::new(Code::RequestContentType, reason));
        }
        Self::parse(&collect(body, limit).await?)
    }

    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let malformed = |reason: &str| Refusal::new(Code::RequestMalformed, reason);
        let mut parameters = HashMap::new();
        let mut ends = memchr_iter(b'&', body).chain([body.len()]);
        let pairs =
            std::iter::successors(ends.next().map(|end| (0, end)), |(_, end)| Some((end + 1, ends.next()?)));
        for pair in pairs.filter_map(|(start, end)| body.get(start..end)).filter(|pair| !pair.is_empty()) {
            if parameters.len() == MAX_PARAMETERS {
                return Err(malformed("too many form parameters"));
            }
            let (name, value) = match memchr(b'=', pair).and_then(|at| pair.split_at_checked(at)) {
                Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
                None => (pair, &[][..]),
            };
            if parameters.insert(decoded(name), decoded(value)).is_some() {
                return Err(malformed("a form parameter occurs twice"));
            }
        }
        Ok(Self(parameters))
    }

    /// Takes a parameter out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }
}

/// A name or a value (<https://url.spec.whatwg.org/#urlencoded-parsing>): what `form_urlencoded` makes of it, which goes
/// from byte to byte where this copies what stands between two escapes. A message has hundreds of them in thousands of
/// bytes.
fn decoded(encoded: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((plain, escape)) = memchr2(b'%', b'+', rest).and_then(|at| rest.split_at_checked(at)) {
        bytes.extend_from_slice(plain);
        let (byte, after) = match *escape {
            [b'+', ref after @ ..] => (b' ', after),
            [b'%', high, low, ref after @ ..] if let Some(byte) = hexadecimal(high, low) => (byte, after),
            [other, ref after @ ..] => (other, after),
            [] => break,
        };
        bytes.push(byte);
        rest = after;
    }
    bytes.extend_from_slice(rest);
    String::from_utf8(bytes).unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let essence = only.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Reads a body of which nothing is wanted, as far as one that is wanted may go, and keeps none of it.
pub(super) async fn discard(body: Body, limit: Duration) {
    let read = timeout(limit, async {
        let mut body = body;
        let mut length = 0usize;
        while length <= MAX_BODY
            && let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
        {
            length = length.saturating_add(frame.data_ref().map_or(0, axum::body::Bytes::len));
        }
    });
    // However it ends, nobody waits for it.
    let _ = read.await;
}

/// The whole body, if it is not too long. What is too long is read on for a while and thrown away: a browser that is
/// cut off in the middle of sending shows a page of its own instead of ours.
async fn collect(body: Body, limit: Duration) -> Result<Vec<u8>, Refusal> {
    let read = timeout(limit, async {
        let mut body = body;
        let mut bytes = Vec::new();
        let mut length = 0usize;
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|_| Refusal::new(Code::RequestMalformed, "the body broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            length = length.saturating_add(data.len());
            if length <= MAX_BODY {
                bytes.extend_from_slice(&data);
            } else if length > MAX_DISCARDED {
                break;
            }
        }
        if length > MAX_BODY {
            let reason = format!("the body has more than {MAX_BODY} bytes");
            return Err(Refusal::new(Code::RequestTooLarge, reason));
        }
        Ok(bytes)
    });
    read.await
        .unwrap_or_else(|_| Err(Refusal::new(Code::RequestMalformed, "the body did not arrive in time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_is_taken_once() {
        let mut form = Form::parse(b"SAMLResponse=PGE%2BPC9hPg%3D%3D&RelayState=a+b&extra=1").unwrap();
        assert_eq!(form.take("SAMLResponse").as_deref(), Some("PGE+PC9hPg=="));
        assert_eq!(form.take("RelayState").as_deref(), Some("a b"));
        assert_eq!(form.take("SAMLResponse"), None);
    }

    proptest::proptest! {
        #[test]
        fn a_form_says_what_the_library_reads(body in "([a-cA-F0-9%+&=]|%[0-9a-fA-F]{2}|\\PC){0,40}") {
            let theirs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            if let Ok(form) = Form::parse(body.as_bytes()) {
                proptest::prop_assert_eq!(form.0.len(), theirs.len());
                proptest::prop_assert_eq!(form.0, theirs.into_iter().collect());
            } else {
                let names: std::collections::HashSet<_> = theirs.iter().map(|(name, _)| name).collect();
                proptest::prop_assert!(names.len() < theirs.len() || theirs.len() > MAX_PARAMETERS);
            }
        }
    }

    #[test]
    fn a_parameter_twice_is_refused_also_when_it_is_spelled_differently() {
        for body in ["SAMLResponse=a&SAMLResponse=a", "SAMLResponse=a&%53AMLResponse=b", "x=1&x=1"] {
            assert_eq!(Form::parse(body.as_bytes()).map(|_| ()).unwrap_err().code(), Code::RequestMalformed);
        }
    }

    #[test]
    fn more_parameters_than_a_form_has_are_refused() {
        let body: Vec<_> = (0..=MAX_PARAMETERS).map(|number| format!("p{number}=1")).collect();
        assert!(Form::parse(body.join("&").as_bytes()).is_err());
    }

    #[test]
    fn only_a_form_is_a_form() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())]);
        assert!(is_form(&headers("application/x-www-form-urlencoded")));
        assert!(is_form(&headers("Application/X-WWW-Form-URLencoded; charset=UTF-8")));
        for value in
            ["", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded2"]
        {
            assert!(!is_form(&headers(value)), "{value}");
        }
        assert!(!is_form(&HeaderMap::new()));
    }
}
