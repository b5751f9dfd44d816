//! The values that templates are filled with: each a list, taken from the configuration.

use super::own_account;
use super::uses::{Place, Use, in_order, notebook_place, place};
use crate::arn::{PolicyArn, RoleArn, SamlProviderArn};
use crate::config::{
    Config, Domain, NotebookPlace, PresignBy, ProfileTemplate, Provisioning, RoleTemplate, SpaceTemplate,
    Which,
};
use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;

/// Values by name. A name that is not here is a fault of the template.
pub(super) type Parameters = BTreeMap<&'static str, Vec<String>>;

/// All values for a use, with `domains` instead of all of its domains.
pub(super) fn of(one: &Use<'_>, domains: &[&Domain], config: &Config) -> Parameters {
    let of_notebooks = one.notebooks.iter().filter_map(|place| notebook_place(place));
    let places = in_order(domains.iter().filter_map(|domain| place(domain)).chain(of_notebooks));
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
    let mut all = BTreeMap::from([
        ("acs_url", vec![config.saml.acs_url.clone()]),
        ("partition", in_order(places.iter().map(|(partition, _, _)| (*partition).to_owned()))),
        ("account", in_order(places.iter().map(|(_, account, _)| (*account).to_owned()))),
        ("region", in_order(places.iter().map(|(_, _, region)| (*region).to_owned()))),
        ("regions", in_order(places.iter().map(|(_, _, region)| (*region).to_owned()))),
        ("dns_suffix", in_order(places.iter().map(|(partition, _, _)| dns_suffix(partition).to_owned()))),
        ("saml_providers", in_order(providers.map(SamlProviderArn::as_str).map(str::to_owned))),
        ("owner_tags", owner_tags(domains)),
        ("session_tags", session_tags(domains)),
        ("domains", in_domains(domains, |id| format!("domain/{id}"))),
        ("all_spaces", in_domains(domains, |id| format!("space/{id}/*"))),
        ("all_lifecycle_configs", arns("sagemaker", "studio-lifecycle-config/*")),
        ("profiles", profiles(domains, |_| true)),
        ("person_profiles", profiles(domains, |domain| domain.presign_by == PresignBy::Person)),
        ("service_profiles", profiles(domains, |domain| domain.presign_by == PresignBy::Service)),
        ("reconciled_profiles", profiles(domains, |domain| domain.provisioning == Provisioning::Reconcile)),
        ("spaces", spaces(domains, config, |_| true)),
        ("made_spaces", spaces(domains, config, |space| space.create)),
        ("provisioners", provisioners(config)),
        ("external_ids", external_ids(domains, &one.notebooks)),
        ("callers", callers(domains, one.gateway_role)),
        ("roles", in_order(roles.map(|role| role.to_string()))),
        ("execution_roles", execution_roles(domains, config)),
        ("notebook_roles", [execution_roles(domains, config), peoples_roles(domains, true)].concat()),
        ("peoples_roles", peoples_roles(domains, true)),
        ("peoples_roles_without_path", peoples_roles(domains, false)),
        ("boundaries", of_templates(domains, |template| vec![&template.boundary])),
        ("declared_policies", of_templates(domains, |template| template.declared().into_iter().collect())),
        ("lifecycle_configs", lifecycle_configs(domains, config)),
        ("jobs", jobs.iter().flat_map(|job| arns("sagemaker", &format!("{job}/*"))).collect()),
        ("training_jobs", arns("sagemaker", "training-job/*")),
        ("owned_instances", instances(&one.notebooks, |place| place.owner_tag.is_some())),
        ("shared_instances", instances(&one.notebooks, |place| place.owner_tag.is_none())),
        ("opened_instances", instances(&one.notebooks, |_| true)),
        ("searched_instances", instances(&one.notebooks, |place| matches!(place.which, Which::Owned { .. }))),
        (
            "instance_roles",
            in_order(one.notebooks.iter().flat_map(|place| &place.roles).map(ToString::to_string)),
        ),
        ("instance_callers", instance_callers(&one.notebooks, one.gateway_role)),
        ("instance_owner_tag", in_order(owned(one).filter_map(|place| place.owner_tag.clone()))),
        ("instance_session_tag", in_order(owned(one).map(|place| place.session_tag.clone()))),
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
        ("gateway_role", strings(one.gateway_role.map(RoleArn::as_str).into_iter().collect())),
        ("group", one.holder.iter().filter(|_| one.role.is_none()).cloned().collect()),
    ]);
    all.extend(own_account::of(config, one.gateway_role));
    all
}

