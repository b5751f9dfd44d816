//! Section `[domain.profile]`: what a missing user profile is created as.

use super::Sources;
use super::problems::{Collector, Section, boolean, kind, string};
use crate::arn::RoleArn;
use crate::random::encode_hex;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use toml::Value;

/// Longest content of a lifecycle config, in base64 characters (`CreateStudioLifecycleConfig`).
const MAX_LIFECYCLE: usize = 16_384;

/// Section `[domain.profile]`.
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
}

/// Where a tag's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagSource {
    /// The first value of a SAML attribute.
    Attribute(String),
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

pub(super) fn read(
    mut section: Section<'_>,
    owner_tag: &str,
    sources: &Sources<'_>,
) -> Option<ProfileTemplate> {
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
    Some(ProfileTemplate { execution_role, security_groups, tags: tags?, lifecycle: all(lifecycle)? })
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
                None => problem(&path, "expected { attribute = \"...\" } or { value = \"...\" }"),
            }
        }
    }
    if tags.len() > 49 {
        problem(&whole, "a profile has 50 tags at most, the owner tag included");
    }
    usable.then_some(tags)
}

fn tag_source(value: &Value) -> Option<TagSource> {
    let table = value.as_table().filter(|table| table.len() == 1)?;
    let (key, value) = table.iter().next()?;
    match (key.as_str(), value.as_str()?) {
        ("attribute", name) if !name.is_empty() => Some(TagSource::Attribute(name.to_owned())),
        ("value", fixed) if is_tag_value(fixed) => Some(TagSource::Fixed(fixed.to_owned())),
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

fn security_group(text: &str) -> Option<String> {
    let rest = text.strip_prefix("sg-")?;
    (text.len() <= 32 && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .then(|| text.to_owned())
}

/// Tag key: 1 to 128 characters of the AWS tag alphabet, not beginning with `aws:`.
pub(super) fn tag_key(text: &str) -> Option<String> {
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
