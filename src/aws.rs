//! AWS, as a sign-in uses it: the person's role session from STS, their user profile, and the presigned URL.
//!
//! Two principals call: the gateway's own role, or a provisioner role that it takes, looks up, creates and tags profiles;
//! the person's own role session opens the one profile, so that AWS itself compares owner and person, and CloudTrail names
//! the person.

mod at_once;
mod backup;
mod bounded;
mod breaker;
mod clients;
mod drift;
mod execution_role;
mod fault;
mod http_client;
mod lifecycle;
mod lost_connection;
mod notebook;
mod presign;
mod profile;
mod provisioner;
mod reconcile;
pub mod remote;
mod restore;
mod role_session;
mod space;
pub(crate) mod survey;
mod warm;

pub use backup::{Taken, backup, describe_domain};
pub(crate) use bounded::Bounded;
pub(crate) use breaker::Answer;
pub use clients::{AwsClients, GatewayCredentials};
pub use drift::Drift;
pub use execution_role::{ExecutionRole, ExecutionRoles, FoundRole, RoleLook};
pub use fault::{AwsFault, Kind};
pub(crate) use http_client::shared as http_client;
pub use lifecycle::{SyncOutcome, Synced, sync as sync_lifecycle};
pub(crate) use lost_connection::LostConnection;
pub use notebook::{FoundInstance, InstanceLook, NotebookInstance, Notebooks};
pub use presign::{PresignFault, PresignedUrl, presign};
pub use profile::{FoundProfile, Profiles, StudioProfile, Terms, Until};
pub(crate) use reconcile::templates;
pub use reconcile::{Examined, Mode, Outcome, Reconciled, reconcile};
pub use restore::{Item, ItemOutcome, Restored, restore};
pub use role_session::{Purpose, RoleSession, assume_role};
pub use space::{FoundSpace, SpaceLook, Spaces, StudioSpace};
