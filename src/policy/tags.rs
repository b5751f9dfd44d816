//! Tags of a profile from a person's attributes. A tag that decides about access or cost must never be wrong, so what
//! is not one usable value is no tag at all.

use crate::config::{ProfileTemplate, TagSource, is_tag_value};
use crate::identity::Claims;
use std::collections::BTreeMap;
use std::fmt;

/// A tag that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut<'c> {
    /// Its key.
    pub key: &'c str,
    /// The attribute that it would come from.
    pub attribute: &'c str,
    /// What is wrong with the attribute. Its value is not repeated.
    pub why: &'static str,
}

impl fmt::Display for LeftOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag {:?}: attribute {:?} {}", self.key, self.attribute, self.why)
    }
}

type Tags<'c> = (BTreeMap<String, String>, Vec<LeftOut<'c>>);

/// The tags, the owner tag among them, and those that are left out since the attribute is unusable. A person who does
/// not have an attribute has no such tag, and that is worth no word.
///
/// # Errors
/// The first required tag that cannot be made.
pub(super) fn of<'c>(
    claims: &Claims,
    owner_tag: &str,
    template: &'c ProfileTemplate,
) -> Result<Tags<'c>, LeftOut<'c>> {
    let mut tags = BTreeMap::from([(owner_tag.to_owned(), claims.user_id().to_owned())]);
    let mut left_out = Vec::new();
    for (key, source) in &template.tags {
        match source {
            TagSource::Fixed(value) => {
                tags.insert(key.clone(), value.clone());
            }
            TagSource::Attribute { name, required } => match value(claims.attribute(name)) {
                Ok(Some(value)) => {
                    tags.insert(key.clone(), value.to_owned());
                }
                Ok(None) if !required => {}
                Ok(None) => return Err(LeftOut { key, attribute: name, why: "is missing" }),
                Err(why) if !required => left_out.push(LeftOut { key, attribute: name, why }),
                Err(why) => return Err(LeftOut { key, attribute: name, why }),
            },
        }
    }
    Ok((tags, left_out))
}

fn value(values: &[String]) -> Result<Option<&str>, &'static str> {
    match values {
        [] => Ok(None),
        [value, others @ ..] if others.iter().all(|other| other == value) => {
            is_tag_value(value).then_some(Some(value.as_str())).ok_or("is not a usable tag value")
        }
        _ => Err("has several values"),
    }
}
