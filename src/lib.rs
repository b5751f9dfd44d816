//! studio-gateway: SAML single sign-on into Amazon SageMaker Studio.

pub mod clock;
pub mod demo;
pub mod error;
pub mod random;
pub mod saml;
