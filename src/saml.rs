//! SAML 2.0, from the bytes of a form to values that a verified signature covers.
//!
//! [`EncodedResponse`] → [`DecodedResponse`] → [`UnverifiedResponse`] → [`VerifiedAssertion`]. Each type can only be
//! made from the one before it, and only the last one lets anything out but the issuer.

mod base64_text;
mod decryption;
mod encoded;
mod gate;
pub mod instant;
pub mod metadata;
mod notes;
mod reading;
pub mod request;
mod response;
mod rule;
mod rules;
mod signature;
mod sp_key;
pub mod sp_metadata;
mod xml;

pub use decryption::DecryptionKeys;
pub use encoded::{DecodedResponse, EncodedResponse, MAX_ENCODED};
pub use notes::{Notes, Values};
pub use reading::{Attribute, NameId};
pub use response::{Expected, UnverifiedResponse, VerifiedAssertion};
pub use rule::{Rejection, Rule};
pub use signature::TrustedKeys;
pub use sp_key::SpKey;

/// XML namespace of SAML protocol messages.
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// XML namespace of SAML assertions.
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// XML namespace of SAML metadata.
pub const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// XML namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML namespace of XML encryption.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// The HTTP-POST binding (saml-bindings-2.0, 3.5).
pub const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
/// The HTTP-Redirect binding (saml-bindings-2.0, 3.4).
pub const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
