//! `UserSettings`, checked member by member, independently of how the gateway checks it. What AWS is known to refuse
//! beyond shapes is refused too: a lifecycle config that does not exist or is for another app, a default that is not
//! attached.

mod apps;
mod canvas;
mod form;
mod storage;

pub(super) use form::LANDING_URI;

use super::super::shape::{NAME, ROLE_ARN, Rule, Shape};
use super::super::state::State;
use form::{ENABLED, KMS_KEY_ID, S3_URI, SECURITY_GROUP};

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

/// `SpaceName`.
pub(super) const SPACE_NAME: Rule = NAME;

/// Checks `UserSettings`; `region` is where lifecycle configs must be.
pub(super) fn check(settings: &Shape<'_>, state: &State, region: &str) {
    settings.only(&MEMBERS);
    settings.string("ExecutionRole", ROLE_ARN);
    settings.strings("SecurityGroups", 5, SECURITY_GROUP);
    settings.string("DefaultLandingUri", LANDING_URI);
    settings.string("StudioWebPortal", ENABLED);
    settings.string("AutoMountHomeEFS", Rule::one_of(&["Enabled", "Disabled", "DefaultAsDomain"]));
    if let Some(sharing) = settings.inside("SharingSettings") {
        sharing.only(&["NotebookOutputOption", "S3OutputPath", "S3KmsKeyId"]);
        sharing.string("NotebookOutputOption", Rule::one_of(&["Allowed", "Disabled"]));
        sharing.string("S3OutputPath", S3_URI);
        sharing.string("S3KmsKeyId", KMS_KEY_ID);
    }
    if let Some(portal) = settings.inside("StudioWebPortalSettings") {
        check_portal(&portal);
    }
    storage::check(settings);
    apps::check(settings, state, region);
    if let Some(canvas) = settings.inside("CanvasAppSettings") {
        canvas::check(&canvas);
    }
}

fn check_portal(portal: &Shape<'_>) {
    portal.only(&[
        "HiddenMlTools",
        "HiddenAppTypes",
        "HiddenInstanceTypes",
        "HiddenSageMakerImageVersionAliases",
        "ExecutionRoleSessionNameMode",
    ]);
    // Which tools there are changes often, and is not repeated here: a word.
    let tool = Rule::length(1, 64).form("a word", |text| text.chars().all(|c| c.is_ascii_alphanumeric()));
    portal.strings("HiddenMlTools", usize::MAX, tool);
    portal.strings(
        "HiddenAppTypes",
        usize::MAX,
        Rule::one_of(&[
            "JupyterServer",
            "KernelGateway",
            "DetailedProfiler",
            "TensorBoard",
            "CodeEditor",
            "JupyterLab",
            "RStudioServerPro",
            "RSessionGateway",
            "Canvas",
        ]),
    );
    portal.strings("HiddenInstanceTypes", usize::MAX, apps::INSTANCE_TYPE);
    portal.string("ExecutionRoleSessionNameMode", Rule::one_of(&["STATIC", "USER_IDENTITY"]));
    let version = Rule::length(1, 128).form("(0|[1-9]\\d*)\\.(0|[1-9]\\d*)", |text| {
        text.split('.').count() == 2 && text.split('.').all(form::is_plain_number)
    });
    for image in portal.each("HiddenSageMakerImageVersionAliases", 5) {
        image.only(&["SageMakerImageName", "VersionAliases"]);
        image.string("SageMakerImageName", Rule::one_of(&["sagemaker_distribution"]));
        image.strings("VersionAliases", 20, version);
    }
}
