//! The product on one page: how a SAML response becomes a redirect into one person's Studio.
//!
//! Each step takes what only the step before it can make, so the order below is the only one that compiles:
//! encoded → decoded → unverified → verified → fresh → identity → grant → role session → profile → presigned URL.

mod choice;
mod notebook;
mod opening;
mod progress;
mod record;
mod reloaded;
mod remembered;
mod request;

pub use choice::{Choice, Unusable};
pub use opening::Opened;
pub use progress::{Progress, Step};
pub use record::Record;
pub use remembered::Remembered;
pub use request::OutstandingRequest;

use crate::assets::Assets;
use crate::audit::Audit;
use crate::aws::{AwsClients, ExecutionRoles, GatewayCredentials, Notebooks, Profiles, Spaces};
use crate::clock::Clock;
use crate::config::Config;
use crate::drain::Drain;
use crate::error::{Code, Refusal};
use crate::identity::Identity;
use crate::idps::{Idps, KnownIdp, MetadataClient, keep_fresh};
use crate::metrics::Metrics;
use crate::policy::{self, Way};
use crate::random::NoRandomness;
use crate::rate_limits::RateLimits;
use crate::replay::{FreshAssertion, Ledger};
use crate::saml::{EncodedResponse, Expected, Rejection, Rule, UnverifiedResponse};
use crate::seal::Seal;
use crate::traces::step;
use crate::watchers::Watchers;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;

/// Everything that sign-ins share.
#[derive(Debug)]
pub struct Gateway {
    /// The configuration.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// What seals tokens.
    pub seal: Arc<Seal>,
    /// The identity providers as they are known now.
    pub idps: Arc<Idps>,
    /// Whether the service is about to end.
    pub drain: Drain,
    /// A place for each request that waits until a Studio is prepared.
    pub watchers: Watchers,
    /// What is counted.
    pub metrics: Metrics,
    /// How many requests are answered, if that is limited.
    pub rate_limits: Option<Arc<RateLimits>>,
    /// Where events of it go.
    pub audit: Audit,
    /// The files that pages refer to.
    pub assets: Assets,
    credentials: GatewayCredentials,
    ledger: Arc<Ledger>,
    clients: Arc<AwsClients>,
    profiles: Profiles,
    roles: ExecutionRoles,
    spaces: Spaces,
    notebooks: Notebooks,
}

/// What comes after an accepted response.
#[derive(Debug)]
pub enum Next<'g> {
    /// One destination.
    Go(Box<Choice>, Box<Way<'g>>),
    /// Several destinations, and none chosen yet.
    Choose(Box<Choice>, Vec<Way<'g>>),
}

impl Next<'_> {
    /// The same, but for what the person chose last, if that leads to this destination and may still be had.
    #[must_use]
    pub fn to_last(self, remembered: Option<&Remembered>, destination: Option<&str>) -> Self {
        let (choice, ways) = match &self {
            Self::Go(choice, way) => (choice, std::slice::from_ref(&**way)),
            Self::Choose(choice, ways) => (choice, ways.as_slice()),
        };
        let last = remembered.and_then(|remembered| remembered.last_of(choice.identity()));
        let way = last.and_then(|key| ways.iter().find_map(|way| way.at(key)));
        let is_meant = |way: &Way<'_>| Some(way.destination().key.as_str()) == destination;
        match (way.filter(is_meant), self) {
            (Some(way), Self::Go(choice, _) | Self::Choose(choice, _)) => Self::Go(choice, Box::new(way)),
            (None, next) => next,
        }
    }
}

/// How long a service waits for AWS before it serves: an AWS that is there has answered by then.
pub const WARM_UP: Duration = Duration::from_secs(2);

impl Gateway {
    /// Makes the shared parts. Nothing is called yet.
    pub async fn new(
        config: Config,
        clock: Clock,
        credentials: GatewayCredentials,
    ) -> Result<Self, NoRandomness> {
        let seal = Arc::new(Seal::new(&config.gateway.seal_keys)?);
        let idps = Arc::new(Idps::new(&config));
        let metrics = Metrics::new(Arc::clone(&idps));
        let ledger = Ledger::new(&config, clock.now(), credentials.clone(), &metrics);
        let ledger = Arc::new(Box::pin(ledger).await);
        metrics.reloads().loaded(clock.now());
        let audit = Audit::new(&config.audit, clock.clone(), credentials.clone(), &metrics);
        let audit = Box::pin(audit).await;
        let clients = Arc::new(Box::pin(AwsClients::new(&config, credentials.clone(), &metrics)).await);
        let assets = Assets::of(&config.brand);
        let watchers = Watchers::new(config.gateway.most_watchers);
        let rate_limits = config.limits.rates.map(|(address, all)| Arc::new(RateLimits::new(address, all)));
        Ok(Self {
            config,
            clock,
            seal,
            idps,
            drain: Drain::default(),
            watchers,
            metrics,
            rate_limits,
            audit,
            assets,
            credentials,
            ledger,
            clients,
            profiles: Profiles::default(),
            roles: ExecutionRoles::default(),
            spaces: Spaces::default(),
            notebooks: Notebooks::default(),
        })
    }

