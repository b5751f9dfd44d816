//! What to type into an identity provider so that it fits a configuration, product by product.
//!
//! It only tells: it calls no product, and the gateway treats all of them alike.

use crate::arn::RolePair;
use crate::config::{Config, Idp, PresignBy, Subject};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Fields and expressions of the products.
const PRODUCTS: &str = include_str!("idp_setup/products.toml");
const ATTRIBUTES: &str = "https://aws.amazon.com/SAML/Attributes/";
/// The audience that AWS documents for STS.
const AWS_AUDIENCE: &str = "urn:amazon:webservices";

/// A product. What its pages call a field may differ from version to version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    title: String,
    /// Name of a field and what belongs there.
    fields: Vec<(String, String)>,
    /// What it calls the relay state of a tile.
    relay_state: String,
    /// Whether it puts a single audience into an assertion.
    one_audience: bool,
    role: String,
    session_name: String,
    user_id: String,
    groups: String,
}

fn products() -> Result<BTreeMap<String, Product>, String> {
    toml::from_str(PRODUCTS).map_err(|fault| format!("products.toml: {fault}"))
}

/// Names of the products that are known.
///
/// # Errors
/// A fault of the list itself.
pub fn names() -> Result<Vec<String>, String> {
    Ok(products()?.into_keys().collect())
}

/// The values for a product. `key` is that of the IdP in the configuration, where there are several.
///
/// # Errors
/// A sentence, if there is no such product or no such IdP.
pub fn text(name: &str, key: Option<&str>, config: &Config) -> Result<String, String> {
    let products = products()?;
    let known: Vec<_> = products.keys().map(String::as_str).collect();
    let product = products.get(name).ok_or_else(|| format!("{name:?} is not one of {}", known.join(", ")))?;
    let idp = chosen(key, config)?;
    let mut text = format!("{}, for {} ({})\n", product.title, config.gateway.public_url, idp.name);
    application(product, config, &mut text);
    attributes(product, idp, config, &mut text);
    tiles(product, idp, config, &mut text);
    Ok(text)
}

fn chosen<'c>(key: Option<&str>, config: &'c Config) -> Result<&'c Idp, String> {
    let keys: Vec<_> = config.idps.iter().map(|idp| idp.key.as_str()).collect();
    match (key, config.idps.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(format!("which of the IdPs {}? --idp tells", keys.join(", "))),
        (Some(key), idps) => idps
            .iter()
            .map(AsRef::as_ref)
            .find(|idp| idp.key == key)
            .ok_or_else(|| format!("{key:?} is not one of the IdPs {}", keys.join(", "))),
    }
}

fn application(product: &Product, config: &Config, text: &mut String) {
    let saml = &config.saml;
    let audience = audience(product, config);
    text.push_str("\nApplication\n");
    for (field, value) in &product.fields {
        let value = value
            .replace("{acs}", &saml.acs_url)
            .replace("{entity_id}", &saml.entity_id)
            .replace("{audience}", audience)
            .replace("{metadata}", &format!("{}/saml/metadata", config.gateway.public_url))
            .replace("{login}", &format!("{}/login", config.gateway.public_url));
        entry(field, &value, text);
    }
    if !product.one_audience {
        entry("Audiences", &format!("{} and {AWS_AUDIENCE}", saml.entity_id), text);
    } else if !saml.audiences.iter().any(|known| known == AWS_AUDIENCE) {
        entry(
            "Audience",
            &format!(
                "it sends a single one, and AWS documents {AWS_AUDIENCE}: add that to saml.audiences, or make it saml.entity_id"
            ),
            text,
        );
    }
    let encryption = if saml.keys.iter().any(crate::saml::SpKey::decrypts) {
        "the certificate is in our metadata; give its private key to the IAM SAML provider first"
    } else {
        "off: the configuration has no [[saml.key]] that decrypts"
    };
    entry("Encryption", encryption, text);
}

/// The audience where there is one only: that of AWS, if the configuration takes it.
fn audience<'c>(product: &Product, config: &'c Config) -> &'c str {
    let aws = config.saml.audiences.iter().find(|known| *known == AWS_AUDIENCE && product.one_audience);
    aws.unwrap_or(&config.saml.entity_id)
}

