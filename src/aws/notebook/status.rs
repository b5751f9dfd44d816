//! What the status of a notebook instance means for a sign-in, and what AWS's reason for a failure means for the person.

use super::FoundInstance;
use crate::error::{Code, Refusal};
use aws_sdk_sagemaker::types::NotebookInstanceStatus as Status;

/// The states that a sign-in can go on with, now or after a while.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    InService,
    Stopped,
    /// Going up or down, or being changed, by itself.
    Moving,
}

/// What an instance's status means.
///
/// # Errors
/// For a status that waiting does not change, with SageMaker's `FailureReason`.
pub(super) fn state(found: &FoundInstance) -> Result<State, Refusal> {
    let FoundInstance { arn, status, failure, .. } = found;
    match status {
        Status::InService => Ok(State::InService),
        Status::Stopped => Ok(State::Stopped),
        Status::Pending | Status::Stopping | Status::Updating => Ok(State::Moving),
        // Not started again: what failed once fails again, and each time takes minutes.
        Status::Failed => {
            let why = failure.as_deref().unwrap_or("no reason given");
            Err(Refusal::new(failed(why), format!("{arn}: Failed: {why}")))
        }
        Status::Deleting => Err(Refusal::new(Code::NotebookMissing, format!("{arn}: Deleting"))),
        other => {
            let reason = format!("{arn}: unknown status {}", other.as_str());
            Err(Refusal::new(Code::AwsUnavailable, reason))
        }
    }
}

/// What can be said of a failure to somebody who may not know the account: the kind, never AWS's words.
fn failed(why: &str) -> Code {
    let why = why.to_ascii_lowercase();
    if why.contains("insufficient") && why.contains("capacity") {
        Code::NotebookNoCapacity
    } else if why.contains("lifecycle config") {
        Code::NotebookScriptFailed
    } else {
        Code::NotebookFailed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_as_aws_words_them() {
        for (why, code) in [
            (
                "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. Please \
                 retry using a different ML instance type or after some time.",
                Code::NotebookNoCapacity,
            ),
            (
                "Notebook Instance Lifecycle Config 'arn:aws:sagemaker:eu-west-1:111122223333:\
                 notebook-instance-lifecycle-config/x' for Notebook Instance 'x' took longer than 5 minutes.",
                Code::NotebookScriptFailed,
            ),
            ("Failed to retrieve the code repository.", Code::NotebookFailed),
            ("", Code::NotebookFailed),
        ] {
            assert_eq!(failed(why), code, "{why}");
        }
    }
}
