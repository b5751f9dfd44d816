//! Section `[destination.space]`: a space of the domain that people are sent to, and what a missing one is created as.
//! What exists is looked at by [`crate::aws::Spaces`].

use super::problems::{Collector, Section, boolean, kind, number, string};
use super::tags::{is_tag_value, tag_key};
use super::{Destination, Rule, StudioPlace};
use crate::profile_name::ProfileName;
use crate::settings::Settings;
use aws_sdk_sagemaker::types::{AppType, SharingType, SpaceSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands for the profile's name in the name of a private space.
const PROFILE: &str = "{profile}";
/// Longest `SpaceName`.
const LONGEST: usize = 63;
/// Most characters around the profile's name: the rest is enough for a shortened name with its hash.
const MOST_AROUND: usize = 40;
/// Most tags of a resource.
const MOST_TAGS: usize = 50;

/// A space as it has to be.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceTemplate {
    /// What it is called.
    pub name: SpaceName,
    /// Whether a missing one is created.
    pub create: bool,
    /// `UserProfileName` of the owner of a shared space. `None`: any, and who comes first if it has to be created.
    pub owner: Option<String>,
    /// `SpaceSettings` of a new one.
    pub settings: Settings<SpaceSettings>,
    /// Tags of a new one. A private space gets those of its owner's profile beside them.
    pub tags: BTreeMap<String, String>,
}

/// `SpaceName`, and with it whose the space is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpaceName {
    /// Each person's own, private space: their profile's name between two texts.
    Private {
        /// Before it.
        prefix: String,
        /// After it.
        suffix: String,
    },
    /// One shared space for everybody who comes.
    Shared(String),
}

impl SpaceName {
    /// The name of the space that somebody with this profile goes to. Two people never have the same private one.
    #[must_use]
    pub fn of(&self, profile: &ProfileName) -> String {
        match self {
            Self::Shared(name) => name.clone(),
            Self::Private { prefix, suffix } => {
                let room = LONGEST - prefix.len() - suffix.len();
                format!("{prefix}{}{suffix}", profile.within(room))
            }
        }
    }

    /// `SpaceSharingSettings.SharingType`.
    #[must_use]
    pub fn sharing(&self) -> SharingType {
        match self {
            Self::Private { .. } => SharingType::Private,
            Self::Shared(_) => SharingType::Shared,
        }
    }

    fn parse(text: &str, private: bool) -> Option<Self> {
        let parts: Vec<_> = text.split(PROFILE).collect();
        match (private, parts.as_slice()) {
            (false, [_]) if is_name(text) => Some(Self::Shared(text.to_owned())),
            (true, [prefix, suffix]) => {
                let fits = prefix.len() + suffix.len() <= MOST_AROUND
                    && is_name(&format!("{prefix}x{suffix}"))
                    && !text.bytes().any(|byte| byte.is_ascii_uppercase());
                fits.then(|| Self::Private { prefix: (*prefix).to_owned(), suffix: (*suffix).to_owned() })
            }
            _ => None,
        }
    }

    /// Whether there can be a name that is of both, for one person or for two.
    fn may_meet(&self, other: &Self) -> bool {
        match (self, other) {
            // Names do not mind case.
            (Self::Shared(one), Self::Shared(other)) => one.eq_ignore_ascii_case(other),
            (Self::Shared(name), Self::Private { prefix, suffix })
            | (Self::Private { prefix, suffix }, Self::Shared(name)) => {
                let name = name.to_ascii_lowercase();
                let inside = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
                inside.is_some_and(|profile| !profile.is_empty())
            }
            (Self::Private { prefix, suffix }, Self::Private { prefix: before, suffix: after }) => {
                (prefix.starts_with(before) || before.starts_with(prefix))
                    && (suffix.ends_with(after) || after.ends_with(suffix))
            }
        }
    }
}

impl SpaceTemplate {
    /// The app that the space is for: `SpaceSettings.AppType`.
    #[must_use]
    pub fn app(&self) -> Option<&str> {
        self.settings.get("AppType").and_then(Value::as_str)
    }
}

