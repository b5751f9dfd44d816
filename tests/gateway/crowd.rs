//! Many at the same moment: one profile for each person, and nobody else's.

use crate::stage::{Stage, alice, person, together};
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
