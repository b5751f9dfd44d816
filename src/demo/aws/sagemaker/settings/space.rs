//! `SpaceSettings`, checked member by member, independently of how the gateway checks it.

use super::super::super::shape::{Rule, Shape};
use super::super::super::state::State;
use super::apps::check_app;
use super::form::{ENABLED, S3_SCHEMA_URI};
use super::storage::{FILE_SYSTEM, needed};

const APP_TYPE: Rule = Rule::one_of(&[
    "JupyterServer",
    "KernelGateway",
    "DetailedProfiler",
    "TensorBoard",
    "CodeEditor",
    "JupyterLab",
    "RStudioServerPro",
    "RSessionGateway",
    "Canvas",
]);
/// The apps with settings in a space, and the members that these have.
const APPS: [(&str, &[&str]); 4] = [
    ("JupyterServer", &["DefaultResourceSpec", "LifecycleConfigArns", "CodeRepositories"]),
    ("KernelGateway", &["DefaultResourceSpec", "LifecycleConfigArns", "CustomImages"]),
    ("CodeEditor", &["DefaultResourceSpec", "AppLifecycleManagement"]),
    ("JupyterLab", &["DefaultResourceSpec", "CodeRepositories", "AppLifecycleManagement"]),
];

/// Checks `SpaceSettings`; `region` is where lifecycle configs must be.
pub(in super::super) fn check(settings: &Shape<'_>, state: &State, region: &str) {
    settings.only(&[
        "JupyterServerAppSettings",
        "KernelGatewayAppSettings",
        "CodeEditorAppSettings",
        "JupyterLabAppSettings",
        "AppType",
        "SpaceStorageSettings",
        "SpaceManagedResources",
        "CustomFileSystems",
        "RemoteAccess",
    ]);
    settings.string("AppType", APP_TYPE);
    settings.string("SpaceManagedResources", ENABLED);
    settings.string("RemoteAccess", ENABLED);
    for (app, members) in APPS {
        if let Some(app_settings) = settings.inside(&format!("{app}AppSettings")) {
            app_settings.only(members);
            // Of a space, idle shutdown is its time only.
            let idle = app_settings.inside("AppLifecycleManagement").and_then(|it| it.inside("IdleSettings"));
            if let Some(idle) = idle {
                idle.only(&["IdleTimeoutInMinutes"]);
            }
            check_app(&app_settings, app, state, region);
        }
    }
    if let Some(storage) = settings.inside("SpaceStorageSettings") {
        storage.only(&["EbsStorageSettings"]);
        if let Some(ebs) = storage.inside("EbsStorageSettings") {
            ebs.only(&["EbsVolumeSizeInGb"]);
            needed(&ebs, "EbsVolumeSizeInGb", 5, 16_384);
        }
    }
    let kinds = [
        ("EFSFileSystem", "FileSystemId", FILE_SYSTEM),
        ("FSxLustreFileSystem", "FileSystemId", FILE_SYSTEM),
        ("S3FileSystem", "S3Uri", S3_SCHEMA_URI),
    ];
    for system in settings.each("CustomFileSystems", 5) {
        system.only(&kinds.map(|(kind, ..)| kind));
        if kinds.iter().filter(|(kind, ..)| system.raw(kind).is_some()).count() != 1 {
            system.report("CustomFileSystem", "", "a union has exactly one member");
        }
        for (kind, member, rule) in kinds {
            if let Some(inside) = system.inside(kind) {
                inside.only(&[member]);
                inside.required(member, rule);
            }
        }
    }
}
