//! What a person may do, whatever kind of place it leads to.

use super::{Grant, LeftOut, NotebookGrant};
use crate::arn::RolePair;
use crate::config::{Destination, Rule};

/// One way that is open to a person.
#[derive(Debug, Clone)]
pub enum Way<'c> {
    /// Into a profile of a Studio domain.
    Studio(Grant<'c>),
    /// Into a notebook instance, or to the choice among several.
    Notebooks(NotebookGrant<'c>),
}

impl<'c> Way<'c> {
    /// Where it leads.
    #[must_use]
    pub fn destination(&self) -> &'c Destination {
        match self {
            Self::Studio(grant) => grant.destination(),
            Self::Notebooks(grant) => grant.destination(),
        }
    }

    /// The rule that gave it.
    #[must_use]
    pub fn rule(&self) -> &'c Rule {
        match self {
            Self::Studio(grant) => grant.rule(),
            Self::Notebooks(grant) => grant.rule(),
        }
    }

    /// The role and the SAML provider that it is assumed through.
    #[must_use]
    pub fn role(&self) -> &RolePair {
        match self {
            Self::Studio(grant) => grant.role(),
            Self::Notebooks(grant) => grant.role(),
        }
    }

    /// Stands for it among the person's others.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Studio(grant) => grant.key(),
            Self::Notebooks(grant) => grant.key(),
        }
    }

    /// Tags that the template asks for, and that the person's attributes cannot be made into.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut<'c>] {
        match self {
            Self::Studio(grant) => grant.left_out(),
            Self::Notebooks(_) => &[],
        }
    }

    /// The grant of a profile, if it leads to one.
    #[must_use]
    pub fn studio(&self) -> Option<&Grant<'c>> {
        match self {
            Self::Studio(grant) => Some(grant),
            Self::Notebooks(_) => None,
        }
    }

    /// Name of the notebook instance that it leads to, if that is known.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::Studio(_) => None,
            Self::Notebooks(grant) => grant.instance(),
        }
    }

    /// This way, or the part of it, that a key stands for: among instances that are found by their tag, one.
    #[must_use]
    pub fn at(&self, key: &str) -> Option<Self> {
        match self {
            Self::Notebooks(grant) => grant.at(key).map(Self::Notebooks),
            Self::Studio(grant) => (grant.key() == key).then(|| self.clone()),
        }
    }
}
