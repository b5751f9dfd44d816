//! What is told of sign-ins and of changes at AWS afterwards, as the sinks at AWS receive it.

use crate::stage::{ACCOUNT, DATA_SCIENTIST, Setting, Stage, ada, alice, person, stranger_key};
use crate::{drift, execution_roles, spaces};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;
use studio_gateway::demo::aws::{Effect, Fault, ReceivedEvent};
use studio_gateway::demo::idp::signature::Signed;

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64)";
const PATIENCE: Duration = Duration::from_mins(1);

fn firehose(setting: Setting) -> Setting {
    setting.set("audit.firehose.stream", "studio-audit")
}

/// Everything that was sent so far.
async fn received(stage: &Stage) -> Vec<ReceivedEvent> {
    stage.gateway.audit.flush(PATIENCE).await;
    stage.aws.received()
}

/// ... as JSON.
async fn events(stage: &Stage) -> Vec<Value> {
    let all = received(stage).await;
    all.iter().map(|event| serde_json::from_str(&event.text).expect("one line of JSON")).collect()
}

async fn sign_ins(stage: &Stage) -> Vec<Value> {
    events(stage).await.into_iter().filter(|event| event["event"] == "sign-in").collect()
}

async fn acts(stage: &Stage) -> Vec<Value> {
    events(stage).await.into_iter().filter(|event| event["event"] != "sign-in").collect()
}

