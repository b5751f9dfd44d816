//! `UserSettings`: the members that a gateway sets, checked in depth; the others by name only.

use super::super::shape::{CONFIG_ARN, NAME, ROLE_ARN, Rule, Shape};
use super::super::state::State;

const MEMBERS: [&str; 18] = [
    "ExecutionRole",
    "SecurityGroups",
    "SharingSettings",
    "JupyterServerAppSettings",
    "KernelGatewayAppSettings",
    "TensorBoardAppSettings",
    "RStudioServerProAppSettings",
    "RSessionAppSettings",
    "CanvasAppSettings",
    "CodeEditorAppSettings",
    "JupyterLabAppSettings",
    "SpaceStorageSettings",
    "DefaultLandingUri",
    "StudioWebPortal",
    "CustomPosixUserConfig",
    "CustomFileSystemConfigs",
    "StudioWebPortalSettings",
    "AutoMountHomeEFS",
];
const APPS: [&str; 4] = ["JupyterServer", "KernelGateway", "CodeEditor", "JupyterLab"];
const SECURITY_GROUP: Rule = Rule::length(0, 32).form("[-0-9a-zA-Z]+", |text| {
    !text.is_empty() && text.chars().all(|c| c == '-' || c.is_ascii_alphanumeric())
});
const ANY: Rule = Rule::length(0, usize::MAX);
/// `LandingUri` and `DefaultLandingUri`.
pub(super) const LANDING_URI: Rule =
    Rule::length(0, 1023).form("studio::<path> or app:<AppType>:<path>", is_landing_uri);

/// Checks `UserSettings`; `region` is where lifecycle configs must be.
pub(super) fn check(settings: &Shape<'_>, state: &State, region: &str) {
    settings.only(&MEMBERS);
    settings.string("ExecutionRole", ROLE_ARN);
    settings.strings("SecurityGroups", 5, SECURITY_GROUP);
    settings.string("DefaultLandingUri", LANDING_URI);
    settings.string("StudioWebPortal", Rule::one_of(&["ENABLED", "DISABLED"]));
    settings.string("AutoMountHomeEFS", Rule::one_of(&["Enabled", "Disabled", "DefaultAsDomain"]));
    settings.each("CustomFileSystemConfigs", 10);
    if let Some(storage) =
        settings.inside("SpaceStorageSettings").and_then(|s| s.inside("DefaultEbsStorageSettings"))
    {
        storage.integer("DefaultEbsVolumeSizeInGb", 5..=16_384);
        storage.integer("MaximumEbsVolumeSizeInGb", 5..=16_384);
    }
    if let Some(posix) = settings.inside("CustomPosixUserConfig") {
        posix.integer("Uid", 10_000..=u32::MAX);
        posix.integer("Gid", 1001..=u32::MAX);
    }
    if let Some(portal) = settings.inside("StudioWebPortalSettings") {
        portal.only(&[
            "HiddenMlTools",
            "HiddenAppTypes",
            "HiddenInstanceTypes",
            "HiddenSageMakerImageVersionAliases",
        ]);
        portal.strings("HiddenMlTools", usize::MAX, ANY);
        portal.strings("HiddenAppTypes", usize::MAX, ANY);
        portal.strings("HiddenInstanceTypes", usize::MAX, ANY);
    }
    for app in APPS {
        if let Some(app_settings) = settings.inside(&format!("{app}AppSettings")) {
            check_app(&app_settings, app, state, region);
        }
    }
}

fn check_app(settings: &Shape<'_>, app: &str, state: &State, region: &str) {
    let classic = matches!(app, "JupyterServer" | "KernelGateway");
    settings.only(match app {
        "JupyterServer" => &["DefaultResourceSpec", "LifecycleConfigArns", "CodeRepositories"],
        "KernelGateway" => &["DefaultResourceSpec", "LifecycleConfigArns", "CustomImages"],
        "CodeEditor" => &[
            "DefaultResourceSpec",
            "CustomImages",
            "LifecycleConfigArns",
            "AppLifecycleManagement",
            "BuiltInLifecycleConfigArn",
        ],
        _ => &[
            "DefaultResourceSpec",
            "CustomImages",
            "LifecycleConfigArns",
            "CodeRepositories",
            "AppLifecycleManagement",
            "EmrSettings",
            "BuiltInLifecycleConfigArn",
        ],
    });
    let listed = settings.strings("LifecycleConfigArns", usize::MAX, CONFIG_ARN).unwrap_or_default();
    for arn in listed.iter().filter(|arn| **arn != "None") {
        check_config(settings, arn, app, state, region);
    }
    settings.string("BuiltInLifecycleConfigArn", CONFIG_ARN);
    settings.each("CustomImages", 200);
    settings.each("CodeRepositories", 10);
    let spec = settings.inside("DefaultResourceSpec");
    if classic && !listed.is_empty() && spec.is_none() {
        settings.report("DefaultResourceSpec", "null", "LifecycleConfigArns need a DefaultResourceSpec");
    }
    if let Some(spec) = spec {
        spec.only(&[
            "SageMakerImageArn",
            "SageMakerImageVersionArn",
            "SageMakerImageVersionAlias",
            "InstanceType",
            "LifecycleConfigArn",
            "TrainingPlanArn",
        ]);
        if app == "JupyterServer" {
            spec.string("InstanceType", Rule::one_of(&["system"]));
        } else {
            spec.string("InstanceType", Rule::length(1, 64).form("ml.*", |t| t.starts_with("ml.")));
        }
        let default = spec.string("LifecycleConfigArn", CONFIG_ARN).filter(|arn| *arn != "None");
        if let Some(default) = default.filter(|arn| !listed.contains(arn)) {
            spec.report("LifecycleConfigArn", default, "the default must be one of LifecycleConfigArns");
        }
    }
    if let Some(idle) = settings.inside("AppLifecycleManagement").and_then(|s| s.inside("IdleSettings")) {
        idle.only(&[
            "LifecycleManagement",
            "IdleTimeoutInMinutes",
            "MinIdleTimeoutInMinutes",
            "MaxIdleTimeoutInMinutes",
        ]);
        idle.string("LifecycleManagement", Rule::one_of(&["ENABLED", "DISABLED"]));
        for member in ["IdleTimeoutInMinutes", "MinIdleTimeoutInMinutes", "MaxIdleTimeoutInMinutes"] {
            idle.integer(member, 60..=525_600);
        }
    }
}

/// A lifecycle config must exist in this region, and be made for this app.
fn check_config(settings: &Shape<'_>, arn: &str, app: &str, state: &State, region: &str) {
    let here = arn.split(':').nth(3) == Some(region);
    match state.configs.get(arn).filter(|_| here) {
        None => settings.report("LifecycleConfigArns", arn, "the lifecycle config does not exist"),
        Some(config) if config.app_type != app => {
            settings.report(
                "LifecycleConfigArns",
                arn,
                &format!("the lifecycle config is for {}", config.app_type),
            );
        }
        Some(_) => {}
    }
}

/// `studio::PATH` or `app:APP:PATH`.
fn is_landing_uri(uri: &str) -> bool {
    const LANDING_APPS: [&str; 5] =
        ["JupyterLab", "CodeEditor", "JupyterServer", "RStudioServerPro", "Canvas"];
    if uri.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    match uri.split_once(':') {
        Some(("studio", rest)) => rest.starts_with(':'),
        Some(("app", rest)) => rest.split_once(':').is_some_and(|(app, _)| LANDING_APPS.contains(&app)),
        _ => false,
    }
}

/// `SpaceName`.
pub(super) const SPACE_NAME: Rule = NAME;
