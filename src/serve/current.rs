//! The gateway that answers now. Each request is answered, from its head to its end, by the one that was there when it came.

use crate::http;
use crate::sign_in::Gateway;
use axum::Router;
use axum::extract::Request;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use tower_service::Service;

/// What a service answers with. Clones share it.
#[derive(Clone)]
pub struct Current(Arc<RwLock<Answering>>);

struct Answering {
    gateway: Arc<Gateway>,
    router: Router,
}

impl Current {
    pub(super) fn new(gateway: Arc<Gateway>) -> Self {
        Self(Arc::new(RwLock::new(Answering::new(gateway))))
    }

    /// The gateway that answers requests which come now.
    #[must_use]
    pub fn gateway(&self) -> Arc<Gateway> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).gateway)
    }

    /// Has another gateway answer from now on.
    pub fn replace(&self, gateway: Arc<Gateway>) {
        let next = Answering::new(gateway);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The routes of whichever gateway answers.
    pub(super) fn router(&self) -> Router {
        let current = self.clone();
        Router::new().fallback(move |request: Request| {
            // A copy of a router is a pointer, and a router is ready at any time.
            let mut router = current.0.read().unwrap_or_else(PoisonError::into_inner).router.clone();
            async move { router.call(request).await }
        })
    }
}

impl Answering {
    fn new(gateway: Arc<Gateway>) -> Self {
        Self { router: http::router(Arc::clone(&gateway)), gateway }
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}
