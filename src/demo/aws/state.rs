//! What exists right now: role sessions, profiles, lifecycle configs, links and the trail.
//!
//! Time is an argument everywhere; nothing here waits, and nothing runs in the background: states move on when they
//! are looked at.

use super::call::Call;
use super::event_sinks::ReceivedEvent;
use super::knobs::Pace;
use super::notebook::{self, NotebookKey, StoredNotebook};
use super::policy::{Context, Decision, Question, decide};
use super::trail::Trail;
use super::views::{LifecycleConfigView, ProfileView, SpaceView};
use super::world::{Domain, Profile, Role, Space, World, account_of};
use super::{fault::ApiError, token};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The first `HomeEfsFileSystemUid`.
const FIRST_EFS_UID: u32 = 200_005;

/// A profile's key: domain id and name in lower case, because names do not mind case.
pub(super) type ProfileKey = (String, String);

/// The account's state.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    /// By access key id.
    pub(super) sessions: BTreeMap<String, RoleSession>,
    pub(super) profiles: BTreeMap<ProfileKey, StoredProfile>,
    /// By domain id and name, like profiles.
    pub(super) spaces: BTreeMap<ProfileKey, StoredSpace>,
    /// Profiles whose status does not last.
    pub(super) moving: BTreeSet<ProfileKey>,
    /// ... and spaces.
    pub(super) moving_spaces: BTreeSet<ProfileKey>,
    /// `HomeEfsFileSystemUid` of what is made next: no two are alike, whatever domain they are in.
    pub(super) next_efs_uid: u32,
    pub(super) notebooks: BTreeMap<NotebookKey, StoredNotebook>,
    /// By ARN.
    pub(super) configs: BTreeMap<String, LifecycleConfigView>,
    /// Tags of what has no other home: domains. By ARN.
    pub(super) other_tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Presigned links by token; a link that was opened stays, used.
    pub(super) links: BTreeMap<String, Link>,
    /// Open Studio sessions by cookie.
    pub(super) visits: BTreeMap<String, Visit>,
    /// Items of DynamoDB tables, by table name and key.
    pub(super) items: BTreeMap<(String, String), super::dynamodb::Item>,
    /// What event sinks have taken, oldest first.
    pub(super) received: Vec<ReceivedEvent>,
    pub(super) trail: Trail,
}

/// Credentials of an assumed role.
#[derive(Clone)]
pub(super) struct RoleSession {
    pub(super) secret_access_key: String,
    pub(super) session_token: String,
    pub(super) expires: DateTime<Utc>,
    pub(super) caller: Caller,
}

impl std::fmt::Debug for RoleSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleSession").field("arn", &self.caller.arn).finish_non_exhaustive()
    }
}

/// Who calls, and what they may do.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// ARN of the principal; of the session, for an assumed role.
    pub(super) arn: String,
    /// `UserId` of `GetCallerIdentity`.
    pub(super) user_id: String,
    pub(super) policies: Vec<Value>,
    /// Narrows `policies` to what the permissions boundary allows too.
    pub(super) boundary: Option<Value>,
    /// Narrows `policies` to what it allows too.
    pub(super) session_policy: Option<Value>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) source_identity: Option<String>,
    /// Further condition keys of the session, such as `saml:sub`.
    pub(super) context: Context,
}

impl Caller {
    /// `Ok` if the identity policies, the permissions boundary and the session policy allow it.
    pub(super) fn authorize(&self, action: &str, resource: &str, request: &Context) -> Result<(), ApiError> {
        let mut context = self.context.clone();
        context.add("aws:PrincipalArn", &self.arn);
        context.add("aws:PrincipalAccount", account_of(&self.arn));
        context.add("aws:SourceIp", "127.0.0.1");
        context.add("aws:SecureTransport", "false");
        context.add_tags("aws:PrincipalTag", &self.tags);
        context.extend(request);
        let question = Question { action, resource, context: &context };
        let narrowed = |policy: &Option<Value>| {
            policy.as_ref().map_or(Decision::Allowed, |p| decide(std::slice::from_ref(p), question))
        };
        let decisions = [
            ("an", "identity-based policy", decide(&self.policies, question)),
            ("a", "permissions boundary", narrowed(&self.boundary)),
            ("a", "session policy", narrowed(&self.session_policy)),
        ];
        let first = |wanted| decisions.iter().find(|(.., decision)| *decision == wanted);
        let why = match (first(Decision::ExplicitDeny), first(Decision::ImplicitDeny)) {
            (Some((article, kind, _)), _) => format!("with an explicit deny in {article} {kind}"),
            (None, Some((_, kind, _))) => format!("because no {kind} allows the {action} action"),
            (None, None) => return Ok(()),
        };
        let message = format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} {why}",
            self.arn
        );
        Err(ApiError::new(400, "AccessDeniedException", message))
    }
}

