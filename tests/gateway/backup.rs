//! `studio-gateway backup` and `restore`: a domain written down and made anew beside itself, by the real binary, with the
//! policies that it prints.

use crate::processes::{Process, configuration, folder, run};
use crate::stage::{EXECUTION_ROLE, SCRIPT, Setting, Stage};
use aws_sdk_sagemaker::types::{StudioLifecycleConfigAppType, Tag};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use studio_gateway::demo::aws::{Effect, Fault, Profile, Space, World};

pub(crate) const CONFIG_ARN: &str =
    "arn:aws:sagemaker:ap-northeast-2:111122223333:studio-lifecycle-config/git-config";
/// The domain that everything is brought to, and the role that profiles are given.
const NEW_DOMAIN: &str = r#"
[[domain]]
key = "platform"
domain_id = "d-platform"
region = "ap-northeast-2"
roles = ["arn:aws:iam::111122223333:role/DataScientist"]
poll_milliseconds = 1
[domain.profile]
execution_role = "arn:aws:iam::111122223333:role/StudioExecution"
"#;

/// An account with two domains, and what the commands work with.
pub(crate) struct Backup {
    pub(crate) stage: Stage,
    pub(crate) folder: PathBuf,
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A profile of somebody in the old domain.
pub(crate) fn profile(name: &str) -> Profile {
    Profile {
        domain_id: "d-research".into(),
        name: name.into(),
        tags: tags(&[("studiouserid", name), ("cost-center", "Größe 12")]),
        execution_role: Some(EXECUTION_ROLE.into()),
        user_settings: json!({
            "SecurityGroups": ["sg-0123456789abcdef0"],
            "JupyterLabAppSettings": {
                "DefaultResourceSpec": { "InstanceType": "ml.t3.medium", "LifecycleConfigArn": CONFIG_ARN },
                "LifecycleConfigArns": [CONFIG_ARN],
            },
        }),
        ..Profile::default()
    }
}

/// A private space of somebody in the old domain.
pub(crate) fn space(name: &str, owner: &str) -> Space {
    Space {
        domain_id: "d-research".into(),
        name: name.into(),
        owner: Some(owner.into()),
        sharing: Some("Private".into()),
        display_name: Some(format!("{owner}'s $(lab)")),
        tags: tags(&[("team", "nlp"), ("sagemaker:domain-arn", "old")]),
        settings: json!({
            "AppType": "JupyterLab",
            "SpaceStorageSettings": { "EbsStorageSettings": { "EbsVolumeSizeInGb": 20 } },
        }),
        ..Space::default()
    }
}

impl Backup {
    /// Starts an account with this in its old domain. The commands have the permissions that `policies` prints, and no other.
    pub(crate) async fn of(name: &str, profiles: Vec<Profile>, spaces: Vec<Space>) -> Self {
        Self::with(name, profiles, spaces, |_| {}).await
    }

    pub(crate) async fn with(
        name: &str,
        profiles: Vec<Profile>,
        spaces: Vec<Space>,
        change: impl FnOnce(&mut World) + 'static,
    ) -> Self {
        let folder = folder(name);
        let path = folder.join("gateway.toml");
        fs::write(&path, format!("{}{NEW_DOMAIN}", configuration("127.0.0.1:0", None))).unwrap();
        let policies = ["backup-policy", "restore-policy"].map(|policy| {
            let (code, text, stderr) =
                run(&["policies", "--config", path.to_str().unwrap(), "--only", policy]);
            assert_eq!(code, Some(0), "{stderr}");
            serde_json::from_str(&text).unwrap()
        });
        let setting = Setting::usual().world(move |world| {
            world.gateway_keys[0].policies = policies.to_vec();
            world.profiles.extend(profiles);
            world.spaces.extend(spaces);
            change(world);
        });
        let stage = setting.start().await;
        let text = format!("{}{NEW_DOMAIN}", configuration("127.0.0.1:0", Some(stage.aws.url())));
        fs::write(&path, text).unwrap();
        for file in ["manifest.json", "manifest.json.partial", "again.json", "mapping.json"] {
            let _ = fs::remove_file(folder.join(file));
        }
        let admin = stage.admin().await;
        admin
            .create_studio_lifecycle_config()
            .studio_lifecycle_config_name("git-config")
            .studio_lifecycle_config_app_type(StudioLifecycleConfigAppType::JupyterLab)
            .studio_lifecycle_config_content(BASE64_STANDARD.encode(SCRIPT))
            .tags(Tag::builder().key("team").value("platform").build())
            .send()
            .await
            .unwrap();
        Self { stage, folder }
    }

