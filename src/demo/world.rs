//! The AWS accounts that a gateway configuration expects: its SAML providers, roles and domains, with exactly the
//! policies that `studio-gateway policies` prints for it.

use super::aws::{
    AWS_AUDIENCES, Domain, EventSink, EventSinkKind, Role, SamlProvider, StaticKeys, Table as DynamoDbTable,
    World,
};
use crate::arn::RoleArn;
use crate::config::{AuditTarget, Config, Replay, RoleTemplate};
use crate::policies::{self, Policy};
use aws_credential_types::Credentials;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use toml::Table;

/// Access key ID of the gateway in the embedded AWS. It opens nothing anywhere else.
pub const ACCESS_KEY_ID: &str = "AKIASTUDIOGATEWAYDEM";
/// Access key ID of whoever runs `reconcile`, `lifecycle sync`, `backup` and `restore`: the same role, with the policies for
/// these commands.
pub const OPERATOR_ACCESS_KEY_ID: &str = "AKIASTUDIOOPERATORDE";
/// Access key ID of an administrator of the embedded AWS before anything is set up.
pub const ADMINISTRATOR_ACCESS_KEY_ID: &str = "AKIASTUDIOADMINISTRA";
/// The secret of all of them, which is none.
pub const SECRET_ACCESS_KEY: &str = "demo-secret-that-opens-the-embedded-aws-only";

/// What the gateway signs its calls to the embedded AWS with.
#[must_use]
pub fn gateway_credentials() -> Credentials {
    Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "demo")
}

/// The accounts that `config` expects. `metadata` holds the metadata document of each IdP, in order.
///
/// # Errors
/// A fault of a shipped policy.
pub fn of(config: &Config, metadata: &[String]) -> Result<World, String> {
    let gateway = gateway_role(config)?;
    let printed = Printed(policies::for_role(config, Some(&gateway))?);
    let decryption_keys: Vec<_> = config
        .saml
        .keys
        .iter()
        .filter(|key| key.decrypts())
        .map(|key| key.expose_private_key_pem().to_owned())
        .collect();
    let saml_providers = config
        .idps
        .iter()
        .zip(metadata)
        // What comes from the web is not here.
        .filter(|(_, xml)| !xml.is_empty())
        .flat_map(|(idp, xml)| {
            idp.saml_providers.iter().map(|provider| SamlProvider {
                arn: provider.to_string(),
                metadata_xml: xml.clone(),
                entity_id: idp.metadata.entity_id.clone(),
                // IAM has keys of its own for this; the demo lends it ours.
                decryption_key_pems: decryption_keys.clone(),
                cbc_without_response_signature: idp.cbc_without_response_signature,
            })
        })
        .collect();
    Ok(World {
        saml_providers,
        roles: roles(config, &printed),
        managed_policies: managed_policies(config),
        gateway_keys: keys(config, &gateway, &printed),
        ..bare(config)
    })
}

/// What there is before anybody has set up a gateway: the domains and the ledger's table. Providers, roles and policies are
/// made with [`ADMINISTRATOR_ACCESS_KEY_ID`]; the gateway's keys have what its role is given.
///
/// # Errors
/// A domain without a usable role.
pub fn before_set_up(config: &Config) -> Result<World, String> {
    let gateway = gateway_role(config)?;
    let administrator = StaticKeys {
        access_key_id: ADMINISTRATOR_ACCESS_KEY_ID.into(),
        secret_access_key: SECRET_ACCESS_KEY.into(),
        principal_arn: format!("arn:aws:iam::{}:user/administrator", gateway.account()),
        policies: vec![json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }],
        })],
    };
    let own = static_keys(ACCESS_KEY_ID, &gateway, Vec::new());
    Ok(World { gateway_keys: vec![own, administrator], ..bare(config) })
}

fn bare(config: &Config) -> World {
    let domains = config.domains.iter().map(|domain| {
        let account = domain.roles.first().map(|role| role.account().to_owned()).unwrap_or_default();
        Domain {
            id: domain.id.clone(),
            region: domain.region.clone(),
            kms_key: Some(format!("arn:aws:kms:{}:{account}:key/studio", domain.region)),
            names_people: true,
            account,
            ..Domain::default()
        }
    });
    let own_audiences = config.saml.audiences.iter().cloned();
    World {
        domains: domains.collect(),
        accepted_audiences: AWS_AUDIENCES.map(String::from).into_iter().chain(own_audiences).collect(),
        tables: tables(config),
        regions: config.destinations.iter().map(|one| one.region().to_owned()).collect(),
        event_sinks: event_sinks(config),
        ..World::default()
    }
}

