//! Types of the AWS SDK and their form on the wire, JSON, in both directions.
//!
//! The SDK can do this too, but keeps it to itself. So every structure is written down once, one row for each member, and
//! a macro makes of it the shape, the reader and the writer. A row that does not fit the SDK's type does not compile.

use super::shape::Shape;
use serde_json::{Map, Value};

/// A type that has a form on the wire.
pub trait Wire: Sized {
    /// Reads a value; `None` if it has another type. Limits are checked by the shape, before.
    fn from_json(value: &Value) -> Option<Self>;

    /// Writes a value. Members that are not set are left out.
    fn to_json(&self) -> Value;
}

/// A structure of the API, with its shape.
pub trait Structure: Wire {
    /// The API's name.
    const NAME: &'static str;
    /// What it looks like.
    const SHAPE: Shape;
}

impl Wire for String {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn to_json(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Wire for i32 {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_i64().and_then(|number| Self::try_from(number).ok())
    }

    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl Wire for i64 {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_i64()
    }

    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn from_json(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_json).collect()
    }

    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }
}

/// Reads a member of an object, if it is there; `None` if it has another type.
pub(super) fn take<T: Wire>(value: &Value, name: &str, place: &mut Option<T>) -> Option<()> {
    if let Some(value) = value.get(name) {
        *place = Some(T::from_json(value)?);
    }
    Some(())
}

/// Puts a member into an object, if it is set.
pub(super) fn put<T: Wire>(object: &mut Map<String, Value>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.to_json());
    }
}

/// `structure!(CONSTANT: SdkType { required ApiName = sdk_field, SHAPE; optional ... })`
macro_rules! structure {
    ($constant:ident: $type:ident { $($need:ident $name:ident = $field:ident, $shape:expr;)+ }) => {
        pub(super) const $constant: Shape = Shape::Structure(&[
            $($crate::settings::shape::Member::$need(stringify!($name), $shape),)+
        ]);

        impl $crate::settings::wire::Structure for $type {
            const NAME: &'static str = stringify!($type);
            const SHAPE: Shape = $constant;
        }

        impl $crate::settings::wire::Wire for $type {
            fn from_json(value: &serde_json::Value) -> Option<Self> {
                value.as_object()?;
                let mut built = $type::builder().build();
                $($crate::settings::wire::take(value, stringify!($name), &mut built.$field)?;)+
                Some(built)
            }

            fn to_json(&self) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                $($crate::settings::wire::put(&mut object, stringify!($name), self.$field.as_ref());)+
                serde_json::Value::Object(object)
            }
        }
    };
}

/// `union!(CONSTANT: SdkEnum { ApiName = SdkVariant, SHAPE; ... })`: exactly one of the members.
macro_rules! union {
    ($constant:ident: $type:ident { $($name:ident = $variant:ident, $shape:expr;)+ }) => {
        pub(super) const $constant: Shape = Shape::Union(&[
            $($crate::settings::shape::Member::optional(stringify!($name), $shape),)+
        ]);

        impl $crate::settings::wire::Wire for $type {
            fn from_json(value: &serde_json::Value) -> Option<Self> {
                $(if let Some(value) = value.get(stringify!($name)) {
                    return $crate::settings::wire::Wire::from_json(value).map($type::$variant);
                })+
                None
            }

            fn to_json(&self) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                match self {
                    $($type::$variant(value) => {
                        $crate::settings::wire::put(&mut object, stringify!($name), Some(value));
                    })+
                    // A member that this SDK does not know yet.
                    _ => {}
                }
                serde_json::Value::Object(object)
            }
        }
    };
}

/// `choices!(SdkEnum, ...)`: closed sets of texts, which the SDK lists itself.
macro_rules! choices {
    ($($type:ident),+) => {$(
        impl $crate::settings::wire::Wire for $type {
            fn from_json(value: &serde_json::Value) -> Option<Self> {
                value.as_str().map($type::from)
            }

            fn to_json(&self) -> serde_json::Value {
                serde_json::Value::from(self.as_str())
            }
        }
    )+};
}

pub(super) use {choices, structure, union};
