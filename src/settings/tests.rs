//! The table of settings against the SDK's own types, and a set of settings that has everything.

use super::*;
use aws_sdk_sagemaker::types::{DefaultSpaceSettings, DomainSettings, ResourceSpec, UnifiedStudioSettings};
use regex_lite::Regex;
use std::collections::BTreeSet;

const EVERYTHING: &str = include_str!("../../tests/settings/everything.toml");

fn everything() -> Map<String, Value> {
    let table: toml::Table = EVERYTHING.parse().unwrap();
    match serde_json::to_value(table).unwrap() {
        Value::Object(members) => members,
        other => panic!("{other}"),
    }
}

fn problems<T: Structure>(members: Value) -> Vec<String> {
    let Value::Object(members) = members else { panic!("{members}") };
    let mut found = Vec::new();
    let checked = Settings::<T>::check(members, "settings", &mut |path, problem| {
        found.push(format!("{path}: {problem}"));
    });
    assert_eq!(checked.is_some(), found.is_empty());
    found
}

/// Every path of a shape, and every path of a value. What is below a list has no index.
fn paths_of_shape(shape: &Shape, path: &str, paths: &mut BTreeSet<String>) {
    match shape {
        Shape::Structure(members) | Shape::Union(members) => {
            for member in *members {
                paths_of_shape(&member.shape, &format!("{path}.{}", member.name), paths);
            }
        }
        Shape::List { item, .. } => paths_of_shape(item, path, paths),
        _ => {
            paths.insert(path.to_owned());
        }
    }
}

fn paths_of_value(value: &Value, path: &str, paths: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                paths_of_value(value, &format!("{path}.{name}"), paths);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths_of_value(item, path, paths)),
        _ => {
            paths.insert(path.to_owned());
        }
    }
}

