//! Explains what comes of the rules for a person, offline. It maps attributes as the sign-in does and asks the evaluator
//! that the sign-in asks; it has no rules of its own, and what it finds opens nothing.

mod report;
mod user;

use crate::config::Config;
use crate::error::Refusal;
use crate::identity::Claims;
use crate::policy::{Evaluation, Verdict, evaluate};
use chrono::{DateTime, Utc};

/// Whom to explain, and how far.
#[derive(Debug)]
pub struct Question<'q> {
    /// An attribute set (TOML or JSON), or a captured SAML response (XML, base64 or the whole form body).
    pub user: &'q str,
    /// The time to judge a response by.
    pub at: DateTime<Utc>,
    /// ID of the request that a response has to answer; without it, only one that answers none is taken.
    pub request_id: Option<&'q str>,
    /// Key of the only destination of interest.
    pub destination: Option<&'q str>,
}

/// What comes of the rules for one person.
#[derive(Debug)]
pub struct Explanation<'c> {
    idp: String,
    outcome: Result<Outcome<'c>, Refusal>,
}

#[derive(Debug)]
struct Outcome<'c> {
    claims: Claims,
    evaluation: Evaluation<'c>,
}

/// Explains.
///
/// # Errors
/// When the question cannot be read: no attribute set, a response that would be refused, an unknown IdP or destination.
/// That a person is refused is an explanation, and no error.
pub fn explain<'c>(config: &'c Config, question: &Question<'_>) -> Result<Explanation<'c>, String> {
    if let Some(key) = question.destination.filter(|key| config.destination(key).is_none()) {
        return Err(format!("no destination has the key {key:?}"));
    }
    let (idp, attributes) = user::read(config, question)?;
    let outcome = Claims::map(&attributes, &idp, &config.attributes).map(|claims| {
        let mut evaluation = evaluate(&claims, config);
        let wanted = |key: &str| question.destination.is_none_or(|wanted| wanted == key);
        evaluation.decisions.retain(|decision| wanted(&decision.destination.key));
        Outcome { claims, evaluation }
    });
    Ok(Explanation { idp: idp.key.clone(), outcome })
}

impl Explanation<'_> {
    /// Whether there is at least one destination.
    #[must_use]
    pub fn leads_somewhere(&self) -> bool {
        let decisions = self.outcome.as_ref().map(|outcome| outcome.evaluation.decisions.as_slice());
        decisions.unwrap_or_default().iter().any(|one| matches!(one.verdict, Verdict::Granted(_)))
    }
}
