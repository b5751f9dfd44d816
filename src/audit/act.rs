//! Which AWS calls change something, and what. Read from what the SDK is asked to send, so that no call that changes
//! something can be forgotten: whatever module makes it, it is told.

use aws_sdk_iam::operation::attach_role_policy::AttachRolePolicyInput;
use aws_sdk_iam::operation::create_role::CreateRoleInput;
use aws_sdk_iam::operation::detach_role_policy::DetachRolePolicyInput;
use aws_sdk_sagemaker::operation::add_tags::AddTagsInput;
use aws_sdk_sagemaker::operation::create_space::CreateSpaceInput;
use aws_sdk_sagemaker::operation::create_studio_lifecycle_config::CreateStudioLifecycleConfigInput;
use aws_sdk_sagemaker::operation::create_user_profile::CreateUserProfileInput;
use aws_sdk_sagemaker::operation::delete_tags::DeleteTagsInput;
use aws_sdk_sagemaker::operation::update_user_profile::UpdateUserProfileInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActKind {
    ProfileCreated,
    ProfileUpdated,
    ProfileTagged,
    ProfileUntagged,
    SpaceCreated,
    ExecutionRoleCreated,
    ExecutionRolePolicyAttached,
    ExecutionRolePolicyDetached,
    LifecycleConfigCreated,
}

impl ActKind {
    /// What stands for it in events and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ProfileCreated => "profile-created",
            Self::ProfileUpdated => "profile-updated",
            Self::ProfileTagged => "profile-tagged",
            Self::ProfileUntagged => "profile-untagged",
            Self::SpaceCreated => "space-created",
            Self::ExecutionRoleCreated => "execution-role-created",
            Self::ExecutionRolePolicyAttached => "execution-role-policy-attached",
            Self::ExecutionRolePolicyDetached => "execution-role-policy-detached",
            Self::LifecycleConfigCreated => "lifecycle-config-created",
        }
    }

    /// Whether the name of what is changed is made from a person's.
    pub(super) fn is_personal(self) -> bool {
        !matches!(self, Self::LifecycleConfigCreated)
    }

    /// Whether it is a change of something that is nobody's account.
    pub(super) fn is_entity(self) -> bool {
        matches!(self, Self::SpaceCreated | Self::LifecycleConfigCreated)
    }
}

/// One change at AWS, as it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) kind: ActKind,
    /// Name of what is changed: of the profile, space, role or lifecycle config.
    pub(crate) resource: String,
    /// ARN of the policy that a role is given or loses.
    pub(crate) policy: Option<String>,
    /// Keys of the tags that are set or taken away. Values are nobody's business here.
    pub(crate) tags: Vec<String>,
}

impl Act {
    /// What a call changes; `None` if it only looks.
    pub(crate) fn of(input: &Input) -> Option<Self> {
        let act = |kind, resource: Option<&str>| {
            let resource = resource.unwrap_or_default().to_owned();
            Some(Self { kind, resource, policy: None, tags: Vec::new() })
        };
        // `user-profile/DOMAIN/NAME` of an ARN.
        let profile = |arn: Option<&str>| arn.and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
        if let Some(input) = input.downcast_ref::<CreateUserProfileInput>() {
            let tags = input.tags().iter().filter_map(|tag| tag.key().map(str::to_owned)).collect();
            return act(ActKind::ProfileCreated, input.user_profile_name()).map(|act| Self { tags, ..act });
        }
        if let Some(input) = input.downcast_ref::<UpdateUserProfileInput>() {
            return act(ActKind::ProfileUpdated, input.user_profile_name());
        }
        if let Some(input) = input.downcast_ref::<AddTagsInput>() {
            let tags = input.tags().iter().filter_map(|tag| tag.key().map(str::to_owned)).collect();
            let name = profile(input.resource_arn());
            return act(ActKind::ProfileTagged, name.as_deref()).map(|act| Self { tags, ..act });
        }
        if let Some(input) = input.downcast_ref::<DeleteTagsInput>() {
            let (tags, name) = (input.tag_keys().to_vec(), profile(input.resource_arn()));
            return act(ActKind::ProfileUntagged, name.as_deref()).map(|act| Self { tags, ..act });
        }
        if let Some(input) = input.downcast_ref::<CreateSpaceInput>() {
            return act(ActKind::SpaceCreated, input.space_name());
        }
        if let Some(input) = input.downcast_ref::<CreateRoleInput>() {
            return act(ActKind::ExecutionRoleCreated, input.role_name());
        }
        if let Some(input) = input.downcast_ref::<AttachRolePolicyInput>() {
            let policy = input.policy_arn().map(str::to_owned);
            return act(ActKind::ExecutionRolePolicyAttached, input.role_name())
                .map(|act| Self { policy, ..act });
        }
        if let Some(input) = input.downcast_ref::<DetachRolePolicyInput>() {
            let policy = input.policy_arn().map(str::to_owned);
            return act(ActKind::ExecutionRolePolicyDetached, input.role_name())
                .map(|act| Self { policy, ..act });
        }
        let input = input.downcast_ref::<CreateStudioLifecycleConfigInput>()?;
        act(ActKind::LifecycleConfigCreated, input.studio_lifecycle_config_name())
    }
}
