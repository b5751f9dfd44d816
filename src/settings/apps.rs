//! The apps of Studio: JupyterLab, Code Editor, and those of Studio Classic, with what they have in common.
//!
//! Rows are in the order of the API's model, with its names. Nothing is decided here.

use super::limits::{
    APP_IMAGE_CONFIG_NAME, IDLE_TIMEOUT_IN_MINUTES, IMAGE_ARN, IMAGE_NAME, IMAGE_VERSION_ALIAS,
    IMAGE_VERSION_ARN, IMAGE_VERSION_NUMBER, REPOSITORY_URL, ROLE_ARN, STUDIO_LIFECYCLE_CONFIG_ARN,
    STUDIO_RESOURCE_SPEC_TRAINING_PLAN_ARN,
};
use super::shape::Shape;
use super::wire::{choices, structure};
use aws_sdk_sagemaker::types::{
    AppInstanceType, AppLifecycleManagement, CodeEditorAppSettings, CodeRepository, CustomImage, EmrSettings,
    IdleSettings, JupyterLabAppSettings, JupyterServerAppSettings, KernelGatewayAppSettings,
    LifecycleManagement, RSessionAppSettings, RStudioServerProAccessStatus, RStudioServerProAppSettings,
    RStudioServerProUserGroup, ResourceSpec, TensorBoardAppSettings,
};

choices!(AppInstanceType, RStudioServerProAccessStatus, RStudioServerProUserGroup, LifecycleManagement);

structure!(RESOURCE_SPEC: ResourceSpec {
    optional SageMakerImageArn = sage_maker_image_arn, IMAGE_ARN;
    optional SageMakerImageVersionArn = sage_maker_image_version_arn, IMAGE_VERSION_ARN;
    optional SageMakerImageVersionAlias = sage_maker_image_version_alias, IMAGE_VERSION_ALIAS;
    optional InstanceType = instance_type, Shape::choice(AppInstanceType::values());
    optional LifecycleConfigArn = lifecycle_config_arn, STUDIO_LIFECYCLE_CONFIG_ARN;
    optional TrainingPlanArn = training_plan_arn, STUDIO_RESOURCE_SPEC_TRAINING_PLAN_ARN;
});

structure!(CODE_REPOSITORY: CodeRepository {
    required RepositoryUrl = repository_url, REPOSITORY_URL;
});

structure!(CUSTOM_IMAGE: CustomImage {
    required ImageName = image_name, IMAGE_NAME;
    optional ImageVersionNumber = image_version_number, IMAGE_VERSION_NUMBER;
    required AppImageConfigName = app_image_config_name, APP_IMAGE_CONFIG_NAME;
});

structure!(IDLE_SETTINGS: IdleSettings {
    optional LifecycleManagement = lifecycle_management, Shape::choice(LifecycleManagement::values());
    optional IdleTimeoutInMinutes = idle_timeout_in_minutes, IDLE_TIMEOUT_IN_MINUTES;
    optional MinIdleTimeoutInMinutes = min_idle_timeout_in_minutes, IDLE_TIMEOUT_IN_MINUTES;
    optional MaxIdleTimeoutInMinutes = max_idle_timeout_in_minutes, IDLE_TIMEOUT_IN_MINUTES;
});

structure!(APP_LIFECYCLE_MANAGEMENT: AppLifecycleManagement {
    optional IdleSettings = idle_settings, IDLE_SETTINGS;
});

structure!(EMR_SETTINGS: EmrSettings {
    optional AssumableRoleArns = assumable_role_arns, Shape::list(5, &ROLE_ARN);
    optional ExecutionRoleArns = execution_role_arns, Shape::list(5, &ROLE_ARN);
});

structure!(JUPYTER_LAB_APP_SETTINGS: JupyterLabAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional CustomImages = custom_images, Shape::list(200, &CUSTOM_IMAGE);
    optional LifecycleConfigArns = lifecycle_config_arns, Shape::any_list(&STUDIO_LIFECYCLE_CONFIG_ARN);
    optional CodeRepositories = code_repositories, Shape::list(10, &CODE_REPOSITORY);
    optional AppLifecycleManagement = app_lifecycle_management, APP_LIFECYCLE_MANAGEMENT;
    optional EmrSettings = emr_settings, EMR_SETTINGS;
    optional BuiltInLifecycleConfigArn = built_in_lifecycle_config_arn, STUDIO_LIFECYCLE_CONFIG_ARN;
});

structure!(CODE_EDITOR_APP_SETTINGS: CodeEditorAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional CustomImages = custom_images, Shape::list(200, &CUSTOM_IMAGE);
    optional LifecycleConfigArns = lifecycle_config_arns, Shape::any_list(&STUDIO_LIFECYCLE_CONFIG_ARN);
    optional AppLifecycleManagement = app_lifecycle_management, APP_LIFECYCLE_MANAGEMENT;
    optional BuiltInLifecycleConfigArn = built_in_lifecycle_config_arn, STUDIO_LIFECYCLE_CONFIG_ARN;
});

structure!(JUPYTER_SERVER_APP_SETTINGS: JupyterServerAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional LifecycleConfigArns = lifecycle_config_arns, Shape::any_list(&STUDIO_LIFECYCLE_CONFIG_ARN);
    optional CodeRepositories = code_repositories, Shape::list(10, &CODE_REPOSITORY);
});

structure!(KERNEL_GATEWAY_APP_SETTINGS: KernelGatewayAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional CustomImages = custom_images, Shape::list(200, &CUSTOM_IMAGE);
    optional LifecycleConfigArns = lifecycle_config_arns, Shape::any_list(&STUDIO_LIFECYCLE_CONFIG_ARN);
});

structure!(TENSOR_BOARD_APP_SETTINGS: TensorBoardAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
});

structure!(RSTUDIO_SERVER_PRO_APP_SETTINGS: RStudioServerProAppSettings {
    optional AccessStatus = access_status, Shape::choice(RStudioServerProAccessStatus::values());
    optional UserGroup = user_group, Shape::choice(RStudioServerProUserGroup::values());
});

structure!(RSESSION_APP_SETTINGS: RSessionAppSettings {
    optional DefaultResourceSpec = default_resource_spec, RESOURCE_SPEC;
    optional CustomImages = custom_images, Shape::list(200, &CUSTOM_IMAGE);
});
