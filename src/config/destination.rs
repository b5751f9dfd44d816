//! Section `[[destination]]`: a place in a domain that people can be sent to, and that links can name. Every domain is
//! one under its own key. Says nothing of who may go there.

use super::Domain;
use super::entitlements::Named;
use super::problems::{Section, key, kind, string};
use super::space::{self, SpaceTemplate};
use std::fmt;
use std::sync::Arc;

/// Somewhere to go.
#[derive(Debug)]
pub struct Destination {
    /// Stands for it in links, relay states, rules and logs; no domain or other destination has the same.
    pub key: String,
    /// What people read.
    pub name: String,
    /// What else people read where they choose.
    pub description: Option<String>,
    /// The domain that it is in.
    pub domain: Arc<Domain>,
    /// Where in the domain it is.
    pub landing_uri: LandingUri,
    /// The space in which that is, if it is in one.
    pub space: Option<SpaceTemplate>,
}

impl Destination {
    /// A domain as a destination.
    pub(super) fn of(domain: &Arc<Domain>) -> Self {
        Self {
            key: domain.key.clone(),
            name: domain.name.clone(),
            description: domain.description.clone(),
            domain: Arc::clone(domain),
            landing_uri: domain.landing_uri.clone(),
            space: None,
        }
    }
}

/// `None` also where the domain has a problem of its own.
pub(super) fn read(mut section: Section<'_>, domains: &Named<Domain>) -> Option<Destination> {
    let key = section.required("key", key);
    let name = section.optional("name", string);
    let description = section.optional("description", string);
    let domain = section.required("domain", |value| {
        let key = string(value)?;
        domains.get(&key).cloned().ok_or_else(|| format!("no domain has the key {key:?}"))
    });
    let landing_uri = section.optional("landing_uri", kind(LandingUri::EXPECTED, LandingUri::parse));
    let space = section.has("space").then(|| space::read(section.section("space")));
    section.finish();
    let (key, domain) = (key?, domain??);
    let space = match space {
        Some(space) => Some(space?),
        None => None,
    };
    let of_space = space.as_ref().and_then(SpaceTemplate::app).and_then(LandingUri::of_app);
    Some(Destination {
        name: name.unwrap_or_else(|| key.clone()),
        key,
        description,
        landing_uri: landing_uri.or(of_space).unwrap_or_else(|| domain.landing_uri.clone()),
        space,
        domain,
    })
}

/// `LandingUri` of `CreatePresignedDomainUrl`: a page of Studio or an app, and a path in it. Never a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingUri(String);

impl LandingUri {
    /// What a problem says that it should be.
    pub(super) const EXPECTED: &str = "a landing URI: \"studio::\" or \"app:APP:\" (JupyterLab, CodeEditor, JupyterServer, RStudioServerPro, Canvas), with a path after it";
    const BEGINNINGS: [&str; 6] = [
        "studio::",
        "app:JupyterLab:",
        "app:CodeEditor:",
        "app:JupyterServer:",
        "app:RStudioServerPro:",
        "app:Canvas:",
    ];
    /// Most characters that the API takes.
    const LONGEST: usize = 1_023;

    /// The beginning of Studio.
    #[must_use]
    pub fn studio() -> Self {
        Self("studio::".into())
    }

    /// The beginning of an app; `None` if people cannot be sent there.
    fn of_app(app: &str) -> Option<Self> {
        Self::parse(&format!("app:{app}:"))
    }

    /// Reads one: a beginning of the closed list, then printable ASCII.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= Self::LONGEST
            && Self::BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LandingUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_closed() {
        for good in ["studio::", "studio::relative/path", "app:Canvas:", "app:JupyterLab:lab/tree/a.ipynb"] {
            assert_eq!(LandingUri::parse(good).unwrap().as_str(), good);
        }
        let longest = format!("studio::{}", "x".repeat(1_015));
        assert!(LandingUri::parse(&longest).is_some());
        for bad in [
            "",
            "studio:",
            "Studio::",
            "https://evil.test/",
            "app:KernelGateway:",
            "app:JupyterLab",
            "studio::a b",
            "studio::\r\nx",
            "studio::길",
            &format!("{longest}x"),
        ] {
            assert_eq!(LandingUri::parse(bad), None, "{bad}");
        }
    }
}
