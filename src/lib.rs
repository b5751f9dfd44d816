//! studio-gateway: SAML single sign-on into Amazon SageMaker Studio.

pub mod arn;
pub mod aws;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod identity;
pub mod policy;
pub mod profile_name;
pub mod random;
pub mod replay;
pub mod saml;
pub mod seal;
