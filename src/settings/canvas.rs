//! SageMaker Canvas: `CanvasAppSettings`.
//!
//! Rows are in the order of the API's model, with its names. Nothing is decided here.

use super::limits::{KMS_KEY_ID, ROLE_ARN, S3_URI, SECRET_ARN};
use super::shape::Shape;
use super::wire::{choices, structure};
use aws_sdk_sagemaker::types::{
    CanvasAppSettings, DataSourceName, DirectDeploySettings, EmrServerlessSettings, FeatureStatus,
    GenerativeAiSettings, IdentityProviderOAuthSetting, KendraSettings, ModelRegisterSettings,
    TimeSeriesForecastingSettings, WorkspaceSettings,
};

choices!(FeatureStatus, DataSourceName);

structure!(TIME_SERIES_FORECASTING_SETTINGS: TimeSeriesForecastingSettings {
    optional Status = status, Shape::choice(FeatureStatus::values());
    optional AmazonForecastRoleArn = amazon_forecast_role_arn, ROLE_ARN;
});

structure!(MODEL_REGISTER_SETTINGS: ModelRegisterSettings {
    optional Status = status, Shape::choice(FeatureStatus::values());
    optional CrossAccountModelRegisterRoleArn = cross_account_model_register_role_arn, ROLE_ARN;
});

structure!(WORKSPACE_SETTINGS: WorkspaceSettings {
    optional S3ArtifactPath = s3_artifact_path, S3_URI;
    optional S3KmsKeyId = s3_kms_key_id, KMS_KEY_ID;
});

structure!(IDENTITY_PROVIDER_OAUTH_SETTING: IdentityProviderOAuthSetting {
    optional DataSourceName = data_source_name, Shape::choice(DataSourceName::values());
    optional Status = status, Shape::choice(FeatureStatus::values());
    optional SecretArn = secret_arn, SECRET_ARN;
});

structure!(DIRECT_DEPLOY_SETTINGS: DirectDeploySettings {
    optional Status = status, Shape::choice(FeatureStatus::values());
});

structure!(KENDRA_SETTINGS: KendraSettings {
    optional Status = status, Shape::choice(FeatureStatus::values());
});

structure!(GENERATIVE_AI_SETTINGS: GenerativeAiSettings {
    optional AmazonBedrockRoleArn = amazon_bedrock_role_arn, ROLE_ARN;
});

structure!(EMR_SERVERLESS_SETTINGS: EmrServerlessSettings {
    optional ExecutionRoleArn = execution_role_arn, ROLE_ARN;
    optional Status = status, Shape::choice(FeatureStatus::values());
});

structure!(CANVAS_APP_SETTINGS: CanvasAppSettings {
    optional TimeSeriesForecastingSettings = time_series_forecasting_settings,
        TIME_SERIES_FORECASTING_SETTINGS;
    optional ModelRegisterSettings = model_register_settings, MODEL_REGISTER_SETTINGS;
    optional WorkspaceSettings = workspace_settings, WORKSPACE_SETTINGS;
    optional IdentityProviderOAuthSettings = identity_provider_o_auth_settings,
        Shape::list(20, &IDENTITY_PROVIDER_OAUTH_SETTING);
    optional DirectDeploySettings = direct_deploy_settings, DIRECT_DEPLOY_SETTINGS;
    optional KendraSettings = kendra_settings, KENDRA_SETTINGS;
    optional GenerativeAiSettings = generative_ai_settings, GENERATIVE_AI_SETTINGS;
    optional EmrServerlessSettings = emr_serverless_settings, EMR_SERVERLESS_SETTINGS;
});
