//! The states of a profile: what a person is told in each, what they wait for, and what is asked of AWS meanwhile.

use crate::log_lines;
use crate::stage::{Setting, Stage, alice, together};
use chrono::TimeDelta;
use std::time::Duration;

#[tokio::test]
async fn a_profile_that_is_still_pending_is_picked_up_by_the_next_sign_in() {
    let stage = Setting::usual().set("domain.0.ready_seconds", 0).start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(2));
    stage.sign_in(&alice()).await.expect_refused(503, "profile.pending").because("not in service after 0 s");
    assert_eq!(stage.profile("alice").status, "Pending");
    stage.sign_in(&alice()).await.expect_refused(503, "profile.pending");

    stage.clock.advance(TimeDelta::minutes(2));
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
}

#[tokio::test]
async fn a_profile_that_fails_says_why_in_the_log_only() {
    let stage = Stage::new().await;
    stage.aws.knobs().fail_creation("Cannot attach subnet-0badcafe\nforged: line");
    let answer = stage.sign_in(&alice()).await;
    let log = answer.expect_refused(502, "profile.failed");
    log.because("user-profile/d-research/alice").because("subnet-0badcafe");
    assert!(!log.field("reason").contains('\n'), "one line stays one line");
    assert!(!answer.body.contains("subnet"));
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
}

#[tokio::test]
async fn a_profile_that_is_being_deleted() {
    let stage = Setting::usual().profile("alice", Some("alice"), "Deleting").start().await;
    stage.sign_in(&alice()).await.expect_refused(503, "profile.deleting").because("Deleting");
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
}

#[tokio::test]
async fn a_profile_after_a_failed_update_still_opens() {
    let stage = Setting::usual().profile("alice", Some("alice"), "Update_Failed").start().await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
}

#[tokio::test]
async fn a_profile_whose_tags_are_not_to_be_seen_yet_is_waited_for() {
    let stage =
        Setting::usual().profile("alice", None, "Pending").set("domain.0.ready_seconds", 0).start().await;
    stage.sign_in(&alice()).await.expect_refused(503, "profile.pending");
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
}

/// How often each look was taken since it was asked last.
fn looks(called: &[String]) -> (usize, usize) {
    let count = |call: &str| called.iter().filter(|called| called.starts_with(call)).count();
    (count("DescribeUserProfile"), count("ListTags"))
}

#[tokio::test]
async fn the_tags_of_a_profile_that_we_made_are_not_looked_up_while_it_is_pending() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(5);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    // One look at what is not there yet, then as many as it is pending, and the one that finds it in service.
    assert_eq!(looks(&stage.called()), (7, 1));
}

#[tokio::test]
async fn the_tags_of_a_pending_profile_are_looked_up_once() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(1);
    stage.aws.knobs().lose_answer("CreateUserProfile", 1);
    stage.aws.knobs().pending_describes(5);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    // The answer got lost, so the profile that is there may be anybody's: its tags are read, once, and found to be hers.
    let (describes, lists) = looks(&stage.called());
    assert_eq!(describes, 7);
    assert_eq!(lists, 2, "in vain before it was there, and once after");
}

#[tokio::test]
async fn a_new_profile_that_cannot_be_seen_at_once() {
    let stage = Stage::new().await;
    stage.aws.knobs().unseen_describes(3);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1, "it is not made again");
    let missing = "DescribeUserProfile: ResourceNotFound".to_owned();
    assert_eq!(stage.called().into_iter().filter(|call| *call == missing).count(), 4);
}

#[tokio::test]
async fn a_new_profile_that_presigning_does_not_know_yet() {
    let stage = Stage::new().await;
    stage.aws.knobs().fail("CreatePresignedDomainUrl", 1, 400, "ResourceNotFound");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);

    let stage = Stage::new().await;
    stage.aws.knobs().fail("CreatePresignedDomainUrl", 10, 400, "ResourceNotFound");
    stage.sign_in(&alice()).await.expect_refused(502, "aws.unavailable").because("ResourceNotFound");
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 2, "one second look, and no third");
}

