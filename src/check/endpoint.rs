//! Where names lead to, for configurations whose Studio opens through VPC endpoints only (`policies.vpc_endpoints`).

use super::Finding;
use super::ground::Ground;
use crate::config::{Config, Domain};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::lookup_host;
use url::Url;

/// Whether calls and browsers are to go through VPC endpoints.
pub(super) fn are_private(config: &Config) -> bool {
    !config.policies.vpc_endpoints.is_empty()
}

/// `endpoint.private` for STS and the SageMaker API of a region.
pub(super) async fn look(ground: Arc<Ground>, domain: Arc<Domain>) -> Vec<Finding> {
    let partition = domain.roles.first().map_or("aws", |role| role.partition());
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let aws = &ground.config.aws;
    let region = &domain.region;
    let mut findings = Vec::new();
    for (own, usual) in [
        (&aws.sts_endpoint, format!("https://sts.{region}.{suffix}")),
        (&aws.sagemaker_endpoint, format!("https://api.sagemaker.{region}.{suffix}")),
    ] {
        findings.push(resolve(own.as_ref().map_or(usual.as_str(), Url::as_str)).await);
    }
    findings
}

/// `endpoint.private` for one address.
pub(super) async fn resolve(url: &str) -> Finding {
    let (id, fix) = (
        "endpoint.private",
        "turn on private DNS of the endpoint, or forward the zone: docs/private-access.md",
    );
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
    let found: Vec<_> = match lookup_host((host, 443)).await {
        Ok(found) => found.map(|address| address.ip()).collect(),
        Err(fault) => return Finding::error(id, host, format!("the name leads nowhere: {fault}"), fix),
    };
    match found.iter().find(|address| !is_private(**address)) {
        None if found.is_empty() => Finding::error(id, host, "the name leads nowhere", fix),
        None => Finding::ok(id, host, "leads to a private address"),
        Some(public) => Finding::error(
            id,
            host,
            format!(
                "leads from here to {public}, which is not private: the policies deny what comes that way"
            ),
            fix,
        ),
    }
}

/// Addresses of networks of one's own (RFC 1918, RFC 6598, RFC 4193), this machine included.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || address.is_loopback() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_networks_of_ones_own_are_private() {
        for address in
            ["10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "fd00::1", "::ffff:10.0.0.1"]
        {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in
            ["172.32.0.1", "100.128.0.1", "52.95.36.1", "169.254.169.254", "2600:1f14::1", "::ffff:8.8.8.8"]
        {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
