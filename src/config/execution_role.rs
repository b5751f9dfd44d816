//! Section `[domain.execution_role]`: a role for each person, which their notebooks run as, and the managed policies that
//! groups and attributes bring it.
//!
//! The policies named here are a closed set: no other is ever attached to a role, or detached from one.

use super::entitlements::Named;
use super::problems::{Collector, Section, kind, number, string};
use super::rule::conditions;
use super::tags::tag_key;
use super::{Condition, Domain, Idp, Rule, is_tag_value};
use crate::arn::{PolicyArn, RoleArn};
use crate::profile_name::ProfileName;
use crate::random::encode_hex;
use aws_lc_rs::digest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest `RoleName` (IAM `CreateRole`).
const MAX_NAME: usize = 64;
/// Characters of the hash in a shortened name: 80 bits in hexadecimal.
const HASH: usize = 20;
/// Tag of a role that names the domain it is for.
pub const DOMAIN_TAG: &str = "studio-gateway-domain";

/// What the roles of a domain's people are like.
#[derive(Debug)]
pub struct RoleTemplate {
    /// `Path`, with a slash at either end.
    pub path: String,
    /// What role names begin with.
    pub name_prefix: String,
    /// `PermissionsBoundary`: no policy of the role can allow what this does not.
    pub boundary: PolicyArn,
    /// `MaxSessionDuration` in seconds.
    pub max_session_seconds: i32,
    /// Tags beside the owner's and the domain's.
    pub tags: BTreeMap<String, String>,
    /// Policies for everybody.
    pub base: BTreeSet<PolicyArn>,
    /// Policies for some.
    pub rules: Vec<PolicyRule>,
}

/// Policies for the people that all conditions hold for.
#[derive(Debug)]
pub struct PolicyRule {
    /// Whose they are; never empty.
    pub conditions: Vec<Condition>,
    /// The policies.
    pub policies: BTreeSet<PolicyArn>,
}

impl RoleTemplate {
    /// Every policy that may be attached or detached.
    #[must_use]
    pub fn declared(&self) -> BTreeSet<&PolicyArn> {
        self.base.iter().chain(self.rules.iter().flat_map(|rule| &rule.policies)).collect()
    }

    /// The one `RoleName` for a profile: prefix and profile name. Where that is longer than 64 characters, it is cut, with
    /// a full stop and 80 bits of a hash at its end; a profile name has no full stop, so that no name passes for another.
    #[must_use]
    pub fn name(&self, profile: &ProfileName) -> String {
        let whole = format!("{}{profile}", self.name_prefix);
        if whole.len() <= MAX_NAME {
            return whole;
        }
        let digest = digest::digest(&digest::SHA256, profile.as_str().as_bytes());
        let hash: String = encode_hex(digest.as_ref()).chars().take(HASH).collect();
        let kept: String = whole.chars().take(MAX_NAME - HASH - 1).collect();
        format!("{kept}.{hash}")
    }

    /// Who may take the roles: SageMaker, for resources of this account. `sts:SetSourceIdentity` is for domains with
    /// `ExecutionRoleIdentityConfig=USER_PROFILE_NAME`, in which CloudTrail then names the profile.
    #[must_use]
    pub fn trust_policy(account: &str) -> Value {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "SageMakerForThisAccount",
                "Effect": "Allow",
                "Principal": { "Service": "sagemaker.amazonaws.com" },
                "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
                "Condition": { "StringEquals": { "aws:SourceAccount": account } },
            }],
        })
    }
}

/// `federated` is a role of the domain's account.
pub(super) fn read(
    mut section: Section<'_>,
    owner_tag: &str,
    federated: Option<&RoleArn>,
    idps: &Named<Idp>,
    warnings: &mut Vec<String>,
) -> Option<RoleTemplate> {
    let path = section
        .optional("path", kind("a path such as \"/studio/\"", path))
        .unwrap_or_else(|| "/studio-gateway/".into());
    let name_prefix = section
        .optional("name_prefix", kind("up to 32 of [A-Za-z0-9_+=,@-]", prefix))
        .unwrap_or_else(|| "studio-".into());
    let policy = |value: &toml::Value| {
        let arn = kind("the ARN of a managed policy", PolicyArn::parse)(value)?;
        match federated {
            Some(role) if !arn.fits(role) => {
                Err(format!("{arn} is neither of the domain's account nor AWS's"))
            }
            _ => Ok(arn),
        }
    };
    let boundary = section.required("permissions_boundary", policy);
    let seconds = section.optional("max_session_seconds", number(3_600..=43_200)).unwrap_or(3_600);
    let base: BTreeSet<_> = section.list("policies", policy).into_iter().collect();
    let problems = section.problems();
    let tags = tags(section.section("tags"), owner_tag, problems);
    let rules: Vec<_> = section
        .sections("policy")
        .into_iter()
        .map(|mut rule| {
            let conditions = conditions(&mut rule, idps, warnings);
            if conditions.is_empty() {
                rule.problem("groups", "a condition is needed: what is for everybody stands in `policies`");
            }
            let policies: BTreeSet<_> = rule.list("arns", policy).into_iter().collect();
            if policies.is_empty() {
                rule.problem("arns", "at least one is needed");
            }
            rule.finish();
            PolicyRule { conditions, policies }
        })
        .collect();
    let boundary = boundary?;
    let template = RoleTemplate {
        path,
        name_prefix,
        boundary,
        max_session_seconds: i32::try_from(seconds).ok()?,
        tags,
        base,
        rules,
    };
    // The quota of managed policies for a role goes up to 20 (IAM quotas).
    if template.declared().len() > 20 {
        section.problem("policy", "a role can have 20 managed policies at most");
    }
    section.finish();
    Some(template)
}

