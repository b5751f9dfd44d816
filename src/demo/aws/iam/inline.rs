//! Policies in a role itself: `PutRolePolicy`.

use super::super::call::{Call, Form, Note};
use super::super::fault::ApiError;
use super::super::policy::{self, Context};
use super::super::shape::Rule;
use super::super::state::State;
use super::{ROLE_NAME, authorized, checked};
use serde_json::Value;

const POLICY_NAME: Rule = Rule::length(1, 128).form("[\\w+=,.@-]+", |text| {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
});
const DOCUMENT: Rule = Rule::length(1, 131_072);
/// Characters of all inline policies of a role together, white space aside.
const QUOTA: usize = 10_240;

pub(super) fn put(state: &mut State, form: &Form, call: &Call, note: &mut Note) -> Result<String, ApiError> {
    let fields = form.fields(&[]);
    let (role, name, document) = checked(&fields, &["RoleName", "PolicyName", "PolicyDocument"], |shape| {
        (
            shape.required("RoleName", ROLE_NAME).to_owned(),
            shape.required("PolicyName", POLICY_NAME).to_owned(),
            shape.required("PolicyDocument", DOCUMENT).to_owned(),
        )
    })?;
    let position = authorized(state, &role, call, note, "iam:PutRolePolicy", &Context::default())?;
    let malformed = |message: String| ApiError::new(400, "MalformedPolicyDocument", message);
    let document: Value =
        serde_json::from_str(&document).map_err(|_| malformed("This policy contains invalid Json".into()))?;
    if let Some(fault) = policy::fault(&document) {
        return Err(malformed(fault));
    }
    let Some(role) = state.world.roles.get_mut(position) else { return Ok(String::new()) };
    let others = role.inline.iter().filter(|(present, _)| **present != name).map(|(_, document)| document);
    let length: usize = others.chain([&document]).map(|document| document.to_string().len()).sum();
    if length > QUOTA {
        let message = format!("Maximum policy size of {QUOTA} bytes exceeded for role");
        return Err(ApiError::new(409, "LimitExceeded", message));
    }
    role.inline.insert(name, document);
    Ok(String::new())
}
