//! Another configuration while the service runs: the real binary on SIGHUP and by itself, and what goes on meanwhile.

use crate::browser::{Browser, between};
use crate::processes::{Process, folder};
use crate::stage::{ACCOUNT, IDP, SSO, Setting, Stage, ada, alice, key, stranger_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, redirect};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use studio_gateway::demo::aws::Notebook;
use studio_gateway::demo::idp::key::SigningKey;
use studio_gateway::demo::idp::metadata::metadata_xml;
use studio_gateway::demo::idp::response::Response;
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::load;
use studio_gateway::reload::Reload;
use studio_gateway::seal::Purpose;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const RELOADED: &str = "the configuration was reloaded";
const REFUSED: &str = "the new configuration cannot be used";

/// The binary that serves from a folder, beside a stage whose AWS it uses. That has to answer while a test waits for the binary:
/// on threads of its own.
struct Service {
    stage: Stage,
    process: Process,
    path: PathBuf,
    address: String,
    admin: String,
    http: Client,
}

impl Service {
    async fn start(name: &str, setting: Setting) -> Self {
        let stage = setting.shared_ledger().set("admin.listen", "127.0.0.1:0").start().await;
        let path = stage.write_into(&folder(name));
        let mut process = Process::start(&["serve", "--config", path.to_str().unwrap()]);
        let address = |line: String| between(&line, "\"address\":\"", "\"").unwrap();
        let admin = address(process.line_with("\"metrics\""));
        let address = address(process.line_with("\"serving\""));
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Self { stage, process, path, address, admin, http }
    }

    /// Writes the configuration anew, with one text in place of another, and tells the process.
    fn change(&mut self, from: &str, to: &str, then: &str) -> String {
        let text = fs::read_to_string(&self.path).unwrap();
        assert!(text.contains(from), "{from:?} in {text}");
        fs::write(&self.path, text.replacen(from, to, 1)).unwrap();
        self.process.hangup();
        self.process.line_with(then)
    }

    fn form(&self, signed_with: &SigningKey) -> String {
        let xml = self.stage.response_for(&alice()).sign(signed_with, Signed::Both).unwrap();
        form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLResponse", &Response::encode(&xml))
            .finish()
    }

    /// The status of a sign-in now.
    async fn sign_in(&self, signed_with: &SigningKey) -> u16 {
        let post = self.http.post(format!("http://{}/saml/acs", self.address)).body(self.form(signed_with));
        let answer = post.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        answer.status().as_u16()
    }

    async fn metrics(&self) -> String {
        let answer = self.http.get(format!("http://{}/metrics", self.admin)).send().await.unwrap();
        answer.text().await.unwrap()
    }
}

fn put(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, file).unwrap();
}

