//! Rules, destinations, links and tags, through whole sign-ins.

use crate::browser::Browser;
use crate::stage::{DATA_SCIENTIST, EXECUTION_ROLE, ML_ENGINEER, Setting, Stage, ada, alice, person};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config as Runs, TestRunner};
use studio_gateway::config::{Config, SealKey};
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::Response;
use studio_gateway::profile_name::ProfileName;
use toml::{Table, Value};
use tracing::Level;

fn with(attribute: &str, values: &[&str]) -> Person {
    let mut alice = alice();
    alice.attributes = vec![(attribute.to_owned(), values.iter().map(ToString::to_string).collect())];
    alice
}

const NOTEBOOKS: &str = r#"
    [[destination]]
    key = "notebooks"
    name = "Notebooks"
    description = "Straight into JupyterLab"
    domain = "research"
    landing_uri = "app:JupyterLab:"

    [[rule]]
    name = "Notebooks"
    groups = "data-science"
    allow = "notebooks"
"#;

#[tokio::test]
async fn all_values_of_an_attribute_count() {
    let stage = Setting::usual()
        .rules(
            r#"
        [[rule]]
        name = "Clearance"
        attributes = { clearance = [{ like = "level-?" }, "all"], site = "Seoul" }
        allow = "research"
        "#,
        )
        .start()
        .await;
    let cleared = |clearance: &[&str], site: &[&str]| {
        let mut person = with("clearance", clearance);
        person.attributes.push(("site".into(), site.iter().map(ToString::to_string).collect()));
        person
    };
    for clearance in [&["none", "level-3"][..], &["all"]] {
        stage.sign_in(&cleared(clearance, &["Busan", "Seoul"])).await.expect_studio("alice").await;
    }
    for (clearance, site) in [
        ("level-10", "Seoul"),
        ("ALL", "Seoul"),
        ("all ", "Seoul"),
        ("all", "seoul"),
        ("all", "Seoul\u{200b}"),
    ] {
        let answer = stage.sign_in(&cleared(&[clearance], &[site])).await;
        answer.expect_refused(403, "entitlement.none").because("rules that are for them: none");
    }
    stage.sign_in(&with("clearance", &["all"])).await.expect_refused(403, "entitlement.none");
}

