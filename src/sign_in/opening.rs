//! From a grant to Studio: what is done at AWS, and in which order.

use super::{Choice, Gateway, Progress, Record, Step};
use crate::aws::{
    self, FoundProfile, PresignFault, PresignedUrl, Purpose, RoleLook, RoleSession, SpaceLook, StudioProfile,
    StudioSpace, Terms, Until,
};
use crate::config::PresignBy;
use crate::error::Refusal;
use crate::execution_role::WantedRole;
use crate::policy::{Grant, Way};

impl Gateway {
    /// From a grant to the URL: gets everything ready, and opens the profile as the person.
    ///
    /// May be dropped half-way, and begun anew here or at another instance: whatever it has told AWS to make by then is
    /// found by the next attempt.
    pub async fn open<'g>(
        &'g self,
        choice: &Choice,
        way: &Way<'g>,
        record: &mut Record,
    ) -> Result<Opened<'g>, Refusal> {
        record.way(way);
        match way {
            Way::Studio(grant) => self.open_profile(choice, grant, record).await.map(Opened::Url),
            Way::Notebooks(grant) => Box::pin(self.open_notebook(choice, grant, record)).await,
        }
    }

    async fn open_profile(
        &self,
        choice: &Choice,
        grant: &Grant<'_>,
        record: &mut Record,
    ) -> Result<PresignedUrl, Refusal> {
        let quietly = Progress::unwatched();
        let opening = Opening::of(self, choice, grant, &quietly);
        let remembered = opening.remembered();
        let seen_before = remembered.is_some();
        // On the heap: the calls of AWS make it large.
        let reached = Box::pin(opening.reach(remembered, record)).await?;
        match opening.presign(&reached).await {
            Ok(url) => Ok(url),
            Err(fault) if fault.may_pass(seen_before) => {
                // Gone, or being changed, since it was last seen: looked at again, made anew if need be, and waited for.
                self.profiles.forget(grant);
                self.spaces.forget(grant);
                let session = reached.session;
                let Found { profile, role, space } = opening.look().await;
                let profile = opening.make_ready(&session, profile?, role?, Until::InService).await?;
                let space = opening.make_space_ready(&profile, space?).await?;
                Ok(opening.presign(&Reached { session, profile, space }).await?)
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// Brings the profile in line with what the configuration says, where the domain wants it so and the way there found
    /// it to differ. For after [`Gateway::open`]; may be dropped at any point.
    pub async fn reconcile(&self, way: &Way<'_>) {
        if let Way::Studio(grant) = way {
            self.profiles.reconcile(&self.clients, grant).await;
        }
    }

    /// Gets everything ready that [`Gateway::open`] needs, and tells how far it is. It makes no URL: the request that
    /// redirects does, so that a URL is in no place but the redirect.
    pub async fn prepare(
        &self,
        choice: &Choice,
        way: &Way<'_>,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<(), Refusal> {
        record.way(way);
        match way {
            Way::Studio(grant) => {
                let opening = Opening::of(self, choice, grant, progress);
                let remembered = opening.remembered();
                Box::pin(opening.reach(remembered, record)).await.map(|_| ())
            }
            Way::Notebooks(grant) => Box::pin(self.prepare_notebook(choice, grant, progress, record)).await,
        }
    }
}

/// Where a way led.
#[derive(Debug)]
pub enum Opened<'g> {
    /// The way in.
    Url(PresignedUrl),
    /// The way into the notebook instance of this name.
    Instance(PresignedUrl, String),
    /// Several notebook instances are the person's own, and they choose.
    Several(Vec<Way<'g>>),
}

/// What has to be there for a URL.
struct Reached {
    session: RoleSession,
    profile: StudioProfile,
    /// The space that the destination is in, if it is in one.
    space: Option<StudioSpace>,
}

/// What looks at AWS found. Each failure counts only where its turn comes.
struct Found {
    profile: Result<Option<FoundProfile>, Refusal>,
    role: Result<RoleLook, Refusal>,
    space: Result<SpaceLook, Refusal>,
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
        let metrics = &self.gateway.metrics;
        if let Some(wanted) = &self.wanted {
            let settled = self.gateway.roles.is_settled(wanted);
            metrics.looked_up("execution-role", settled);
            if !settled {
                return None;
            }
        }
        let remembered = self.gateway.profiles.remembered(self.grant);
        metrics.looked_up("profile", remembered.is_some());
        remembered
    }

    /// Assumes the role while looking for profile, execution role and space, and makes these if they are missing.
    /// `remembered`: what [`Opening::remembered`] says.
    async fn reach(
        &self,
        remembered: Option<StudioProfile>,
        record: &mut Record,
    ) -> Result<Reached, Refusal> {
        let Self { gateway, choice, grant, progress, .. } = self;
        progress.at(Step::SigningIn);
        let now = gateway.clock.now();
        let purpose = Purpose::studio(grant);
        let assume = aws::assume_role(&gateway.clients, &purpose, choice.identity(), choice.response(), now);
        if let Some(profile) = remembered {
            let (session, space) = tokio::join!(assume, gateway.spaces.find(&gateway.clients, grant));
            let session = session?;
            record.role_session(session.arn());
            let space = self.make_space_ready(&profile, space?).await?;
            return Ok(Reached { session, profile, space });
        }
        let assume = async {
            let session = assume.await;
            progress.at(Step::Looking);
            session
        };
        let (session, Found { profile, role, space }) = tokio::join!(assume, self.look());
        // What STS says about the person goes before what the others say about profile and role.
        let session = session?;
        record.role_session(session.arn());
        let profile = self.make_ready(&session, profile?, role?, Until::Usable).await?;
        let space = self.make_space_ready(&profile, space?).await?;
        Ok(Reached { session, profile, space })
    }

    /// Looks for profile, execution role and space at the same time.
    async fn look(&self) -> Found {
        let Self { gateway, grant, wanted, .. } = self;
        let (profile, role, space) = tokio::join!(
            gateway.profiles.find(&gateway.clients, grant),
            gateway.roles.find(&gateway.clients, grant.domain(), wanted.as_ref()),
            gateway.spaces.find(&gateway.clients, grant)
        );
        Found { profile, role, space }
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

    async fn make_space_ready(
        &self,
        profile: &StudioProfile,
        found: SpaceLook,
    ) -> Result<Option<StudioSpace>, Refusal> {
        let Self { gateway, grant, progress, .. } = self;
        // On the heap: few sign-ins need it, and the calls of AWS make it large.
        Box::pin(gateway.spaces.ensure(&gateway.clients, grant, profile, found, progress)).await
    }

    async fn presign(&self, reached: &Reached) -> Result<PresignedUrl, PresignFault> {
        let Self { gateway, choice, grant, .. } = self;
        let Reached { session, profile, space } = reached;
        if grant.domain().presign_by == PresignBy::Service {
            gateway.profiles.confirm_owner(&gateway.clients, grant).await.map_err(PresignFault::Other)?;
        }
        let now = gateway.clock.now();
        let clients = &gateway.clients;
        aws::presign(clients, session, profile, space.as_ref(), grant, choice.identity(), now).await
    }
}