fn attributes(product: &Product, idp: &Idp, config: &Config, text: &mut String) {
    text.push_str("\nAttributes (name format: URI reference or unspecified)\n");
    let _ = writeln!(text, "  {ATTRIBUTES}Role");
    let mut pairs = 0;
    let of_domains = config.domains.iter().map(|domain| (&domain.key, &domain.roles));
    let notebooks = || config.destinations.iter().filter_map(|one| Some((&one.key, one.notebooks()?)));
    let mut told = BTreeSet::new();
    for (key, roles) in of_domains.chain(notebooks().map(|(key, place)| (key, &place.roles))) {
        // A name for the group that brings the role.
        let group = format!("studio-{key}");
        // Roles of notebook instances may open a domain too, and are told there.
        let in_domain = config.domains.iter().any(|domain| domain.key == *key);
        let roles: Vec<_> = roles.iter().filter(|role| told.insert(*role) || in_domain).collect();
        for pair in roles.into_iter().flat_map(|role| pairs_of(idp, role.as_str())) {
            pairs += 1;
            let pair = format!("{},{}", pair.role, pair.provider);
            let _ =
                writeln!(text, "    {}", product.role.replace("{pair}", &pair).replace("{group}", &group));
        }
    }
    if pairs == 0 {
        text.push_str("    (no role of the configuration is in an account of this IdP's SAML providers)\n");
    }
    let mut rows = vec![(format!("{ATTRIBUTES}RoleSessionName"), product.session_name.clone())];
    // Beside the attribute that names the person to us, AWS needs a session tag to compare with the profile's owner tag.
    let opened = config.domains.iter().filter(|domain| domain.presign_by == PresignBy::Person);
    let owned = notebooks().map(|(_, place)| place).filter(|place| place.owner_tag.is_some());
    let tags = opened.map(|domain| domain.session_tag.as_str());
    let tags: BTreeSet<_> = tags.chain(owned.map(|place| place.session_tag.as_str())).collect();
    rows.extend(tags.iter().map(|tag| (format!("{ATTRIBUTES}PrincipalTag:{tag}"), product.user_id.clone())));
    if rows.iter().all(|(known, _)| *known != idp.user_id_attribute) {
        rows.push((idp.user_id_attribute.clone(), product.user_id.clone()));
    }
    let tags: Vec<_> = tags.into_iter().collect();
    if !tags.is_empty() {
        let value = format!("{} (optional, constant)", tags.join(", "));
        rows.push((format!("{ATTRIBUTES}TransitiveTagKeys"), value));
    }
    rows.push((format!("{ATTRIBUTES}SourceIdentity"), format!("{} (optional)", product.session_name)));
    rows.push((format!("{ATTRIBUTES}SessionDuration"), "28800 (optional, constant)".into()));
    let conditions = || config.rules.iter().flat_map(|rule| &rule.conditions);
    if conditions().any(|condition| condition.subject == Subject::Groups) {
        rows.push((idp.groups_attribute.clone(), product.groups.clone()));
    }
    for name in &config.attributes {
        if rows.iter().all(|(known, _)| known != name) {
            rows.push((name.clone(), "what rules and tags of the configuration ask for".into()));
        }
    }
    for (name, value) in rows {
        let _ = writeln!(text, "  {name}\n    {value}");
    }
}

/// The pairs of a role with this IdP's SAML providers.
fn pairs_of(idp: &Idp, role: &str) -> Vec<RolePair> {
    idp.saml_providers.iter().filter_map(|provider| RolePair::parse(&format!("{role},{provider}"))).collect()
}

fn tiles(product: &Product, idp: &Idp, config: &Config, text: &mut String) {
    text.push_str("\nTiles\n");
    for place in &config.destinations {
        if idp.idp_initiated {
            let _ = writeln!(text, "  {}: {} = to.{}", place.name, product.relay_state, place.key);
        }
        let _ = writeln!(text, "  {}: bookmark {}/open/{}", place.name, config.gateway.public_url, place.key);
    }
    if !idp.idp_initiated {
        text.push_str(
            "  Bookmarks only: the configuration forbids sign-ins that this IdP starts (idp_initiated).\n",
        );
    }
}

fn entry(field: &str, value: &str, text: &mut String) {
    let _ = writeln!(text, "  {field}: {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::{Sources, nothing_remote, read_bytes, read_file};
    use std::path::Path;

    const EXAMPLE: &str = include_str!("../deploy/iam/example.toml");

    fn config(text: &str) -> Config {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/iam"));
        let file = |path: &Path| read_file(folder, path);
        let sources = Sources {
            file: &file,
            bytes: &|path: &Path| read_bytes(folder, path),
            variable: &|_| None,
            remote: &nothing_remote,
        };
        Config::parse(text, &sources, Clock::system().now()).unwrap()
    }

    #[test]
    fn every_guide_shows_what_the_command_prints() {
        let config = config(EXAMPLE);
        for name in names().unwrap() {
            let path = format!("{}/docs/idps/{name}.md", env!("CARGO_MANIFEST_DIR"));
            let guide = std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{path}: {fault}"));
            let printed = text(&name, None, &config).unwrap();
            assert!(guide.contains(&printed), "{path} does not show:\n{printed}");
        }
    }

    #[test]
    fn no_placeholder_is_left() {
        let config = config(EXAMPLE);
        for name in names().unwrap() {
            let printed = text(&name, None, &config).unwrap();
            for placeholder in
                ["{acs}", "{entity_id}", "{audience}", "{metadata}", "{login}", "{pair}", "{group}"]
            {
                assert!(!printed.contains(placeholder), "{name}: {placeholder}");
            }
            assert!(
                printed.contains("https://studio.example.com/saml/acs") || printed.contains("/saml/metadata")
            );
        }
    }

    #[test]
    fn values_come_from_the_configuration() {
        let more = EXAMPLE
            .replace("[[domain]]", "[saml]\naudiences = ['urn:amazon:webservices']\n[[domain]]")
            .replace(
                "everyone = true",
                "groups = 'studio-research'\nattributes = { department = 'Research' }",
            )
            .replace("[domain.profile]", "owner_tag = 'owner'\n[domain.profile]")
            .replace(
                "saml_providers",
                "idp_initiated = false\nattributes = { user_id = 'employee' }\nsaml_providers",
            );
        let printed = text("okta", None, &config(&more)).unwrap();
        for line in [
            "  Audience URI (SP Entity ID): urn:amazon:webservices\n",
            "isMemberOfGroupName(\"studio-research\")",
            "  department\n",
            "  https://aws.amazon.com/SAML/Attributes/PrincipalTag:owner\n",
            "  employee\n",
            "  groups\n",
            "Bookmarks only",
        ] {
            assert!(printed.contains(line), "{line}:\n{printed}");
        }
        assert!(!printed.contains("to.research"), "no tile that would be refused");
    }

    #[test]
    fn an_unknown_product_or_idp_is_told() {
        let config = config(EXAMPLE);
        assert!(text("okto", None, &config).unwrap_err().contains("adfs, entra, google"));
        assert!(text("okta", Some("other"), &config).unwrap_err().contains("corp"));
        assert!(text("okta", Some("corp"), &config).is_ok());
    }
}
