//! What is known of a sign-in by the time that something is told about it.

use crate::config::Domain;
use crate::identity::Identity;
use crate::policy::{Grant, Way};
use crate::replay;
use crate::saml::VerifiedAssertion;

/// Where a request came from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Our own id of the request.
    pub request_id: String,
    /// Address of the client, behind our own proxies.
    pub client: String,
    /// What the browser says that it is, shortened.
    pub user_agent: String,
}

/// What a sign-in finds out on its way. Holds no assertion, credential, cookie or URL, and nothing that is not proven.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) idp: Option<String>,
    /// Hash of issuer and assertion ID, as it stands in the replay ledger.
    pub(crate) assertion: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) session_name: Option<String>,
    pub(crate) source_identity: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) domain_id: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) tags_left_out: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) space: Option<String>,
    pub(crate) notebook: Option<String>,
    pub(crate) role_session: Option<String>,
}

impl Facts {
    pub(crate) fn assertion(&mut self, assertion: &VerifiedAssertion) {
        self.assertion = Some(replay::fingerprint(assertion));
        self.subject = Some(assertion.name_id().value.clone());
    }

    pub(crate) fn identity(&mut self, identity: &Identity) {
        self.idp = Some(identity.idp().to_owned());
        self.subject = Some(identity.subject().to_owned());
        self.user_id = Some(identity.user_id().to_owned());
        self.session_name = Some(identity.session_name().to_owned());
        self.source_identity = identity.source_identity().map(str::to_owned);
    }

    pub(crate) fn way(&mut self, way: &Way<'_>) {
        if let Some(domain) = way.destination().domain() {
            self.of_domain(domain);
        }
        self.destination = Some(way.destination().key.clone());
        self.region = Some(way.destination().region().to_owned());
        self.account = Some(way.role().role.account().to_owned());
        self.rule = Some(way.rule().name.clone());
        let left_out: Vec<_> = way.left_out().iter().map(ToString::to_string).collect();
        self.tags_left_out = (!left_out.is_empty()).then(|| left_out.join("; "));
        self.role = Some(way.role().role.to_string());
        self.profile = way.studio().map(|grant| grant.profile().to_string());
        self.space = way.studio().and_then(Grant::space_name);
        self.notebook = way.instance().map(str::to_owned);
    }

    pub(crate) fn of_domain(&mut self, domain: &Domain) {
        self.domain = Some(domain.key.clone());
        self.domain_id = Some(domain.id.clone());
        self.region = Some(domain.region.clone());
        self.account = domain.roles.first().map(|role| role.account().to_owned());
    }
}
