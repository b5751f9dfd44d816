//! Section `[policies]`: what the printed policies need to know and the sign-in does not. Nothing else reads it.

use super::problems::{Section, kind};
use crate::arn::RoleArn;
use std::net::IpAddr;

/// Values for `studio-gateway policies`; what is empty leaves out the policies that need it.
#[derive(Debug, Default)]
pub struct Policies {
    /// Instance types that apps may run on, such as `ml.t3.medium`; a `*` stands for anything.
    pub instance_types: Vec<String>,
    /// ARNs of SageMaker images that apps may start from; a `*` stands for anything.
    pub images: Vec<String>,
    /// Address ranges in CIDR notation that Studio may be opened from.
    pub ip_ranges: Vec<String>,
    /// IDs of VPC endpoints that Studio may be opened through.
    pub vpc_endpoints: Vec<String>,
    /// ARNs of KMS keys that may encrypt what SageMaker stores.
    pub kms_keys: Vec<String>,
    /// Role ARNs that guardrails leave alone where they have to; a `*` stands for anything.
    pub administrators: Vec<String>,
    /// ARNs of users and roles that may call the SageMaker API through the VPC endpoint.
    pub api_principals: Vec<String>,
    /// Role that the gateway runs as.
    pub gateway_role: Option<RoleArn>,
    /// IAM groups whose members have notebook instances.
    pub notebook_groups: Vec<String>,
}

pub(super) fn read(mut section: Section<'_>) -> Policies {
    let matching = |what, fits: fn(&str) -> bool| kind(what, move |text| fits(text).then(|| text.to_owned()));
    let policies = Policies {
        instance_types: section
            .list("instance_types", matching("an instance type such as \"ml.t3.medium\"", instance_type)),
        images: section.list(
            "images",
            matching("the ARN of a SageMaker image", |text| arn(text, "sagemaker", "image/")),
        ),
        ip_ranges: section.list("ip_ranges", matching("an address range such as \"203.0.113.0/24\"", range)),
        vpc_endpoints: section.list("vpc_endpoints", matching("the ID of a VPC endpoint", endpoint)),
        kms_keys: section.list("kms_keys", matching("the ARN of a KMS key", |text| arn(text, "kms", "key/"))),
        administrators: section
            .list("administrators", matching("the ARN of an IAM role", |text| arn(text, "iam", "role/"))),
        api_principals: section.list(
            "api_principals",
            matching("the ARN of an IAM user or role", |text| {
                !text.contains('*') && (arn(text, "iam", "role/") || arn(text, "iam", "user/"))
            }),
        ),
        gateway_role: section.optional("gateway_role", kind("the ARN of an IAM role", RoleArn::parse)),
        notebook_groups: section.list("notebook_groups", matching("the name of an IAM group", group)),
    };
    section.finish();
    policies
}

/// SageMaker's types begin with `ml.`; those of EC2 do not.
fn instance_type(text: &str) -> bool {
    text.strip_prefix("ml.").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.*".contains(&byte))
    })
}

/// An ARN of this service whose resource begins so. Only account and resource may have wildcards.
fn arn(text: &str, service: &str, resource: &str) -> bool {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\${}?".contains(&byte));
    matches!(parts.as_slice(), ["arn", partition, of, _, account, name]
        if plain && partition.starts_with("aws") && *of == service && !account.is_empty()
            && name.strip_prefix(resource).is_some_and(|name| !name.is_empty()))
}

fn range(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        let longest = address.parse().map(|address: IpAddr| if address.is_ipv4() { 32 } else { 128 });
        matches!((longest, length.parse::<u8>()), (Ok(longest), Ok(length)) if (1..=longest).contains(&length))
    })
}

fn endpoint(text: &str) -> bool {
    text.strip_prefix("vpce-")
        .is_some_and(|id| (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn group(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}
