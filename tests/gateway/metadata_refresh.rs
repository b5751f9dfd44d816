//! IdP metadata from the web while the service runs: a key that changes, and copies that cannot be used.

use crate::stage::{IDP, SSO, Setting, Stage, alice, idp_metadata, key};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use studio_gateway::demo::idp::key::{KeyKind, SigningKey};
use studio_gateway::demo::idp::metadata::metadata_xml;
use studio_gateway::demo::idp::signature::Signed;
use studio_gateway::idps::{MetadataClient, keep_fresh};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// What the IdP publishes; `None`: it is out of order.
type Published = Arc<Mutex<Option<String>>>;

async fn publish(published: Published) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/metadata", listener.local_addr().unwrap());
    let document = |State(published): State<Published>| async move {
        published.lock().unwrap().clone().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    };
    let router = Router::new().route("/metadata", get(document)).with_state(published);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// The background work of a stage, whose pauses end when the test says so.
struct Background {
    pauses: mpsc::UnboundedReceiver<Duration>,
    over: mpsc::Sender<()>,
    task: AbortHandle,
}

impl Background {
    fn start(stage: &Stage, first_pause: Duration) -> Self {
        let (asked, pauses) = mpsc::unbounded_channel();
        let (over, ended) = mpsc::channel(1);
        let ended = Arc::new(tokio::sync::Mutex::new(ended));
        let settings = Arc::clone(&stage.gateway.config.idps[0]);
        let client = Arc::new(MetadataClient::new(false).unwrap());
        let idps = Arc::downgrade(&stage.gateway.idps);
        let work =
            keep_fresh(client, idps, settings, stage.gateway.clock.clone(), first_pause, move |pause| {
                asked.send(pause).unwrap();
                let ended = Arc::clone(&ended);
                async move { ended.lock().await.recv().await.unwrap() }
            });
        Self { pauses, over, task: tokio::spawn(work).abort_handle() }
    }

    /// How long it wants to wait next.
    async fn pause(&mut self) -> Duration {
        self.pauses.recv().await.unwrap()
    }

    /// Ends its pause, and tells how long it wants to wait after the fetch.
    async fn fetch(&mut self) -> Duration {
        self.over.send(()).await.unwrap();
        self.pause().await
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_key_that_the_idp_replaced_is_taken_while_the_service_runs() {
    let next = SigningKey::generate(KeyKind::P256, "next year's key").unwrap();
    let published = Published::new(Mutex::new(Some(idp_metadata())));
    let url = publish(Arc::clone(&published)).await;
    let both = metadata_xml(IDP, SSO, &[key(), &next]).unwrap();
    let stage = Setting::usual()
        .set("idp.0.metadata_url", url)
        // IAM knows both keys all the time: what is tested is us.
        .world(move |world| world.saml_providers[0].metadata_xml.clone_from(&both))
        .start()
        .await;
    let mut background = Background::start(&stage, Duration::from_hours(1));
    assert_eq!(background.pause().await, Duration::from_hours(1));
    let signed_by = async |key: &SigningKey| {
        let xml = stage.response_for(&alice()).sign(key, Signed::Both).unwrap();
        stage.post_xml(&xml).await
    };
    signed_by(&next).await.expect_refused(403, "assertion.rejected").because("signature");
    signed_by(key()).await.expect_studio("alice").await;

    *published.lock().unwrap() = Some(metadata_xml(IDP, SSO, &[&next]).unwrap());
    assert_eq!(background.fetch().await, Duration::from_hours(1));
    signed_by(&next).await.expect_studio("alice").await;
    signed_by(key()).await.expect_refused(403, "assertion.rejected").because("signature");

    // Out of order, then something that is no metadata: the last good copy stays, and it is asked sooner again.
    for (copy, pause) in [(None, 60), (Some("<html/>".to_owned()), 120), (None, 240)] {
        *published.lock().unwrap() = copy;
        assert_eq!(background.fetch().await, Duration::from_secs(pause));
        signed_by(&next).await.expect_studio("alice").await;
    }
    *published.lock().unwrap() = Some(idp_metadata());
    assert_eq!(background.fetch().await, Duration::from_hours(1));
    signed_by(key()).await.expect_studio("alice").await;
}
