//! The demo: an embedded identity provider and an embedded AWS on loopback, and the real gateway between them.
//!
//! It is reached by the subcommand `demo` alone. No configuration key leads here, and `serve` never does: the embedded
//! IdP signs whatever it is asked to.

pub mod aws;
pub mod bench;
pub mod idp;
pub mod load;
pub mod world;

use crate::aws::GatewayCredentials;
use crate::clock::Clock;
use crate::config::{Config, Sources};
use crate::demo::aws::EmbeddedAws;
use crate::demo::idp::key::{KeyKind, SigningKey};
use crate::demo::idp::people::{Person, demo_people};
use crate::demo::idp::signature::Signed;
use crate::demo::idp::{EmbeddedIdp, IdpSetup, ServiceProvider};
use crate::serve::Running;
use crate::sign_in::Gateway;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use toml::{Table, Value};

/// The configuration of the demo, as it is shipped.
pub const CONFIGURATION: &str = include_str!("../config/demo.toml");
const GIT_CONFIG: &str = include_str!("../config/lifecycle/jupyterlab/git-config.sh");
const ACCOUNT: &str = "111122223333";
const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/demo";
const ENTITY_ID: &str = "https://idp.example.com/demo";

/// Everything of a running demo. Dropping it stops it.
pub struct Demo {
    /// The gateway.
    pub gateway: Running,
    /// The embedded AWS.
    pub aws: EmbeddedAws,
    /// The embedded IdP; none when the demo runs with a configuration, and so an IdP, of its user's own.
    pub idp: Option<EmbeddedIdp>,
    /// Where a person begins.
    pub url: String,
}

