//! Presigned links: who gets one, and how it opens.

use super::fixture::{ACCOUNT, Bench, DOMAIN, REGION, tags, world};
use crate::demo::aws::AuthMode;
use crate::demo::aws::studio::{arrived, open};
use askama::Template;
use serde_json::{Value, json};

const PRESIGN: &str = "CreatePresignedDomainUrl";

fn request(name: &str) -> Value {
    json!({"DomainId": DOMAIN, "UserProfileName": name, "ExpiresInSeconds": 60, "LandingUri": "studio::"})
}

fn token_of(output: &Value) -> String {
    let url = output["AuthorizedUrl"].as_str().unwrap();
    url.split_once("/studio/auth?token=").unwrap().1.to_owned()
}

#[test]
fn a_person_gets_a_link_to_their_own_profile_only() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    assert!(bench.sagemaker(&alice, PRESIGN, &request("alice")).is_ok());
    let error = bench.sagemaker(&alice, PRESIGN, &request("bob")).unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (400, "AccessDeniedException"));
    assert_eq!(
        error.message,
        format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/DataScientist/alice is not authorized to perform: \
             sagemaker:CreatePresignedDomainUrl on resource: \
             arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{DOMAIN}/bob because no identity-based policy \
             allows the sagemaker:CreatePresignedDomainUrl action"
        )
    );
}

#[test]
fn the_tag_decides_and_not_the_name() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    let key = (DOMAIN.to_owned(), "alice".to_owned());
    for stored in [
        tags(&[]),
        tags(&[("studiouserid", "Alice")]),
        tags(&[("studiouserid", "alice"), ("StudioUserId", "x")]),
    ] {
        bench.state.profiles.get_mut(&key).unwrap().view.tags = stored;
        let error = bench.sagemaker(&alice, PRESIGN, &request("alice")).unwrap_err();
        assert_eq!(error.code, "AccessDeniedException");
    }
}

#[test]
fn a_session_policy_narrows_to_one_profile() {
    let mut bench = Bench::new(world());
    let policy = |name: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": format!("sagemaker:{PRESIGN}"),
            "Resource": format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{DOMAIN}/{name}")}]})
        .to_string()
    };
    let narrowed = bench.federated("alice", &[("Policy", &policy("alice"))]);
    assert!(bench.sagemaker(&narrowed, PRESIGN, &request("alice")).is_ok());
    let elsewhere = bench.federated("alice", &[("Policy", &policy("bob"))]);
    let error = bench.sagemaker(&elsewhere, PRESIGN, &request("alice")).unwrap_err();
    assert!(error.message.contains("because no session policy allows"), "{}", error.message);
    // It narrows and never widens.
    assert_eq!(
        bench.sagemaker(&elsewhere, PRESIGN, &request("bob")).unwrap_err().code,
        "AccessDeniedException"
    );
}

#[test]
fn the_gateway_itself_gets_no_link() {
    let mut bench = Bench::new(world());
    let error = bench.ours(PRESIGN, &request("alice")).unwrap_err();
    assert!(error.message.contains("with an explicit deny"), "{}", error.message);
}

#[test]
fn requests_have_their_limits() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    let long = format!("studio::{}", "x".repeat(1016));
    for (member, value) in [
        ("ExpiresInSeconds", json!(4)),
        ("ExpiresInSeconds", json!(301)),
        ("SessionExpirationDurationInSeconds", json!(1799)),
        ("SessionExpirationDurationInSeconds", json!(43_201)),
        ("LandingUri", json!(long)),
        ("LandingUri", json!("https://example.com")),
        ("LandingUri", json!("app:Notepad:x")),
        ("SpaceName", json!("a_b")),
    ] {
        let mut request = request("alice");
        request[member] = value;
        let error = bench.sagemaker(&alice, PRESIGN, &request).unwrap_err();
        assert_eq!(error.code, "ValidationException", "{request}");
    }
    for landing in ["studio::", "studio::relative/x", "app:JupyterLab:lab/tree", "app:CodeEditor:"] {
        let mut request = request("alice");
        request["LandingUri"] = json!(landing);
        assert!(bench.sagemaker(&alice, PRESIGN, &request).is_ok(), "{landing}");
    }
}

