//! Section `[destination.notebook]`: SageMaker notebook instances that people can be sent to. They are in no domain, so that
//! account, region and roles are said here. Makes none: what exists is looked at by [`crate::aws::Notebooks`].

use super::domain::region;
use super::problems::{Section, boolean, kind, number};
use super::provisioner::{self, Provisioner};
use super::tags::tag_key;
use crate::arn::RoleArn;
use crate::profile_name::ProfileName;
use std::collections::BTreeSet;
use std::time::Duration;

/// What stands for the person in a name.
const PERSON: &str = "{user_id}";
/// Longest `NotebookInstanceName`.
const LONGEST: usize = 63;
/// Most characters around the person's part of a name: the rest is enough for a shortened one with its hash.
const MOST_AROUND: usize = 40;
/// Most instances in a list: each is a line of the page to choose from.
const MOST_LISTED: usize = 50;

/// Notebook instances of one account and region, and the roles that open them.
#[derive(Debug)]
pub struct NotebookPlace {
    /// AWS region.
    pub region: String,
    /// Federated roles through which they may be opened, all of one account; never empty.
    pub roles: Vec<RoleArn>,
    /// Which ones.
    pub which: Which,
    /// Tag of an instance that names its owner; `None` for a list that everybody who may come shares.
    pub owner_tag: Option<String>,
    /// Session tag that AWS compares with the owner tag.
    pub session_tag: String,
    /// Whether the person's role session is narrowed to the one instance.
    pub session_policy: bool,
    /// `SessionExpirationDurationInSeconds`.
    pub session_seconds: i32,
    /// Longest wait, in one request, for an instance that is started.
    pub ready: Duration,
    /// Pause between two looks at an instance that is not ready.
    pub poll: Duration,
    /// Role of the account that the gateway takes there; its own credentials count otherwise.
    pub provisioner: Option<Provisioner>,
}

/// Which instances a destination leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// One for each person, named after them: their part of the name is between these two texts.
    Named {
        /// Before it.
        prefix: String,
        /// After it.
        suffix: String,
    },
    /// These.
    Listed(Vec<String>),
    /// All whose owner tag is the person.
    Owned {
        /// `NameContains` of `ListNotebookInstances`: what the names have in common.
        name_contains: Option<String>,
    },
}

impl Which {
    /// The names that are known without asking AWS: none for those that are found by their tag.
    #[must_use]
    pub fn names(&self, person: &ProfileName) -> Vec<String> {
        match self {
            Self::Named { prefix, suffix } => {
                let room = LONGEST - prefix.len() - suffix.len();
                vec![format!("{prefix}{}{suffix}", person.within(room))]
            }
            Self::Listed(names) => names.clone(),
            Self::Owned { .. } => Vec::new(),
        }
    }
}

impl NotebookPlace {
    /// ID of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        self.roles.first().map_or("", RoleArn::account)
    }

    /// `arn:PARTITION:sagemaker:REGION:ACCOUNT:notebook-instance/` of the account and region.
    #[must_use]
    pub fn arn_prefix(&self) -> String {
        let partition = self.roles.first().map_or("aws", RoleArn::partition);
        format!("arn:{partition}:sagemaker:{}:{}:notebook-instance/", self.region, self.account())
    }
}

pub(super) fn read(mut section: Section<'_>) -> Option<NotebookPlace> {
    let region = section.required("region", kind("an AWS region", region));
    let roles = section.list("roles", kind("the ARN of an IAM role", RoleArn::parse));
    match roles.split_first() {
        None => section.problem("roles", "at least one is needed"),
        Some((first, others)) if others.iter().any(|role| role.account() != first.account()) => {
            section.problem("roles", "all have to be of one account, that of the instances");
        }
        Some(_) => {}
    }
    let which = which(&mut section);
    let shared = section.optional("shared", boolean).unwrap_or(false);
    if shared && !matches!(which, None | Some((Which::Listed(_), _))) {
        section.problem("shared", "only a list of names can be shared");
    }
    let owner_tag = section.optional("owner_tag", kind("a tag key", tag_key));
    let of_selection = which.as_ref().and_then(|(_, tag)| tag.clone());
    if owner_tag.is_some() && (shared || of_selection.is_some()) {
        section.problem("owner_tag", "tag says it already, and what is shared has no owner");
    }
    let owner_tag = owner_tag.or(of_selection).unwrap_or_else(|| "studiouserid".into());
    let session_tag =
        section.optional("session_tag", kind("a tag key", tag_key)).unwrap_or_else(|| owner_tag.clone());
    let session_policy = section.optional("session_policy", boolean).unwrap_or(true);
    let session_seconds = section.optional("session_seconds", number(1_800..=43_200)).unwrap_or(43_200);
    let ready = section.optional("ready_seconds", number(0..=120)).unwrap_or(30);
    let poll = section.optional("poll_milliseconds", number(1..=10_000)).unwrap_or(2_000);
    let provisioner = section.has("provisioner").then(|| provisioner::read(section.section("provisioner")));
    if let (Some(Some(provisioner)), Some(role)) = (&provisioner, roles.first())
        && provisioner.role.account() != role.account()
    {
        section.problem("provisioner.role_arn", "not of the account of the roles");
    }
    section.finish();
    let (which, _) = which?;
    Some(NotebookPlace {
        region: region?,
        roles,
        which,
        owner_tag: (!shared).then_some(owner_tag),
        session_tag,
        session_policy,
        session_seconds: i32::try_from(session_seconds).ok()?,
        ready: Duration::from_secs(ready.into()),
        poll: Duration::from_millis(poll.into()),
        provisioner: match provisioner {
            Some(provisioner) => Some(provisioner?),
            None => None,
        },
    })
}

