//! A user profile: `UserSettings`, and what belongs to no single app: sharing, storage, file systems, the portal.
//!
//! Rows are in the order of the API's model, with its names. Nothing is decided here.

use super::apps::{
    CODE_EDITOR_APP_SETTINGS, JUPYTER_LAB_APP_SETTINGS, JUPYTER_SERVER_APP_SETTINGS,
    KERNEL_GATEWAY_APP_SETTINGS, RSESSION_APP_SETTINGS, RSTUDIO_SERVER_PRO_APP_SETTINGS,
    TENSOR_BOARD_APP_SETTINGS,
};
use super::canvas::CANVAS_APP_SETTINGS;
use super::limits::{
    FILE_SYSTEM_ID, FILE_SYSTEM_PATH, GID, IMAGE_VERSION_ALIAS_PATTERN, KMS_KEY_ID, LANDING_URI, ROLE_ARN,
    S3_SCHEMA_URI, S3_URI, SECURITY_GROUP_ID, SPACE_EBS_VOLUME_SIZE_IN_GB, STRING1024, UID,
};
use super::shape::Shape;
use super::wire::{choices, structure, union};
use aws_sdk_sagemaker::types::{
    AppInstanceType, AppType, AutoMountHomeEfs, CustomFileSystemConfig, CustomPosixUserConfig,
    DefaultEbsStorageSettings, DefaultSpaceStorageSettings, EfsFileSystemConfig,
    ExecutionRoleSessionNameMode, FSxLustreFileSystemConfig, HiddenSageMakerImage, MlTools,
    NotebookOutputOption, S3FileSystemConfig, SageMakerImageName, SharingSettings, StudioWebPortal,
    StudioWebPortalSettings, UserSettings,
};

choices!(
    NotebookOutputOption,
    StudioWebPortal,
    MlTools,
    AppType,
    SageMakerImageName,
    ExecutionRoleSessionNameMode,
    AutoMountHomeEfs
);

structure!(USER_SETTINGS: UserSettings {
    optional ExecutionRole = execution_role, ROLE_ARN;
    optional SecurityGroups = security_groups, Shape::list(5, &SECURITY_GROUP_ID);
    optional SharingSettings = sharing_settings, SHARING_SETTINGS;
    optional JupyterServerAppSettings = jupyter_server_app_settings, JUPYTER_SERVER_APP_SETTINGS;
    optional KernelGatewayAppSettings = kernel_gateway_app_settings, KERNEL_GATEWAY_APP_SETTINGS;
    optional TensorBoardAppSettings = tensor_board_app_settings, TENSOR_BOARD_APP_SETTINGS;
    optional RStudioServerProAppSettings = r_studio_server_pro_app_settings,
        RSTUDIO_SERVER_PRO_APP_SETTINGS;
    optional RSessionAppSettings = r_session_app_settings, RSESSION_APP_SETTINGS;
    optional CanvasAppSettings = canvas_app_settings, CANVAS_APP_SETTINGS;
    optional CodeEditorAppSettings = code_editor_app_settings, CODE_EDITOR_APP_SETTINGS;
    optional JupyterLabAppSettings = jupyter_lab_app_settings, JUPYTER_LAB_APP_SETTINGS;
    optional SpaceStorageSettings = space_storage_settings, DEFAULT_SPACE_STORAGE_SETTINGS;
    optional DefaultLandingUri = default_landing_uri, LANDING_URI;
    optional StudioWebPortal = studio_web_portal, Shape::choice(StudioWebPortal::values());
    optional CustomPosixUserConfig = custom_posix_user_config, CUSTOM_POSIX_USER_CONFIG;
    optional CustomFileSystemConfigs = custom_file_system_configs,
        Shape::list(10, &CUSTOM_FILE_SYSTEM_CONFIG);
    optional StudioWebPortalSettings = studio_web_portal_settings, STUDIO_WEB_PORTAL_SETTINGS;
    optional AutoMountHomeEFS = auto_mount_home_efs, Shape::choice(AutoMountHomeEfs::values());
});

structure!(SHARING_SETTINGS: SharingSettings {
    optional NotebookOutputOption = notebook_output_option, Shape::choice(NotebookOutputOption::values());
    optional S3OutputPath = s3_output_path, S3_URI;
    optional S3KmsKeyId = s3_kms_key_id, KMS_KEY_ID;
});

structure!(DEFAULT_SPACE_STORAGE_SETTINGS: DefaultSpaceStorageSettings {
    optional DefaultEbsStorageSettings = default_ebs_storage_settings, DEFAULT_EBS_STORAGE_SETTINGS;
});

structure!(DEFAULT_EBS_STORAGE_SETTINGS: DefaultEbsStorageSettings {
    required DefaultEbsVolumeSizeInGb = default_ebs_volume_size_in_gb, SPACE_EBS_VOLUME_SIZE_IN_GB;
    required MaximumEbsVolumeSizeInGb = maximum_ebs_volume_size_in_gb, SPACE_EBS_VOLUME_SIZE_IN_GB;
});

structure!(CUSTOM_POSIX_USER_CONFIG: CustomPosixUserConfig {
    required Uid = uid, UID;
    required Gid = gid, GID;
});

union!(CUSTOM_FILE_SYSTEM_CONFIG: CustomFileSystemConfig {
    EFSFileSystemConfig = EfsFileSystemConfig, EFS_FILE_SYSTEM_CONFIG;
    FSxLustreFileSystemConfig = FSxLustreFileSystemConfig, FSX_LUSTRE_FILE_SYSTEM_CONFIG;
    S3FileSystemConfig = S3FileSystemConfig, S3_FILE_SYSTEM_CONFIG;
});

structure!(EFS_FILE_SYSTEM_CONFIG: EfsFileSystemConfig {
    required FileSystemId = file_system_id, FILE_SYSTEM_ID;
    optional FileSystemPath = file_system_path, FILE_SYSTEM_PATH;
});

structure!(FSX_LUSTRE_FILE_SYSTEM_CONFIG: FSxLustreFileSystemConfig {
    required FileSystemId = file_system_id, FILE_SYSTEM_ID;
    optional FileSystemPath = file_system_path, FILE_SYSTEM_PATH;
});

structure!(S3_FILE_SYSTEM_CONFIG: S3FileSystemConfig {
    optional MountPath = mount_path, STRING1024;
    required S3Uri = s3_uri, S3_SCHEMA_URI;
});

structure!(STUDIO_WEB_PORTAL_SETTINGS: StudioWebPortalSettings {
    optional HiddenMlTools = hidden_ml_tools, Shape::any_list(&Shape::choice(MlTools::values()));
    optional HiddenAppTypes = hidden_app_types, Shape::any_list(&Shape::choice(AppType::values()));
    optional HiddenInstanceTypes = hidden_instance_types,
        Shape::any_list(&Shape::choice(AppInstanceType::values()));
    optional HiddenSageMakerImageVersionAliases = hidden_sage_maker_image_version_aliases,
        Shape::list(5, &HIDDEN_SAGE_MAKER_IMAGE);
    optional ExecutionRoleSessionNameMode = execution_role_session_name_mode,
        Shape::choice(ExecutionRoleSessionNameMode::values());
});

structure!(HIDDEN_SAGE_MAKER_IMAGE: HiddenSageMakerImage {
    optional SageMakerImageName = sage_maker_image_name, Shape::choice(SageMakerImageName::values());
    optional VersionAliases = version_aliases, Shape::list(20, &IMAGE_VERSION_ALIAS_PATTERN);
});
