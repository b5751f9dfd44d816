//! What was found out on the way to a verdict: for `inspect`, which explains it. It changes no verdict.

use super::reading::{AssertionValues, Attribute, NameId};
use super::rule::{Rejection, Rule};

/// What each rule said, in the order in which they were asked.
#[derive(Debug, Default)]
pub struct Notes {
    /// Whether nobody is going to read them: then there are none.
    unread: bool,
    verdicts: Vec<(Rule, Option<String>)>,
    values: Option<Values>,
}

/// What a message says, read from signed bytes.
#[derive(Debug, Clone)]
pub struct Values {
    /// The assertion's ID.
    pub assertion_id: String,
    /// When it was issued.
    pub issue_instant: String,
    /// Who issued it.
    pub issuer: String,
    /// Whom it is about.
    pub name_id: NameId,
    /// What it is restricted to.
    pub audiences: Vec<String>,
    /// Where it may be delivered.
    pub recipients: Vec<String>,
    /// Until when.
    pub not_on_or_after: Option<String>,
    /// What it says about the subject.
    pub attributes: Vec<Attribute>,
}

impl Notes {
    /// For a verdict that nobody wants explained.
    pub(super) fn unread() -> Self {
        Self { unread: true, ..Self::default() }
    }

    /// Notes that a rule is kept.
    pub fn pass(&mut self, rule: Rule) {
        if !self.unread && self.verdict(rule).is_none() {
            self.verdicts.push((rule, None));
        }
    }

    /// Notes that there is a signature, and that it is one of the IdP.
    pub(super) fn pass_signature(&mut self) {
        self.pass(Rule::SignaturePresent);
        self.pass(Rule::Signature);
    }

    /// Notes that a rule is broken.
    pub fn fault(&mut self, fault: &Rejection) {
        if self.unread {
            return;
        }
        match self.verdicts.iter_mut().find(|(rule, _)| *rule == fault.rule) {
            Some((_, detail)) => *detail = Some(fault.detail.clone()),
            None => self.verdicts.push((fault.rule, Some(fault.detail.clone()))),
        }
    }

    /// What a rule said: kept, or broken and why. `None` if it was not asked.
    #[must_use]
    pub fn verdict(&self, rule: Rule) -> Option<Result<(), &str>> {
        let (_, detail) = self.verdicts.iter().find(|(noted, _)| *noted == rule)?;
        Some(detail.as_deref().map_or(Ok(()), Err))
    }

    /// What the message says, if its signature holds.
    #[must_use]
    pub fn values(&self) -> Option<&Values> {
        self.values.as_ref()
    }

    pub(super) fn keep<T>(&mut self, rule: Rule, result: Result<T, Rejection>) -> Result<T, Rejection> {
        match &result {
            Ok(_) => self.pass(rule),
            Err(fault) => self.fault(fault),
        }
        result
    }

    pub(super) fn read(&mut self, assertion: &AssertionValues) {
        if self.unread {
            return;
        }
        self.values = Some(Values {
            assertion_id: assertion.id.clone(),
            issue_instant: assertion.issue_instant.clone(),
            issuer: assertion.issuer.clone(),
            name_id: assertion.name_id.clone(),
            audiences: assertion.conditions.audience_restrictions.iter().flatten().cloned().collect(),
            recipients: assertion.confirmations.iter().filter_map(|data| data.recipient.clone()).collect(),
            not_on_or_after: assertion.conditions.not_on_or_after.clone(),
            attributes: assertion.attributes.clone(),
        });
    }
}
