//! `studio-gateway recovery-script`: prints the scripts that bring files from an old domain to a new one. Calls nobody.

use super::Done;
use super::file::{print, read};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use studio_gateway::backup::{Bucket, Manifest, Mapping, copy, from_s3, s3_policy, to_s3};

#[derive(Args)]
pub(crate) struct ScriptArgs {
    #[command(subcommand)]
    script: Script,
}

#[derive(Subcommand)]
enum Script {
    /// For an EC2 instance on which both file systems are mounted: copies each home folder, for its new owner.
    Copy(CopyArgs),
    /// Lifecycle script for the old domain: saves the home folder of whoever starts an app to S3.
    ToS3(S3Args),
    /// Lifecycle script for the new domain: brings it back.
    FromS3(S3Args),
    /// Policy for the execution roles of both domains, while these two scripts are in use.
    S3Policy(S3Args),
}

#[derive(Args)]
struct CopyArgs {
    /// Mapping that `restore --apply` wrote.
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// Where the old domain's file system is mounted.
    #[arg(long, value_name = "FOLDER", default_value = "/mnt/studio-old")]
    old: PathBuf,
    /// Where the new domain's file system is mounted.
    #[arg(long, value_name = "FOLDER", default_value = "/mnt/studio-new")]
    new: PathBuf,
}

#[derive(Args)]
struct S3Args {
    /// Manifest of the old domain.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Bucket to save to.
    #[arg(long, value_name = "NAME")]
    bucket: String,
    /// What keys begin with; the old domain's ID and the profile's name follow.
    #[arg(long, value_name = "TEXT", default_value = "studio-backup")]
    prefix: String,
}

impl S3Args {
    fn read(&self) -> Result<(Manifest, Bucket), String> {
        let manifest = Manifest::parse(&read(&self.manifest)?)
            .map_err(|problems| format!("{} cannot be used:\n{problems}", self.manifest.display()))?;
        Ok((manifest, Bucket::parse(&self.bucket, &self.prefix)?))
    }
}

pub(crate) fn run(args: &ScriptArgs) -> Done {
    match &args.script {
        Script::Copy(args) => {
            let mapping = Mapping::parse(&read(&args.mapping)?)
                .map_err(|problems| format!("{} cannot be used:\n{problems}", args.mapping.display()))?;
            print(&copy(&mapping, &args.old, &args.new)?)?;
        }
        Script::ToS3(args) => {
            let (manifest, bucket) = args.read()?;
            print(&to_s3(&manifest, &bucket)?)?;
        }
        Script::FromS3(args) => {
            let (manifest, bucket) = args.read()?;
            print(&from_s3(&manifest, &bucket)?)?;
        }
        Script::S3Policy(args) => {
            let (manifest, bucket) = args.read()?;
            print(&format!("{:#}\n", s3_policy(&manifest, &bucket)))?;
            let identity = manifest.domain.settings.get("ExecutionRoleIdentityConfig");
            if identity.and_then(serde_json::Value::as_str) != Some("USER_PROFILE_NAME") {
                eprintln!(
                    "note: this policy allows nothing in {} as it was: its ExecutionRoleIdentityConfig is not \
                     USER_PROFILE_NAME",
                    manifest.domain.id
                );
            }
        }
    }
    Ok(())
}
