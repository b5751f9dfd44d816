//! Section `[[domain]]`: a SageMaker domain, the roles that open it, and what a missing profile is created as. Who may
//! come is said by rules alone.

use super::destination::LandingUri;
use super::entitlements::Named;
use super::execution_role::{self, RoleTemplate};
use super::presign_by::PresignBy;
use super::problems::{Collector, Section, boolean, key, kind, number, string};
use super::profile::{self, ProfileTemplate};
use super::provisioner::{self, Provisioner};
use super::tags::tag_key;
use super::{Idp, Sources};
use crate::arn::RoleArn;
use std::sync::Arc;
use std::time::Duration;

/// A SageMaker domain that people can be sent to.
#[derive(Debug)]
pub struct Domain {
    /// Stands for it in links, relay states and logs.
    pub key: String,
    /// What people read.
    pub name: String,
    /// What else people read where they choose.
    pub description: Option<String>,
    /// `DomainId`.
    pub id: String,
    /// AWS region.
    pub region: String,
    /// Federated roles through which it may be opened, all of one account; never empty.
    pub roles: Vec<RoleArn>,
    /// Tag of a profile that names its owner.
    pub owner_tag: String,
    /// Session tag that AWS compares with the owner tag.
    pub session_tag: String,
    /// Where in it people land, unless their destination says otherwise.
    pub landing_uri: LandingUri,
    /// `SessionExpirationDurationInSeconds`.
    pub session_seconds: i32,
    /// `ExpiresInSeconds`.
    pub link_seconds: i32,
    /// Who makes the link.
    pub presign_by: PresignBy,
    /// Whether the person's role session is narrowed to the one profile.
    pub session_policy: bool,
    /// Longest wait for a new profile.
    pub ready: Duration,
    /// Pause between two looks at a profile that is not ready.
    pub poll: Duration,
    /// What a missing profile is created as, unless a rule lays something over it.
    pub profile: Arc<ProfileTemplate>,
    /// Role of the domain's account that the gateway takes there; its own credentials count otherwise.
    pub provisioner: Option<Provisioner>,
    /// A role of their own for each person, to run notebooks as.
    pub execution_role: Option<RoleTemplate>,
    /// What happens to a profile that exists and is not like the template.
    pub provisioning: Provisioning,
}

/// What happens at a sign-in to a profile that exists and is not like the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioning {
    /// Nothing: profiles are made, and then they are the admins'.
    CreateOnly,
    /// A line in the log.
    Report,
    /// It is brought in line, and a line in the log says so.
    Reconcile,
}

impl Provisioning {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "create-only" => Some(Self::CreateOnly),
            "report" => Some(Self::Report),
            "reconcile" => Some(Self::Reconcile),
            _ => None,
        }
    }
}

