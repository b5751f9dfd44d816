//! The AWS accounts that a gateway configuration expects: its SAML providers, roles and domains, with the policies that
//! the documentation tells an admin to write.

use super::aws::{
    AWS_AUDIENCES, Domain, EventSink, EventSinkKind, Role, SamlProvider, StaticKeys, Table as DynamoDbTable,
    World,
};
use crate::arn::{PolicyArn, RoleArn};
use crate::config::{self, AuditTarget, Config, PresignBy, Provisioner, Replay, RoleTemplate};
use aws_credential_types::Credentials;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use toml::Table;

/// Access key ID of the gateway in the embedded AWS. It opens nothing anywhere else.
pub const ACCESS_KEY_ID: &str = "AKIASTUDIOGATEWAYDEM";
/// Its secret, which is none.
pub const SECRET_ACCESS_KEY: &str = "demo-secret-that-opens-the-embedded-aws-only";

/// What the gateway signs its calls to the embedded AWS with.
#[must_use]
pub fn gateway_credentials() -> Credentials {
    Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "demo")
}

/// The accounts that `config` expects. `metadata` holds the metadata document of each IdP, in order.
#[must_use]
pub fn of(config: &Config, metadata: &[String]) -> World {
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
    let domains: Vec<Domain> = config
        .domains
        .iter()
        .map(|domain| Domain {
            id: domain.id.clone(),
            region: domain.region.clone(),
            account: domain.roles.first().map(|role| role.account().to_owned()).unwrap_or_default(),
            ..Domain::default()
        })
        .collect();
    let mut accepted_audiences: Vec<_> = AWS_AUDIENCES.map(String::from).to_vec();
    accepted_audiences.extend(config.saml.audiences.iter().cloned());
    World {
        saml_providers,
        roles: roles(config),
        managed_policies: managed_policies(config),
        domains,
        gateway_keys: vec![gateway_keys(config)],
        accepted_audiences,
        tables: tables(config),
        event_sinks: event_sinks(config),
        ..World::default()
    }
}

/// The table of the replay ledger, if it is in DynamoDB.
fn tables(config: &Config) -> Vec<DynamoDbTable> {
    match &config.replay {
        Replay::DynamoDb(table) => {
            vec![DynamoDbTable { name: table.name.clone(), region: table.region.clone() }]
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

/// A federated role for each role of the configuration.
fn roles(config: &Config) -> Vec<Role> {
    let mut by_arn: BTreeMap<&str, Role> = BTreeMap::new();
    for domain in &config.domains {
        for arn in &domain.roles {
            by_arn.entry(arn.as_str()).or_insert_with(|| Role {
                arn: arn.to_string(),
                trust_policy: trust_policy(config, arn.account()),
                permission_policies: vec![own_profile_only(domain)],
                max_session_seconds: 43_200,
                ..Role::default()
            });
        }
        if let Some(provisioner) = &domain.provisioner {
            let role = by_arn.entry(provisioner.role.as_str()).or_insert_with(|| Role {
                arn: provisioner.role.to_string(),
                trust_policy: gateway_trust(config, provisioner),
                ..Role::default()
            });
            role.permission_policies.push(provisioning(domain));
        }
    }
    let by_rules = config.rules.iter().flat_map(|rule| &rule.allow).map(|allowed| &allowed.template);
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

/// The gateway may take the role, if it knows the external ID.
fn gateway_trust(config: &Config, provisioner: &Provisioner) -> Value {
    let condition = provisioner
        .external_id
        .as_ref()
        .map_or_else(|| json!({}), |id| json!({ "StringEquals": { "sts:ExternalId": id } }));
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": gateway_arn(config) },
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }],
    })
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

fn trust_policy(config: &Config, account: &str) -> Value {
    let providers: BTreeSet<_> = config
        .idps
        .iter()
        .flat_map(|idp| &idp.saml_providers)
        .filter(|provider| provider.account() == account)
        .map(ToString::to_string)
        .collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": providers },
            "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": { "StringEquals": { "SAML:aud": config.saml.acs_url } },
        }],
    })
}

/// Opening a profile whose owner tag equals the person's session tag.
fn own_profile_only(domain: &config::Domain) -> Value {
    let mine = format!("${{aws:PrincipalTag/{}}}", domain.session_tag);
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "sagemaker:CreatePresignedDomainUrl",
            "Resource": "arn:aws:sagemaker:*:*:user-profile/*",
            "Condition": { "StringEquals": { format!("sagemaker:ResourceTag/{}", domain.owner_tag): mine } },
        }],
    })
}

