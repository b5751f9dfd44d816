//! The closed list of public error codes. A code never changes its meaning; `docs/errors.md` lists them all, and a
//! test holds the two together.

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
    title: &'static str,
    advice: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $status:literal, $fault:ident, $retry:literal,
        $title:literal, $advice:literal;)+) => {
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
                        title: $title, advice: $advice,
                    },)+
                }
            }
        }
    };
}

codes! {
    /// The request is not a form with exactly one usable `SAMLResponse`.
    RequestMalformed = "request.malformed", 400, Idp, true,
        "This sign-in message cannot be read",
        "Start again from your company's sign-in page. If it happens again, tell your admin.";
    /// The ACS takes `application/x-www-form-urlencoded` only.
    RequestContentType = "request.content-type", 415, Idp, true,
        "This sign-in message has the wrong form",
        "Start again from your company's sign-in page. If it happens again, tell your admin.";
    /// The message is larger than AWS STS takes (100,000 characters).
    RequestTooLarge = "request.too-large", 413, Idp, false,
        "This sign-in message is too large",
        "Tell your admin: the identity provider may be sending far too many groups or roles.";
    /// There is no such page.
    RequestNotFound = "request.not-found", 404, Visitor, true,
        "There is no such page",
        "Start from the beginning.";
    /// The page does not take this HTTP method.
    RequestMethod = "request.method", 405, Visitor, true,
        "This page cannot be opened like this",
        "Start from the beginning.";
    /// Signature, structure or trust: the message is not an acceptable statement of a known identity provider.
    AssertionRejected = "assertion.rejected", 403, Idp, true,
        "Your sign-in could not be verified",
        "Try again. If it happens again, tell your admin the request id.";
    /// The message was valid once, or is not yet.
    AssertionExpired = "assertion.expired", 403, Visitor, true,
        "This sign-in took too long",
        "Try again: a sign-in message is valid for a few minutes only.";
    /// The message was used already.
    AssertionReplayed = "assertion.replayed", 403, Visitor, true,
        "This sign-in was used already",
        "Try again. This happens when a page is reloaded or reached with the back button.";
    /// The message answers a request that this browser did not make, or made too long ago.
    SignInLost = "sign-in.lost", 403, Visitor, true,
        "We lost track of this sign-in",
        "Try again in this browser, and allow cookies for this site.";
    /// The message answers no request of ours, and this identity provider may not start a sign-in.
    SignInUnsolicited = "sign-in.unsolicited", 403, Visitor, true,
        "Please start here",
        "Sign-ins have to start on this site. Use the button below.";
    /// The identity provider says that the person was not signed in.
    IdpDeclined = "idp.declined", 403, Visitor, true,
        "Your company's sign-in did not let you in",
        "Try again. If it happens again, ask the people who run your company's sign-in.";
    /// No configured identity provider, or several and none chosen.
    IdpUnknown = "idp.unknown", 404, Visitor, true,
        "We do not know this identity provider",
        "Start from the beginning and choose one of the identity providers offered there.";
    /// A required attribute is missing, repeated or malformed.
    IdentityInvalid = "identity.invalid", 403, Idp, false,
        "Your company's sign-in did not tell us enough about you",
        "Tell your admin the request id: an attribute that your company's sign-in sends is missing or malformed.";
    /// The session tag that AWS compares with the owner of the profile is missing or another.
    SessionTag = "identity.session-tag", 403, Idp, false,
        "Your company's sign-in did not tell AWS who you are",
        "Tell your admin the request id: the tag that opens your own profile is missing, or names somebody else.";
    /// No rule leads this person anywhere.
    EntitlementNone = "entitlement.none", 403, Visitor, false,
        "You do not have access to SageMaker Studio",
        "Ask your admin for access. If you were given access just now, sign out of your company's sign-in and in again.";
    /// The page to choose a destination is too old, or belongs to another browser.
    ChoiceExpired = "choice.expired", 403, Visitor, true,
        "This page is too old",
        "Try again: a choice has to be made within a few minutes.";
    /// The choice is none of those that were offered.
    ChoiceInvalid = "choice.invalid", 400, Visitor, true,
        "This choice was not offered",
        "Try again and choose one of the destinations on the page.";
    /// The user profile of this name belongs to somebody else.
    ProfileConflict = "profile.conflict", 409, Gateway, false,
        "Your Studio profile belongs to somebody else",
        "Tell your admin the request id: the profile with your name carries another owner's tag.";
    /// SageMaker reports the user profile as failed.
    ProfileFailed = "profile.failed", 502, Aws, true,
        "Your Studio profile could not be prepared",
        "Tell your admin the request id: SageMaker reports that the profile failed.";
    /// The user profile is being deleted.
    ProfileDeleting = "profile.deleting", 503, Aws, true,
        "Your Studio profile is being deleted",
        "Wait a few minutes and try again: a new one will be made.";
    /// The user profile is not ready within the configured time. The next sign-in picks it up.
    ProfilePending = "profile.pending", 503, Aws, true,
        "Your Studio is still being prepared",
        "Try again in a minute: what has been started goes on.";
    /// A role of the person's execution role's name is somebody else's, or not safe to give policies to.
    ExecutionRoleConflict = "execution-role.conflict", 409, Gateway, false,
        "Your notebooks' role belongs to somebody else",
        "Tell your admin the request id: the role with your name has another owner, or is not as it has to be.";
    /// The person's execution role cannot be given its policies.
    ExecutionRoleFailed = "execution-role.failed", 502, Aws, false,
        "Your notebooks' permissions could not be set",
        "Tell your admin the request id: a policy does not exist, or the role has too many.";
    /// AWS refuses the role session: trust policy, provider or role.
    AwsDenied = "aws.denied", 502, Aws, false,
        "AWS does not allow this sign-in",
        "Tell your admin the request id: a policy in AWS refuses it.";
    /// STS does not accept the assertion.
    AwsAssertionRefused = "aws.assertion-refused", 403, Aws, true,
        "AWS did not accept this sign-in",
        "Try again. If it happens again, tell your admin the request id.";
    /// STS read the assertion differently than we did. This is never shrugged off.
    AwsDisagrees = "aws.disagrees", 403, Gateway, false,
        "Your sign-in could not be verified",
        "Tell your admin the request id.";
    /// A limit of the AWS account is reached.
    AwsLimit = "aws.limit", 503, Aws, false,
        "There is no room for another Studio profile",
        "Tell your admin the request id: a limit of the AWS account is reached.";
    /// AWS asks us to slow down, also after retries.
    AwsThrottled = "aws.throttled", 503, Aws, true,
        "AWS is busy",
        "Wait a moment and try again.";
    /// AWS did not answer in time.
    AwsTimeout = "aws.timeout", 504, Aws, true,
        "AWS does not answer",
        "Wait a moment and try again.";
    /// AWS cannot be reached, or answers with an error of its own.
    AwsUnavailable = "aws.unavailable", 502, Aws, true,
        "AWS cannot be reached",
        "Wait a moment and try again. If it happens again, tell your admin the request id.";
    /// The replay ledger cannot answer, so nothing is granted.
    LedgerUnavailable = "ledger.unavailable", 503, Gateway, true,
        "Sign-ins are not possible right now",
        "Wait a moment and try again.";
    /// A fault of the gateway itself.
    GatewayFault = "gateway.fault", 500, Gateway, true,
        "Something went wrong on our side",
        "Try again. If it happens again, tell your admin the request id.";
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

    /// What happened, in words for the person.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// What to do now, in words for the person.
    #[must_use]
    pub fn advice(self) -> &'static str {
        self.entry().advice
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