    pub(crate) fn path(&self, file: &str) -> String {
        self.folder.join(file).to_str().unwrap().to_owned()
    }

    fn arguments(&self, words: &str) -> Vec<String> {
        let file = |word: &str| {
            if word.contains(['.', '/']) { self.path(word) } else { word.to_owned() }
        };
        let (command, rest) = words.split_once(' ').unwrap();
        let mut arguments = vec![command.to_owned(), "--config".to_owned(), self.path("gateway.toml")];
        arguments.extend(rest.split(' ').map(file));
        arguments
    }

    /// Runs a command to its end; words with a dot or a slash are files, in the folder if they are not absolute.
    pub(crate) async fn run(&self, words: &str) -> (Option<i32>, String, String) {
        let arguments = self.arguments(words);
        let run = move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Starts a command.
    fn start(&self, words: &str) -> Process {
        let arguments = self.arguments(words);
        Process::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Backs a domain up.
    pub(crate) async fn backup(&self, domain: &str, file: &str) -> Value {
        let (code, stdout, stderr) = self.run(&format!("backup --domain {domain} --out {file}")).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        self.read(file)
    }

    pub(crate) fn read(&self, file: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.join(file)).unwrap()).unwrap()
    }

    /// Restores into the new domain: exit code and report.
    pub(crate) async fn restore(&self, mode: &str) -> (Option<i32>, Value) {
        let mapping = if mode == "--apply" { " --mapping mapping.json" } else { "" };
        let words = format!("restore --domain platform --manifest manifest.json {mode}{mapping} --json");
        let (code, stdout, stderr) = self.run(&words).await;
        assert_eq!(stderr, "");
        (code, serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}")))
    }

    /// Calls since this was asked last that change something.
    pub(crate) fn changes(&self) -> Vec<String> {
        let change =
            |call: &String| ["Add", "Create", "Delete", "Update"].iter().any(|verb| call.starts_with(verb));
        self.stage.called().into_iter().filter(change).collect()
    }
}

/// How it stands with an item of a report.
pub(crate) fn outcome<'r>(report: &'r Value, kind: &str, name: &str) -> &'r Value {
    let items = report["items"].as_array().unwrap();
    items
        .iter()
        .find(|item| item["kind"] == kind && item["name"] == name)
        .unwrap_or_else(|| panic!("{report:#}"))
}

fn count(report: &Value, outcome: &str) -> u64 {
    report["summary"][outcome].as_u64().unwrap()
}

