//! The values that templates are filled with: each a list, taken from the configuration.

use super::catalogue::Scope;
use crate::arn::{RoleArn, SamlProviderArn};
use crate::config::{Config, Domain, DynamoDbTable, Idp, ProfileTemplate, Replay};
use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;

/// Values by name. A name that is not here is a fault of the template.
pub(super) type Parameters = BTreeMap<&'static str, Vec<String>>;

/// One use of a template.
pub(super) struct Use<'c> {
    /// Tells it from the other uses.
    pub(super) subject: Option<String>,
    /// The role or group that the policy belongs to.
    pub(super) holder: Option<String>,
    /// The domains that it speaks about.
    pub(super) domains: Vec<&'c Domain>,
    role: Option<RoleArn>,
}

/// Where a domain is: partition, account, region.
type Place<'c> = (&'c str, &'c str, &'c str);

/// The uses of a template with this scope, in the order of the configuration.
pub(super) fn uses(scope: Scope, config: &Config) -> Vec<Use<'_>> {
    let all: Vec<_> = config.domains.iter().map(AsRef::as_ref).collect();
    let split = |key: fn(Place<'_>) -> String| {
        in_order(all.iter().filter_map(|domain: &&Domain| place(domain)).map(key)).into_iter().map(
            move |subject| {
                let domains = config.domains.iter().map(AsRef::as_ref);
                let domains =
                    domains.filter(|domain| place(domain).map(key).as_ref() == Some(&subject)).collect();
                Use { subject: Some(subject), holder: None, domains, role: None }
            },
        )
    };
    match scope {
        Scope::Once => vec![Use { subject: None, holder: None, domains: all, role: None }],
        Scope::Account => split(|(_, account, _)| account.to_owned()).collect(),
        Scope::Region => split(|(_, account, region)| format!("{account}/{region}")).collect(),
        Scope::Role => in_order(all.iter().flat_map(|domain| domain.roles.iter().cloned()))
            .into_iter()
            .map(|role| Use {
                subject: Some(format!("{}/{}", role.account(), role.name())),
                holder: Some(role.name().to_owned()),
                domains: all.iter().copied().filter(|domain| domain.roles.contains(&role)).collect(),
                role: Some(role),
            })
            .collect(),
        Scope::Group => {
            let groups = &config.policies.notebook_groups;
            // Without groups there is still one use, which tells what is lacking.
            let groups =
                if groups.is_empty() { vec![None] } else { groups.iter().cloned().map(Some).collect() };
            let used = |holder: Option<String>| Use {
                subject: holder.clone(),
                holder,
                domains: all.clone(),
                role: None,
            };
            groups.into_iter().map(used).collect()
        }
    }
}

/// All values for a use, with `domains` instead of all of its domains.
pub(super) fn of(one: &Use<'_>, domains: &[&Domain], config: &Config) -> Parameters {
    let places = in_order(domains.iter().filter_map(|domain| place(domain)));
    let arns = |service: &str, resource: &str| -> Vec<String> {
        let arn = |(partition, account, region): &Place<'_>| {
            format!("arn:{partition}:{service}:{region}:{account}:{resource}")
        };
        places.iter().map(arn).collect()
    };
    let jobs = ["training-job", "processing-job", "transform-job", "hyper-parameter-tuning-job"];
    let roles =
        one.role.iter().cloned().chain(domains.iter().flat_map(|domain| domain.roles.iter().cloned()));
    let accounts: BTreeSet<_> = places.iter().map(|(_, account, _)| *account).collect();
    let providers = config.idps.iter().flat_map(|idp| &idp.saml_providers);
    let providers = providers.filter(|provider| accounts.contains(provider.account()));
    let given = &config.policies;
    let strings = |items: Vec<&str>| items.into_iter().map(str::to_owned).collect::<Vec<_>>();
    BTreeMap::from([
        ("acs_url", vec![config.saml.acs_url.clone()]),
        ("partition", in_order(places.iter().map(|(partition, _, _)| (*partition).to_owned()))),
        ("account", in_order(places.iter().map(|(_, account, _)| (*account).to_owned()))),
        ("region", in_order(places.iter().map(|(_, _, region)| (*region).to_owned()))),
        ("regions", in_order(places.iter().map(|(_, _, region)| (*region).to_owned()))),
        ("dns_suffix", in_order(places.iter().map(|(partition, _, _)| dns_suffix(partition).to_owned()))),
        ("saml_providers", in_order(providers.map(SamlProviderArn::as_str).map(str::to_owned))),
        ("owner_tags", owner_tags(domains)),
        ("session_tags", session_tags(domains, config)),
        ("profiles", in_order(domains.iter().filter_map(|domain| profiles(domain)))),
        ("roles", in_order(roles.map(|role| role.to_string()))),
        ("execution_roles", execution_roles(domains, config)),
        ("lifecycle_configs", lifecycle_configs(domains, config)),
        ("dynamodb", table(config).map(|table| table.name.clone()).into_iter().collect()),
        ("ledger", ledger(config).into_iter().collect()),
        ("jobs", jobs.iter().flat_map(|job| arns("sagemaker", &format!("{job}/*"))).collect()),
        ("training_jobs", arns("sagemaker", "training-job/*")),
        ("notebook_instances", arns("sagemaker", "notebook-instance/*")),
        ("log_groups", arns("logs", "log-group:/aws/sagemaker/*")),
        ("alarms", arns("cloudwatch", "alarm:*SageMaker*")),
        (
            "topics",
            ["*SageMaker*", "*Sagemaker*", "*sagemaker*"].iter().flat_map(|name| arns("sns", name)).collect(),
        ),
        ("instance_types", given.instance_types.clone()),
        ("images", given.images.clone()),
        ("image_versions", given.images.iter().map(|arn| versions(arn)).collect()),
        ("ip_ranges", given.ip_ranges.clone()),
        ("vpc_endpoints", given.vpc_endpoints.clone()),
        ("kms_keys", given.kms_keys.clone()),
        ("administrators", given.administrators.clone()),
        ("api_principals", given.api_principals.clone()),
        ("gateway_role", strings(given.gateway_role.iter().map(RoleArn::as_str).collect())),
        ("group", one.holder.iter().filter(|_| one.role.is_none()).cloned().collect()),
    ])
}

