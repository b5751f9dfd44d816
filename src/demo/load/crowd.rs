//! Who signs in: people of one IdP, whose messages it signs.

use crate::clock::Clock;
use crate::config::Config;
use crate::demo::idp::key::SigningKey;
use crate::demo::idp::people::Person;
use crate::demo::idp::response::{Addressing, Response};
use crate::demo::idp::signature::Signed;
use crate::profile_name::ProfileName;
use chrono::{DateTime, Utc};
use std::error::Error;
use std::path::Path;

/// People who may open the first domain of a configuration, all by the same role.
pub struct Crowd {
    key: SigningKey,
    addressing: Addressing,
    pair: String,
    domain_id: String,
    first: u32,
    people: u32,
}

impl Crowd {
    /// So many people, from that number on, of the IdP whose key this is: the configuration's first one.
    ///
    /// # Errors
    /// When the first domain has no role, or the IdP no SAML provider in its account or no metadata in a file.
    pub fn new(config: &Config, key: SigningKey, first: u32, people: u32) -> Result<Self, String> {
        let idp = config.idps.first().ok_or("no IdP")?;
        let metadata = idp.metadata.file.as_ref().ok_or("the IdP's metadata is not in a file")?;
        let domain = config.domains.first().ok_or("no domain")?;
        let role = domain.roles.first().ok_or("the domain has no role")?;
        let provider = idp.saml_providers.iter().find(|provider| provider.account() == role.account());
        let provider = provider.ok_or("the IdP has no SAML provider in the domain's account")?;
        Ok(Self {
            key,
            addressing: Addressing {
                acs_url: config.saml.acs_url.clone(),
                audiences: config.saml.audiences.clone(),
                idp_entity_id: metadata.entity_id.clone(),
            },
            pair: format!("{role},{provider}"),
            domain_id: domain.id.clone(),
            first,
            people: people.max(1),
        })
    }

    /// The same, with a configuration and a key in files. The key's file holds its certificate too (PEM).
    ///
    /// # Errors
    /// When they cannot be read, or do not fit each other.
    pub fn from_files(config: &Path, key: &Path, first: u32, people: u32) -> Result<Self, Box<dyn Error>> {
        let config = super::own::read(config, &Clock::system())?;
        let pem = std::fs::read_to_string(key)?;
        Ok(Self::new(&config, SigningKey::from_pem(&pem, &pem)?, first, people)?)
    }

    /// What somebody's browser posts, base64. People take turns.
    pub(super) fn message(&self, number: u32, now: DateTime<Utc>) -> Result<String, String> {
        let user_id = user_id(self.first + number % self.people);
        let mut person = Person::new(&user_id, &user_id, &user_id, &self.pair);
        person.groups = vec!["everyone".into()];
        let response = Response::valid(now, &self.addressing, &person);
        let xml = response.sign(&self.key, Signed::Assertion).map_err(|fault| fault.to_string())?;
        Ok(Response::encode(&xml))
    }

    /// Domain and profile name of everybody.
    pub(super) fn profiles(&self) -> impl Iterator<Item = (&str, String, String)> {
        (0..self.people).map(|number| {
            let user_id = user_id(self.first + number);
            (self.domain_id.as_str(), ProfileName::of(&user_id).to_string(), user_id)
        })
    }
}

fn user_id(number: u32) -> String {
    format!("person{number:06}")
}
