//! Who may go where: a pure function of an identity and the configuration. What no rule allows is refused.

use crate::arn::RolePair;
use crate::config::{Config, Domain, TagSource};
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::profile_name::ProfileName;
use std::collections::BTreeMap;

/// One thing that a person may do: open this domain with this role, in this profile.
///
/// Only [`grants`] makes one, so to hold one is to be entitled to it.
#[derive(Debug, Clone)]
pub struct Grant<'c> {
    domain: &'c Domain,
    role: RolePair,
    profile: ProfileName,
    tags: BTreeMap<String, String>,
}

impl<'c> Grant<'c> {
    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &'c Domain {
        self.domain
    }

    /// The role and the SAML provider that it is assumed through.
    #[must_use]
    pub fn role(&self) -> &RolePair {
        &self.role
    }

    /// Name of the person's user profile.
    #[must_use]
    pub fn profile(&self) -> &ProfileName {
        &self.profile
    }

    /// The value that the profile's owner tag must have.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.tags.get(&self.domain.owner_tag).map(String::as_str).unwrap_or_default()
    }

    /// All tags of a new profile, the owner tag among them.
    #[must_use]
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// ARN of the user profile.
    #[must_use]
    pub fn profile_arn(&self) -> String {
        format!(
            "arn:{}:sagemaker:{}:{}:user-profile/{}/{}",
            self.role.role.partition(),
            self.domain.region,
            self.role.role.account(),
            self.domain.id,
            self.profile
        )
    }

    /// Stands for this grant among the person's others: domain key and role ARN.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}|{}", self.domain.key, self.role.role)
    }
}

/// Everything that a person may choose from, in the order of the domains in the configuration; never empty.
///
/// # Errors
/// `entitlement.none` if no domain is open to any of the person's roles and groups; `identity.invalid` if a tag cannot
/// be made from an attribute.
pub fn grants<'c>(identity: &Identity, config: &'c Config) -> Result<Vec<Grant<'c>>, Refusal> {
    let mut grants = Vec::new();
    for domain in &config.domains {
        let in_group =
            domain.groups.is_empty() || domain.groups.iter().any(|group| identity.groups().contains(group));
        if !in_group {
            continue;
        }
        for role in identity.role_pairs().filter(|pair| domain.roles.contains(&pair.role)) {
            let tags = tags(identity, domain)?;
            grants.push(Grant { domain, role, profile: ProfileName::of(identity.user_id()), tags });
        }
    }
    if grants.is_empty() {
        let roles: Vec<_> = identity.role_pairs().map(|pair| pair.role.to_string()).collect();
        let reason = format!(
            "no domain is open to {:?} with roles [{}] and {} groups",
            identity.user_id(),
            roles.join(", "),
            identity.groups().len()
        );
        return Err(Refusal::new(Code::EntitlementNone, reason));
    }
    Ok(grants)
}

fn tags(identity: &Identity, domain: &Domain) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::from([(domain.owner_tag.clone(), identity.user_id().to_owned())]);
    for (key, source) in &domain.profile.tags {
        let value = match source {
            TagSource::Fixed(value) => value,
            TagSource::Attribute(name) => match identity.attribute(name) {
                Some(value) if crate::config::is_tag_value(value) => value,
                Some(_) => {
                    let reason = format!("attribute {name:?} is not a usable value for the tag {key:?}");
                    return Err(Refusal::new(Code::IdentityInvalid, reason));
                }
                None => continue,
            },
        };
        tags.insert(key.clone(), value.to_owned());
    }
    Ok(tags)
}
