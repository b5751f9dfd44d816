//! What configuration can set at SageMaker: `UserSettings` of a profile and the settings of a space, with the API's own
//! names, checked against the API's limits, and compared with what AWS says is there.
//!
//! Nothing here calls AWS.

mod apps;
mod canvas;
mod difference;
mod domain;
mod limits;
mod shape;
mod space;
mod user;
mod wire;

pub use shape::{Member, Shape};
pub use wire::{Structure, Wire};

use aws_sdk_sagemaker::types::{OwnershipSettings, SpaceSettings, SpaceSharingSettings, UserSettings};
use serde_json::{Map, Value, json};
use std::fmt;
use std::marker::PhantomData;

/// Settings of the SDK's structure `T` that fit the API's limits, or that came from AWS.
pub struct Settings<T> {
    members: Map<String, Value>,
    of: PhantomData<fn() -> T>,
}

impl<T: Structure> Settings<T> {
    /// Settings as they were written, once everything in them is known to be acceptable. Every problem is reported, with
    /// its path below `path`.
    pub fn check(
        members: Map<String, Value>,
        path: &str,
        report: &mut dyn FnMut(&str, String),
    ) -> Option<Self> {
        let value = Value::Object(members);
        let mut usable = true;
        T::SHAPE.check(&value, path, &mut |path, problem| {
            usable = false;
            report(path, problem);
        });
        match value {
            Value::Object(members) if usable => Some(Self { members, of: PhantomData }),
            _ => None,
        }
    }

    /// Settings that the gateway makes itself, of values that it knows to be right.
    pub(crate) fn from_template(members: Map<String, Value>) -> Self {
        Self { members, of: PhantomData }
    }

    /// Settings as AWS tells them.
    #[must_use]
    pub fn of(sdk: &T) -> Self {
        let members = match sdk.to_json() {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Self { members, of: PhantomData }
    }

    /// The SDK's type.
    #[must_use]
    pub fn to_sdk(&self) -> Option<T> {
        T::from_json(&Value::Object(self.members.clone()))
    }

    /// The members, with the API's names.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The same settings, where `other` gives another text for some.
    #[must_use]
    pub fn with_texts(&self, other: &dyn Fn(&str) -> Option<String>) -> Self {
        Self { members: difference::with_texts(&self.members, other), of: PhantomData }
    }

    /// A member at the top, such as `ExecutionRole`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// These settings, and those of `base` where these say nothing. Tables are joined, everything else is replaced.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self { members: difference::over(&base.members, &self.members), of: PhantomData }
    }

    /// What these settings and others say alike.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self { members: difference::common(&self.members, &other.members), of: PhantomData }
    }

    /// Paths in which `actual` is not as these settings say, such as `JupyterLabAppSettings.CustomImages`. What these
    /// settings do not mention is not looked at.
    #[must_use]
    pub fn differences(&self, actual: &Self) -> Vec<String> {
        difference::paths(&self.members, &actual.members)
    }

    /// Those members at the top in which `actual` differs, complete: these settings over `actual`. Whether an update
    /// joins or replaces what is inside them, the outcome is the same.
    #[must_use]
    pub fn update_of(&self, actual: &Self) -> Self {
        let mut members = self.over(actual).members;
        members.retain(|name, _| {
            self.members.get(name).is_some_and(|wanted| difference::differs(wanted, actual.members.get(name)))
        });
        Self { members, of: PhantomData }
    }
}

impl<T> Default for Settings<T> {
    fn default() -> Self {
        Self { members: Map::new(), of: PhantomData }
    }
}

impl<T> Clone for Settings<T> {
    fn clone(&self) -> Self {
        Self { members: self.members.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for Settings<T> {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl<T> fmt::Debug for Settings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.members).finish()
    }
}

/// Every setting with its type and limits, as JSON.
#[must_use]
pub fn reference() -> Value {
    json!({
        UserSettings::NAME: UserSettings::SHAPE.to_json(),
        SpaceSettings::NAME: SpaceSettings::SHAPE.to_json(),
        OwnershipSettings::NAME: OwnershipSettings::SHAPE.to_json(),
        SpaceSharingSettings::NAME: SpaceSharingSettings::SHAPE.to_json(),
    })
}

#[cfg(test)]
mod tests;
