//! A domain: `DomainSettings`, and `DefaultSpaceSettings`, which its spaces begin with.
//!
//! Rows are in the order of the API's model, with its names. Nothing is decided here. The gateway never sets these: a backup
//! tells them.

use super::apps::{
    JUPYTER_LAB_APP_SETTINGS, JUPYTER_SERVER_APP_SETTINGS, KERNEL_GATEWAY_APP_SETTINGS, RESOURCE_SPEC,
};
use super::limits::{ROLE_ARN, S3_URI, SECURITY_GROUP_ID};
use super::shape::Shape;
use super::user::{CUSTOM_FILE_SYSTEM_CONFIG, CUSTOM_POSIX_USER_CONFIG, DEFAULT_SPACE_STORAGE_SETTINGS};
use super::wire::{choices, structure};
use aws_sdk_sagemaker::types::{
    AmazonQSettings, DefaultSpaceSettings, DockerSettings, DomainSettings, ExecutionRoleIdentityConfig,
    FeatureStatus, IpAddressType, RStudioServerProDomainSettings, TrustedIdentityPropagationSettings,
    UnifiedStudioSettings,
};

choices!(ExecutionRoleIdentityConfig, IpAddressType);

/// Texts for which the model has no length: no ARN and no URL is longer.
const LONG: Shape = Shape::text(0, 2_048);
/// `AccountId`.
const ACCOUNT: Shape = Shape::text(12, 12).form(r"\d+");
const FEATURE: Shape = Shape::choice(FeatureStatus::values());

structure!(DEFAULT_SPACE_SETTINGS: DefaultSpaceSettings {
    optional ExecutionRole = execution_role, ROLE_ARN;
    optional SecurityGroups = security_groups, Shape::list(5, &SECURITY_GROUP_ID);
    optional JupyterServerAppSettings = jupyter_server_app_settings, JUPYTER_SERVER_APP_SETTINGS;
    optional KernelGatewayAppSettings = kernel_gateway_app_settings, KERNEL_GATEWAY_APP_SETTINGS;
    optional JupyterLabAppSettings = jupyter_lab_app_settings, JUPYTER_LAB_APP_SETTINGS;
    optional SpaceStorageSettings = space_storage_settings, DEFAULT_SPACE_STORAGE_SETTINGS;
    optional CustomPosixUserConfig = custom_posix_user_config, CUSTOM_POSIX_USER_CONFIG;
    optional CustomFileSystemConfigs = custom_file_system_configs,
        Shape::list(10, &CUSTOM_FILE_SYSTEM_CONFIG);
});

structure!(DOMAIN_SETTINGS: DomainSettings {
    optional SecurityGroupIds = security_group_ids, Shape::list(3, &SECURITY_GROUP_ID);
    optional RStudioServerProDomainSettings = r_studio_server_pro_domain_settings,
        RSTUDIO_SERVER_PRO_DOMAIN_SETTINGS;
    optional ExecutionRoleIdentityConfig = execution_role_identity_config,
        Shape::choice(ExecutionRoleIdentityConfig::values());
    optional TrustedIdentityPropagationSettings = trusted_identity_propagation_settings,
        TRUSTED_IDENTITY_PROPAGATION_SETTINGS;
    optional DockerSettings = docker_settings, DOCKER_SETTINGS;
    optional AmazonQSettings = amazon_q_settings, AMAZON_Q_SETTINGS;
    optional UnifiedStudioSettings = unified_studio_settings, UNIFIED_STUDIO_SETTINGS;
    optional IpAddressType = ip_address_type, Shape::choice(IpAddressType::values());
});

structure!(RSTUDIO_SERVER_PRO_DOMAIN_SETTINGS: RStudioServerProDomainSettings {
    required DomainExecutionRoleArn = domain_execution_role_arn, ROLE_ARN;
    optional RStudioConnectUrl = r_studio_connect_url, LONG;
    optional RStudioPackageManagerUrl = r_studio_package_manager_url, LONG;
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
});

structure!(TRUSTED_IDENTITY_PROPAGATION_SETTINGS: TrustedIdentityPropagationSettings {
    required Status = status, FEATURE;
});

structure!(DOCKER_SETTINGS: DockerSettings {
    optional EnableDockerAccess = enable_docker_access, FEATURE;
    optional VpcOnlyTrustedAccounts = vpc_only_trusted_accounts, Shape::list(20, &ACCOUNT);
    optional RootlessDocker = rootless_docker, FEATURE;
});

structure!(AMAZON_Q_SETTINGS: AmazonQSettings {
    optional Status = status, FEATURE;
    optional QProfileArn = q_profile_arn, LONG;
});

structure!(UNIFIED_STUDIO_SETTINGS: UnifiedStudioSettings {
    optional StudioWebPortalAccess = studio_web_portal_access, FEATURE;
    optional DomainAccountId = domain_account_id, ACCOUNT;
    optional DomainRegion = domain_region, Shape::text(1, 24);
    optional DomainId = domain_id, LONG;
    optional ProjectId = project_id, LONG;
    optional EnvironmentId = environment_id, LONG;
    optional ProjectS3Path = project_s3_path, S3_URI;
    optional SingleSignOnApplicationArn = single_sign_on_application_arn, LONG;
});