impl Demo {
    /// Starts everything. The gateway takes port `base`, the IdP and AWS the two after it; 0 picks free ones.
    pub async fn start(base: u16, clock: Clock) -> Result<Self, Box<dyn Error>> {
        let port = |offset: u16| if base == 0 { 0 } else { base.saturating_add(offset) };
        let gateway_listener = bind(port(0)).await?;
        let idp_listener = bind(port(1)).await?;
        let url = format!("http://{}", gateway_listener.local_addr()?);
        let key = SigningKey::generate(KeyKind::Rsa(2048), "Example Corp demo IdP")?;
        let sso_url = idp::sso_url(&idp::url_of(&idp_listener)?);
        let metadata = idp::metadata::metadata_xml(ENTITY_ID, &sso_url, &[&key])?;

        let mut table: Table = CONFIGURATION.parse()?;
        set(&mut table, "gateway", "listen", &gateway_listener.local_addr()?.to_string());
        set(&mut table, "gateway", "public_url", &url);
        let files = |path: &Path| match path.to_str() {
            Some("idp-metadata.xml") => Ok(metadata.clone()),
            Some("lifecycle/jupyterlab/git-config.sh") => Ok(GIT_CONFIG.to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let bytes = |path: &Path| files(path).map(String::into_bytes);
        let sources = Sources {
            file: &files,
            bytes: &bytes,
            variable: &|_| None,
            remote: &crate::config::nothing_remote,
        };

        let config = Config::from_table(&table, &sources, clock.now())?;
        let people = demo_people(ACCOUNT, PROVIDER);
        let mut world = world::of(&config, std::slice::from_ref(&metadata))?;
        world.profiles = seeds(&people);
        world.notebooks = notebook_seeds(&people);
        let aws = EmbeddedAws::start(world, clock.clone(), loopback(port(2))).await?;
        aws.knobs().pending_for(Duration::from_secs(2));
        for (api, milliseconds) in [
            ("sts:AssumeRoleWithSAML", 80),
            ("sagemaker:DescribeUserProfile", 60),
            ("sagemaker:CreatePresignedDomainUrl", 150),
        ] {
            aws.knobs().latency(api, Duration::from_millis(milliseconds));
        }

        let service_provider = ServiceProvider {
            entity_id: config.saml.entity_id.clone(),
            acs_url: config.saml.acs_url.clone(),
            audiences: config.saml.audiences.clone(),
        };
        let setup = IdpSetup { entity_id: ENTITY_ID.into(), service_provider, people, signed: Signed::Both };
        let idp = EmbeddedIdp::start(idp_listener, setup, key, clock.clone())?;

        let config = with_endpoints(table, aws.url(), &sources, &clock)?;
        let gateway = start_gateway(gateway_listener, config, clock).await?;
        Ok(Self { gateway, aws, idp: Some(idp), url })
    }

    /// Starts the gateway with a configuration of the user's own, and so with their real IdP; only AWS is embedded.
    pub async fn start_with(path: &Path, aws_port: u16, clock: Clock) -> Result<Self, Box<dyn Error>> {
        let (table, folder) = world::read_table(path)?;
        let sources = Sources {
            file: &|file| crate::config::read_file(&folder, file),
            bytes: &|file| crate::config::read_bytes(&folder, file),
            variable: &crate::config::read_variable,
            remote: &crate::config::nothing_remote,
        };
        let config = Config::from_table(&table, &sources, clock.now())?;
        if !config.gateway.listen.ip().is_loopback() {
            return Err("gateway.listen: the demo listens on loopback only".into());
        }
        let listener = TcpListener::bind(config.gateway.listen).await?;
        let url = config.gateway.public_url.clone();
        let aws = start_aws(path, loopback(aws_port), clock.clone()).await?;
        let config = with_endpoints(table, aws.url(), &sources, &clock)?;
        let gateway = start_gateway(listener, config, clock).await?;
        Ok(Self { gateway, aws, idp: None, url })
    }

    /// Stops everything.
    pub async fn stop(self) -> io::Result<()> {
        self.gateway.stop().await?;
        if let Some(idp) = self.idp {
            idp.stop().await?;
        }
        self.aws.stop().await;
        Ok(())
    }
}

/// Starts the embedded AWS alone, with the accounts that a gateway configuration expects.
pub async fn start_aws(path: &Path, listen: SocketAddr, clock: Clock) -> Result<EmbeddedAws, Box<dyn Error>> {
    let (config, metadata) = read(path, &clock)?;
    Ok(EmbeddedAws::start(world::of(&config, &metadata)?, clock, listen).await?)
}

/// The same before anybody has set up a gateway there.
pub async fn start_bare_aws(
    path: &Path,
    listen: SocketAddr,
    clock: Clock,
) -> Result<EmbeddedAws, Box<dyn Error>> {
    let (config, _) = read(path, &clock)?;
    Ok(EmbeddedAws::start(world::before_set_up(&config)?, clock, listen).await?)
}

/// A configuration, with the metadata of its IdPs.
fn read(path: &Path, clock: &Clock) -> Result<(Config, Vec<String>), Box<dyn Error>> {
    let (table, folder) = world::read_table(path)?;
    let sources = Sources {
        file: &|file| crate::config::read_file(&folder, file),
        bytes: &|file| crate::config::read_bytes(&folder, file),
        variable: &crate::config::read_variable,
        remote: &crate::config::nothing_remote,
    };
    let config = Config::from_table(&table, &sources, clock.now())?;
    Ok((config, world::metadata_files(&table, &folder)?))
}

async fn start_gateway(
    listener: TcpListener,
    config: Config,
    clock: Clock,
) -> Result<Running, Box<dyn Error>> {
    let gateway =
        Gateway::new(config, clock, GatewayCredentials::Static(world::gateway_credentials())).await?;
    Ok(Running::start(listener, Arc::new(gateway))?)
}

fn with_endpoints(
    mut table: Table,
    url: &str,
    sources: &Sources<'_>,
    clock: &Clock,
) -> Result<Config, Box<dyn Error>> {
    set(&mut table, "aws", "sts_endpoint", url);
    set(&mut table, "aws", "sagemaker_endpoint", url);
    set(&mut table, "aws", "iam_endpoint", url);
    Ok(Config::from_table(&table, sources, clock.now())?)
}

fn set(table: &mut Table, section: &str, key: &str, value: &str) {
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(key.to_owned(), Value::String(value.to_owned()));
    }
}

/// One person's profile is there already, and one person's profile name is taken by somebody else.
fn seeds(people: &[Person]) -> Vec<aws::Profile> {
    let profile = |key: &str, domain: &str, owner: Option<&str>| {
        let person = people.iter().find(|person| person.key == key)?;
        Some(aws::Profile {
            domain_id: domain.to_owned(),
            name: crate::profile_name::ProfileName::of(&person.user_id).to_string(),
            tags: [("studiouserid".to_owned(), owner.unwrap_or(&person.user_id).to_owned())].into(),
            ..aws::Profile::default()
        })
    };
    [profile("minjun", "d-research12345", None), profile("yuna", "d-platform12345", Some("somebody.else"))]
        .into_iter()
        .flatten()
        .collect()
}

/// One person's notebook instance is there, and stopped.
fn notebook_seeds(people: &[Person]) -> Vec<aws::Notebook> {
    let jiwoo = people.iter().find(|person| person.key == "jiwoo");
    let seed = |person: &Person| aws::Notebook {
        account: ACCOUNT.to_owned(),
        region: "ap-northeast-2".to_owned(),
        name: format!("{}-notebook", crate::profile_name::ProfileName::of(&person.user_id)),
        tags: [("studiouserid".to_owned(), person.user_id.clone())].into(),
        status: "Stopped".to_owned(),
        failure_reason: None,
    };
    jiwoo.map(seed).into_iter().collect()
}

async fn bind(port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(loopback(port))
        .await
        .map_err(|fault| format!("port {port}: {fault}; choose others with --port-base"))
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