/// A manifest without what cannot be the same in two domains.
fn comparable(mut manifest: Value) -> Value {
    for kind in ["profiles", "spaces"] {
        for one in manifest[kind].as_array_mut().unwrap() {
            one.as_object_mut().unwrap().remove("efs_uid").unwrap();
            one["tags"].as_object_mut().unwrap().remove("sagemaker:domain-arn");
        }
    }
    manifest.as_object_mut().unwrap().remove("made_at");
    for of_the_domain in ["arn", "id", "name", "home_efs"] {
        manifest["domain"].as_object_mut().unwrap().remove(of_the_domain);
    }
    manifest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_made_anew_beside_itself() {
    let people: Vec<_> = (0..24).map(|n| format!("person-{n:02}")).collect();
    let mut spaces: Vec<_> = people.iter().map(|owner| space(&format!("{owner}-lab"), owner)).collect();
    spaces.push(Space { owner: None, sharing: None, display_name: None, ..space("classic", "") });
    let settings = |world: &mut World| {
        for domain in &mut world.domains {
            domain.execution_role = Some(EXECUTION_ROLE.into());
            domain.default_space_settings = json!({ "ExecutionRole": EXECUTION_ROLE });
            domain.settings = json!({ "ExecutionRoleIdentityConfig": "USER_PROFILE_NAME" });
            domain.tags = tags(&[("stage", "production")]);
        }
    };
    let profiles = people.iter().map(|name| profile(name)).collect();
    let backup = Backup::with("backup", profiles, spaces, settings).await;

    let manifest = backup.backup("research", "manifest.json").await;
    assert_eq!(backup.changes(), ["CreateStudioLifecycleConfig"], "the admin's");
    assert!(!backup.folder.join("manifest.json.partial").exists());
    assert_eq!(manifest["domain"]["tags"], json!({ "stage": "production" }));
    assert_eq!(manifest["domain"]["default_user_settings"], json!({ "ExecutionRole": EXECUTION_ROLE }));
    let config = &manifest["lifecycle_configs"][0];
    assert_eq!((&config["arn"], &config["tags"]), (&json!(CONFIG_ARN), &json!({ "team": "platform" })));
    assert_eq!(config["content"], BASE64_STANDARD.encode(SCRIPT));
    let first = &manifest["profiles"][0];
    assert_eq!((&first["name"], &first["efs_uid"]), (&json!("person-00"), &json!("200005")));
    assert_eq!(first["settings"]["ExecutionRole"], EXECUTION_ROLE);
    let volumes = manifest["volumes"].as_array().unwrap();
    assert_eq!(volumes.len(), 25);
    assert_eq!(
        (&volumes[1]["space"], &volumes[1]["owner"], &volumes[1]["gigabytes"]),
        (&json!("person-00-lab"), &json!("person-00"), &json!(20))
    );
    assert!(volumes[1]["by_hand"].as_str().unwrap().contains("/home/sagemaker-user"));

    // Not a second time over the first.
    let (code, _, stderr) = backup.run("backup --domain research --out manifest.json").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("exists, and is not overwritten"), "{stderr}");

    backup.changes();
    let (code, plan) = backup.restore("--plan").await;
    assert_eq!((code, count(&plan, "missing"), count(&plan, "present")), (Some(3), 49, 1), "{plan:#}");
    assert_eq!(backup.changes(), Vec::<String>::new());

    backup.stage.aws.knobs().pending_describes(1);
    backup.stage.aws.knobs().unseen_describes(1);
    let (code, applied) = backup.restore("--apply").await;
    assert_eq!((code, count(&applied, "created")), (Some(0), 49), "{applied:#}");
    assert_eq!(applied["domain_differences"], json!([]));
    backup.stage.aws.knobs().clear();
    assert_eq!(backup.changes().len(), 49);

    let (code, again) = backup.restore("--apply").await;
    assert_eq!((code, count(&again, "present")), (Some(0), 50), "{again:#}");
    assert_eq!(backup.changes(), Vec::<String>::new(), "a second run changes nothing");

    let copy = backup.backup("platform", "again.json").await;
    assert_eq!(comparable(copy.clone()), comparable(manifest.clone()));

    let mapping = backup.read("mapping.json");
    assert_eq!(mapping["from"], json!({ "domain": "d-research", "home_efs": "fs-00000000" }));
    assert_eq!(mapping["to"], json!({ "domain": "d-platform", "home_efs": "fs-00000001" }));
    let folders = mapping["folders"].as_array().unwrap();
    assert_eq!(folders.len(), 49);
    for folder in folders {
        let list = format!("{}s", folder["kind"].as_str().unwrap());
        let uid = |manifest: &Value| {
            let all = manifest[&list].as_array().unwrap();
            all.iter().find(|one| one["name"] == folder["name"]).unwrap()["efs_uid"].clone()
        };
        assert_eq!((&folder["from_uid"], &folder["to_uid"]), (&uid(&manifest), &uid(&copy)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_stays_as_it_is_and_is_told() {
    let in_new = |one: Profile| Profile { domain_id: "d-platform".into(), ..one };
    let mut other_settings = in_new(profile("ann"));
    other_settings.user_settings = json!({ "StudioWebPortal": "DISABLED" });
    let mut of_mallory = in_new(profile("ben"));
    of_mallory.tags = tags(&[("studiouserid", "mallory")]);
    let mut of_nobody = in_new(profile("cem"));
    of_nobody.tags = tags(&[]);
    let shared =
        Space { domain_id: "d-platform".into(), sharing: Some("Shared".into()), ..space("ann-lab", "ann") };
    let mut profiles: Vec<_> = ["ann", "ben", "cem", "dua"].map(profile).to_vec();
    profiles.extend([other_settings, of_mallory, of_nobody]);
    // Zoe is not in the manifest, and somebody of that name is in the new domain.
    profiles.push(in_new(profile("zoe")));
    let spaces = vec![space("ann-lab", "ann"), space("ben-lab", "ben"), space("zoe-lab", "zoe"), shared];
    let settings = |world: &mut World| {
        for domain in world.domains.iter_mut().filter(|domain| domain.id == "d-platform") {
            domain.settings = json!({ "DockerSettings": { "EnableDockerAccess": "ENABLED" } });
        }
    };
    let backup = Backup::with("backup-conflicts", profiles, spaces, settings).await;
    backup.backup("research", "manifest.json").await;
    backup.changes();

    let (code, report) = backup.restore("--apply").await;
    assert_eq!(code, Some(1));
    assert_eq!(outcome(&report, "profile", "ann")["outcome"], "differs");
    let differing = outcome(&report, "profile", "ann")["reason"].as_str().unwrap();
    assert!(differing.contains("SecurityGroups") && differing.contains("StudioWebPortal"), "{differing}");
    assert_eq!(outcome(&report, "profile", "ben")["outcome"], "conflict");
    assert_eq!(outcome(&report, "profile", "ben")["reason"], "its owner is \"mallory\", not \"ben\"");
    assert_eq!(outcome(&report, "profile", "cem")["reason"], "its owner is nobody, not \"cem\"");
    assert_eq!(outcome(&report, "profile", "dua")["outcome"], "created");
    assert_eq!(outcome(&report, "space", "ann-lab")["reason"], "it is Shared, and its owner is ann");
    assert_eq!(outcome(&report, "space", "ben-lab")["outcome"], "blocked");
    assert_eq!(outcome(&report, "space", "zoe-lab")["outcome"], "blocked");
    assert_eq!(report["domain_differences"], json!(["DomainSettings.DockerSettings.EnableDockerAccess"]));
    assert_eq!(backup.changes(), ["CreateUserProfile"], "dua's");

    // Nobody's files go to somebody else.
    let mapping = backup.read("mapping.json");
    let mapped: Vec<_> = mapping["folders"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(mapped, ["ann", "dua"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_script_of_the_same_name_blocks_those_who_need_it() {
    let backup = Backup::of("backup-script", vec![profile("ann")], vec![space("lab", "ann")]).await;
    let manifest = backup.backup("research", "manifest.json").await;
    let other = BASE64_STANDARD.encode("#!/bin/sh\nother\n");
    let text = manifest.to_string().replace(&BASE64_STANDARD.encode(SCRIPT), &other);
    fs::write(backup.folder.join("manifest.json"), text).unwrap();
    backup.changes();
    let (code, report) = backup.restore("--apply").await;
    assert_eq!(code, Some(1));
    assert_eq!(outcome(&report, "lifecycle config", "git-config")["outcome"], "conflict");
    assert_eq!(outcome(&report, "profile", "ann")["reason"], "lifecycle config git-config cannot be used");
    assert_eq!(outcome(&report, "space", "lab")["outcome"], "blocked");
    assert_eq!(backup.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_another_place_settings_name_the_scripts_of_there() {
    let backup = Backup::of("backup-renamed", vec![profile("ann")], Vec::new()).await;
    let manifest = backup.backup("research", "manifest.json").await;
    // As if it came from another region.
    let text = manifest.to_string();
    let text =
        text.replace(CONFIG_ARN, &CONFIG_ARN.replace("ap-northeast-2", "eu-west-1").replace("git-", "vi-"));
    let text = text.replace("\"git-config\"", "\"vi-config\"");
    fs::write(backup.folder.join("manifest.json"), text).unwrap();
    let (code, report) = backup.restore("--apply").await;
    assert_eq!(code, Some(0), "{report:#}");
    let made = backup.stage.aws.profiles();
    let made = made.iter().find(|one| one.domain_id == "d-platform").unwrap();
    let here = CONFIG_ARN.replace("git-", "vi-");
    assert_eq!(made.user_settings["JupyterLabAppSettings"]["LifecycleConfigArns"], json!([here]));
    let configs = backup.stage.aws.lifecycle_configs();
    assert_eq!(
        json!(configs.iter().find(|one| one.arn == here).unwrap().tags),
        json!({ "team": "platform" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_is_begun_again() {
    let names: Vec<_> = (0..60).map(|n| format!("p{n:02}")).collect();
    let profiles = names.iter().map(|name| profile(name)).collect();
    let backup = Backup::of("restore-killed", profiles, vec![space("lab", "p07")]).await;
    backup.backup("research", "manifest.json").await;
    backup.changes();

    // The calls that are under way then are never answered: some have made their profile, some have not.
    let held = |call| Fault {
        api: "CreateUserProfile".into(),
        call,
        effect: if call % 2 == 0 { Effect::HoldAnswer } else { Effect::Hold },
    };
    backup.stage.aws.knobs().schedule((30..60).map(held).collect());
    let words = "restore --domain platform --manifest manifest.json --apply --mapping mapping.json";
    let process = backup.start(words);
    while backup.stage.times("sagemaker:CreateUserProfile") < 38 {
        tokio::task::yield_now().await;
    }
    process.kill();
    assert!(!backup.folder.join("mapping.json").exists(), "half a mapping is none");
    backup.stage.aws.knobs().clear();
    let made = backup.stage.aws.profiles().iter().filter(|one| one.domain_id == "d-platform").count();
    assert_eq!(made, 34);

    let (code, report) = backup.restore("--apply").await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!((count(&report, "created"), count(&report, "present")), (26 + 1, 34 + 1));
    let (code, _) = backup.restore("--plan").await;
    assert_eq!(code, Some(0));
    assert_eq!(backup.read("mapping.json")["folders"].as_array().unwrap().len(), 61);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_slows_it_down_and_a_fault_is_told() {
    let backup = Backup::of("backup-slowly", vec![profile("ann")], vec![space("lab", "ann")]).await;
    for api in ["ListUserProfiles", "DescribeSpace", "ListTags", "DescribeStudioLifecycleConfig"] {
        backup.stage.aws.knobs().throttle(api, 3);
    }
    backup.backup("research", "manifest.json").await;

    backup.stage.aws.knobs().throttle("CreateUserProfile", 3);
    backup.stage.aws.knobs().lose_answer("CreateSpace", 1);
    let (code, report) = backup.restore("--apply").await;
    assert_eq!(code, Some(0), "{report:#}");

    // Whoever is missing from a backup would be missing from what is restored.
    backup.stage.aws.knobs().fail("DescribeUserProfile", 1, 400, "AccessDeniedException");
    let (code, _, stderr) = backup.run("backup --domain research --out again.json").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("sagemaker:DescribeUserProfile: AccessDeniedException"), "{stderr}");
    assert!(!backup.folder.join("again.json").exists());
    backup.backup("research", "again.json").await;

    backup.stage.aws.knobs().fail_creation("no subnet has an address left");
    let manifest = fs::read_to_string(backup.folder.join("manifest.json")).unwrap();
    fs::write(backup.folder.join("manifest.json"), manifest.replace("\"ann\"", "\"eve\"")).unwrap();
    let (code, report) = backup.restore("--apply").await;
    assert_eq!(code, Some(1));
    assert_eq!(outcome(&report, "profile", "eve")["reason"], "Failed: no subnet has an address left");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_being_deleted_is_left_out_and_said_to_be() {
    let mut leaving = profile("ben");
    leaving.status = "Deleting".into();
    let backup = Backup::of("backup-leaving", vec![profile("ann"), leaving], Vec::new()).await;
    let (code, stdout, stderr) = backup.run("backup --domain research --out manifest.json").await;
    assert_eq!((code, stderr.as_str()), (Some(0), "note: profile ben: being deleted, and left out\n"));
    assert!(stdout.contains("1 profiles, 0 spaces, 1 lifecycle configs, 0 volumes"), "{stdout}");
}