pub(super) fn read(
    mut section: Section<'_>,
    sources: &Sources<'_>,
    idps: &Named<Idp>,
    warnings: &mut Vec<String>,
) -> Option<Domain> {
    let key = section.required("key", key);
    let name = section.optional("name", string);
    let description = section.optional("description", string);
    let id = section.required("domain_id", kind("a domain ID such as \"d-abcdefghijkl\"", domain_id));
    let region = section.required("region", kind("an AWS region", region));
    let roles = section.list("roles", kind("the ARN of an IAM role", RoleArn::parse));
    match roles.split_first() {
        None => section.problem("roles", "at least one is needed"),
        Some((first, others)) if others.iter().any(|role| role.account() != first.account()) => {
            section.problem("roles", "all have to be of one account, the domain's");
        }
        Some(_) => {}
    }
    let owner_tag =
        section.optional("owner_tag", kind("a tag key", tag_key)).unwrap_or_else(|| "studiouserid".into());
    let session_tag =
        section.optional("session_tag", kind("a tag key", tag_key)).unwrap_or_else(|| owner_tag.clone());
    let landing_uri = section
        .optional("landing_uri", kind(LandingUri::EXPECTED, LandingUri::parse))
        .unwrap_or_else(LandingUri::studio);
    let session_seconds = section.optional("session_seconds", number(1_800..=43_200)).unwrap_or(43_200);
    let link_seconds = section.optional("link_seconds", number(5..=300)).unwrap_or(60);
    let presign_by = section
        .optional("presign_by", kind("\"person\" or \"service\"", PresignBy::parse))
        .unwrap_or(PresignBy::Person);
    let session_policy = section.optional("session_policy", boolean).unwrap_or(true);
    let ready = section.optional("ready_seconds", number(0..=120)).unwrap_or(30);
    let poll = section.optional("poll_milliseconds", number(1..=10_000)).unwrap_or(1_000);
    let provisioning = section
        .optional("provisioning", kind("\"create-only\", \"report\" or \"reconcile\"", Provisioning::parse))
        .unwrap_or(Provisioning::CreateOnly);
    let profile = profile::read(section.section("profile"), &owner_tag, sources);
    let has = (section.has("provisioner"), section.has("execution_role"));
    let provisioner = if has.0 { provisioner::read(section.section("provisioner")) } else { None };
    if let (Some(provisioner), Some(role)) = (&provisioner, roles.first())
        && provisioner.role.account() != role.account()
    {
        section.problem("provisioner.role_arn", "not of the account of the domain's roles");
    }
    let execution_role = if has.1 {
        let section = section.section("execution_role");
        if owner_tag.eq_ignore_ascii_case(execution_role::DOMAIN_TAG) {
            section.problem(
                "tags",
                format!("{owner_tag} is the owner tag, and says on a role which domain it is for"),
            );
        }
        execution_role::read(section, &owner_tag, roles.first(), idps, warnings)
    } else {
        None
    };
    if has.1 && profile.as_ref().is_some_and(|profile| profile.execution_role().is_some()) {
        section.problem(
            "execution_role",
            "profile.execution_role gives everybody the same role: one of the two",
        );
    }
    section.finish();
    if has != (provisioner.is_some(), execution_role.is_some()) {
        return None;
    }
    let key = key?;
    Some(Domain {
        name: name.unwrap_or_else(|| key.clone()),
        key,
        description,
        id: id?,
        region: region?,
        roles,
        owner_tag,
        session_tag,
        landing_uri,
        session_seconds: i32::try_from(session_seconds).ok()?,
        link_seconds: i32::try_from(link_seconds).ok()?,
        presign_by,
        session_policy,
        ready: Duration::from_secs(ready.into()),
        poll: Duration::from_millis(poll.into()),
        profile: Arc::new(profile?),
        provisioner,
        execution_role,
        provisioning,
    })
}

/// Two sections for one domain of AWS have to agree on who owns a profile: the tag that one of them compares would mean
/// nothing to the other, which could then take somebody else's profile for one without an owner.
pub(super) fn find_clashes(domains: &[Option<Arc<Domain>>], problems: &Collector) {
    let read = || domains.iter().enumerate().filter_map(|(index, domain)| Some((index, domain.as_ref()?)));
    for (index, domain) in read() {
        let same = |other: &Domain| other.id == domain.id && other.region == domain.region;
        let earlier =
            read().find(|(i, other)| *i < index && same(other) && other.owner_tag != domain.owner_tag);
        if let Some((earlier, other)) = earlier {
            problems.add(
                &format!("domain[{index}].owner_tag"),
                format!("domain[{earlier}] is the same domain, and has the owner tag {:?}", other.owner_tag),
            );
        }
    }
}

/// `DomainId`: `d-(-*[a-z0-9]){1,61}`, at most 63 characters.
fn domain_id(text: &str) -> Option<String> {
    let rest = text.strip_prefix("d-")?;
    let fits = text.len() <= 63
        && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && rest.bytes().last().is_some_and(|last| last != b'-');
    fits.then(|| text.to_owned())
}

pub(super) fn region(text: &str) -> Option<String> {
    let fits = text.len() <= 32
        && text.split('-').count() >= 3
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    fits.then(|| text.to_owned())
}
