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
    /// Opens the connections that a sign-in needs, to STS and to the SageMaker API of each region, on the pool that sign-ins
    /// use, and says in the log as whom the gateway signs, or what is in the way. Sign-ins do not depend on it, and it ends
    /// at the limit.
    ///
    /// STS is asked `GetCallerIdentity`, which needs no permission. SageMaker has no such operation: its `/ping` is no API
    /// call, is not signed, and leaves nothing in CloudTrail.
    pub async fn warm(&self, limit: Duration) {
        let mut under_way = JoinSet::new();
        for (region, sts, sagemaker) in self.endpoints() {
            under_way.spawn(identity(sts, region.clone()));
            under_way.spawn(async move {
                // A profile and its tags are asked for at the same time.
                let answers = tokio::join!(ping(&sagemaker), ping(&sagemaker));
                if answers != (true, true) {
                    tracing::warn!(target: "studio_gateway::aws", region, "the SageMaker API cannot be reached");
                }
            });
        }
        let all = async { while under_way.join_next().await.is_some() {} };
        if timeout(limit, all).await.is_err() {
            tracing::warn!(target: "studio_gateway::aws", "no answer within {} ms: serving all the same", limit.as_millis());
        }
    }
}

async fn identity(config: SdkConfig, region: String) {
    let config = aws_sdk_sts::config::Builder::from(&config).retry_config(RetryConfig::disabled());
    match aws_sdk_sts::Client::from_conf(config.build()).get_caller_identity().send().await {
        Ok(caller) => {
            let identity = caller.arn().unwrap_or_default();
            tracing::info!(target: "studio_gateway::aws", region, identity, "signing as this identity");
        }
        Err(fault) => {
            let fault = AwsFault::of(IDENTITY, &fault);
            tracing::warn!(target: "studio_gateway::aws", region, "{fault}");
        }
    }
}

/// Whether there was any answer.
async fn ping(config: &SdkConfig) -> bool {
    let config = aws_sdk_sagemaker::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        // For a signature that is not sent.
        .credentials_provider(Credentials::new("ping", "ping", None, None, "ping"))
        .interceptor(Ping);
    let answer = aws_sdk_sagemaker::Client::from_conf(config.build()).list_domains().send().await;
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
