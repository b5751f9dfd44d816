//! IAM policies for a configuration: each one that an admin needs around the gateway, with this configuration's values.
//!
//! The documents are the templates in `policies/`; nothing here calls AWS. A policy that needs a value which the
//! configuration does not have is not made up with a placeholder: it is left out, and said to be.

mod catalogue;
mod cloudformation;
mod json;
mod own_account;
mod parameters;
mod print;
mod template;
mod terraform;
mod uses;

pub use catalogue::Kind;
pub use print::{Format, list, print};

use crate::arn::RoleArn;
use crate::config::Config;
use catalogue::Template;
use serde_json::Value;
use uses::Use;

/// A policy of one template, for one role, account, region or group if the template is for such.
#[derive(Debug)]
pub struct Policy {
    /// Name of the template.
    pub name: &'static str,
    /// What it is for, unless that is the whole configuration: a role (`111122223333/DataScientist`), an account, a region
    /// of an account (`111122223333/ap-northeast-2`), or a group.
    pub subject: Option<String>,
    /// Whether it is the only one of its template, whose name then needs no subject.
    alone: bool,
    /// Where such a policy can be attached.
    pub kind: Kind,
    /// One sentence: what it does.
    pub does: String,
    /// One sentence: where it is attached.
    pub goes: String,
    /// One sentence: what stops working.
    pub breaks: String,
    /// Name of the federated role or IAM group that it belongs to.
    pub holder: Option<String>,
    /// The document, or what the configuration lacks for it.
    pub document: Result<Value, Lack>,
}

/// A value that a policy needs and the configuration does not have: the key that would give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack(pub String);

impl Policy {
    /// Name and subject: `trust-policy:111122223333/DataScientist`, or the name alone where there is one only.
    #[must_use]
    pub fn full_name(&self) -> String {
        match self.subject.as_ref().filter(|_| !self.alone) {
            Some(subject) => format!("{}:{subject}", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// Every policy for this configuration, in the order of the catalogue.
///
/// # Errors
/// A fault of a shipped template.
pub fn all(config: &Config) -> Result<Vec<Policy>, String> {
    for_role(config, config.policies.gateway_role.as_ref())
}

/// The same for a gateway that runs as this role, whatever the configuration says about that.
pub(crate) fn for_role(config: &Config, gateway_role: Option<&RoleArn>) -> Result<Vec<Policy>, String> {
    let mut policies = Vec::new();
    for (name, template) in catalogue::templates()? {
        policies.extend(of_template(name, &template, config, gateway_role)?);
    }
    Ok(policies)
}

fn of_template(
    name: &'static str,
    template: &Template,
    config: &Config,
    gateway_role: Option<&RoleArn>,
) -> Result<Vec<Policy>, String> {
    let uses = uses::uses(template.scope, config, gateway_role);
    let alone = uses.len() == 1;
    let policies = uses.into_iter().map(|one| {
        let one = Use { gateway_role, ..one };
        let document = template::fill(&template.statements, &one, config)
            .map_err(|fault| format!("policies/{name}.json: {fault}"))?;
        Ok(Policy {
            name,
            subject: one.subject,
            alone,
            kind: template.kind,
            does: template.does.clone(),
            goes: template.goes.clone(),
            breaks: template.breaks.clone(),
            holder: one.holder,
            document,
        })
    });
    policies.collect()
}

#[cfg(test)]
mod tests;
