//! The real binary: its exit codes, `serve` beside `demo aws`, and the demo, each as a process of its own.

use crate::browser::{between, hidden};
use crate::stage::{ACCOUNT, PROVIDER, alice, idp_metadata, key};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response as Answer, Url, redirect};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use studio_gateway::clock::Clock;
use studio_gateway::demo::idp::response::{Addressing, Response};
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::demo::world;
use studio_gateway::profile_name::ProfileName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BINARY: &str = env!("CARGO_BIN_EXE_studio-gateway");
const PUBLIC_URL: &str = "https://studio.example.com";

/// A folder for one test, with the IdP's metadata in it.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("idp.xml"), idp_metadata()).unwrap();
    folder
}

pub(crate) fn configuration(listen: &str, endpoint: Option<&str>) -> String {
    let aws = endpoint.map(|url| format!("sts_endpoint = \"{url}\"\nsagemaker_endpoint = \"{url}\""));
    format!(
        r#"
        [gateway]
        listen = "{listen}"
        public_url = "{PUBLIC_URL}"
        [saml]
        audiences = ["urn:amazon:webservices"]
        [[idp]]
        key = "corp"
        metadata_file = "idp.xml"
        saml_providers = ["{PROVIDER}"]
        [aws]
        {}
        [[domain]]
        key = "research"
        domain_id = "d-research"
        region = "ap-northeast-2"
        roles = ["arn:aws:iam::{ACCOUNT}:role/DataScientist"]
        poll_milliseconds = 1
        [[rule]]
        name = "Everyone"
        everyone = true
        allow = "research"
        "#,
        aws.unwrap_or_default()
    )
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    let key = match arguments {
        ["reconcile" | "lifecycle", ..] => world::OPERATOR_ACCESS_KEY_ID,
        _ => world::ACCESS_KEY_ID,
    };
    command
        .args(arguments)
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", world::SECRET_ACCESS_KEY)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the binary to its end: exit code, standard output, standard error.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// The same, with its standard output elsewhere.
pub(crate) fn run_into(stdout: Stdio, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(arguments).stdout(stdout).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// A process that goes on until it is told to end.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    said: String,
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, said: String::new() }
    }

    /// Reads on until a line that has this in it.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "it ended without saying {text:?}: {}", self.said);
            self.said.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Ends it as a crash does (SIGKILL), and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Tells it to read its configuration again.
    pub(crate) fn hangup(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits for its end; gives the exit code and everything that it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = std::mem::take(&mut self.said);
        self.output.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn http() -> Client {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap()
}

fn location(answer: &Answer) -> String {
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Opens a presigned link of an embedded AWS, and gives the heading of the page.
async fn open_studio(http: &Client, link: &str) -> String {
    let opened = http.get(link).send().await.unwrap();
    assert_eq!(opened.status(), 302);
    let page = Url::parse(link).unwrap().join(&location(&opened)).unwrap();
    let page = http.get(page).header(COOKIE, cookie(&opened)).send().await.unwrap();
    between(&page.text().await.unwrap(), "<h1>", "</h1>").unwrap()
}

/// A response with which alice can sign in now, as the value of the form.
fn alices_form() -> String {
    let addressing = Addressing {
        acs_url: format!("{PUBLIC_URL}/saml/acs"),
        audiences: vec![format!("{PUBLIC_URL}/saml/metadata"), "urn:amazon:webservices".into()],
        idp_entity_id: crate::stage::IDP.into(),
    };
    let response = Response::valid(Clock::system().now(), &addressing, &alice());
    let xml = response.sign(key(), Signed::Both).unwrap();
    form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLResponse", &Response::encode(&xml))
        .finish()
}

#[test]
fn a_broken_configuration_exits_with_78_before_anything_is_bound() {
    let folder = folder("broken");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let text = configuration(&taken.local_addr().unwrap().to_string(), None)
        .replace("ap-northeast-2", "Seoul")
        .replace("idp.xml", "none.xml");
    let path = folder.join("gateway.toml");
    fs::write(&path, text).unwrap();
    for subcommand in ["check", "serve", "metadata"] {
        let (code, stdout, stderr) = run(&[subcommand, "--config", path.to_str().unwrap()]);
        assert_eq!(code, Some(78), "{subcommand}: {stdout}{stderr}");
        assert_eq!(stdout, "", "{subcommand}");
        assert!(stderr.contains("domain[0].region: expected an AWS region"), "{stderr}");
        assert!(stderr.contains("idp[0].metadata_file: cannot read \"none.xml\""), "{stderr}");
    }
    let (code, _, stderr) = run(&["check", "--config", "/nowhere/gateway.toml"]);
    assert_eq!(code, Some(78));
    assert!(stderr.contains("/nowhere/gateway.toml: "), "{stderr}");
}

#[test]
fn a_usable_configuration_is_told_to_be_so() {
    let folder = folder("usable");
    let path = folder.join("gateway.toml");
    fs::write(&path, configuration("127.0.0.1:0", None)).unwrap();
    let (code, stdout, stderr) = run(&["check", "--config", path.to_str().unwrap()]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("warning: gateway.seal_keys: none"), "{stdout}");
    assert!(stdout.contains("is usable: 1 IdP(s), 1 domain(s), 1 destination(s), 1 rule(s)"), "{stdout}");

    let (code, stdout, _) = run(&["metadata", "--config", path.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("entityID=\"https://studio.example.com/saml/metadata\""), "{stdout}");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let folder = folder("taken");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let path = folder.join("gateway.toml");
    fs::write(&path, configuration(&address, None)).unwrap();
    let (code, _, stderr) = run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("studio-gateway: {address}: ")), "{stderr}");
}

#[tokio::test]
async fn serve_beside_an_embedded_aws_ends_without_breaking_a_sign_in_off() {
    let folder = folder("serve");
    let path = folder.join("aws.toml");
    fs::write(&path, configuration("127.0.0.1:0", None)).unwrap();
    let mut aws =
        Process::start(&["demo", "aws", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]);
    let greeting = aws.line_with("embedded AWS at ");
    let endpoint = between(&greeting, "embedded AWS at ", ". ").unwrap();

    let path = folder.join("gateway.toml");
    fs::write(&path, configuration("127.0.0.1:0", Some(&endpoint))).unwrap();
    let mut gateway = Process::start(&["serve", "--config", path.to_str().unwrap()]);
    let serving = gateway.line_with("\"serving\"");
    let address = between(&serving, "\"address\":\"", "\"").unwrap();

    let http = http();
    let form = alices_form();
    let answer = http
        .post(format!("http://{address}/saml/acs"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303);
    let link = location(&answer);
    assert!(link.starts_with(&endpoint), "{link}");
    assert_eq!(open_studio(&http, &link).await, "alice");

    let (code, _, stderr) = run(&["health", "--config", path.to_str().unwrap()]);
    assert_eq!(code, Some(1), "port 0 is nobody's: {stderr}");
    fs::write(&path, configuration(&address, Some(&endpoint))).unwrap();
    assert_eq!(run(&["health", "--config", path.to_str().unwrap()]), (Some(0), String::new(), String::new()));

    // The next sign-in has begun, and its body is still on the way, when the process is told to end.
    let second = alices_form();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /saml/acs HTTP/1.1\r\nHost: studio.example.com\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n",
        second.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    gateway.terminate();
    gateway.line_with("stopping");
    stream.write_all(second.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    let (code, said) = gateway.end();
    assert_eq!(code, Some(0), "{said}");

    // One line for each sign-in, as JSON; and no secret in any of them.
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .filter(|line: &serde_json::Value| line["target"] == "studio_gateway::sign_in")
        .collect();
    assert_eq!(lines.len(), 2, "{said}");
    for line in lines {
        assert_eq!(line["outcome"], "granted");
        assert_eq!(line["user_id"], "alice");
    }
    for secret in [
        between(&link, "token=", "&").unwrap_or_else(|| link.split("token=").nth(1).unwrap().to_owned()),
        "PHNhbWxw".into(),
        "ASIA".into(),
        world::SECRET_ACCESS_KEY.into(),
    ] {
        assert!(!said.contains(&secret), "{secret} in {said}");
    }
    aws.terminate();
    assert_eq!(aws.end().0, Some(0));
}

#[tokio::test]
async fn the_demo_is_one_address_and_a_sign_in() {
    let mut demo = Process::start(&["demo", "--port-base", "0"]);
    let line = demo.line_with("studio-gateway demo: open ");
    let url = between(&line, "open ", " in").unwrap();
    assert_eq!(line.matches("http://").count(), 1, "{line}");

    let http = http();
    let home = http.get(&url).send().await.unwrap().text().await.unwrap();
    let begin = between(&home, "href=\"/login", "\"").unwrap();
    let asked = http.get(format!("{url}/login{begin}")).send().await.unwrap();
    let (browser, sso) = (cookie(&asked), location(&asked));
    let people = http.get(&sso).send().await.unwrap().text().await.unwrap();
    let answered = http
        .post(Url::parse(&sso).unwrap().join("/answer").unwrap())
        .form(&[("person", "minjun"), ("SAMLRequest", &hidden(&people, "SAMLRequest"))])
        .send()
        .await
        .unwrap();
    let page = answered.text().await.unwrap();
    let answer = http
        .post(between(&page, "method=\"post\" action=\"", "\"").unwrap())
        .header(COOKIE, browser)
        .form(&[("SAMLResponse", hidden(&page, "SAMLResponse"))])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 303);
    let heading = open_studio(&http, &location(&answer)).await;
    assert_eq!(heading, ProfileName::of("minjun.lee").to_string());
    demo.terminate();
    assert_eq!(demo.end().0, Some(0));
}

#[tokio::test]
async fn metrics_are_read_apart_from_what_browsers_reach() {
    let folder = folder("admin");
    let path = folder.join("gateway.toml");
    let text = configuration("127.0.0.1:0", None);
    fs::write(&path, format!("{text}\n[admin]\nlisten = \"127.0.0.1:0\"\n")).unwrap();
    let mut process = Process::start(&["serve", "--config", path.to_str().unwrap()]);
    let address = |line: String| between(&line, "\"address\":\"", "\"").unwrap();
    let admin = address(process.line_with("\"metrics\""));
    let public = address(process.line_with("\"serving\""));
    let http = http();
    assert_eq!(http.get(format!("http://{public}/metrics")).send().await.unwrap().status(), 404);
    let metrics = http.get(format!("http://{admin}/metrics")).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    let text = metrics.text().await.unwrap();
    assert!(text.contains("http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1"), "{text}");
    assert_eq!(http.post(format!("http://{admin}/saml/acs")).send().await.unwrap().status(), 404);
    process.terminate();
    assert_eq!(process.end().0, Some(0));
}
