//! The listener: TLS and its certificates, clients that are slow, idle or too many, and the end of the service.

use crate::log_lines;
use crate::stage::{Setting, Stage, alice, key};
use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode, SslVersion};
use reqwest::tls::TlsInfo;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use studio_gateway::config::Connections;
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::response::Response;
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::serve;
use studio_gateway::tls::PemPair;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};

/// Shorter than any test, and longer than it takes to answer.
const SOON: Duration = Duration::from_millis(300);
const READY: &str = "GET /readyz HTTP/1.1\r\nHost: studio.example.com\r\n\r\n";

fn pair_of(key: &SigningKey) -> PemPair {
    PemPair { certificate: key.certificate_pem().unwrap(), private_key: key.private_key_pem().unwrap() }
}

fn with_tls(key: &SigningKey) -> Setting {
    let PemPair { certificate, private_key } = pair_of(key);
    Setting::usual()
        .file("tls.crt", &certificate)
        .file("tls.key", &private_key)
        .set("gateway.tls.certificate", "file:tls.crt")
        .set("gateway.tls.private_key", "file:tls.key")
        .set("gateway.tls.reload_seconds", 300)
}

fn bounded(change: impl Fn(&mut Connections) + 'static) -> Setting {
    Setting::usual().adjust(move |config| change(&mut config.gateway.connections))
}

impl Stage {
    fn address(&self) -> SocketAddr {
        self.url.split_once("://").unwrap().1.parse().unwrap()
    }

    /// DER of the certificate that a new connection is shown.
    async fn shown(&self) -> Vec<u8> {
        let client =
            reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).tls_info(true);
        let answer = client.build().unwrap().get(format!("{}/readyz", self.url)).send().await.unwrap();
        answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
    }
}

/// Everything that comes until the other side closes; a reset is an end too.
pub(crate) async fn until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

/// Asks once on a connection, which stays open.
async fn ask(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    if stream.write_all(READY.as_bytes()).await.is_err() {
        return false;
    }
    while !answer.ends_with(b"\r\n\r\nready\n") {
        match stream.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => return false,
        }
    }
    answer.starts_with(b"HTTP/1.1 200 OK")
}

#[tokio::test]
async fn with_a_certificate_sign_ins_go_over_tls() {
    let certificate = SigningKey::generate(KeyKind::P256, "studio.example.com").unwrap();
    let stage = with_tls(&certificate).start().await;
    assert!(stage.addressing.acs_url.starts_with("https://"));
    assert_eq!(stage.shown().await, certificate.certificate_der().unwrap());
    stage.sign_in(&alice()).await.expect_studio("alice").await;

    // Nothing is answered to those who speak plain HTTP.
    let mut plain = TcpStream::connect(stage.address()).await.unwrap();
    plain.write_all(READY.as_bytes()).await.unwrap();
    assert!(!until_closed(&mut plain).await.contains("HTTP"));
}

