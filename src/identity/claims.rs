//! What the attributes of an assertion say about a person, each checked against what STS takes.
//!
//! Attributes are found by their exact `Name`. What is malformed refuses the sign-in here, with a reason, rather than
//! later at STS without one. Claims prove nothing: [`super::Identity`] holds those that are proven.

use crate::arn::RolePair;
use crate::config::Idp;
use crate::error::{Code, Refusal};
use crate::saml::Attribute;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";

/// What is said about a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    idp: String,
    user_id: String,
    session_name: String,
    session_seconds: Option<u32>,
    source_identity: Option<String>,
    principal_tags: BTreeMap<String, String>,
    transitive_tags: BTreeSet<String>,
    groups: BTreeSet<String>,
    roles: Vec<String>,
    /// Those that were asked for; one that the person does not have is here without values.
    attributes: BTreeMap<String, Vec<String>>,
}

impl Claims {
    /// Maps attributes of `idp`. Of those without a meaning of their own, only the `asked` are kept.
    ///
    /// # Errors
    /// `identity.invalid` for a missing, repeated or malformed attribute; `entitlement.none` when no role pair is for
    /// one of the IdP's own SAML providers.
    pub fn map(attributes: &[Attribute], idp: &Idp, asked: &BTreeSet<String>) -> Result<Self, Refusal> {
        let attributes = Attributes(attributes);
        let session_name =
            attributes.one(&aws("RoleSessionName"))?.ok_or_else(|| invalid("RoleSessionName is missing"))?;
        if !is_session_name(session_name) {
            return Err(invalid("RoleSessionName is not 2 to 64 of [A-Za-z0-9_+=,.@-]"));
        }
        let user_id = attributes.one(&idp.user_id_attribute)?.ok_or_else(|| {
            invalid(format!("the user id attribute {:?} is missing", idp.user_id_attribute))
        })?;
        if user_id.is_empty() || user_id.trim() != user_id || !crate::config::is_tag_value(user_id) {
            return Err(invalid("the user id is not a usable tag value of 1 to 256 characters"));
        }
        let principal_tags = principal_tags(&attributes)?;
        let transitive_tags: BTreeSet<_> =
            attributes.all(&aws("TransitiveTagKeys")).map(str::to_owned).collect();
        if let Some(key) = transitive_tags.iter().find(|key| !principal_tags.contains_key(*key)) {
            return Err(invalid(format!(
                "TransitiveTagKeys names {key:?}, for which there is no PrincipalTag"
            )));
        }
        let kept = |name: &String| (name.clone(), attributes.all(name).map(str::to_owned).collect());
        Ok(Self {
            idp: idp.key.clone(),
            user_id: user_id.to_owned(),
            session_name: session_name.to_owned(),
            session_seconds: session_seconds(&attributes)?,
            source_identity: source_identity(&attributes)?,
            principal_tags,
            transitive_tags,
            groups: attributes.all(&idp.groups_attribute).map(str::to_owned).collect(),
            roles: roles(&attributes, idp)?,
            attributes: asked.iter().map(kept).collect(),
        })
    }

    /// Key of the IdP that vouches for the person.
    #[must_use]
    pub fn idp(&self) -> &str {
        &self.idp
    }

    /// What names the person in profiles and owner tags.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// `RoleSessionName`.
    #[must_use]
    pub fn session_name(&self) -> &str {
        &self.session_name
    }

    /// `SessionDuration` in seconds, 900 to 43,200, if the IdP sends one.
    #[must_use]
    pub fn session_seconds(&self) -> Option<u32> {
        self.session_seconds
    }

    /// `SourceIdentity`, if the IdP sends one.
    #[must_use]
    pub fn source_identity(&self) -> Option<&str> {
        self.source_identity.as_deref()
    }

    /// Session tags: `PrincipalTag:{Key}` attributes.
    #[must_use]
    pub fn principal_tags(&self) -> &BTreeMap<String, String> {
        &self.principal_tags
    }

    /// Session tags that persist through role chaining.
    #[must_use]
    pub fn transitive_tags(&self) -> &BTreeSet<String> {
        &self.transitive_tags
    }

    /// Groups.
    #[must_use]
    pub fn groups(&self) -> &BTreeSet<String> {
        &self.groups
    }

    /// Role pairs whose provider is registered for the IdP, in the order of the assertion; at least one.
    pub fn role_pairs(&self) -> impl Iterator<Item = RolePair> {
        self.roles.iter().filter_map(|value| RolePair::parse(value))
    }

