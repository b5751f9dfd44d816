//! What a look came to.

use crate::aws::{AwsFault, Kind};
use serde::Serialize;
use serde_json::{Value, json};

/// The ids of all findings, in the order in which they are looked at.
pub const IDS: [&str; 29] = [
    "gateway.seal-keys",
    "gateway.credentials",
    "gateway.clock",
    "gateway.permissions",
    "ledger.claim",
    "ledger.table",
    "ledger.expiry",
    "endpoint.private",
    "idp.metadata",
    "saml-provider.exists",
    "saml-provider.entity-id",
    "saml-provider.certificates",
    "role.exists",
    "role.trust",
    "role.saml-aud",
    "role.session-duration",
    "domain.status",
    "domain.auth-mode",
    "domain.network",
    "domain.encryption",
    "domain.identity",
    "domain.execution-role",
    "execution-role.exists",
    "execution-role.trust",
    "execution-role.pass",
    "lifecycle-config",
    "quota.user-profiles",
    "quota.spaces",
    "gateway.fault",
];

/// How it stands with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it has to be.
    Ok,
    /// It could not be looked at.
    Unknown,
    /// It works, but not as well or as safely as it should.
    Warning,
    /// Sign-ins fail.
    Error,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Unknown, Self::Warning, Self::Error];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `saml-provider.certificates`. An id never changes its meaning.
    pub id: &'static str,
    /// How it stands with it.
    pub level: Level,
    /// Which one: an ARN, or a key of the configuration.
    pub subject: String,
    /// What was found.
    pub says: String,
    /// What to do; empty if nothing.
    pub fix: String,
}

impl Finding {
    pub(super) fn ok(id: &'static str, subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(id, Level::Ok, subject, says, "")
    }

    pub(super) fn unknown(
        id: &'static str,
        subject: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(id, Level::Unknown, subject, says, fix)
    }

    pub(super) fn warning(
        id: &'static str,
        subject: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(id, Level::Warning, subject, says, fix)
    }

    pub(super) fn error(
        id: &'static str,
        subject: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(id, Level::Error, subject, says, fix)
    }

    /// A look that AWS did not allow, or did not answer.
    pub(super) fn of_fault(id: &'static str, subject: impl Into<String>, fault: &AwsFault) -> Self {
        match fault.kind {
            Kind::Denied => {
                let fix = "allow it: studio-gateway policies --only check-live-policy";
                Self::unknown(id, subject, format!("needs {}", fault.api), fix)
            }
            _ => Self::unknown(id, subject, fault.to_string(), "try again"),
        }
    }

    fn new(
        id: &'static str,
        level: Level,
        subject: impl Into<String>,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { id, level, subject: subject.into(), says: says.into(), fix: fix.into() }
    }
}

/// Everything that was found.
#[derive(Debug)]
pub struct Report {
    /// In the order of the configuration.
    pub findings: Vec<Finding>,
}

impl Report {
    /// How many findings there are of a level.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// Whether nothing is in the way of sign-ins; `strict`: and nothing is doubtful or unknown.
    #[must_use]
    pub fn is_good(&self, strict: bool) -> bool {
        let most = if strict { Level::Ok } else { Level::Warning };
        self.findings.iter().all(|finding| finding.level <= most)
    }

    /// Findings and their numbers by level.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let summary: serde_json::Map<_, _> =
            Level::ALL.iter().map(|level| (level.name().to_owned(), self.count(*level).into())).collect();
        json!({ "findings": self.findings, "summary": summary })
    }
}
