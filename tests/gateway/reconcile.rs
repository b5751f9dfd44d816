//! `studio-gateway reconcile`: all profiles of a domain, planned and brought in line, by the real binary.

use crate::processes::{configuration, folder, run};
use crate::stage::{Setting, Stage};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use studio_gateway::demo::aws::Profile;

const ROLE: &str = "arn:aws:iam::111122223333:role/StudioExecution";
/// What this domain's profiles should be.
const TEMPLATE: &str = r#"
[domain.profile]
execution_role = "arn:aws:iam::111122223333:role/StudioExecution"
settings.JupyterLabAppSettings.AppLifecycleManagement.IdleSettings.IdleTimeoutInMinutes = 120
[domain.profile.tags]
"managed-by" = { value = "studio-gateway" }
"cost-center" = { attribute = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:costcenter" }
[[domain.profile.lifecycle]]
app = "JupyterLab"
script = "git-config.sh"
"#;

fn profile(name: &str, owner: Option<&str>, status: &str) -> Profile {
    let mut tags =
        vec![("cost-center".to_owned(), "1234".to_owned()), ("backup".to_owned(), "weekly".to_owned())];
    tags.extend(owner.map(|owner| ("studiouserid".to_owned(), owner.to_owned())));
    Profile {
        domain_id: "d-research".into(),
        name: name.into(),
        tags: tags.into_iter().collect(),
        status: status.into(),
        user_settings: json!({ "ExecutionRole": "arn:aws:iam::111122223333:role/Old", "StudioWebPortal": "DISABLED" }),
        ..Profile::default()
    }
}

/// An account with these profiles, and a configuration file for it.
async fn with(name: &str, profiles: Vec<Profile>) -> (Stage, PathBuf) {
    let stage = Setting::usual().world(move |world| world.profiles.extend(profiles)).start().await;
    let folder = folder(name);
    fs::write(folder.join("git-config.sh"), crate::stage::SCRIPT).unwrap();
    let path = folder.join("gateway.toml");
    let text = configuration("127.0.0.1:0", Some(stage.aws.url()));
    let text = text.replacen("[[rule]]", &format!("ready_seconds = 5\n{TEMPLATE}\n[[rule]]"), 1);
    fs::write(&path, text).unwrap();
    (stage, path)
}

async fn reconcile(path: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut arguments = vec!["reconcile", "--config", path.to_str().unwrap(), "--domain", "research"];
    arguments.extend(more);
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    let run = move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn as_json(path: &Path, mode: &str) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = reconcile(path, &[mode, "--json"]).await;
    assert_eq!(stderr, "");
    (code, serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}")))
}

fn outcome<'r>(report: &'r Value, profile: &str) -> &'r Value {
    let profiles = report["profiles"].as_array().unwrap();
    profiles.iter().find(|one| one["profile"] == profile).unwrap_or_else(|| panic!("{report:#}"))
}

