//! Whom to explain: a set of attributes that an admin wrote, or those of a captured response that would be accepted.
//! Nothing is fetched: an IdP whose metadata is on the web only is known by its attributes alone.

use super::Question;
use crate::config::{Config, Idp};
use crate::idps::Idps;
use crate::inspect::form_value;
use crate::saml::{Attribute, EncodedResponse, Expected, Rejection, UnverifiedResponse};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeSet {
    /// Key of the IdP that would send them; may be left out where there is only one.
    idp: Option<String>,
    /// Values by exact name.
    attributes: BTreeMap<String, Values>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum Values {
    One(String),
    Several(Vec<String>),
}

/// The IdP that vouches for the person, and what it says.
pub(super) fn read(config: &Config, question: &Question<'_>) -> Result<(Arc<Idp>, Vec<Attribute>), String> {
    let text = question.user.trim_start_matches('\u{feff}').trim();
    if is_response(text) {
        return of_response(config, text, question);
    }
    let set: AttributeSet = if text.starts_with('{') {
        serde_json::from_str(text).map_err(|fault| format!("not an attribute set: {fault}"))?
    } else {
        toml::from_str(text).map_err(|fault| format!("not an attribute set: {fault}"))?
    };
    let idp = match (&set.idp, config.idps.as_slice()) {
        (Some(key), idps) => {
            idps.iter().find(|idp| idp.key == *key).ok_or_else(|| format!("no IdP has the key {key:?}"))?
        }
        (None, [only]) => only,
        (None, _) => return Err("several IdPs are configured: say which, idp = \"KEY\"".into()),
    };
    let attributes = set.attributes.into_iter().map(|(name, values)| Attribute {
        name,
        values: match values {
            Values::One(value) => vec![value],
            Values::Several(values) => values,
        },
    });
    Ok((Arc::clone(idp), attributes.collect()))
}

/// XML, a form, or one long word of base64; an attribute set in TOML has other characters on its first line.
fn is_response(text: &str) -> bool {
    let base64 = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "+/=%".contains(c);
    text.starts_with('<') || text.contains("SAMLResponse=") || (!text.is_empty() && text.chars().all(base64))
}

fn of_response(
    config: &Config,
    text: &str,
    question: &Question<'_>,
) -> Result<(Arc<Idp>, Vec<Attribute>), String> {
    let refused =
        |fault: Rejection| format!("this response would be refused, `inspect` tells more: {}", fault.detail);
    let encoded = EncodedResponse::new(form_value(text)).map_err(refused)?;
    let decoded = encoded.decode().map_err(refused)?;
    let unverified = UnverifiedResponse::parse(&decoded).map_err(refused)?;
    let idps = Idps::new(config);
    let idp = idps.by_entity_id(unverified.issuer()).ok_or_else(|| {
        format!("no IdP with metadata in a file has the entity ID {:?}", unverified.issuer())
    })?;
    let outstanding = question.request_id.map(str::to_owned);
    let expected = Expected {
        idp_entity_id: &idp.metadata.entity_id,
        acs_url: &config.saml.acs_url,
        audiences: &config.saml.audiences,
        outstanding: outstanding.as_slice(),
        idp_initiated: outstanding.is_none(),
        skew: config.saml.skew,
        cbc_without_response_signature: idp.settings.cbc_without_response_signature,
    };
    let verified = unverified
        .verify(&idp.metadata.keys, &config.saml.decryption, &expected, question.at)
        .map_err(refused)?;
    Ok((idp.settings, verified.attributes().to_vec()))
}
