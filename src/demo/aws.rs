//! The embedded AWS: STS, SageMaker and a little of IAM, DynamoDB and Service Quotas on one loopback port, for the demo and the tests.
//!
//! It is stricter than AWS where AWS's strictness is not known: it verifies SAML signatures, request signatures,
//! trust policies, permissions with tags, and every constraint of the service models. It is never part of `serve`.
//!
//! ```text
//! POST /                    every API call: X-Amz-Target for SageMaker, Action and Version for STS and IAM
//! GET  /studio/auth?token=  a presigned link, once
//! GET  /studio/page         the stand-in for Studio, or for a notebook instance
//!      /_control/...        events, recorded calls, counts, profiles, knobs, seeds, foreign sessions and roles
//! ```

mod api;
mod call;
mod control;
mod dynamodb;
mod event_sinks;
mod fault;
mod iam;
mod knobs;
mod notebook;
mod policy;
mod quotas;
mod sagemaker;
mod saml;
mod server;
mod shape;
mod sigv4;
mod state;
mod sts;
mod studio;
mod token;
mod trail;
mod views;
mod wire;
mod world;

pub use event_sinks::ReceivedEvent;
pub use knobs::{Effect, Fault, Knobs};
pub use notebook::NotebookView;
pub use trail::{Event, Outcome, RecordedCall};
pub use views::{LifecycleConfigView, ProfileView, SpaceView};
pub use world::{
    AWS_AUDIENCES, AuthMode, Domain, EventSink, EventSinkKind, Notebook, Profile, Role, SamlProvider, Space,
    StaticKeys, Table, World,
};

use crate::clock::Clock;
use call::{Call, Form, Note};
use chrono::{DateTime, Utc};
use serde_json::Value;
use server::Server;
use state::{Caller, State};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::{CuttableListener, Scissors};

/// How long [`EmbeddedAws::stop`] waits for answers that are under way.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A running embedded AWS. It stops when it is dropped.
pub struct EmbeddedAws {
    server: Arc<Server>,
    /// Dropped or fired: no new connection.
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl EmbeddedAws {
    /// Starts it on `bind`, which must be a loopback address; port 0 picks a free one.
    ///
    /// `InvalidInput` for any other address, or for a world whose profiles are in no domain of it.
    pub async fn start(world: World, clock: Clock, bind: SocketAddr) -> io::Result<Self> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
        if !bind.ip().is_loopback() {
            return Err(invalid(format!("{bind} is not a loopback address")));
        }
        if let Some(lost) = world.profiles.iter().find(|p| !world.domains.iter().any(|d| d.id == p.domain_id))
        {
            return Err(invalid(format!("profile {} is in an unknown domain {}", lost.name, lost.domain_id)));
        }
        let listener = TcpListener::bind(bind).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = State::new(world, clock.now());
        let server = Arc::new(Server::new(state, clock, url));
        let service = server::routes(Arc::clone(&server)).into_make_service_with_connect_info::<Scissors>();
        let (stop, stopped) = oneshot::channel();
        let serving = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let task = tokio::spawn(async { serving.await });
        Ok(Self { server, stop: Some(stop), task })
    }

    /// `http://127.0.0.1:PORT`: the endpoint override of every client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// How it misbehaves.
    #[must_use]
    pub fn knobs(&self) -> &Knobs {
        &self.server.knobs
    }

    /// What was called so far, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.server.state().trail.events()
    }

    /// Bodies of the SageMaker calls so far, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.server.state().trail.calls()
    }

    /// The user profiles that exist now.
    #[must_use]
    pub fn profiles(&self) -> Vec<ProfileView> {
        let now = self.server.clock.now();
        let mut state = self.server.state();
        state.settle(now);
        state.profiles.values().map(|profile| profile.view.clone()).collect()
    }

    /// The spaces that exist now.
    #[must_use]
    pub fn spaces(&self) -> Vec<SpaceView> {
        let now = self.server.clock.now();
        let mut state = self.server.state();
        state.settle(now);
        state.spaces.values().map(|space| space.view.clone()).collect()
    }

    /// The notebook instances that exist now.
    #[must_use]
    pub fn notebooks(&self) -> Vec<NotebookView> {
        let now = self.server.clock.now();
        let mut state = self.server.state();
        state.settle(now);
        state.notebooks.values().map(|notebook| notebook.view.clone()).collect()
    }

    /// The IAM roles that exist now.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        self.server.state().world.roles.clone()
    }

    /// The lifecycle configs that exist now.
    #[must_use]
    pub fn lifecycle_configs(&self) -> Vec<LifecycleConfigView> {
        self.server.state().configs.values().cloned().collect()
    }

    /// What log streams, delivery streams and event buses have taken so far, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedEvent> {
        self.server.state().received.clone()
    }

    /// Secrets and session tokens of all role sessions so far: what a test looks for where it must not be.
    #[must_use]
    pub fn issued_credentials(&self) -> Vec<String> {
        let state = self.server.state();
        let sessions = state.sessions.values();
        sessions.flat_map(|one| [one.secret_access_key.clone(), one.session_token.clone()]).collect()
    }

    /// Lets answers that are under way finish, for a moment, then ends.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        let _ = tokio::time::timeout(STOP_WITHIN, &mut self.task).await;
    }
}

impl Drop for EmbeddedAws {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.task.abort();
    }
}

/// How STS answers `AssumeRoleWithSAML` in this world, without a server and its knobs: the XML of the result element.
///
/// The code and the message of the error otherwise.
pub fn assume_role_with_saml(
    world: &World,
    now: DateTime<Utc>,
    role_arn: &str,
    provider_arn: &str,
    assertion: &str,
) -> Result<String, (String, String)> {
    let parameters = [("RoleArn", role_arn), ("PrincipalArn", provider_arn), ("SAMLAssertion", assertion)];
    let call = Call {
        caller: Caller::default(),
        region: String::new(),
        now,
        pace: Knobs::default().pace(),
        tells_missing: false,
        refuses_one: false,
        url: String::new(),
    };
    let mut note = Note { principal: String::new(), resource: String::new(), parameters: Value::Null };
    let mut state = State::new(world.clone(), now);
    sts::perform(&mut state, "AssumeRoleWithSAML", &Form::of(parameters), &call, &mut note)
        .map_err(|error| (error.code.into_owned(), error.message))
}

#[cfg(test)]
mod tests;