/// The key of the configuration that gives a parameter.
pub(super) fn key(parameter: &str) -> String {
    match parameter {
        "saml_providers" => "an IdP with a SAML provider in this account (idp.saml_providers)".into(),
        "image_versions" => "policies.images".into(),
        "ledger" | "log_streams" | "delivery_streams" | "event_buses" | "callers" | "instance_callers" => {
            "policies.gateway_role".into()
        }
        "owner_tags" => "a domain".into(),
        other => format!("policies.{other}"),
    }
}

/// The owner tags of these domains.
pub(super) fn owner_tags(domains: &[&Domain]) -> Vec<String> {
    in_order(domains.iter().map(|domain| domain.owner_tag.clone()))
}

/// The session tags that people need who open domains themselves.
fn session_tags(domains: &[&Domain]) -> Vec<String> {
    let opened = domains.iter().filter(|domain| domain.presign_by == PresignBy::Person);
    in_order(opened.map(|domain| domain.session_tag.clone()))
}

/// The profiles of those domains that fit.
fn profiles(domains: &[&Domain], fits: fn(&Domain) -> bool) -> Vec<String> {
    let fitting: Vec<_> = domains.iter().copied().filter(|domain| fits(domain)).collect();
    in_domains(&fitting, |id| format!("user-profile/{id}/*"))
}

/// ARNs in SageMaker, where `resource` makes what they end with of a domain's ID.
fn in_domains(domains: &[&Domain], resource: fn(&str) -> String) -> Vec<String> {
    let arn = |domain: &&Domain| {
        let (partition, account, region) = place(domain)?;
        Some(format!("arn:{partition}:sagemaker:{region}:{account}:{}", resource(&domain.id)))
    };
    in_order(domains.iter().filter_map(arn))
}

/// The spaces of those domains that have a destination in a space that fits.
fn spaces(domains: &[&Domain], config: &Config, fits: fn(&SpaceTemplate) -> bool) -> Vec<String> {
    let has_one = |domain: &&&Domain| {
        let places = config.destinations.iter().filter_map(|destination| destination.studio());
        let of_domain = places.filter(|place| place.domain.key == domain.key);
        of_domain.filter_map(|place| place.space.as_ref()).any(fits)
    };
    let arn = |domain: &&Domain| {
        let (partition, account, region) = place(domain)?;
        Some(format!("arn:{partition}:sagemaker:{region}:{account}:space/{}/*", domain.id))
    };
    in_order(domains.iter().filter(has_one).filter_map(arn))
}

/// The notebook instances that have owners.
fn owned<'u>(one: &'u Use<'_>) -> impl Iterator<Item = &'u NotebookPlace> {
    one.notebooks.iter().copied().filter(|place| place.owner_tag.is_some())
}

/// ARNs of the notebook instances that fit, as patterns. AWS writes their names in lower case there.
fn instances(places: &[&NotebookPlace], fits: fn(&NotebookPlace) -> bool) -> Vec<String> {
    let arns = |place: &&NotebookPlace| {
        let names = match &place.which {
            Which::Named { prefix, suffix } => vec![format!("{prefix}*{suffix}")],
            Which::Listed(names) => names.iter().map(|name| name.to_ascii_lowercase()).collect(),
            Which::Owned { name_contains: Some(part) } => vec![format!("*{}*", part.to_ascii_lowercase())],
            Which::Owned { name_contains: None } => vec!["*".to_owned()],
        };
        let prefix = place.arn_prefix();
        names.into_iter().map(move |name| format!("{prefix}{name}")).collect::<Vec<_>>()
    };
    in_order(places.iter().filter(|place| fits(place)).flat_map(arns))
}

