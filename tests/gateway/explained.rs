//! `explain`, as a process: what it reads, what it says, how it ends, and that it says what a sign-in does.

use crate::processes::{folder, run};
use crate::stage::{IDP, alice, idp_metadata, key};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::fs;
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::{Addressing, Response};
use studio_gateway::demo::idp::signature::Signed;

const CONFIGURATION: &str = r#"
    [gateway]
    listen = "127.0.0.1:0"
    public_url = "https://studio.example.com"
    [[idp]]
    key = "corp"
    metadata_file = "idp.xml"
    saml_providers = ["arn:aws:iam::111122223333:saml-provider/corp"]
    [[domain]]
    key = "research"
    name = "Research"
    domain_id = "d-research"
    region = "ap-northeast-2"
    roles = ["arn:aws:iam::111122223333:role/DataScientist"]
    [domain.profile]
    security_groups = ["sg-0123456789abcdef0"]
    [domain.profile.tags]
    department = { attribute = "department" }
    [[domain]]
    key = "platform"
    domain_id = "d-platform"
    region = "ap-northeast-2"
    roles = ["arn:aws:iam::111122223333:role/DataScientist"]
    [[rule]]
    name = "Contractors stay out"
    attributes = { employeeType = { like = "ext*" } }
    deny = "platform"
    [[rule]]
    name = "Data scientists"
    groups = "data-science"
    allow = ["research", "platform"]
    [rule.profile]
    execution_role = "arn:aws:iam::111122223333:role/Vision"
"#;

const PERSON: &str = r#"
    idp = "corp"
    [attributes]
    "https://aws.amazon.com/SAML/Attributes/Role" = "arn:aws:iam::111122223333:role/DataScientist,arn:aws:iam::111122223333:saml-provider/corp"
    "https://aws.amazon.com/SAML/Attributes/RoleSessionName" = "alice"
    "https://aws.amazon.com/SAML/Attributes/PrincipalTag:studiouserid" = "Alice"
    groups = ["all", "data-science"]
    employeeType = "external"
    department = ["one", "two"]
"#;

/// Exit code, output and complaint.
fn explain(name: &str, user: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let folder = folder(&format!("explain-{name}"));
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (config, user) = (write("gateway.toml", CONFIGURATION), write("user", user));
    run(&[&["explain", "--config", &config, "--user", &user], more].concat())
}

fn json(name: &str, user: &str, more: &[&str]) -> (Option<i32>, Value) {
    let (code, stdout, stderr) = explain(name, user, &[more, &["--json"]].concat());
    (code, serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}")))
}

#[test]
fn each_rule_and_each_destination_is_told_with_why() {
    let (code, text, _) = explain("text", PERSON, &[]);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "holds  rule 1 \"Contractors stay out\"",
        "yes  attribute \"employeeType\": like \"ext*\", by \"external\"",
        "holds  rule 2 \"Data scientists\"",
        "OPEN    research (Research): allowed by rule 2 \"Data scientists\"",
        "as arn:aws:iam::111122223333:role/DataScientist",
        "profile alice--3bc51062973c458d5a6f in d-research, ap-northeast-2",
        "lands at studio::",
        "tag studiouserid = \"Alice\"",
        "left out: tag \"department\": attribute \"department\" has several values",
        "setting execution_role = \"arn:aws:iam::111122223333:role/Vision\"",
        "setting security_groups = [\"sg-0123456789abcdef0\"]",
        "closed  platform (platform): denied by rule 1 \"Contractors stay out\"",
    ] {
        assert!(text.lines().any(|shown| shown.trim() == line), "{line}\n{text}");
    }
}

#[test]
fn json_says_the_same() {
    let (code, told) = json("json", PERSON, &[]);
    assert_eq!(code, Some(0));
    assert_eq!((&told["userId"], &told["idp"]), (&"Alice".into(), &"corp".into()));
    assert_eq!(told["rules"][0]["conditions"][0]["metBy"], "external");
    assert_eq!(told["rules"][1]["conditions"][0]["seen"], serde_json::json!(["all", "data-science"]));
    let [research, platform] = told["destinations"].as_array().unwrap().as_slice() else {
        panic!("{told:#}")
    };
    assert_eq!((&research["open"], &research["rule"]), (&true.into(), &"Data scientists".into()));
    assert_eq!(research["profile"]["tags"], serde_json::json!({ "studiouserid": "Alice" }));
    assert_eq!(research["profile"]["settings"]["execution_role"], "arn:aws:iam::111122223333:role/Vision");
    assert_eq!((&platform["open"], &platform["profile"]), (&false.into(), &Value::Null));
}

