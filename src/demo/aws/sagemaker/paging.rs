//! Pages of a list: `MaxResults` and `NextToken`.

use super::super::fault::ApiError;
use serde_json::{Map, Value};

/// Page size where none is asked for.
const DEFAULT_SIZE: u32 = 10;

/// One page of `items` as `details` shows them, under `member`, with `NextToken` if there is more.
pub(super) fn page<T>(
    items: &[T],
    details: impl Fn(&T) -> Value,
    member: &str,
    size: Option<u32>,
    token: Option<&str>,
) -> Result<Value, ApiError> {
    let start = match token.map(|t| t.strip_prefix("page-").and_then(|n| n.parse::<usize>().ok())) {
        None => 0,
        Some(Some(start)) if start <= items.len() => start,
        Some(_) => return Err(ApiError::validation("Invalid pagination token")),
    };
    let size = usize::try_from(size.unwrap_or(DEFAULT_SIZE)).unwrap_or(usize::MAX);
    let end = start.saturating_add(size);
    let more = end < items.len();
    let mut output = Map::new();
    output.insert(member.to_owned(), items.iter().skip(start).take(size).map(details).collect());
    if more {
        output.insert("NextToken".to_owned(), Value::from(format!("page-{end}")));
    }
    Ok(Value::Object(output))
}
