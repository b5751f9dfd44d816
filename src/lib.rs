//! studio-gateway: SAML single sign-on into Amazon SageMaker Studio.
//!
//! Start reading at [`sign_in`]: it is the product on one page.

pub mod arn;
pub mod assets;
pub mod audit;
pub mod aws;
pub mod backup;
pub mod check;
pub mod clock;
pub mod config;
pub mod demo;
pub mod drain;
pub mod error;
pub mod execution_role;
pub mod explain;
pub mod health;
pub mod http;
pub mod identity;
pub mod idp_setup;
pub mod idps;
pub mod inspect;
pub mod lambda;
pub mod language;
pub mod load;
pub mod metrics;
pub mod network_plan;
pub mod policies;
pub mod policy;
pub mod profile_name;
pub mod random;
pub mod rate_limits;
pub mod reload;
pub mod replay;
pub mod saml;
pub mod seal;
pub mod serve;
pub mod settings;
pub mod sign_in;
pub mod tls;
pub mod traces;
pub mod watchers;
