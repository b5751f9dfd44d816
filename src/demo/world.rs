//! The AWS accounts that a gateway configuration expects: its SAML providers, roles and domains, with the policies that
//! the documentation tells an admin to write.

use super::aws::{AWS_AUDIENCES, Domain, Role, SamlProvider, StaticKeys, Table as DynamoDbTable, World};
use crate::config::{Config, Replay};
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
const PRINCIPAL_TAG: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:";

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
        domains,
        gateway_keys: vec![gateway_keys(config)],
        accepted_audiences,
        tables: tables(config),
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

/// A federated role for each role of the configuration.
fn roles(config: &Config) -> Vec<Role> {
    let mut by_arn: BTreeMap<&str, Role> = BTreeMap::new();
    for domain in &config.domains {
        for arn in &domain.roles {
            by_arn.entry(arn.as_str()).or_insert_with(|| Role {
                arn: arn.to_string(),
                trust_policy: trust_policy(config, arn.account()),
                permission_policies: vec![own_profile_only(config, &domain.owner_tag)],
                max_session_seconds: 43_200,
            });
        }
    }
    by_arn.into_values().collect()
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

/// Opening a profile whose owner tag equals the person's tag. Where the user id is no session tag, AWS cannot compare.
fn own_profile_only(config: &Config, owner_tag: &str) -> Value {
    let tag = config.idps.iter().find_map(|idp| idp.user_id_attribute.strip_prefix(PRINCIPAL_TAG));
    let condition = tag.map_or_else(
        || json!({}),
        |tag| json!({ "StringEquals": { format!("sagemaker:ResourceTag/{owner_tag}"): format!("${{aws:PrincipalTag/{tag}}}") } }),
    );
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "sagemaker:CreatePresignedDomainUrl",
            "Resource": "arn:aws:sagemaker:*:*:user-profile/*",
            "Condition": condition,
        }],
    })
}

/// The gateway's own principal: it looks up, creates and tags profiles, and opens none.
fn gateway_keys(config: &Config) -> StaticKeys {
    let account =
        config.domains.first().and_then(|domain| domain.roles.first()).map(crate::arn::RoleArn::account);
    StaticKeys {
        access_key_id: ACCESS_KEY_ID.into(),
        secret_access_key: SECRET_ACCESS_KEY.into(),
        principal_arn: format!("arn:aws:iam::{}:role/studio-gateway", account.unwrap_or("111122223333")),
        policies: vec![json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": [
                        "sagemaker:DescribeUserProfile",
                        "sagemaker:CreateUserProfile",
                        "sagemaker:AddTags",
                        "sagemaker:ListTags",
                        "sagemaker:DescribeStudioLifecycleConfig",
                        "sagemaker:CreateStudioLifecycleConfig",
                    ],
                    "Resource": "*",
                },
                { "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*" },
                { "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*" },
            ],
        })],
    }
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