#[test]
fn only_a_ready_profile_of_an_iam_domain_is_opened() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    let key = (DOMAIN.to_owned(), "alice".to_owned());
    bench.state.profiles.get_mut(&key).unwrap().view.status = "Pending".into();
    assert_eq!(bench.sagemaker(&alice, PRESIGN, &request("alice")).unwrap_err().code, "ValidationException");
    bench.state.profiles.get_mut(&key).unwrap().view.status = "InService".into();
    bench.state.world.domains[0].auth_mode = AuthMode::Sso;
    assert_eq!(bench.sagemaker(&alice, PRESIGN, &request("alice")).unwrap_err().code, "ValidationException");
}

#[test]
fn a_missing_profile_is_denied_where_its_tag_would_decide_and_not_found_otherwise() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    assert_eq!(
        bench.sagemaker(&alice, PRESIGN, &request("carol")).unwrap_err().code,
        "AccessDeniedException"
    );
    bench.knobs.tell_missing(true);
    let error = bench.sagemaker(&alice, PRESIGN, &request("carol")).unwrap_err();
    assert_eq!(error.code, "ResourceNotFound");
    assert_eq!(bench.sagemaker(&alice, PRESIGN, &request("bob")).unwrap_err().code, "AccessDeniedException");
    bench.knobs.clear();
    bench.state.world.roles[0].permission_policies = vec![
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    ];
    let alice = bench.federated("alice", &[]);
    assert_eq!(bench.sagemaker(&alice, PRESIGN, &request("carol")).unwrap_err().code, "ResourceNotFound");
}

#[test]
fn a_link_opens_once_and_in_its_time() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    let token = token_of(&bench.sagemaker(&alice, PRESIGN, &request("alice")).unwrap());
    let late = token_of(&bench.sagemaker(&alice, PRESIGN, &request("alice")).unwrap());
    assert_eq!(open(&mut bench.state, "guess", "c", bench.now), Err("This link is not known."));
    bench.later(59);
    assert_eq!(open(&mut bench.state, &token, "cookie", bench.now), Ok(()));
    assert_eq!(open(&mut bench.state, &token, "again", bench.now), Err("This link was used before."));
    bench.later(1);
    assert_eq!(open(&mut bench.state, &late, "late", bench.now), Err("This link has expired."));
    assert!(arrived(&mut bench.state, "cookie", bench.now).is_ok());
    assert!(arrived(&mut bench.state, "late", bench.now).is_err());
}

#[test]
fn a_visit_ends_with_its_time_and_with_its_permission() {
    let mut bench = Bench::new(world());
    let alice = bench.federated("alice", &[]);
    let mut short = request("alice");
    short["SessionExpirationDurationInSeconds"] = json!(1800);
    let token = token_of(&bench.sagemaker(&alice, PRESIGN, &short).unwrap());
    open(&mut bench.state, &token, "cookie", bench.now).unwrap();
    bench.later(1799);
    assert!(arrived(&mut bench.state, "cookie", bench.now).is_ok());
    let key = (DOMAIN.to_owned(), "alice".to_owned());
    bench.state.profiles.get_mut(&key).unwrap().view.tags = tags(&[("studiouserid", "bob")]);
    assert_eq!(arrived(&mut bench.state, "cookie", bench.now).err(), Some("You are no longer authorized."));
    bench.state.profiles.get_mut(&key).unwrap().view.tags = tags(&[("studiouserid", "alice")]);
    bench.later(1);
    assert_eq!(arrived(&mut bench.state, "cookie", bench.now).err(), Some("Your Studio session has ended."));
}

#[test]
fn the_page_shows_who_arrived_and_escapes_everything() {
    let mut bench = Bench::new(world());
    let mut alice = bench.federated("alice", &[]);
    let token = {
        alice.tags.insert("team".into(), "<script>alert(1)</script>".into());
        token_of(&bench.sagemaker(&alice, PRESIGN, &request("alice")).unwrap())
    };
    open(&mut bench.state, &token, "cookie", bench.now).unwrap();
    let html = arrived(&mut bench.state, "cookie", bench.now).unwrap().render().unwrap();
    assert!(!html.contains("<script>") && html.contains("alert(1)"));
    for part in
        ["arn:aws:sts::111122223333:assumed-role/DataScientist/alice", "studiouserid", DOMAIN, "studio::"]
    {
        assert!(html.contains(part), "{part}");
    }
}
