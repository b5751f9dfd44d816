//! What the gateway itself writes to, in its own account: the ledger's table, and the places for audit events.
//!
//! Each has two parameters: one that has a value wherever the configuration has such a place, and its ARN. Where the account
//! is not known the ARN is missing, and with it the policy, which is better than one without the statement.

use super::parameters::Parameters;
use super::uses::{in_order, place};
use crate::arn::RoleArn;
use crate::config::{AuditTarget, Config, Replay};

/// The parameters of all kinds of places.
pub(super) fn of(config: &Config, gateway_role: Option<&RoleArn>) -> Parameters {
    let own = account(config, gateway_role);
    let arn = |service: &str, region: &str, resource: String| {
        own.map(|(partition, account)| format!("arn:{partition}:{service}:{region}:{account}:{resource}"))
    };
    let kinds = [
        ("dynamodb", "ledger"),
        ("cloudwatch_logs", "log_streams"),
        ("firehose", "delivery_streams"),
        ("eventbridge", "event_buses"),
    ];
    let mut places: Parameters =
        kinds.iter().flat_map(|(kind, arns)| [(*kind, vec![]), (*arns, vec![])]).collect();
    let mut add = |kind: &'static str, name: &str, arns: &'static str, arn: Option<String>| {
        places.entry(kind).or_default().push(name.to_owned());
        places.entry(arns).or_default().extend(arn);
    };
    if let Replay::DynamoDb(table) = &config.replay {
        let arn = arn("dynamodb", &table.region, format!("table/{}", table.name));
        add("dynamodb", &table.name, "ledger", arn);
    }
    for sink in &config.audit.sinks {
        match &sink.target {
            AuditTarget::CloudWatchLogs { group, stream } => {
                let resource = format!("log-group:{group}:log-stream:{stream}");
                add("cloudwatch_logs", group, "log_streams", arn("logs", &sink.region, resource));
            }
            AuditTarget::Firehose { stream } => {
                let arn = arn("firehose", &sink.region, format!("deliverystream/{stream}"));
                add("firehose", stream, "delivery_streams", arn);
            }
            AuditTarget::EventBridge { bus } if bus.starts_with("arn:") => {
                add("eventbridge", bus, "event_buses", Some(bus.clone()));
            }
            AuditTarget::EventBridge { bus } => {
                let arn = arn("events", &sink.region, format!("event-bus/{bus}"));
                add("eventbridge", bus, "event_buses", arn);
            }
        }
    }
    places
}

/// Partition and account of the gateway: those of its role, or the only ones that there are.
fn account<'c>(config: &'c Config, gateway_role: Option<&'c RoleArn>) -> Option<(&'c str, &'c str)> {
    let own = config.domains.iter().filter(|domain| domain.provisioner.is_none());
    let places = own.filter_map(|domain| place(domain));
    let accounts = in_order(places.map(|(partition, account, _)| (partition, account)));
    let only = accounts.first().copied().filter(|_| accounts.len() == 1);
    gateway_role.map(|role| (role.partition(), role.account())).or(only)
}