/// The answer to one request on a connection that stays open.
async fn get(stream: &mut TcpStream, path: &str) -> String {
    let head = format!("GET {path} HTTP/1.1\r\nHost: studio.example.com\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok\n") {
        let length = stream.read_buf(&mut answer).await.unwrap();
        assert_ne!(length, 0, "closed: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_rule_counts_from_the_next_sign_in_on_and_nothing_is_broken_off() {
    let mut service = Service::start("reload-rule", Setting::usual()).await;
    assert_eq!(service.sign_in(key()).await, 303);
    let mut idle = TcpStream::connect(&service.address).await.unwrap();
    assert!(get(&mut idle, "/healthz").await.starts_with("HTTP/1.1 200 "));

    // A sign-in has begun, and its body is still on the way, when the rule goes.
    let form = service.form(key());
    let mut under_way = TcpStream::connect(&service.address).await.unwrap();
    let head = format!(
        "POST /saml/acs HTTP/1.1\r\nHost: studio.example.com\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n",
        form.len()
    );
    under_way.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    under_way.read_exact(&mut go_on).await.unwrap();
    service.change("groups = \"data-science\"", "groups = \"nobody\"", RELOADED);
    assert_eq!(service.sign_in(key()).await, 403);

    under_way.write_all(form.as_bytes()).await.unwrap();
    let mut answer = String::new();
    under_way.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "it ends as it began: {answer}");
    assert!(get(&mut idle, "/healthz").await.starts_with("HTTP/1.1 200 "), "the connection was kept");

    service.change("groups = \"nobody\"", "groups = \"data-science\"", RELOADED);
    assert_eq!(service.sign_in(key()).await, 303);
    let metrics = service.metrics().await;
    assert!(metrics.contains("studio_gateway_config_reloads_total{outcome=\"taken\"} 2"), "{metrics}");
    assert!(metrics.contains("sign_ins_total{outcome=\"granted\",code=\"\"} 3"), "counted on: {metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_used_changes_nothing() {
    let mut service = Service::start("reload-refused", Setting::usual()).await;
    for (from, to, problem) in [
        ("region = \"ap-northeast-2\"", "region = \"Seoul\"", "domain[0].region: expected an AWS region"),
        ("[gateway]", "[gatew", "line "),
        (
            "listen = \"127.0.0.1:0\"",
            "listen = \"127.0.0.1:1\"",
            "gateway.listen: cannot change without a restart",
        ),
        ("ledger = \"dynamodb\"", "ledger = \"memory\"", "replay: cannot change without a restart"),
        (
            "[gateway]",
            "[gateway]\nconnections.most = 77",
            "gateway.connections: cannot change without a restart",
        ),
    ] {
        let before = fs::read_to_string(&service.path).unwrap();
        // The first `listen` of the text is the admin's.
        let line = if from.starts_with("listen") {
            let at = before.find("[gateway]").unwrap();
            let changed = format!("{}{}", &before[..at], before[at..].replacen(from, to, 1));
            fs::write(&service.path, changed).unwrap();
            service.process.hangup();
            service.process.line_with(REFUSED)
        } else {
            service.change(from, to, REFUSED)
        };
        assert!(line.contains(problem), "{problem:?} in {line}");
        assert_eq!(service.sign_in(key()).await, 303, "{problem}");
        fs::write(&service.path, before).unwrap();
    }
    let metrics = service.metrics().await;
    assert!(metrics.contains("config_reloads_total{outcome=\"refused\"} 5"), "{metrics}");
    assert!(metrics.contains("config_reloads_total{outcome=\"taken\"} 0"), "{metrics}");
    let loaded = between(&metrics, "\nstudio_gateway_config_loaded_timestamp_seconds ", "\n").unwrap();
    assert!(loaded.parse::<i64>().unwrap() > 1_700_000_000, "{loaded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_looked_at_again_and_again() {
    let both = || metadata_xml(IDP, SSO, &[key(), stranger_key()]).unwrap();
    let setting = Setting::usual()
        .set("gateway.reload_seconds", 1)
        .world(move |world| world.saml_providers.iter_mut().for_each(|one| one.metadata_xml = both()));
    let mut service = Service::start("reload-watch", setting).await;
    assert_eq!(service.sign_in(stranger_key()).await, 403);
    // The IdP has a new key: one file in another's place, as editors and deployment tools do it.
    let metadata = service.path.with_file_name("idp.xml");
    put(&metadata, &both());
    service.process.line_with(RELOADED);
    assert_eq!((service.sign_in(stranger_key()).await, service.sign_in(key()).await), (303, 303));
    put(&metadata, &metadata_xml(IDP, SSO, &[stranger_key()]).unwrap());
    service.process.line_with(RELOADED);
    assert_eq!((service.sign_in(stranger_key()).await, service.sign_in(key()).await), (303, 403));
    let metrics = service.metrics().await;
    assert_eq!(metrics.matches("idp_certificate_not_after_timestamp_seconds{").count(), 1, "{metrics}");
}

/// A stage that is reloaded from files, look by look.
async fn watched(setting: Setting, name: &str) -> (Stage, Reload, PathBuf) {
    let stage = setting.start().await;
    let path = stage.write_into(&folder(name));
    let place = path.to_str().unwrap();
    let (config, files) = load::recorded(Some(place), stage.clock.now()).await;
    config.unwrap();
    let reload = Reload::new(Some(place.to_owned()), stage.current(), files);
    (stage, reload, path)
}

#[tokio::test]
async fn what_is_half_written_never_counts() {
    let (stage, mut reload, path) = watched(Setting::usual(), "reload-half").await;
    let whole = fs::read_to_string(&path).unwrap();
    let changed = whole.replace("groups = \"data-science\"", "groups = \"nobody\"");
    // The beginning of a file is often a configuration, too.
    let half = changed.replace("\"ML engineers\"", "\"ML\"");
    fs::write(&path, half).unwrap();
    reload.look().await;
    fs::write(&path, changed).unwrap();
    reload.look().await;
    stage.sign_in(&alice()).await.expect_granted();
    reload.look().await;
    assert_eq!(stage.current().gateway().config.rules[1].name, "ML engineers");
    stage.sign_in(&alice()).await.expect_refused(403, "entitlement.none");
}

#[tokio::test]
async fn a_folder_that_a_link_names_may_be_another_by_now() {
    let stage = Setting::usual().start().await;
    let all = folder("reload-links");
    for version in ["one", "two"] {
        fs::create_dir_all(all.join(version)).unwrap();
        let path = stage.write_into(&all.join(version));
        if version == "two" {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, text.replace("groups = \"data-science\"", "groups = \"nobody\"")).unwrap();
        }
    }
    let (data, beside) = (all.join("data"), all.join("data-new"));
    let _ = fs::remove_file(&data);
    symlink("one", &data).unwrap();
    let place = data.join("gateway.toml").to_str().unwrap().to_owned();
    let files = load::recorded(Some(&place), stage.clock.now()).await.1;
    let mut reload = Reload::new(Some(place), stage.current(), files);
    reload.look().await;
    reload.look().await;
    stage.sign_in(&alice()).await.expect_granted();
    symlink("two", &beside).unwrap();
    fs::rename(beside, data).unwrap();
    reload.look().await;
    reload.look().await;
    stage.sign_in(&alice()).await.expect_refused(403, "entitlement.none");
}

#[tokio::test]
async fn what_was_used_before_stays_used() {
    let (stage, mut reload, path) = watched(Setting::usual(), "reload-ledger").await;
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_granted();
    let before = stage.current().gateway();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"Research\"", "\"Research and more\"")).unwrap();
    reload.now().await;
    assert!(!Arc::ptr_eq(&before, &stage.current().gateway()));
    stage.post(&response).await.expect_refused(403, "assertion.replayed");
    // The random key that seals cookies is still the same, too.
    let token = before.seal.seal(Purpose::Request, "b", "text").unwrap();
    let opened = stage.current().gateway().seal.open(Purpose::Request, "b", &token);
    assert!(opened.is_some());
}