fn changes(stage: &Stage) -> usize {
    let change = |call: &&String| {
        ["AddTags", "DeleteTags", "Update", "Create", "Delete"].iter().any(|verb| call.starts_with(verb))
    };
    stage.called().iter().filter(change).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_changes_nothing_and_applying_it_leaves_nothing() {
    let people: Vec<_> = (0..25).map(|n| format!("person-{n:02}")).collect();
    let mut profiles: Vec<_> = people.iter().map(|name| profile(name, Some(name), "")).collect();
    profiles.push(profile("of-others", None, ""));
    let (stage, path) = with("reconcile", profiles).await;
    let of_others = json!(stage.profile("of-others"));

    let (code, plan) = as_json(&path, "--plan").await;
    assert_eq!(code, Some(3));
    assert_eq!(
        *outcome(&plan, "person-00"),
        json!({
            "profile": "person-00",
            "owner": "person-00",
            "outcome": "differs",
            "reason": "",
            "settings": [
                "ExecutionRole",
                "JupyterLabAppSettings.AppLifecycleManagement.IdleSettings.IdleTimeoutInMinutes",
                "JupyterLabAppSettings.DefaultResourceSpec.LifecycleConfigArn",
                "JupyterLabAppSettings.LifecycleConfigArns",
            ],
            "tags_to_set": ["managed-by"],
            "tags_to_remove": [],
        })
    );
    assert_eq!(outcome(&plan, "of-others")["outcome"], "not ours");
    assert_eq!(
        plan["summary"],
        json!({ "in line": 0, "differs": 25, "changed": 0, "busy": 0, "not ours": 1, "failed": 0 })
    );
    assert_eq!(changes(&stage), 0);
    assert_eq!(stage.aws.lifecycle_configs().len(), 0);

    let (code, applied) = as_json(&path, "--apply").await;
    assert_eq!(code, Some(0), "{applied:#}");
    assert_eq!(applied["summary"]["changed"], 25);
    let profile = stage.profile("person-07");
    assert_eq!(profile.user_settings["ExecutionRole"], ROLE);
    assert_eq!(profile.user_settings["StudioWebPortal"], "DISABLED");
    let script = &stage.aws.lifecycle_configs()[0].arn;
    assert_eq!(profile.user_settings["JupyterLabAppSettings"]["LifecycleConfigArns"], json!([script]));
    assert_eq!(
        json!(profile.tags),
        json!({ "studiouserid": "person-07", "cost-center": "1234", "backup": "weekly", "managed-by": "studio-gateway" })
    );
    assert_eq!(json!(stage.profile("of-others")), of_others);

    changes(&stage);
    let (code, again) = as_json(&path, "--apply").await;
    assert_eq!((code, &again["summary"]["in line"]), (Some(0), &json!(25)));
    assert_eq!(changes(&stage), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_say_differently_is_left_to_sign_ins() {
    let (stage, path) = with("reconcile-rules", vec![profile("ann", Some("ann"), "")]).await;
    let rule = r#"
        [[rule]]
        name = "Vision"
        groups = ["vision"]
        allow = "research"
        [rule.profile]
        execution_role = "arn:aws:iam::111122223333:role/Vision"
        settings.JupyterLabAppSettings.AppLifecycleManagement.IdleSettings.IdleTimeoutInMinutes = 480
        tags = { "managed-by" = { value = "vision" } }
    "#;
    fs::write(&path, format!("{}{rule}", fs::read_to_string(&path).unwrap())).unwrap();
    let (code, report) = as_json(&path, "--apply").await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(
        report["left_to_sign_ins"],
        json!([
            "ExecutionRole",
            "JupyterLabAppSettings.AppLifecycleManagement.IdleSettings.IdleTimeoutInMinutes",
            "tag cost-center",
            "tag managed-by",
        ])
    );
    let ann = stage.profile("ann");
    assert_eq!(ann.user_settings["ExecutionRole"], "arn:aws:iam::111122223333:role/Old");
    assert_eq!(ann.tags.get("managed-by"), None);
    let script = &stage.aws.lifecycle_configs()[0].arn;
    assert_eq!(ann.user_settings["JupyterLabAppSettings"]["LifecycleConfigArns"], json!([script]));
    assert_eq!(ann.user_settings["JupyterLabAppSettings"].get("AppLifecycleManagement"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_told_and_a_second_run_does_only_the_rest() {
    let people = ["ann", "ben", "cem", "dua"];
    let (stage, path) =
        with("reconcile-again", people.map(|name| profile(name, Some(name), "")).into()).await;
    stage.aws.knobs().fail("UpdateUserProfile", 1, 400, "AccessDeniedException");
    let (code, first) = as_json(&path, "--apply").await;
    assert_eq!(code, Some(1));
    assert_eq!(first["summary"]["changed"], 3);
    let failed: Vec<_> =
        first["profiles"].as_array().unwrap().iter().filter(|one| one["outcome"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert!(failed[0]["reason"].as_str().unwrap().contains("sagemaker:UpdateUserProfile: AccessDenied"));

    stage.called();
    let (code, second) = as_json(&path, "--apply").await;
    assert_eq!(code, Some(0));
    assert_eq!((&second["summary"]["changed"], &second["summary"]["in line"]), (&json!(1), &json!(3)));
    assert_eq!(stage.called().iter().filter(|call| *call == "UpdateUserProfile").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_fail_and_profiles_in_other_states() {
    let profiles = vec![
        profile("ann", Some("ann"), ""),
        profile("busy", Some("busy"), "Deleting"),
        profile("broken", Some("broken"), "Failed"),
    ];
    let (stage, path) = with("reconcile-states", profiles).await;
    stage.aws.knobs().fail_updates("subnet has no addresses left");
    stage.aws.knobs().pending_describes(2);
    let (code, report) = as_json(&path, "--apply").await;
    assert_eq!(code, Some(1));
    assert_eq!(outcome(&report, "ann")["reason"], "Update_Failed: subnet has no addresses left");
    assert_eq!(
        (&outcome(&report, "busy")["outcome"], &outcome(&report, "busy")["reason"]),
        (&json!("busy"), &json!("Deleting"))
    );
    assert_eq!(outcome(&report, "broken")["reason"], "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_slows_it_down_and_does_not_stop_it() {
    let (stage, path) = with("reconcile-slowly", vec![profile("ann", Some("ann"), "")]).await;
    // More often than a sign-in, which somebody waits for, would put up with.
    stage.aws.knobs().throttle("UpdateUserProfile", 3);
    let (code, report) = as_json(&path, "--apply").await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["summary"]["changed"], 1);
    assert_eq!(stage.called().iter().filter(|call| call.contains("Throttling")).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_tables() {
    let (_stage, path) =
        with("reconcile-table", vec![profile("ann", Some("ann"), ""), profile("x", None, "")]).await;
    let (code, stdout, stderr) = reconcile(&path, &["--plan"]).await;
    assert_eq!((code, stderr.as_str()), (Some(3), ""));
    for words in ["ann", "differs", "ExecutionRole", "+ managed-by", "not ours"] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    assert!(!stdout.contains("StudioExecution"), "values are not told: {stdout}");

    let (code, _, stderr) = reconcile(&path, &["--plan", "--apply"]).await;
    assert_eq!(code, Some(2), "{stderr}");
    let (code, _, stderr) = reconcile(&path, &[]).await;
    assert_eq!(code, Some(2), "{stderr}");
    let wrong = path.parent().unwrap().join("none.toml");
    assert_eq!(reconcile(&wrong, &["--plan"]).await.0, Some(78));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_is_not_there() {
    let (_stage, path) = with("reconcile-nowhere", Vec::new()).await;
    let path = path.to_str().unwrap().to_owned();
    let nowhere = move || run(&["reconcile", "--config", &path, "--domain", "nowhere", "--plan"]);
    let (code, _, stderr) = tokio::task::spawn_blocking(nowhere).await.unwrap();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no domain has the key \"nowhere\"; there are: research"), "{stderr}");
}