    /// Fetches the metadata of those IdPs whose metadata is on the web, and keeps it fresh from then on.
    ///
    /// # Errors
    /// When the metadata of an IdP cannot be had and no copy is known, from a file or from before: without keys there is
    /// no trust, and the service does not start.
    pub async fn fetch_metadata(&self) -> Result<(), String> {
        let with_url: Vec<_> =
            self.config.idps.iter().filter(|settings| settings.metadata.url.is_some()).cloned().collect();
        if with_url.is_empty() {
            return Ok(());
        }
        let client = Arc::new(MetadataClient::new(!self.config.saml.keys.is_empty())?);
        let mut fetches = JoinSet::new();
        for settings in with_url {
            let (client, idps, clock) = (Arc::clone(&client), Arc::clone(&self.idps), self.clock.clone());
            fetches.spawn(async move {
                let pause = match client.refresh(&idps, &settings, clock.now()).await {
                    Ok(pause) => pause,
                    Err(fault) => {
                        let Some(known) = idps.by_key(&settings.key) else { return Err(fault) };
                        let of_file = settings.metadata.file.as_ref();
                        let which = if of_file.is_some_and(|file| Arc::ptr_eq(file, &known.metadata)) {
                            "the file"
                        } else {
                            "what was fetched before the reload"
                        };
                        tracing::error!(target: "studio_gateway::idps", idp = settings.key, "{which} counts for now: {fault}");
                        Duration::from_mins(1)
                    }
                };
                let idps = Arc::downgrade(&idps);
                tokio::spawn(keep_fresh(client, idps, settings, clock, pause, tokio::time::sleep));
                Ok(())
            });
        }
        while let Some(fetched) = fetches.join_next().await {
            fetched.map_err(|fault| fault.to_string())??;
        }
        Ok(())
    }

    /// Does what the first sign-in would wait for otherwise: connections to AWS are made, and the ledger is tried out. What
    /// is in the way stands in the log; the service begins all the same. `limit`: see [`WARM_UP`].
    pub async fn warm(&self, limit: Duration) {
        tokio::join!(self.clients.warm(limit), self.try_ledger(limit));
    }

