//! The JSON Schema of manifests, `docs/manifest.schema.json`: made of the types that are read, and of the table of settings.
//!
//! It says less than the parser, which also compares values with each other. Closed sets that AWS enlarges every month, such
//! as instance types, are any text in it.

use super::form;
use crate::settings::{Member, Shape, Structure};
use aws_sdk_sagemaker::types::{DefaultSpaceSettings, DomainSettings, SpaceSettings, UserSettings};
use schemars::{Schema, SchemaGenerator, schema_for};
use serde_json::{Map, Value, json};

/// Longest closed set that is written out.
const WRITTEN_OUT: usize = 12;

/// The schema of manifests (JSON Schema, draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    schema_for!(form::Manifest).to_value()
}

pub(super) fn user_settings(generator: &mut SchemaGenerator) -> Schema {
    settings::<UserSettings>(generator)
}

pub(super) fn space_settings(generator: &mut SchemaGenerator) -> Schema {
    settings::<SpaceSettings>(generator)
}

pub(super) fn default_space_settings(generator: &mut SchemaGenerator) -> Schema {
    settings::<DefaultSpaceSettings>(generator)
}

pub(super) fn domain_settings(generator: &mut SchemaGenerator) -> Schema {
    settings::<DomainSettings>(generator)
}

/// The settings once, under their own name, and a reference to it.
fn settings<T: Structure>(generator: &mut SchemaGenerator) -> Schema {
    generator.definitions_mut().entry(T::NAME).or_insert_with(|| of_shape(&T::SHAPE));
    Schema::new_ref(format!("#/$defs/{}", T::NAME))
}

fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text { least, most, pattern } => {
            let mut text = json!({ "type": "string", "minLength": least, "maxLength": most });
            if let (Some(pattern), Some(text)) = (pattern, text.as_object_mut()) {
                text.insert("pattern".into(), format!("^(?:{pattern})$").into());
            }
            text
        }
        Shape::Number { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Choice(values) if values.len() <= WRITTEN_OUT => json!({ "enum": values }),
        Shape::Choice(_) => json!({ "type": "string", "minLength": 1 }),
        Shape::List { most: Some(most), item } => {
            json!({ "type": "array", "items": of_shape(item), "maxItems": most })
        }
        Shape::List { most: None, item } => json!({ "type": "array", "items": of_shape(item) }),
        Shape::Structure(members) => {
            let required: Vec<_> = members.iter().filter(|one| one.required).map(|one| one.name).collect();
            json!({
                "type": "object",
                "properties": properties(members),
                "required": required,
                "additionalProperties": false,
            })
        }
        Shape::Union(members) => json!({
            "type": "object",
            "properties": properties(members),
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
        }),
    }
}

fn properties(members: &[Member]) -> Map<String, Value> {
    members.iter().map(|member| (member.name.to_owned(), of_shape(&member.shape))).collect()
}
