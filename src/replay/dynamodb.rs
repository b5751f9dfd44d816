//! The ledger in DynamoDB, for many instances and for Lambda: one conditional write decides. The table's time-to-live
//! only tidies up; whether an entry still counts is part of the condition, because DynamoDB deletes late.

use super::fresh::Use;
use super::{Answer, unanswered, unavailable};
use crate::aws::{AwsFault, Bounded, GatewayCredentials, LostConnection, http_client};
use crate::config::DynamoDbTable;
use crate::error::Refusal;
use crate::random;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::time::Duration;

/// Longest time for one attempt, and for a claim with its retries: the ACS answers within two seconds.
const ATTEMPT: Duration = Duration::from_millis(600);
const CLAIM: Duration = Duration::from_millis(1_400);
const ATTEMPTS: u32 = 3;
/// Longest time for a claim that nobody waits for, in which credentials are found and a connection is made.
const PATIENCE: Duration = Duration::from_secs(5);
/// How far apart the clocks of two instances may be: entries count so much longer.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// Remembers used assertions in a table.
pub struct DynamoDbLedger {
    client: Client,
    /// On the same connections and with the same credentials, without bounds and with more time.
    patient: Client,
    table: String,
}

impl DynamoDbLedger {
    pub(super) async fn new(
        table: &DynamoDbTable,
        credentials: GatewayCredentials,
        bounded: Bounded,
    ) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(ATTEMPT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CLAIM)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(50));
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .region(Region::new(table.region.clone()))
            .timeout_config(timeouts)
            .retry_config(retries);
        if let GatewayCredentials::Static(keys) = credentials {
            loader = loader.credentials_provider(keys);
        }
        if let Some(endpoint) = &table.endpoint {
            loader = loader.endpoint_url(endpoint.as_str().trim_end_matches('/'));
        }
        let shared = loader.load().await;
        let config = aws_sdk_dynamodb::config::Builder::from(&shared)
            .retry_classifier(LostConnection)
            .interceptor(bounded);
        let time = TimeoutConfig::builder().connect_timeout(ATTEMPT).operation_timeout(PATIENCE).build();
        let patient = aws_sdk_dynamodb::config::Builder::from(&shared).timeout_config(time);
        Self {
            client: Client::from_conf(config.build()),
            patient: Client::from_conf(patient.build()),
            table: table.name.clone(),
        }
    }

    /// For looking at the table.
    pub(super) fn table(&self) -> (&Client, &str) {
        (&self.client, &self.table)
    }

    /// A claim of a sign-in.
    pub(super) async fn claim(&self, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        self.put(&self.client, first_use, now).await
    }

    /// The same with more time, and without a breaker that takes notice.
    pub(super) async fn patient_claim(&self, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        self.put(&self.patient, first_use, now).await
    }

    /// `PutItem` on the condition that there is no entry, or one that does not count any longer.
    async fn put(&self, client: &Client, first_use: &Use, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let claimant = random::hex::<16>().map_err(|fault| unavailable(fault.to_string()))?;
        let expiry = (first_use.until + CLOCKS).timestamp() + 1;
        let written = client
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(first_use.key.clone()))
            .item("exp", AttributeValue::N(expiry.to_string()))
            .item("claimant", AttributeValue::S(claimant.clone()))
            .condition_expression("attribute_not_exists(id) OR exp < :now")
            .expression_attribute_values(":now", AttributeValue::N(now.timestamp().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match written {
            Ok(_) => Ok(Answer::First),
            Err(fault) => match fault.as_service_error() {
                // An attempt of ours whose answer got lost: the retry found what it had written.
                Some(PutItemError::ConditionalCheckFailedException(failed)) if held_by(failed, &claimant) => {
                    Ok(Answer::First)
                }
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Answer::Repeated),
                _ => {
                    let fault = AwsFault::of("dynamodb:PutItem", &fault);
                    Err(unanswered(fault.kind, fault.to_string()))
                }
            },
        }
    }
}

/// Whether the entry that the condition ran into is this claimant's.
fn held_by(failed: &ConditionalCheckFailedException, claimant: &str) -> bool {
    let holder = failed.item().and_then(|item| item.get("claimant"));
    holder.and_then(|holder| holder.as_s().ok()).is_some_and(|holder| holder == claimant)
}

impl fmt::Debug for DynamoDbLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamoDbLedger").field("table", &self.table).finish_non_exhaustive()
    }
}
