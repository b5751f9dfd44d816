//! A message as `tests/saml/record.rs` writes it down, put to the gateway once more.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use gateway::http::saml_response;
use gateway::saml::{DecryptionKeys, EncodedResponse, Expected, TrustedKeys, UnverifiedResponse};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

#[derive(Deserialize)]
pub(crate) struct Message {
    /// The test that made it.
    pub(crate) test: String,
    /// The form value.
    pub(crate) value: String,
    idp: String,
    certificates: Vec<String>,
    decryption_keys: Vec<String>,
    audiences: Vec<String>,
    outstanding: Vec<String>,
    idp_initiated: bool,
    cbc_without_response_signature: bool,
    now: DateTime<Utc>,
    answer: Value,
}

/// What the gateway had before the message came.
pub(crate) struct Gateway {
    keys: TrustedKeys,
    decryption: DecryptionKeys,
    runtime: Runtime,
}

impl Message {
    pub(crate) fn gateway(&self) -> Gateway {
        let decode = |text| STANDARD.decode(text).expect("base64");
        let certificates: Vec<_> = self.certificates.iter().map(decode).collect();
        let pems: Vec<_> = self.decryption_keys.iter().map(String::as_str).collect();
        Gateway {
            keys: TrustedKeys::from_certificates(&certificates).expect("usable keys").0,
            decryption: DecryptionKeys::from_pem(&pems).expect("usable keys"),
            runtime: Builder::new_current_thread().enable_time().build().expect("a runtime"),
        }
    }

    /// Whether the test saw it accepted.
    pub(crate) fn was_accepted(&self) -> bool {
        self.answer.get("accepted").is_some()
    }

    /// The form that a browser posts.
    pub(crate) fn form(&self) -> Request<Body> {
        let body =
            form_urlencoded::Serializer::new(String::new()).append_pair("SAMLResponse", &self.value).finish();
        let form = "application/x-www-form-urlencoded";
        Request::post("/saml/acs").header(CONTENT_TYPE, form).body(Body::from(body)).expect("a request")
    }

    /// From the form to the verdict.
    pub(crate) fn is_accepted(&self, gateway: &Gateway, form: Request<Body>) -> bool {
        let Ok(Some(value)) = gateway.runtime.block_on(saml_response(form)) else { return false };
        let expected = Expected {
            idp_entity_id: &self.idp,
            acs_url: super::harness::ACS,
            audiences: &self.audiences,
            outstanding: &self.outstanding,
            idp_initiated: self.idp_initiated,
            skew: TimeDelta::seconds(60),
            cbc_without_response_signature: self.cbc_without_response_signature,
        };
        let decoded = EncodedResponse::new(value).and_then(|encoded| encoded.decode());
        decoded.is_ok_and(|decoded| {
            UnverifiedResponse::parse(&decoded).is_ok_and(|unverified| {
                let known = unverified.issuer() == self.idp;
                known && unverified.verify(&gateway.keys, &gateway.decryption, &expected, self.now).is_ok()
            })
        })
    }
}
