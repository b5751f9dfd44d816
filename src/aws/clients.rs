//! Clients of the AWS SDK, made once for each account and region, and shared.

use super::bounded::Bounded;
use crate::config::{Config, Domain, Provisioner};
use crate::metrics::{Metered, Metrics};
use aws_config::identity::IdentityCache;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use url::Url;

/// How long before their end the credentials of a provisioner role are replaced.
const REFRESH: Duration = Duration::from_mins(5);

/// Attempts for each call of a command that goes through many things, and the longest time that they take together. Each
/// waits twice as long as the one before, so that the calls at the same time come down to what AWS puts up with. (The SDK's
/// adaptive retries were tried: after a few throttled calls they let one pass in ten seconds, however much AWS would take
/// by then.)
const PATIENT_ATTEMPTS: u32 = 10;
const PATIENT_CALL: Duration = Duration::from_mins(3);

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

/// Clients for every account and region of the configuration, on one HTTP connection pool.
#[derive(Debug)]
pub struct AwsClients {
    /// By account and region.
    sts: HashMap<(String, String), aws_sdk_sts::Client>,
    ours: HashMap<Place, Ours>,
}

/// Where the gateway calls, and as whom: by its own credentials, or as a provisioner role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    account: String,
    region: String,
    provisioner: Option<Provisioner>,
}

/// Clients that sign as the gateway, or as a provisioner role.
#[derive(Debug)]
struct Ours {
    sagemaker: aws_sdk_sagemaker::Client,
    iam: aws_sdk_iam::Client,
}

impl AwsClients {
    /// Makes the clients. Nothing is called yet.
    pub async fn new(config: &Config, credentials: GatewayCredentials, metrics: &Metrics) -> Self {
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
        let mut ours = HashMap::new();
        for domain in &config.domains {
            let place = Place::of(domain);
            let sts_config = at(&shared, &domain.region, config.aws.sts_endpoint.as_ref());
            if let Some(provisioner) = &place.provisioner
                && !ours.contains_key(&place)
            {
                let assumed = assuming(provisioner, &sts_config, config.aws.call).await;
                ours.insert(place, Ours::new(config, &assumed, domain, metrics));
            } else {
                ours.entry(place).or_insert_with(|| Ours::new(config, &shared, domain, metrics));
            }
            sts.entry((account(domain), domain.region.clone())).or_insert_with(|| {
                let config = aws_sdk_sts::config::Builder::from(&sts_config)
                    .interceptor(Metered(metrics.clone()))
                    .interceptor(bounded(config, domain, metrics));
                aws_sdk_sts::Client::from_conf(config.build())
            });
        }
        Self { sts, ours }
    }

    /// The client that takes people's roles in the domain's account.
    pub(super) fn sts(&self, domain: &Domain) -> Option<&aws_sdk_sts::Client> {
        self.sts.get(&(account(domain), domain.region.clone()))
    }

    /// The client that signs as the gateway, or as the domain's provisioner role.
    pub(super) fn sagemaker(&self, domain: &Domain) -> Option<&aws_sdk_sagemaker::Client> {
        self.ours.get(&Place::of(domain)).map(|ours| &ours.sagemaker)
    }

    /// The same for IAM, which has one endpoint for all regions.
    pub(super) fn iam(&self, domain: &Domain) -> Option<&aws_sdk_iam::Client> {
        self.ours.get(&Place::of(domain)).map(|ours| &ours.iam)
    }

    /// A client that signs as somebody's role session, on the same connections.
    pub(super) fn sagemaker_as(
        &self,
        domain: &Domain,
        session: Credentials,
    ) -> Option<aws_sdk_sagemaker::Client> {
        let config = self.sagemaker(domain)?.config().to_builder();
        let config = config
            .credentials_provider(SharedCredentialsProvider::new(session))
            // Used once: nothing of it has to be kept.
            .identity_cache(IdentityCache::no_cache())
            .build();
        Some(aws_sdk_sagemaker::Client::from_conf(config))
    }
}

/// The same client for a command, which waits longer than a person who signs in would.
pub(super) fn patient(client: &aws_sdk_sagemaker::Client) -> aws_sdk_sagemaker::Client {
    let retries = RetryConfig::standard()
        .with_max_attempts(PATIENT_ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(200));
    let config = client
        .config()
        .to_builder()
        .retry_config(retries)
        .timeout_config(TimeoutConfig::builder().operation_timeout(PATIENT_CALL).build());
    aws_sdk_sagemaker::Client::from_conf(config.build())
}

impl Place {
    fn of(domain: &Domain) -> Self {
        Self {
            account: account(domain),
            region: domain.region.clone(),
            provisioner: domain.provisioner.clone(),
        }
    }
}

impl Ours {
    fn new(config: &Config, credentials: &SdkConfig, domain: &Domain, metrics: &Metrics) -> Self {
        let partition = domain.roles.first().map_or("aws", |role| role.partition());
        let sagemaker = at(credentials, &domain.region, config.aws.sagemaker_endpoint.as_ref());
        let iam = at(credentials, iam_region(partition), config.aws.iam_endpoint.as_ref());
        let (metered, bounded) = (Metered(metrics.clone()), bounded(config, domain, metrics));
        let sagemaker = aws_sdk_sagemaker::config::Builder::from(&sagemaker)
            .interceptor(metered.clone())
            .interceptor(bounded.clone())
            .build();
        let iam = aws_sdk_iam::config::Builder::from(&iam).interceptor(metered).interceptor(bounded).build();
        Self {
            sagemaker: aws_sdk_sagemaker::Client::from_conf(sagemaker),
            iam: aws_sdk_iam::Client::from_conf(iam),
        }
    }
}

/// The account that a domain is in. Its roles are all of it.
fn account(domain: &Domain) -> String {
    domain.roles.first().map(|role| role.account().to_owned()).unwrap_or_default()
}

/// Bounds for the calls in the domain's account and region.
fn bounded(config: &Config, domain: &Domain, metrics: &Metrics) -> Bounded {
    Bounded::new(&config.aws.bounds, metrics, &account(domain), &domain.region)
}

/// Credentials of a provisioner role: assumed when they are needed first, kept, and replaced before they end.
async fn assuming(provisioner: &Provisioner, sts: &SdkConfig, load: Duration) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(provisioner.role.as_str())
        .session_name(&provisioner.session_name)
        .configure(sts);
    if let Some(id) = &provisioner.external_id {
        provider = provider.external_id(id);
    }
    let cache = IdentityCache::lazy().buffer_time(REFRESH).load_timeout(load).build();
    sts.to_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider.build().await))
        .identity_cache(cache)
        .build()
}

/// What a client is made with, for a region and perhaps an endpoint of one's own.
fn at(shared: &SdkConfig, region: &str, endpoint: Option<&Url>) -> SdkConfig {
    let mut config = shared.to_builder().region(Region::new(region.to_owned()));
    config.set_endpoint_url(endpoint.map(|url| url.as_str().trim_end_matches('/').to_owned()));
    config.build()
}

/// The region that calls of IAM are signed for in each partition (AWS General Reference, IAM endpoints).
fn iam_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}