    /// All values of an attribute that was asked for, in the order of the assertion.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &[String] {
        self.attributes.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether exactly these attributes were asked for. Otherwise nothing can be said of the others, not even that the
    /// person does not have them.
    #[must_use]
    pub fn answers(&self, asked: &BTreeSet<String>) -> bool {
        self.attributes.keys().eq(asked)
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("idp", &self.idp)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// The attributes of an assertion, looked up by exact name.
struct Attributes<'a>(&'a [Attribute]);

impl<'a> Attributes<'a> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let found = self.0.iter().find(|attribute| attribute.name == name);
        found.into_iter().flat_map(|attribute| attribute.values.iter().map(String::as_str))
    }

    /// The only value, if there is any.
    fn one(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(invalid(format!("{name:?} has several values")));
        }
        Ok(first)
    }
}

fn aws(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn invalid(reason: impl Into<String>) -> Refusal {
    Refusal::new(Code::IdentityInvalid, reason)
}

fn roles(attributes: &Attributes<'_>, idp: &Idp) -> Result<Vec<String>, Refusal> {
    let mut pairs = Vec::new();
    let mut stated = 0usize;
    for value in attributes.all(&aws("Role")) {
        stated += 1;
        let pair = RolePair::parse(value).ok_or_else(|| {
            invalid("a Role value is not a role ARN and a SAML provider ARN of the same account, joined by a comma")
        })?;
        let text = format!("{},{}", pair.role, pair.provider);
        // Roles of IAM Identity Center cannot be assumed with SAML, and are not offered.
        let reserved = pair.role.name().starts_with("AWSReservedSSO_");
        if idp.saml_providers.contains(&pair.provider) && !reserved && !pairs.contains(&text) {
            pairs.push(text);
        }
    }
    if pairs.is_empty() {
        let reason = format!("none of {stated} Role values is for a SAML provider of IdP {:?}", idp.key);
        return Err(Refusal::new(Code::EntitlementNone, reason));
    }
    Ok(pairs)
}

fn session_seconds(attributes: &Attributes<'_>) -> Result<Option<u32>, Refusal> {
    let Some(value) = attributes.one(&aws("SessionDuration"))? else {
        return Ok(None);
    };
    let seconds = value.trim().parse().ok().filter(|seconds| (900..=43_200).contains(seconds));
    seconds.map(Some).ok_or_else(|| invalid("SessionDuration is not a number of seconds from 900 to 43200"))
}

fn source_identity(attributes: &Attributes<'_>) -> Result<Option<String>, Refusal> {
    let Some(value) = attributes.one(&aws("SourceIdentity"))? else {
        return Ok(None);
    };
    if is_session_name(value) && !value.to_ascii_lowercase().starts_with("aws:") {
        return Ok(Some(value.to_owned()));
    }
    Err(invalid("SourceIdentity is not 2 to 64 of [A-Za-z0-9_+=,.@-]"))
}

fn principal_tags(attributes: &Attributes<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let prefix = aws("PrincipalTag:");
    let mut tags = BTreeMap::new();
    for attribute in attributes.0 {
        let Some(key) = attribute.name.strip_prefix(&prefix) else {
            continue;
        };
        let value = attributes
            .one(&attribute.name)?
            .ok_or_else(|| invalid(format!("PrincipalTag {key:?} has no value")))?;
        // STS refuses both: keys of its own, and keys that differ in case only.
        let reserved = key.to_ascii_lowercase().starts_with("aws:");
        if reserved || tags.keys().any(|other: &String| other.to_lowercase() == key.to_lowercase()) {
            return Err(invalid("a PrincipalTag key begins with aws:, or differs from another in case only"));
        }
        if key.is_empty() || key.chars().count() > 128 || !crate::config::is_tag_value(key) {
            return Err(invalid("a PrincipalTag key is not 1 to 128 characters of the tag alphabet"));
        }
        if !crate::config::is_tag_value(value) {
            return Err(invalid(format!("PrincipalTag {key:?} is not a usable tag value")));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > 50 {
        return Err(invalid("more than 50 PrincipalTags"));
    }
    Ok(tags)
}

/// `[A-Za-z0-9_+=,.@-]{2,64}` (STS `RoleSessionName`).
fn is_session_name(value: &str) -> bool {
    (2..=64).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}
