//! The configuration: one TOML file, parsed into types that cannot hold anything unusable.
//!
//! Every problem is found at once; a configuration with a problem does not exist, so nothing starts with it.

mod admin;
mod audit;
mod aws;
mod bounds;
mod brand;
mod destination;
mod domain;
mod entitlements;
mod execution_role;
mod idp;
mod limits;
mod listener;
mod notebook;
mod policies;
mod presign_by;
mod problems;
mod profile;
mod provisioner;
mod replay;
mod rule;
mod seal_key;
mod sources;
mod space;
mod tags;
mod traces;

pub use admin::Admin;
pub use audit::{Audit, AuditFormat, AuditSink, AuditTarget, PseudonymKey};
pub use aws::Aws;
pub use bounds::{Breaker, CallBounds};
pub use brand::{Brand, Colour, Logo, Palette};
pub use destination::{Destination, LandingUri, Place, StudioPlace};
pub use domain::{Domain, Provisioning};
pub use execution_role::{DOMAIN_TAG, PolicyRule, RoleTemplate};
pub use idp::{Idp, MetadataSource, MetadataUrl, RequestOptions};
pub use limits::{Limits, RateLimit};
pub use listener::{Connections, Tls};
pub(crate) use notebook::is_instance_name;
pub use notebook::{NotebookPlace, Which};
pub use policies::Policies;
pub use presign_by::PresignBy;
pub use problems::Problems;
pub use profile::{LifecycleApp, LifecycleConfig, ProfileTemplate, TagSource, Written};
pub use provisioner::Provisioner;
pub use replay::{DynamoDbTable, RedisNode, RedisServers, Replay};
pub use rule::{Allowed, Condition, Matcher, Rule, RuleIndex, Subject};
pub use seal_key::SealKey;
pub use sources::{Remote, Sources, nothing_remote, read_bytes, read_file, read_variable};
pub use space::{SpaceName, SpaceTemplate};
pub(crate) use tags::is_tag_value;
pub use traces::Traces;