/// The table of the replay ledger, if it is in DynamoDB.
fn tables(config: &Config) -> Vec<DynamoDbTable> {
    match &config.replay {
        Replay::DynamoDb(table) => {
            vec![DynamoDbTable {
                name: table.name.clone(),
                region: table.region.clone(),
                ends_by: Some("exp".to_owned()),
            }]
        }
        Replay::Memory { .. } | Replay::Redis(_) => Vec::new(),
    }
}

/// What audit events go to.
fn event_sinks(config: &Config) -> Vec<EventSink> {
    let kind = |target: &AuditTarget| match target.clone() {
        AuditTarget::CloudWatchLogs { group, stream } => EventSinkKind::LogStream { group, stream },
        AuditTarget::Firehose { stream } => EventSinkKind::DeliveryStream(stream),
        AuditTarget::EventBridge { bus } => {
            EventSinkKind::EventBus(bus.rsplit('/').next().unwrap_or_default().to_owned())
        }
    };
    let sinks = config.audit.sinks.iter();
    sinks.map(|sink| EventSink { region: sink.region.clone(), kind: kind(&sink.target) }).collect()
}

/// A federated role and a provisioner role for each that the configuration names, and the execution roles.
fn roles(config: &Config, printed: &Printed) -> Vec<Role> {
    let mut by_arn: BTreeMap<&str, Role> = BTreeMap::new();
    for domain in &config.domains {
        for arn in &domain.roles {
            by_arn.entry(arn.as_str()).or_insert_with(|| federated(printed, arn));
        }
        if let Some(provisioner) = &domain.provisioner {
            by_arn
                .entry(provisioner.role.as_str())
                .or_insert_with(|| provisioner_role(printed, &provisioner.role));
        }
    }
    for place in config.destinations.iter().filter_map(|one| one.notebooks()) {
        for arn in &place.roles {
            by_arn.entry(arn.as_str()).or_insert_with(|| federated(printed, arn));
        }
        if let Some(provisioner) = &place.provisioner {
            by_arn
                .entry(provisioner.role.as_str())
                .or_insert_with(|| provisioner_role(printed, &provisioner.role));
        }
    }
    let by_rules =
        config.rules.iter().flat_map(|rule| &rule.allow).filter_map(|allowed| allowed.template.as_ref());
    let templates = config.domains.iter().map(|domain| &domain.profile).chain(by_rules);
    for arn in templates.filter_map(|template| template.execution_role()) {
        let Some(role) = RoleArn::parse(arn) else { continue };
        by_arn.entry(arn).or_insert_with(|| Role {
            arn: arn.to_owned(),
            trust_policy: RoleTemplate::trust_policy(role.account()),
            ..Role::default()
        });
    }
    by_arn.into_values().collect()
}

/// A role that people take through their IdP.
fn federated(printed: &Printed, arn: &RoleArn) -> Role {
    Role {
        arn: arn.to_string(),
        trust_policy: printed.trust("trust-policy", arn),
        permission_policies: printed.of(OF_PEOPLE, &subject(arn)),
        max_session_seconds: 43_200,
        ..Role::default()
    }
}

/// A role that the gateway takes.
fn provisioner_role(printed: &Printed, arn: &RoleArn) -> Role {
    let own = printed.of(&["provisioner-policy", "notebook-gateway-policy"], &subject(arn));
    let beside = printed.of(BESIDE, arn.account());
    Role {
        arn: arn.to_string(),
        trust_policy: printed.trust("provisioner-trust-policy", arn),
        permission_policies: [own, beside].concat(),
        ..Role::default()
    }
}

/// What `studio-gateway policies` prints, for the gateway's role here. No role of this world may do anything else, so that
/// every sign-in shows that what is printed is enough.
struct Printed(Vec<Policy>);

