//! A manifest whose every value AWS would take, parsed from a file that may come from anybody.

use super::form;
use super::value::{EfsUid, Name, Problems, Tags};
use crate::arn::is_account;
use crate::config::LifecycleApp;
use crate::settings::{Settings, Structure};
use aws_sdk_sagemaker::types::{
    DefaultSpaceSettings, DomainSettings, SharingType, SpaceSettings, UserSettings,
};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a domain was made of.
#[derive(Debug)]
pub struct Manifest {
    /// The domain itself.
    pub domain: Domain,
    /// The lifecycle configs that settings refer to.
    pub lifecycle_configs: Vec<LifecycleConfig>,
    /// The user profiles: no two of one name, no two of one UID.
    pub profiles: Vec<Profile>,
    /// The spaces, likewise.
    pub spaces: Vec<Space>,
}

/// The domain that was backed up.
#[derive(Debug)]
pub struct Domain {
    /// `DomainId`.
    pub id: String,
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// `HomeEfsFileSystemId`.
    pub home_efs: Option<String>,
    /// `DefaultUserSettings`.
    pub default_user_settings: Settings<UserSettings>,
    /// `DefaultSpaceSettings`.
    pub default_space_settings: Settings<DefaultSpaceSettings>,
    /// `DomainSettings`.
    pub settings: Settings<DomainSettings>,
}

/// A lifecycle config.
#[derive(Debug)]
pub struct LifecycleConfig {
    /// `StudioLifecycleConfigName`.
    pub name: Name,
    /// What settings of the manifest refer to it by.
    pub arn: String,
    /// `StudioLifecycleConfigAppType`.
    pub app: LifecycleApp,
    /// The script in base64.
    pub content: String,
    /// Tags.
    pub tags: Tags,
}

/// A user profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// `UserProfileName`.
    pub name: Name,
    /// `HomeEfsFileSystemUid`.
    pub efs_uid: Option<EfsUid>,
    /// `UserSettings`.
    pub settings: Settings<UserSettings>,
    /// Tags.
    pub tags: Tags,
}

/// A space.
#[derive(Debug, Clone)]
pub struct Space {
    /// `SpaceName`.
    pub name: Name,
    /// `SpaceDisplayName`.
    pub display_name: Option<String>,
    /// `HomeEfsFileSystemUid`.
    pub efs_uid: Option<EfsUid>,
    /// `OwnerUserProfileName` and `SharingType`; spaces of Studio Classic have neither.
    pub owned: Option<(Name, SharingType)>,
    /// `SpaceSettings`.
    pub settings: Settings<SpaceSettings>,
    /// Tags.
    pub tags: Tags,
}

impl Manifest {
    /// Parses the text of a manifest.
    ///
    /// # Errors
    /// Everything that is wrong with it. A text that has not the form of a manifest at all is one problem.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let form: form::Manifest = from_json(text, form::VERSION)?;
        let mut problems = Problems::default();
        let manifest = Reader { problems: &mut problems }.manifest(&form);
        match manifest {
            Some(manifest) if problems.lines().is_empty() => Ok(manifest),
            _ => Err(problems),
        }
    }
}

/// What every version of a file says.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads JSON of this version into a form. The first problem of it has its path too.
pub(super) fn from_json<T: DeserializeOwned>(text: &str, known: u32) -> Result<T, Problems> {
    read_form(text).map_err(|problems| match serde_json::from_str(text) {
        // What another version may have is no problem of its own.
        Ok(Versioned { version }) if version != known => Problems::of_version(version, known),
        _ => problems,
    })
}

fn read_form<T: DeserializeOwned>(text: &str) -> Result<T, Problems> {
    let mut json = serde_json::Deserializer::from_str(text);
    let form = serde_path_to_error::deserialize(&mut json).map_err(|fault| {
        let path = fault.path().to_string();
        let inner = fault.into_inner();
        Problems::one(&if path == "." { inner.to_string() } else { format!("{path}: {inner}") })
    })?;
    json.end().map_err(|fault| Problems::one(&fault.to_string()))?;
    Ok(form)
}

struct Reader<'p> {
    problems: &'p mut Problems,
}