#[tokio::test]
async fn who_has_not_chosen_yet_when_their_idp_goes_does_not_get_in() {
    let both = "[[rule]]\nname = 'all'\neveryone = true\nallow = ['research', 'platform']";
    let (stage, mut reload, path) = watched(Setting::usual().rules(both), "reload-idp").await;
    let answer = stage.sign_in(&ada()).await;
    let chooser = answer.expect_chooser();
    let mut browser = Browser::default();
    browser.absorb(&answer);
    let choice = chooser.offer("research");
    let other = path.with_file_name("other.xml");
    put(&other, &metadata_xml("https://idp.example.com/other", SSO, &[key()]).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"idp.xml\"", "\"other.xml\"")).unwrap();
    reload.now().await;
    let refused = stage.choose(&chooser.token, choice).from(&browser).await;
    refused.expect_refused(403, "choice.expired").because("not in the configuration any longer");
    fs::write(&path, text).unwrap();
    reload.now().await;
    stage.choose(&chooser.token, choice).from(&browser).await.expect_granted();
}

#[tokio::test]
async fn keys_are_replaced_without_logging_anyone_out() {
    let key = |byte: u8| STANDARD.encode([byte; 32]);
    let setting = Setting::usual()
        .inside("gateway", "seal_keys = ['file:old.key']")
        .file("old.key", &key(1))
        .file("new.key", &key(2));
    let (stage, mut reload, path) = watched(setting, "reload-keys").await;
    let keys = |from: &str, to: &str| {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
    };
    let (browser, answer) = stage.login("").await;
    let (id, _) = answer.authn_request();
    keys("\"file:old.key\"", "\"file:new.key\", \"file:old.key\"");
    reload.now().await;
    let response = stage.response_for(&alice()).answering(&id);
    stage.post(&response).from(&browser).await.expect_granted();

    // What the new key sealed, the old one alone does not open: so the new one counts, and the order matters.
    let (browser, answer) = stage.login("").await;
    let (id, _) = answer.authn_request();
    keys("\"file:new.key\", \"file:old.key\"", "\"file:old.key\"");
    reload.now().await;
    let response = stage.response_for(&alice()).answering(&id);
    stage.post(&response).from(&browser).await.expect_refused(403, "sign-in.lost");
}