pub(super) fn read(mut section: Section<'_>) -> Option<SpaceTemplate> {
    let private = section.required("sharing", |value| match value.as_str() {
        Some("Private") => Ok(true),
        Some("Shared") => Ok(false),
        _ => Err("expected \"Private\" or \"Shared\"".to_owned()),
    });
    let written = section.required("name", string);
    let name = written.zip(private).and_then(|(written, private)| {
        let name = SpaceName::parse(&written, private);
        if name.is_none() {
            section.problem("name", format!("expected {}, got {written:?}", expected_name(private)));
        }
        name
    });
    let create = section.optional("create", boolean).unwrap_or(false);
    let owner = section
        .optional("owner", kind("the name of a user profile", |text| is_name(text).then(|| text.to_owned())));
    if private == Some(true) && section.has("owner") {
        section.problem("owner", "a private space is its person's");
    }
    let tags = tags(section.section("tags"));
    let settings = settings(&mut section);
    section.finish();
    Some(SpaceTemplate { name: name?, create, owner, settings: settings?, tags: tags? })
}

fn expected_name(private: bool) -> &'static str {
    if private {
        "the name of a private space: {profile}, with a-z, 0-9 and \"-\" around it, 40 at most"
    } else {
        "the name of a shared space: letters, digits and \"-\", 63 at most, without {profile}"
    }
}

/// `[destination.space.settings]`, with what the short keys say in it.
fn settings(section: &mut Section<'_>) -> Option<Settings<SpaceSettings>> {
    let api = section.section("settings");
    let path = api.own_path().to_owned();
    let mut settings = api.to_json();
    let app = section.optional("app", |value| {
        let name = value.as_str().filter(|name| AppType::values().contains(name));
        name.map(str::to_owned).ok_or_else(|| format!("expected one of {}", AppType::values().join(", ")))
    });
    let instance_type = section.optional("instance_type", |value| {
        value.as_str().map(str::to_owned).ok_or_else(|| "expected an instance type".to_owned())
    });
    let ebs_gb = section.optional("ebs_gb", number(5..=16_384));
    let mut short = Map::new();
    if let Some(app) = &app {
        short.insert("AppType".into(), json!(app));
    }
    if let Some(instance_type) = instance_type {
        let app = app.as_deref().or_else(|| settings.get("AppType")?.as_str());
        match app.filter(|app| APPS_WITH_INSTANCES.contains(app)) {
            Some(app) => {
                let spec = json!({ "DefaultResourceSpec": { "InstanceType": instance_type } });
                short.insert(format!("{app}AppSettings"), spec);
            }
            None => section
                .problem("instance_type", format!("app has to be one of {}", APPS_WITH_INSTANCES.join(", "))),
        }
    }
    if let Some(size) = ebs_gb {
        let storage = json!({ "EbsStorageSettings": { "EbsVolumeSizeInGb": size } });
        short.insert("SpaceStorageSettings".into(), storage);
    }
    let problems = section.problems();
    lay(&mut settings, short, &path, problems);
    Settings::check(settings, &path, &mut |path, problem| problems.add(path, problem))
}

/// The apps that have `DefaultResourceSpec` in `SpaceSettings`.
const APPS_WITH_INSTANCES: [&str; 4] = ["JupyterLab", "CodeEditor", "JupyterServer", "KernelGateway"];

/// Puts what short keys say into the settings. What is said twice has no right answer.
fn lay(settings: &mut Map<String, Value>, short: Map<String, Value>, path: &str, problems: &Collector) {
    for (name, value) in short {
        let path = format!("{path}.{name}");
        match (settings.get_mut(&name), value) {
            (Some(Value::Object(there)), Value::Object(more)) => lay(there, more, &path, problems),
            (Some(_), _) => problems.add(&path, "a short key of the space says it too"),
            (None, value) => {
                settings.insert(name, value);
            }
        }
    }
}

fn tags(section: Section<'_>) -> Option<BTreeMap<String, String>> {
    let problems = section.problems();
    let mut tags = BTreeMap::new();
    let mut usable = true;
    for (key, value, path) in section.entries() {
        if let (Some(key), Some(value)) = (tag_key(key), value.as_str().filter(|value| is_tag_value(value))) {
            tags.insert(key, value.to_owned());
        } else {
            problems.add(&path, "expected a tag: a usable key, and a text that a tag can have");
            usable = false;
        }
    }
    usable.then_some(tags)
}

