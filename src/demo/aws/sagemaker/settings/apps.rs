//! Settings of apps: what each app has, resource specs, images, repositories, lifecycle configs, idle shutdown.

use super::super::super::shape::{CONFIG_ARN, NAME, ROLE_ARN, Rule, Shape};
use super::super::super::state::State;
use super::form::{ENABLED, arn_tail, is_plain_number};

/// The apps with settings, and the members that these have.
const APPS: [(&str, &[&str]); 6] = [
    ("JupyterServer", &["DefaultResourceSpec", "LifecycleConfigArns", "CodeRepositories"]),
    ("KernelGateway", &["DefaultResourceSpec", "LifecycleConfigArns", "CustomImages"]),
    (
        "CodeEditor",
        &[
            "DefaultResourceSpec",
            "CustomImages",
            "LifecycleConfigArns",
            "AppLifecycleManagement",
            "BuiltInLifecycleConfigArn",
        ],
    ),
    (
        "JupyterLab",
        &[
            "DefaultResourceSpec",
            "CustomImages",
            "LifecycleConfigArns",
            "CodeRepositories",
            "AppLifecycleManagement",
            "EmrSettings",
            "BuiltInLifecycleConfigArn",
        ],
    ),
    ("TensorBoard", &["DefaultResourceSpec"]),
    ("RSession", &["DefaultResourceSpec", "CustomImages"]),
];
/// `ml.FAMILY.SIZE`; which of them there are changes often, and is not repeated here.
pub(super) const INSTANCE_TYPE: Rule = Rule::length(1, 64).form("ml.*.*", |text| {
    text.strip_prefix("ml.").is_some_and(|rest| rest.split('.').count() == 2 && !rest.contains(' '))
});
const REPOSITORY: Rule = Rule::length(0, 1024).form("https://([.\\-_a-zA-Z0-9]+/?){3,1016}", |text| {
    text.strip_prefix("https://").is_some_and(|rest| {
        rest.len() >= 3
            && !rest.starts_with('/')
            && !rest.contains("//")
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/".contains(c))
    })
});
const IMAGE_NAME: Rule = Rule::length(1, 63).form("[a-zA-Z0-9]([-.]?[a-zA-Z0-9]){0,62}", is_image_name);
const IMAGE: Rule = Rule::length(0, 256).form("arn:aws(-[\\w]+)*:sagemaker:.+:[0-9]{12}:image/...", |text| {
    arn_tail(text, "sagemaker").and_then(|tail| tail.strip_prefix("image/")).is_some_and(is_image_name)
});
const IMAGE_VERSION: Rule = Rule::length(0, 256).form(
    "(arn:aws(-[\\w]+)*:sagemaker:.+:[0-9]{12}:image-version/.../N|None)",
    |text| {
        let tail = arn_tail(text, "sagemaker").and_then(|tail| tail.strip_prefix("image-version/"));
        let version = tail.and_then(|tail| tail.rsplit_once('/'));
        text == "None"
            || version.is_some_and(|(name, number)| {
                is_image_name(name) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            })
    },
);
const IMAGE_ALIAS: Rule = Rule::length(1, 128).form("N, N.N or a semantic version", |text| {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts = core.split('.').count();
    (1..=3).contains(&parts) && core.split('.').all(is_plain_number) && (parts == 3 || core == text)
});
const TRAINING_PLAN: Rule =
    Rule::length(0, 2048).form("(arn:aws...:sagemaker:...:training-plan/.*|None)", |text| {
        text == "None" || arn_tail(text, "sagemaker").is_some_and(|tail| tail.starts_with("training-plan/"))
    });

