//! A gateway, its embedded AWS, and the key of its identity provider, for one test.

use crate::browser::{Answer, Ask, Browser, StudioPage};
use crate::log_lines;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, redirect};
use std::fs;
use std::future::{Future, poll_fn};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;
use std::time::Duration;
use studio_gateway::aws::GatewayCredentials;
use studio_gateway::clock::Clock;
use studio_gateway::config::{Config, SealKey, Sources};
use studio_gateway::demo::aws::{EmbeddedAws, Outcome, Profile, ProfileView, Space, StaticKeys, World};
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::metadata::metadata_xml;
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::{Addressing, Response};
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::demo::world;
use studio_gateway::serve::{Certificate, Current, Running};
use studio_gateway::sign_in::Gateway;
use tokio::net::TcpListener;
use toml::{Table, Value};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/corp";
pub(crate) const DATA_SCIENTIST: &str = "arn:aws:iam::111122223333:role/DataScientist";
pub(crate) const ML_ENGINEER: &str = "arn:aws:iam::111122223333:role/team/MLEngineer";
pub(crate) const EXECUTION_ROLE: &str = "arn:aws:iam::111122223333:role/StudioExecution";
pub(crate) const IDP: &str = "https://idp.example.com/corp";
pub(crate) const SSO: &str = "https://idp.example.com/corp/sso";
pub(crate) const SCRIPT: &str = "#!/bin/bash\ngit config --global init.defaultBranch main\n";
/// Base64 of what every SAML response here begins with: no log line may hold it.
const BEGINNING_OF_A_RESPONSE: &str = "PHNhbWxwOlJlc3BvbnNl";

const CONFIGURATION: &str = r#"
[gateway]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:1"
contact = "the ML platform team"

[saml]
audiences = ["urn:amazon:webservices"]

[[idp]]
key = "corp"
name = "Example Corp"
metadata_file = "idp.xml"
saml_providers = ["arn:aws:iam::111122223333:saml-provider/corp"]

[aws]
attempts = 2

[[domain]]
key = "research"
name = "Research"
domain_id = "d-research"
region = "ap-northeast-2"
roles = ["arn:aws:iam::111122223333:role/DataScientist"]
poll_milliseconds = 1

[domain.profile]
execution_role = "arn:aws:iam::111122223333:role/StudioExecution"
security_groups = ["sg-0123456789abcdef0"]

[domain.profile.tags]
"cost-center" = { attribute = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:costcenter" }
"managed-by" = { value = "studio-gateway" }

[[domain.profile.lifecycle]]
app = "JupyterLab"
script = "git-config.sh"

[[domain]]
key = "platform"
name = "ML Platform"
domain_id = "d-platform"
region = "ap-northeast-2"
roles = ["arn:aws:iam::111122223333:role/team/MLEngineer"]
poll_milliseconds = 1
landing_uri = "app:JupyterLab:"

[[rule]]
name = "Data scientists"
groups = "data-science"
allow = "research"

[[rule]]
name = "ML engineers"
roles = "arn:aws:iam::111122223333:role/team/MLEngineer"
allow = "platform"
"#;

/// The IdP's key, made once: making one takes longer than a test.
pub(crate) fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(KeyKind::Rsa(2048), "Example Corp IdP").unwrap())
}

/// A key that nobody trusts.
pub(crate) fn stranger_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(KeyKind::P256, "Somebody else").unwrap())
}

/// The metadata of the IdP.
pub(crate) fn idp_metadata() -> String {
    metadata_xml(IDP, SSO, &[key()]).unwrap()
}

/// A data scientist.
pub(crate) fn alice() -> Person {
    person("alice")
}

/// A data scientist of this name.
pub(crate) fn person(user_id: &str) -> Person {
    let mut person = Person::new(user_id, user_id, user_id, &format!("{DATA_SCIENTIST},{PROVIDER}"));
    person.groups = vec!["data-science".into()];
    person
}

