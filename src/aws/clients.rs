//! Clients of the AWS SDK, made once for each account and region, and shared.

use super::bounded::Bounded;
use super::http_client;
use super::lost_connection::LostConnection;
use super::provisioner::ProvisionerRole;
use crate::arn::RoleArn;
use crate::config::{Aws, Config, Domain, NotebookPlace, Provisioner};
use crate::metrics::{Metered, Metrics};
use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::collections::{BTreeSet, HashMap};
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
    settings: Aws,
    /// What all of them are made with.
    shared: SdkConfig,
    /// By account and region.
    sts: HashMap<(String, String), aws_sdk_sts::Client>,
    ours: HashMap<Place, Ours>,
}

/// The clients are made for these places.
fn places(config: &Config) -> BTreeSet<Place> {
    let notebooks = config.destinations.iter().filter_map(|one| one.notebooks());
    let notebooks = notebooks.map(Place::of_notebooks);
    config.domains.iter().map(|domain| Place::of(domain)).chain(notebooks).collect()
}

/// Where the gateway calls, and as whom: by its own credentials, or as a provisioner role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    partition: String,
    account: String,
    region: String,
    provisioner: Option<Provisioner>,
}

/// Clients that sign as the gateway, or as a provisioner role.
#[derive(Debug)]
struct Ours {
    /// What they are made with.
    credentials: SdkConfig,
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
        let region = config.destinations.first().map(|one| one.region().to_owned()).unwrap_or_default();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client::shared())
            .region(Region::new(region))
            .timeout_config(timeouts)
            .retry_config(retries);
        if let GatewayCredentials::Static(keys) = credentials {
            loader = loader.credentials_provider(keys);
        }
        let shared = loader.load().await;
        let mut sts = HashMap::new();
        let mut ours = HashMap::new();
        for place in places(config) {
            let sts_config = at(&shared, &place.region, config.aws.sts_endpoint.as_ref());
            let clients = if let Some(provisioner) = &place.provisioner {
                let sts = aws_sdk_sts::config::Builder::from(&sts_config)
                    .retry_classifier(LostConnection)
                    .interceptor(Metered(metrics.clone()))
                    .interceptor(place.bounded(config, metrics));
                let sts = aws_sdk_sts::Client::from_conf(sts.build());
                let role = ProvisionerRole { sts, settings: provisioner.clone() };
                let assumed = assuming(role, &sts_config, config.aws.call);
                Ours::new(config, &assumed, &place, metrics)
            } else {
                Ours::new(config, &shared, &place, metrics)
            };
            sts.entry((place.account.clone(), place.region.clone())).or_insert_with(|| {
                let config = aws_sdk_sts::config::Builder::from(&sts_config)
                    .retry_classifier(LostConnection)
                    .interceptor(Metered(metrics.clone()))
                    .interceptor(place.bounded(config, metrics));
                aws_sdk_sts::Client::from_conf(config.build())
            });
            ours.insert(place, clients);
        }
        Self { settings: config.aws.clone(), shared, sts, ours }
    }

    /// Whether they do for this configuration, too: the same settings, accounts and regions.
    #[must_use]
    pub fn are_for(&self, config: &Config) -> bool {
        self.settings == config.aws && self.ours.keys().cloned().collect::<BTreeSet<_>>() == places(config)
    }

    /// For each region, what clients of STS and of SageMaker are made with that sign as the gateway.
    pub(super) fn endpoints(&self) -> Vec<(String, SdkConfig, SdkConfig)> {
        let Aws { sts_endpoint, sagemaker_endpoint, .. } = &self.settings;
        let regions: BTreeSet<_> = self.ours.keys().map(|place| place.region.clone()).collect();
        let of = |region: String| {
            let sts = at(&self.shared, &region, sts_endpoint.as_ref());
            let sagemaker = at(&self.shared, &region, sagemaker_endpoint.as_ref());
            (region, sts, sagemaker)
        };
        regions.into_iter().map(of).collect()
    }

    /// The client that takes this role of people, or another of its account, in this region.
    pub(super) fn sts(&self, role: &RoleArn, region: &str) -> Option<&aws_sdk_sts::Client> {
        self.sts.get(&(role.account().to_owned(), region.to_owned()))
    }

    /// The client that signs as the gateway, or as the domain's provisioner role.
    pub(super) fn sagemaker(&self, domain: &Domain) -> Option<&aws_sdk_sagemaker::Client> {
        self.ours.get(&Place::of(domain)).map(|ours| &ours.sagemaker)
    }

    /// What the gateway signs with in the domain's account: its own credentials, or the domain's provisioner role.
    pub(super) fn credentials(&self, domain: &Domain) -> Option<&SdkConfig> {
        self.ours.get(&Place::of(domain)).map(|ours| &ours.credentials)
    }

    /// The same for IAM, which has one endpoint for all regions.
    pub(super) fn iam(&self, domain: &Domain) -> Option<&aws_sdk_iam::Client> {
        self.ours.get(&Place::of(domain)).map(|ours| &ours.iam)
    }

    /// The client for the account and region of notebook instances, that signs as the gateway or the provisioner role.
    pub(super) fn notebooks(&self, place: &NotebookPlace) -> Option<&aws_sdk_sagemaker::Client> {
        self.ours.get(&Place::of_notebooks(place)).map(|ours| &ours.sagemaker)
    }
}

