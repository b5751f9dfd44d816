//! A gateway that is killed (SIGKILL) in the middle of a first sign-in, at every call that it makes to AWS: the next sign-in,
//! at another process, finishes what is left.

use crate::browser::between;
use crate::execution_roles::setting;
use crate::processes::{Process, folder};
use crate::stage::{Stage, alice, key};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use studio_gateway::demo::aws::{Effect, Fault, Outcome};
use studio_gateway::demo::idp::people::Person;
use studio_gateway::demo::idp::response::Response;
use studio_gateway::demo::idp::signature::Signed;

/// Only so that a test that is wrong ends.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a first sign-in has to reach, and what the list of calls below must not lack.
const CALLS: [&str; 11] = [
    "dynamodb:PutItem",
    "sts:AssumeRoleWithSAML",
    "sagemaker:DescribeUserProfile",
    "sagemaker:DescribeStudioLifecycleConfig",
    "sagemaker:CreateStudioLifecycleConfig",
    "iam:GetRole",
    "iam:CreateRole",
    "iam:AttachRolePolicy",
    "sagemaker:CreateUserProfile",
    "sagemaker:ListTags",
    "sagemaker:CreatePresignedDomainUrl",
];

/// A person with a role of their own, whose groups bring it policies.
fn newcomer() -> Person {
    let mut alice = alice();
    alice.groups.push("nlp-korean".into());
    alice
}

/// Everything that is asked for once at AWS and kept there.
async fn stage() -> Stage {
    let stage = setting().shared_ledger().set("gateway.preparing_after_milliseconds", 1_800).start().await;
    stage.aws.knobs().pending_describes(2);
    stage
}

/// A gateway as a process of its own, and its address.
fn serve(stage: &Stage, folder: &Path) -> (Process, String) {
    let path = stage.write_into(folder);
    let mut gateway = Process::start(&["serve", "--config", path.to_str().unwrap()]);
    let serving = gateway.line_with("\"serving\"");
    (gateway, between(&serving, "\"address\":\"", "\"").unwrap())
}

/// Signs in with a new response; gives the status and, of a redirect, where it leads.
async fn sign_in(http: Client, address: String, response: Response) -> reqwest::Result<(StatusCode, String)> {
    let xml = response.sign(key(), Signed::Both).unwrap();
    let ask = http.post(format!("http://{address}/saml/acs")).header("accept", "text/html");
    let answer = ask.form(&[("SAMLResponse", Response::encode(&xml))]).send().await?;
    let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    Ok((answer.status(), location.unwrap_or_default()))
}

/// Comes back until Studio opens: a slow machine shows the page that watches first.
async fn into_studio(stage: &Stage, address: &str) {
    loop {
        let answer = sign_in(stage.http.clone(), address.to_owned(), stage.response_for(&newcomer()));
        let (status, link) = answer.await.unwrap();
        if status != StatusCode::OK {
            assert_eq!(status, StatusCode::SEE_OTHER);
            let page = stage.open(&link).await;
            assert_eq!(between(&page.html, "<h1>", "</h1>").unwrap(), "alice");
            return;
        }
    }
}

type Tags = BTreeMap<String, String>;

/// What is there of a person in the end.
#[derive(Debug, PartialEq)]
struct Left {
    /// Status, tags and settings of every profile.
    profiles: Vec<(String, String, Tags, Value)>,
    lifecycle_configs: Vec<String>,
    /// Policies, boundary and tags of every role that people's notebooks run as.
    roles: Vec<(String, BTreeSet<String>, Option<String>, Tags)>,
}

fn left(stage: &Stage) -> Left {
    let roles = stage.aws.roles().into_iter().filter(|role| role.arn.contains(":role/studio/people/"));
    Left {
        profiles: stage
            .aws
            .profiles()
            .into_iter()
            .map(|profile| (profile.name, profile.status, profile.tags, profile.user_settings))
            .collect(),
        lifecycle_configs: stage.aws.lifecycle_configs().into_iter().map(|config| config.arn).collect(),
        roles: roles.map(|role| (role.arn, role.attached, role.boundary, role.tags)).collect(),
    }
}

/// A sign-in that nothing disturbs: its calls, each with its number among those of the same API, and what it leaves.
async fn undisturbed(folder: &Path) -> (Vec<(String, u64)>, Left) {
    let stage = stage().await;
    let (gateway, address) = serve(&stage, folder);
    into_studio(&stage, &address).await;
    gateway.kill();
    let mut seen = BTreeMap::new();
    let mut calls = Vec::new();
    for event in stage.aws.events() {
        let number = seen.entry(event.api.clone()).or_insert(0);
        calls.push((event.api, *number));
        *number += 1;
    }
    for api in CALLS {
        assert!(seen.contains_key(api), "{api} is not called: {calls:?}");
    }
    let left = left(&stage);
    assert_eq!((left.profiles.len(), left.lifecycle_configs.len(), left.roles.len()), (1, 1, 1), "{left:?}");
    let (name, status, tags, settings) = &left.profiles[0];
    assert_eq!(
        (name.as_str(), status.as_str(), tags["studiouserid"].as_str()),
        ("alice", "InService", "alice")
    );
    assert_eq!(
        settings["JupyterLabAppSettings"]["LifecycleConfigArns"],
        serde_json::json!(left.lifecycle_configs)
    );
    assert_eq!(settings["ExecutionRole"], left.roles[0].0);
    assert_eq!(left.roles[0].1.len(), 2, "{left:?}");
    (calls, left)
}

/// Starts a sign-in, and kills the gateway as soon as this call has met its fate. Nobody is let in.
async fn killed_at(stage: &Stage, folder: &Path, api: &str, call: u64, effect: Effect) {
    stage.aws.knobs().schedule(vec![Fault { api: api.to_owned(), call, effect: effect.clone() }]);
    let (gateway, address) = serve(stage, folder);
    let asked = tokio::spawn(sign_in(stage.http.clone(), address, stage.response_for(&newcomer())));
    let held = async {
        while stage.times(api) <= usize::try_from(call).unwrap() {
            tokio::task::yield_now().await;
        }
    };
    let held = tokio::time::timeout(PATIENCE, held).await;
    gateway.kill();
    held.unwrap_or_else(|_| panic!("{api} {call} is not called"));
    if let Ok((status, _)) = asked.await.unwrap() {
        assert_eq!(status, StatusCode::OK, "{api} {call}: only the page that watches was there");
    }
    let events = stage.aws.events();
    let met = events.iter().filter(|event| event.api == api).nth(usize::try_from(call).unwrap()).unwrap();
    assert_eq!(met.outcome == Outcome::Error("Held".into()), effect == Effect::Hold, "{api} {call}: {met:?}");
    stage.aws.knobs().schedule(Vec::new());
}

async fn whatever_the_call(name: &str, effect: Effect) {
    let folder = folder(name);
    let (calls, expected) = undisturbed(&folder).await;
    for (api, call) in calls {
        let stage = stage().await;
        killed_at(&stage, &folder, &api, call, effect.clone()).await;
        let (gateway, address) = serve(&stage, &folder);
        into_studio(&stage, &address).await;
        assert_eq!(left(&stage), expected, "{api} {call} {effect:?}");
        gateway.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_a_call_is_carried_out() {
    whatever_the_call("killed-before", Effect::Hold).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_a_call_was_carried_out_and_before_its_answer() {
    whatever_the_call("killed-after", Effect::HoldAnswer).await;
}