/// A user profile.
#[derive(Clone, Debug)]
pub(super) struct StoredProfile {
    pub(super) view: ProfileView,
    /// When set, the status is about to change.
    pub(super) transition: Option<Transition>,
}

/// A space.
#[derive(Clone, Debug)]
pub(super) struct StoredSpace {
    pub(super) view: SpaceView,
    /// When set, the status is about to change.
    pub(super) transition: Option<Transition>,
}

/// A status that does not last.
#[derive(Clone, Debug)]
pub(super) struct Transition {
    /// To so many Describe calls it does not exist yet.
    pub(super) unseen: u32,
    describes_left: u32,
    until: DateTime<Utc>,
    /// `None`: the profile is gone.
    to: Option<(&'static str, Option<String>)>,
}

impl Transition {
    pub(super) fn new(pace: &Pace, now: DateTime<Utc>, to: Option<(&'static str, Option<String>)>) -> Self {
        let duration = chrono::TimeDelta::from_std(pace.duration).unwrap_or(chrono::TimeDelta::MAX);
        let until = now.checked_add_signed(duration).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Self { unseen: 0, describes_left: pace.describes, until, to }
    }

    /// Whether what is about to change cannot be seen yet; counts a look at it.
    pub(super) fn is_unseen(transition: &mut Option<Self>) -> bool {
        let Some(transition) = transition.as_mut().filter(|t| t.unseen > 0) else {
            return false;
        };
        transition.unseen -= 1;
        true
    }

    /// Counts a Describe, after its answer was made.
    pub(super) fn count_describe(transition: &mut Option<Self>) {
        if let Some(transition) = transition {
            transition.describes_left = transition.describes_left.saturating_sub(1);
        }
    }
}

/// A presigned link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) expires: DateTime<Utc>,
    pub(super) used: bool,
    pub(super) session_seconds: u32,
    pub(super) visit: Visit,
}

/// Somebody in Studio, or in a notebook instance.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) place: Place,
    /// Whose policies every later request is held against.
    pub(super) caller: Caller,
    pub(super) expires: DateTime<Utc>,
}

/// Where a link leads.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Studio { profile: ProfileKey, landing_uri: Option<String>, space: Option<String> },
    Notebook(NotebookKey),
}

impl State {
    pub(super) fn new(world: World, now: DateTime<Utc>) -> Self {
        let other_tags = world.domains.iter().map(|domain| (domain.arn(), domain.tags.clone())).collect();
        let notebooks = notebook::seeded(&world, now);
        let (profiles, spaces) = (world.profiles.clone(), world.spaces.clone());
        let mut state = Self {
            world,
            sessions: BTreeMap::new(),
            profiles: BTreeMap::new(),
            spaces: BTreeMap::new(),
            moving: BTreeSet::new(),
            moving_spaces: BTreeSet::new(),
            next_efs_uid: FIRST_EFS_UID,
            notebooks,
            configs: BTreeMap::new(),
            other_tags,
            links: BTreeMap::new(),
            visits: BTreeMap::new(),
            items: BTreeMap::new(),
            received: Vec::new(),
            trail: Trail::default(),
        };
        state.seed(profiles, spaces, now);
        state
    }

    /// What others have made.
    pub(super) fn seed(&mut self, profiles: Vec<Profile>, spaces: Vec<Space>, now: DateTime<Utc>) {
        for profile in profiles {
            self.seed_profile(profile, now);
        }
        for space in spaces {
            self.seed_space(space, now);
        }
    }

    /// A profile that somebody else has made. One in a domain that is not there is left out.
    fn seed_profile(&mut self, seed: Profile, now: DateTime<Utc>) {
        let Some(domain) = self.world.domains.iter().find(|d| d.id == seed.domain_id) else {
            return;
        };
        let mut settings = seed.user_settings.as_object().cloned().unwrap_or_default();
        if let Some(role) = seed.execution_role {
            settings.insert("ExecutionRole".to_owned(), json!(role));
        }
        let view = ProfileView {
            arn: domain.profile_arn(&seed.name),
            domain_id: seed.domain_id,
            name: seed.name,
            status: if seed.status.is_empty() { "InService".to_owned() } else { seed.status },
            failure_reason: None,
            efs_uid: self.next_efs_uid,
            tags: seed.tags,
            user_settings: Value::Object(settings),
            created: now,
            modified: now,
        };
        let key = profile_key(&view.domain_id, &view.name);
        self.put_profile(key, StoredProfile { view, transition: None });
    }

    /// ... and a space.
    fn seed_space(&mut self, seed: Space, now: DateTime<Utc>) {
        let Some(domain) = self.world.domains.iter().find(|d| d.id == seed.domain_id) else {
            return;
        };
        let view = SpaceView {
            arn: domain.space_arn(&seed.name),
            domain_id: seed.domain_id,
            name: seed.name,
            display_name: seed.display_name,
            status: if seed.status.is_empty() { "InService".to_owned() } else { seed.status },
            failure_reason: None,
            owner: seed.owner,
            sharing: seed.sharing,
            efs_uid: self.next_efs_uid,
            tags: seed.tags,
            settings: Value::Object(seed.settings.as_object().cloned().unwrap_or_default()),
            created: now,
        };
        let key = profile_key(&view.domain_id, &view.name);
        self.put_space(key, StoredSpace { view, transition: None });
    }

