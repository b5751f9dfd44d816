//! A role of their own for each person: made when missing, given what groups and attributes bring, relieved of what they do
//! not bring any more, and never anybody else's.

use crate::stage::{ACCOUNT, Setting, Stage, alice, person, together};
use serde_json::json;
use std::collections::BTreeSet;
use studio_gateway::config::RoleTemplate;
use studio_gateway::demo::aws::{Role, World};
use studio_gateway::demo::idp::people::Person;

const ROLE: &str = "arn:aws:iam::111122223333:role/studio/people/nb-alice";
const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/StudioBoundary";
const BASE: &str = "arn:aws:iam::111122223333:policy/StudioBase";
const NLP: &str = "arn:aws:iam::111122223333:policy/data/Nlp";
const COST: &str = "arn:aws:iam::aws:policy/AWSBillingReadOnlyAccess";
const BY_HAND: &str = "arn:aws:iam::111122223333:policy/ByHand";

pub(crate) fn setting() -> Setting {
    Setting::usual().without("domain.0.profile.execution_role").inside(
        "domain.0",
        &format!(
            r#"
            [execution_role]
            path = "/studio/people/"
            name_prefix = "nb-"
            permissions_boundary = "{BOUNDARY}"
            policies = ["{BASE}"]
            tags = {{ team = "research" }}

            [[execution_role.policy]]
            groups = {{ like = "nlp-*" }}
            arns = ["{NLP}"]

            [[execution_role.policy]]
            groups = ["finance", "data-science"]
            attributes = {{ costcenter = "4711" }}
            arns = ["{COST}", "{NLP}"]
            "#
        ),
    )
}

/// A role as the gateway makes them, but for `change`.
fn with_role(change: impl FnOnce(&mut Role) + 'static) -> Setting {
    let tags = [("studiouserid", "alice"), ("studio-gateway-domain", "d-research")];
    let mut role = Role {
        arn: ROLE.into(),
        trust_policy: RoleTemplate::trust_policy(ACCOUNT),
        boundary: Some(BOUNDARY.into()),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..Role::default()
    };
    change(&mut role);
    setting().world(|world| {
        world.managed_policies.insert(BY_HAND.into(), json!({"Version": "2012-10-17", "Statement": []}));
        world.roles.push(role);
    })
}

fn in_groups(groups: &[&str]) -> Person {
    let mut person = alice();
    person.groups.extend(groups.iter().map(ToString::to_string));
    person
}

#[track_caller]
fn role(stage: &Stage) -> Role {
    stage.aws.roles().into_iter().find(|role| role.arn == ROLE).expect("a role")
}

fn set(arns: &[&str]) -> BTreeSet<String> {
    arns.iter().map(ToString::to_string).collect()
}

/// The calls of IAM since this was asked last.
fn iam(stage: &Stage) -> Vec<String> {
    let mut called: Vec<_> =
        stage.called().into_iter().filter(|call| call.contains("Role") && !call.contains("SAML")).collect();
    called.sort_unstable();
    called
}

#[tokio::test]
async fn a_newcomers_role_is_made_from_the_template_and_the_profile_with_it() {
    let stage = setting().start().await;
    stage.sign_in(&in_groups(&["nlp-korean"])).await.expect_studio("alice").await;
    let role = role(&stage);
    assert_eq!(role.boundary.as_deref(), Some(BOUNDARY));
    assert_eq!(role.attached, set(&[BASE, NLP]));
    assert_eq!(role.max_session_seconds, 3_600);
    assert_eq!(role.tags["studiouserid"], "alice");
    assert_eq!(role.tags["studio-gateway-domain"], "d-research");
    assert_eq!(role.tags["team"], "research");
    let statement = &role.trust_policy["Statement"][0];
    assert_eq!(statement["Principal"]["Service"], "sagemaker.amazonaws.com");
    assert_eq!(statement["Condition"]["StringEquals"]["aws:SourceAccount"], ACCOUNT);
    assert_eq!(stage.profile("alice").user_settings["ExecutionRole"], ROLE);
    assert_eq!(
        iam(&stage),
        [
            "AttachRolePolicy",
            "AttachRolePolicy",
            "CreateRole",
            "GetRole: NoSuchEntity",
            "ListAttachedRolePolicies: NoSuchEntity"
        ]
    );
}