#[tokio::test]
async fn made_by_somebody_else_a_moment_earlier() {
    // Another gateway, or the person's second tab: it is theirs.
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(2);
    stage.aws.knobs().rival(&[("studiouserid", "alice")]);
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert!(stage.called().contains(&"CreateUserProfile: ResourceInUse".to_owned()));

    // An admin at the console: whose it is is not said, or somebody else is.
    for (tags, reason) in [(vec![], "has no tag"), (vec![("studiouserid", "mallory")], "names \"mallory\"")] {
        let stage = Stage::new().await;
        stage.aws.knobs().rival(&tags);
        stage.sign_in(&alice()).await.expect_refused(409, "profile.conflict").because(reason);
        assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 0);
        assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
    }
}

#[tokio::test]
async fn a_profile_whose_deletion_failed_says_why_in_the_log() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    stage.aws.knobs().fail_deletion("apps are still running");
    let admin = stage.admin().await;
    admin.delete_user_profile().domain_id("d-research").user_profile_name("alice").send().await.unwrap();
    // Waiting does not help, so it is not said to be on its way out.
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(502, "profile.failed").because("Delete_Failed").because("apps are still running");
    assert!(!answer.body.contains("apps are still running"));
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 0);
}

#[tokio::test]
async fn a_profile_that_is_gone_once_its_deletion_ends_is_made_anew() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    stage.aws.knobs().pending_describes(1);
    let admin = stage.admin().await;
    admin.delete_user_profile().domain_id("d-research").user_profile_name("alice").send().await.unwrap();
    stage.sign_in(&alice()).await.expect_refused(503, "profile.deleting");
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
}

#[tokio::test]
async fn a_failed_update_is_told_in_the_log_and_keeps_nobody_out() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    stage.aws.knobs().fail_updates("subnet-0badcafe has no addresses left");
    update(&stage).await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.profile("alice").status, "Update_Failed");
    let told = log_lines::any(|line| line.field("reason") == "subnet-0badcafe has no addresses left");
    assert!(told.unwrap().field("profile").ends_with("user-profile/d-research/alice"));
}

/// Somebody changes alice's profile.
async fn update(stage: &Stage) {
    let settings = aws_sdk_sagemaker::types::UserSettings::builder().studio_web_portal("ENABLED".into());
    let admin = stage.admin().await;
    let update = admin.update_user_profile().domain_id("d-research").user_profile_name("alice");
    update.user_settings(settings.build()).send().await.unwrap();
}

#[tokio::test]
async fn nobody_waits_for_an_update_if_studio_opens_meanwhile() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(10));
    update(&stage).await;
    stage.called();
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(looks(&stage.called()), (1, 1));
    assert_eq!(stage.profile("alice").status, "Updating");
}

#[tokio::test]
async fn an_update_is_waited_for_if_studio_does_not_open_meanwhile() {
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    stage.aws.knobs().close_while_updating(true);
    stage.aws.knobs().pending_describes(3);
    update(&stage).await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreatePresignedDomainUrl"), 2);

    // Also of a profile that was in service a moment ago and so is not looked at first.
    update(&stage).await;
    stage.sign_in(&alice()).await.expect_studio("alice").await;

    // And not for ever.
    let stage =
        Setting::usual().profile("alice", Some("alice"), "").set("domain.0.ready_seconds", 0).start().await;
    stage.aws.knobs().close_while_updating(true);
    stage.aws.knobs().pending_for(Duration::from_mins(10));
    update(&stage).await;
    stage.sign_in(&alice()).await.expect_refused(503, "profile.pending").because("not in service after 0 s");
}

#[tokio::test]
async fn a_crowd_of_first_sign_ins_of_one_person_makes_one_profile() {
    let stage = Stage::new().await;
    stage.aws.knobs().pending_describes(3);
    stage.aws.knobs().unseen_describes(2);
    for answer in together((0..8).map(|_| stage.sign_in(&alice()))).await {
        answer.expect_studio("alice").await;
    }
    assert_eq!(stage.aws.profiles().len(), 1);
}