#[tokio::test]
async fn the_first_rule_that_names_a_destination_decides() {
    let deny = "[[rule]]\nname = \"Out\"\ngroups = \"contractors\"\ndeny = \"research\"\n";
    let allow = "[[rule]]\nname = \"In\"\ngroups = \"data-science\"\nallow = \"research\"\n";
    let mut contractor = alice();
    contractor.groups.push("contractors".into());
    let stage = Setting::usual().rules(&format!("{deny}{allow}")).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.sign_in(&contractor).await.expect_refused(403, "entitlement.none").because("\"Out\", \"In\"");
    let stage = Setting::usual().rules(&format!("{allow}{deny}")).start().await;
    stage.sign_in(&contractor).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_rule_for_a_role_opens_through_that_role_alone() {
    let stage = Setting::usual()
        .rules(
            r#"
        [[rule]]
        name = "Engineers"
        roles = { like = "*:role/team/*" }
        allow = "platform"
        [[rule]]
        name = "Everyone"
        everyone = true
        allow = ["research", "platform"]
        "#,
        )
        .set("domain.1.roles", vec![DATA_SCIENTIST, ML_ENGINEER])
        .start()
        .await;
    // alice holds another role, for which the second rule is.
    let offers = |role: &str| [format!("research|{DATA_SCIENTIST}"), format!("platform|{role}")];
    assert_eq!(stage.sign_in(&alice()).await.expect_chooser().offers, offers(DATA_SCIENTIST));
    assert_eq!(stage.sign_in(&ada()).await.expect_chooser().offers, offers(ML_ENGINEER));
}

#[tokio::test]
async fn a_rule_lays_its_profile_over_the_domains() {
    let stage = Setting::usual()
        .rules(
            r#"
        [[rule]]
        name = "Vision"
        groups = "vision"
        allow = "research"
        [rule.profile]
        execution_role = "arn:aws:iam::111122223333:role/Vision"
        [rule.profile.tags]
        "managed-by" = { value = "vision" }
        team = { value = "vision" }
        [[rule]]
        name = "Others"
        everyone = true
        allow = "research"
        "#,
        )
        .start()
        .await;
    let mut bob = person("bob");
    bob.groups.push("vision".into());
    stage.sign_in(&bob).await.expect_studio("bob").await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let (bobs, alices) = (stage.profile("bob"), stage.profile("alice"));
    assert_eq!(bobs.user_settings["ExecutionRole"], "arn:aws:iam::111122223333:role/Vision");
    assert_eq!(alices.user_settings["ExecutionRole"], EXECUTION_ROLE);
    assert_eq!(bobs.user_settings["SecurityGroups"], alices.user_settings["SecurityGroups"]);
    assert_eq!((bobs.tags["managed-by"].as_str(), bobs.tags["team"].as_str()), ("vision", "vision"));
    assert_eq!((alices.tags["managed-by"].as_str(), alices.tags.get("team")), ("studio-gateway", None));
}

#[tokio::test]
async fn a_link_ends_where_it_says() {
    let stage = Setting::usual().append(NOTEBOOKS).start().await;
    let redirect = stage.get("/open/notebooks").await;
    assert_eq!(redirect.status, 303, "{}", redirect.body);
    let mut browser = Browser::default();
    browser.absorb(&redirect);
    let (id, _) = redirect.authn_request();
    assert_eq!(redirect.sent_relay_state().unwrap(), "to.notebooks");
    let answer = stage.post(&stage.response_for(&alice()).answering(&id)).relay_state("to.notebooks");
    let answer = answer.from(&browser).await;
    assert_eq!(answer.expect_studio("alice").await.fact("Landing"), "app:JupyterLab:");
    assert_eq!(answer.log().field("destination"), "notebooks");
    assert_eq!(answer.log().field("domain"), "research");
    // Without a link, there is a choice.
    let chooser = stage.sign_in(&alice()).await;
    let research = format!("research|{DATA_SCIENTIST}");
    assert_eq!(chooser.expect_chooser().offers, [research, format!("notebooks|{DATA_SCIENTIST}")]);
    assert!(chooser.body.contains("Straight into JupyterLab"), "{}", chooser.body);
}

#[tokio::test]
async fn a_link_to_nowhere() {
    let stage = Stage::new().await;
    for path in ["/open/nowhere", "/open/RESEARCH", "/open/research%2F", "/open/%3Cscript%3E", "/open/%FF"] {
        stage.get(path).await.expect_refused(404, "request.not-found");
    }
}

#[tokio::test]
async fn a_link_leads_to_the_idps_of_its_destination() {
    let other = crate::stage::stranger_key();
    let metadata = studio_gateway::demo::idp::metadata::metadata_xml(
        "https://partner.example",
        "https://partner.example/sso",
        &[other],
    );
    let stage = Setting::usual()
        .file("partner.xml", &metadata.unwrap())
        .append(
            r#"
            [[idp]]
            key = "partner"
            name = "Partner"
            metadata_file = "partner.xml"
            saml_providers = ["arn:aws:iam::111122223333:saml-provider/partner"]
            "#,
        )
        .set("rule.1.idps", "partner")
        .start()
        .await;
    let location = |path: &'static str| async { stage.get(path).await.header("location").to_owned() };
    assert!(location("/open/platform").await.starts_with("https://partner.example/sso?"));
    assert_eq!(location("/open/research").await, "/?to=research");
    let home = stage.get("/?to=research").await;
    for idp in ["corp", "partner"] {
        assert!(home.body.contains(&format!("href=\"/open/research?idp={idp}\"")), "{}", home.body);
    }
    assert!(location("/open/research?idp=corp").await.starts_with(crate::stage::SSO));
    let home = stage.get("/?to=%22%3E%3Cscript%3E").await;
    assert!(home.body.contains("href=\"/login?idp=corp\"") && !home.body.contains("script"), "{}", home.body);
}

#[tokio::test]
async fn a_tag_that_cannot_be_made_is_left_out_with_a_warning() {
    let source: Value =
        "v = { department = { attribute = 'department' } }".parse::<Table>().unwrap()["v"].clone();
    let stage = Setting::usual().set("domain.0.profile.tags", source).start().await;
    for (user_id, values, why) in [
        ("one", &["R&D"][..], "is not a usable tag value"),
        ("two", &["a", "b"], "has several values"),
        ("three", &["tab\there"], "is not a usable tag value"),
    ] {
        let mut person = person(user_id);
        let values = values.iter().map(ToString::to_string).collect();
        person.attributes = vec![("department".into(), values)];
        let answer = stage.sign_in(&person).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let log = answer.log();
        assert_eq!(log.level, Level::WARN);
        assert!(log.field("tags_left_out").ends_with(why), "{log:?}");
        assert_eq!(stage.profile(user_id).tags.get("department"), None);
    }
    stage.sign_in(&with("department", &["Research", "Research"])).await.expect_studio("alice").await;
    assert_eq!(stage.profile("alice").tags["department"], "Research");
}

#[tokio::test]
async fn a_required_tag_that_cannot_be_made_closes_its_destination_alone() {
    let source = "v = { department = { attribute = 'department', required = true } }";
    let source = source.parse::<Table>().unwrap()["v"].clone();
    let stage = Setting::usual().set("domain.0.profile.tags", source).start().await;
    for odd in [None, Some("R&D")] {
        let mut lost = alice();
        lost.attributes =
            odd.map(|odd| ("department".to_owned(), vec![odd.to_owned()])).into_iter().collect();
        let answer = stage.sign_in(&lost).await;
        answer.expect_refused(403, "identity.invalid").because("\"department\"");
        assert_eq!(stage.called(), [""; 0]);
        // ada has somewhere else to go.
        lost.roles = ada().roles;
        assert_eq!(stage.sign_in(&lost).await.expect_granted().field("destination"), "platform");
        stage.called();
    }
    stage.sign_in(&with("department", &["연구"])).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_choice_is_made_with_the_attributes_of_the_person_who_signed_in() {
    let stage = Setting::usual()
        .rules(
            r#"
        [[rule]]
        name = "Both"
        attributes = { clearance = "b" }
        allow = ["research", "platform"]
        "#,
        )
        .start()
        .await;
    let mut cleared = ada();
    cleared.attributes = vec![("clearance".into(), vec!["a".into(), "b".into()])];
    let answer = stage.sign_in(&cleared).await;
    let chooser = answer.expect_chooser();
    let mut browser = Browser::default();
    browser.absorb(&answer);
    stage.choose(&chooser.token, chooser.offer("platform")).from(&browser).await.expect_studio("ada").await;
}

/// While a new configuration is rolled out, a token of an instance with the old one says nothing about attributes that
/// only the new one asks for. Whoever is to be kept out by such must not get in for lack of it.
#[tokio::test]
async fn a_choice_of_a_gateway_that_asks_for_other_attributes() {
    let share_key = |config: &mut Config| config.gateway.seal_keys = vec![SealKey([7; 32])];
    let rules = "[[rule]]\nname = \"All\"\neveryone = true\nallow = [\"research\", \"platform\"]\n";
    let deny = "[[rule]]\nname = \"Out\"\nattributes = { left = \"yes\" }\ndeny = \"research\"\n";
    let old = Setting::usual().rules(rules).adjust(share_key).start().await;
    let new = Setting::usual().rules(&format!("{deny}{rules}")).adjust(share_key).start().await;
    let same = Setting::usual().rules(rules).adjust(share_key).start().await;
    let answer = old.sign_in(&ada()).await;
    let chooser = answer.expect_chooser();
    let mut browser = Browser::default();
    browser.absorb(&answer);
    let answer = new.choose(&chooser.token, chooser.offer("research")).from(&browser).await;
    answer.expect_refused(403, "choice.expired").because("asks for other attributes");
    // An instance with the same configuration takes it; STS, in a world of its own, then does not.
    let answer = same.choose(&chooser.token, chooser.offer("research")).from(&browser).await;
    assert_ne!(answer.log().field("code"), "choice.expired");
}

/// A response about the person with this id, whose NameID is nothing unusual.
fn of_user(stage: &Stage, user_id: &str) -> Response {
    let mut person = person("somebody");
    user_id.clone_into(&mut person.user_id);
    let mut response = stage.response_for(&person);
    "somebody".clone_into(&mut response.assertion.name_id.as_mut().unwrap().value);
    response
}

/// Whatever an attribute holds, a sign-in ends in the profile of that person, with tags that are nobody else's, or in
/// a refusal.
#[tokio::test]
async fn hostile_values() {
    let tags = "v = { department = { attribute = 'department' } }".parse::<Table>().unwrap()["v"].clone();
    let stage = Setting::usual()
        .set("domain.0.profile.tags", tags)
        .profile("victim", Some("victim"), "InService")
        .start()
        .await;
    let long = "x".repeat(10_000);
    // XML itself cannot carry control characters, except tabs and line breaks.
    for hostile in [
        "Victim",
        "victim ",
        " victim",
        "victim\n",
        "../victim",
        "victim/../victim",
        "victim%00",
        "vi\u{200b}ctim",
        "vіctim",
        "ｖｉｃｔｉｍ",
        "victim\u{202e}",
        "김하늘",
        "😀",
        "${aws:userid}",
        "*",
        "?",
        "a:b/c=d+e@f",
        &long,
    ] {
        let mut response = of_user(&stage, hostile);
        response.assertion.set_attribute("department", [hostile]);
        let answer = stage.post(&response).await;
        if answer.status == 303 {
            let name = ProfileName::of(hostile);
            assert_ne!(name.as_str(), "victim", "{hostile:?}");
            answer.expect_studio(name.as_str()).await;
            let profile = stage.profile(name.as_str());
            assert_eq!(profile.tags["studiouserid"], hostile);
            assert!(profile.tags.get("department").is_none_or(|tag| tag == hostile));
        } else {
            answer.expect_refused(403, "identity.invalid");
        }
        // As anything but the user id, it keeps nobody out.
        let mut alice = alice();
        alice.attributes = vec![("department".into(), vec![hostile.into()])];
        alice.groups.push(hostile.into());
        let answer = stage.sign_in(&alice).await;
        assert_eq!((answer.status, answer.log().field("profile")), (303, "alice"), "{hostile:?}");
    }
    assert_eq!(stage.profile("victim").tags["studiouserid"], "victim");
}

/// The same for values that nobody thought of.
#[tokio::test]
async fn any_user_id_gets_a_profile_of_its_own_or_none() {
    let stage = Setting::usual().profile("victim", Some("victim"), "InService").start().await;
    let mut runner = TestRunner::new(Runs { cases: 60, failure_persistence: None, ..Runs::default() });
    for _ in 0..60 {
        let id = "([vV]ictim)?[\\PC]{0,12}".new_tree(&mut runner).unwrap().current();
        let answer = stage.post(&of_user(&stage, &id)).await;
        if answer.status == 303 {
            answer.expect_studio(ProfileName::of(&id).as_str()).await;
            assert_eq!(stage.profile(ProfileName::of(&id).as_str()).tags["studiouserid"], id);
        } else {
            answer.expect_refused(403, "identity.invalid");
        }
    }
}
