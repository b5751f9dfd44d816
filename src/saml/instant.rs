//! SAML time values: xs:dateTime in UTC (saml-core 1.3.3).

use chrono::{DateTime, SecondsFormat, Utc};

/// Reads an xs:dateTime. A time zone is required: SAML times are UTC, and `Z`, `+00:00` and other offsets all occur.
///
/// Returns `None` for anything else, such as a date without a time or a time without a zone.
#[must_use]
pub fn parse(value: &str) -> Option<DateTime<Utc>> {
    let value = value.trim_matches([' ', '\t', '\r', '\n']);
    // RFC 3339 parsers also take a lower-case "t" or "z" and a space as separator; xs:dateTime does not.
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b':' | b'.' | b'T' | b'Z'));
    if !plain {
        return None;
    }
    DateTime::parse_from_rfc3339(value).ok().map(|instant| instant.with_timezone(&Utc))
}

/// Writes an instant as SAML messages carry it, in whole seconds.
#[must_use]
pub fn format(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_legal_spelling_of_an_instant_is_read() {
        for value in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.000Z",
            "2026-01-02T03:04:05.000000000Z",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02T12:04:05+09:00",
            " 2026-01-02T03:04:05Z\n",
        ] {
            assert_eq!(parse(value).map(format).as_deref(), Some("2026-01-02T03:04:05Z"), "{value}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for value in [
            "",
            "now",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05Z",
            "2026-01-02t03:04:05z",
            "2026-13-02T03:04:05Z",
            "1767323045",
            "2026-01-02T03:04:05Z; DROP",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