    /// The domain of this id in the caller's account and region.
    pub(super) fn domain(&self, id: &str, call: &Call) -> Option<&Domain> {
        let account = account_of(&call.caller.arn);
        self.world.domains.iter().find(|d| d.id == id && d.region == call.region && d.account == account)
    }

    /// Identity policies of a role's sessions, and its boundary. An attached policy that is not there says nothing; a
    /// boundary that is not there allows nothing.
    pub(super) fn permissions(&self, role: &Role) -> (Vec<Value>, Option<Value>) {
        let managed = |arn: &String| self.world.managed_policies.get(arn).cloned();
        let attached = role.attached.iter().filter_map(managed);
        let boundary = role.boundary.as_ref().map(|arn| managed(arn).unwrap_or_default());
        let inline = role.permission_policies.iter().chain(role.inline.values()).cloned();
        (inline.chain(attached).collect(), boundary)
    }

    pub(super) fn role(&self, arn: &str) -> Option<&Role> {
        self.world.roles.iter().find(|r| r.arn == arn)
    }

    /// Whether anything can be in this region.
    pub(super) fn knows_region(&self, region: &str) -> bool {
        let World { domains, notebooks, regions, .. } = &self.world;
        domains.iter().any(|domain| domain.region == region)
            || notebooks.iter().any(|notebook| notebook.region == region)
            || regions.contains(region)
    }

    /// Lets profiles, spaces and notebook instances come to rest that are due at `now`.
    pub(super) fn settle(&mut self, now: DateTime<Utc>) {
        let (profiles, spaces) = (&mut self.profiles, &mut self.spaces);
        self.moving.retain(|key| {
            let Some(StoredProfile { view, transition }) = profiles.get_mut(key) else { return false };
            if !settle(transition, now, &mut view.status, &mut view.failure_reason) {
                profiles.remove(key);
                return false;
            }
            transition.is_some()
        });
        self.moving_spaces.retain(|key| {
            let Some(StoredSpace { view, transition }) = spaces.get_mut(key) else { return false };
            if !settle(transition, now, &mut view.status, &mut view.failure_reason) {
                spaces.remove(key);
                return false;
            }
            transition.is_some()
        });
        self.notebooks.retain(|_, StoredNotebook { view, transition }| {
            settle(transition, now, &mut view.status, &mut view.failure_reason)
        });
    }

    /// Puts a new profile in place, which has taken the next UID.
    pub(super) fn put_profile(&mut self, key: ProfileKey, profile: StoredProfile) {
        self.next_efs_uid += 1;
        self.moving.insert(key.clone());
        self.profiles.insert(key, profile);
    }

    /// ... and a new space.
    pub(super) fn put_space(&mut self, key: ProfileKey, space: StoredSpace) {
        self.next_efs_uid += 1;
        self.moving_spaces.insert(key.clone());
        self.spaces.insert(key, space);
    }

    /// Issues credentials for `caller`; returns the access key id and the session.
    pub(super) fn open_session(
        &mut self,
        caller: Caller,
        expires: DateTime<Utc>,
    ) -> Result<(String, RoleSession), ApiError> {
        let access_key_id = token::unique_id("ASIA")?;
        let session = RoleSession {
            secret_access_key: token::secret_access_key()?,
            session_token: token::session_token()?,
            expires,
            caller,
        };
        self.sessions.insert(access_key_id.clone(), session.clone());
        Ok((access_key_id, session))
    }
}

/// Ends what is due; `false` if that is the end of it all.
fn settle(
    transition: &mut Option<Transition>,
    now: DateTime<Utc>,
    status: &mut String,
    failure_reason: &mut Option<String>,
) -> bool {
    let Some(transition) = transition.take_if(|t| t.unseen == 0 && t.describes_left == 0 && t.until <= now)
    else {
        return true;
    };
    let Some((to, reason)) = transition.to else {
        return false;
    };
    to.clone_into(status);
    *failure_reason = reason;
    true
}

/// The key of a profile, and of a space.
pub(super) fn profile_key(domain_id: &str, name: &str) -> ProfileKey {
    (domain_id.to_owned(), name.to_ascii_lowercase())
}

/// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; the role's path is not part of it.
pub(super) fn assumed_role_arn(role_arn: &str, session_name: &str) -> String {
    let role_name = role_arn.rsplit('/').next().unwrap_or_default();
    format!("arn:aws:sts::{}:assumed-role/{role_name}/{session_name}", account_of(role_arn))
}
