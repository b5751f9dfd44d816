//! What a browser's sealed cookie says about the sign-in that it began.

/// An AuthnRequest that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutstandingRequest {
    /// Key of the IdP that was asked, the only one that may answer.
    pub idp: String,
    /// Its ID.
    pub id: String,
}
