//! Tries once more where a connection was lost in a way that the SDK has no name for, such as in the middle of writing a
//! request: AWS closes idle connections at any time, also just then.
//!
//! Whatever the gateway calls may be called twice: STS takes an assertion again within its five minutes, a claim at the
//! ledger carries its own token, and what is made already is found to be there.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// For every client that signs in.
#[derive(Debug)]
pub(crate) struct LostConnection;

impl ClassifyRetry for LostConnection {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let fault = context.output_or_error().and_then(Result::err);
        match fault.and_then(|fault| fault.as_connector_error()) {
            Some(lost) if lost.is_other() && lost.as_other().is_none() => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "LostConnection"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::interceptors::context::{Error, Input};
    use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    fn action(fault: OrchestratorError<Error>) -> RetryAction {
        let mut context = InterceptorContext::new(Input::erase(()));
        context.set_output_or_error(Err(fault));
        LostConnection.classify_retry(&context)
    }

    #[test]
    fn only_what_the_sdk_has_no_name_for() {
        let connector = |fault: fn(_) -> ConnectorError| OrchestratorError::connector(fault("lost".into()));
        assert_eq!(
            action(connector(|fault| ConnectorError::other(fault, None))),
            RetryAction::transient_error()
        );
        for fault in [connector(ConnectorError::user), connector(ConnectorError::io)] {
            assert_eq!(action(fault), RetryAction::NoActionIndicated);
        }
        assert_eq!(action(OrchestratorError::other("refused")), RetryAction::NoActionIndicated);
    }
}