#[test]
fn the_set_that_has_everything_has_everything() {
    let (mut known, mut set) = (BTreeSet::new(), BTreeSet::new());
    paths_of_shape(&UserSettings::SHAPE, "", &mut known);
    paths_of_value(&Value::Object(everything()), "", &mut set);
    // A resource spec has the same members in every app: one app has them all.
    let missing: Vec<_> = known
        .difference(&set)
        .filter(|path| {
            let elsewhere = |part: &str| {
                path.split_once(part)
                    .is_some_and(|(_, rest)| set.contains(&format!(".JupyterLabAppSettings{part}{rest}")))
            };
            !elsewhere(".DefaultResourceSpec.")
                && !elsewhere(".CustomImages.")
                && !elsewhere(".AppLifecycleManagement.")
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn everything_survives_the_way_through_the_sdks_types() {
    let mut found = Vec::new();
    let settings = Settings::<UserSettings>::check(everything(), "", &mut |path, problem| {
        found.push(format!("{path}: {problem}"));
    });
    assert!(found.is_empty(), "{found:?}");
    let settings = settings.unwrap();
    let sdk = settings.to_sdk().unwrap();
    assert_eq!(Settings::of(&sdk), settings);
    assert!(settings.differences(&Settings::of(&sdk)).is_empty());
    assert_eq!(settings.differences(&Settings::default()).len(), {
        // "None" and what is cleared is not there anyway.
        let mut paths = Vec::new();
        leaves(&Value::Object(everything()), &mut paths);
        paths.iter().filter(|value| value.as_str() != Some("None")).count()
    });
}

/// Values that are compared as one: whatever is no table.
fn leaves(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| leaves(value, found)),
        other => found.push(other.clone()),
    }
}

/// The SDK's `Debug` names every field of a structure: a field that it has and the table does not shows here.
#[test]
fn the_table_has_as_many_rows_as_the_sdk_has_fields() {
    fn count<T: Structure + std::fmt::Debug>(empty: &T) {
        let fields = format!("{empty:?}").matches(": None").count();
        let Shape::Structure(members) = T::SHAPE else { panic!("{} is no structure", T::NAME) };
        assert_eq!(members.len(), fields, "{}: {empty:?}", T::NAME);
        let filled = T::from_json(&Value::Object(Map::new())).unwrap();
        assert_eq!(format!("{filled:?}"), format!("{empty:?}"));
    }
    count(&UserSettings::builder().build());
    count(&ResourceSpec::builder().build());
    count(&SpaceSettings::builder().build());
    count(&OwnershipSettings::builder().build());
    count(&SpaceSharingSettings::builder().build());
    count(&DomainSettings::builder().build());
    count(&DefaultSpaceSettings::builder().build());
    count(&UnifiedStudioSettings::builder().build());
}

#[test]
fn every_pattern_is_one() {
    fn try_all(shape: &Shape, tried: &mut usize) {
        match shape {
            Shape::Text { pattern: Some(pattern), .. } => {
                Regex::new(&format!("^(?:{pattern})$")).unwrap();
                *tried += 1;
            }
            Shape::Structure(members) | Shape::Union(members) => {
                members.iter().for_each(|member| try_all(&member.shape, tried));
            }
            Shape::List { item, .. } => try_all(item, tried),
            _ => {}
        }
    }
    let mut tried = 0;
    for shape in [UserSettings::SHAPE, SpaceSettings::SHAPE, OwnershipSettings::SHAPE] {
        try_all(&shape, &mut tried);
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn every_problem_is_reported_with_its_path() {
    let found = problems::<UserSettings>(json!({
        "executionRole": "x",
        "ExecutionRole": "StudioExecution",
        "SecurityGroups": ["sg-1", "sg_2", 3],
        "StudioWebPortal": "enabled",
        "CustomPosixUserConfig": { "Uid": 9_999 },
        "CustomFileSystemConfigs": [{}, { "EFSFileSystemConfig": { "FileSystemId": "fs-0123456789abcdef0" }, "S3FileSystemConfig": { "S3Uri": "s3://x" } }],
        "JupyterLabAppSettings": {
            "DefaultResourceSpec": { "InstanceType": "ml.t3.tiny" },
            "CodeRepositories": [{ "RepositoryUrl": "http://git.example.com/x" }],
            "AppLifecycleManagement": { "IdleSettings": { "IdleTimeoutInMinutes": "60" } },
        },
        "StudioWebPortalSettings": { "HiddenInstanceTypes": "ml.p4d.24xlarge" },
        "CanvasAppSettings": [],
    }));
    let expected = [
        "settings.executionRole: the API has no such setting; is ExecutionRole meant?",
        "settings.ExecutionRole: 15 characters; expected 20 to 2048",
        "settings.SecurityGroups[1]: \"sg_2\" does not have the form [-0-9a-zA-Z]+",
        "settings.SecurityGroups[2]: expected a text, got a number",
        "settings.StudioWebPortal: expected one of DISABLED, ENABLED, got \"enabled\"",
        "settings.CustomPosixUserConfig.Uid: expected a whole number from 10000 to 4000000, got 9999",
        "settings.CustomPosixUserConfig.Gid: missing",
        "settings.CustomFileSystemConfigs[0]: exactly one of its members has to be set",
        "settings.CustomFileSystemConfigs[1]: exactly one of its members has to be set",
        "settings.JupyterLabAppSettings.DefaultResourceSpec.InstanceType: \"ml.t3.tiny\" is none of the API's 176 values, such as ml.t3.2xlarge, ml.t3.large, ml.t3.medium, ml.t3.micro, ml.t3.small",
        "settings.JupyterLabAppSettings.CodeRepositories[0].RepositoryUrl: \"http://git.example.com/x\" does not have the form https://([.\\-_a-zA-Z0-9]+/?){3,1016}",
        "settings.JupyterLabAppSettings.AppLifecycleManagement.IdleSettings.IdleTimeoutInMinutes: expected a whole number, got a text",
        "settings.StudioWebPortalSettings.HiddenInstanceTypes: expected a list, got a text",
        "settings.CanvasAppSettings: expected a table, got a list",
    ];
    for line in expected {
        assert!(found.iter().any(|problem| problem == line), "{line}\nis not in\n{}", found.join("\n"));
    }
    assert_eq!(found.len(), expected.len(), "{}", found.join("\n"));
}

#[test]
fn an_update_holds_what_differs_and_what_is_around_it() {
    let of = |value: Value| match value {
        Value::Object(members) => Settings::<UserSettings>::from_template(members),
        other => panic!("{other}"),
    };
    let wanted = of(json!({
        "ExecutionRole": "a",
        "JupyterLabAppSettings": { "DefaultResourceSpec": { "InstanceType": "ml.m5.large" } },
    }));
    let actual = of(json!({
        "ExecutionRole": "a",
        "StudioWebPortal": "DISABLED",
        "JupyterLabAppSettings": {
            "DefaultResourceSpec": { "InstanceType": "ml.t3.medium", "LifecycleConfigArn": "x" },
            "CustomImages": [],
        },
    }));
    let update = json!({
        "JupyterLabAppSettings": {
            "DefaultResourceSpec": { "InstanceType": "ml.m5.large", "LifecycleConfigArn": "x" },
            "CustomImages": [],
        },
    });
    assert_eq!(wanted.update_of(&actual), of(update));
    assert!(wanted.update_of(&wanted).is_empty());
}

#[test]
fn spaces_have_settings_too() {
    assert_eq!(
        problems::<SpaceSettings>(json!({
            "AppType": "JupyterLab",
            "SpaceStorageSettings": { "EbsStorageSettings": { "EbsVolumeSizeInGb": 50 } },
            "JupyterLabAppSettings": { "DefaultResourceSpec": { "InstanceType": "ml.t3.medium" } },
            "CustomFileSystems": [{ "EFSFileSystem": { "FileSystemId": "fs-0123456789abcdef0" } }],
        })),
        Vec::<String>::new()
    );
    assert_eq!(
        problems::<SpaceSettings>(json!({ "SpaceStorageSettings": { "EbsStorageSettings": {} } })),
        ["settings.SpaceStorageSettings.EbsStorageSettings.EbsVolumeSizeInGb: missing"]
    );
    assert_eq!(
        problems::<SpaceSharingSettings>(json!({ "SharingType": "Everybody" })),
        ["settings.SharingType: expected one of Private, Shared, got \"Everybody\""]
    );
}
