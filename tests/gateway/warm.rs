//! What is done before the first person comes, so that they do not wait for it.

use crate::log_lines::{self, LogLine};
use crate::stage::{Setting, Stage, alice};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use studio_gateway::sign_in::WARM_UP;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tracing::Level;

/// Hands connections on to AWS, and counts them. Without an AWS to hand them on to, it only holds them.
struct Relay {
    url: String,
    connections: Arc<AtomicUsize>,
    aws: Arc<OnceLock<SocketAddr>>,
}

impl Relay {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let relay = Self { url, connections: Arc::default(), aws: Arc::default() };
        let (connections, aws) = (Arc::clone(&relay.connections), Arc::clone(&relay.aws));
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut from, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::Relaxed);
                match aws.get() {
                    Some(aws) => {
                        let mut to = TcpStream::connect(aws).await.unwrap();
                        tokio::spawn(async move { copy_bidirectional(&mut from, &mut to).await });
                    }
                    None => held.push(from),
                }
            }
        });
        relay
    }

    fn to_aws(&self, stage: &Stage) {
        self.aws.set(stage.aws.url().trim_start_matches("http://").parse().unwrap()).unwrap();
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// A stage with these ways to STS and to SageMaker, in a region of its own, so that its log lines can be told from others'.
async fn by_way_of(sts: &str, sagemaker: &str, region: &str) -> Stage {
    let setting = Setting::usual().set("aws.sts_endpoint", sts).set("aws.sagemaker_endpoint", sagemaker);
    let setting = setting.set("domain.0.region", region).set("domain.1.region", region);
    setting.profile("alice", Some("alice"), "").start().await
}

/// Whether a warning of that region holds these words.
fn is_told(region: &str, words: &str) -> bool {
    let meant = |line: &LogLine| line.field("region") == region && line.holds(words);
    log_lines::any(meant).is_some_and(|line| line.level == Level::WARN)
}

#[tokio::test]
async fn the_first_person_finds_connections_that_are_open() {
    let (sts, sagemaker) = (Relay::start().await, Relay::start().await);
    let stage = by_way_of(&sts.url, &sagemaker.url, "eu-north-1").await;
    sts.to_aws(&stage);
    sagemaker.to_aws(&stage);
    stage.gateway.warm(WARM_UP).await;
    assert_eq!((sts.connections(), sagemaker.connections()), (1, 2));
    assert_eq!(stage.times("sts:GetCallerIdentity"), 1);
    assert!(stage.aws.events().iter().all(|event| !event.api.starts_with("sagemaker:")), "no API call");
    let identity = log_lines::any(|line| line.field("region") == "eu-north-1").unwrap();
    assert!(identity.field("identity").starts_with("arn:aws:"), "{identity:?}");

    assert_eq!(stage.sign_in(&alice()).await.status, 303);
    assert_eq!((sts.connections(), sagemaker.connections()), (1, 2), "the same");
}

#[tokio::test]
async fn an_aws_that_cannot_be_reached_is_told_of_and_does_not_keep_the_service_from_starting() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    by_way_of(&url, &url, "eu-south-1").await.gateway.warm(WARM_UP).await;
    assert!(is_told("eu-south-1", "the SageMaker API cannot be reached"));
    assert!(is_told("eu-south-1", "sts:GetCallerIdentity"));
}

#[tokio::test]
async fn an_aws_that_does_not_answer_is_not_waited_for() {
    let silent = Relay::start().await;
    let stage = by_way_of(&silent.url, &silent.url, "eu-south-2").await;
    stage.gateway.warm(Duration::from_millis(50)).await;
    assert!(is_told("eu-south-2", "the SageMaker API did not answer within 50 ms"));
    assert!(is_told("eu-south-2", "STS did not answer within 50 ms"));
}

#[tokio::test]
async fn a_ledger_that_cannot_be_reached_is_told_of() {
    let stage = Setting::usual().shared_ledger().start().await;
    stage.aws.knobs().fail("dynamodb:PutItem", 1_000, 400, "ResourceNotFoundException");
    stage.gateway.warm(WARM_UP).await;
    let told = log_lines::any(|line| line.target == "studio_gateway::replay");
    assert!(told.is_some_and(|line| line.holds("dynamodb:PutItem")), "the admin reads it before people come");
}
