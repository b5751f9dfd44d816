//! The closed list of public error codes. A code never changes its meaning; `docs/errors.md` lists them all, and a
//! test holds the two together. What people read about a code is in `locales`, in every language.

/// Whose turn it is to do something about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The person, by trying again or by asking for access.
    Visitor,
    /// Whoever runs the identity provider.
    Idp,
    /// Whoever runs the AWS account, or AWS itself.
    Aws,
    /// Whoever runs this gateway.
    Gateway,
}

/// What a code means to the outside.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: &'static str,
    status: u16,
    fault: Fault,
    retry: bool,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $fault:ident, $retry:literal;)+) => {
        /// A public error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            fn entry(self) -> Entry {
                match self {
                    $(Code::$variant => Entry {
                        name: $name, status: $status, fault: Fault::$fault, retry: $retry,
                    },)+
                }
            }
        }
    };
}

codes! {
    /// The request is not a form with exactly one usable `SAMLResponse`.
    RequestMalformed = "request.malformed", 400, Idp, true;
    /// The ACS takes `application/x-www-form-urlencoded` only.
    RequestContentType = "request.content-type", 415, Idp, true;
    /// The message is larger than AWS STS takes (100,000 characters).
    RequestTooLarge = "request.too-large", 413, Idp, false;
    /// There is no such page.
    RequestNotFound = "request.not-found", 404, Visitor, false;
    /// The page does not take this HTTP method.
    RequestMethod = "request.method", 405, Visitor, false;
    /// More requests come than are answered.
    RequestLimited = "request.limited", 429, Visitor, true;
    /// Signature, structure or trust: the message is not an acceptable statement of a known identity provider.
    AssertionRejected = "assertion.rejected", 403, Idp, true;
    /// The message was valid once, or is not yet.
    AssertionExpired = "assertion.expired", 403, Visitor, true;
    /// The message was used already.
    AssertionReplayed = "assertion.replayed", 403, Visitor, true;
    /// The message answers a request that this browser did not make, or made too long ago.
    SignInLost = "sign-in.lost", 403, Visitor, true;
    /// The message answers no request of ours, and this identity provider may not start a sign-in.
    SignInUnsolicited = "sign-in.unsolicited", 403, Visitor, true;
    /// The identity provider says that the person was not signed in, and none of the codes below says why.
    IdpDeclined = "idp.declined", 403, Visitor, true;
    /// The identity provider could not authenticate the person (status `AuthnFailed`).
    IdpAuthnFailed = "idp.authn-failed", 403, Visitor, true;
    /// The identity provider does not let this person come here, or the person said no (status `RequestDenied`).
    IdpRequestDenied = "idp.request-denied", 403, Visitor, true;
    /// The identity provider would have had to ask the person, and was not to (status `NoPassive`).
    IdpNoPassive = "idp.no-passive", 403, Visitor, true;
    /// The identity provider cannot authenticate the person in the way that we ask for (status `NoAuthnContext`).
    IdpNoAuthnContext = "idp.no-authn-context", 403, Idp, true;
    /// No configured identity provider, or several and none chosen.
    IdpUnknown = "idp.unknown", 404, Visitor, true;
    /// A required attribute is missing, repeated or malformed.
    IdentityInvalid = "identity.invalid", 403, Idp, false;
    /// The session tag that AWS compares with the owner of the profile is missing or another.
    SessionTag = "identity.session-tag", 403, Idp, false;
    /// No rule leads this person anywhere.
    EntitlementNone = "entitlement.none", 403, Visitor, false;
    /// The page to choose a destination is too old, or belongs to another browser.
    ChoiceExpired = "choice.expired", 403, Visitor, true;
    /// The choice is none of those that were offered.
    ChoiceInvalid = "choice.invalid", 400, Visitor, true;
    /// The user profile of this name belongs to somebody else.
    ProfileConflict = "profile.conflict", 409, Gateway, false;
    /// SageMaker reports the user profile as failed.
    ProfileFailed = "profile.failed", 502, Aws, true;
    /// The user profile is being deleted.
    ProfileDeleting = "profile.deleting", 503, Aws, true;
    /// The user profile is not ready within the configured time. The next sign-in picks it up.
    ProfilePending = "profile.pending", 503, Aws, true;
    /// The space that the destination is in is not what it has to be: somebody else's, or shared where it has to be private.
    SpaceConflict = "space.conflict", 409, Gateway, false;
    /// The space that the destination is in does not exist, and is not to be made.
    SpaceMissing = "space.missing", 404, Gateway, false;
    /// SageMaker does not make the space, or reports it as failed.
    SpaceFailed = "space.failed", 502, Aws, true;
    /// The space is not ready within the configured time, or is being deleted. The next sign-in picks it up.
    SpacePending = "space.pending", 503, Aws, true;
    /// The notebook instance belongs to somebody else, or to nobody.
    NotebookConflict = "notebook.conflict", 409, Gateway, false;
    /// There is no such notebook instance, or it is being deleted.
    NotebookMissing = "notebook.missing", 404, Gateway, false;
    /// SageMaker reports the notebook instance as failed.
    NotebookFailed = "notebook.failed", 502, Aws, false;
    /// SageMaker reports the notebook instance as failed: AWS had no machine of its type.
    NotebookNoCapacity = "notebook.no-capacity", 503, Aws, false;
    /// SageMaker reports the notebook instance as failed: its lifecycle script did not end well, or in time.
    NotebookScriptFailed = "notebook.script-failed", 502, Aws, false;
    /// The notebook instance is not in service within the configured time. The next sign-in picks it up.
    NotebookPending = "notebook.pending", 503, Aws, true;
    /// A role of the person's execution role's name is somebody else's, or not safe to give policies to.
    ExecutionRoleConflict = "execution-role.conflict", 409, Gateway, false;
    /// The person's execution role cannot be given its policies.
    ExecutionRoleFailed = "execution-role.failed", 502, Aws, false;
    /// AWS refuses the role session: trust policy, provider or role.
    AwsDenied = "aws.denied", 502, Aws, false;
    /// STS does not accept the assertion.
    AwsAssertionRefused = "aws.assertion-refused", 403, Aws, true;
    /// STS read the assertion differently than we did. This is never shrugged off.
    AwsDisagrees = "aws.disagrees", 403, Gateway, false;
    /// A limit of the AWS account is reached.
    AwsLimit = "aws.limit", 503, Aws, false;
    /// AWS asks us to slow down, also after retries.
    AwsThrottled = "aws.throttled", 503, Aws, true;
    /// AWS did not answer in time.
    AwsTimeout = "aws.timeout", 504, Aws, true;
    /// AWS cannot be reached, or answers with an error of its own.
    AwsUnavailable = "aws.unavailable", 502, Aws, true;
    /// The replay ledger cannot answer, so nothing is granted.
    LedgerUnavailable = "ledger.unavailable", 503, Gateway, true;
    /// More sign-ins are under way than the gateway takes on at the same time.
    GatewayBusy = "gateway.busy", 503, Gateway, true;
    /// A fault of the gateway itself.
    GatewayFault = "gateway.fault", 500, Gateway, true;
}

impl Code {
    /// The stable public name, such as `assertion.expired`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// HTTP status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        self.entry().status
    }

    /// Whose turn it is.
    #[must_use]
    pub fn fault(self) -> Fault {
        self.entry().fault
    }

    /// Whether trying again can help, and so whether the page has a button for it.
    #[must_use]
    pub fn retry(self) -> bool {
        self.entry().retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn the_document_lists_every_code_with_its_status() {
        let document = include_str!("../../docs/errors.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} |", code.name(), code.status());
            assert!(document.contains(&row), "docs/errors.md has no row starting with {row}");
        }
        let rows = document.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, Code::ALL.len(), "docs/errors.md lists codes that do not exist");
    }
}
