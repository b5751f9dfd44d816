//! Section `[[domain]]`: a SageMaker domain, the roles that open it, and what a missing profile is created as. Who may
//! come is said by rules alone.

use super::destination::LandingUri;
use super::problems::{Collector, Section, boolean, kind, number, string};
use super::{Sources, key};
use crate::arn::RoleArn;
use crate::random::encode_hex;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use toml::{Table, Value};

/// Longest content of a lifecycle config, in base64 characters (`CreateStudioLifecycleConfig`).
const MAX_LIFECYCLE: usize = 16_384;

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
    /// Where in it people land, unless their destination says otherwise.
    pub landing_uri: LandingUri,
    /// `SessionExpirationDurationInSeconds`.
    pub session_seconds: i32,
    /// `ExpiresInSeconds`.
    pub link_seconds: i32,
    /// Whether the person's role session is narrowed to the one profile.
    pub session_policy: bool,
    /// Longest wait for a new profile.
    pub ready: Duration,
    /// Pause between two looks at a profile that is not ready.
    pub poll: Duration,
    /// What a missing profile is created as, unless a rule lays something over it.
    pub profile: Arc<ProfileTemplate>,
}

/// Section `[domain.profile]`, with what `[rule.profile]` lays over it.
#[derive(Debug)]
pub struct ProfileTemplate {
    /// `UserSettings.ExecutionRole`.
    pub execution_role: Option<RoleArn>,
    /// `UserSettings.SecurityGroups`.
    pub security_groups: Vec<String>,
    /// Tags beside the owner tag.
    pub tags: Vec<(String, TagSource)>,
    /// Lifecycle configs to attach.
    pub lifecycle: Vec<LifecycleConfig>,
    /// The same in the words of the configuration, for people.
    pub written: Written,
}

/// A table as an admin wrote it. Debug leaves it out: it says nothing that the parsed values do not.
pub struct Written(pub Table);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

/// Where a tag's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagSource {
    /// The only value of a SAML attribute.
    Attribute {
        /// Its exact `Name`.
        name: String,
        /// Whether a person without a usable value cannot come.
        required: bool,
    },
    /// The same for everybody.
    Fixed(String),
}

/// `StudioLifecycleConfigAppType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifecycleApp {
    /// JupyterLab of the current Studio.
    JupyterLab,
    /// Code Editor.
    CodeEditor,
    /// The Jupyter server of Studio Classic.
    JupyterServer,
    /// Kernels of Studio Classic.
    KernelGateway,
}

impl LifecycleApp {
    fn parse(name: &str) -> Option<Self> {
        [Self::JupyterLab, Self::CodeEditor, Self::JupyterServer, Self::KernelGateway]
            .into_iter()
            .find(|app| app.name() == name)
    }

    /// The API's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JupyterLab => "JupyterLab",
            Self::CodeEditor => "CodeEditor",
            Self::JupyterServer => "JupyterServer",
            Self::KernelGateway => "KernelGateway",
        }
    }
}

/// A lifecycle config: a script under a name that is made from its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleConfig {
    /// App that it runs in.
    pub app: LifecycleApp,
    /// `StudioLifecycleConfigName`: the script's file name and a hash of app and content. Lifecycle configs cannot be
    /// changed, so a changed script needs another name.
    pub name: String,
    /// `StudioLifecycleConfigContent`: the script in base64.
    pub content: String,
    /// Whether it runs for every app of its kind.
    pub default: bool,
}

pub(super) fn read(mut section: Section<'_>, sources: &Sources<'_>) -> Option<Domain> {
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
    let landing_uri = section
        .optional("landing_uri", kind(LandingUri::EXPECTED, LandingUri::parse))
        .unwrap_or_else(LandingUri::studio);
    let session_seconds = section.optional("session_seconds", number(1_800..=43_200)).unwrap_or(43_200);
    let link_seconds = section.optional("link_seconds", number(5..=300)).unwrap_or(60);
    let session_policy = section.optional("session_policy", boolean).unwrap_or(true);
    let ready = section.optional("ready_seconds", number(0..=120)).unwrap_or(30);
    let poll = section.optional("poll_milliseconds", number(1..=10_000)).unwrap_or(1_000);
    let profile = profile(section.section("profile"), &owner_tag, sources);
    section.finish();
    let key = key?;
    Some(Domain {
        name: name.unwrap_or_else(|| key.clone()),
        key,
        description,
        id: id?,
        region: region?,
        roles,
        owner_tag,
        landing_uri,
        session_seconds: i32::try_from(session_seconds).ok()?,
        link_seconds: i32::try_from(link_seconds).ok()?,
        session_policy,
        ready: Duration::from_secs(ready.into()),
        poll: Duration::from_millis(poll.into()),
        profile: Arc::new(profile?),
    })
}

pub(super) fn profile(
    mut section: Section<'_>,
    owner_tag: &str,
    sources: &Sources<'_>,
) -> Option<ProfileTemplate> {
    let written = Written(section.written());
    let execution_role = section.optional("execution_role", kind("the ARN of an IAM role", RoleArn::parse));
    let security_groups = section.list("security_groups", kind("a security group ID", security_group));
    if security_groups.len() > 5 {
        section.problem("security_groups", "five at most");
    }
    let problems = section.problems();
    let tags = tags(section.section("tags"), owner_tag, problems);
    let lifecycle =
        section.sections("lifecycle").into_iter().map(|script| lifecycle(script, sources)).collect();
    section.finish();
    Some(ProfileTemplate {
        execution_role,
        security_groups,
        tags: tags?,
        lifecycle: all(lifecycle)?,
        written,
    })
}

