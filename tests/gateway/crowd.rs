//! Many at the same moment: one profile for each person, and nobody else's.

use crate::execution_roles;
use crate::stage::{Setting, Stage, alice, person, together};
use std::collections::BTreeSet;
use studio_gateway::demo::aws::{Effect, Fault};

#[tokio::test]
async fn two_people_at_once() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(3);
    let (alice, bob) = (alice(), person("bob"));
    let answers = together([stage.sign_in(&alice), stage.sign_in(&bob)]).await;
    answers[0].expect_studio("alice").await;
    answers[1].expect_studio("bob").await;
    assert_eq!(stage.profile("alice").tags["studiouserid"], "alice");
    assert_eq!(stage.profile("bob").tags["studiouserid"], "bob");
    assert_eq!(stage.aws.lifecycle_configs().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_ten_times_at_once() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(5);
    let alice = alice();
    for answer in together((0..10).map(|_| stage.sign_in(&alice))).await {
        answer.expect_studio("alice").await;
    }
    assert_eq!(stage.aws.profiles().len(), 1);
    assert_eq!(stage.aws.lifecycle_configs().len(), 1);
    let made = stage.called().into_iter().filter(|call| call == "CreateUserProfile").count();
    assert_eq!(made, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_people_at_once() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(2);
    let people: Vec<_> = (0..12).map(|number| person(&format!("user{number}"))).collect();
    let answers = together(people.iter().map(|person| stage.sign_in(person))).await;
    for (person, answer) in people.iter().zip(answers) {
        answer.expect_studio(&person.user_id).await;
        assert_eq!(answer.log().field("user_id"), person.user_id);
    }
    assert_eq!(stage.aws.profiles().len(), 12);
}

#[tokio::test]
async fn a_profile_that_appears_between_two_looks_is_not_taken_for_somebody_elses() {
    let stage = Stage::new().await;
    // The tags of one sign-in are listed before the other one makes the profile, its description comes after.
    stage.aws.knobs().schedule(vec![Fault {
        api: "sagemaker:DescribeUserProfile".into(),
        call: 0,
        effect: Effect::Delay(250),
    }]);
    let alice = alice();
    for answer in together([stage.sign_in(&alice), stage.sign_in(&alice)]).await {
        answer.expect_studio("alice").await;
    }
    assert_eq!(stage.aws.profiles().len(), 1);
}

/// 200 first sign-ins of 50 people at the same moment, spread over all instances.
async fn crowd(setting: Setting, instances: usize) -> Stage {
    let mut setting = setting.set("gateway.sign_in_seconds", 120);
    // However slow this machine is with 200 of them.
    for limit in ["connect", "attempt", "call"] {
        setting = setting.set(&format!("aws.{limit}_milliseconds"), 60_000);
    }
    let stage = setting.instances(instances).start().await;
    stage.aws.knobs().pending_describes(2);
    let people: Vec<_> = (0..50).map(|number| person(&format!("user{number}"))).collect();
    let mut waiting: Vec<_> = (0..200).collect();
    while !waiting.is_empty() {
        let sign_in = |number: &usize| stage.sign_in_at(number / 50 % instances, &people[number % 50]);
        let answers = together(waiting.iter().map(sign_in)).await;
        let answered = waiting.into_iter().zip(answers);
        waiting = Vec::new();
        for (number, answer) in answered {
            // The ledger has five seconds, which are too few for 200 on a slow machine. The page says to try again.
            if answer.log().field("code") == "ledger.unavailable" {
                waiting.push(number);
            } else {
                answer.expect_studio(&people[number % 50].user_id).await;
            }
        }
        assert!(waiting.len() < 200, "nobody came in");
    }
    let profiles = stage.aws.profiles();
    assert_eq!(profiles.len(), 50);
    for profile in &profiles {
        assert_eq!(profile.tags["studiouserid"], profile.name);
    }
    assert_eq!(profiles.iter().map(|profile| &profile.name).collect::<BTreeSet<_>>().len(), 50);
    assert_eq!(stage.aws.lifecycle_configs().len(), 1);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sign_ins_of_fifty_people_at_one_gateway() {
    let stage = crowd(Setting::usual(), 1).await;
    assert_eq!(stage.called().iter().filter(|call| *call == "CreateUserProfile").count(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sign_ins_of_fifty_people_at_three_gateways() {
    let stage = crowd(execution_roles::setting().shared_ledger(), 3).await;
    assert_eq!(stage.called().iter().filter(|call| *call == "CreateUserProfile").count(), 50);
    let roles = stage.aws.roles().into_iter().filter(|role| role.arn.contains(":role/studio/people/"));
    let mut owners = BTreeSet::new();
    for role in roles {
        let owner = &role.tags["studiouserid"];
        assert!(role.arn.ends_with(&format!("/nb-{owner}")), "{role:?}");
        assert_eq!(stage.profile(owner).user_settings["ExecutionRole"], *role.arn);
        owners.insert(owner.clone());
    }
    assert_eq!(owners.len(), 50);
}