/// Everybody may go to these places, in this order.
fn to_all(destinations: &str) -> String {
    format!("[[rule]]\nname = 'all'\neveryone = true\nallow = {destinations}")
}

/// Puts one text in place of another, wherever it is.
fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from:?} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

const LAB: &str = "[[destination]]\nkey = 'lab'\nname = 'Lab'\ndomain = 'research'\nlanding_uri = 'studio::'";

#[tokio::test]
async fn a_destination_that_goes_takes_nobody_anywhere() {
    let setting = Setting::usual().append(LAB).rules(&to_all("['lab', 'platform']")).impatient();
    let (stage, mut reload, path) = watched(setting, "reload-destination").await;
    let asked = stage.login("?to=lab").await;
    let (id, relay_state) = (asked.1.authn_request().0, asked.1.sent_relay_state().unwrap());
    let waiting = stage.sign_in(&alice()).await.expect_preparing();
    // Its page is open and tells of its steps, and goes on doing so.
    let events = waiting.watch(&stage).open().await;
    edit(&path, "\"lab\"", "\"other\"");
    reload.now().await;
    let told = events.text().await.unwrap();
    assert!(told.contains("event: ready"), "{told}");
    // But it leads nowhere.
    waiting.go_on(&stage).await.expect_refused(400, "choice.invalid");
    waiting.watch(&stage).await.expect_refused(400, "choice.invalid");
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
    // Who began for it at the gateway gets to where they may go now.
    let response = stage.response_for(&alice()).answering(&id);
    let answer = stage.post(&response).relay_state(&relay_state).from(&asked.0).await;
    answer.expect_studio("alice").await;
}

#[tokio::test]
async fn a_notebook_that_goes_is_not_started() {
    let notebook = "[[destination]]\nkey = 'notebook'\nname = 'Notebook'\n[destination.notebook]\nname = '{user_id}-nb'\n\
        region = 'ap-northeast-2'\nroles = ['arn:aws:iam::111122223333:role/DataScientist']\npoll_milliseconds = 1";
    let setting =
        Setting::usual().append(notebook).rules(&to_all("['research', 'notebook']")).world(|world| {
            world.notebooks.push(Notebook {
                account: ACCOUNT.into(),
                region: "ap-northeast-2".into(),
                name: "alice-nb".into(),
                tags: [("studiouserid".to_owned(), "alice".to_owned())].into(),
                status: "Stopped".into(),
                failure_reason: None,
            });
        });
    let (stage, mut reload, path) = watched(setting, "reload-notebook").await;
    let answer = stage.sign_in(&alice()).await;
    let chooser = answer.expect_chooser();
    let mut browser = Browser::default();
    browser.absorb(&answer);
    let choice = chooser.offer("notebook");
    edit(&path, "\"{user_id}-nb\"", "\"{user_id}-other\"");
    reload.now().await;
    // What counts is which instance it is now.
    stage.choose(&chooser.token, choice).from(&browser).await.expect_refused(400, "choice.invalid");
    edit(&path, ", \"notebook\"]", "]");
    reload.now().await;
    stage.choose(&chooser.token, choice).from(&browser).await.expect_refused(400, "choice.invalid");
    assert_eq!(stage.times("sagemaker:StartNotebookInstance"), 0);
}

