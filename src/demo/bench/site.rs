//! What a gateway is measured with: a folder with its configuration, an IdP's key, and the forms that browsers post.

use super::super::idp::key::{KeyKind, SigningKey};
use super::super::idp::metadata::metadata_xml;
use super::super::idp::people::Person;
use super::super::idp::response::{Addressing, NameId, Response, names};
use super::super::idp::signature::Signed;
use crate::clock::Clock;
use chrono::TimeDelta;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

/// Subject of every assertion.
pub(super) const SUBJECT: &str = "bench";
/// Entity ID of the IdP.
pub(super) const IDP: &str = "https://idp.example.com/bench";
const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/bench";
const ROLE: &str = "arn:aws:iam::111122223333:role/Bench";
/// How far the IdP's clock is ahead: a ledger in memory refuses what was issued before the process began, and a form is
/// made before that where the start is measured. Within what clocks may be apart.
const AHEAD: TimeDelta = TimeDelta::seconds(30);
/// Groups that fill a message up to about 9 KB, as in real life.
const GROUPS: usize = 60;

/// A gateway's configuration in a folder of its own, which is removed in the end.
pub(super) struct Site {
    folder: PathBuf,
    key: SigningKey,
    /// Where the gateway will listen.
    pub(super) url: String,
}

impl Site {
    /// Writes the configuration: with so many rules and identity providers besides the one that counts.
    pub(super) fn new(name: &str, aws: &str, rules: usize, idps: usize) -> Result<Self, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("studio-gateway-bench-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let key = SigningKey::generate(KeyKind::Rsa(2048), "bench")?;
        let site = Self { folder, key, url: format!("http://127.0.0.1:{port}") };
        let metadata = metadata_xml(IDP, "https://idp.example.com/sso", &[&site.key])?;
        let mut text = format!(
            "[gateway]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"{}\"\n\
             [limits]\nrates = false\n\
             [aws]\nsts_endpoint = \"{aws}\"\nsagemaker_endpoint = \"{aws}\"\n\
             [[domain]]\nkey = \"bench\"\ndomain_id = \"d-bench1234567\"\nregion = \"ap-northeast-2\"\n\
             roles = [\"{ROLE}\"]\n\
             [domain.profile]\nexecution_role = \"arn:aws:iam::111122223333:role/StudioExecution\"\n",
            site.url
        );
        for number in 0..=idps {
            // The one that counts comes last.
            let (key, entity, provider) = if number == idps {
                ("bench".to_owned(), IDP.to_owned(), PROVIDER.to_owned())
            } else {
                (format!("other-{number}"), format!("{IDP}/{number}"), format!("{PROVIDER}-{number}"))
            };
            fs::write(site.folder.join(format!("{key}.xml")), metadata.replace(IDP, &entity))?;
            write!(
                text,
                "[[idp]]\nkey = \"{key}\"\nmetadata_file = \"{key}.xml\"\nsaml_providers = [\"{provider}\"]\n\
                 idp_initiated = true\n"
            )?;
        }
        for number in 0..rules {
            write!(
                text,
                "[[rule]]\nname = \"Other {number}\"\ngroups = \"other-{number}\"\nallow = \"bench\"\n"
            )?;
        }
        text.push_str("[[rule]]\nname = \"Bench\"\ngroups = \"bench\"\nallow = \"bench\"\n");
        fs::write(site.configuration(), text)?;
        Ok(site)
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.folder.join("gateway.toml")
    }

    pub(super) fn acs(&self) -> String {
        format!("{}/saml/acs", self.url)
    }

    /// What browsers post with fresh messages for the people of these numbers.
    pub(super) fn forms(
        &self,
        people: impl IntoIterator<Item = usize>,
    ) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
        people.into_iter().map(|number| self.form(number)).collect()
    }

    fn form(&self, number: usize) -> Result<Vec<u8>, Box<dyn Error>> {
        let addressing = Addressing {
            acs_url: self.acs(),
            audiences: vec![format!("{}/saml/metadata", self.url), "urn:amazon:webservices".to_owned()],
            idp_entity_id: IDP.to_owned(),
        };
        let user = format!("person-{number}");
        let mut person = Person::new(&user, &user, &user, &format!("{ROLE},{PROVIDER}"));
        person.groups =
            (0..GROUPS).map(|group| format!("aws-sagemaker-team-{group:04}-data-scientists")).collect();
        person.groups.push("bench".to_owned());
        let mut response = Response::valid(Clock::system().now() + AHEAD, &addressing, &person);
        response.assertion.name_id = Some(NameId {
            value: SUBJECT.to_owned(),
            format: Some(names::PERSISTENT.to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        });
        let value = Response::encode(&response.sign(&self.key, Signed::Assertion)?);
        let form =
            form_urlencoded::Serializer::new(String::new()).append_pair("SAMLResponse", &value).finish();
        Ok(form.into_bytes())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let folder: &Path = &self.folder;
        let _ = fs::remove_dir_all(folder);
    }
}