/// The gateway's own principal. It takes provisioner roles, and does by itself what they do where there is none.
fn gateway_keys(config: &Config) -> StaticKeys {
    let roles: BTreeSet<_> =
        config.domains.iter().filter_map(|domain| Some(domain.provisioner.as_ref()?.role.as_str())).collect();
    let mut policies: Vec<_> =
        config.domains.iter().filter(|one| one.provisioner.is_none()).map(|one| provisioning(one)).collect();
    policies.push(json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*" }],
    }));
    if !config.audit.sinks.is_empty() {
        let puts = ["logs:PutLogEvents", "firehose:PutRecordBatch", "events:PutEvents"];
        policies.push(json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": puts, "Resource": "*" }],
        }));
    }
    if !roles.is_empty() {
        policies.push(json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles }],
        }));
    }
    StaticKeys {
        access_key_id: ACCESS_KEY_ID.into(),
        secret_access_key: SECRET_ACCESS_KEY.into(),
        principal_arn: gateway_arn(config),
        policies,
    }
}

/// The gateway is in the account of the first domain that it calls by itself, or in one of its own.
fn gateway_arn(config: &Config) -> String {
    let own = config.domains.iter().find(|domain| domain.provisioner.is_none());
    let account = own.and_then(|domain| domain.roles.first()).map(RoleArn::account);
    format!("arn:aws:iam::{}:role/studio-gateway", account.unwrap_or("999999999999"))
}

/// What looking after a domain takes: it looks up, creates, changes and tags profiles, and opens none. Whose a profile is
/// it says once, when it makes it.
fn provisioning(domain: &config::Domain) -> Value {
    let mut statements = vec![
        json!({
            "Effect": "Allow",
            "Action": [
                "sagemaker:DescribeUserProfile",
                "sagemaker:CreateUserProfile",
                "sagemaker:UpdateUserProfile",
                "sagemaker:AddTags",
                "sagemaker:DeleteTags",
                "sagemaker:ListTags",
                "sagemaker:ListUserProfiles",
                "sagemaker:DescribeSpace",
                "sagemaker:CreateSpace",
                "sagemaker:DescribeStudioLifecycleConfig",
                "sagemaker:CreateStudioLifecycleConfig",
            ],
            "Resource": "*",
        }),
        json!({
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": "*",
            "Condition": { "StringEquals": { "iam:PassedToService": "sagemaker.amazonaws.com" } },
        }),
        json!({
            "Effect": "Deny",
            "Action": ["sagemaker:AddTags", "sagemaker:DeleteTags"],
            "Resource": "*",
            "Condition": {
                "Null": { "sagemaker:TaggingAction": "true" },
                "ForAnyValue:StringEqualsIgnoreCase": { "aws:TagKeys": [domain.owner_tag] },
            },
        }),
    ];
    if domain.presign_by == PresignBy::Service {
        statements.push(json!({
            "Effect": "Allow",
            "Action": "sagemaker:CreatePresignedDomainUrl",
            "Resource": format!("arn:aws:sagemaker:*:*:user-profile/{}/*", domain.id),
        }));
    }
    if let (Some(template), Some(role)) = (&domain.execution_role, domain.roles.first()) {
        let roles = format!("arn:aws:iam::{}:role{}{}*", role.account(), template.path, template.name_prefix);
        let boundary = template.boundary.as_str();
        let declared: Vec<_> = template.declared().into_iter().map(PolicyArn::as_str).collect();
        let owner = &domain.owner_tag;
        statements.extend([
            json!({
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:ListAttachedRolePolicies"],
                // A role that is not there has no path.
                "Resource": [
                    roles,
                    format!("arn:aws:iam::{}:role/{}*", role.account(), template.name_prefix),
                ],
            }),
            json!({
                "Effect": "Allow",
                "Action": "iam:CreateRole",
                "Resource": roles,
                "Condition": { "StringEquals": { "iam:PermissionsBoundary": boundary } },
            }),
            json!({
                "Effect": "Allow",
                "Action": "iam:TagRole",
                "Resource": roles,
                "Condition": {
                    "StringLike": { format!("aws:RequestTag/{owner}"): "?*" },
                    "Null": { format!("iam:ResourceTag/{owner}"): "true" },
                },
            }),
            json!({
                "Effect": "Allow",
                "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
                "Resource": roles,
                "Condition": {
                    "StringEquals": { "iam:PermissionsBoundary": boundary },
                    "ArnEquals": { "iam:PolicyARN": declared },
                },
            }),
        ]);
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
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