#[test]
fn the_exit_code_is_about_what_was_asked() {
    assert_eq!(json("research", PERSON, &["--destination", "research"]).0, Some(0));
    let (code, told) = json("platform", PERSON, &["--destination", "platform"]);
    assert_eq!((code, told["destinations"].as_array().unwrap().len()), (Some(1), 1));
    let (code, stdout, stderr) = explain("nowhere", PERSON, &["--destination", "nowhere"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("no destination has the key \"nowhere\""), "{stderr}");
    let nobody = PERSON.replace("data-science", "finance");
    let (code, text, _) = explain("nobody", &nobody, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("no   groups: \"data-science\"; there is \"all\", \"finance\""), "{text}");
    assert!(text.contains("closed  research (Research): no rule that holds names it"), "{text}");
}

#[test]
fn a_person_whom_the_sign_in_would_refuse() {
    for (name, from, to, code) in [
        ("session", "\"alice\"", "\"alice kim\"", "identity.invalid"),
        ("id", "studiouserid", "otherid", "identity.invalid"),
        ("provider", "provider/corp", "provider/other", "entitlement.none"),
    ] {
        let (exit, told) = json(name, &PERSON.replace(from, to), &[]);
        assert_eq!((exit, told["code"].as_str()), (Some(1), Some(code)), "{told:#}");
        assert_ne!(told["reason"], "");
    }
}

#[test]
fn what_is_no_person() {
    for (name, user, complaint) in [
        ("syntax", "attributes = [", "not an attribute set: "),
        ("number", "[attributes]\ngroups = 7", "expected a text or a list of texts"),
        ("unknown", "roles = ['x']\n[attributes]", "unknown field `roles`"),
        ("json", "{ \"attributes\": 7 }", "not an attribute set: "),
        ("idp", "idp = 'other'\n[attributes]", "no IdP has the key \"other\""),
        ("xml", "<a/>", "this response would be refused"),
        ("base64", "bm90IGEgcmVzcG9uc2U=", "this response would be refused"),
    ] {
        let (code, stdout, stderr) = explain(name, user, &[]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains(complaint), "{stderr}");
    }
}

#[test]
fn nothing_of_a_value_reaches_the_terminal_as_a_control_character() {
    let hostile = PERSON.replace("\"all\"", "\"\\u001b[2Jall\"").replace("data-science", "x\\ny");
    let (code, text, _) = explain("terminal", &hostile, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("[2Jall") && !text.contains('\u{1b}'), "{text:?}");
    assert!(text.lines().all(|line| line.trim() != "y\""), "{text}");
}

fn response(person: &Person, at: DateTime<Utc>, change: impl FnOnce(Response) -> Response) -> String {
    let addressing = Addressing {
        acs_url: "https://studio.example.com/saml/acs".into(),
        audiences: vec!["https://studio.example.com/saml/metadata".into()],
        idp_entity_id: IDP.into(),
    };
    change(Response::valid(at, &addressing, person)).sign(key(), Signed::Both).unwrap()
}

#[test]
fn a_captured_response_is_a_person_too() {
    assert!(!idp_metadata().is_empty());
    let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let shown = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut contractor = alice();
    contractor.attributes = vec![("employeeType".into(), vec!["staff".into(), "extern".into()])];
    let xml = response(&contractor, at, |response| response);
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("RelayState", "to.research")
        .append_pair("SAMLResponse", &Response::encode(&xml))
        .finish();
    for (name, user) in [("as-xml", &xml), ("as-base64", &Response::encode(&xml)), ("as-form", &form)] {
        let (code, told) = json(name, user, &["--at", &shown]);
        assert_eq!(code, Some(0));
        assert_eq!(told["rules"][0]["conditions"][0]["metBy"], "extern");
        assert_eq!(told["destinations"][1]["why"], "denied by rule 1 \"Contractors stay out\"");
    }
    // It has to be good: signed, in time, and for us.
    let (code, _, stderr) = explain("late", &xml, &[]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("this response would be refused"), "{stderr}");
    let forged = xml.replace("data-science", "data-Science");
    assert_eq!(explain("forged", &forged, &["--at", &shown]).0, Some(1));
    let answer = response(&contractor, at, |response| response.answering("_request"));
    assert_eq!(explain("answer", &answer, &["--at", &shown]).0, Some(1));
    assert_eq!(explain("answered", &answer, &["--at", &shown, "--request-id", "_request"]).0, Some(0));
}