use crate::saml::{DecryptionKeys, SpKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use problems::{Collector, Section, boolean, kind, number, repeated, string};
use sources::referred;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use toml::{Table, Value};
use url::Url;

/// A usable configuration.
#[derive(Debug)]
pub struct Config {
    /// The service itself.
    pub gateway: Gateway,
    /// How the pages present themselves.
    pub brand: Brand,
    /// Our side of SAML.
    pub saml: Saml,
    /// Identity providers, at least one; their keys and entity IDs are unique.
    pub idps: Vec<Arc<Idp>>,
    /// The listener for monitoring.
    pub admin: Admin,
    /// How many requests are answered.
    pub limits: Limits,
    /// What is kept of sign-ins for later.
    pub audit: Audit,
    /// Where spans of sign-ins go.
    pub traces: Traces,
    /// How AWS is called.
    pub aws: Aws,
    /// Where used assertions are remembered.
    pub replay: Replay,
    /// Domains; their keys are unique. There may be none where there are notebook instances.
    pub domains: Vec<Arc<Domain>>,
    /// Where people can be sent: every domain, then what else the file names; their keys are unique.
    pub destinations: Vec<Arc<Destination>>,
    /// Who may go where, at least one rule. They are asked in this order.
    pub rules: Vec<Rule>,
    /// The rules by the groups that they are for.
    pub rule_index: RuleIndex,
    /// Names of the SAML attributes that rules and tags ask for. No others are kept.
    pub attributes: BTreeSet<String>,
    /// What printed policies need beside all this; boxed, since no sign-in looks at it.
    pub policies: Box<Policies>,
    /// What is allowed, but an admin should know.
    pub warnings: Vec<String>,
}

/// Section `[gateway]`.
#[derive(Debug)]
pub struct Gateway {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Origin that browsers use, without a trailing slash.
    pub public_url: String,
    /// Whom to ask, for error pages.
    pub contact: Option<String>,
    /// Longest time for one sign-in.
    pub sign_in_limit: Duration,
    /// How many proxies of our own append to `X-Forwarded-For`.
    pub proxies: usize,
    /// After how long a sign-in that goes on is answered with a page that watches it.
    pub prepare_after: Duration,
    /// Most pages that watch at the same time.
    pub most_watchers: usize,
    /// Keys for sealed tokens, the current one first. Empty: make one at start-up.
    pub seal_keys: Vec<SealKey>,
    /// TLS on the listener; `None` for plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Bounds of connections.
    pub connections: Connections,
    /// How often to look whether the configuration or a file that it names has changed; `None`: never.
    pub reload: Option<Duration>,
}

/// Section `[saml]`.
#[derive(Debug)]
pub struct Saml {
    /// Our entity ID.
    pub entity_id: String,
    /// Our ACS URL.
    pub acs_url: String,
    /// All audiences that are ours, the entity ID among them.
    pub audiences: Vec<String>,
    /// How far clocks may be apart.
    pub skew: TimeDelta,
    /// Our own keys. The first signs; all those that can decrypt do.
    pub keys: Vec<SpKey>,
    /// Those of them that open what IdPs encrypt for us.
    pub decryption: DecryptionKeys,
}

impl Config {
    /// Reads a configuration from text.
    pub fn parse(text: &str, sources: &Sources<'_>, now: DateTime<Utc>) -> Result<Self, Problems> {
        Self::from_table(&Self::table(text)?, sources, now)
    }

    /// The TOML table of a text.
    pub fn table(text: &str) -> Result<Table, Problems> {
        text.parse().map_err(|fault| Problems::one(syntax_problem(text, &fault)))
    }

    /// Reads a configuration from a TOML table.
    pub fn from_table(table: &Table, sources: &Sources<'_>, now: DateTime<Utc>) -> Result<Self, Problems> {
        let problems = Collector::default();
        let mut warnings = Vec::new();
        let mut root = Section::root(table, &problems);
        let gateway = gateway(root.section("gateway"), sources, &mut warnings);
        let brand = brand::read(root.section("brand"), sources, &mut warnings);
        let public_url = gateway.as_ref().map(|gateway| gateway.public_url.as_str());
        let saml = saml(root.section("saml"), public_url, sources);
        let can_sign = saml.as_ref().is_none_or(|saml| !saml.keys.is_empty());
        let idps: Vec<_> = root
            .sections("idp")
            .into_iter()
            .map(|section| idp::read(section, sources, can_sign, now, &mut warnings))
            .collect();
        let admin = admin::read(root.section("admin"));
        let limits = limits::read(root.section("limits"));
        let (aws, traces) = (aws::read(root.section("aws")), traces::read(root.section("traces")));
        let (audit, replay) = (root.section("audit"), root.section("replay"));
        let idps: Vec<_> = idps.into_iter().map(|idp| idp.map(Arc::new)).collect();
        let idps_by_key = entitlements::named(table, "idp", &idps);
        let domains: Vec<_> = root
            .sections("domain")
            .into_iter()
            .map(|section| domain::read(section, sources, &idps_by_key, &mut warnings).map(Arc::new))
            .collect();
        let region = domains.iter().flatten().next().map(|domain| domain.region.as_str());
        let replay = replay::read(replay, region, sources, &mut warnings);
        let audit = audit::read(audit, region, sources, &mut warnings);
        let destination_sections = root.sections("destination");
        let rule_sections = root.sections("rule");
        let policies = Box::new(policies::read(root.section("policies")));
        let needed = [
            ("idp", idps.is_empty(), "at least one is needed"),
            (
                "domain",
                domains.is_empty() && !destination_sections.iter().any(|one| one.has("notebook")),
                "at least one is needed",
            ),
            ("rule", rule_sections.is_empty(), "at least one is needed: without a rule, nobody may come"),
        ];
        for (key, empty, problem) in needed {
            if empty {
                root.problem(key, problem);
            }
        }
        root.finish();
        let of_idps = |value: fn(&Idp) -> Option<&str>| {
            let values = idps.iter().map(|idp| value(idp.as_ref()?));
            values.collect::<Vec<_>>()
        };
        repeated(&problems, "idp", "key", &of_idps(|idp| Some(&idp.key)));
        let entity_ids = of_idps(|idp| Some(&idp.metadata.file.as_ref()?.entity_id));
        repeated(&problems, "idp", "metadata_file", &entity_ids);
        let keys: Vec<_> = domains.iter().map(|domain| Some(domain.as_ref()?.key.as_str())).collect();
        repeated(&problems, "domain", "key", &keys);
        let read = entitlements::Read { table, idps: &idps, domains: &domains, sources };
        let entitlements = read.entitlements(destination_sections, rule_sections, &problems, &mut warnings);
        let rules = entitlements.as_ref().map(|(_, rules)| rules.as_slice()).unwrap_or_default();
        domain::find_clashes(&domains, &problems);
        execution_role::find_clashes(&domains, rules, &problems);
        if let Some((destinations, rules)) = &entitlements {
            let further = destinations.get(domains.len()..).unwrap_or_default();
            space::find_clashes(further, rules, &problems);
        }
        let idps: Option<Vec<_>> = idps.into_iter().collect();
        let domains: Option<Vec<_>> = domains.into_iter().collect();
        match (gateway, saml, idps, domains, entitlements, replay) {
            (
                Some(gateway),
                Some(saml),
                Some(idps),
                Some(domains),
                Some((destinations, rules)),
                Some(replay),
            ) if problems.is_empty() => {
                let attributes = entitlements::attributes(&domains, &rules);
                let mut config = Self {
                    gateway,
                    brand,
                    saml,
                    idps,
                    admin,
                    limits,
                    audit,
                    traces,
                    aws,
                    replay,
                    domains,
                    destinations,
                    rule_index: RuleIndex::of(&rules),
                    rules,
                    attributes,
                    policies,
                    warnings,
                };
                let found = config.doubts();
                config.warnings.extend(found);
                Ok(config)
            }
            _ => Err(problems.into_problems()),
        }
    }
}

/// A syntax error with its line, but without the line itself: a key may stand there by mistake.
fn syntax_problem(text: &str, fault: &toml::de::Error) -> String {
    let before = fault.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, fault.message())
}

