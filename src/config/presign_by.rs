//! Key `presign_by` of `[[domain]]`.

/// Who calls `CreatePresignedDomainUrl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresignBy {
    /// The person's own role session, so that AWS compares owner and person.
    Person,
    /// The gateway or its provisioner role, after it looked at the owner tag anew.
    Service,
}

impl PresignBy {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "person" => Some(Self::Person),
            "service" => Some(Self::Service),
            _ => None,
        }
    }
}