fn audited(stage: &Stage, sink: &str, outcome: &str) -> u64 {
    let wanted = format!("studio_gateway_audit_events_total{{sink=\"{sink}\",outcome=\"{outcome}\"}} ");
    let text = stage.gateway.metrics.text();
    text.lines().find_map(|line| line.strip_prefix(&wanted)?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_sign_in_is_one_event_that_says_who_where_and_by_which_calls() {
    let stage = firehose(Setting::usual()).profile("alice", Some("alice"), "").start().await;
    let answer = stage.sign_in(&alice()).header("user-agent", AGENT).await;
    answer.expect_studio("alice").await;
    let told = events(&stage).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let event = &told[0];
    for (field, value) in [
        ("audit", "studio-gateway/1"),
        ("event", "sign-in"),
        ("outcome", "granted"),
        ("request_id", answer.request_id()),
        ("client", "127.0.0.1"),
        ("user_agent", AGENT),
        ("idp", "corp"),
        ("subject", "alice"),
        ("user_id", "alice"),
        ("session_name", "alice"),
        ("destination", "research"),
        ("domain", "research"),
        ("domain_id", "d-research"),
        ("account", ACCOUNT),
        ("region", "ap-northeast-2"),
        ("rule", "Data scientists"),
        ("role", DATA_SCIENTIST),
        ("profile", "alice"),
        ("role_session", "arn:aws:sts::111122223333:assumed-role/DataScientist/alice"),
        ("gateway_version", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(event[field], value, "{field} of {event}");
    }
    assert_eq!(event["assertion"].as_str().unwrap().len(), 64, "a hash");
    assert!(event["milliseconds"].is_u64(), "{event}");
    // CloudTrail has the same request ids.
    let ours = event["aws_calls"].as_array().unwrap();
    for trail in stage.aws.events().iter().filter(|call| !call.api.starts_with("firehose:")) {
        let call = ours.iter().find(|call| call["request_id"] == trail.request_id.as_str());
        let call = call.unwrap_or_else(|| panic!("{} is not in {event}", trail.api));
        assert_eq!((&call["api"], &call["outcome"]), (&json!(trail.api), &json!("ok")));
        assert!(call["milliseconds"].is_u64());
    }
    assert_eq!(ours.len(), 4, "{event}");
}

#[tokio::test]
async fn a_refusal_tells_what_is_proven_and_nothing_else() {
    let stage = firehose(Setting::usual()).start().await;
    let forged = stage.response_for(&alice()).sign(stranger_key(), Signed::Both).unwrap();
    stage.post_xml(&forged).await.expect_refused(403, "assertion.rejected");
    stage.post_value("%%%").await.expect_refused(400, "request.malformed");
    let mut nobody = alice();
    nobody.groups.clear();
    stage.sign_in(&nobody).await.expect_refused(403, "entitlement.none");
    stage.aws.knobs().fail("sts:AssumeRoleWithSAML", 2, 403, "AccessDenied");
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied");
    let told = sign_ins(&stage).await;
    let codes: Vec<_> = told.iter().map(|event| event["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["assertion.rejected", "request.malformed", "entitlement.none", "aws.denied"]);
    assert!(told.iter().all(|event| event["outcome"] == "refused" && event["reason"].is_string()));
    assert_eq!(told[0]["idp"], "corp", "whose key it is not");
    assert!(told[0].get("subject").is_none() && told[0].get("assertion").is_none(), "{}", told[0]);
    assert_eq!(told[2]["subject"], "alice", "her IdP said so");
    assert!(told[2].get("destination").is_none());
    let failed =
        &told[3]["aws_calls"].as_array().unwrap().iter().find(|call| call["outcome"] == "error").unwrap();
    assert_eq!((&failed["api"], &failed["status"]), (&json!("sts:AssumeRoleWithSAML"), &json!(403)));
}

#[tokio::test]
async fn every_change_at_aws_is_an_event_of_its_own() {
    let stage = firehose(Setting::usual()).start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_studio("alice").await;
    let told = acts(&stage).await;
    let kinds: Vec<_> = told.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["lifecycle-config-created", "profile-created"]);
    for event in &told {
        assert_eq!(event["outcome"], "done");
        assert_eq!(event["request_id"], answer.request_id(), "what it was done for");
        assert_eq!((&event["user_id"], &event["rule"]), (&json!("alice"), &json!("Data scientists")));
    }
    assert_eq!(told[1]["resource"], "alice");
    assert_eq!(told[1]["tags"], json!(["managed-by", "studiouserid"]));
    let created =
        stage.aws.events().into_iter().find(|call| call.api == "sagemaker:CreateUserProfile").unwrap();
    assert_eq!(told[1]["aws_calls"][0]["request_id"], created.request_id.as_str());

    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(acts(&stage).await.len(), 2, "nothing was changed by the second");
    let counted = "studio_gateway_provisioning_acts_total{act=\"profile-created\",outcome=\"ok\"} 1";
    assert!(stage.gateway.metrics.text().contains(counted));
}

#[tokio::test]
async fn roles_spaces_tags_and_updates_are_told_as_well() {
    let stage = firehose(execution_roles::setting()).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let told = acts(&stage).await;
    let role = told.iter().find(|event| event["event"] == "execution-role-created").unwrap();
    assert_eq!(role["resource"], "nb-alice");
    let attached: Vec<_> =
        told.iter().filter(|event| event["event"] == "execution-role-policy-attached").collect();
    assert!(attached.iter().any(|event| event["policy"].as_str().unwrap().ends_with("policy/StudioBase")));

    let stage = firehose(spaces::private()).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let told = acts(&stage).await;
    let space = told.iter().find(|event| event["event"] == "space-created").unwrap();
    assert_eq!(space["resource"], "alice-lab");

    let stage = firehose(drift::setting("reconcile", "alice")).start().await;
    stage.sign_in(&drift::in_cost_centre("alice", "4711")).await.expect_studio("alice").await;
    let told = acts(&stage).await;
    let of = |kind: &str| told.iter().find(|event| event["event"] == kind).cloned().unwrap();
    assert_eq!(of("profile-tagged")["resource"], "alice");
    assert_eq!(of("profile-tagged")["tags"], json!(["cost-center", "managed-by"]));
    assert_eq!(of("profile-updated")["resource"], "alice");
    let text = told.iter().map(ToString::to_string).collect::<String>();
    assert!(!text.contains("4711"), "values of tags are nobody's business: {text}");
}

#[tokio::test]
async fn a_change_that_nobody_waits_for_any_longer_is_told_as_unknown() {
    let stage = firehose(Setting::usual())
        .adjust(|config| config.gateway.prepare_after = Duration::from_millis(500))
        .start()
        .await;
    let held = Fault { api: "sagemaker:CreateUserProfile".into(), call: 0, effect: Effect::HoldAnswer };
    stage.aws.knobs().schedule(vec![held]);
    stage.sign_in(&alice()).await.expect_preparing();
    let told = acts(&stage).await;
    let created = told.iter().find(|event| event["event"] == "profile-created").unwrap();
    assert_eq!(created["outcome"], "unknown");
    assert_eq!(created["aws_calls"][0]["outcome"], "dropped");
    assert_eq!(stage.profile("alice").tags["studiouserid"], "alice", "and AWS did it all the same");
}

#[tokio::test]
async fn each_sink_receives_every_event() {
    let setting = firehose(Setting::usual())
        .set("audit.cloudwatch_logs.group", "/studio/audit")
        .set("audit.cloudwatch_logs.stream", "gateway")
        .set("audit.eventbridge.bus", "security");
    let stage = setting.start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    stage.sign_in(&person("bob")).await.expect_studio("bob").await;
    let all = received(&stage).await;
    let of = |service: &str| {
        let mut texts: Vec<_> = all
            .iter()
            .filter(|event| event.service == service)
            .map(|event| event.text.trim().to_owned())
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(of("firehose").len(), 5, "two sign-ins, two profiles, a lifecycle config");
    assert_eq!(of("firehose"), of("logs"));
    assert_eq!(of("firehose"), of("events"));
    assert!(all.iter().filter(|event| event.service == "firehose").all(|event| event.text.ends_with('\n')));
    let logged: Vec<_> = all.iter().filter(|event| event.service == "logs").map(|event| event.time).collect();
    assert!(logged.iter().all(|time| *time == Some(stage.clock.now().timestamp_millis())), "{logged:?}");
    let kinds: Vec<_> = all.iter().filter_map(|event| event.detail_type.as_deref()).collect();
    assert!(kinds.contains(&"sign-in") && kinds.contains(&"profile-created"), "{kinds:?}");
}

#[tokio::test]
async fn what_a_sink_does_not_take_is_sent_again() {
    let stage = firehose(Setting::usual()).set("audit.eventbridge.bus", "security").start().await;
    stage.aws.knobs().refuse_one_of_batches(2);
    stage.aws.knobs().reset("firehose:PutRecordBatch", 1);
    stage.aws.knobs().throttle("events:PutEvents", 1);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    let all = received(&stage).await;
    for service in ["firehose", "events"] {
        let mut kinds: Vec<_> = all
            .iter()
            .filter(|event| event.service == service)
            .map(|event| serde_json::from_str::<Value>(&event.text).unwrap()["event"].to_string())
            .collect();
        kinds.sort();
        assert_eq!(
            kinds,
            ["\"lifecycle-config-created\"", "\"profile-created\"", "\"sign-in\""],
            "{service}"
        );
    }
    assert_eq!((audited(&stage, "firehose", "delivered"), audited(&stage, "firehose", "failed")), (3, 0));
}

#[tokio::test]
async fn a_sink_that_is_gone_loses_events_and_nobodys_sign_in() {
    let stage = firehose(Setting::usual()).world(|world| world.event_sinks.clear()).start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(received(&stage).await, []);
    assert!(audited(&stage, "firehose", "failed") > 0);
}

#[tokio::test]
async fn a_full_queue_loses_events_and_holds_nobody_up() {
    let stage = firehose(Setting::usual()).set("audit.queue", 100).start().await;
    let held = Fault { api: "firehose:PutRecordBatch".into(), call: 0, effect: Effect::Hold };
    stage.aws.knobs().schedule(vec![held]);
    // One batch is held, a hundred events wait, and the queue cannot take the rest.
    let mut answered = 0;
    while audited(&stage, "firehose", "dropped") == 0 {
        stage.post_value("%%%").await.expect_refused(400, "request.malformed");
        answered += 1;
        assert!(answered <= 5_000, "the queue has no end");
    }
    assert!(answered > 100, "{answered}");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn the_end_of_the_service_sends_what_is_left() {
    let stage = firehose(Setting::usual()).start().await;
    for _ in 0..20 {
        stage.post_value("%%%").await.expect_refused(400, "request.malformed");
    }
    stage.stop().await;
    assert_eq!(stage.aws.received().len(), 20);
}

#[tokio::test]
async fn pseudonyms_stand_for_people_and_for_nobody_else() {
    let key = STANDARD.encode([7; 32]);
    let setting = firehose(spaces::private()).file("pseudonyms", &key);
    let stage = setting.set("audit.pseudonymise", "file:pseudonyms").start().await;
    let alice = alice();
    stage.sign_in(&alice).header("user-agent", AGENT).await.expect_studio("alice").await;
    stage.sign_in(&alice).await.expect_studio("alice").await;
    stage.sign_in(&person("bob")).await.expect_studio("bob").await;
    stage.aws.knobs().fail("sts:AssumeRoleWithSAML", 2, 403, "AccessDenied");
    stage.sign_in(&ada()).relay_state("to.research").await;
    let all = received(&stage).await;
    for event in &all {
        for personal in ["alice", "bob", "ada", "127.0.0.1", "Mozilla", "AccessDenied"] {
            assert!(!event.text.contains(personal), "{personal} in {}", event.text);
        }
        assert!(!event.text.contains(&key), "{}", event.text);
    }
    let told = sign_ins(&stage).await;
    assert!(told[0]["user_id"].as_str().unwrap().starts_with("p-"), "{}", told[0]);
    assert_eq!(told[0]["user_id"], told[1]["user_id"]);
    assert_eq!(told[0]["user_id"], told[0]["session_name"]);
    assert_ne!(told[0]["user_id"], told[2]["user_id"]);
    assert_eq!(told[0]["role"], DATA_SCIENTIST);
    let acts = acts(&stage).await;
    assert!(acts.iter().any(|event| event["resource"] == told[0]["profile"]), "{acts:?}");
}

#[tokio::test]
async fn nothing_is_told_where_nobody_asked_for_it() {
    let stage = Stage::new().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(received(&stage).await, []);
}
