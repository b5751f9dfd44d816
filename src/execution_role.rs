//! What a person's own execution role has to be: a pure function of who they are and what the domain's configuration says.
//!
//! It names policies of the declared set only.

use crate::arn::PolicyArn;
use crate::config::{DOMAIN_TAG, RoleTemplate};
use crate::identity::Claims;
use crate::policy::{self, Grant};
use std::collections::{BTreeMap, BTreeSet};

/// A person's execution role, as it has to be.
#[derive(Debug)]
pub struct WantedRole<'c> {
    template: &'c RoleTemplate,
    name: String,
    arn: String,
    account: String,
    tags: BTreeMap<String, String>,
    owner_tag: &'c str,
    policies: BTreeSet<&'c PolicyArn>,
}

impl<'c> WantedRole<'c> {
    /// What the domain of a grant gives the person; `None` if it makes no roles.
    #[must_use]
    pub fn of(claims: &Claims, grant: &Grant<'c>) -> Option<Self> {
        let domain = grant.domain();
        let template = domain.execution_role.as_ref()?;
        let federated = &grant.role().role;
        let name = template.name(grant.profile());
        let mut tags = template.tags.clone();
        tags.insert(domain.owner_tag.clone(), grant.owner().to_owned());
        tags.insert(DOMAIN_TAG.to_owned(), domain.id.clone());
        let holds = |condition| policy::met_by(claims, condition).is_some();
        let rules = template.rules.iter().filter(|rule| rule.conditions.iter().all(holds));
        Some(Self {
            arn: format!(
                "arn:{}:iam::{}:role{}{name}",
                federated.partition(),
                federated.account(),
                template.path
            ),
            name,
            account: federated.account().to_owned(),
            tags,
            owner_tag: &domain.owner_tag,
            policies: template.base.iter().chain(rules.flat_map(|rule| &rule.policies)).collect(),
            template,
        })
    }

    /// What roles of the domain are like.
    #[must_use]
    pub fn template(&self) -> &'c RoleTemplate {
        self.template
    }

    /// `RoleName`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// ARN of the role.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The account that the role is of, and that SageMaker may take it for.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// All tags of a new role.
    #[must_use]
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// The tags without which a role of this name is somebody else's: owner and domain.
    pub fn marks(&self) -> impl Iterator<Item = (&str, &str)> {
        let marks = self.tags.iter().filter(|(key, _)| *key == self.owner_tag || *key == DOMAIN_TAG);
        marks.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The managed policies that the person has a right to.
    #[must_use]
    pub fn policies(&self) -> &BTreeSet<&'c PolicyArn> {
        &self.policies
    }
}