#[tokio::test]
async fn who_comes_back_pays_nothing() {
    let stage = setting().start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.called();
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.called(), ["AssumeRoleWithSAML", "CreatePresignedDomainUrl"]);
}

#[tokio::test]
async fn what_groups_and_attributes_bring_comes_and_goes_at_sign_in() {
    let stage = setting().start().await;
    let mut in_cost_center = alice();
    in_cost_center.attributes.push(("costcenter".into(), vec!["4711".into()]));
    let mut elsewhere = alice();
    elsewhere.attributes.push(("costcenter".into(), vec!["4712".into()]));
    for (person, attached, calls) in [
        (alice(), set(&[BASE]), 4),
        (in_cost_center, set(&[BASE, COST, NLP]), 4),
        (in_groups(&["nlp-korean"]), set(&[BASE, NLP]), 3),
        (in_groups(&["NLP-korean", "xnlp-"]), set(&[BASE]), 3),
        (elsewhere, set(&[BASE]), 0),
    ] {
        iam(&stage);
        stage.sign_in(&person).await.expect_studio("alice").await;
        assert_eq!(role(&stage).attached, attached, "{:?} {:?}", person.groups, person.attributes);
        assert_eq!(iam(&stage).len(), calls, "{:?} {:?}", person.groups, person.attributes);
    }
}

#[tokio::test]
async fn what_was_attached_by_hand_stays_and_what_was_detached_by_hand_comes_back() {
    let stage = with_role(|role| role.attached = set(&[BY_HAND, NLP, COST])).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(role(&stage).attached, set(&[BY_HAND, BASE]));
}

#[tokio::test]
async fn a_role_of_the_same_name_that_is_not_hers_is_left_alone() {
    type Change = fn(&mut Role);
    let changes: [(Change, &str); 8] = [
        (
            |role| drop(role.tags.insert("studiouserid".into(), "mallory".into())),
            "is \"mallory\", not \"alice\"",
        ),
        (|role| drop(role.tags.remove("studiouserid")), "it has no tag \"studiouserid\""),
        (|role| drop(role.tags.insert("studio-gateway-domain".into(), "d-platform".into())), "d-platform"),
        (|role| drop(role.tags.remove("studio-gateway-domain")), "it has no tag"),
        (|role| role.boundary = None, "it has no permissions boundary"),
        (|role| role.boundary = Some(BASE.into()), "its permissions boundary is"),
        (|role| role.arn = "arn:aws:iam::111122223333:role/nb-alice".into(), "expected arn:"),
        (
            |role| {
                role.trust_policy["Statement"][0]["Principal"] =
                    json!({"AWS": "arn:aws:iam::111122223333:role/Mallory"});
            },
            "its trust policy",
        ),
    ];
    for (change, reason) in changes {
        let stage = with_role(change).start().await;
        let before = stage.aws.roles();
        let answer = stage.sign_in(&in_groups(&["nlp-korean"])).await;
        answer.expect_refused(409, "execution-role.conflict").because(reason);
        assert_eq!(format!("{before:?}"), format!("{:?}", stage.aws.roles()), "{reason}");
        assert_eq!(stage.aws.profiles().len(), 0, "{reason}");
    }
}

#[tokio::test]
async fn nothing_is_made_for_somebody_whom_sts_does_not_accept() {
    let stage = setting()
        .world(|world| {
            for role in &mut world.roles {
                let statements = role.trust_policy["Statement"].as_array_mut().unwrap();
                statements.retain(|statement| statement["Action"] != "sts:TagSession");
            }
        })
        .start()
        .await;
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied");
    assert_eq!(iam(&stage), ["GetRole: NoSuchEntity", "ListAttachedRolePolicies: NoSuchEntity"]);
}

