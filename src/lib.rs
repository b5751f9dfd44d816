//! studio-gateway: SAML single sign-on into Amazon SageMaker Studio.

pub mod clock;
pub mod demo;