/// A client that signs as somebody's role session, on the connections of another one.
pub(super) fn signing_as(
    client: &aws_sdk_sagemaker::Client,
    session: Credentials,
) -> aws_sdk_sagemaker::Client {
    let config = client.config().to_builder();
    let config = config
        .credentials_provider(SharedCredentialsProvider::new(session))
        // Used once: nothing of it has to be kept.
        .identity_cache(IdentityCache::no_cache())
        .build();
    aws_sdk_sagemaker::Client::from_conf(config)
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
        Self::at(&domain.roles, &domain.region, domain.provisioner.clone())
    }

    fn of_notebooks(place: &NotebookPlace) -> Self {
        Self::at(&place.roles, &place.region, place.provisioner.clone())
    }

    /// Where people's roles are, which are all of one account.
    fn at(roles: &[RoleArn], region: &str, provisioner: Option<Provisioner>) -> Self {
        let role = roles.first();
        Self {
            partition: role.map_or("aws", RoleArn::partition).to_owned(),
            account: role.map(|role| role.account().to_owned()).unwrap_or_default(),
            region: region.to_owned(),
            provisioner,
        }
    }

    /// Bounds for the calls in this account and region.
    fn bounded(&self, config: &Config, metrics: &Metrics) -> Bounded {
        Bounded::new(&config.aws.bounds, metrics, &self.account, &self.region)
    }
}

impl Ours {
    fn new(config: &Config, credentials: &SdkConfig, place: &Place, metrics: &Metrics) -> Self {
        let sagemaker = at(credentials, &place.region, config.aws.sagemaker_endpoint.as_ref());
        let iam = at(credentials, iam_region(&place.partition), config.aws.iam_endpoint.as_ref());
        let (metered, bounded) = (Metered(metrics.clone()), place.bounded(config, metrics));
        let sagemaker = aws_sdk_sagemaker::config::Builder::from(&sagemaker)
            .retry_classifier(LostConnection)
            .interceptor(metered.clone())
            .interceptor(bounded.clone())
            .build();
        let iam = aws_sdk_iam::config::Builder::from(&iam)
            .retry_classifier(LostConnection)
            .interceptor(metered)
            .interceptor(bounded)
            .build();
        Self {
            credentials: credentials.clone(),
            sagemaker: aws_sdk_sagemaker::Client::from_conf(sagemaker),
            iam: aws_sdk_iam::Client::from_conf(iam),
        }
    }
}

/// Credentials of a provisioner role: assumed when they are needed first, kept, and replaced before they end.
fn assuming(role: ProvisionerRole, shared: &SdkConfig, load: Duration) -> SdkConfig {
    let cache = IdentityCache::lazy().buffer_time(REFRESH).load_timeout(load).build();
    shared
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(role))
        .identity_cache(cache)
        .build()
}

/// What a client is made with, for a region and perhaps an endpoint of one's own.
pub(super) fn at(shared: &SdkConfig, region: &str, endpoint: Option<&Url>) -> SdkConfig {
    let mut config = shared.to_builder().region(Region::new(region.to_owned()));
    config.set_endpoint_url(endpoint.map(|url| url.as_str().trim_end_matches('/').to_owned()));
    config.build()
}

/// The region that calls of IAM are signed for in each partition (AWS General Reference, IAM endpoints).
pub(super) fn iam_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}
