//! The right to notebook instances.

use crate::arn::RolePair;
use crate::config::{Destination, NotebookPlace, Rule, Which, is_instance_name};
use crate::profile_name::ProfileName;

/// One thing that a person may do: go to this destination's notebook instances with this role.
///
/// Only [`super::evaluate`] makes one, so to hold one is to be entitled to it, as far as the claims are true.
#[derive(Debug, Clone)]
pub struct NotebookGrant<'c> {
    rule: &'c Rule,
    destination: &'c Destination,
    place: &'c NotebookPlace,
    role: RolePair,
    owner: String,
    /// `None`: those whose owner tag names the person, of whom AWS has to be asked.
    instance: Option<String>,
}

impl<'c> NotebookGrant<'c> {
    /// One for each instance whose name is known; one for all whose names are not.
    pub(super) fn all(
        rule: &'c Rule,
        (destination, place): (&'c Destination, &'c NotebookPlace),
        role: &RolePair,
        user_id: &str,
    ) -> Vec<Self> {
        let with = |instance: Option<String>| Self {
            rule,
            destination,
            place,
            role: role.clone(),
            owner: user_id.to_owned(),
            instance,
        };
        match &place.which {
            Which::Owned { .. } => vec![with(None)],
            Which::Named { .. } | Which::Listed(_) => place
                .which
                .names(&ProfileName::of(user_id))
                .into_iter()
                .map(|name| with(Some(name)))
                .collect(),
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn destination(&self) -> &'c Destination {
        self.destination
    }

    /// The same, as notebook instances.
    #[must_use]
    pub fn place(&self) -> &'c NotebookPlace {
        self.place
    }

    /// The rule that gave it.
    #[must_use]
    pub fn rule(&self) -> &'c Rule {
        self.rule
    }

    /// The role and the SAML provider that it is assumed through.
    #[must_use]
    pub fn role(&self) -> &RolePair {
        &self.role
    }

    /// The value that the owner tag of the instance must have: the person's user id.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// `NotebookInstanceName`, if it is known.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Stands for this grant among the person's others: key of the destination, ARN of the role, and the instance.
    #[must_use]
    pub fn key(&self) -> String {
        let all = format!("{}|{}", self.destination.key, self.role.role);
        self.instance.as_ref().map_or_else(|| all.clone(), |name| format!("{all}|{name}"))
    }

    /// The same for one instance.
    #[must_use]
    pub(crate) fn to(&self, instance: &str) -> Self {
        Self { instance: Some(instance.to_owned()), ..self.clone() }
    }

    /// This grant if the key is its own; if the key names one of the instances that AWS has to be asked of, the same for
    /// that one. Whose that is has to be looked at, as for every instance.
    pub(super) fn at(&self, key: &str) -> Option<Self> {
        if self.key() == key {
            return Some(self.clone());
        }
        let instance = key.strip_prefix(&self.key())?.strip_prefix('|')?;
        (self.instance.is_none() && is_instance_name(instance)).then(|| self.to(instance))
    }
}
