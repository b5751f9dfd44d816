//! Section `[domain.profile]`, with what `[rule.profile]` lays over it: what a missing user profile is created as, and an
//! existing one is held against.

use super::Sources;
use super::problems::{Collector, Section, boolean, kind, string};
use crate::arn::RoleArn;
use crate::random::encode_hex;
use crate::settings::Settings;
use aws_lc_rs::digest;
use aws_sdk_sagemaker::types::UserSettings;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

/// Longest content of a lifecycle config, in base64 characters (`CreateStudioLifecycleConfig`).
const MAX_LIFECYCLE: usize = 16_384;

/// Section `[domain.profile]`, with what `[rule.profile]` lays over it.
#[derive(Debug)]
pub struct ProfileTemplate {
    /// `UserSettings`, without the lifecycle configs below: their ARNs stand in the settings once they are known. See
    /// [`ProfileTemplate::settings_with`].
    pub settings: Settings<UserSettings>,
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::JupyterLab, Self::CodeEditor, Self::JupyterServer, Self::KernelGateway];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.name() == name)
    }

    /// The member of `UserSettings` for this app.
    fn settings(self) -> &'static str {
        match self {
            Self::JupyterLab => "JupyterLabAppSettings",
            Self::CodeEditor => "CodeEditorAppSettings",
            Self::JupyterServer => "JupyterServerAppSettings",
            Self::KernelGateway => "KernelGatewayAppSettings",
        }
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

impl ProfileTemplate {
    /// `UserSettings.ExecutionRole`.
    #[must_use]
    pub fn execution_role(&self) -> Option<&str> {
        self.settings.get("ExecutionRole").and_then(serde_json::Value::as_str)
    }

    /// The whole of the settings, where `arn_of` gives the ARN of a lifecycle config.
    #[must_use]
    pub fn settings_with(&self, arn_of: impl Fn(&LifecycleConfig) -> String) -> Settings<UserSettings> {
        let mut apps = Map::new();
        for app in LifecycleApp::ALL {
            let configs: Vec<_> = self.lifecycle.iter().filter(|config| config.app == app).collect();
            if configs.is_empty() {
                continue;
            }
            let arns: Vec<_> = configs.iter().map(|config| arn_of(config)).collect();
            let settings = match configs.iter().find(|config| config.default) {
                Some(default) => json!({
                    "LifecycleConfigArns": arns,
                    "DefaultResourceSpec": { "LifecycleConfigArn": arn_of(default) },
                }),
                None => json!({ "LifecycleConfigArns": arns }),
            };
            apps.insert(app.settings().to_owned(), settings);
        }
        Settings::from_template(apps).over(&self.settings)
    }
}

pub(super) fn read(
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
    let lifecycle: Vec<_> =
        section.sections("lifecycle").into_iter().map(|script| lifecycle(script, sources)).collect();
    let api = section.section("settings");
    let path = api.own_path().to_owned();
    let mut settings = api.to_json();
    conflicts(&section, &path, &settings, lifecycle.iter().flatten());
    if let Some(role) = execution_role {
        settings.entry("ExecutionRole").or_insert_with(|| json!(role.as_str()));
    }
    if (1..=5).contains(&security_groups.len()) {
        settings.entry("SecurityGroups").or_insert_with(|| json!(security_groups));
    }
    let settings = Settings::check(settings, &path, &mut |path, problem| problems.add(path, problem));
    section.finish();
    Some(ProfileTemplate { settings: settings?, tags: tags?, lifecycle: all(lifecycle)?, written })
}

/// The short keys are other ways to say what `settings` can say. What is said twice has no right answer.
fn conflicts<'l>(
    section: &Section<'_>,
    path: &str,
    settings: &Map<String, serde_json::Value>,
    scripts: impl Iterator<Item = &'l LifecycleConfig>,
) {
    let problems = section.problems();
    for (key, name) in [("execution_role", "ExecutionRole"), ("security_groups", "SecurityGroups")] {
        if section.has(key) && settings.contains_key(name) {
            problems.add(&format!("{path}.{name}"), format!("{key:?} says it too"));
        }
    }
    let mut said = Vec::new();
    for script in scripts {
        let app = script.app.settings();
        let mut members = vec![("/LifecycleConfigArns", "LifecycleConfigArns")];
        if script.default {
            members
                .push(("/DefaultResourceSpec/LifecycleConfigArn", "DefaultResourceSpec.LifecycleConfigArn"));
        }
        for (pointer, member) in members {
            let place = format!("{path}.{app}.{member}");
            if settings.get(app).is_some_and(|app| app.pointer(pointer).is_some()) && !said.contains(&place) {
                problems.add(&place, format!("a script of {} sets it too", section.path("lifecycle")));
                said.push(place);
            }
        }
    }
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