/// The key of the configuration that gives a parameter.
pub(super) fn key(parameter: &str) -> String {
    match parameter {
        "saml_providers" => "an IdP with a SAML provider in this account (idp.saml_providers)".into(),
        "image_versions" => "policies.images".into(),
        "group" => "policies.notebook_groups".into(),
        "ledger" => "policies.gateway_role".into(),
        other => format!("policies.{other}"),
    }
}

/// The owner tags of these domains.
pub(super) fn owner_tags(domains: &[&Domain]) -> Vec<String> {
    in_order(domains.iter().map(|domain| domain.owner_tag.clone()))
}

/// The session tags that the owner tags of these domains are compared with.
pub(super) fn session_tags(domains: &[&Domain], config: &Config) -> Vec<String> {
    in_order(domains.iter().map(|domain| session_tag(domain, config)))
}

/// The tag that names people, where the IdPs that lead to this domain all send the same; else one like the owner tag, which
/// they have to send for AWS's sake.
fn session_tag(domain: &Domain, config: &Config) -> String {
    let accounts: BTreeSet<_> = domain.roles.iter().map(RoleArn::account).collect();
    let leads = |idp: &&Idp| idp.saml_providers.iter().any(|provider| accounts.contains(provider.account()));
    let tags = in_order(config.idps.iter().map(AsRef::as_ref).filter(leads).map(Idp::session_tag));
    match tags.as_slice() {
        [Some(tag)] => (*tag).to_owned(),
        _ => domain.owner_tag.clone(),
    }
}

fn place(domain: &Domain) -> Option<Place<'_>> {
    let role = domain.roles.first()?;
    Some((role.partition(), role.account(), &domain.region))
}

fn profiles(domain: &Domain) -> Option<String> {
    let (partition, account, region) = place(domain)?;
    Some(format!("arn:{partition}:sagemaker:{region}:{account}:user-profile/{}/*", domain.id))
}

/// What profiles of a domain can be created as: its own template, and what rules lay over it.
fn templates<'c>(domain: &'c Domain, config: &'c Config) -> impl Iterator<Item = &'c ProfileTemplate> {
    let allowed = config.rules.iter().flat_map(|rule| &rule.allow);
    let laid_over = allowed.filter(|allowed| allowed.destination.domain.key == domain.key);
    once(&*domain.profile).chain(laid_over.map(|allowed| &*allowed.template))
}

fn execution_roles(domains: &[&Domain], config: &Config) -> Vec<String> {
    let templates = domains.iter().flat_map(|domain| templates(domain, config));
    in_order(templates.filter_map(|template| template.execution_role.as_ref()).map(ToString::to_string))
}

fn lifecycle_configs(domains: &[&Domain], config: &Config) -> Vec<String> {
    let scripts = |domain: &Domain| templates(domain, config).any(|template| !template.lifecycle.is_empty());
    let with_scripts = domains.iter().filter(|domain| scripts(domain));
    let arn = |(partition, account, region): Place<'_>| {
        format!("arn:{partition}:sagemaker:{region}:{account}:studio-lifecycle-config/*")
    };
    in_order(with_scripts.filter_map(|domain| place(domain)).map(arn))
}

fn table(config: &Config) -> Option<&DynamoDbTable> {
    match &config.replay {
        Replay::DynamoDb(table) => Some(table),
        Replay::Memory { .. } | Replay::Redis(_) => None,
    }
}

/// The ledger's table, which is in the gateway's own account: that of its role, or the only one there is.
fn ledger(config: &Config) -> Option<String> {
    let places = config.domains.iter().filter_map(|domain| place(domain));
    let accounts = in_order(places.map(|(partition, account, _)| (partition, account)));
    let of_role = config.policies.gateway_role.as_ref().map(|role| (role.partition(), role.account()));
    let only = accounts.first().copied().filter(|_| accounts.len() == 1);
    let ((partition, account), table) = of_role.or(only).zip(table(config))?;
    Some(format!("arn:{partition}:dynamodb:{}:{account}:table/{}", table.region, table.name))
}

/// The versions of an image: `...:image/NAME` has `...:image-version/NAME/1` and so on.
fn versions(image: &str) -> String {
    format!("{}/*", image.replacen(":image/", ":image-version/", 1))
}

fn dns_suffix(partition: &str) -> &'static str {
    if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// Each item once, where it occurs first.
fn in_order<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
