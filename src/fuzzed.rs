//! The crate that the fuzz targets link (`fuzz/Cargo.toml`): those modules of the gateway that read what strangers send,
//! and what they need, without the AWS SDK. Never part of the product: `lib.rs` does not know this file.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "modules are taken whole, and the fuzz targets use a part of each")]

pub mod arn;
pub mod error;
pub mod identity;
pub mod profile_name;
pub mod random;
pub mod saml;
pub mod seal;

/// Of the configuration, what SAML and the sealed tokens ask for.
pub mod config {
    mod idp;
    mod problems;
    mod seal_key;
    mod sources;
    mod tags;

    pub use idp::Idp;
    pub use seal_key::SealKey;
    pub use sources::{Remote, Sources};
    pub(crate) use tags::is_tag_value;
}

/// What an assertion becomes whose only use it is. The targets claim none.
pub mod replay {
    mod fresh;

    pub use fresh::FreshAssertion;
}

/// The part of the sign-in that reads tokens.
pub mod sign_in {
    mod choice;
    mod request;

    pub use choice::Choice;
    pub use request::OutstandingRequest;
}

/// What of HTTP is read before SAML is, with a door into each private module.
pub mod http {
    mod cookies;
    mod form;
    mod relay_state;

    use crate::error::Refusal;
    use crate::seal::Seal;
    use crate::sign_in::OutstandingRequest;
    use axum::extract::Request;
    use axum::http::HeaderMap;
    use chrono::{DateTime, Utc};

    /// The message in a form.
    pub async fn saml_response(request: Request) -> Result<Option<String>, Refusal> {
        Ok(form::Form::read(request, std::time::Duration::from_secs(10)).await?.take("SAMLResponse"))
    }

    /// The requests that a browser waits for. All its cookies are read.
    pub fn outstanding(seal: &Seal, headers: &HeaderMap, now: DateTime<Utc>) -> Vec<OutstandingRequest> {
        cookies::browser_of(headers);
        cookies::surplus(headers);
        cookies::made_alone(headers);
        cookies::outstanding(seal, headers, now)
    }

    /// A relay state as it would be written again.
    pub fn relay_state(value: &str) -> String {
        relay_state::RelayState::read(Some(value)).write()
    }
}

/// The embedded IdP without its server: it signs what a target makes up.
pub mod demo {
    /// The parts that make and sign messages.
    pub mod idp {
        pub mod encryption;
        pub mod key;
        pub mod metadata;
        pub mod people;
        pub mod response;
        pub mod signature;
        mod xml;
    }
}
