//! studio-gateway: SAML single sign-on into Amazon SageMaker Studio.
//!
//! Start reading at [`sign_in`]: it is the product on one page.

pub mod arn;
pub mod aws;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod explain;
pub mod health;
pub mod http;
pub mod identity;
pub mod idps;
pub mod inspect;
pub mod lambda;
pub mod load;
pub mod policy;
pub mod profile_name;
pub mod random;
pub mod replay;
pub mod saml;
pub mod seal;
pub mod serve;
pub mod sign_in;
pub mod tls;