/// The keys `name`, `names` and `tag`, of which there has to be one; and the owner tag, if it is `tag` that says it.
fn which(section: &mut Section<'_>) -> Option<(Which, Option<String>)> {
    let name = section.optional("name", kind(EXPECTED_TEMPLATE, template));
    let has_names = section.has("names");
    let names = section.list("names", kind("the name of a notebook instance", instance_name));
    let tag = section.optional("tag", kind("a tag key", tag_key));
    let has_part = section.has("name_contains");
    let part = section.optional("name_contains", kind("a part of a name: letters, digits and \"-\"", part));
    let said = [section.has("name"), has_names, section.has("tag")];
    if said.iter().filter(|said| **said).count() != 1 {
        section.problem("name", "one of name, names and tag is needed");
        return None;
    }
    if has_part && !section.has("tag") {
        section.problem("name_contains", "only with tag");
    }
    if has_names {
        let distinct: BTreeSet<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        if names.is_empty() || names.len() > MOST_LISTED {
            section.problem("names", format!("1 to {MOST_LISTED} are needed"));
        }
        if distinct.len() < names.len() {
            section.problem("names", "one occurs twice");
        }
        return Some((Which::Listed(names), None));
    }
    let owned = tag.map(|tag| (Which::Owned { name_contains: part }, Some(tag)));
    name.map(|which| (which, None)).or(owned)
}

const EXPECTED_TEMPLATE: &str = "a name with {user_id} once, and a-z, 0-9 and \"-\" around it, 40 at most";

fn template(text: &str) -> Option<Which> {
    let (prefix, suffix) = text.split_once(PERSON)?;
    let fits = prefix.len() + suffix.len() <= MOST_AROUND
        && is_instance_name(&format!("{prefix}x{suffix}"))
        && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    fits.then(|| Which::Named { prefix: prefix.to_owned(), suffix: suffix.to_owned() })
}

fn instance_name(text: &str) -> Option<String> {
    is_instance_name(text).then(|| text.to_owned())
}

/// `NotebookInstanceNameContains`: `[a-zA-Z0-9-]+`, at most 63 characters.
fn part(text: &str) -> Option<String> {
    let fits = (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fits.then(|| text.to_owned())
}

/// `NotebookInstanceName`: `[a-zA-Z0-9](-*[a-zA-Z0-9])*`, at most 63 characters.
#[must_use]
pub(crate) fn is_instance_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_template_names_the_person_once() {
        assert_eq!(
            template("ds-{user_id}-notebook"),
            Some(Which::Named { prefix: "ds-".into(), suffix: "-notebook".into() })
        );
        let long = format!("{}{{user_id}}", "a".repeat(41));
        for bad in [
            "",
            "notebook",
            "{user_id}{user_id}",
            "-{user_id}",
            "{user_id}-",
            "{user_id}_x",
            "A{user_id}",
            &long,
        ] {
            assert_eq!(template(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_shortened() {
        let which = template("{user_id}-notebook").unwrap();
        assert_eq!(which.names(&ProfileName::of("alice")), ["alice-notebook"]);
        let names = which.names(&ProfileName::of(&"a".repeat(63)));
        assert!(names[0].len() == 63 && names[0].ends_with("-notebook") && is_instance_name(&names[0]));
    }

    proptest! {
        #[test]
        fn two_people_have_two_instances(
            one in "\\PC{1,70}", other in "[a-z0-9@.-]{1,70}", suffix in "(-[a-z0-9]{1,30})?",
        ) {
            prop_assume!(one != other);
            let which = template(&format!("{PERSON}{suffix}")).unwrap();
            let name = |person: &str| which.names(&ProfileName::of(person)).remove(0);
            prop_assert!(is_instance_name(&name(&one)) && is_instance_name(&name(&other)));
            prop_assert_ne!(name(&one), name(&other));
        }
    }
}