impl Reader<'_> {
    fn manifest(&mut self, form: &form::Manifest) -> Option<Manifest> {
        if form.version != form::VERSION {
            *self.problems = Problems::of_version(form.version, form::VERSION);
            return None;
        }
        let domain = self.domain(&form.domain);
        let lifecycle_configs =
            each(&form.lifecycle_configs, "lifecycle_configs", |one, path| self.lifecycle_config(one, path));
        let profiles = each(&form.profiles, "profiles", |one, path| self.profile(one, path));
        let spaces = each(&form.spaces, "spaces", |one, path| self.space(one, path));
        // Places in the lists are those of the file only where nothing was left out.
        if self.problems.lines().is_empty() {
            self.each_once(&lifecycle_configs, &profiles, &spaces);
        }
        Some(Manifest { domain: domain?, lifecycle_configs, profiles, spaces })
    }

    /// Reports names and UIDs that two have.
    fn each_once(&mut self, configs: &[LifecycleConfig], profiles: &[Profile], spaces: &[Space]) {
        let uids = |folder: &str, uids: Vec<Option<EfsUid>>| -> Vec<(String, String)> {
            let uids = uids.into_iter().enumerate();
            uids.filter_map(|(at, uid)| Some((format!("{folder}[{at}].efs_uid"), uid?.to_string()))).collect()
        };
        let names = |folder: &str, names: Vec<&Name>| -> Vec<(String, String)> {
            names.iter().enumerate().map(|(at, name)| (format!("{folder}[{at}].name"), name.key())).collect()
        };
        self.twice(names("lifecycle_configs", configs.iter().map(|one| &one.name).collect()));
        self.twice(names("profiles", profiles.iter().map(|one| &one.name).collect()));
        self.twice(names("spaces", spaces.iter().map(|one| &one.name).collect()));
        let of_profiles = uids("profiles", profiles.iter().map(|one| one.efs_uid).collect());
        let of_spaces = uids("spaces", spaces.iter().map(|one| one.efs_uid).collect());
        // Profiles and spaces have their folders in one file system: two of one UID would share a folder.
        self.twice([of_profiles, of_spaces].concat());
    }

    fn domain(&mut self, form: &form::Domain) -> Option<Domain> {
        let mut parts = form.arn.splitn(6, ':');
        let (_, partition) = (parts.next(), parts.next().unwrap_or_default());
        let (service, region) = (parts.next(), parts.next().unwrap_or_default());
        let (account, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let is_id = form.id.strip_prefix("d-").is_some_and(is_word) && form.id.len() <= 63;
        if !is_id {
            self.problems.add("domain.id", format_args!("expected a domain ID, got {:?}", form.id));
        }
        let is_arn = is_word(partition)
            && service == Some("sagemaker")
            && is_word(region)
            && is_account(account)
            && resource.strip_prefix("domain/") == Some(&form.id);
        if !is_arn {
            self.problems
                .add("domain.arn", format_args!("expected the ARN of the domain, got {:?}", form.arn));
        }
        let is_efs = |id: &String| {
            let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            id.strip_prefix("fs-").is_some_and(|id| (8..=40).contains(&id.len()) && id.bytes().all(hex))
        };
        if let Some(id) = form.home_efs.as_ref().filter(|id| !is_efs(id)) {
            self.problems
                .add("domain.home_efs", format_args!("expected the ID of a file system, got {id:?}"));
        }
        Tags::parse(&form.tags, "domain.tags", self.problems);
        let default_user_settings =
            self.settings(&form.default_user_settings, "domain.default_user_settings");
        let default_space_settings =
            self.settings(&form.default_space_settings, "domain.default_space_settings");
        let settings = self.settings(&form.settings, "domain.settings");
        (is_id && is_arn).then_some(Domain {
            id: form.id.clone(),
            partition: partition.to_owned(),
            home_efs: form.home_efs.clone(),
            default_user_settings: default_user_settings?,
            default_space_settings: default_space_settings?,
            settings: settings?,
        })
    }

    fn lifecycle_config(&mut self, form: &form::LifecycleConfig, path: &str) -> Option<LifecycleConfig> {
        let name = self.name(&form.name, &format!("{path}.name"));
        if !form.arn.starts_with("arn:")
            || !form.arn.ends_with(&format!(":studio-lifecycle-config/{}", form.name))
        {
            self.problems.add(
                &format!("{path}.arn"),
                format_args!("expected the ARN of a lifecycle config of this name, got {:?}", form.arn),
            );
        }
        let app = LifecycleApp::ALL.into_iter().find(|app| app.name() == form.app);
        if app.is_none() {
            let all: Vec<_> = LifecycleApp::ALL.iter().map(|app| app.name()).collect();
            let expected = all.join(", ");
            self.problems
                .add(&format!("{path}.app"), format_args!("expected one of {expected}, got {:?}", form.app));
        }
        let decoded = BASE64_STANDARD.decode(&form.content).unwrap_or_default();
        if decoded.is_empty() || form.content.len() > 16_384 {
            let problem = "expected a script in base64, of 1 to 16384 characters";
            self.problems.add(&format!("{path}.content"), problem);
        }
        let tags = Tags::parse(&form.tags, &format!("{path}.tags"), self.problems);
        Some(LifecycleConfig {
            name: name?,
            arn: form.arn.clone(),
            app: app?,
            content: form.content.clone(),
            tags,
        })
    }

    fn profile(&mut self, form: &form::Profile, path: &str) -> Option<Profile> {
        let name = self.name(&form.name, &format!("{path}.name"));
        let efs_uid = self.efs_uid(form.efs_uid.as_deref(), path);
        let settings = self.settings(&form.settings, &format!("{path}.settings"));
        let tags = Tags::parse(&form.tags, &format!("{path}.tags"), self.problems);
        Some(Profile { name: name?, efs_uid, settings: settings?, tags })
    }

    fn space(&mut self, form: &form::Space, path: &str) -> Option<Space> {
        let name = self.name(&form.name, &format!("{path}.name"));
        let efs_uid = self.efs_uid(form.efs_uid.as_deref(), path);
        let settings = self.settings(&form.settings, &format!("{path}.settings"));
        let tags = Tags::parse(&form.tags, &format!("{path}.tags"), self.problems);
        // `NonEmptyString64`: `(?=.*\S).{1,64}`.
        let unfit = |name: &&String| {
            name.trim().is_empty() || name.chars().count() > 64 || name.contains(['\n', '\r', '\0'])
        };
        if let Some(name) = form.display_name.as_ref().filter(unfit) {
            self.problems.add(&format!("{path}.display_name"), format_args!("{name:?} is no name to show"));
        }
        let owner = form.owner.as_ref().map(|owner| self.name(owner, &format!("{path}.owner")));
        let sharing = form.sharing.as_deref().map(|text| match text {
            "Private" => Some(SharingType::Private),
            "Shared" => Some(SharingType::Shared),
            other => {
                let problem = format_args!("expected Private or Shared, got {other:?}").to_string();
                self.problems.add(&format!("{path}.sharing"), problem);
                None
            }
        });
        let owned = match (owner, sharing) {
            (None, None) => None,
            (Some(owner), Some(sharing)) => Some((owner?, sharing?)),
            _ => {
                self.problems.add(path, "owner and sharing go together");
                return None;
            }
        };
        let display_name = form.display_name.clone();
        Some(Space { name: name?, display_name, efs_uid, owned, settings: settings?, tags })
    }

    fn name(&mut self, text: &str, path: &str) -> Option<Name> {
        let name = Name::parse(text);
        if name.is_none() {
            let form = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
            self.problems.add(path, format_args!("{text:?} does not have the form {form}"));
        }
        name
    }

    fn efs_uid(&mut self, text: Option<&str>, path: &str) -> Option<EfsUid> {
        let text = text?;
        let uid = EfsUid::parse(text);
        if uid.is_none() {
            self.problems.add(&format!("{path}.efs_uid"), format_args!("{text:?} is nobody's UID"));
        }
        uid
    }

    fn settings<T: Structure>(&mut self, members: &Map<String, Value>, path: &str) -> Option<Settings<T>> {
        Settings::check(members.clone(), path, &mut |path, problem| self.problems.add(path, problem))
    }

    /// Reports values that stand at two paths.
    fn twice(&mut self, values: Vec<(String, String)>) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for (path, value) in values {
            if let Some(first) = seen.get(&value) {
                self.problems.add(&path, format_args!("the same as {first}"));
            } else {
                seen.insert(value, path);
            }
        }
    }
}

/// Parses each item with its path.
fn each<F, T>(forms: &[F], folder: &str, mut parse: impl FnMut(&F, &str) -> Option<T>) -> Vec<T> {
    forms.iter().enumerate().filter_map(|(at, form)| parse(form, &format!("{folder}[{at}]"))).collect()
}