fn handshake(address: SocketAddr, version: SslVersion) -> Result<SslStream<std::net::TcpStream>, String> {
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_verify(SslVerifyMode::NONE);
    // What this OpenSSL would not offer by itself any more.
    connector.set_cipher_list("DEFAULT:@SECLEVEL=0").unwrap();
    connector.set_min_proto_version(Some(version)).unwrap();
    connector.set_max_proto_version(Some(version)).unwrap();
    let stream = std::net::TcpStream::connect(address).unwrap();
    connector.build().connect("studio.example.com", stream).map_err(|fault| fault.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_begins_at_1_2() {
    let stage =
        with_tls(&SigningKey::generate(KeyKind::Rsa(2048), "studio.example.com").unwrap()).start().await;
    let address = stage.address();
    let with = async |version| {
        tokio::task::spawn_blocking(move || handshake(address, version).map(drop)).await.unwrap()
    };
    assert_eq!(with(SslVersion::TLS1_3).await, Ok(()));
    assert_eq!(with(SslVersion::TLS1_2).await, Ok(()));
    let refused = with(SslVersion::TLS1_1).await.unwrap_err();
    // An alert: it is the service that says no, not this OpenSSL.
    assert!(refused.contains("alert"), "{refused}");
}

/// Looks for new certificates when the test says so, and finds what the test has put there.
struct Renewal {
    found: Arc<Mutex<Result<PemPair, String>>>,
    pauses: mpsc::UnboundedReceiver<Duration>,
    over: mpsc::Sender<()>,
}

impl Renewal {
    fn of(stage: &Stage) -> Self {
        let found = Arc::new(Mutex::new(Err("nothing there".to_owned())));
        let (asked, pauses) = mpsc::unbounded_channel();
        let (over, ended) = mpsc::channel(1);
        let ended = Arc::new(Mutex::new(ended));
        let (certificate, source) = (stage.certificate(), Arc::clone(&found));
        tokio::spawn(async move {
            let read = || async { source.lock().await.clone() };
            let sleep = |pause| {
                asked.send(pause).unwrap();
                let ended = Arc::clone(&ended);
                // At the end of the test, it waits for ever.
                async move {
                    if ended.lock().await.recv().await.is_none() {
                        std::future::pending::<()>().await;
                    }
                }
            };
            certificate.keep_fresh(read, sleep).await;
        });
        Self { found, pauses, over }
    }

    async fn pause(&mut self) -> Duration {
        self.pauses.recv().await.unwrap()
    }

    /// Lets it look, and waits until it has.
    async fn look(&mut self, found: Result<PemPair, String>) {
        *self.found.lock().await = found;
        self.over.send(()).await.unwrap();
        self.pause().await;
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let [first, second, third] =
        ["first", "second", "third"].map(|name| SigningKey::generate(KeyKind::P256, name).unwrap());
    let stage = with_tls(&first).start().await;
    let mut renewal = Renewal::of(&stage);
    assert_eq!(renewal.pause().await, Duration::from_mins(5), "as configured");

    renewal.look(Ok(pair_of(&second))).await;
    assert_eq!(stage.shown().await, second.certificate_der().unwrap());
    stage.sign_in(&alice()).await.expect_studio("alice").await;

    let (second_pair, third_pair) = (pair_of(&second), pair_of(&third));
    let torn = PemPair { certificate: third_pair.certificate.clone(), ..second_pair.clone() };
    let empty = PemPair { certificate: String::new(), ..second_pair.clone() };
    let no_key = PemPair { private_key: "secret-that-is-no-key".into(), ..second_pair.clone() };
    for (found, reason) in [
        (Ok(torn), "do not belong together"),
        (Ok(empty), "the certificate is not PEM"),
        (Ok(no_key), "the private key is not PEM"),
        (Err("cannot read \"tls.crt\": gone".to_owned()), "cannot read \"tls.crt\": gone"),
    ] {
        let before = log_lines::with(reason);
        renewal.look(found).await;
        assert!(log_lines::with(reason) > before, "{reason}");
        assert_eq!(stage.shown().await, second.certificate_der().unwrap(), "{reason}");
    }
    stage.keep_secret("secret-that-is-no-key");

    renewal.look(Ok(third_pair)).await;
    assert_eq!(stage.shown().await, third.certificate_der().unwrap());
}

#[tokio::test]
async fn handshakes_that_trickle_keep_no_certificate_from_being_replaced() {
    let [first, second] = ["first", "second"].map(|name| SigningKey::generate(KeyKind::P256, name).unwrap());
    let stage =
        with_tls(&first).adjust(|config| config.gateway.connections.first_request = SOON).start().await;
    let mut renewal = Renewal::of(&stage);
    renewal.pause().await;
    // The beginning of a handshake, and of the head of a record that is 512 bytes long.
    let mut trickling = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(stage.address()).await.unwrap();
        stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
        trickling.push(stream);
    }
    renewal.look(Ok(pair_of(&second))).await;
    assert_eq!(stage.shown().await, second.certificate_der().unwrap());
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    for mut stream in trickling {
        // It is closed, at the latest after the time for a handshake, whatever still comes.
        let _ = stream.write_all(&[0x00]).await;
        until_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn who_reads_metrics_slowly_or_too_often_takes_nothing_from_the_others() {
    let stage = bounded(|connections| connections.first_request = SOON).start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = listener.local_addr().unwrap();
    let limits = stage.gateway.config.gateway.connections;
    tokio::spawn(serve::monitoring(listener, stage.gateway.metrics.clone(), limits));
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(admin).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: m").await.unwrap();
        slow.push(stream);
    }
    // One more is closed at once, and the slow ones in the end.
    let mut another = TcpStream::connect(admin).await.unwrap();
    assert_eq!(until_closed(&mut another).await, "");
    for stream in &mut slow {
        assert_eq!(until_closed(stream).await, "");
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{admin}/metrics")).send().await.unwrap();
    assert!(answer.text().await.unwrap().contains("studio_gateway_ledger_up 1"));
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let stage = bounded(|connections| connections.first_request = SOON).start().await;
    let mut silent = TcpStream::connect(stage.address()).await.unwrap();
    let mut slow = TcpStream::connect(stage.address()).await.unwrap();
    slow.write_all(b"POST /saml/acs HTTP/1.1\r\nHost: studio.exa").await.unwrap();
    // Others are served meanwhile.
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(until_closed(&mut silent).await, "");
    assert_eq!(until_closed(&mut slow).await, "");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let certificate = SigningKey::generate(KeyKind::P256, "studio.example.com").unwrap();
    let setting = with_tls(&certificate);
    let stage = setting.adjust(|config| config.gateway.connections.first_request = SOON).start().await;
    let mut silent = TcpStream::connect(stage.address()).await.unwrap();
    assert_eq!(until_closed(&mut silent).await, "");
}

#[tokio::test]
async fn a_connection_may_be_idle_for_a_while_only() {
    let stage = bounded(|connections| connections.idle = SOON).start().await;
    let mut idle = TcpStream::connect(stage.address()).await.unwrap();
    assert!(ask(&mut idle).await);
    assert_eq!(until_closed(&mut idle).await, "");
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_not_kept() {
    let stage = bounded(|connections| connections.stalled = SOON).start().await;
    let mut deaf = TcpStream::connect(stage.address()).await.unwrap();
    // It asks on and on and reads nothing, until no more fits into the buffers between the two; then it is cut off.
    while deaf.write_all(READY.as_bytes()).await.is_ok() {}
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn there_are_so_many_places_and_a_place_becomes_free_again() {
    let stage = bounded(|connections| connections.most = 2).start().await;
    let connect = async || TcpStream::connect(stage.address()).await.unwrap();
    let (mut first, mut second) = (connect().await, connect().await);
    assert!(ask(&mut first).await);
    assert!(ask(&mut second).await);
    let mut third = connect().await;
    assert!(!ask(&mut third).await);
    drop(first);
    // The service needs a moment to see that it is gone.
    while !ask(&mut connect().await).await {}
    assert!(ask(&mut second).await, "who is in stays in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_in_flight_is_finished_over_tls_and_idle_connections_are_not_waited_for() {
    let stage = with_tls(key()).start().await;
    let xml = stage.response_for(&alice()).sign(key(), Signed::Both).unwrap();
    let mut form = form_urlencoded::Serializer::new(String::new());
    let body = form.append_pair("SAMLResponse", &Response::encode(&xml)).finish();
    let address = stage.address();

    let mut idle = TcpStream::connect(address).await.unwrap();
    let (begun, wait_begun) = tokio::sync::oneshot::channel();
    let (go_on, wait_go_on) = std::sync::mpsc::channel();
    let sign_in = tokio::task::spawn_blocking(move || {
        let mut stream = handshake(address, SslVersion::TLS1_3).unwrap();
        let head = format!(
            "POST /saml/acs HTTP/1.1\r\nHost: studio.example.com\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut continued = [0; 25];
        stream.read_exact(&mut continued).unwrap();
        begun.send(()).unwrap();
        wait_go_on.recv().unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    wait_begun.await.unwrap();
    let in_the_meantime = async {
        assert_eq!(until_closed(&mut idle).await, "");
        // Nobody new is let in.
        while TcpStream::connect(address).await.is_ok() {}
        // Pages that watch a sign-in are told.
        stage.gateway.drain.begun().await;
        go_on.send(()).unwrap();
    };
    tokio::join!(stage.stop(), in_the_meantime);
    let answer = sign_in.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}
