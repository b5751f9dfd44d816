//! A site of one's own to put a load on: the embedded AWS in this process, and gateways as processes of their own, so that
//! what they need can be told from what the generator needs. Everything listens on loopback.

use super::{Crowd, Plan, Report};
use crate::clock::Clock;
use crate::config::{Config, Sources, nothing_remote, read_bytes, read_file, read_variable};
use crate::demo::aws::{EmbeddedAws, Profile};
use crate::demo::idp::key::{KeyKind, SigningKey};
use crate::demo::idp::metadata::metadata_xml;
use crate::demo::world;
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;
use url::Url;

const ENTITY_ID: &str = "https://idp.example.com/load";
/// How often to look whether a gateway has come up, and how often at most.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: u32 = 600;

/// AWS, gateways, and who comes. Dropping it ends all of it, and takes its files away.
pub struct OwnSite {
    crowd: Arc<Crowd>,
    targets: Vec<Url>,
    aws: EmbeddedAws,
    gateways: Vec<Child>,
    folder: PathBuf,
}

impl OwnSite {
    /// Starts it. Of the people, all but so many newcomers have a profile. `aws_milliseconds`: how long every call of AWS
    /// takes, beside its work.
    ///
    /// # Errors
    /// When a part of it does not start.
    pub async fn start(
        gateways: u32,
        people: u32,
        newcomers: u32,
        aws_milliseconds: u64,
        clock: Clock,
    ) -> Result<Self, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("studio-gateway-load-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let key = SigningKey::generate(KeyKind::Rsa(2048), "load")?;
        let sso = format!("{ENTITY_ID}/sso");
        let metadata = metadata_xml(ENTITY_ID, &sso, &[&key])?;
        fs::write(folder.join("idp.xml"), &metadata)?;
        fs::write(folder.join("seal.key"), STANDARD.encode(random::hex::<16>()?))?;
        let ports = free_ports(gateways.max(1))?;
        let first = ports.first().copied().ok_or("no gateway")?;
        // AWS has to know the configuration before its own address is known.
        let config = read(&write(&folder, first, first, "http://127.0.0.1:9")?, &clock)?;
        let crowd = Crowd::new(&config, key, 0, people)?;
        let mut world = world::of(&config, std::slice::from_ref(&metadata))?;
        let known = usize::try_from(people.saturating_sub(newcomers))?;
        world.profiles = crowd
            .profiles()
            .take(known)
            .map(|(domain_id, name, owner)| Profile {
                domain_id: domain_id.to_owned(),
                name,
                tags: [("studiouserid".to_owned(), owner)].into(),
                ..Profile::default()
            })
            .collect();
        world.most_profiles = usize::try_from(people)? + 1;
        let aws = EmbeddedAws::start(world, clock, (Ipv4Addr::LOCALHOST, 0).into()).await?;
        aws.knobs().latency("*", Duration::from_millis(aws_milliseconds));
        let mut site =
            Self { crowd: Arc::new(crowd), targets: Vec::new(), aws, gateways: Vec::new(), folder };
        for port in ports {
            let config = write(&site.folder, port, first, site.aws.url())?;
            site.gateways.push(serve(&config)?);
            until_up(port).await?;
            site.targets.push(format!("http://127.0.0.1:{port}").parse()?);
        }
        Ok(site)
    }

    /// Carries out the plan that is made for these gateways and their process ids.
    ///
    /// # Errors
    /// Those of [`super::run`].
    pub async fn bear(
        self,
        plan: impl FnOnce(Vec<Url>, Vec<u32>) -> Plan,
        clock: Clock,
    ) -> Result<Report, Box<dyn Error>> {
        let plan = plan(self.targets.clone(), self.gateways.iter().map(Child::id).collect());
        super::run(plan, Arc::clone(&self.crowd), clock).await
    }
}

impl Drop for OwnSite {
    fn drop(&mut self) {
        for gateway in &mut self.gateways {
            // It may have ended by itself.
            let _ = gateway.kill();
            let _ = gateway.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Reads a configuration that refers to nothing in AWS.
pub(super) fn read(path: &Path, clock: &Clock) -> Result<Config, Box<dyn Error>> {
    let (table, folder) = world::read_table(path)?;
    let sources = Sources {
        file: &|file| read_file(&folder, file),
        bytes: &|file| read_bytes(&folder, file),
        variable: &read_variable,
        remote: &nothing_remote,
    };
    Ok(Config::from_table(&table, &sources, clock.now())?)
}

/// Writes the configuration of the gateway at `port`. They differ in nothing else: the first one's address is that of all.
/// The ledger is shared, and connections may be many and idle for long; rate limits would see one address.
fn write(folder: &Path, port: u16, first: u16, aws: &str) -> std::io::Result<PathBuf> {
    let path = folder.join(format!("gateway-{port}.toml"));
    fs::write(
        &path,
        format!(
            r#"
[gateway]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{first}"
seal_keys = ["file:seal.key"]
connections = {{ most = 100000, idle_seconds = 4000 }}

[limits]
rates = false

[saml]
audiences = ["urn:amazon:webservices"]

[[idp]]
key = "load"
metadata_file = "idp.xml"
saml_providers = ["arn:aws:iam::111122223333:saml-provider/load"]

[aws]
sts_endpoint = "{aws}"
sagemaker_endpoint = "{aws}"
iam_endpoint = "{aws}"
calls_at_once = 2000

[replay]
ledger = "dynamodb"
dynamodb = {{ table = "studio-gateway-replay", endpoint = "{aws}" }}

[[domain]]
key = "research"
domain_id = "d-research12345"
region = "ap-northeast-2"
roles = ["arn:aws:iam::111122223333:role/DataScientist"]
poll_milliseconds = 200

[[rule]]
name = "Everyone"
everyone = true
allow = "research"
"#
        ),
    )?;
    Ok(path)
}

/// Starts a gateway: this program, with another command.
fn serve(config: &Path) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["serve", "--config"])
        .arg(config)
        .env("AWS_ACCESS_KEY_ID", world::ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", world::SECRET_ACCESS_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
}

async fn until_up(port: u16) -> Result<(), String> {
    for _ in 0..LOOKS {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok() {
            return Ok(());
        }
        sleep(LOOK).await;
    }
    Err(format!("the gateway at port {port} does not come up"))
}

/// Ports that nobody listens on at this moment.
fn free_ports(count: u32) -> std::io::Result<Vec<u16>> {
    let listeners: Result<Vec<_>, _> =
        (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect();
    listeners?.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}
