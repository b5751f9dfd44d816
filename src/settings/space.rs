//! A space: `SpaceSettings`, `OwnershipSettings`, `SpaceSharingSettings`. What spaces of a domain begin with is in `domain`.
//!
//! Rows are in the order of the API's model, with its names. Nothing is decided here.

use super::apps::{CODE_REPOSITORY, JUPYTER_SERVER_APP_SETTINGS, KERNEL_GATEWAY_APP_SETTINGS, RESOURCE_SPEC};
use super::limits::{
    FILE_SYSTEM_ID, IDLE_TIMEOUT_IN_MINUTES, S3_SCHEMA_URI, SPACE_EBS_VOLUME_SIZE_IN_GB, USER_PROFILE_NAME,
};
use super::shape::Shape;
use super::wire::{choices, structure, union};
use aws_sdk_sagemaker::types::{
    AppType, CustomFileSystem, EbsStorageSettings, EfsFileSystem, FSxLustreFileSystem, FeatureStatus,
    OwnershipSettings, S3FileSystem, SharingType, SpaceAppLifecycleManagement, SpaceCodeEditorAppSettings,
    SpaceIdleSettings, SpaceJupyterLabAppSettings, SpaceSettings, SpaceSharingSettings, SpaceStorageSettings,
};

choices!(SharingType);

structure!(SPACE_SETTINGS: SpaceSettings {
    optional JupyterServerAppSettings = jupyter_server_app_settings, JUPYTER_SERVER_APP_SETTINGS;
    optional KernelGatewayAppSettings = kernel_gateway_app_settings, KERNEL_GATEWAY_APP_SETTINGS;
    optional CodeEditorAppSettings = code_editor_app_settings, SPACE_CODE_EDITOR_APP_SETTINGS;
    optional JupyterLabAppSettings = jupyter_lab_app_settings, SPACE_JUPYTER_LAB_APP_SETTINGS;
    optional AppType = app_type, Shape::choice(AppType::values());
    optional SpaceStorageSettings = space_storage_settings, SPACE_STORAGE_SETTINGS;
    optional SpaceManagedResources = space_managed_resources, Shape::choice(FeatureStatus::values());
    optional CustomFileSystems = custom_file_systems, Shape::list(5, &CUSTOM_FILE_SYSTEM);
    optional RemoteAccess = remote_access, Shape::choice(FeatureStatus::values());
});

structure!(SPACE_JUPYTER_LAB_APP_SETTINGS: SpaceJupyterLabAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional CodeRepositories = code_repositories, Shape::list(10, &CODE_REPOSITORY);
    optional AppLifecycleManagement = app_lifecycle_management, SPACE_APP_LIFECYCLE_MANAGEMENT;
});

structure!(SPACE_CODE_EDITOR_APP_SETTINGS: SpaceCodeEditorAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional AppLifecycleManagement = app_lifecycle_management, SPACE_APP_LIFECYCLE_MANAGEMENT;
});

structure!(SPACE_APP_LIFECYCLE_MANAGEMENT: SpaceAppLifecycleManagement {
    optional IdleSettings = idle_settings, SPACE_IDLE_SETTINGS;
});

structure!(SPACE_IDLE_SETTINGS: SpaceIdleSettings {
    optional IdleTimeoutInMinutes = idle_timeout_in_minutes, IDLE_TIMEOUT_IN_MINUTES;
});

structure!(SPACE_STORAGE_SETTINGS: SpaceStorageSettings {
    optional EbsStorageSettings = ebs_storage_settings, EBS_STORAGE_SETTINGS;
});

structure!(EBS_STORAGE_SETTINGS: EbsStorageSettings {
    required EbsVolumeSizeInGb = ebs_volume_size_in_gb, SPACE_EBS_VOLUME_SIZE_IN_GB;
});

union!(CUSTOM_FILE_SYSTEM: CustomFileSystem {
    EFSFileSystem = EfsFileSystem, EFS_FILE_SYSTEM;
    FSxLustreFileSystem = FSxLustreFileSystem, FSX_LUSTRE_FILE_SYSTEM;
    S3FileSystem = S3FileSystem, S3_FILE_SYSTEM;
});

structure!(EFS_FILE_SYSTEM: EfsFileSystem {
    required FileSystemId = file_system_id, FILE_SYSTEM_ID;
});

structure!(FSX_LUSTRE_FILE_SYSTEM: FSxLustreFileSystem {
    required FileSystemId = file_system_id, FILE_SYSTEM_ID;
});

structure!(S3_FILE_SYSTEM: S3FileSystem {
    required S3Uri = s3_uri, S3_SCHEMA_URI;
});

structure!(OWNERSHIP_SETTINGS: OwnershipSettings {
    required OwnerUserProfileName = owner_user_profile_name, USER_PROFILE_NAME;
});

structure!(SPACE_SHARING_SETTINGS: SpaceSharingSettings {
    required SharingType = sharing_type, Shape::choice(SharingType::values());
});
