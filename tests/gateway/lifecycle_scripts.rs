//! The shipped lifecycle scripts, run in a home directory of their own with stand-ins for what an image has.

use crate::processes::folder;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A home directory, and the programs of an image.
struct Image {
    folder: PathBuf,
}

impl Image {
    fn new(name: &str) -> Self {
        let folder = folder(&format!("script-{name}"));
        fs::remove_dir_all(&folder).unwrap();
        for part in ["home", "bin", "tmp"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        Self { folder }
    }

    /// Puts a program there. What it is called with goes to `calls`.
    fn program(self, path: &str, body: &str) -> Self {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let calls = self.folder.join("calls");
        let text = format!("#!/bin/bash\necho \"${{0##*/}} $*\" >>'{}'\n{body}\n", calls.display());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn run(&self, script: &str) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/lifecycle").join(script);
        let path = format!("{}:/usr/bin:/bin", self.folder.join("bin").display());
        let output = Command::new("/bin/bash")
            .arg(script)
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.join("home"))
            .env("TMPDIR", self.folder.join("tmp"))
            .env("RESOURCE_METADATA", self.folder.join("metadata.json"))
            .output()
            .unwrap();
        assert!(output.status.success(), "a script that fails keeps the app from starting: {output:?}");
        output
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn times(&self, beginning: &str) -> usize {
        self.calls().iter().filter(|call| call.starts_with(beginning)).count()
    }
}

#[test]
fn every_script_is_one_that_the_api_takes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/lifecycle");
    let apps = ["jupyterlab", "code-editor", "jupyterserver", "kernelgateway"];
    let mut found = 0;
    for app in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        assert!(apps.contains(&app.file_name().unwrap().to_str().unwrap()), "{}", app.display());
        for script in fs::read_dir(app).unwrap().map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&script).unwrap();
            assert!(text.starts_with("#!/bin/bash\n") && !text.contains('\r'), "{}", script.display());
            assert!(STANDARD.encode(&text).len() <= 16_384, "{}", script.display());
            found += 1;
        }
    }
    assert!(found >= 4, "{found}");
}

#[test]
fn git_gets_defaults_and_keeps_what_is_set() {
    let set = r#"
        case "$*" in
            "config --global --get pull.rebase") echo true ;;
            "config --global --get "*) grep -qsF "$4" "$HOME/set" ;;
            *) echo "$3 $4" >>"$HOME/set" ;;
        esac"#;
    let image = Image::new("git").program("bin/git", set);
    image.run("jupyterlab/git-config.sh");
    assert_eq!(image.times("git config --global init.defaultBranch main"), 1);
    assert_eq!(image.times("git config --global pull.rebase "), 0, "the person's own");
    let ignore = image.folder.join("home/.config/git/ignore");
    assert!(fs::read_to_string(&ignore).unwrap().contains(".aws/"));

    fs::write(&ignore, "mine\n").unwrap();
    image.run("jupyterlab/git-config.sh");
    assert_eq!(image.times("git config --global init.defaultBranch main"), 1, "nothing is done twice");
    assert_eq!(fs::read_to_string(&ignore).unwrap(), "mine\n");
}

#[test]
fn conda_environments_live_at_home_and_their_kernels_come_back() {
    let conda = r#"[ "$2" = --show ] && cat "$HOME/dirs" 2>/dev/null; [ "$2" = --prepend ] && echo "- $4" >>"$HOME/dirs"; exit 0"#;
    let python = r#"[ "$2" = ipykernel ] && mkdir -p "$HOME/.local/share/jupyter/kernels/$6"; exit 0"#;
    let image = Image::new("conda")
        .program("bin/conda", conda)
        .program("home/.conda/envs/nlp/bin/python", python)
        .program("home/.conda/envs/bare/bin/python", "exit 1");
    image.run("jupyterlab/conda-envs.sh");
    assert_eq!(image.times("conda config --prepend envs_dirs "), 1);
    assert_eq!(image.times("python -m ipykernel install --user --name nlp"), 1);
    assert_eq!(image.times("python -m ipykernel install --user --name bare"), 0, "it cannot run a kernel");
    image.run("jupyterlab/conda-envs.sh");
    assert_eq!(image.times("conda config --prepend envs_dirs "), 1);
    assert_eq!(image.times("python -m ipykernel install --user"), 1);
    // An image without conda starts all the same.
    Image::new("no-conda").run("jupyterlab/conda-envs.sh");
}

/// A Classic kernel app that is looked at for `minutes`, which pass at once; `work` gives the CPU
/// seconds by then; without it, they are those of this machine.
fn classic(name: &str, minutes: usize, work: Option<&str>) -> Image {
    // The watcher ends when `sleep` does not answer 0: that is the end of the test's time.
    let sleep = format!("echo >>\"$HOME/minutes\"; [ $(wc -l <\"$HOME/minutes\") -le {minutes} ]");
    let mut image = Image::new(name)
        .program("bin/sleep", &sleep)
        .program("bin/aws", "")
        // It tells when the watcher has ended.
        .program("bin/nohup", "\"$@\"; echo >\"$HOME/ended\"");
    if let Some(work) = work {
        let awk = format!("minute=$(cat \"$HOME/minutes\" 2>/dev/null | wc -l); echo $(({work}))");
        image = image.program("bin/awk", &awk);
    }
    fs::write(
        image.folder.join("metadata.json"),
        r#"{"AppType":"KernelGateway","DomainId":"d-research","UserProfileName":"alice",
           "ResourceArn":"arn:aws:sagemaker:eu-west-1:111122223333:app/d-research/alice/KernelGateway/ml-t3",
           "ResourceName":"ml-t3"}"#,
    )
    .unwrap();
    let ended = image.folder.join("home/ended");
    assert!(Command::new("mkfifo").arg(&ended).status().unwrap().success());
    image.run("kernelgateway/idle-shutdown.sh");
    // Blocks until it is written to.
    fs::read_to_string(&ended).unwrap();
    let log = image.folder.join("tmp/studio-idle-shutdown/log");
    assert_eq!(fs::read_to_string(log).unwrap(), "");
    image
}

#[test]
fn an_idle_kernel_app_of_classic_is_deleted() {
    let image = classic("idle", 130, Some("5 + minute"));
    let deleted: Vec<_> = image.calls().into_iter().filter(|call| call.starts_with("aws ")).collect();
    assert_eq!(
        deleted,
        [
            "aws sagemaker delete-app --domain-id d-research --user-profile-name alice --app-type KernelGateway \
          --app-name ml-t3"
        ]
    );
    assert_eq!(image.times("sleep 60"), 120, "after two hours, and then it has ended");
}

#[test]
fn a_kernel_app_of_classic_that_works_is_left_alone() {
    // Work every hour, and a process that ended, which makes the sum smaller.
    assert_eq!(classic("busy", 300, Some("minute / 60 * 100")).times("aws "), 0);
    assert_eq!(classic("ended", 300, Some("5000 - minute / 60 * 100")).times("aws "), 0);
    classic("real", 3, None);
    // Not enough time to tell.
    assert_eq!(classic("short", 119, Some("0")).times("aws "), 0);
}

#[test]
fn an_image_without_the_aws_cli_starts_all_the_same() {
    let image = Image::new("no-aws");
    let output = image.run("kernelgateway/idle-shutdown.sh");
    assert!(String::from_utf8(output.stdout).unwrap().contains("runs until it is deleted"));
}
