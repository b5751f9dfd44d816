//! Service Quotas, as far as reading those of SageMaker goes: `ListServiceQuotas`, over JSON 1.1.

use super::call::{Call, Note};
use super::fault::ApiError;
use super::policy::Context;
use super::shape::{Problems, Rule, Shape, finish};
use super::state::State;
use serde_json::{Map, Value, json};

/// Code and name of the quotas that are for Studio.
const PROFILES: (&str, &str) = ("L-AC46C40F", "Maximum number of Studio user profiles allowed per account");
const SPACES: (&str, &str) = ("L-8E5333B4", "Maximum number of Studio spaces allowed per account");

const CODE: Rule = Rule::length(1, 63);
const TOKEN: Rule = Rule::length(1, 2048);

/// Carries out an operation; answers its output.
pub(super) fn perform(
    state: &State,
    operation: &str,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    match operation {
        "ListServiceQuotas" => list(state, input, call, note),
        other => Err(ApiError::new(400, "UnknownOperationException", format!("Unknown operation {other}"))),
    }
}

fn list(state: &State, input: &Map<String, Value>, call: &Call, note: &mut Note) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(input, &problems);
    shape.only(&["ServiceCode", "NextToken", "MaxResults", "QuotaCode", "QuotaAppliedAtLevel"]);
    let service = shape.required("ServiceCode", CODE);
    let size = shape.integer("MaxResults", 1..=100).unwrap_or(100);
    let token = shape.string("NextToken", TOKEN);
    finish(&problems, "ValidationException")?;
    "*".clone_into(&mut note.resource);
    call.caller.authorize("servicequotas:ListServiceQuotas", "*", &Context::default())?;
    if service != "sagemaker" {
        return Err(ApiError::new(400, "NoSuchResourceException", "The requested service does not exist."));
    }
    let others = state.world.quotas.iter().map(|(name, value)| ("L-00000000", &**name, *value));
    let of_studio =
        [(PROFILES.0, PROFILES.1, state.world.most_profiles), (SPACES.0, SPACES.1, state.world.most_spaces)];
    let all: Vec<_> = others.chain(of_studio).collect();
    let start = token.and_then(|token| token.parse::<usize>().ok()).unwrap_or(0);
    let end = start.saturating_add(size as usize);
    let quotas: Vec<_> = all
        .iter()
        .skip(start)
        .take(size as usize)
        .map(|(code, name, value)| {
            json!({ "ServiceCode": service, "QuotaCode": code, "QuotaName": name, "Value": value })
        })
        .collect();
    let mut output = json!({ "Quotas": quotas });
    if let (true, Some(output)) = (end < all.len(), output.as_object_mut()) {
        output.insert("NextToken".to_owned(), json!(end.to_string()));
    }
    Ok(output)
}
