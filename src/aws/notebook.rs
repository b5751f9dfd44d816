//! Notebook instances: found by name or by owner tag, started when stopped, waited for, and never opened where they are
//! somebody else's. None is made, stopped or changed.

mod owned;
mod status;

use super::clients::{AwsClients, signing_as};
use super::fault::{AwsFault, Kind};
use super::presign::{PresignFault, PresignedUrl, open_seconds};
use super::profile::{Tags, tags};
use super::role_session::RoleSession;
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::policy::NotebookGrant;
use crate::sign_in::{Progress, Step};
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::NotebookInstanceStatus;
use chrono::{DateTime, TimeDelta, Utc};
use owned::Owners;
use status::{State, state};
use tokio::time::{Instant, sleep};

const DESCRIBE: &str = "sagemaker:DescribeNotebookInstance";
const START: &str = "sagemaker:StartNotebookInstance";
const PRESIGN: &str = "sagemaker:CreatePresignedNotebookInstanceUrl";
/// How long the URL can be opened (API reference of `CreatePresignedNotebookInstanceUrl`); it takes no parameter for it.
const LINK: TimeDelta = TimeDelta::minutes(5);

/// A notebook instance in service that is the person's own, or one that is shared.
#[derive(Debug)]
pub struct NotebookInstance {
    name: String,
}

impl NotebookInstance {
    /// `NotebookInstanceName`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What `DescribeNotebookInstance` says of an instance that is the person's own, or shared.
#[derive(Debug)]
pub struct FoundInstance {
    name: String,
    arn: String,
    status: NotebookInstanceStatus,
    /// `FailureReason`.
    failure: Option<String>,
}

impl FoundInstance {
    /// `NotebookInstanceArn`.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// `NotebookInstanceName`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What a look at AWS found.
#[derive(Debug)]
pub enum InstanceLook {
    /// The instance that the grant leads to.
    One(FoundInstance),
    /// Several whose owner tag names the person: their names, in order.
    Several(Vec<String>),
}

/// The notebook instances of all accounts.
#[derive(Debug, Default)]
pub struct Notebooks {
    owners: Owners,
}

impl Notebooks {
    /// Looks for what a grant leads to. Nothing is changed.
    ///
    /// # Errors
    /// `notebook.missing` if there is none; `notebook.conflict` if its owner tag does not name the person, and faults of AWS.
    pub async fn find(
        &self,
        clients: &AwsClients,
        grant: &NotebookGrant<'_>,
    ) -> Result<InstanceLook, Refusal> {
        let client = gateway_client(clients, grant)?;
        if let Some(name) = grant.instance() {
            return look(client, grant, name).await.map(InstanceLook::One);
        }
        let mut names = self.owners.names_of(client, grant).await?;
        match names.as_slice() {
            [] => {
                let tag = grant.place().owner_tag.as_deref().unwrap_or_default();
                let reason = format!(
                    "no notebook instance of account {} in {} has the tag {tag:?} = {:?}",
                    grant.place().account(),
                    grant.place().region,
                    grant.owner()
                );
                Err(Refusal::new(Code::NotebookMissing, reason))
            }
            [name] => look(client, grant, name).await.map(InstanceLook::One),
            _ => {
                names.sort();
                Ok(InstanceLook::Several(names))
            }
        }
    }

    /// The instance, in service: started if it is stopped, then waited for.
    ///
    /// The role session is the proof that STS took the assertion, without which nothing is started.
    ///
    /// # Errors
    /// `notebook.failed`, `notebook.no-capacity` and `notebook.script-failed` if SageMaker says so; `notebook.pending` when it
    /// is not ready in time (the next request goes on with it), and faults of AWS.
    pub async fn ensure(
        &self,
        clients: &AwsClients,
        grant: &NotebookGrant<'_>,
        _session: &RoleSession,
        found: FoundInstance,
        progress: &Progress,
    ) -> Result<NotebookInstance, Refusal> {
        let client = gateway_client(clients, grant)?;
        let place = grant.place();
        let deadline = Instant::now() + place.ready;
        let (mut found, mut asked) = (found, false);
        loop {
            match state(&found)? {
                State::InService => return Ok(NotebookInstance { name: found.name }),
                State::Stopped if !asked => {
                    progress.at(Step::Instance);
                    start(client, &found).await?;
                    asked = true;
                }
                // Started a moment ago and not to be seen yet, or on its way up or down.
                State::Stopped | State::Moving => {}
            }
            if Instant::now() >= deadline {
                let (arn, status) = (&found.arn, found.status.as_str());
                let reason = format!("{arn} is not in service after {} s: {status}", place.ready.as_secs());
                return Err(Refusal::new(Code::NotebookPending, reason));
            }
            progress.at(Step::Instance);
            sleep(place.poll).await;
            // With its owner, who may be another one by now.
            found = look(client, grant, &found.name).await?;
        }
    }

