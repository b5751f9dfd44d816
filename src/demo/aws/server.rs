//! What all handlers share, and the routes.

use super::knobs::Knobs;
use super::state::State;
use super::{api, control, studio};
use crate::clock::Clock;
use axum::Router;
use axum::routing::{get, post};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What all handlers share.
pub(super) struct Server {
    state: Mutex<State>,
    pub(super) knobs: Knobs,
    pub(super) clock: Clock,
    /// `http://ADDRESS:PORT`.
    pub(super) url: String,
}

impl Server {
    pub(super) fn new(state: State, clock: Clock, url: String) -> Self {
        Self { state: Mutex::new(state), knobs: Knobs::default(), clock, url }
    }

    /// The state; never held across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All routes.
pub(super) fn routes(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", post(api::call))
        .route("/studio/auth", get(studio::open_link))
        .route("/studio/page", get(studio::page))
        .route("/_control/events", get(control::events))
        .route("/_control/calls", get(control::calls))
        .route("/_control/counts", get(control::counts))
        .route("/_control/received", get(control::received))
        .route("/_control/profiles", get(control::profiles))
        .route("/_control/knobs", post(control::turn_knobs))
        .route("/_control/seeds", post(control::seed))
        .route("/_control/sessions", post(control::register_session))
        .route("/_control/roles", post(control::register_role))
        .with_state(server)
}
