//! The AWS attributes of an assertion, by their exact names, and the rules of STS about them.

use super::super::fault::ApiError;
use super::ASSERTION;
use super::dom::{attribute, text, trim};
use std::collections::BTreeMap;
use uppsala::{Document, NodeId};

const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";

/// Names with their values, as often as they are stated.
pub(super) type Attributes = Vec<(String, Vec<String>)>;

/// The attributes of all statements. Values with elements in them say nothing.
pub(super) fn read(document: &Document<'_>, assertion: NodeId) -> Result<Attributes, ApiError> {
    let mut attributes = Vec::new();
    for statement in document.child_elements_by_name_ns(assertion, ASSERTION, "AttributeStatement") {
        for node in document.child_elements_by_name_ns(statement, ASSERTION, "Attribute") {
            let name = attribute(document, node, "Name")
                .filter(|name| !name.is_empty())
                .ok_or_else(|| ApiError::identity_token("An Attribute has no Name"))?;
            let values = document.child_elements_by_name_ns(node, ASSERTION, "AttributeValue");
            let values = values.into_iter().filter_map(|v| text(document, v)).collect();
            attributes.push((name.to_owned(), values));
        }
    }
    Ok(attributes)
}

/// All values of the AWS attribute `name`.
pub(super) fn values<'a>(attributes: &'a Attributes, name: &str) -> impl Iterator<Item = &'a String> {
    let wanted = format!("{ATTRIBUTES}{name}");
    attributes.iter().filter(move |(n, _)| *n == wanted).flat_map(|(_, values)| values)
}

/// The value of an AWS attribute that may be given once.
fn sole<'a>(attributes: &'a Attributes, name: &str) -> Result<Option<&'a String>, ApiError> {
    let mut all = values(attributes, name);
    match (all.next(), all.next()) {
        (value, None) => Ok(value),
        _ => Err(ApiError::identity_token(format!("{name} must have exactly one value in AuthnResponse"))),
    }
}

/// `RoleSessionName`, which has to be there.
pub(super) fn session_name(attributes: &Attributes) -> Result<String, ApiError> {
    let name = sole(attributes, "RoleSessionName")?
        .ok_or_else(|| ApiError::identity_token("RoleSessionName is required in AuthnResponse"))?;
    if is_session_name(name) {
        return Ok(name.clone());
    }
    Err(ApiError::identity_token("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"))
}

/// `[a-zA-Z_0-9+=,.@-]{2,64}`, the form of role session names and of source identities.
pub(in crate::demo::aws) fn is_session_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (2..=64).contains(&name.len()) && name.chars().all(allowed)
}

/// The pairs of `Role`: role ARN and provider ARN, in either order.
pub(super) fn roles(attributes: &Attributes) -> Result<Vec<(String, String)>, ApiError> {
    let malformed =
        || ApiError::identity_token("Role in AuthnResponse must be a role ARN and a provider ARN");
    let pair = |value: &String| {
        let (one, other) = value.split_once(',').ok_or_else(malformed)?;
        // Identity providers that pretty-print write the pair on lines of its own.
        let (one, other) = (one.trim(), other.trim());
        let (role, provider) = if one.contains(":saml-provider/") { (other, one) } else { (one, other) };
        let arns = [role, provider].iter().all(|arn| arn.starts_with("arn:aws") && !arn.contains([',', ' ']));
        if arns && role.contains(":role/") && provider.contains(":saml-provider/") {
            Ok((role.to_owned(), provider.to_owned()))
        } else {
            Err(malformed())
        }
    };
    let roles = values(attributes, "Role").map(pair).collect::<Result<Vec<_>, _>>()?;
    if roles.is_empty() {
        return Err(ApiError::identity_token("Role is required in AuthnResponse"));
    }
    Ok(roles)
}

/// `SessionDuration`.
pub(super) fn session_seconds(attributes: &Attributes) -> Result<Option<u32>, ApiError> {
    let Some(text) = sole(attributes, "SessionDuration")? else {
        return Ok(None);
    };
    match trim(text).parse::<u32>() {
        Ok(seconds @ 900..=43_200) => Ok(Some(seconds)),
        _ => Err(ApiError::identity_token("SessionDuration in AuthnResponse must be from 900 to 43200")),
    }
}

/// The session tags: `PrincipalTag:KEY`.
pub(super) fn tags(attributes: &Attributes) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for (name, values) in attributes {
        let Some(key) = name.strip_prefix(ATTRIBUTES).and_then(|n| n.strip_prefix("PrincipalTag:")) else {
            continue;
        };
        let [value] = values.as_slice() else {
            return Err(ApiError::identity_token(format!("PrincipalTag:{key} must have exactly one value")));
        };
        let clash = tags.keys().any(|k: &String| k.to_lowercase() == key.to_lowercase());
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if clash || !fits || key.to_lowercase().starts_with("aws:") {
            return Err(ApiError::identity_token(format!("PrincipalTag:{key} is not a valid tag")));
        }
        tags.insert(key.to_owned(), value.clone());
    }
    if tags.len() > 50 {
        return Err(ApiError::identity_token("A session can have at most 50 tags"));
    }
    Ok(tags)
}

/// `SourceIdentity`.
pub(super) fn source_identity(attributes: &Attributes) -> Result<Option<String>, ApiError> {
    match sole(attributes, "SourceIdentity")? {
        Some(name) if !is_session_name(name) || name.starts_with("aws:") => Err(ApiError::identity_token(
            "SourceIdentity in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
        )),
        other => Ok(other.cloned()),
    }
}
