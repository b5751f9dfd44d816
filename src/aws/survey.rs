//! Clients for looking at what a configuration names, as the gateway or as a domain's provisioner role.

use super::clients::{AwsClients, at, iam_region};
use crate::config::{Config, Domain};

/// Clients of one account and region. Nothing is changed with them.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) sagemaker: aws_sdk_sagemaker::Client,
    pub(crate) quotas: aws_sdk_servicequotas::Client,
}

impl AwsClients {
    /// Clients for the account of a domain; `None` for a domain of another configuration.
    pub(crate) fn survey(&self, config: &Config, domain: &Domain) -> Option<Survey> {
        let credentials = self.credentials(domain)?;
        let partition = domain.roles.first().map_or("aws", |role| role.partition());
        let sts = at(credentials, &domain.region, config.aws.sts_endpoint.as_ref());
        let iam = at(credentials, iam_region(partition), config.aws.iam_endpoint.as_ref());
        let sagemaker = at(credentials, &domain.region, config.aws.sagemaker_endpoint.as_ref());
        let quotas = at(credentials, &domain.region, config.aws.service_quotas_endpoint.as_ref());
        Some(Survey {
            sts: aws_sdk_sts::Client::new(&sts),
            iam: aws_sdk_iam::Client::new(&iam),
            sagemaker: aws_sdk_sagemaker::Client::new(&sagemaker),
            quotas: aws_sdk_servicequotas::Client::new(&quotas),
        })
    }
}