pub(super) fn check(settings: &Shape<'_>, state: &State, region: &str) {
    for (app, members) in APPS {
        if let Some(app_settings) = settings.inside(&format!("{app}AppSettings")) {
            app_settings.only(members);
            check_app(&app_settings, app, state, region);
        }
    }
    if let Some(server) = settings.inside("RStudioServerProAppSettings") {
        server.only(&["AccessStatus", "UserGroup"]);
        server.string("AccessStatus", ENABLED);
        server.string("UserGroup", Rule::one_of(&["R_STUDIO_ADMIN", "R_STUDIO_USER"]));
    }
}

fn check_app(settings: &Shape<'_>, app: &str, state: &State, region: &str) {
    let classic = matches!(app, "JupyterServer" | "KernelGateway");
    let listed = settings.strings("LifecycleConfigArns", usize::MAX, CONFIG_ARN).unwrap_or_default();
    for arn in listed.iter().filter(|arn| **arn != "None") {
        check_config(settings, arn, app, state, region);
    }
    settings.string("BuiltInLifecycleConfigArn", CONFIG_ARN);
    for image in settings.each("CustomImages", 200) {
        image.only(&["ImageName", "ImageVersionNumber", "AppImageConfigName"]);
        image.required("ImageName", IMAGE_NAME);
        image.integer("ImageVersionNumber", 0..=u32::MAX / 2);
        image.required("AppImageConfigName", NAME);
    }
    for repository in settings.each("CodeRepositories", 10) {
        repository.only(&["RepositoryUrl"]);
        repository.required("RepositoryUrl", REPOSITORY);
    }
    if let Some(emr) = settings.inside("EmrSettings") {
        emr.only(&["AssumableRoleArns", "ExecutionRoleArns"]);
        emr.strings("AssumableRoleArns", 5, ROLE_ARN);
        emr.strings("ExecutionRoleArns", 5, ROLE_ARN);
    }
    let spec = settings.inside("DefaultResourceSpec");
    if classic && !listed.is_empty() && spec.is_none() {
        settings.report("DefaultResourceSpec", "null", "LifecycleConfigArns need a DefaultResourceSpec");
    }
    if let Some(spec) = spec {
        check_spec(&spec, app, &listed);
    }
    if let Some(management) = settings.inside("AppLifecycleManagement") {
        management.only(&["IdleSettings"]);
        if let Some(idle) = management.inside("IdleSettings") {
            check_idle(&idle);
        }
    }
}

fn check_spec(spec: &Shape<'_>, app: &str, listed: &[&str]) {
    spec.only(&[
        "SageMakerImageArn",
        "SageMakerImageVersionArn",
        "SageMakerImageVersionAlias",
        "InstanceType",
        "LifecycleConfigArn",
        "TrainingPlanArn",
    ]);
    spec.string("SageMakerImageArn", IMAGE);
    spec.string("SageMakerImageVersionArn", IMAGE_VERSION);
    spec.string("SageMakerImageVersionAlias", IMAGE_ALIAS);
    spec.string("TrainingPlanArn", TRAINING_PLAN);
    let instance = if app == "JupyterServer" { Rule::one_of(&["system"]) } else { INSTANCE_TYPE };
    spec.string("InstanceType", instance);
    let default = spec.string("LifecycleConfigArn", CONFIG_ARN).filter(|arn| *arn != "None");
    if let Some(default) = default.filter(|arn| !listed.contains(arn)) {
        spec.report("LifecycleConfigArn", default, "the default must be one of LifecycleConfigArns");
    }
}

fn check_idle(idle: &Shape<'_>) {
    idle.only(&[
        "LifecycleManagement",
        "IdleTimeoutInMinutes",
        "MinIdleTimeoutInMinutes",
        "MaxIdleTimeoutInMinutes",
    ]);
    idle.string("LifecycleManagement", ENABLED);
    for member in ["IdleTimeoutInMinutes", "MinIdleTimeoutInMinutes", "MaxIdleTimeoutInMinutes"] {
        idle.integer(member, 60..=525_600);
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

/// Letters and digits, with single hyphens and dots between them.
fn is_image_name(text: &str) -> bool {
    text.split(['-', '.']).all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()))
}
