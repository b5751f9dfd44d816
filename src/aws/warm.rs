//! Connections to AWS before the first person comes: names looked up, TLS agreed on, the CA bundle read, the gateway's own
//! credentials found.

use super::clients::AwsClients;
use super::fault::AwsFault;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

const IDENTITY: &str = "sts:GetCallerIdentity";

impl AwsClients {
    /// Opens the connections that most sign-ins need, to STS and to the SageMaker API of each region, on the pool that
    /// sign-ins use, and says in the log as whom the gateway signs, or what is in the way. Sign-ins do not depend on it, and
    /// it ends at the limit.
    ///
    /// STS is asked `GetCallerIdentity`, which needs no permission. SageMaker has no such operation: its `/ping` is no API
    /// call, is not signed, and leaves nothing in CloudTrail.
    pub async fn warm(&self, limit: Duration) {
        let mut under_way = JoinSet::new();
        for (region, sts, sagemaker) in self.endpoints() {
            under_way.spawn(within(limit, "STS", region.clone(), identity(sts, region.clone())));
            under_way.spawn(within(limit, "the SageMaker API", region, reach(sagemaker)));
        }
        while under_way.join_next().await.is_some() {}
    }
}

/// Waits no longer than the limit, and says what went wrong.
async fn within(
    limit: Duration,
    api: &str,
    region: String,
    attempt: impl Future<Output = Result<(), String>>,
) {
    match timeout(limit, attempt).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => tracing::warn!(target: "studio_gateway::aws", region, "{fault}"),
        Err(_) => {
            let milliseconds = limit.as_millis();
            tracing::warn!(target: "studio_gateway::aws", region, "{api} did not answer within {milliseconds} ms");
        }
    }
}

/// Says who the gateway is.
async fn identity(config: SdkConfig, region: String) -> Result<(), String> {
    let config = aws_sdk_sts::config::Builder::from(&config).retry_config(RetryConfig::disabled());
    let caller = aws_sdk_sts::Client::from_conf(config.build()).get_caller_identity().send().await;
    let caller = caller.map_err(|fault| AwsFault::of(IDENTITY, &fault).to_string())?;
    let identity = caller.arn().unwrap_or_default();
    tracing::info!(target: "studio_gateway::aws", region, identity, "signing as this identity");
    Ok(())
}

/// Two connections: a profile and its tags are asked for at the same time.
async fn reach(config: SdkConfig) -> Result<(), String> {
    match tokio::join!(ping(&config), ping(&config)) {
        (true, true) => Ok(()),
        _ => Err("the SageMaker API cannot be reached".into()),
    }
}

/// Whether there was any answer.
async fn ping(config: &SdkConfig) -> bool {
    let config = aws_sdk_sagemaker::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        // For a signature that is not sent.
        .credentials_provider(Credentials::new("ping", "ping", None, None, "ping"))
        .interceptor(Ping);
    let client = aws_sdk_sagemaker::Client::from_conf(config.build());
    let answer = client.describe_user_profile().domain_id("ping").user_profile_name("ping").send().await;
    !matches!(answer, Err(SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)))
}

/// Makes a call into `GET /ping`.
#[derive(Debug)]
struct Ping;

impl Intercept for Ping {
    fn name(&self) -> &'static str {
        "Ping"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        *request = Request::get(format!("{}/ping", request.uri().trim_end_matches('/')))?;
        Ok(())
    }
}
