//! From a grant to Studio: what is done at AWS, and in which order.

use super::{Choice, Gateway, Progress, Record, Step};
use crate::aws::{
    self, FoundProfile, PresignFault, PresignedUrl, RoleLook, RoleSession, StudioProfile, Terms, Until,
};
use crate::error::Refusal;
use crate::execution_role::WantedRole;
use crate::policy::Grant;

impl Gateway {
    /// From a grant to the URL: gets everything ready, and opens the profile as the person.
    ///
    /// May be dropped half-way, and begun anew here or at another instance: whatever it has told AWS to make by then is
    /// found by the next attempt.
    pub async fn open(
        &self,
        choice: &Choice,
        grant: &Grant<'_>,
        record: &mut Record,
    ) -> Result<PresignedUrl, Refusal> {
        let quietly = Progress::unwatched();
        let opening = Opening::of(self, choice, grant, &quietly);
        let seen_before = opening.remembered().is_some();
        let (session, profile) = Box::pin(opening.reach(record)).await?;
        let url = match opening.presign(&session, &profile).await {
            Ok(url) => url,
            Err(fault) if fault.may_pass(seen_before) => {
                // Gone, or being changed, since it was last seen: looked at again, made anew if need be, and waited for.
                self.profiles.forget(grant);
                let (found, role) = opening.look().await;
                let profile = opening.make_ready(&session, found?, role?, Until::InService).await?;
                opening.presign(&session, &profile).await?
            }
            Err(fault) => return Err(fault.into()),
        };
        self.profiles.reconcile(&self.clients, grant).await;
        Ok(url)
    }

    /// Gets everything ready that [`Gateway::open`] needs, and tells how far it is. It makes no URL: the request that
    /// redirects does, so that a URL is in no place but the redirect.
    pub async fn prepare(
        &self,
        choice: &Choice,
        grant: &Grant<'_>,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        Box::pin(Opening::of(self, choice, grant, progress).reach(record)).await.map(|_| ())
    }
}

/// One person's way to one destination.
struct Opening<'o> {
    gateway: &'o Gateway,
    choice: &'o Choice,
    grant: &'o Grant<'o>,
    /// The person's own execution role, where each person has one.
    wanted: Option<WantedRole<'o>>,
    progress: &'o Progress,
}

impl<'o> Opening<'o> {
    fn of(gateway: &'o Gateway, choice: &'o Choice, grant: &'o Grant<'o>, progress: &'o Progress) -> Self {
        Self { gateway, choice, grant, wanted: WantedRole::of(choice.identity(), grant), progress }
    }

    /// The profile, if profile and role were found to be right a short while ago.
    fn remembered(&self) -> Option<StudioProfile> {
        let settled = self.wanted.as_ref().is_none_or(|wanted| self.gateway.roles.is_settled(wanted));
        if settled { self.gateway.profiles.remembered(self.grant) } else { None }
    }

    /// Assumes the role while looking for profile and execution role, and makes these if they are missing.
    async fn reach(&self, record: &mut Record) -> Result<(RoleSession, StudioProfile), Refusal> {
        let Self { gateway, choice, grant, progress, .. } = self;
        record.grant(grant);
        progress.at(Step::SigningIn);
        let now = gateway.clock.now();
        let assume = aws::assume_role(&gateway.clients, grant, choice.identity(), choice.response(), now);
        if let Some(profile) = self.remembered() {
            let session = assume.await?;
            record.role_session(session.arn());
            return Ok((session, profile));
        }
        let assume = async {
            let session = assume.await;
            progress.at(Step::Looking);
            session
        };
        let (session, (found, role)) = tokio::join!(assume, self.look());
        // What STS says about the person goes before what the others say about profile and role.
        let session = session?;
        record.role_session(session.arn());
        let profile = self.make_ready(&session, found?, role?, Until::Usable).await?;
        Ok((session, profile))
    }

    /// Looks for profile and execution role at the same time.
    async fn look(&self) -> (Result<Option<FoundProfile>, Refusal>, Result<RoleLook, Refusal>) {
        let Self { gateway, grant, wanted, .. } = self;
        tokio::join!(
            gateway.profiles.find(&gateway.clients, grant),
            gateway.roles.find(&gateway.clients, grant.domain(), wanted.as_ref())
        )
    }

    /// The role first: the profile is made with it.
    async fn make_ready(
        &self,
        session: &RoleSession,
        found: Option<FoundProfile>,
        role: RoleLook,
        until: Until,
    ) -> Result<StudioProfile, Refusal> {
        let Self { gateway, grant, progress, .. } = self;
        let wanted = self.wanted.as_ref();
        let clients = &gateway.clients;
        let role = gateway.roles.ensure(clients, grant.domain(), wanted, session, role).await?;
        let terms = Terms { role: role.as_ref(), until, progress };
        let profile = gateway.profiles.ensure(clients, grant, session, found, &terms).await;
        if let (Err(_), Some(wanted)) = (&profile, wanted) {
            // The role may be gone, and the profile not to be made because of that.
            gateway.roles.forget(wanted);
        }
        profile
    }

    async fn presign(
        &self,
        session: &RoleSession,
        profile: &StudioProfile,
    ) -> Result<PresignedUrl, PresignFault> {
        let Self { gateway, choice, grant, .. } = self;
        let now = gateway.clock.now();
        aws::presign(&gateway.clients, session, profile, grant, choice.identity(), now).await
    }
}
