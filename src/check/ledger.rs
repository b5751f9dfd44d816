//! The replay ledger: whether it can be asked, and says yes once.

use super::ground::Ground;
use super::{Finding, Level};
use crate::aws::{AwsFault, Kind};
use crate::config::Replay;
use crate::replay::Ledger;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{KeyType, ScalarAttributeType, TableDescription, TimeToLiveStatus};
use std::sync::Arc;

/// `ledger.claim`, and for DynamoDB `ledger.table` and `ledger.expiry`.
pub(super) async fn look(ground: Arc<Ground>) -> Vec<Finding> {
    let (id, subject) = ("ledger.claim", "replay");
    if let Replay::Memory { .. } = ground.config.replay {
        let says = "in the memory of the process: for one instance";
        return vec![Finding::ok(id, subject, says)];
    }
    let now = ground.clock.now();
    let ledger = Ledger::new(&ground.config, now, ground.credentials.clone(), &ground.metrics);
    let ledger = Box::pin(ledger).await;
    let mut findings = vec![match ledger.try_out(now).await {
        Ok(()) => Finding::ok(id, subject, "an entry can be made, and only once"),
        Err(refusal) => {
            let fix = "make it reachable from here, and let the gateway write: docs/ledger.md";
            Finding::error(id, subject, refusal.reason(), fix)
        }
    }];
    if let Some((client, table)) = ledger.table() {
        let keys = keys(client, table).await;
        let is_there = keys.level != Level::Error;
        findings.push(keys);
        if is_there {
            findings.push(expiry(client, table).await);
        }
    }
    findings
}

async fn keys(client: &Client, table: &str) -> Finding {
    let id = "ledger.table";
    let described = client.describe_table().table_name(table).send().await;
    let output = match described.map_err(|fault| AwsFault::of("dynamodb:DescribeTable", &fault)) {
        Ok(output) => output,
        Err(AwsFault { kind: Kind::NotFound, .. }) => {
            return Finding::error(id, table, "there is no such table", "make it: docs/ledger.md");
        }
        Err(fault) => return Finding::of_fault(id, table, &fault),
    };
    let found = output.table();
    let schema = found.map(TableDescription::key_schema).unwrap_or_default();
    let string = found.is_some_and(|table| {
        let mut attributes = table.attribute_definitions().iter();
        attributes.any(|one| one.attribute_name() == "id" && one.attribute_type() == &ScalarAttributeType::S)
    });
    match schema {
        [key] if key.attribute_name() == "id" && key.key_type() == &KeyType::Hash && string => {
            Finding::ok(id, table, "its key is the string id")
        }
        _ => Finding::error(id, table, "its key is not the string id alone", "make another: docs/ledger.md"),
    }
}

async fn expiry(client: &Client, table: &str) -> Finding {
    let id = "ledger.expiry";
    let described = client.describe_time_to_live().table_name(table).send().await;
    let output = match described {
        Ok(output) => output,
        Err(fault) => {
            return Finding::of_fault(id, table, &AwsFault::of("dynamodb:DescribeTimeToLive", &fault));
        }
    };
    let found = output.time_to_live_description();
    let on = found.and_then(|found| found.time_to_live_status());
    let by = found.and_then(|found| found.attribute_name());
    if matches!(on, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) && by == Some("exp") {
        Finding::ok(id, table, "old entries are deleted")
    } else {
        let says = "no time-to-live by exp: the table grows for ever";
        let fix = format!(
            "aws dynamodb update-time-to-live --table-name {table} --time-to-live-specification Enabled=true,AttributeName=exp"
        );
        Finding::warning(id, table, says, fix)
    }
}