#[tokio::test]
async fn sagemaker_that_cannot_take_the_new_role_yet_is_waited_for() {
    let stage = setting().start().await;
    stage.aws.knobs().fail("CreateUserProfile", 3, 400, "ValidationException");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 4);
    assert_eq!(stage.times("iam:CreateRole"), 1);
}

#[tokio::test]
async fn waiting_for_a_new_role_ends() {
    let stage = setting().set("domain.0.ready_seconds", 0).start().await;
    stage.aws.knobs().fail("CreateUserProfile", 1, 400, "ValidationException");
    stage.sign_in(&alice()).await.expect_refused(503, "profile.pending");
    // The next sign-ins go on with it: one makes the profile, one finds it ready.
    stage.sign_in(&alice()).await.expect_refused(503, "profile.pending");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("iam:CreateRole"), 1);
}

#[tokio::test]
async fn iam_that_does_not_know_its_new_role_yet_is_waited_for() {
    let stage = setting().start().await;
    stage.aws.knobs().fail("AttachRolePolicy", 1, 404, "NoSuchEntity");
    stage.aws.knobs().fail("AttachRolePolicy", 1, 409, "ConcurrentModification");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(role(&stage).attached, set(&[BASE]));
}

#[tokio::test]
async fn iam_in_trouble() {
    for (api, status, code, expected) in [
        ("iam:GetRole", 403, "AccessDenied", (502, "aws.denied")),
        ("iam:ListAttachedRolePolicies", 500, "ServiceFailure", (502, "aws.unavailable")),
        ("iam:CreateRole", 409, "LimitExceeded", (503, "aws.limit")),
        ("iam:AttachRolePolicy", 409, "LimitExceeded", (502, "execution-role.failed")),
        ("iam:AttachRolePolicy", 400, "Throttling", (503, "aws.throttled")),
    ] {
        let stage = setting().start().await;
        // Where the role is not there yet, its policies are not looked for again.
        if api == "iam:ListAttachedRolePolicies" {
            stage.sign_in(&alice()).await.expect_studio("alice").await;
        }
        stage.aws.knobs().fail(api, 9, status, code);
        let answer = stage.sign_in(&in_groups(&["nlp-korean"])).await;
        answer.expect_refused(expected.0, expected.1).because(api);
        stage.aws.knobs().clear();
        stage.sign_in(&in_groups(&["nlp-korean"])).await.expect_studio("alice").await;
        assert_eq!(role(&stage).attached, set(&[BASE, NLP]), "{api}");
    }
}

#[tokio::test]
async fn a_policy_that_does_not_exist() {
    // A role that was just made is given time; none, here.
    let stage = setting()
        .set("domain.0.ready_seconds", 0)
        .world(|world| drop(world.managed_policies.remove(NLP)))
        .start()
        .await;
    stage.sign_in(&alice()).await;
    let answer = stage.sign_in(&in_groups(&["nlp-korean"])).await;
    answer.expect_refused(502, "execution-role.failed").because("iam:AttachRolePolicy: NoSuchEntity");
}