#[tokio::test]
async fn after_one_that_cannot_be_used_the_next_one_counts() {
    let (stage, mut reload, path) = watched(Setting::usual(), "reload-mended").await;
    let good = fs::read_to_string(&path).unwrap();
    let narrowed = good.replace("\"data-science\"", "\"nobody\"");
    for bad in ["", "[gatew", &good.replace("ap-northeast-2", "Seoul"), &good.replace("idp.xml", "gone.xml")]
    {
        fs::write(&path, bad).unwrap();
        for _ in 0..3 {
            reload.look().await;
            stage.sign_in(&alice()).await.expect_granted();
        }
        // Another one, and the very one that was there before.
        for (text, status) in [(&narrowed, 403), (&good, 303)] {
            fs::write(&path, text).unwrap();
            reload.look().await;
            reload.look().await;
            assert_eq!(stage.sign_in(&alice()).await.status, status, "after {bad:?}");
        }
    }
    let metrics = stage.gateway.metrics.text();
    assert!(metrics.contains("config_reloads_total{outcome=\"refused\"} 4"), "{metrics}");
    assert!(metrics.contains("config_reloads_total{outcome=\"taken\"} 8"), "{metrics}");
}

/// Whether an address is told to come later, within so many requests that each say something else of themselves.
async fn is_limited(stage: &Stage, forwarded: impl Fn(usize) -> String) -> bool {
    for number in 0..50 {
        if stage.get("/").header("x-forwarded-for", &forwarded(number)).await.status == 429 {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn whom_proxies_speak_of_changes_with_the_number_of_proxies() {
    let limits =
        "[limits]\naddress_per_second = 1\naddress_burst = 1\nall_per_second = 1000000\nall_burst = 1000000";
    let setting = Setting::usual().set("gateway.proxies", 0).append(limits);
    let (stage, mut reload, path) = watched(setting, "reload-proxies").await;
    let anybody = |number| format!("203.0.113.{number}");
    assert!(is_limited(&stage, anybody).await, "they are all one: whoever connects");
    edit(&path, "proxies = 0", "proxies = 1");
    reload.now().await;
    assert!(!is_limited(&stage, anybody).await, "each is somebody else");
    assert!(
        is_limited(&stage, |number| format!("6.6.6.{number}, 203.0.113.77")).await,
        "the proxy's word counts"
    );
    assert!(is_limited(&stage, |number| format!("nonsense-{number}")).await, "all nonsense is one");
    assert!(is_limited(&stage, |number| "a,".repeat(1_000 + number)).await);
    edit(&path, "proxies = 1", "proxies = 0");
    reload.now().await;
    assert!(is_limited(&stage, anybody).await, "one again");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_made_before_the_service_listens_and_where_a_configuration_means_others() {
    let mut service = Service::start("reload-warm", Setting::usual().set("aws.breaker_failures", 19)).await;
    // Two claims, of which the second is refused.
    let made = |service: &Service| {
        (service.stage.times("sts:GetCallerIdentity"), service.stage.times("dynamodb:PutItem"))
    };
    assert_eq!(made(&service), (1, 2));
    service.change("groups = \"data-science\"", "groups = \"nobody\"", RELOADED);
    assert_eq!(made(&service), (1, 2), "the same connections");
    service.change("breaker_failures = 19", "breaker_failures = 18", RELOADED);
    assert_eq!(made(&service), (2, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_time_for_aws_in_the_middle_of_an_outage() {
    let setting = Setting::usual()
        .set("aws.attempts", 1)
        .set("aws.breaker_failures", 1)
        .set("aws.breaker_milliseconds", 60_000);
    let mut service = Service::start("reload-outage", setting).await;
    let open = |metrics: &str| {
        let line = metrics
            .lines()
            .find(|line| line.starts_with("studio_gateway_aws_breaker_open{api=\"sts:AssumeRoleWithSAML\""));
        line.map(|line| line.ends_with(" 1"))
    };
    service.stage.aws.knobs().fail("sts:AssumeRoleWithSAML", 1_000, 500, "InternalFailure");
    assert_eq!(service.sign_in(key()).await, 502);
    assert_eq!(open(&service.metrics().await), Some(true));
    service.stage.aws.knobs().clear();
    service.change("attempts = 1", "attempts = 2", RELOADED);
    assert_eq!(service.sign_in(key()).await, 303, "the calls are made by others by now");
    assert_eq!(open(&service.metrics().await), Some(false), "and nothing is said of what was");
}
