//! `studio-gateway recovery-script`: the scripts, run in a folder of their own with stand-ins for mount points and S3.

use crate::backup::{Backup, profile, space};
use crate::processes::{folder, run};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use studio_gateway::demo::aws::World;

/// Names that a person can give to files, and that a careless script would take for something else.
const HOSTILE: [&str; 8] =
    ["$(touch pwned)", "`touch pwned`", "-rf", "a b", "new\nline", "qu'ote\"s", "*", "; touch pwned #"];

/// A folder with programs of its own in front of those of the system.
struct Sandbox {
    folder: PathBuf,
}

impl Sandbox {
    fn new(name: &str) -> Self {
        let folder = folder(&format!("recovery-{name}"));
        fs::remove_dir_all(&folder).unwrap();
        for part in ["bin", "old", "new", "home", "s3"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let sandbox = Self { folder };
        // A folder counts as mounted as long as it has a mark.
        sandbox.program("mountpoint", "[[ -e $3.mounted ]]");
        // S3 is a folder: an object appears whole or not at all.
        let aws = r#"
            [[ $1 == s3 && $2 == cp ]] || exit 9
            shift 2
            while [[ $1 == --* ]]; do [[ $1 == --expected-size ]] && shift; shift; done
            place() { printf '%s/%s' "$S3" "${1#s3://}"; }
            [[ -e $S3/closed ]] && exit 1
            if [[ $1 == - ]]; then
              to=$(place "$2"); mkdir -p "$(dirname "$to")"; cat >"$to.part"; mv "$to.part" "$to"
            else
              cat "$(place "$1")"
            fi"#;
        sandbox.program("aws", aws);
        if !is_root() {
            // Only root can give files away: then what would be done is written down.
            sandbox.program("chown", "echo \"$*\" >>\"$CHOWNED\"");
            sandbox.program("id", "echo 0");
        }
        sandbox
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    fn program(&self, name: &str, body: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/bash\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn mount(&self) {
        for part in ["old.mounted", "new.mounted"] {
            fs::write(self.path(part), "").unwrap();
        }
    }

    /// What the command prints, in a file.
    fn script(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let (code, text, stderr) = run(&[&["recovery-script"], arguments].concat());
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, script: &Path, arguments: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = Command::new("/bin/bash")
            .arg(script)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("HOME", self.path("home"))
            .env("S3", self.path("s3"))
            .env("CHOWNED", self.path("chowned"))
            .env("RESOURCE_METADATA", self.path("metadata.json"))
            .output()
            .unwrap();
        (
            status.success(),
            format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)),
        )
    }

    /// Nothing in a name was taken for a command.
    fn expect_unharmed(&self) {
        let found = Command::new("find").arg(&self.folder).args(["-name", "pwned"]).output().unwrap();
        assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn write(path: PathBuf, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn mapping(folders: &[(&str, &str, &str)]) -> Value {
    let folders = folders
        .iter()
        .map(|(name, from, to)| json!({ "kind": "profile", "name": name, "from_uid": from, "to_uid": to }));
    json!({
        "format": "studio-gateway/mapping",
        "version": 1,
        "from": { "domain": "d-old", "home_efs": "fs-00000001" },
        "to": { "domain": "d-new", "home_efs": "fs-00000002" },
        "folders": folders.collect::<Vec<_>>(),
    })
}

/// A sandbox with the copying script for three people, the last without a folder.
fn copying(name: &str) -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new(name);
    let folders = [("ann", "200005", "200105"), ("ben", "200006", "200106"), ("cem", "200007", "200107")];
    fs::write(sandbox.path("mapping.json"), mapping(&folders).to_string()).unwrap();
    for (who, uid, _) in &folders[..2] {
        for file in HOSTILE {
            write(sandbox.path("old").join(uid).join(file), who);
            write(sandbox.path("old").join(uid).join("deep").join(file), who);
        }
    }
    let (old, new, mapping) = (sandbox.path("old"), sandbox.path("new"), sandbox.path("mapping.json"));
    let arguments = [
        "copy",
        "--mapping",
        mapping.to_str().unwrap(),
        "--old",
        old.to_str().unwrap(),
        "--new",
        new.to_str().unwrap(),
    ];
    let script = sandbox.script("copy.sh", &arguments);
    (sandbox, script)
}

#[test]
fn home_folders_are_copied_for_their_new_owners() {
    let (sandbox, script) = copying("copy");
    sandbox.mount();
    let secret = sandbox.path("secret");
    fs::write(&secret, "of the system").unwrap();
    symlink(&secret, sandbox.path("old/200005/link")).unwrap();
    write(sandbox.path("new/200105/a b"), "ann has begun to work");

    let (ok, said) = sandbox.run(&script, &[]);
    assert!(ok && said.contains("profile ann: would copy") && said.contains("2 copied"), "{said}");
    assert!(!sandbox.path("new/.studio-gateway").exists() && !sandbox.path("new/200106").exists());

    let (ok, said) = sandbox.run(&script, &["--apply"]);
    assert!(ok, "{said}");
    assert!(
        said.contains("profile cem: there is no ")
            && said.contains("folders: 2 copied, 0 done before, 1 missing"),
        "{said}"
    );
    for (who, uid) in [("ann", "200105"), ("ben", "200106")] {
        for file in HOSTILE {
            let path = sandbox.path("new").join(uid).join("deep").join(file);
            assert_eq!(fs::read_to_string(&path).unwrap(), who, "{path:?}");
            if is_root() {
                assert_eq!(fs::metadata(&path).unwrap().uid().to_string(), uid);
            }
        }
    }
    assert_eq!(fs::read_to_string(sandbox.path("new/200105/a b")).unwrap(), "ann has begun to work");
    assert!(fs::symlink_metadata(sandbox.path("new/200105/link")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&secret).unwrap().uid(), fs::metadata("/proc/self").unwrap().uid());
    assert!(
        fs::read_to_string(sandbox.path("new/.studio-gateway/log")).unwrap().contains("profile ben: copying")
    );
    if !is_root() {
        assert!(fs::read_to_string(sandbox.path("chowned")).unwrap().contains("-R -h -- 200105"));
    }
    sandbox.expect_unharmed();

    // People work on; what they do is not undone.
    fs::write(sandbox.path("new/200106/a b"), "ben has worked").unwrap();
    let (ok, said) = sandbox.run(&script, &["--apply"]);
    assert!(ok && said.contains("0 copied, 2 done before, 1 missing"), "{said}");
    assert_eq!(fs::read_to_string(sandbox.path("new/200106/a b")).unwrap(), "ben has worked");
}

#[test]
fn a_copy_that_was_interrupted_is_gone_on_with() {
    let (sandbox, script) = copying("interrupted");
    sandbox.mount();
    // Half a file, from a copy that was killed.
    write(sandbox.path("new/.studio-gateway/200105/a b"), "a");
    // Killed while files were linked: what is linked is ben's by now, and he has changed it.
    write(sandbox.path("new/.studio-gateway/200106/a b"), "ben has worked");
    fs::write(sandbox.path("new/.studio-gateway/200106.copied"), "").unwrap();
    let (ok, said) = sandbox.run(&script, &["--apply"]);
    assert!(ok, "{said}");
    assert_eq!(fs::read_to_string(sandbox.path("new/200105/a b")).unwrap(), "ann");
    assert_eq!(fs::read_to_string(sandbox.path("new/200106/a b")).unwrap(), "ben has worked");
}

#[test]
fn nothing_is_copied_where_something_is_wrong() {
    let (sandbox, script) = copying("wrong");
    let (ok, said) = sandbox.run(&script, &["--apply"]);
    assert!(!ok && said.contains("is not a mount point"), "{said}");
    sandbox.mount();
    let (ok, said) = sandbox.run(&script, &["--force"]);
    assert!(!ok && said.contains("unknown argument"), "{said}");
    symlink(sandbox.path("home"), sandbox.path("new/200105")).unwrap();
    let (ok, said) = sandbox.run(&script, &["--apply"]);
    assert!(!ok && said.contains("is not a folder"), "{said}");
    assert_eq!(fs::read_dir(sandbox.path("home")).unwrap().count(), 0);
    fs::remove_dir(sandbox.path("old/200005/deep")).unwrap_err();
    fs::remove_dir_all(sandbox.path("new")).unwrap();
    symlink(sandbox.path("old"), sandbox.path("new")).unwrap();
    let (ok, said) = sandbox.run(&script, &[]);
    assert!(!ok && said.contains("are the same"), "{said}");
}

#[test]
fn what_would_not_be_a_word_is_refused() {
    let sandbox = Sandbox::new("refused");
    let path = sandbox.path("mapping.json");
    for (folders, said) in [
        (mapping(&[("$(touch pwned)", "200005", "200105")]), "folders[0].name"),
        (mapping(&[("ann", "../..", "200105")]), "folders[0].from_uid"),
        (mapping(&[("ann", "200005", "0")]), "folders[0].to_uid"),
        (mapping(&[("ann", "200005", "200105"), ("ben", "200006", "200105")]), "folders[1].to_uid"),
    ] {
        fs::write(&path, folders.to_string()).unwrap();
        let (code, stdout, stderr) = run(&["recovery-script", "copy", "--mapping", path.to_str().unwrap()]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        assert!(stderr.contains(said), "{stderr}");
    }
    fs::write(&path, mapping(&[]).to_string()).unwrap();
    for folder in ["relative", "/"] {
        let arguments = ["recovery-script", "copy", "--mapping", path.to_str().unwrap(), "--old", folder];
        assert_eq!(run(&arguments).0, Some(1), "{folder}");
    }
    // A folder of any name is one word.
    let odd = sandbox.path("$(touch pwned) 'x'");
    let script = sandbox
        .script("odd.sh", &["copy", "--mapping", path.to_str().unwrap(), "--old", odd.to_str().unwrap()]);
    let (ok, said) = sandbox.run(&script, &[]);
    assert!(!ok && said.contains("$(touch pwned) 'x' is not a mount point"), "{said}");
    sandbox.expect_unharmed();
}

/// Both lifecycle scripts, for a manifest whose every free text is hostile.
async fn through_s3(name: &str) -> (Sandbox, PathBuf, PathBuf) {
    let mut lab = space("lab", "ann");
    lab.display_name = Some("\"; touch pwned; $(touch pwned) `touch pwned` '".into());
    let backup = Backup::of(&format!("{name}-backup"), vec![profile("ann")], vec![lab]).await;
    backup.backup("research", "manifest.json").await;
    let sandbox = Sandbox::new(name);
    let manifest = backup.path("manifest.json");
    let options = ["--manifest", manifest.as_str(), "--bucket", "studio-backup", "--prefix", "team/a"];
    let to = sandbox.script("to-s3.sh", &[&["to-s3"], options.as_slice()].concat());
    let from = sandbox.script("from-s3.sh", &[&["from-s3"], options.as_slice()].concat());
    (sandbox, to, from)
}

fn metadata(sandbox: &Sandbox, facts: &Value) {
    fs::write(sandbox.path("metadata.json"), facts.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn home_folders_go_to_s3_and_come_back() {
    let (sandbox, to, from) = through_s3("s3").await;
    let ann = |domain| json!({ "DomainId": domain, "UserProfileName": "ann", "SpaceName": "lab" });
    metadata(&sandbox, &ann("d-research"));
    for file in HOSTILE {
        write(sandbox.path("home").join("deep").join(file), "ann's");
    }
    write(sandbox.path("home/user-default-efs/data"), "on the file system");
    let (ok, said) = sandbox.run(&to, &["--foreground"]);
    assert!(ok, "{said}");
    let saved = sandbox.path("s3/studio-backup/team/a/d-research/ann");
    assert_eq!(fs::read_dir(saved.join("lab")).unwrap().count(), 2, "an archive, and which it is");
    assert!(saved.join("efs/latest").exists());
    let (ok, said) = sandbox.run(&to, &["--foreground"]);
    assert!(ok && said.contains("less than a day ago"), "{said}");

    // The new domain: empty, but for what ann did first.
    fs::remove_dir_all(sandbox.path("home")).unwrap();
    write(sandbox.path("home/deep/a b"), "newer");
    fs::create_dir(sandbox.path("home/user-default-efs")).unwrap();
    metadata(&sandbox, &ann("d-platform"));
    let (ok, said) = sandbox.run(&from, &["--foreground"]);
    assert!(ok, "{said}");
    for file in HOSTILE {
        let expected = if file == "a b" { "newer" } else { "ann's" };
        assert_eq!(fs::read_to_string(sandbox.path("home/deep").join(file)).unwrap(), expected);
    }
    assert_eq!(fs::read_to_string(sandbox.path("home/user-default-efs/data")).unwrap(), "on the file system");
    // Once: what is deleted afterwards stays so.
    fs::remove_file(sandbox.path("home/deep/*")).unwrap();
    let (ok, said) = sandbox.run(&from, &["--foreground"]);
    assert!(ok && said.contains("brought back before"), "{said}");
    assert!(!sandbox.path("home/deep/*").exists());
    sandbox.expect_unharmed();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_archive_is_none() {
    let (sandbox, to, from) = through_s3("s3-faults").await;
    metadata(&sandbox, &json!({ "DomainId": "d-research", "UserProfileName": "ann" }));
    write(sandbox.path("home/a"), "a");
    sandbox.program("tar", "/bin/tar \"$@\"; exit 2");
    let (ok, _) = sandbox.run(&to, &["--foreground"]);
    assert!(!ok && !sandbox.path("s3/studio-backup/team/a/d-research/ann/home/latest").exists());
    let (ok, said) = sandbox.run(&from, &["--foreground"]);
    assert!(!ok && said.contains("nothing was saved"), "{said}");
    fs::remove_file(sandbox.path("bin/tar")).unwrap();
    fs::write(sandbox.path("s3/closed"), "").unwrap();
    assert!(!sandbox.run(&to, &["--foreground"]).0);
    fs::remove_file(sandbox.path("s3/closed")).unwrap();
    assert!(sandbox.run(&to, &["--foreground"]).0, "the next start tries again");

    // What a bucket says is not taken at its word either.
    let latest = sandbox.path("s3/studio-backup/team/a/d-research/ann/home/latest");
    fs::write(&latest, "../../ben/home/20260101T000000Z.tar.gz").unwrap();
    let (ok, said) = sandbox.run(&from, &["--foreground"]);
    assert!(!ok && said.contains("names no archive"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_nobodys_own_saves_nothing() {
    let (sandbox, to, from) = through_s3("s3-nobody").await;
    for (facts, reason) in [
        (json!({ "DomainId": "d-other", "UserProfileName": "ann" }), "is not in d-research"),
        (json!({ "DomainId": "d-research", "SpaceName": "shared" }), "nobody's own"),
        (json!({ "DomainId": "d-research", "UserProfileName": "../ben" }), "nobody's own"),
        (json!({ "DomainId": "d-research", "UserProfileName": "$(touch pwned)" }), "nobody's own"),
    ] {
        metadata(&sandbox, &facts);
        let (ok, said) = sandbox.run(&to, &["--foreground"]);
        assert!(!ok && said.contains(reason), "{said}");
        // As a lifecycle config it keeps no app from starting.
        assert!(sandbox.run(&to, &[]).0 && sandbox.run(&from, &[]).0);
    }
    assert_eq!(fs::read_dir(sandbox.path("s3")).unwrap().count(), 0);
    sandbox.expect_unharmed();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_is_for_ones_own_folder() {
    // CloudTrail does not tell people of this domain apart, and neither can a policy.
    let nameless = |world: &mut World| world.domains[0].names_people = false;
    let backup = Backup::with("s3-policy", vec![profile("ann")], Vec::new(), nameless).await;
    backup.backup("research", "manifest.json").await;
    let manifest = backup.path("manifest.json");
    let arguments = ["recovery-script", "s3-policy", "--manifest", &manifest, "--bucket", "studio-backup"];
    let (code, policy, stderr) = run(&arguments);
    assert_eq!(code, Some(0));
    assert!(stderr.contains("allows nothing in d-research as it was"), "{stderr}");
    let policy: Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(
        policy["Statement"][0]["Resource"],
        "arn:aws:s3:::studio-backup/studio-backup/d-research/${aws:SourceIdentity}/*"
    );
    for (option, value) in [("--bucket", "Studio Backup"), ("--prefix", "../x"), ("--prefix", "a;b")] {
        let arguments: Vec<_> = arguments.iter().copied().take(4).chain(["--bucket", "b-b"]).collect();
        let arguments: Vec<_> = arguments
            .into_iter()
            .filter(|word| option != "--bucket" || !["--bucket", "b-b"].contains(word))
            .collect();
        let (code, stdout, stderr) = run(&[arguments.as_slice(), &[option, value]].concat());
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(option), "{stderr}");
    }
}