/// A data scientist who is an ML engineer too, and whose second role names the provider first.
pub(crate) fn ada() -> Person {
    let mut ada = person("ada");
    ada.roles.push(format!("{PROVIDER},{ML_ENGINEER}"));
    ada
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct StageClock {
    start: DateTime<Utc>,
    milliseconds: Arc<AtomicI64>,
    ticks: Arc<AtomicBool>,
}

impl StageClock {
    fn new() -> Self {
        Self {
            start: Clock::system().now().trunc_subsecs(0),
            milliseconds: Arc::default(),
            ticks: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let start = if self.ticks.load(Ordering::Relaxed) { Clock::system().now() } else { self.start };
        start + TimeDelta::milliseconds(self.milliseconds.load(Ordering::Relaxed))
    }

    /// From now on it goes as the machine's does, for processes that read that.
    pub(crate) fn tick(&self) {
        self.milliseconds.store(0, Ordering::Relaxed);
        self.ticks.store(true, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.milliseconds.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }
}

type WorldChange = Box<dyn FnOnce(&mut World)>;
type ConfigChange = Box<dyn Fn(&mut Config)>;

/// What a stage is set with, before it starts.
pub(crate) struct Setting {
    table: Table,
    world: Vec<WorldChange>,
    adjust: Vec<ConfigChange>,
    files: Vec<(String, String)>,
    instances: usize,
}

impl Setting {
    /// One IdP, two domains, nobody there yet.
    pub(crate) fn usual() -> Self {
        Self {
            table: CONFIGURATION.parse().unwrap(),
            world: Vec::new(),
            adjust: Vec::new(),
            files: vec![("idp.xml".into(), idp_metadata()), ("git-config.sh".into(), SCRIPT.into())],
            instances: 1,
        }
    }

    /// A configuration as somebody wrote it, with its IdP's metadata in `idp-metadata.xml`.
    pub(crate) fn of(configuration: &str) -> Self {
        let files = vec![("idp-metadata.xml".into(), idp_metadata())];
        Self {
            table: configuration.parse().unwrap(),
            world: Vec::new(),
            adjust: Vec::new(),
            files,
            instances: 1,
        }
    }

    /// Changes a key of the configuration, such as `domain.0.ready_seconds`.
    pub(crate) fn set(mut self, path: &str, value: impl Into<Value>) -> Self {
        let (parents, key) = path.rsplit_once('.').unwrap();
        self.table_at(parents).insert(key.to_owned(), value.into());
        self
    }

    /// The table of this path; missing ones are made.
    fn table_at(&mut self, path: &str) -> &mut Table {
        let mut table = &mut self.table;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let entry = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            let index = parts.peek().and_then(|next| next.parse::<usize>().ok());
            let entry = match index {
                Some(index) => {
                    parts.next();
                    &mut entry.as_array_mut().unwrap()[index]
                }
                None => entry,
            };
            table = entry.as_table_mut().unwrap();
        }
        table
    }

    /// Takes a key out of the configuration.
    pub(crate) fn without(mut self, path: &str) -> Self {
        let (parents, key) = path.rsplit_once('.').unwrap();
        self.table_at(parents).remove(key);
        self
    }

    /// Takes a table, or an array of tables, out of the configuration.
    pub(crate) fn remove(mut self, key: &str) -> Self {
        self.table.remove(key);
        self
    }

    /// Puts keys and tables, written as TOML, into a table of the configuration.
    pub(crate) fn inside(mut self, path: &str, toml: &str) -> Self {
        let more: Table = toml.parse().unwrap();
        self.table_at(path).extend(more);
        self
    }

    /// Puts these rules, written as TOML, in place of the present ones.
    pub(crate) fn rules(mut self, toml: &str) -> Self {
        self.table.remove("rule");
        self.append(toml)
    }

    /// Appends tables to the configuration, written as TOML.
    pub(crate) fn append(mut self, toml: &str) -> Self {
        let more: Table = toml.parse().unwrap();
        for (key, value) in more {
            match (self.table.get_mut(&key), value) {
                (Some(Value::Array(present)), Value::Array(new)) => present.extend(new),
                (_, new) => {
                    self.table.insert(key, new);
                }
            }
        }
        self
    }

    /// Adds a file that the configuration may name.
    pub(crate) fn file(mut self, name: &str, content: &str) -> Self {
        self.files.push((name.to_owned(), content.to_owned()));
        self
    }

    /// Puts another text in place of a file.
    pub(crate) fn replace_file(mut self, name: &str, content: &str) -> Self {
        self.files.retain(|(present, _)| present != name);
        self.file(name, content)
    }

    /// Used assertions are remembered in DynamoDB. In a region of its own, since all clients of a service and region in a
    /// process have one budget for retries, and other tests use it up.
    pub(crate) fn shared_ledger(self) -> Self {
        static LEDGERS: AtomicUsize = AtomicUsize::new(0);
        let region = format!("stage-{}", LEDGERS.fetch_add(1, Ordering::Relaxed));
        self.append("[replay]\nledger = \"dynamodb\"\n[replay.dynamodb]\ntable = \"studio-gateway-replay\"\n")
            .set("replay.dynamodb.region", region)
    }

    /// Changes the AWS accounts.
    pub(crate) fn world(mut self, change: impl FnOnce(&mut World) + 'static) -> Self {
        self.world.push(Box::new(change));
        self
    }

    /// Changes the configuration after it was read, to what a file may not say.
    pub(crate) fn adjust(mut self, change: impl Fn(&mut Config) + 'static) -> Self {
        self.adjust.push(Box::new(change));
        self
    }

    /// Puts a profile into the research domain, with this owner tag, if any, and this status (empty: `InService`).
    pub(crate) fn profile(self, name: &str, owner: Option<&str>, status: &str) -> Self {
        let profile = Profile {
            domain_id: "d-research".into(),
            name: name.into(),
            tags: owner.map(|owner| ("studiouserid".to_owned(), owner.to_owned())).into_iter().collect(),
            status: status.into(),
            ..Profile::default()
        };
        self.world(|world| world.profiles.push(profile))
    }

    /// Puts a space into the research domain, in service.
    pub(crate) fn space(self, name: &str, owner: Option<&str>, sharing: Option<&str>) -> Self {
        let space = Space {
            domain_id: "d-research".into(),
            name: name.into(),
            owner: owner.map(str::to_owned),
            sharing: sharing.map(str::to_owned),
            ..Space::default()
        };
        self.world(|world| world.spaces.push(space))
    }

    /// Several instances of the gateway behind one address, as far as browsers and the IdP know.
    pub(crate) fn instances(mut self, count: usize) -> Self {
        self.instances = count;
        self.adjust(|config| config.gateway.seal_keys = vec![SealKey([7; 32])])
    }

    /// Sign-ins that take any time at all are answered with the page that watches.
    pub(crate) fn impatient(self) -> Self {
        self.adjust(|config| config.gateway.prepare_after = Duration::ZERO)
    }

    /// Starts everything.
    pub(crate) async fn start(mut self) -> Stage {
        log_lines::keep();
        let clock = StageClock::new();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let tls = self.table["gateway"].get("tls").is_some();
        let scheme = if tls { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        self = self.set("gateway.public_url", url.clone());

        let config = self.config(&clock);
        let addressing = Addressing {
            acs_url: config.saml.acs_url.clone(),
            audiences: config.saml.audiences.clone(),
            idp_entity_id: IDP.into(),
        };
        let metadata: Vec<_> = self
            .files
            .iter()
            .filter(|(name, _)| Path::new(name).extension().is_some_and(|kind| kind == "xml"))
            .map(|(_, xml)| xml.clone())
            .collect();
        let mut world = world::of(&config, &metadata).unwrap();
        world.gateway_keys.push(admin());
        for change in std::mem::take(&mut self.world) {
            change(&mut world);
        }
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let aws = EmbeddedAws::start(world, clock.clock(), loopback).await.unwrap();
        for endpoint in ["sts_endpoint", "sagemaker_endpoint", "iam_endpoint", "service_quotas_endpoint"] {
            if self.table.get("aws").and_then(|aws| aws.get(endpoint)).is_none() {
                self = self.set(&format!("aws.{endpoint}"), aws.url());
            }
        }

        if self.table.get("replay").and_then(|replay| replay.get("dynamodb")).is_some() {
            self = self.set("replay.dynamodb.endpoint", aws.url());
        }
        for sink in ["cloudwatch_logs", "firehose", "eventbridge"] {
            if self.table.get("audit").and_then(|audit| audit.get(sink)).is_some() {
                self = self.set(&format!("audit.{sink}.endpoint"), aws.url());
            }
        }

        let credentials = GatewayCredentials::Static(world::gateway_credentials());
        let mut configs: Vec<_> = (0..self.instances).map(|_| self.config(&clock)).collect();
        for config in &mut configs {
            // Tests are not to depend on how fast this machine is.
            config.gateway.prepare_after = Duration::from_mins(1);
            for change in &self.adjust {
                change(config);
            }
        }
        let mut configs = configs.into_iter();
        let gateway =
            Gateway::new(configs.next().unwrap(), clock.clock(), credentials.clone()).await.unwrap();
        let gateway = Arc::new(gateway);
        let mut running = vec![Running::start(listener, Arc::clone(&gateway)).unwrap()];
        for config in configs {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let other = Gateway::new(config, clock.clock(), credentials.clone()).await.unwrap();
            running.push(Running::start(listener, Arc::new(other)).unwrap());
        }
        // Whatever is issued in the same instant as the gateway started may have been used before.
        clock.advance(TimeDelta::seconds(1));
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            // Certificates of the tests name no address. Those that matter are compared.
            .tls_danger_accept_invalid_certs(tls)
            .tls_info(tls)
            .build()
            .unwrap();
        Stage {
            aws,
            clock,
            http,
            url,
            gateway,
            addressing,
            table: self.table,
            files: self.files,
            running: Mutex::new(running),
            secrets: Mutex::default(),
            seen: AtomicUsize::new(0),
        }
    }

    fn config(&self, clock: &StageClock) -> Config {
        let file = |path: &Path| {
            let file = self.files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| text.clone()).ok_or_else(|| std::io::ErrorKind::NotFound.into())
        };
        let sources = Sources {
            file: &file,
            bytes: &|path: &Path| file(path).map(String::into_bytes),
            variable: &|_| None,
            remote: &studio_gateway::config::nothing_remote,
        };
        Config::from_table(&self.table, &sources, clock.now()).expect("a usable configuration")
    }
}

/// A running gateway with its embedded AWS.
pub(crate) struct Stage {
    pub(crate) aws: EmbeddedAws,
    pub(crate) clock: StageClock,
    pub(crate) http: Client,
    pub(crate) url: String,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) addressing: Addressing,
    table: Table,
    files: Vec<(String, String)>,
    running: Mutex<Vec<Running>>,
    secrets: Mutex<Vec<String>>,
    seen: AtomicUsize,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Setting::usual().start().await
    }

    /// Writes the configuration of this stage, and what it names, into a folder; gives the path of the former. It listens on a
    /// free port.
    pub(crate) fn write_into(&self, folder: &Path) -> PathBuf {
        for (name, text) in &self.files {
            fs::write(folder.join(name), text).unwrap();
        }
        let path = folder.join("gateway.toml");
        fs::write(&path, self.table.to_string()).unwrap();
        path
    }

    /// The certificate that the listener serves with.
    pub(crate) fn certificate(&self) -> Certificate {
        self.running.lock().unwrap()[0].certificate().unwrap()
    }

    /// What the first instance answers with.
    pub(crate) fn current(&self) -> Current {
        self.running.lock().unwrap()[0].current()
    }

    /// Tells the service to end, and waits until it has.
    pub(crate) async fn stop(&self) {
        let all = std::mem::take(&mut *self.running.lock().unwrap());
        for running in all {
            running.stop().await.unwrap();
        }
    }

    /// A response with which this person can sign in now.
    pub(crate) fn response_for(&self, person: &Person) -> Response {
        Response::valid(self.clock.now(), &self.addressing, person)
    }

    /// The same, with one thing changed before it is signed.
    pub(crate) fn broken(&self, change: impl FnOnce(&mut Response)) -> Response {
        let mut response = self.response_for(&alice());
        change(&mut response);
        response
    }

    /// Signs a response and posts it, as the IdP's page does in a browser.
    pub(crate) fn post(&self, response: &Response) -> Ask<'_> {
        self.post_xml(&response.sign(key(), Signed::Both).unwrap())
    }

    /// Posts a message as it is.
    pub(crate) fn post_xml(&self, xml: &str) -> Ask<'_> {
        self.post_value(&Response::encode(xml))
    }

    /// Posts any value as `SAMLResponse`.
    pub(crate) fn post_value(&self, value: &str) -> Ask<'_> {
        self.keep_secret(value);
        self.acs().field("SAMLResponse", value)
    }

    /// A POST to the ACS, without anything in it.
    pub(crate) fn acs(&self) -> Ask<'_> {
        Ask::new(self, Method::POST, &self.addressing.acs_url)
    }

    /// Signs somebody in, IdP-initiated.
    pub(crate) fn sign_in(&self, person: &Person) -> Ask<'_> {
        self.post(&self.response_for(person))
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.request(Method::GET, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Ask<'_> {
        Ask::new(self, method, &format!("{}{path}", self.url))
    }

    /// A POST to one of several instances.
    pub(crate) fn post_to(&self, instance: usize, path: &str) -> Ask<'_> {
        self.request_at(instance, Method::POST, path)
    }

    /// A request to one of several instances.
    pub(crate) fn request_at(&self, instance: usize, method: Method, path: &str) -> Ask<'_> {
        let address = self.running.lock().unwrap()[instance].address();
        Ask::new(self, method, &format!("http://{address}{path}"))
    }

    /// Signs somebody in, IdP-initiated, at one of several instances.
    pub(crate) fn sign_in_at(&self, instance: usize, person: &Person) -> Ask<'_> {
        let value = self.encode(&self.response_for(person));
        self.post_to(instance, "/saml/acs").field("SAMLResponse", &value)
    }

    /// Signs a response; gives the value that is posted.
    pub(crate) fn encode(&self, response: &Response) -> String {
        let value = Response::encode(&response.sign(key(), Signed::Both).unwrap());
        self.keep_secret(&value);
        value
    }

    /// Starts a sign-in here. The browser has the cookie then; the answer holds the request.
    pub(crate) async fn login(&self, query: &str) -> (Browser, Answer<'_>) {
        let answer = self.get(&format!("/login{query}")).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let mut browser = Browser::default();
        browser.absorb(&answer);
        (browser, answer)
    }

    /// Answers the page with several destinations.
    pub(crate) fn choose(&self, token: &str, choice: &str) -> Ask<'_> {
        self.request(Method::POST, "/choose").field("token", token).field("choice", choice)
    }

    /// Opens a presigned link, as the browser would that is redirected there.
    pub(crate) async fn open(&self, link: &str) -> StudioPage {
        let opened = self.http.get(link).send().await.unwrap();
        assert_eq!(opened.status(), 302, "{}", opened.text().await.unwrap());
        let cookie = opened.headers()[SET_COOKIE].to_str().unwrap().to_owned();
        let page = format!("{}{}", self.aws.url(), opened.headers()[LOCATION].to_str().unwrap());
        let page =
            self.http.get(page).header(COOKIE, cookie.split(';').next().unwrap()).send().await.unwrap();
        assert_eq!(page.status(), 200);
        StudioPage { html: page.text().await.unwrap() }
    }

    /// What was called at AWS since this was asked last, oldest first: the operation, and the error if it was one.
    pub(crate) fn called(&self) -> Vec<String> {
        let events = self.aws.events();
        let seen = self.seen.swap(events.len(), Ordering::Relaxed);
        events[seen..]
            .iter()
            .map(|event| {
                let (_, operation) = event.api.split_once(':').unwrap();
                match &event.outcome {
                    Outcome::Ok => operation.to_owned(),
                    Outcome::Error(code) => format!("{operation}: {code}"),
                }
            })
            .collect()
    }

    /// How often an operation was called so far, successfully or not.
    pub(crate) fn times(&self, api: &str) -> usize {
        self.aws.events().iter().filter(|event| event.api == api).count()
    }

    /// The user profile of this name in the research domain.
    #[track_caller]
    pub(crate) fn profile(&self, name: &str) -> ProfileView {
        let mut profiles = self.aws.profiles().into_iter();
        profiles
            .find(|profile| profile.name == name && profile.domain_id == "d-research")
            .unwrap_or_else(|| panic!("no profile {name}"))
    }

    /// An admin with the AWS console open.
    pub(crate) async fn admin(&self) -> aws_sdk_sagemaker::Client {
        let keys = admin();
        let keys = aws_credential_types::Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            None,
            None,
            "test",
        );
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region("ap-northeast-2")
            .credentials_provider(keys)
            .endpoint_url(self.aws.url())
            .load()
            .await;
        aws_sdk_sagemaker::Client::new(&config)
    }

    /// IAM, as the gateway reaches it.
    pub(crate) async fn gateway_iam(&self) -> aws_sdk_iam::Client {
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region("us-east-1")
            .credentials_provider(world::gateway_credentials())
            .endpoint_url(self.aws.url())
            .load()
            .await;
        aws_sdk_iam::Client::new(&config)
    }

    /// From now on, a log line with this text in it fails the test.
    pub(crate) fn keep_secret(&self, text: &str) {
        // Shorter ones would be found anywhere.
        if text.len() >= 12 {
            self.secrets.lock().unwrap().push(text.to_owned());
        }
    }
}

impl Drop for Stage {
    /// Nothing of what has to stay secret is in any log line. Checked in every test, at its end.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for secret in self.secrets.lock().unwrap().iter() {
            log_lines::never_held(secret);
        }
        for secret in [BEGINNING_OF_A_RESPONSE, "/studio/auth?token=", "ASIA", world::SECRET_ACCESS_KEY] {
            log_lines::never_held(secret);
        }
    }
}

/// Somebody who may do everything in SageMaker.
fn admin() -> StaticKeys {
    StaticKeys {
        access_key_id: "AKIAADMINOFTHETESTS0".into(),
        secret_access_key: "the-secret-of-the-admin-of-the-tests".into(),
        principal_arn: format!("arn:aws:iam::{ACCOUNT}:role/Admin"),
        policies: vec![serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [
                { "Effect": "Allow", "Action": "sagemaker:*", "Resource": "*" },
                { "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" },
            ],
        })],
    }
}

/// Runs all at the same time, and waits for the last.
pub(crate) async fn together<F: IntoFuture>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.into_iter().map(|one| (Box::pin(one.into_future()), None)).collect();
    poll_fn(|context| {
        for (future, output) in &mut running {
            if output.is_none()
                && let Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
