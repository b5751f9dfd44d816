//! What a sign-in ends with when it does not end in Studio: one outward type, made of a public code and a private
//! reason. The reason goes to the log and nowhere else.

mod code;

pub use code::{Code, Fault};

use std::fmt;
use std::time::Duration;

/// A sign-in that was refused or could not be finished.
///
/// `code` is public: it decides the HTTP status and the page. `reason` is for the log: it names the rule and the
/// values that an admin needs, and never holds an assertion, a credential, a cookie or a presigned URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    reason: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with the reason that the log gives. Control characters are escaped, so that a reason that quotes
    /// somebody stays on one line.
    pub fn new(code: Code, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.contains(char::is_control) {
            reason = reason.chars().flat_map(escaped).collect();
        }
        Self { code, reason, retry_after: None }
    }

    /// The same, and trying again is of use after so long.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// After how long trying again is of use, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The public, stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The private reason, for the log.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A character as it is, or escaped if it is a control character.
pub(crate) fn escaped(c: char) -> impl Iterator<Item = char> {
    let (plain, escape) = if c.is_control() { (None, Some(c.escape_default())) } else { (Some(c), None) };
    plain.into_iter().chain(escape.into_iter().flatten())
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.reason)
    }
}

impl std::error::Error for Refusal {}
