//! The evaluator against an independent, naive one, on rules and people that nobody thought of.

use crate::stage::{DATA_SCIENTIST, ML_ENGINEER, PROVIDER, idp_metadata};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use studio_gateway::clock::Clock;
use studio_gateway::config::{Config, Sources};
use studio_gateway::demo::idp::response::names;
use studio_gateway::identity::Claims;
use studio_gateway::policy::{Verdict, evaluate, ways};
use studio_gateway::saml::Attribute;

const PLACES: [&str; 3] = ["research", "platform", "notebooks"];
const ROLES: [&str; 2] = [DATA_SCIENTIST, ML_ENGINEER];

const SURROUNDINGS: &str = r#"
    [gateway]
    listen = "127.0.0.1:0"
    public_url = "http://127.0.0.1:1"
    [[idp]]
    key = "corp"
    metadata_file = "idp.xml"
    saml_providers = ["arn:aws:iam::111122223333:saml-provider/corp"]
    [[domain]]
    key = "research"
    domain_id = "d-research"
    region = "ap-northeast-2"
    roles = ["arn:aws:iam::111122223333:role/DataScientist", "arn:aws:iam::111122223333:role/team/MLEngineer"]
    [[domain]]
    key = "platform"
    domain_id = "d-platform"
    region = "ap-northeast-2"
    roles = ["arn:aws:iam::111122223333:role/team/MLEngineer", "arn:aws:iam::111122223333:role/DataScientist"]
    [[destination]]
    key = "notebooks"
    domain = "research"
    landing_uri = "app:JupyterLab:"
"#;

/// A rule: exact values of groups, roles and one attribute, or any (`None`); what it says of each place.
#[derive(Debug, Clone)]
struct Simple {
    group: Option<BTreeSet<String>>,
    role: Option<usize>,
    site: Option<BTreeSet<String>>,
    says: [Option<bool>; 3],
}

#[derive(Debug, Clone)]
struct Somebody {
    roles: BTreeSet<usize>,
    groups: BTreeSet<String>,
    sites: BTreeSet<String>,
}

impl Simple {
    fn toml(&self, number: usize) -> String {
        let list = |values: &BTreeSet<String>| format!("{:?}", values.iter().collect::<Vec<_>>());
        let named = |wanted| {
            let named: Vec<_> = (0..3).filter(|place| self.says[*place] == Some(wanted)).collect();
            let named: Vec<_> = named.into_iter().map(|place| PLACES[place]).collect();
            (!named.is_empty()).then(|| format!("{named:?}"))
        };
        let everyone = self.group.is_none() && self.role.is_none() && self.site.is_none();
        let lines = [
            ("name", Some(format!("\"{number}\""))),
            ("groups", self.group.as_ref().map(list)),
            ("roles", self.role.map(|role| format!("{:?}", ROLES[role]))),
            ("attributes", self.site.as_ref().map(|site| format!("{{ site = {} }}", list(site)))),
            ("everyone", everyone.then(|| "true".into())),
            ("allow", named(true)),
            ("deny", named(false)),
        ];
        let lines = lines.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)));
        format!("[[rule]]\n{}", lines.collect::<String>())
    }

    fn is_for(&self, somebody: &Somebody) -> bool {
        self.group.as_ref().is_none_or(|any| !any.is_disjoint(&somebody.groups))
            && self.role.is_none_or(|role| somebody.roles.contains(&role))
            && self.site.as_ref().is_none_or(|any| !any.is_disjoint(&somebody.sites))
    }
}

/// Role ARNs by place, worked out from the definition alone.
fn expected(rules: &[Simple], somebody: &Somebody) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut open = BTreeMap::new();
    for (place, name) in PLACES.into_iter().enumerate() {
        for rule in rules {
            if !rule.is_for(somebody) {
                continue;
            }
            match rule.says[place] {
                // Who is denied a domain is denied what is in it.
                None if name == "notebooks" && rule.says[0] == Some(false) => {}
                None => continue,
                Some(false) => {}
                Some(true) => {
                    let fits = |role: &&usize| rule.role.is_none_or(|wanted| wanted == **role);
                    open.insert(name, somebody.roles.iter().filter(fits).map(|role| ROLES[*role]).collect());
                }
            }
            break;
        }
    }
    open
}

fn values() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[abc]", 1..3)
}

fn rule() -> impl Strategy<Value = Simple> {
    let says = prop::array::uniform3(prop::option::of(any::<bool>()));
    let says = says.prop_filter("names something", |says| says.iter().any(Option::is_some));
    (prop::option::of(values()), prop::option::of(0..2usize), prop::option::of(values()), says)
        .prop_map(|(group, role, site, says)| Simple { group, role, site, says })
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let any_values = || prop::collection::btree_set("[abcd]", 0..3);
    (prop::collection::btree_set(0..2usize, 1..3), any_values(), any_values())
        .prop_map(|(roles, groups, sites)| Somebody { roles, groups, sites })
}

fn config(rules: &[Simple]) -> Config {
    let rules: String = rules.iter().enumerate().map(|(number, rule)| rule.toml(number)).collect();
    let text = format!("{SURROUNDINGS}\n{rules}");
    let sources = Sources {
        file: &|_| Ok(idp_metadata()),
        bytes: &|_| Err(std::io::ErrorKind::NotFound.into()),
        variable: &|_| None,
        remote: &studio_gateway::config::nothing_remote,
    };
    Config::parse(&text, &sources, Clock::system().now())
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn claims(somebody: &Somebody, config: &Config) -> Claims {
    let attribute = |name: &str, values: Vec<String>| Attribute { name: name.to_owned(), values };
    let attributes = [
        attribute(
            names::ROLE,
            somebody.roles.iter().map(|role| format!("{},{PROVIDER}", ROLES[*role])).collect(),
        ),
        attribute(names::ROLE_SESSION_NAME, vec!["kim".into()]),
        attribute(names::STUDIO_USER_ID, vec!["kim".into()]),
        attribute(names::GROUPS, somebody.groups.iter().cloned().collect()),
        attribute("site", somebody.sites.iter().cloned().collect()),
    ];
    Claims::map(&attributes, &config.idps[0], &config.attributes).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_evaluator_says_what_the_definition_says(
        rules in prop::collection::vec(rule(), 1..6), somebody in somebody(),
    ) {
        let config = config(&rules);
        let claims = claims(&somebody, &config);
        let expected = expected(&rules, &somebody);
        let mut open: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let granted = ways(&claims, &config);
        for grant in granted.iter().flatten() {
            open.entry(&grant.destination().key).or_default().insert(grant.role().role.as_str());
            prop_assert_eq!(grant.studio().unwrap().owner(), "kim");
        }
        let expected: BTreeMap<_, _> = expected.into_iter().filter(|(_, roles)| !roles.is_empty()).collect();
        prop_assert_eq!(open, expected.clone());
        prop_assert_eq!(granted.is_err(), expected.is_empty());
    }

    #[test]
    fn nobody_goes_anywhere_without_a_rule_that_is_for_them(
        rules in prop::collection::vec(rule(), 1..6), somebody in somebody(),
    ) {
        prop_assume!(!rules.iter().any(|rule| rule.is_for(&somebody)));
        let config = config(&rules);
        let evaluation = evaluate(&claims(&somebody, &config), &config);
        prop_assert!(evaluation.findings.iter().all(|finding| !finding.holds()));
        prop_assert!(evaluation.decisions.iter().all(|one| matches!(one.verdict, Verdict::NotNamed)));
        prop_assert_eq!(evaluation.decisions.len(), 3);
    }
}