impl Printed {
    /// The policies of these names about this subject. One that the configuration has no use for is not there.
    fn of(&self, names: &[&str], subject: &str) -> Vec<Value> {
        let fits = |policy: &&Policy| {
            let about = policy.subject.as_deref().unwrap_or(WHOLE);
            // Where roles have a policy for each pair of tags, the tag comes after another slash.
            let of_tag =
                about.strip_prefix(subject).is_some_and(|rest| !subject.is_empty() && rest.starts_with('/'));
            names.contains(&policy.name) && (about == subject || of_tag)
        };
        self.0.iter().filter(fits).filter_map(|policy| policy.document.clone().ok()).collect()
    }

    /// A role's trust policy. Without one, nobody takes the role.
    fn trust(&self, name: &str, role: &RoleArn) -> Value {
        self.of(&[name], &subject(role)).pop().unwrap_or_else(|| Role::default().trust_policy)
    }
}

/// Stands for the whole configuration as subject of a policy.
const WHOLE: &str = "";
/// What people's roles have.
const OF_PEOPLE: &[&str] = &["federated-role-policy", "notebook-people-policy"];
/// What a role may need beside gateway-policy or provisioner-policy, for what it does in an account.
const BESIDE: &[&str] = &["service-presign-policy", "execution-roles-policy", "check-live-policy"];
/// What the roles of commands need beside these.
const FOR_COMMANDS: &[&str] = &["reconcile-policy", "backup-policy", "restore-policy"];

/// The subject of a role's policies.
fn subject(role: &RoleArn) -> String {
    format!("{}/{}", role.account(), role.name())
}

/// Policies that execution roles can be given, and their boundaries. What they say does not matter here.
fn managed_policies(config: &Config) -> BTreeMap<String, Value> {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }],
    });
    let templates = config.domains.iter().filter_map(|domain| domain.execution_role.as_ref());
    templates
        .flat_map(|template| template.declared().into_iter().chain([&template.boundary]))
        .map(|arn| (arn.to_string(), policy.clone()))
        .collect()
}

/// The gateway's principal, and that of whoever runs the commands that change what sign-ins leave alone.
fn keys(config: &Config, gateway: &RoleArn, printed: &Printed) -> Vec<StaticKeys> {
    let own = config.domains.iter().filter(|domain| domain.provisioner.is_none());
    let accounts: BTreeSet<_> = own.filter_map(|domain| Some(domain.roles.first()?.account())).collect();
    let in_each = |names| accounts.iter().flat_map(|account| printed.of(names, account)).collect::<Vec<_>>();
    let of_notebooks = printed.of(&["notebook-gateway-policy"], &subject(gateway));
    let of_gateway = [printed.of(&["gateway-policy"], WHOLE), of_notebooks, in_each(BESIDE)].concat();
    let of_operator = [of_gateway.clone(), in_each(FOR_COMMANDS)].concat();
    vec![
        static_keys(ACCESS_KEY_ID, gateway, of_gateway),
        static_keys(OPERATOR_ACCESS_KEY_ID, gateway, of_operator),
    ]
}

fn static_keys(access_key_id: &str, role: &RoleArn, policies: Vec<Value>) -> StaticKeys {
    StaticKeys {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: SECRET_ACCESS_KEY.into(),
        principal_arn: role.to_string(),
        policies,
    }
}

/// The gateway is what the configuration says; or else in the account of the first domain that it calls by itself, or in
/// one of its own.
fn gateway_role(config: &Config) -> Result<RoleArn, String> {
    if let Some(role) = &config.policies.gateway_role {
        return Ok(role.clone());
    }
    let own = config.domains.iter().find(|domain| domain.provisioner.is_none());
    let account = own.and_then(|domain| domain.roles.first()).map(RoleArn::account);
    let arn = format!("arn:aws:iam::{}:role/StudioGateway", account.unwrap_or("999999999999"));
    RoleArn::parse(&arn).ok_or(arn)
}

/// Reads a configuration file as a table, with the folder that its paths are relative to.
pub fn read_table(path: &Path) -> Result<(Table, PathBuf), Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    Ok((text.parse()?, folder))
}

/// The metadata documents that a configuration names, in the order of its IdPs; empty for one that names none.
pub fn metadata_files(table: &Table, folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let idps = table.get("idp").and_then(toml::Value::as_array).into_iter().flatten();
    idps.map(|idp| match idp.get("metadata_file").and_then(toml::Value::as_str) {
        Some(file) => Ok(crate::config::read_file(folder, Path::new(file))?),
        None => Ok(String::new()),
    })
    .collect()
}