/// Two domains of one account must not make roles of the same name: neither prefix may begin with the other.
/// And nobody's profile can have both a role of their own and one that a rule names.
pub(super) fn find_clashes(domains: &[Option<Arc<Domain>>], rules: &[Rule], problems: &Collector) {
    for (rule, allowed) in rules.iter().flat_map(|rule| rule.allow.iter().map(move |allowed| (rule, allowed)))
    {
        let (Some(domain), Some(template)) = (allowed.destination.domain(), &allowed.template) else {
            continue;
        };
        if domain.execution_role.is_some() && template.execution_role().is_some() {
            problems.add(
                &format!("rule[{}].profile.execution_role", rule.number - 1),
                format!(
                    "domain {:?} has execution_role, which gives each person a role of their own",
                    domain.key
                ),
            );
        }
    }
    let with_roles: Vec<_> = domains
        .iter()
        .enumerate()
        .filter_map(|(index, domain)| {
            let domain = domain.as_ref()?;
            let account = domain.roles.first()?.account();
            Some((index, account, domain.execution_role.as_ref()?.name_prefix.to_ascii_lowercase()))
        })
        .collect();
    for (index, account, prefix) in &with_roles {
        for (earlier, _, other) in with_roles.iter().filter(|(i, a, _)| i < index && a == account) {
            if prefix.starts_with(other.as_str()) || other.starts_with(prefix.as_str()) {
                problems.add(
                    &format!("domain[{index}].execution_role.name_prefix"),
                    format!("role names could be those of domain[{earlier}]: give each domain of an account its own"),
                );
            }
        }
    }
}

fn tags(section: Section<'_>, owner_tag: &str, problems: &Collector) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (key, value, path) in section.entries() {
        let reserved = [owner_tag, DOMAIN_TAG].iter().any(|own| key.eq_ignore_ascii_case(own));
        // IAM tells the keys of a role's tags apart without their case (IAM, "Tags for IAM resources").
        let twice = tags.keys().any(|other: &String| key.eq_ignore_ascii_case(other));
        match string(value) {
            _ if reserved => problems.add(&path, "this tag is set by the gateway"),
            _ if twice => problems.add(&path, "IAM ignores case, so this is another of these tags"),
            _ if tag_key(key).is_none() => problems.add(&path, "not a usable tag key"),
            Ok(text) if is_tag_value(&text) => {
                tags.insert(key.to_owned(), text);
            }
            Ok(_) => problems.add(&path, "not a usable tag value"),
            Err(problem) => problems.add(&path, problem),
        }
    }
    tags
}

/// `/`, or printable ASCII between two slashes, 512 characters at most (IAM `Path`); here without an empty part.
fn path(text: &str) -> Option<String> {
    let inner = text.strip_prefix('/')?.strip_suffix('/')?;
    let fits = text.len() <= 512
        && inner.split('/').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
        });
    fits.then(|| text.to_owned())
}

/// Without a full stop, which marks a name that was cut.
fn prefix(text: &str) -> Option<String> {
    let fits = (1..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,@-".contains(&byte));
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(name_prefix: &str) -> RoleTemplate {
        RoleTemplate {
            path: "/studio/".into(),
            name_prefix: name_prefix.into(),
            boundary: PolicyArn::parse("arn:aws:iam::111122223333:policy/Boundary").unwrap(),
            max_session_seconds: 3_600,
            tags: BTreeMap::new(),
            base: BTreeSet::new(),
            rules: Vec::new(),
        }
    }

    #[test]
    fn names_are_stable() {
        // Recorded: a change of these would part people from their roles.
        let name = |prefix: &str, user: &str| template(prefix).name(&ProfileName::of(user));
        assert_eq!(name("studio-", "alice"), "studio-alice");
        assert_eq!(name("studio-", "alice@example.com"), "studio-alice-example-com--ff8d9819fc0e12bf0d24");
        let longest = name("studio-", &"x".repeat(63));
        assert_eq!(longest.len(), 64);
        assert_eq!(longest, format!("studio-{}.75220b47218278e656f2", "x".repeat(36)));
    }

    #[test]
    fn a_cut_name_is_nobody_elses() {
        let roles = template("studio-");
        let one = roles.name(&ProfileName::of(&format!("{}1", "x".repeat(62))));
        let other = roles.name(&ProfileName::of(&format!("{}2", "x".repeat(62))));
        assert_ne!(one, other);
        // Whoever calls themselves like that gets another name again.
        let imitated = roles.name(&ProfileName::of(one.strip_prefix("studio-").unwrap()));
        assert_ne!(imitated, one);
    }

    proptest! {
        #[test]
        fn any_profile_has_a_valid_name(id in any::<String>(), prefix in "[A-Za-z0-9_+=,@-]{1,32}") {
            let name = template(&prefix).name(&ProfileName::of(&id));
            prop_assert!((1..=MAX_NAME).contains(&name.len()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)));
        }
    }
}
