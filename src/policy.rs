//! Who may go where: a pure function of what is said about a person and of the configuration. What no rule allows is
//! refused. There is one evaluator: the sign-in takes its grants, and `explain` shows how it came to them.

mod evaluation;
mod notebook;
mod tags;
mod way;

pub(crate) use evaluation::met_by;
pub(crate) use evaluation::seen;
pub use evaluation::{Answer, Decision, Evaluation, Finding, Verdict, evaluate};
pub use notebook::NotebookGrant;
pub use tags::LeftOut;
pub use way::Way;

use crate::arn::RolePair;
use crate::config::{Config, Destination, Domain, ProfileTemplate, Rule, StudioPlace};
use crate::error::Refusal;
use crate::identity::Claims;
use crate::profile_name::ProfileName;
use std::collections::BTreeMap;

/// One thing that a person may do: go to this place in a domain with this role, in this profile.
///
/// Only [`evaluate`] makes one, so to hold one is to be entitled to it, as far as the claims are true.
#[derive(Debug, Clone)]
pub struct Grant<'c> {
    rule: &'c Rule,
    destination: &'c Destination,
    place: &'c StudioPlace,
    template: &'c ProfileTemplate,
    role: RolePair,
    profile: ProfileName,
    tags: BTreeMap<String, String>,
    left_out: Vec<LeftOut<'c>>,
}

impl<'c> Grant<'c> {
    /// Where it leads.
    #[must_use]
    pub fn destination(&self) -> &'c Destination {
        self.destination
    }

    /// Where in the domain that is.
    #[must_use]
    pub fn place(&self) -> &'c StudioPlace {
        self.place
    }

    /// The domain that the destination is in.
    #[must_use]
    pub fn domain(&self) -> &'c Domain {
        &self.place.domain
    }

    /// The rule that gave it.
    #[must_use]
    pub fn rule(&self) -> &'c Rule {
        self.rule
    }

    /// What a missing profile is created as.
    #[must_use]
    pub fn template(&self) -> &'c ProfileTemplate {
        self.template
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
        self.tags.get(&self.domain().owner_tag).map(String::as_str).unwrap_or_default()
    }

    /// All tags of a new profile, the owner tag among them.
    #[must_use]
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }

    /// Tags that the template asks for, and that the person's attributes cannot be made into.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut<'c>] {
        &self.left_out
    }

    /// ARN of the user profile.
    #[must_use]
    pub fn profile_arn(&self) -> String {
        let domain = self.domain();
        format!(
            "arn:{}:sagemaker:{}:{}:user-profile/{}/{}",
            self.role.role.partition(),
            domain.region,
            self.role.role.account(),
            domain.id,
            self.profile
        )
    }

    /// Name of the space that the destination is in, if it is in one.
    #[must_use]
    pub fn space_name(&self) -> Option<String> {
        self.place.space.as_ref().map(|space| space.name.of(&self.profile))
    }

    /// Stands for this grant among the person's others: key of the destination and ARN of the role.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}|{}", self.destination().key, self.role.role)
    }
}

/// Everything that a person may choose from, in the order of the destinations in the configuration; never empty.
///
/// # Errors
/// `entitlement.none` if no rule leads the person anywhere; `identity.invalid` if one does, but an attribute that a tag
/// requires is missing or unusable.
pub fn ways<'c>(claims: &Claims, config: &'c Config) -> Result<Vec<Way<'c>>, Refusal> {
    let ways = evaluation::evaluate_candidates(claims, config).into_ways(claims);
    debug_assert_eq!(
        told(&ways),
        told(&evaluate(claims, config).into_ways(claims)),
        "a rule that was not asked matters"
    );
    ways
}

/// What two evaluations of one person have to agree on.
fn told(ways: &Result<Vec<Way<'_>>, Refusal>) -> Result<Vec<(String, usize)>, String> {
    match ways {
        Ok(ways) => Ok(ways.iter().map(|way| (way.key(), way.rule().number)).collect()),
        Err(refusal) => Err(refusal.reason().to_owned()),
    }
}
