//! DynamoDB, as far as a replay ledger goes: `PutItem` with a condition, and what a table is like, over JSON 1.0.
//!
//! Nothing expires by itself: DynamoDB deletes late, and a ledger that relied on it would let replays in.

mod condition;

use super::call::{Call, Note};
use super::fault::ApiError;
use super::policy::Context;
use super::shape::{Problems, Rule, Shape, finish};
use super::state::State;
use super::world::{Table, account_of};
use condition::Condition;
use serde_json::{Map, Value, json};

/// An item: attribute names to values such as `{"S": "text"}`.
pub(super) type Item = Map<String, Value>;

/// `TableName`.
const TABLE_NAME: Rule = Rule::length(3, 255);
const EXPRESSION: Rule = Rule::length(1, 4_096);
/// The partition key of every table here.
const KEY: &str = "id";

/// Carries out an operation; answers its output.
pub(super) fn perform(
    state: &mut State,
    operation: &str,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    match operation {
        "PutItem" => put_item(state, input, call, note),
        "DescribeTable" => describe(state, input, call, note, "dynamodb:DescribeTable").map(table_shape),
        "DescribeTimeToLive" => {
            describe(state, input, call, note, "dynamodb:DescribeTimeToLive").map(time_to_live_shape)
        }
        other => Err(ApiError::new(400, "UnknownOperationException", format!("Unknown operation {other}"))),
    }
}

/// The table that a request is about.
fn describe<'s>(
    state: &'s State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
    action: &str,
) -> Result<&'s Table, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(input, &problems);
    shape.only(&["TableName"]);
    let name = shape.required("TableName", TABLE_NAME);
    finish(&problems, "ValidationException")?;
    note.resource = format!("arn:aws:dynamodb:{}:{}:table/{name}", call.region, account_of(&call.caller.arn));
    call.caller.authorize(action, &note.resource, &Context::default())?;
    let mut tables = state.world.tables.iter();
    tables.find(|table| table.name == name && table.region == call.region).ok_or_else(|| {
        ApiError::new(
            400,
            "ResourceNotFoundException",
            format!("Requested resource not found: Table: {name}"),
        )
    })
}

fn table_shape(table: &Table) -> Value {
    json!({ "Table": {
        "TableName": table.name,
        "TableStatus": "ACTIVE",
        "KeySchema": [{ "AttributeName": KEY, "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": KEY, "AttributeType": "S" }],
    } })
}

fn time_to_live_shape(table: &Table) -> Value {
    json!({ "TimeToLiveDescription": match &table.ends_by {
        Some(name) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": name }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    } })
}

fn put_item(
    state: &mut State,
    input: &Map<String, Value>,
    call: &Call,
    note: &mut Note,
) -> Result<Value, ApiError> {
    let problems = Problems::default();
    let shape = Shape::new(input, &problems);
    shape.only(&[
        "TableName",
        "Item",
        "ConditionExpression",
        "ExpressionAttributeValues",
        "ReturnValuesOnConditionCheckFailure",
    ]);
    let name = shape.required("TableName", TABLE_NAME);
    let expression = shape.string("ConditionExpression", EXPRESSION);
    let empty = Map::new();
    let item = shape.raw("Item").and_then(Value::as_object);
    if item.is_none() {
        shape.report("Item", "null", "Member must not be null");
    }
    let values = shape.raw("ExpressionAttributeValues").and_then(Value::as_object).unwrap_or(&empty);
    let tell = shape.raw("ReturnValuesOnConditionCheckFailure").and_then(Value::as_str) == Some("ALL_OLD");
    finish(&problems, "ValidationException")?;
    let item = item.unwrap_or(&empty);

    note.resource = format!("arn:aws:dynamodb:{}:{}:table/{name}", call.region, account_of(&call.caller.arn));
    call.caller.authorize("dynamodb:PutItem", &note.resource, &Context::default())?;
    if !state.world.tables.iter().any(|table| table.name == name && table.region == call.region) {
        return Err(ApiError::new(400, "ResourceNotFoundException", "Requested resource not found"));
    }
    let key = item.get(KEY).and_then(|value| value.get("S")).and_then(Value::as_str);
    let key = key.filter(|key| !key.is_empty()).ok_or_else(|| {
        ApiError::validation("One or more parameter values were invalid: Missing the key id in the item")
    })?;
    let place = (name.to_owned(), key.to_owned());
    let present = state.items.get(&place);
    if let Some(expression) = expression {
        let condition = Condition::parse(expression, values).map_err(ApiError::validation)?;
        if !condition.holds(present) {
            let mut error =
                ApiError::new(400, "ConditionalCheckFailedException", "The conditional request failed");
            error.item = present.filter(|_| tell).map(|item| json!(item));
            return Err(error);
        }
    } else if !values.is_empty() {
        return Err(ApiError::validation(
            "ExpressionAttributeValues can only be specified when using expressions",
        ));
    }
    state.items.insert(place, item.clone());
    Ok(json!({}))
}
