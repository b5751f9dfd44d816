//! `CanvasAppSettings`.

use super::super::super::shape::{ROLE_ARN, Rule, Shape};
use super::form::{ENABLED, KMS_KEY_ID, S3_URI, arn_tail};

const SECRET: Rule = Rule::length(1, 2048)
    .form("arn:aws[a-z\\-]*:secretsmanager:[a-z0-9\\-]*:[0-9]{12}:secret:.*", |text| {
        arn_tail(text, "secretsmanager").is_some_and(|tail| tail.starts_with("secret:"))
    });

pub(super) fn check(canvas: &Shape<'_>) {
    canvas.only(&[
        "TimeSeriesForecastingSettings",
        "ModelRegisterSettings",
        "WorkspaceSettings",
        "IdentityProviderOAuthSettings",
        "DirectDeploySettings",
        "KendraSettings",
        "GenerativeAiSettings",
        "EmrServerlessSettings",
    ]);
    for (part, role) in [
        ("TimeSeriesForecastingSettings", Some("AmazonForecastRoleArn")),
        ("ModelRegisterSettings", Some("CrossAccountModelRegisterRoleArn")),
        ("EmrServerlessSettings", Some("ExecutionRoleArn")),
        ("DirectDeploySettings", None),
        ("KendraSettings", None),
    ] {
        if let Some(part) = canvas.inside(part) {
            let members: Vec<_> = ["Status"].into_iter().chain(role).collect();
            part.only(&members);
            part.string("Status", ENABLED);
            if let Some(role) = role {
                part.string(role, ROLE_ARN);
            }
        }
    }
    if let Some(workspace) = canvas.inside("WorkspaceSettings") {
        workspace.only(&["S3ArtifactPath", "S3KmsKeyId"]);
        workspace.string("S3ArtifactPath", S3_URI);
        workspace.string("S3KmsKeyId", KMS_KEY_ID);
    }
    if let Some(generative) = canvas.inside("GenerativeAiSettings") {
        generative.only(&["AmazonBedrockRoleArn"]);
        generative.string("AmazonBedrockRoleArn", ROLE_ARN);
    }
    for source in canvas.each("IdentityProviderOAuthSettings", 20) {
        source.only(&["DataSourceName", "Status", "SecretArn"]);
        source.string("DataSourceName", Rule::one_of(&["SalesforceGenie", "Snowflake"]));
        source.string("Status", ENABLED);
        source.string("SecretArn", SECRET);
    }
}