fn gateway(mut section: Section<'_>, sources: &Sources<'_>, warnings: &mut Vec<String>) -> Option<Gateway> {
    let listen = section.required("listen", kind("an address and port", |text| text.parse().ok()));
    let public_url = section.required("public_url", origin);
    let contact = section.optional("contact", string);
    let sign_in = section.optional("sign_in_seconds", number(5..=120)).unwrap_or(45);
    let proxies = section.optional("proxies", number(0..=10)).unwrap_or(0);
    let prepare_after =
        section.optional("preparing_after_milliseconds", number(100..=1_800)).unwrap_or(1_500);
    let most_watchers = section.optional("preparing_pages", number(1..=100_000)).unwrap_or(1_000);
    let seal_keys = section.list("seal_keys", |value| seal_key(value, sources));
    if seal_keys.is_empty() {
        warnings.push(
            "gateway.seal_keys: none, so a random key is made at start-up; right for a single instance only"
                .into(),
        );
    }
    let tls = section.has("tls").then(|| listener::tls(section.section("tls"), sources));
    let connections = listener::connections(section.section("connections"));
    let reload = section.optional("reload_seconds", number(0..=86_400)).unwrap_or(10);
    section.finish();
    Some(Gateway {
        listen: listen?,
        public_url: public_url?,
        contact,
        sign_in_limit: Duration::from_secs(sign_in.into()),
        proxies: usize::try_from(proxies).unwrap_or_default(),
        prepare_after: Duration::from_millis(prepare_after.into()),
        most_watchers: usize::try_from(most_watchers).unwrap_or(usize::MAX),
        seal_keys,
        tls: tls.map_or(Some(None), |tls| tls.map(Arc::new).map(Some))?,
        connections,
        reload: (reload > 0).then(|| Duration::from_secs(reload.into())),
    })
}

/// A URL of scheme, host and port only. Plain HTTP is for loopback: browsers keep Secure cookies there too.
fn origin(value: &Value) -> Result<String, String> {
    let text = string(value)?;
    let expected = || format!("expected an https URL without a path, got {text:?}");
    let url = Url::parse(&text).map_err(|_| expected())?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain && (url.scheme() == "https" || (url.scheme() == "http" && loopback)) {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(expected())
    }
}

fn seal_key(value: &Value, sources: &Sources<'_>) -> Result<SealKey, String> {
    let text = referred(value, sources)?;
    let bytes = STANDARD.decode(text.trim()).map_err(|_| "the key is not base64")?;
    <[u8; 32]>::try_from(bytes)
        .map(SealKey)
        .map_err(|bytes| format!("the key has {} bytes, not 32", bytes.len()))
}

fn saml(mut section: Section<'_>, public_url: Option<&str>, sources: &Sources<'_>) -> Option<Saml> {
    let entity_id = section.optional("entity_id", string);
    let more = section.list("audiences", string);
    let skew = section.optional("clock_skew_seconds", number(0..=180)).unwrap_or(60);
    let keys: Vec<_> = section.sections("key").into_iter().map(|section| sp_key(section, sources)).collect();
    let keys: Option<Vec<_>> = keys.into_iter().collect();
    let decryption = keys.as_ref().map(|keys| {
        let able = keys.iter().filter(|key| key.decrypts());
        let pems: Vec<_> = able.map(SpKey::expose_private_key_pem).collect();
        DecryptionKeys::from_pem(&pems).map_err(|problem| section.problem("key", problem))
    });
    section.finish();
    let public_url = public_url?;
    let entity_id = entity_id.unwrap_or_else(|| format!("{public_url}/saml/metadata"));
    let mut audiences = vec![entity_id.clone()];
    audiences.extend(more);
    Some(Saml {
        entity_id,
        acs_url: format!("{public_url}/saml/acs"),
        audiences,
        skew: TimeDelta::seconds(skew.into()),
        keys: keys?,
        decryption: decryption?.ok()?,
    })
}

fn sp_key(mut section: Section<'_>, sources: &Sources<'_>) -> Option<SpKey> {
    let certificate = section.required("certificate", |value| referred(value, sources));
    let private_key = section.required("private_key", |value| referred(value, sources));
    let encryption = section.optional("encryption", boolean).unwrap_or(true);
    let key = certificate.zip(private_key).and_then(|(certificate, private_key)| {
        SpKey::from_pem(&certificate, &private_key, encryption)
            .map_err(|problem| section.problem("private_key", problem))
            .ok()
    });
    section.finish();
    key
}
