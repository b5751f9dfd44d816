//! `studio-gateway lifecycle sync`: the scripts of a configuration, planned and created, by the real binary.

use crate::processes::{configuration, folder, run};
use crate::stage::{ACCOUNT, DATA_SCIENTIST, SCRIPT, Setting, Stage};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const SCRIPTS: &str = r#"
[[domain.profile.lifecycle]]
app = "JupyterLab"
script = "git-config.sh"
[[domain.profile.lifecycle]]
script = "code-editor/setup.sh"
"#;
/// What a rule lays over them: another script.
const OF_A_RULE: &str = r#"
[[rule.profile.lifecycle]]
script = "kernelgateway/idle.sh"
"#;

/// An account, and a configuration file with three scripts for it.
async fn with(name: &str) -> (Stage, PathBuf) {
    with_setting(name, Setting::usual()).await
}

async fn with_setting(name: &str, setting: Setting) -> (Stage, PathBuf) {
    let stage = setting.start().await;
    let folder = folder(name);
    for script in ["git-config.sh", "code-editor/setup.sh", "kernelgateway/idle.sh"] {
        let path = folder.join(script);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, SCRIPT).unwrap();
    }
    let path = folder.join("gateway.toml");
    let text = configuration("127.0.0.1:0", Some(stage.aws.url()));
    let text = text.replacen("[[rule]]", &format!("{SCRIPTS}\n[[rule]]"), 1);
    let others = "[[rule]]\nname = 'Some'\ngroups = 'some'\nallow = 'research'\n";
    fs::write(&path, format!("{text}\n{others}{OF_A_RULE}")).unwrap();
    (stage, path)
}

async fn sync(path: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut arguments = vec!["lifecycle", "sync", "--config", path.to_str().unwrap()];
    arguments.extend(more);
    let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
    let run = move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Exit code, and the outcome of each app's config.
async fn outcomes(path: &Path, mode: &str) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = sync(path, &[mode, "--json"]).await;
    assert_eq!(stderr, "");
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}"));
    let configs = report["lifecycle_configs"].as_array().unwrap().iter();
    let outcomes = configs.map(|one| (one["app"].as_str().unwrap().to_owned(), one["outcome"].clone()));
    (code, Value::Object(outcomes.collect()))
}

fn all(outcome: &str) -> Value {
    json!({ "JupyterLab": outcome, "CodeEditor": outcome, "KernelGateway": outcome })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_creates_nothing_and_applying_it_leaves_nothing() {
    let (stage, path) = with("lifecycle").await;
    assert_eq!(outcomes(&path, "--plan").await, (Some(3), all("missing")));
    assert_eq!(stage.aws.lifecycle_configs().len(), 0);
    assert_eq!(outcomes(&path, "--apply").await, (Some(0), all("created")));
    assert_eq!(stage.aws.lifecycle_configs().len(), 3);
    assert_eq!(outcomes(&path, "--apply").await, (Some(0), all("present")));
    assert_eq!(stage.times("sagemaker:CreateStudioLifecycleConfig"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_region_has_its_own() {
    let domain = format!(
        "[[domain]]\nkey = 'tokyo'\ndomain_id = 'd-tokyo'\nregion = 'ap-northeast-1'\nroles = ['{DATA_SCIENTIST}']\n"
    );
    let script = "[[domain.profile.lifecycle]]\napp = 'JupyterServer'\nscript = 'git-config.sh'\n";
    let setting = Setting::usual().append(&format!("{domain}{script}"));
    let (stage, path) = with_setting("lifecycle-regions", setting).await;
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        format!("{text}\n{domain}{}", SCRIPTS.replace("app = \"JupyterLab\"", "app = 'JupyterServer'")),
    )
    .unwrap();
    let (code, stdout, _) = sync(&path, &["--apply", "--domain", "tokyo"]).await;
    assert_eq!(code, Some(0), "{stdout}");
    assert_eq!(stage.aws.lifecycle_configs().len(), 2);
    let (code, stdout, _) = sync(&path, &["--apply"]).await;
    assert_eq!(code, Some(0), "{stdout}");
    let made = stage.aws.lifecycle_configs();
    let of = |region: &str| made.iter().filter(|one| one.arn.contains(region)).count();
    assert_eq!((of("ap-northeast-1"), of("ap-northeast-2")), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_is_reported_and_left_alone() {
    let (stage, path) = with("lifecycle-taken").await;
    outcomes(&path, "--apply").await;
    let ours = stage.aws.lifecycle_configs().into_iter().find(|one| one.app_type == "JupyterLab").unwrap();
    let admin = stage.admin().await;
    let name = || Some(ours.name.clone());
    admin.delete_studio_lifecycle_config().set_studio_lifecycle_config_name(name()).send().await.unwrap();
    let other = admin.create_studio_lifecycle_config().set_studio_lifecycle_config_name(name());
    let other = other.studio_lifecycle_config_content("IyEvYmluL3NoCg==");
    other.studio_lifecycle_config_app_type("JupyterLab".into()).send().await.unwrap();
    let strange = admin.create_studio_lifecycle_config().studio_lifecycle_config_name("of-others");
    let strange = strange.studio_lifecycle_config_content("IyEvYmluL3NoCg==");
    strange.studio_lifecycle_config_app_type("JupyterLab".into()).send().await.unwrap();

    let (code, found) = outcomes(&path, "--apply").await;
    assert_eq!((code, &found["JupyterLab"]), (Some(3), &json!("conflict")));
    let now = stage.aws.lifecycle_configs();
    assert!(now.iter().any(|one| one.name == ours.name && one.content == "IyEvYmluL3NoCg=="));
    assert!(now.iter().any(|one| one.name == "of-others"));
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_slows_it_down_and_a_refusal_is_told() {
    let (stage, path) = with("lifecycle-slowly").await;
    stage.aws.knobs().throttle("CreateStudioLifecycleConfig", 3);
    assert_eq!(outcomes(&path, "--apply").await, (Some(0), all("created")));

    stage.aws.knobs().fail("DescribeStudioLifecycleConfig", 1, 400, "AccessDeniedException");
    let (code, stdout, _) = sync(&path, &["--plan"]).await;
    assert_eq!(code, Some(1), "{stdout}");
    for words in [ACCOUNT, "ap-northeast-2", "present", "failed: ", "AccessDeniedException"] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_is_told_has_to_be_right() {
    let (_stage, path) = with("lifecycle-wrong").await;
    assert_eq!(sync(&path, &[]).await.0, Some(2));
    assert_eq!(sync(&path, &["--plan", "--domain", "research"]).await.0, Some(3));
    let (code, _, stderr) = sync(&path, &["--plan", "--domain", "nowhere"]).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("no domain has the key \"nowhere\"; there are: research"), "{stderr}");
    let folderless = fs::read_to_string(&path).unwrap().replace("code-editor/setup.sh", "git-config.sh");
    fs::write(&path, folderless).unwrap();
    let (code, _, stderr) = sync(&path, &["--plan"]).await;
    assert_eq!(code, Some(78));
    assert!(stderr.contains("lifecycle[1].app: missing, and the script's folder is not named"), "{stderr}");
}
