//! `studio-gateway backup`: writes down what a domain is made of.

use super::file::{check, print, write};
use super::{Done, WithConfig, bar};
use chrono::{DateTime, Utc};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use studio_gateway::aws::{AwsClients, GatewayCredentials, backup, describe_domain};
use studio_gateway::backup::{Journal, Manifest, schema};
use studio_gateway::idps::Idps;
use studio_gateway::metrics::Metrics;

#[derive(Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    config: WithConfig,
    /// Key of the domain.
    #[arg(long, value_name = "KEY", required_unless_present = "schema")]
    domain: Option<String>,
    /// Manifest to write. It must not exist. What was found so far is beside it, in FILE.partial, from which the next run
    /// goes on.
    #[arg(long, value_name = "FILE", required_unless_present = "schema")]
    out: Option<PathBuf>,
    /// Print the JSON Schema of manifests, and do nothing else.
    #[arg(long, exclusive = true)]
    schema: bool,
}

pub(crate) async fn run(args: &BackupArgs, now: DateTime<Utc>) -> Done {
    let (Some(key), Some(out)) = (&args.domain, &args.out) else {
        return Ok(print(&format!("{:#}\n", schema()))?);
    };
    let config = args.config.load(now).await?;
    let domain = super::domain(&config, key)?;
    check(out, |_| false)?;
    let metrics = Metrics::new(Arc::new(Idps::new(&config)));
    let clients = AwsClients::new(&config, GatewayCredentials::Default, &metrics).await;
    let described =
        Box::pin(describe_domain(&clients, domain)).await.map_err(|refusal| refusal.reason().to_owned())?;
    let mut journal = Journal::open(out, &described.arn, now)?;
    let bar = bar()?;
    let taken = Box::pin(backup(&clients, domain, described, &mut journal, |done, total| {
        bar.set_length(total.try_into().unwrap_or(u64::MAX));
        bar.set_position(done.try_into().unwrap_or(u64::MAX));
    }))
    .await
    .map_err(|refusal| refusal.reason().to_owned())?;
    bar.finish_and_clear();
    let text = serde_json::to_string_pretty(&taken.manifest)? + "\n";
    write(out, &text, |_| false)?;
    journal.finish()?;
    for note in &taken.notes {
        eprintln!("note: {note}");
    }
    let manifest = &taken.manifest;
    let said = format!(
        "{}: {} profiles, {} spaces, {} lifecycle configs, {} volumes to see to by hand\n",
        out.display(),
        manifest.profiles.len(),
        manifest.spaces.len(),
        manifest.lifecycle_configs.len(),
        manifest.volumes.len()
    );
    print(&said)?;
    // AWS may know settings that this program does not: better known now than on the day of the restore.
    if let Err(problems) = Manifest::parse(&text) {
        eprintln!("restore will not take this manifest as it is:\n{problems}");
    }
    Ok(())
}
