//! Section `[[destination]]`: a place that people can be sent to, and that links can name: in a domain, or notebook
//! instances. Every domain is one under its own key. Says nothing of who may go there.

use super::entitlements::Named;
use super::notebook::{self, NotebookPlace};
use super::problems::{Section, key, kind, string};
use super::space::{self, SpaceTemplate};
use super::{Domain, Idp};
use crate::arn::RoleArn;
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
    /// Where it is.
    pub place: Place,
}

/// Where a destination is.
#[derive(Debug)]
pub enum Place {
    /// In a domain.
    Studio(StudioPlace),
    /// In no domain: it is notebook instances.
    Notebooks(NotebookPlace),
}

/// A place in a domain.
#[derive(Debug)]
pub struct StudioPlace {
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
            place: Place::Studio(StudioPlace {
                domain: Arc::clone(domain),
                landing_uri: domain.landing_uri.clone(),
                space: None,
            }),
        }
    }

    /// The place in a domain, if it is one.
    #[must_use]
    pub fn studio(&self) -> Option<&StudioPlace> {
        match &self.place {
            Place::Studio(place) => Some(place),
            Place::Notebooks(_) => None,
        }
    }

    /// The domain, if it is in one.
    #[must_use]
    pub fn domain(&self) -> Option<&Domain> {
        self.studio().map(|place| &*place.domain)
    }

    /// The notebook instances, if it is such.
    #[must_use]
    pub fn notebooks(&self) -> Option<&NotebookPlace> {
        match &self.place {
            Place::Studio(_) => None,
            Place::Notebooks(place) => Some(place),
        }
    }

    /// Federated roles through which it may be opened, all of one account; never empty.
    #[must_use]
    pub fn roles(&self) -> &[RoleArn] {
        match &self.place {
            Place::Studio(place) => &place.domain.roles,
            Place::Notebooks(place) => &place.roles,
        }
    }

    /// AWS region.
    #[must_use]
    pub fn region(&self) -> &str {
        match &self.place {
            Place::Studio(place) => &place.domain.region,
            Place::Notebooks(place) => &place.region,
        }
    }

    /// Whether people of this IdP may hold roles that open it.
    pub(super) fn is_open_to(&self, idp: &Idp) -> bool {
        let account = self.roles().first().map(RoleArn::account);
        idp.saml_providers.iter().any(|provider| Some(provider.account()) == account)
    }
}

/// `None` also where the domain has a problem of its own.
pub(super) fn read(mut section: Section<'_>, domains: &Named<Domain>) -> Option<Destination> {
    let key = section.required("key", key);
    let name = section.optional("name", string);
    let description = section.optional("description", string);
    if section.has("notebook") {
        let notebooks = notebook::read(section.section("notebook"));
        for key in ["domain", "landing_uri", "space"] {
            section.optional(key, |_| Err::<(), _>("notebook instances are in no domain".into()));
        }
        section.finish();
        let key = key?;
        return Some(Destination {
            name: name.unwrap_or_else(|| key.clone()),
            key,
            description,
            place: Place::Notebooks(notebooks?),
        });
    }
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
        place: Place::Studio(StudioPlace {
            landing_uri: landing_uri.or(of_space).unwrap_or_else(|| domain.landing_uri.clone()),
            space,
            domain,
        }),
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