fn all<T>(items: Vec<Option<T>>) -> Option<Vec<T>> {
    items.into_iter().collect()
}

fn tags(section: Section<'_>, owner_tag: &str, problems: &Collector) -> Option<Vec<(String, TagSource)>> {
    let mut tags = Vec::new();
    let mut usable = true;
    let whole = section.own_path().to_owned();
    let mut problem = |path: &str, text: &str| {
        problems.add(path, text);
        usable = false;
    };
    for (key, value, path) in section.entries() {
        // AWS tag keys are unique whatever their case.
        if key.eq_ignore_ascii_case(owner_tag) {
            problem(&path, "the owner tag is set by the gateway");
        } else if tag_key(key).is_none() {
            problem(&path, "not a usable tag key");
        } else {
            match tag_source(value) {
                Some(source) => tags.push((key.to_owned(), source)),
                None => problem(
                    &path,
                    "expected { attribute = \"...\" }, { attribute = \"...\", required = true } or { value = \"...\" }",
                ),
            }
        }
    }
    if tags.len() > 49 {
        problem(&whole, "a profile has 50 tags at most, the owner tag included");
    }
    usable.then_some(tags)
}

fn tag_source(value: &Value) -> Option<TagSource> {
    let table = value.as_table()?;
    let required = table.get("required").map_or(Some(false), Value::as_bool)?;
    let text = |key| table.get(key).map(|value| value.as_str().unwrap_or_default());
    match (text("attribute"), text("value"), table.len()) {
        (Some(name), None, keys)
            if !name.is_empty() && keys == 1 + usize::from(table.contains_key("required")) =>
        {
            Some(TagSource::Attribute { name: name.to_owned(), required })
        }
        (None, Some(fixed), 1) if is_tag_value(fixed) => Some(TagSource::Fixed(fixed.to_owned())),
        _ => None,
    }
}

fn lifecycle(mut section: Section<'_>, sources: &Sources<'_>) -> Option<LifecycleConfig> {
    let app = section
        .required("app", kind("JupyterLab, CodeEditor, JupyterServer or KernelGateway", LifecycleApp::parse));
    let script = section.required("script", |value| {
        let path = string(value)?;
        let script =
            (sources.file)(Path::new(&path)).map_err(|fault| format!("cannot read {path:?}: {fault}"))?;
        if !script.starts_with("#!") {
            return Err(format!("{path:?} does not begin with \"#!\""));
        }
        let content = STANDARD.encode(&script);
        if content.len() > MAX_LIFECYCLE {
            return Err(format!(
                "{path:?} has {} characters in base64; {MAX_LIFECYCLE} at most",
                content.len()
            ));
        }
        Ok((path, content))
    });
    let default = section.optional("default", boolean).unwrap_or(true);
    section.finish();
    let (app, (path, content)) = (app?, script?);
    Some(LifecycleConfig { app, name: lifecycle_name(app, &path, &content), content, default })
}

/// File name as a slug, 40 characters at most, and 16 hexadecimal digits of a hash over app and content.
fn lifecycle_name(app: LifecycleApp, path: &str, content: &str) -> String {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or("script");
    let slug = crate::profile_name::slug(stem, 40);
    let hash = digest::digest(&digest::SHA256, format!("{}\0{content}", app.name()).as_bytes());
    let hash: String = encode_hex(hash.as_ref()).chars().take(16).collect();
    if slug.is_empty() { format!("lcc-{hash}") } else { format!("{slug}-{hash}") }
}

/// `DomainId`: `d-(-*[a-z0-9]){1,61}`, at most 63 characters.
fn domain_id(text: &str) -> Option<String> {
    let rest = text.strip_prefix("d-")?;
    let fits = text.len() <= 63
        && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && rest.bytes().last().is_some_and(|last| last != b'-');
    fits.then(|| text.to_owned())
}

fn region(text: &str) -> Option<String> {
    let fits = text.len() <= 32
        && text.split('-').count() >= 3
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    fits.then(|| text.to_owned())
}

fn security_group(text: &str) -> Option<String> {
    let rest = text.strip_prefix("sg-")?;
    (text.len() <= 32 && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .then(|| text.to_owned())
}

/// Tag key: 1 to 128 characters of the AWS tag alphabet, not beginning with `aws:`.
fn tag_key(text: &str) -> Option<String> {
    let fits = (1..=128).contains(&text.chars().count())
        && !text.to_ascii_lowercase().starts_with("aws:")
        && text.chars().all(is_tag_character);
    fits.then(|| text.to_owned())
}

/// Tag value: up to 256 characters of the AWS tag alphabet (letters, digits and spaces of any script, `_.:/=+-@`).
#[must_use]
pub(crate) fn is_tag_value(text: &str) -> bool {
    text.chars().count() <= 256 && text.chars().all(is_tag_character)
}

fn is_tag_character(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}
