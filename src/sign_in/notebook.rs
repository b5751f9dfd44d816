//! From a grant to a notebook instance: found first, since the session policy names it; then STS, and what STS accepted
//! starts it.

use super::opening::Opened;
use super::{Choice, Gateway, Progress, Record, Step};
use crate::aws::{self, InstanceLook, NotebookInstance, PresignFault, PresignedUrl, Purpose, RoleSession};
use crate::error::Refusal;
use crate::policy::{NotebookGrant, Way};

/// How far a request got.
enum Reached {
    /// The instance is in service.
    Instance(RoleSession, NotebookInstance),
    /// Several are the person's own: their names.
    Several(Vec<String>),
}

impl Gateway {
    /// The URL of the person's instance, or the instances that they can choose from.
    pub(super) async fn open_notebook<'g>(
        &'g self,
        choice: &Choice,
        grant: &NotebookGrant<'g>,
        record: &mut Record,
    ) -> Result<Opened<'g>, Refusal> {
        let quietly = Progress::unwatched();
        let mut seen_before = false;
        loop {
            let reached = match self.reach_notebook(choice, grant, &quietly, record).await? {
                Reached::Instance(session, instance) => (session, instance),
                Reached::Several(names) => {
                    let ways = names.iter().map(|name| Way::Notebooks(grant.to(name)));
                    return Ok(Opened::Several(ways.collect()));
                }
            };
            match self.presign_notebook(choice, grant, &reached).await {
                Ok(url) => return Ok(Opened::Instance(url, reached.1.name().to_owned())),
                // Gone or stopped since it was looked at a moment ago: a second look says which.
                Err(fault) if !seen_before && fault.may_pass(false) => seen_before = true,
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    /// Gets the instance into service. Where the person has to choose among several, that comes first.
    pub(super) async fn prepare_notebook(
        &self,
        choice: &Choice,
        grant: &NotebookGrant<'_>,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        self.reach_notebook(choice, grant, progress, record).await.map(|_| ())
    }

    async fn reach_notebook(
        &self,
        choice: &Choice,
        grant: &NotebookGrant<'_>,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<Reached, Refusal> {
        progress.at(Step::Looking);
        let found = match self.notebooks.find(&self.clients, grant).await? {
            InstanceLook::One(found) => found,
            InstanceLook::Several(names) => return Ok(Reached::Several(names)),
        };
        record.notebook(found.name());
        progress.at(Step::SigningIn);
        let purpose = Purpose::notebook(grant, found.arn());
        let (identity, response, now) = (choice.identity(), choice.response(), self.clock.now());
        let session = aws::assume_role(&self.clients, &purpose, identity, response, now).await?;
        record.role_session(session.arn());
        let instance = self.notebooks.ensure(&self.clients, grant, &session, found, progress).await?;
        Ok(Reached::Instance(session, instance))
    }

    async fn presign_notebook(
        &self,
        choice: &Choice,
        grant: &NotebookGrant<'_>,
        (session, instance): &(RoleSession, NotebookInstance),
    ) -> Result<PresignedUrl, PresignFault> {
        let now = self.clock.now();
        self.notebooks.presign(&self.clients, session, instance, grant, choice.identity(), now).await
    }
}
