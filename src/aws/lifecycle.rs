//! Lifecycle configs: created in AWS when missing, under names made from their content.

mod sync;

pub use sync::{SyncOutcome, Synced, sync};

use super::fault::{AwsFault, Kind};
use crate::config::{LifecycleApp, LifecycleConfig};
use crate::error::{Code, Refusal};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::StudioLifecycleConfigAppType;

const DESCRIBE: &str = "sagemaker:DescribeStudioLifecycleConfig";
const CREATE: &str = "sagemaker:CreateStudioLifecycleConfig";

/// What AWS has under a config's name.
pub(super) enum Found {
    /// Nothing.
    Missing,
    /// The config, with this ARN.
    Same(String),
    /// Another script, or one for another app.
    Other,
}

/// ARN of a lifecycle config, which is created if it does not exist.
///
/// # Errors
/// Faults of AWS; `gateway.fault` if a config of this name has another content: it would run in people's notebooks,
/// and it is not ours.
pub(super) async fn ensure(client: &Client, wanted: &LifecycleConfig) -> Result<String, Refusal> {
    if let Some(arn) = same(find(client, wanted).await?, wanted)? {
        return Ok(arn);
    }
    if let Some(arn) = create(client, wanted).await? {
        return Ok(arn);
    }
    // Somebody else's sign-in made it meanwhile.
    same(find(client, wanted).await?, wanted)?.ok_or_else(|| without_arn(DESCRIBE))
}

fn same(found: Found, wanted: &LifecycleConfig) -> Result<Option<String>, Refusal> {
    match found {
        Found::Missing => Ok(None),
        Found::Same(arn) => Ok(Some(arn)),
        Found::Other => {
            let reason =
                format!("the lifecycle config {:?} exists with another content or app type", wanted.name);
            Err(Refusal::new(Code::GatewayFault, reason))
        }
    }
}

/// Calls `CreateStudioLifecycleConfig`. `None`: there is one of this name by now.
async fn create(client: &Client, wanted: &LifecycleConfig) -> Result<Option<String>, Refusal> {
    let created = client
        .create_studio_lifecycle_config()
        .studio_lifecycle_config_name(&wanted.name)
        .studio_lifecycle_config_app_type(app_type(wanted.app))
        .studio_lifecycle_config_content(&wanted.content)
        .send()
        .await;
    match created {
        Ok(output) => output
            .studio_lifecycle_config_arn()
            .map(|arn| Some(arn.to_owned()))
            .ok_or_else(|| without_arn(CREATE)),
        Err(error) => match AwsFault::of(CREATE, &error) {
            AwsFault { kind: Kind::InUse, .. } => Ok(None),
            fault => Err(fault.into()),
        },
    }
}

pub(super) async fn find(client: &Client, wanted: &LifecycleConfig) -> Result<Found, Refusal> {
    let found =
        client.describe_studio_lifecycle_config().studio_lifecycle_config_name(&wanted.name).send().await;
    let output = match found {
        Ok(output) => output,
        Err(error) => {
            return match AwsFault::of(DESCRIBE, &error) {
                AwsFault { kind: Kind::NotFound, .. } => Ok(Found::Missing),
                fault => Err(fault.into()),
            };
        }
    };
    let same = output.studio_lifecycle_config_content() == Some(&wanted.content)
        && output.studio_lifecycle_config_app_type() == Some(&app_type(wanted.app));
    if !same {
        return Ok(Found::Other);
    }
    output
        .studio_lifecycle_config_arn()
        .map(|arn| Found::Same(arn.to_owned()))
        .ok_or_else(|| without_arn(DESCRIBE))
}

fn without_arn(api: &str) -> Refusal {
    Refusal::new(Code::AwsUnavailable, format!("{api}: an answer without an ARN"))
}

pub(super) fn app_type(app: LifecycleApp) -> StudioLifecycleConfigAppType {
    match app {
        LifecycleApp::JupyterLab => StudioLifecycleConfigAppType::JupyterLab,
        LifecycleApp::CodeEditor => StudioLifecycleConfigAppType::CodeEditor,
        LifecycleApp::JupyterServer => StudioLifecycleConfigAppType::JupyterServer,
        LifecycleApp::KernelGateway => StudioLifecycleConfigAppType::KernelGateway,
    }
}
