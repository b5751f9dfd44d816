//! Credentials of a provisioner role, taken by a call that is counted and bounded like every other: where STS does not
//! answer, people hear so at once, instead of one after the other taking their turn to try.

use crate::config::Provisioner;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use std::time::SystemTime;

/// Takes the role anew whenever it is asked; the identity cache of the clients asks seldom.
#[derive(Debug)]
pub(super) struct ProvisionerRole {
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) settings: Provisioner,
}

impl ProvisionerRole {
    async fn take(&self) -> provider::Result {
        let Provisioner { role, external_id, session_name } = &self.settings;
        let call = self.sts.assume_role().role_arn(role.as_str()).role_session_name(session_name);
        let output = call.set_external_id(external_id.clone()).send().await;
        let output = output.map_err(CredentialsError::provider_error)?;
        let session = output.credentials().ok_or_else(|| CredentialsError::unhandled("no credentials"))?;
        let until = SystemTime::try_from(*session.expiration()).map_err(CredentialsError::unhandled)?;
        Ok(Credentials::new(
            session.access_key_id(),
            session.secret_access_key(),
            Some(session.session_token().to_owned()),
            Some(until),
            "ProvisionerRole",
        ))
    }
}

impl ProvideCredentials for ProvisionerRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.take())
    }
}