#[tokio::test]
async fn aws_itself_keeps_the_gateway_to_the_declared_set_and_the_boundary() {
    // The policies that the documentation tells an admin to write: asked as the gateway, past its own code.
    let stage = with_role(|role| role.boundary = None).start().await;
    let iam = stage.gateway_iam().await;
    let attach =
        |name: &str, policy: &str| iam.attach_role_policy().role_name(name).policy_arn(policy).send();
    assert!(attach("nb-alice", BASE).await.is_err(), "no boundary");
    let create = |name: &str, boundary: Option<&str>| {
        let trust = RoleTemplate::trust_policy(ACCOUNT).to_string();
        let create =
            iam.create_role().role_name(name).path("/studio/people/").assume_role_policy_document(trust);
        create.set_permissions_boundary(boundary.map(str::to_owned)).send()
    };
    assert!(create("nb-bob", None).await.is_err());
    assert!(create("nb-bob", Some(BASE)).await.is_err());
    assert!(create("admin", Some(BOUNDARY)).await.is_err());
    assert!(create("nb-bob", Some(BOUNDARY)).await.is_ok());
    assert!(attach("nb-bob", BY_HAND).await.is_err(), "not declared");
    assert!(attach("nb-bob", BASE).await.is_ok());
    let boundary = iam.put_role_permissions_boundary().role_name("nb-bob").permissions_boundary(BASE).send();
    assert!(boundary.await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_ten_times_at_once_has_one_role() {
    let stage = setting().start().await;
    let alice = alice();
    for answer in together((0..10).map(|_| stage.sign_in(&alice))).await {
        answer.expect_studio("alice").await;
    }
    let roles = stage.aws.roles();
    assert_eq!(roles.iter().filter(|role| role.arn.contains("/nb-")).count(), 1);
    assert_eq!(role(&stage).attached, set(&[BASE]));
}

#[tokio::test]
async fn an_odd_user_id_has_a_valid_role_name_of_its_own() {
    let stage = setting().start().await;
    let long = format!("{}@example.com", "x".repeat(90));
    for user in ["../../admin", "a+b=c", long.as_str(), "Alice"] {
        let mut odd = person("odd");
        odd.user_id = user.to_owned();
        stage.sign_in(&odd).await.expect_granted();
    }
    let names: Vec<_> = stage
        .aws
        .roles()
        .into_iter()
        .filter_map(|role| {
            Some(role.arn.strip_prefix("arn:aws:iam::111122223333:role/studio/people/nb-")?.to_owned())
        })
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| name != "alice" && name.len() <= 61 && !name.contains('/')), "{names:?}");
}

#[tokio::test]
async fn a_role_that_may_not_be_passed_on_makes_no_profile() {
    let stage = setting()
        .world(|world: &mut World| {
            for keys in &mut world.gateway_keys {
                keys.policies.push(json!({"Version": "2012-10-17", "Statement": [
                    {"Effect": "Deny", "Action": "iam:PassRole", "Resource": ROLE}]}));
            }
        })
        .start()
        .await;
    stage
        .sign_in(&alice())
        .await
        .expect_refused(502, "aws.denied")
        .because("sagemaker:CreateUserProfile: AccessDeniedException");
}

#[tokio::test]
async fn a_new_role_is_waited_for_by_the_request_after_the_one_that_made_it() {
    let stage = setting().start().await;
    // The first request ends in the middle: what it made is new all the same.
    stage.aws.knobs().fail("CreateUserProfile", 3, 500, "InternalFailure");
    stage.sign_in(&alice()).await.expect_refused(502, "aws.unavailable");
    stage.aws.knobs().clear();
    stage.aws.knobs().fail("CreateUserProfile", 2, 400, "ValidationException");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_role_held_elsewhere_brings_no_policies_here() {
    let stage = Setting::usual()
        .without("domain.0.profile.execution_role")
        .inside(
            "domain.0",
            &format!(
                r#"
                [execution_role]
                path = "/studio/people/"
                name_prefix = "nb-"
                permissions_boundary = "{BOUNDARY}"
                [[execution_role.policy]]
                roles = {{ like = "*MLEngineer" }}
                arns = ["{NLP}"]
                "#
            ),
        )
        .start()
        .await;
    let ada = crate::stage::ada();
    let offered = stage.sign_in(&ada).await;
    let token = crate::browser::hidden(&offered.body, "token");
    let mut browser = crate::browser::Browser::default();
    browser.absorb(&offered);
    let key = format!("research|{}", crate::stage::DATA_SCIENTIST);
    stage.choose(&token, &key).from(&browser).await.expect_studio("ada").await;
    let role = stage.aws.roles().into_iter().find(|role| role.arn.ends_with("/nb-ada")).unwrap();
    assert_eq!(role.attached, BTreeSet::new());
}