/// The roles that look for these instances and start them.
fn instance_callers(places: &[&NotebookPlace], own: Option<&RoleArn>) -> Vec<String> {
    let caller =
        |place: &&NotebookPlace| place.provisioner.as_ref().map(|one| one.role.clone()).or(own.cloned());
    in_order(places.iter().filter_map(caller).map(|role| role.to_string()))
}

/// The provisioner roles of all domains and notebook instances.
fn provisioners(config: &Config) -> Vec<String> {
    let of_notebooks = config.destinations.iter().filter_map(|one| one.notebooks()?.provisioner.as_ref());
    let of_domains = config.domains.iter().filter_map(|domain| domain.provisioner.as_ref());
    let provisioners = of_domains.chain(of_notebooks);
    in_order(provisioners.map(|provisioner| provisioner.role.to_string()))
}

fn external_ids(domains: &[&Domain], notebooks: &[&NotebookPlace]) -> Vec<String> {
    let provisioners = domains.iter().filter_map(|domain| domain.provisioner.as_ref());
    let of_notebooks = notebooks.iter().filter_map(|place| place.provisioner.as_ref());
    in_order(provisioners.chain(of_notebooks).filter_map(|provisioner| provisioner.external_id.clone()))
}

/// The roles that look up and make what is in these domains.
fn callers(domains: &[&Domain], gateway_role: Option<&RoleArn>) -> Vec<String> {
    let caller = |domain: &&Domain| match &domain.provisioner {
        Some(provisioner) => Some(provisioner.role.to_string()),
        None => gateway_role.map(ToString::to_string),
    };
    in_order(domains.iter().filter_map(caller))
}

/// The roles that people of these domains have for themselves. IAM looks for a role that does not exist without a path.
fn peoples_roles(domains: &[&Domain], with_path: bool) -> Vec<String> {
    let arn = |domain: &&Domain| {
        let (partition, account, _) = place(domain)?;
        let template = domain.execution_role.as_ref()?;
        let path = if with_path { template.path.as_str() } else { "/" };
        Some(format!("arn:{partition}:iam::{account}:role{path}{}*", template.name_prefix))
    };
    in_order(domains.iter().filter_map(arn))
}

fn of_templates(domains: &[&Domain], policies: fn(&RoleTemplate) -> Vec<&PolicyArn>) -> Vec<String> {
    let templates = domains.iter().filter_map(|domain| domain.execution_role.as_ref());
    in_order(templates.flat_map(policies).map(|policy| policy.as_str().to_owned()))
}

/// What profiles of a domain can be created as: its own template, and what rules lay over it.
fn templates<'c>(domain: &'c Domain, config: &'c Config) -> impl Iterator<Item = &'c ProfileTemplate> {
    let allowed = config.rules.iter().flat_map(|rule| &rule.allow);
    let laid_over =
        allowed.filter(|allowed| allowed.destination.domain().is_some_and(|one| one.key == domain.key));
    once(&*domain.profile).chain(laid_over.filter_map(|allowed| allowed.template.as_deref()))
}

fn execution_roles(domains: &[&Domain], config: &Config) -> Vec<String> {
    let templates = domains.iter().flat_map(|domain| templates(domain, config));
    in_order(templates.filter_map(ProfileTemplate::execution_role).map(str::to_owned))
}

fn lifecycle_configs(domains: &[&Domain], config: &Config) -> Vec<String> {
    let scripts = |domain: &Domain| templates(domain, config).any(|template| !template.lifecycle.is_empty());
    let with_scripts = domains.iter().filter(|domain| scripts(domain));
    let arn = |(partition, account, region): Place<'_>| {
        format!("arn:{partition}:sagemaker:{region}:{account}:studio-lifecycle-config/*")
    };
    in_order(with_scripts.filter_map(|domain| place(domain)).map(arn))
}

/// The versions of an image: `...:image/NAME` has `...:image-version/NAME/1` and so on.
fn versions(image: &str) -> String {
    format!("{}/*", image.replacen(":image/", ":image-version/", 1))
}

fn dns_suffix(partition: &str) -> &'static str {
    if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}
