//! Clients of the AWS SDK, made once and shared.

use crate::config::Config;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// What the gateway signs its own calls with.
#[derive(Clone)]
pub enum GatewayCredentials {
    /// The SDK's default chain: environment, profile, container, instance.
    Default,
    /// Given keys, for the embedded AWS of the demo and the tests.
    Static(Credentials),
}

impl fmt::Debug for GatewayCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewayCredentials")
    }
}

/// Clients for every region of the configuration, on one HTTP connection pool.
#[derive(Debug)]
pub struct AwsClients {
    sts: HashMap<String, aws_sdk_sts::Client>,
    sagemaker: HashMap<String, aws_sdk_sagemaker::Client>,
}

impl AwsClients {
    /// Makes the clients. Nothing is called yet.
    pub async fn new(config: &Config, credentials: GatewayCredentials) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(config.aws.connect)
            .operation_attempt_timeout(config.aws.attempt)
            .operation_timeout(config.aws.call)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(config.aws.attempts)
            .with_initial_backoff(Duration::from_millis(200));
        let region = config.domains.first().map(|domain| domain.region.clone()).unwrap_or_default();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region))
            .timeout_config(timeouts)
            .retry_config(retries);
        if let GatewayCredentials::Static(keys) = credentials {
            loader = loader.credentials_provider(keys);
        }
        let shared = loader.load().await;
        let mut sts = HashMap::new();
        let mut sagemaker = HashMap::new();
        for domain in &config.domains {
            let region = &domain.region;
            sts.entry(region.clone()).or_insert_with(|| {
                let endpoint = config.aws.sts_endpoint.as_ref();
                let builder = aws_sdk_sts::config::Builder::from(&shared).region(Region::new(region.clone()));
                aws_sdk_sts::Client::from_conf(
                    with_endpoint(builder, endpoint, aws_sdk_sts::config::Builder::endpoint_url).build(),
                )
            });
            sagemaker.entry(region.clone()).or_insert_with(|| sagemaker_client(config, &shared, region));
        }
        Self { sts, sagemaker }
    }

    pub(super) fn sts(&self, region: &str) -> Option<&aws_sdk_sts::Client> {
        self.sts.get(region)
    }

    /// The client that signs as the gateway's own role.
    pub(super) fn sagemaker(&self, region: &str) -> Option<&aws_sdk_sagemaker::Client> {
        self.sagemaker.get(region)
    }

    /// A client that signs as somebody's role session, on the same connections.
    pub(super) fn sagemaker_as(
        &self,
        region: &str,
        session: Credentials,
    ) -> Option<aws_sdk_sagemaker::Client> {
        let config = self.sagemaker.get(region)?.config().to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(session)).build();
        Some(aws_sdk_sagemaker::Client::from_conf(config))
    }
}

fn sagemaker_client(config: &Config, shared: &SdkConfig, region: &str) -> aws_sdk_sagemaker::Client {
    let endpoint = config.aws.sagemaker_endpoint.as_ref();
    let builder = aws_sdk_sagemaker::config::Builder::from(shared).region(Region::new(region.to_owned()));
    aws_sdk_sagemaker::Client::from_conf(
        with_endpoint(builder, endpoint, aws_sdk_sagemaker::config::Builder::endpoint_url).build(),
    )
}

fn with_endpoint<B>(builder: B, endpoint: Option<&url::Url>, set: impl FnOnce(B, String) -> B) -> B {
    match endpoint {
        Some(url) => set(builder, url.as_str().trim_end_matches('/').to_owned()),
        None => builder,
    }
}