    /// Tries the replay ledger out, and says in the log what is in the way.
    async fn try_ledger(&self, limit: Duration) {
        match timeout(limit, self.ledger.try_out(self.clock.now())).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => tracing::error!(target: "studio_gateway::replay", "{}", refusal.reason()),
            Err(_) => {
                let milliseconds = limit.as_millis();
                tracing::warn!(target: "studio_gateway::replay", "the ledger did not answer within {milliseconds} ms");
            }
        }
    }

    /// Ends work on a sign-in that takes longer than one may. What AWS was told to make goes on there, and the next
    /// sign-in finds it.
    pub async fn within_limit<T>(
        &self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let limit = self.config.gateway.sign_in_limit;
        timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Refusal::new(Code::AwsTimeout, format!("no end after {} s", limit.as_secs())))
        })
    }

    /// A response posted to the ACS, from the browser that holds the `outstanding` requests.
    ///
    /// `destination` is the key of the one that the sign-in was meant for, if that is known. Somebody who may not go there
    /// is not taken anywhere else without being asked. `remembered` is what the browser remembers of the last choice,
    /// which counts only where no destination does. Nothing is called at AWS but the ledger, if that is there.
    pub async fn accept(
        &self,
        response: EncodedResponse,
        outstanding: &[OutstandingRequest],
        destination: Option<&str>,
        remembered: Option<&Remembered>,
        record: &mut Record,
    ) -> Result<Next<'_>, Refusal> {
        let now = self.clock.now();
        let (fresh, idp) = self.prove(&response, outstanding, now, record).await?;
        let (identity, mut grants) = step!("evaluate").in_scope(|| {
            let identity = Identity::map(&fresh, &idp.settings, &self.config.attributes)?;
            record.identity(&identity);
            let grants = self.offers(&identity, destination)?;
            Ok::<_, Refusal>((identity, grants))
        })?;
        match destination.and_then(|key| self.config.destination(key)) {
            Some(wanted) if grants.iter().all(|grant| grant.destination().key != wanted.key) => {
                return Ok(Next::Choose(Box::new(Choice::new(response, identity)), grants));
            }
            Some(_) => {}
            None => {
                if let Some(key) = remembered.and_then(|remembered| remembered.direct_of(&identity))
                    && let Some(grant) = grants.iter().find_map(|grant| grant.at(key))
                {
                    grants = vec![grant];
                }
            }
        }
        let choice = Box::new(Choice::new(response, identity));
        Ok(match <[Way<'_>; 1]>::try_from(grants) {
            Ok([grant]) => Next::Go(choice, Box::new(grant)),
            Err(grants) => Next::Choose(choice, grants),
        })
    }

    /// What somebody may choose from now: what leads to the destination that the sign-in was meant
    /// for, or everything if nothing does.
    pub fn offers(&self, identity: &Identity, destination: Option<&str>) -> Result<Vec<Way<'_>>, Refusal> {
        let mut grants = policy::ways(identity, &self.config)?;
        let is_wanted = |grant: &Way<'_>| Some(grant.destination().key.as_str()) == destination;
        if grants.iter().any(is_wanted) {
            grants.retain(is_wanted);
        }
        Ok(grants)
    }

    /// One of the person's destinations, by its [`Way::key`].
    ///
    /// What the person may do is worked out again: the token carries who they are, not what they are allowed.
    pub fn chosen(&self, choice: &Choice, key: &str, record: &mut Record) -> Result<Way<'_>, Refusal> {
        record.identity(choice.identity());
        if !choice.identity().answers(&self.config.attributes) {
            let reason = "sealed by a gateway whose configuration asks for other attributes";
            return Err(Refusal::new(Code::ChoiceExpired, reason));
        }
        let idp = self.idps.by_key(choice.identity().idp());
        if idp.is_none_or(|idp| idp.metadata.entity_id != choice.identity().issuer()) {
            let reason = "sealed for an IdP that is not in the configuration any longer";
            return Err(Refusal::new(Code::ChoiceExpired, reason));
        }
        let grants = policy::ways(choice.identity(), &self.config)?;
        grants
            .iter()
            .find_map(|grant| grant.at(key))
            .ok_or_else(|| Refusal::new(Code::ChoiceInvalid, "a choice that was not offered"))
    }

    /// From the form's value to an assertion that is genuine, meant for us, valid now, and used for the first time.
    async fn prove(
        &self,
        response: &EncodedResponse,
        outstanding: &[OutstandingRequest],
        now: DateTime<Utc>,
        record: &mut Record,
    ) -> Result<(FreshAssertion, KnownIdp), Refusal> {
        let decoding = step!("decode").entered();
        let decoded = response.decode()?;
        let unverified = UnverifiedResponse::parse(&decoded)?;
        drop(decoding);
        let issuer = unverified.issuer();
        let idp = self.idps.by_entity_id(issuer).ok_or_else(|| {
            let shown: String = issuer.chars().take(200).flat_map(char::escape_debug).collect();
            Rejection::new(Rule::IssuerKnown, format!("no IdP is configured with the entity ID \"{shown}\""))
        })?;
        record.idp(&idp.settings.key);
        if !idp.is_valid(now) {
            return Err(Rejection::new(Rule::IssuerKnown, "the IdP's metadata is past its validUntil").into());
        }
        let asked = outstanding.iter().filter(|request| request.idp == idp.settings.key);
        let outstanding: Vec<_> = asked.map(|request| request.id.clone()).collect();
        let expected = Expected {
            idp_entity_id: &idp.metadata.entity_id,
            acs_url: &self.config.saml.acs_url,
            audiences: &self.config.saml.audiences,
            outstanding: &outstanding,
            idp_initiated: idp.settings.idp_initiated,
            skew: self.config.saml.skew,
            cbc_without_response_signature: idp.settings.cbc_without_response_signature,
        };
        let verified = step!("verify").in_scope(|| {
            unverified.verify(&idp.metadata.keys, &self.config.saml.decryption, &expected, now)
        })?;
        record.assertion(&verified);
        let claimed = self.ledger.claim(verified, now).instrument(step!("claim")).await;
        self.metrics.claim(match &claimed {
            Ok(_) => "first",
            Err(refusal) if refusal.code() == Code::AssertionReplayed => "repeated",
            Err(_) => "unknown",
        });
        Ok((claimed?, idp))
    }
}