    /// Calls `CreatePresignedNotebookInstanceUrl` as the person's role session.
    pub async fn presign(
        &self,
        clients: &AwsClients,
        session: &RoleSession,
        instance: &NotebookInstance,
        grant: &NotebookGrant<'_>,
        identity: &Identity,
        now: DateTime<Utc>,
    ) -> Result<PresignedUrl, PresignFault> {
        let client = gateway_client(clients, grant).map_err(PresignFault::Other)?;
        let output = signing_as(client, session.credentials())
            .create_presigned_notebook_instance_url()
            .notebook_instance_name(&instance.name)
            .session_expiration_duration_in_seconds(open_seconds(
                grant.place().session_seconds,
                identity,
                now,
            ))
            .send()
            .await
            .map_err(|error| match AwsFault::of(PRESIGN, &error) {
                fault if fault.kind == Kind::NotFound => PresignFault::NotFound(fault.into()),
                fault if fault.kind == Kind::Denied => PresignFault::Denied(fault.into()),
                fault if matches!(fault.kind, Kind::InUse | Kind::Invalid) => {
                    PresignFault::NotNow(fault.into())
                }
                fault => PresignFault::Other(fault.into()),
            })?;
        PresignedUrl::of(output.authorized_url(), now + LINK).ok_or_else(|| {
            let reason = format!("{PRESIGN}: an answer without a usable URL");
            PresignFault::Other(Refusal::new(Code::AwsUnavailable, reason))
        })
    }
}

fn gateway_client<'c>(clients: &'c AwsClients, grant: &NotebookGrant<'_>) -> Result<&'c Client, Refusal> {
    clients
        .notebooks(grant.place())
        .ok_or_else(|| Refusal::new(Code::GatewayFault, "no SageMaker client for the notebook instances"))
}

/// An instance that is the person's own, or shared.
async fn look(client: &Client, grant: &NotebookGrant<'_>, name: &str) -> Result<FoundInstance, Refusal> {
    let expected = format!("{}{name}", grant.place().arn_prefix());
    let missing = || Refusal::new(Code::NotebookMissing, format!("{expected} does not exist"));
    let described = client.describe_notebook_instance().notebook_instance_name(name).send().await;
    let output = match described.map_err(|error| AwsFault::of(DESCRIBE, &error)) {
        Ok(output) => output,
        Err(AwsFault { kind: Kind::NotFound, .. }) => return Err(missing()),
        Err(fault) => return Err(fault.into()),
    };
    let without =
        |what: &str| Refusal::new(Code::AwsUnavailable, format!("{DESCRIBE}: an answer without {what}"));
    let arn = output.notebook_instance_arn().ok_or_else(|| without("an ARN"))?;
    // AWS writes names in ARNs in lower case. Another account is that of a gateway with the wrong credentials.
    if !arn.eq_ignore_ascii_case(&expected) {
        let reason = format!("{DESCRIBE}: {arn} in place of {expected}");
        return Err(Refusal::new(Code::NotebookConflict, reason));
    }
    let found = FoundInstance {
        name: name.to_owned(),
        arn: arn.to_owned(),
        status: output.notebook_instance_status().cloned().ok_or_else(|| without("a status"))?,
        failure: output.failure_reason().map(str::to_owned),
    };
    let Some(tag) = &grant.place().owner_tag else {
        return Ok(found);
    };
    let tags = tags_of(client, arn).await?.ok_or_else(missing)?;
    let reason = match tags.get(tag) {
        Some(owner) if owner == grant.owner() => return Ok(found),
        Some(owner) => format!("its tag {tag:?} names {owner:?}"),
        None => format!("it has no tag {tag:?}"),
    };
    let reason = format!("{arn} is not {:?}'s: {reason}", grant.owner());
    Err(Refusal::new(Code::NotebookConflict, reason))
}

/// All tags of an instance; `None` if there is none.
async fn tags_of(client: &Client, arn: &str) -> Result<Option<Tags>, Refusal> {
    match tags(client, arn).await {
        Ok(tags) => Ok(Some(tags)),
        Err(AwsFault { kind: Kind::NotFound | Kind::Invalid, .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Calls `StartNotebookInstance`. Whoever else starts it at the same time does so too.
async fn start(client: &Client, found: &FoundInstance) -> Result<(), Refusal> {
    let started = client.start_notebook_instance().notebook_instance_name(&found.name).send().await;
    match started.map_err(|error| AwsFault::of(START, &error)) {
        // Invalid: it is not stopped any longer. What it is now is seen by the next look.
        Ok(_) | Err(AwsFault { kind: Kind::InUse | Kind::Invalid | Kind::NotFound, .. }) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}
