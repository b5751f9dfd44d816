//! Forms of single values in settings, written out by hand: no regular expression of the gateway's is used here.

use super::super::super::shape::Rule;

/// `ENABLED` or `DISABLED`, of features and portals.
pub(super) const ENABLED: Rule = Rule::one_of(&["ENABLED", "DISABLED"]);
/// `SecurityGroupId`.
pub(super) const SECURITY_GROUP: Rule = Rule::length(0, 32).form("[-0-9a-zA-Z]+", |text| {
    !text.is_empty() && text.chars().all(|c| c == '-' || c.is_ascii_alphanumeric())
});
/// `S3Uri`.
pub(super) const S3_URI: Rule = Rule::length(0, 1024).form("(https|s3)://([^/]+)/?(.*)", |text| {
    text.strip_prefix("s3://").or_else(|| text.strip_prefix("https://")).is_some_and(has_first_part)
});
/// `S3SchemaUri`.
pub(super) const S3_SCHEMA_URI: Rule = Rule::length(0, 1024)
    .form("(s3)://([^/]+)/?(.*)", |text| text.strip_prefix("s3://").is_some_and(has_first_part));
/// `KmsKeyId`.
pub(super) const KMS_KEY_ID: Rule = Rule::length(0, 2048)
    .form("[a-zA-Z0-9:/_-]*", |text| text.chars().all(|c| c.is_ascii_alphanumeric() || ":/_-".contains(c)));
/// `LandingUri` and `DefaultLandingUri`.
pub(in super::super) const LANDING_URI: Rule =
    Rule::length(0, 1023).form("studio::<path> or app:<AppType>:<path>", is_landing_uri);

/// What comes after the account of an ARN of this service.
pub(super) fn arn_tail<'t>(text: &'t str, service: &str) -> Option<&'t str> {
    let mut parts = text.splitn(6, ':');
    let partition = (parts.next() == Some("arn")).then(|| parts.next()).flatten()?;
    let fits = partition.starts_with("aws")
        && parts.next() == Some(service)
        && parts.next().is_some_and(|region| !region.is_empty())
        && parts
            .next()
            .is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()));
    if fits { parts.next() } else { None }
}

/// A number without leading zeros.
pub(super) fn is_plain_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

fn has_first_part(rest: &str) -> bool {
    rest.split('/').next().is_some_and(|first| !first.is_empty())
}

/// `studio::PATH` or `app:APP:PATH`.
fn is_landing_uri(uri: &str) -> bool {
    const LANDING_APPS: [&str; 5] =
        ["JupyterLab", "CodeEditor", "JupyterServer", "RStudioServerPro", "Canvas"];
    if uri.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    match uri.split_once(':') {
        Some(("studio", rest)) => rest.starts_with(':'),
        Some(("app", rest)) => rest.split_once(':').is_some_and(|(app, _)| LANDING_APPS.contains(&app)),
        _ => false,
    }
}
