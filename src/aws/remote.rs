//! What a configuration refers to in Secrets Manager and Systems Manager, read before it is parsed.

use super::AwsFault;
use crate::config::Remote;
use aws_config::{BehaviorVersion, SdkConfig};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use tokio::task::JoinSet;

/// What was read, or why not, for each reference.
pub type Fetched = HashMap<Remote, Result<String, String>>;

/// Reads all references, each once, in the region and with the credentials of the environment.
pub async fn fetch(references: BTreeSet<Remote>) -> Fetched {
    if references.is_empty() {
        return Fetched::new();
    }
    let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let mut reads = JoinSet::new();
    for reference in references {
        let shared = shared.clone();
        reads.spawn(async move {
            let text = read(&shared, &reference).await;
            (reference, text)
        });
    }
    reads.join_all().await.into_iter().collect()
}

async fn read(shared: &SdkConfig, reference: &Remote) -> Result<String, String> {
    match reference {
        Remote::Parameter(name) => {
            let client = aws_sdk_ssm::Client::new(shared);
            let output = client.get_parameter().name(name).with_decryption(true).send().await;
            let output = output.map_err(|fault| AwsFault::of("ssm:GetParameter", &fault).to_string())?;
            output.parameter.and_then(|parameter| parameter.value).ok_or("a parameter without a value".into())
        }
        Remote::Secret { id, key } => {
            let client = aws_sdk_secretsmanager::Client::new(shared);
            let output = client.get_secret_value().secret_id(id).send().await;
            let output =
                output.map_err(|fault| AwsFault::of("secretsmanager:GetSecretValue", &fault).to_string())?;
            let secret = output.secret_string.ok_or("a secret without SecretString")?;
            match key {
                None => Ok(secret),
                Some(key) => {
                    value_of(&secret, key).ok_or_else(|| format!("the secret has no text at {key:?}"))
                }
            }
        }
    }
}

fn value_of(secret: &str, key: &str) -> Option<String> {
    serde_json::from_str::<Value>(secret).ok()?.get(key)?.as_str().map(str::to_owned)
}