/// `SpaceName` and `UserProfileName`: `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`.
fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A destination's place and space, if it is in one.
fn in_space(destination: &Destination) -> Option<(&StudioPlace, &SpaceTemplate)> {
    let place = destination.studio()?;
    Some((place, place.space.as_ref()?))
}

/// Spaces of one domain that two people, or two destinations, could take for each other; and more tags than there can be.
/// `destinations` are those of the file, without the domains themselves.
pub(super) fn find_clashes(destinations: &[Arc<Destination>], rules: &[Rule], problems: &Collector) {
    for (index, destination) in destinations.iter().enumerate() {
        let Some((place, space)) = in_space(destination) else { continue };
        let path = format!("destination[{index}].space");
        let clashes = |there: &SpaceTemplate| there != space && there.name.may_meet(&space.name);
        let earlier = destinations.iter().take(index).find(|other| {
            in_space(other)
                .is_some_and(|(there, space)| there.domain.key == place.domain.key && clashes(space))
        });
        if let Some(other) = earlier {
            problems.add(
                &format!("{path}.name"),
                format!("the space of destination {:?} could have the same name", other.key),
            );
        }
        if space.tags.keys().any(|key| key.eq_ignore_ascii_case(&place.domain.owner_tag)) {
            problems.add(&format!("{path}.tags"), "the owner tag is set by the gateway");
        }
        let templates =
            rules.iter().filter_map(|rule| rule.allowed(destination)).filter_map(|one| one.template.as_ref());
        let most = templates.map(|template| template.tags.len() + 1).max().unwrap_or_default();
        if matches!(space.name, SpaceName::Private { .. }) && most + space.tags.len() > MOST_TAGS {
            problems.add(&format!("{path}.tags"), format!("with those of the profile more than {MOST_TAGS}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn private(text: &str) -> SpaceName {
        SpaceName::parse(text, true).unwrap()
    }

    #[test]
    fn a_name_is_of_one_kind_only() {
        assert_eq!(SpaceName::parse("team-nlp", false), Some(SpaceName::Shared("team-nlp".into())));
        for shared in ["", "-a", "a-", "a_b", "{profile}", "a-{profile}", &"a".repeat(64)] {
            assert_eq!(SpaceName::parse(shared, false), None, "{shared}");
        }
        let bad =
            ["", "lab", "{profile}{profile}", "-{profile}", "{profile}-", "Lab-{profile}", "{profile}_lab"];
        for bad in bad.into_iter().chain([format!("{}{{profile}}", "a".repeat(41)).as_str()]) {
            assert_eq!(SpaceName::parse(bad, true), None, "{bad}");
        }
    }

    #[test]
    fn a_private_name_is_the_profile_s_between_two_texts() {
        assert_eq!(private("lab-{profile}-x").of(&ProfileName::of("alice")), "lab-alice-x");
        let long = ProfileName::of(&"a".repeat(63));
        let name = private("{profile}-lab").of(&long);
        assert_eq!(name.len(), 63);
        assert!(name.starts_with("aaaaa") && name.ends_with("-lab") && is_name(&name), "{name}");
    }

    #[test]
    fn names_that_can_meet_are_told() {
        let meet = |one: &str, other: &str| private(one).may_meet(&private(other));
        assert!(meet("{profile}", "{profile}-lab") && meet("lab-{profile}", "{profile}-code"));
        assert!(!meet("{profile}-lab", "{profile}-code") && !meet("a-{profile}", "b-{profile}"));
        let shared = |name: &str| SpaceName::parse(name, false).unwrap();
        assert!(private("{profile}-lab").may_meet(&shared("Ann-Lab")));
        assert!(!private("{profile}-lab").may_meet(&shared("team")) && !shared("a").may_meet(&shared("b")));
    }

    proptest! {
        #[test]
        fn two_people_have_two_spaces(
            one in "[a-z0-9@.-]{1,70}", other in "[a-z0-9@.-]{1,70}", suffix in "(-[a-z0-9]{1,30})?",
        ) {
            prop_assume!(one != other);
            let name = private(&format!("{PROFILE}{suffix}"));
            let (one, other) = (name.of(&ProfileName::of(&one)), name.of(&ProfileName::of(&other)));
            prop_assert!(is_name(&one) && is_name(&other));
            prop_assert_ne!(one, other);
        }
    }
}
