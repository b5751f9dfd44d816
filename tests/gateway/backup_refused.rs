//! Manifests and mappings of strangers: refused with every problem, each with its path, before anything is called.

use crate::backup::{Backup, profile, space};
use crate::processes::{run, run_into};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

/// Restores a manifest with one thing changed: what is said of it.
async fn refused(backup: &Backup, manifest: &Value, pointer: &str, value: Value) -> String {
    let mut changed = manifest.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    match changed.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(member.to_owned(), value);
        }
        Value::Array(items) => items[member.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
    fs::write(backup.folder.join("hostile.json"), changed.to_string()).unwrap();
    let words = "restore --domain platform --manifest hostile.json --apply --mapping mapping.json";
    let (code, stdout, stderr) = backup.run(words).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{pointer}: {stderr}");
    assert!(!backup.folder.join("mapping.json").exists());
    stderr
        .split_once("cannot be used:\n")
        .unwrap_or_else(|| panic!("{pointer}: {stderr}"))
        .1
        .trim()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_a_stranger_is_refused_with_every_problem() {
    let profiles = vec![profile("ann"), profile("ben")];
    let backup = Backup::of("backup-hostile", profiles, vec![space("lab", "ann")]).await;
    let manifest = backup.backup("research", "manifest.json").await;
    backup.stage.called();
    let form = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}";
    for (pointer, value, said) in [
        ("/version", json!(2), "version: 2, and this program knows 1".to_owned()),
        ("/profiles/1/name", json!("$(touch x)"), format!("profiles[1].name: \"$(touch x)\" does not have the form {form}")),
        ("/profiles/1/name", json!("../../etc"), format!("profiles[1].name: \"../../etc\" does not have the form {form}")),
        ("/profiles/0/name", json!("-rf"), format!("profiles[0].name: \"-rf\" does not have the form {form}")),
        ("/profiles/0/name", json!("a\nb"), format!("profiles[0].name: \"a\\nb\" does not have the form {form}")),
        ("/profiles/1/name", json!("ANN"), "profiles[1].name: the same as profiles[0].name".to_owned()),
        ("/profiles/1/efs_uid", json!("0"), "profiles[1].efs_uid: \"0\" is nobody's UID".to_owned()),
        ("/profiles/1/efs_uid", json!("1; id"), "profiles[1].efs_uid: \"1; id\" is nobody's UID".to_owned()),
        ("/profiles/1/efs_uid", json!("200005"), "profiles[1].efs_uid: the same as profiles[0].efs_uid".to_owned()),
        ("/spaces/0/efs_uid", json!("200005"), "spaces[0].efs_uid: the same as profiles[0].efs_uid".to_owned()),
        ("/profiles/0/tags/team", json!("a;b"), "profiles[0].tags.team: \"a;b\" is no value of a tag".to_owned()),
        ("/spaces/0/owner", json!("'"), format!("spaces[0].owner: \"'\" does not have the form {form}")),
        ("/spaces/0/sharing", json!("Public"), "spaces[0].sharing: expected Private or Shared, got \"Public\"".to_owned()),
        ("/spaces/0/display_name", json!(" "), "spaces[0].display_name: \" \" is no name to show".to_owned()),
        ("/lifecycle_configs/0/app", json!("Bash"), "lifecycle_configs[0].app: expected one of JupyterLab, CodeEditor, JupyterServer, KernelGateway, got \"Bash\"".to_owned()),
        ("/lifecycle_configs/0/content", json!("#!"), "lifecycle_configs[0].content: expected a script in base64, of 1 to 16384 characters".to_owned()),
        ("/domain/id", json!("d-x; id"), "domain.id: expected a domain ID, got \"d-x; id\"".to_owned()),
        ("/domain/home_efs", json!("fs-$(id)"), "domain.home_efs: expected the ID of a file system, got \"fs-$(id)\"".to_owned()),
        (
            "/profiles/0/settings/SecurityGroups",
            json!(["sg-1", "sg 2"]),
            "profiles[0].settings.SecurityGroups[1]: \"sg 2\" does not have the form [-0-9a-zA-Z]+".to_owned(),
        ),
    ] {
        let stderr = refused(&backup, &manifest, pointer, value).await;
        assert!(stderr.lines().any(|line| line == said), "{said}\nis not in\n{stderr}");
    }
    // What has another form altogether.
    for (pointer, value, said) in [
        ("/profiles/0/settings", json!([]), "profiles[0].settings: invalid type: sequence, expected a map"),
        ("/profiles/0/nmae", json!("x"), "profiles[0].nmae: unknown field `nmae`"),
        ("/format", json!("tar"), "format: unknown variant `tar`"),
    ] {
        let stderr = refused(&backup, &manifest, pointer, value).await;
        assert!(stderr.starts_with(said), "{stderr}");
    }
    assert_eq!(backup.stage.called(), Vec::<String>::new(), "nothing was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_problems_are_told_at_once() {
    let backup = Backup::of("backup-problems", vec![profile("ann")], vec![space("lab", "ann")]).await;
    let mut manifest = backup.backup("research", "manifest.json").await;
    manifest["profiles"][0]["name"] = json!("`id`");
    manifest["profiles"][0]["settings"]["Nonsense"] = json!(1);
    let stderr = refused(&backup, &manifest, "/spaces/0/owner", Value::Null).await;
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    assert!(stderr.contains("spaces[0]: owner and sharing go together"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_another_account_are_told_before_anything_is_made() {
    let backup = Backup::of("backup-account", vec![profile("ann")], Vec::new()).await;
    let manifest = backup.backup("research", "manifest.json").await;
    let text = manifest.to_string().replace("iam::111122223333", "iam::444455556666");
    fs::write(backup.folder.join("manifest.json"), text).unwrap();
    backup.changes();
    let words = "restore --domain platform --manifest manifest.json --plan";
    let (code, _, stderr) = backup.run(words).await;
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("is in account 111122223333, and 1 execution roles of the manifest are not"),
        "{stderr}"
    );
    assert_eq!(backup.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_others_are_left_alone() {
    let backup = Backup::of("backup-files", vec![profile("ann")], Vec::new()).await;
    let partial = backup.folder.join("manifest.json.partial");
    fs::write(&partial, "{\"domain\":\"arn:other\",\"version\":1,\"began\":\"2026-01-01T00:00:00Z\"}\n")
        .unwrap();
    let (code, _, stderr) = backup.run("backup --domain research --out manifest.json").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("not from a backup of this domain"), "{stderr}");
    let arn = "arn:aws:sagemaker:ap-northeast-2:111122223333:domain/d-research";
    fs::write(
        &partial,
        format!("{{\"domain\":\"{arn}\",\"version\":1,\"began\":\"2026-01-01T00:00:00Z\"}}\n"),
    )
    .unwrap();
    let (_, _, stderr) = backup.run("backup --domain research --out manifest.json").await;
    assert!(stderr.contains("tags may have changed since"), "{stderr}");
    fs::remove_file(&partial).unwrap();
    backup.backup("research", "manifest.json").await;
    fs::write(backup.folder.join("mapping.json"), "of somebody else").unwrap();
    let words = "restore --domain platform --manifest manifest.json --apply --mapping mapping.json";
    let (code, _, stderr) = backup.run(words).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("mapping.json: exists, and is not overwritten"), "{stderr}");
    assert_eq!(fs::read_to_string(backup.folder.join("mapping.json")).unwrap(), "of somebody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_wrote_does_nothing_to_a_terminal_or_to_memory() {
    let backup = Backup::of("backup-strange", vec![profile("ann")], Vec::new()).await;
    let manifest = backup.backup("research", "manifest.json").await;
    backup.stage.called();
    for (pointer, value) in [
        ("/profiles/0/name", json!("\u{1b}]0;x\u{7}\u{202e}")),
        ("/profiles/0/settings", json!({ "\u{1b}[2J": 1 })),
        ("/profiles/0/tags", json!({ "\u{1b}[2J": "\u{1b}[2J" })),
        ("/profiles/0/\u{1b}[2J", json!(1)),
        ("/format", json!("\u{1b}[2J\n")),
    ] {
        let stderr = refused(&backup, &manifest, pointer, value).await;
        let plain = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(stderr.contains("u{1b}") && stderr.chars().all(plain), "{stderr:?}");
    }
    let words = "restore --domain platform --manifest hostile.json --apply --mapping mapping.json";
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = manifest.to_string().replacen("\"tags\":{", &format!("\"tags\":{nested},\"x\":{{"), 1);
    fs::write(backup.folder.join("hostile.json"), deep).unwrap();
    let (code, _, stderr) = backup.run(words).await;
    assert_eq!(code, Some(1), "{stderr}");
    let endless = words.replace("hostile.json", "/dev/zero");
    let (code, _, stderr) = backup.run(&endless).await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("/dev/zero: larger than 256 MiB"), "{stderr}");
    assert_eq!(backup.stage.called(), Vec::<String>::new(), "nothing was called");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_told_whatever_else_is_in_it() {
    let backup = Backup::of("backup-version", vec![profile("ann")], Vec::new()).await;
    let mut manifest = backup.backup("research", "manifest.json").await;
    manifest["apps"] = json!([{ "of": "tomorrow" }]);
    let stderr = refused(&backup, &manifest, "/version", json!(2)).await;
    assert_eq!(stderr, "version: 2, and this program knows 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_written_nothing_is_begun() {
    let backup = Backup::of("backup-unwritable", vec![profile("ann")], Vec::new()).await;
    backup.backup("research", "manifest.json").await;
    let link = backup.folder.join("link.json");
    let _ = fs::remove_file(&link);
    symlink(backup.folder.join("nowhere.json"), &link).unwrap();
    backup.stage.called();
    for (place, said) in [
        ("link.json", "exists, and is not overwritten"),
        ("/dev/full", "exists, and is not overwritten"),
        ("manifest.json", "exists, and is not overwritten"),
        ("manifest.json/in-a-file.json", "Not a directory"),
        ("no-such-folder/x.json", "No such file or directory"),
    ] {
        for words in [
            format!("backup --domain research --out {place}"),
            format!("restore --domain platform --manifest manifest.json --apply --mapping {place}"),
        ] {
            let (code, stdout, stderr) = backup.run(&words).await;
            assert_eq!((code, stdout.as_str()), (Some(1), ""), "{words}: {stderr}");
            assert!(stderr.contains(said), "{words}: {stderr}");
        }
    }
    assert_eq!(backup.stage.called(), Vec::<String>::new(), "nothing was called");
    assert!(!backup.folder.join("nowhere.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_has_put_beside_is_not_written_to() {
    let backup = Backup::of("backup-planted", vec![profile("ann")], Vec::new()).await;
    let victim = backup.folder.join("victim");
    fs::write(&victim, "of somebody else").unwrap();
    let beside = |name: &str| {
        let path = backup.folder.join(name);
        let _ = fs::remove_file(&path);
        symlink(&victim, &path).unwrap();
        path
    };
    let partial = beside("manifest.json.partial");
    let (code, _, stderr) = backup.run("backup --domain research --out manifest.json").await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("not from a backup of this domain"), "{stderr}");
    fs::remove_file(&partial).unwrap();
    // One that others may write.
    fs::write(&partial, "").unwrap();
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o666)).unwrap();
    let (code, ..) = backup.run("backup --domain research --out manifest.json").await;
    assert_eq!(code, Some(1));
    fs::remove_file(&partial).unwrap();

    beside("manifest.json.new");
    backup.backup("research", "manifest.json").await;
    assert!(fs::symlink_metadata(backup.folder.join("manifest.json")).unwrap().is_file());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "of somebody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_nobody_gets_is_a_fault() {
    let backup = Backup::of("backup-full", vec![profile("ann")], Vec::new()).await;
    backup.backup("research", "manifest.json").await;
    let (manifest, config) = (backup.path("manifest.json"), backup.path("gateway.toml"));
    for arguments in [
        vec!["recovery-script", "to-s3", "--manifest", &manifest, "--bucket", "studio-backup"],
        vec!["recovery-script", "s3-policy", "--manifest", &manifest, "--bucket", "studio-backup"],
        vec!["restore", "--config", &config, "--domain", "platform", "--manifest", &manifest, "--plan"],
        vec![
            "restore",
            "--config",
            &config,
            "--domain",
            "platform",
            "--manifest",
            &manifest,
            "--plan",
            "--json",
        ],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, stderr) = run_into(full.into(), &arguments);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains("standard output: No space left on device"), "{stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn onto_the_domain_that_it_came_from_nothing_is_done() {
    let backup = Backup::of("backup-itself", vec![profile("ann")], vec![space("lab", "ann")]).await;
    backup.backup("research", "manifest.json").await;
    backup.changes();
    let words = "restore --domain research --manifest manifest.json --apply --mapping mapping.json";
    let (code, stdout, stderr) = backup.run(words).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert_eq!(backup.changes(), Vec::<String>::new());
    for folder in backup.read("mapping.json")["folders"].as_array().unwrap() {
        assert_eq!(folder["from_uid"], folder["to_uid"]);
    }
}

#[test]
fn the_schema_in_the_documents_is_the_programs() {
    let (code, stdout, _) = run(&["backup", "--schema"]);
    assert_eq!(code, Some(0));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/manifest.schema.json");
    let shipped = fs::read_to_string(path).unwrap();
    assert_eq!(stdout, shipped, "studio-gateway backup --schema >docs/manifest.schema.json");
}
