//! What `studio-gateway policies` prints.

use super::{Kind, Policy, cloudformation, json, terraform};
use clap::ValueEnum;
use serde_json::Value;
use std::fmt::Write;

/// How policies are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON documents.
    Iam,
    /// JSON documents on one line each, of those that can be service control policies.
    Scp,
    /// A CloudFormation template.
    Cloudformation,
    /// `aws_iam_policy_document` data sources.
    Terraform,
}

/// One line for each policy: its name, what it does, and what the configuration lacks for it.
#[must_use]
pub fn list(policies: &[Policy]) -> String {
    let width = policies.iter().map(|policy| policy.full_name().len()).max().unwrap_or_default();
    let mut text = String::new();
    for policy in policies {
        let _ = write!(text, "{:<width$}  {}", policy.full_name(), policy.does);
        if let Err(lack) = &policy.document {
            let _ = write!(text, " Not printed: needs {}.", lack.0);
        }
        text.push('\n');
    }
    text
}

/// The policies as text, and what to tell beside it. `only` is a name, or a name and its subject.
///
/// # Errors
/// A sentence, if `only` is not the name of a policy that can be printed so.
pub fn print(policies: &[Policy], only: Option<&str>, format: Format) -> Result<(String, String), String> {
    let named: Vec<_> = policies
        .iter()
        .filter(|policy| only.is_none_or(|only| only == policy.name || only == policy.full_name()))
        .collect();
    if let (true, Some(only)) = (named.is_empty(), only) {
        return Err(format!("there is no policy {only:?}; --list shows all"));
    }
    let mut notes = String::new();
    let mut chosen = Vec::new();
    for policy in named {
        match &policy.document {
            Err(lack) => {
                let _ = writeln!(notes, "{}: not printed, it needs {}", policy.full_name(), lack.0);
            }
            Ok(_) if format == Format::Scp && policy.kind != Kind::Guardrail => {}
            Ok(document) => {
                let length = document.to_string().len();
                if length > policy.kind.limit() {
                    let _ = writeln!(
                        notes,
                        "{}: {length} characters, and AWS takes {} at most: split it",
                        policy.full_name(),
                        policy.kind.limit()
                    );
                }
                chosen.push((policy, document));
            }
        }
    }
    if let (true, Some(only)) = (chosen.is_empty(), only) {
        let why = if notes.is_empty() { format!("{only}: not a service control policy") } else { notes };
        return Err(why.trim_end().to_owned());
    }
    Ok((text(&chosen, format, only.is_some()), notes))
}

fn text(chosen: &[(&Policy, &Value)], format: Format, by_name: bool) -> String {
    if format == Format::Cloudformation {
        return cloudformation::template(chosen);
    }
    // A single document asked for by name is for a file or a pipe.
    let bare = by_name && chosen.len() == 1;
    let mut text = String::new();
    for (policy, document) in chosen {
        if !bare {
            let _ = write!(
                text,
                "# {}: {}\n# Goes: {}\n# Breaks: {}\n",
                policy.full_name(),
                policy.does,
                policy.goes,
                policy.breaks
            );
        }
        let body = match format {
            Format::Scp => format!("{document}\n"),
            Format::Terraform => terraform::data(&policy.full_name(), document),
            Format::Iam | Format::Cloudformation => format!("{}\n", json::pretty(document, 0)),
        };
        text.push_str(&body);
        if !bare {
            text.push('\n');
        }
    }
    text
}
