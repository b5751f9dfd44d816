//! studio-gateway: SAML single sign-on into Amazon SageMaker Studio.

pub mod demo;
