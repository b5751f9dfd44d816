//! Notebook instances: started when stopped, waited for, and never opened where they are somebody else's.

use crate::browser::{Answer, Browser, Waiting, between, unescape};
use crate::stage::{ACCOUNT, DATA_SCIENTIST, Setting, Stage, alice, person};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Duration;
use studio_gateway::demo::aws::Notebook;
use studio_gateway::demo::idp::people::Person;

const REGION: &str = "ap-northeast-2";
const START: &str = "sagemaker:StartNotebookInstance";
const PRESIGN: &str = "sagemaker:CreatePresignedNotebookInstanceUrl";
const RULE: &str = r#"
[[rule]]
name = "Data scientists"
groups = "data-science"
allow = "notebook"
"#;

/// The only way is to notebook instances: those that `which` says.
fn to(which: &str) -> Setting {
    let destination = format!(
        r#"
[[destination]]
key = "notebook"
name = "Notebook"
[destination.notebook]
{which}
region = "{REGION}"
roles = ["{DATA_SCIENTIST}"]
poll_milliseconds = 1
"#
    );
    Setting::usual().append(&destination).rules(RULE)
}

/// One for each person, by name.
fn own() -> Setting {
    to("name = '{user_id}-notebook'")
}

fn instance(name: &str, owner: Option<&str>, status: &str) -> Notebook {
    Notebook {
        account: ACCOUNT.into(),
        region: REGION.into(),
        name: name.into(),
        tags: owner.map(|owner| ("studiouserid".to_owned(), owner.to_owned())).into_iter().collect(),
        status: status.into(),
        failure_reason: None,
    }
}

trait With {
    /// Puts an instance there.
    fn with(self, name: &str, owner: Option<&str>, status: &str) -> Self;
}

impl With for Setting {
    fn with(self, name: &str, owner: Option<&str>, status: &str) -> Self {
        let there = instance(name, owner, status);
        self.world(|world| world.notebooks.push(there))
    }
}

fn status(stage: &Stage, name: &str) -> String {
    let found = stage.aws.notebooks().into_iter().find(|notebook| notebook.name == name);
    found.unwrap_or_else(|| panic!("no instance {name}")).status
}

fn key(name: &str) -> String {
    format!("notebook|{DATA_SCIENTIST}|{name}")
}

/// The person's browser, with the page to choose from in front of it, and its token.
fn chooser(answer: &Answer<'_>) -> (Browser, String, Vec<String>) {
    let mut browser = Browser::default();
    browser.absorb(answer);
    let chooser = answer.expect_chooser();
    (browser, chooser.token, chooser.offers)
}

#[tokio::test]
async fn an_instance_that_runs_is_opened() {
    let stage = own().with("alice-notebook", Some("alice"), "").start().await;
    let page = stage.sign_in(&alice()).await.expect_notebook("alice-notebook").await;
    let arn = format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:notebook-instance/alice-notebook");
    assert_eq!(page.fact("Notebook instance"), arn);
    assert_eq!(page.fact("Role session"), format!("arn:aws:sts::{ACCOUNT}:assumed-role/DataScientist/alice"));
    assert_eq!(
        stage.called(),
        ["DescribeNotebookInstance", "ListTags", "AssumeRoleWithSAML", "CreatePresignedNotebookInstanceUrl"]
    );
    // The role session can open this one and do nothing else.
    let events = stage.aws.events();
    let assumed = events.iter().find(|event| event.api == "sts:AssumeRoleWithSAML").unwrap();
    let policy: Value = serde_json::from_str(assumed.parameters["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
    assert_eq!(policy["Statement"][0], json!({ "Effect": "Allow", "Action": PRESIGN, "Resource": arn }));
}

#[tokio::test]
async fn the_first_sign_in_to_a_stopped_one_starts_it() {
    let setting = own().with("alice-notebook", Some("alice"), "Stopped").impatient();
    let stage = setting.start().await;
    stage.aws.knobs().pending_describes(2);
    let answer = stage.sign_in(&alice()).await;
    let waiting = answer.expect_preparing();
    assert!(answer.body.contains("Starting your notebook instance"), "{}", answer.body);
    assert!(!answer.body.contains("Studio profile"), "{}", answer.body);
    let mut steps = waiting.watch(&stage).await.events();
    steps.dedup();
    let names: Vec<_> = steps.iter().map(|(name, data)| format!("{name} {data}")).collect();
    assert_eq!(names, ["step looking", "step signing-in", "step instance", "ready "]);
    assert_eq!(status(&stage, "alice-notebook"), "InService");
    waiting.go_on(&stage).await.expect_notebook("alice-notebook").await;
    assert_eq!(stage.times(START), 1);
}

#[tokio::test]
async fn an_instance_that_takes_minutes_is_waited_for_by_one_request_after_the_other() {
    let setting = own().with("alice-notebook", Some("alice"), "Stopped").impatient();
    let stage = setting.set("destination.0.notebook.ready_seconds", 0).start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(4));
    let waiting = stage.sign_in(&alice()).await.expect_preparing();
    for _ in 0..2 {
        let watched = waiting.watch(&stage).await;
        assert_eq!(watched.last_event().0, "again");
        assert_eq!(watched.log().field("outcome"), "preparing");
    }
    // Without scripts, or as a program.
    let early = waiting.go_on(&stage).await;
    early.expect_refused(503, "notebook.pending").because("not in service after 0 s: Pending");
    stage.clock.advance(TimeDelta::minutes(4));
    assert_eq!(waiting.watch(&stage).await.last_event().0, "ready");
    waiting.go_on(&stage).await.expect_notebook("alice-notebook").await;
    assert_eq!(stage.times(START), 1, "it is started once");
}

#[tokio::test]
async fn an_instance_that_takes_longer_than_sts_takes_the_assertion() {
    let setting = own().with("alice-notebook", Some("alice"), "Stopped").impatient();
    let stage = setting.set("destination.0.notebook.ready_seconds", 0).start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(10));
    let waiting = stage.sign_in(&alice()).await.expect_preparing();
    assert_eq!(waiting.watch(&stage).await.last_event().0, "again");
    stage.clock.advance(TimeDelta::seconds(290));
    assert_eq!(waiting.watch(&stage).await.last_event().0, "again");
    // The script renews the sign-in then.
    stage.clock.advance(TimeDelta::seconds(10));
    waiting.watch(&stage).await.expect_refused(403, "choice.expired");
    assert_eq!(stage.times(START), 1);
}

/// Goes where the page's script goes when STS does not take the assertion any longer; `None` if it does not.
async fn renew<'s>(
    stage: &'s Stage,
    page: &Answer<'_>,
    somebody: &Person,
    mut browser: Browser,
) -> Option<(Answer<'s>, Browser)> {
    let again = unescape(&between(&page.body, "data-again=\"", "\"")?);
    let redirect = stage.get(&again).from(&browser).await;
    browser.absorb(&redirect);
    let (id, _) = redirect.authn_request();
    let response = stage.response_for(somebody).answering(&id);
    let relay_state = redirect.sent_relay_state().unwrap();
    let answer = stage.post(&response).relay_state(&relay_state).from(&browser).await;
    browser.absorb(&answer);
    Some((answer, browser))
}

#[tokio::test]
async fn an_instance_that_takes_longer_than_two_assertions_last() {
    let setting = own().with("alice-notebook", Some("alice"), "Stopped").impatient();
    let stage = setting.set("destination.0.notebook.ready_seconds", 0).start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(11));
    let first = stage.sign_in(&alice()).await;
    let waiting = first.expect_preparing();
    assert_eq!(waiting.watch(&stage).await.last_event().0, "again");
    stage.clock.advance(TimeDelta::minutes(5));
    waiting.watch(&stage).await.expect_refused(403, "choice.expired");

    // Through the IdP, which still knows her, and on with the same instance.
    let (second, browser) = renew(&stage, &first, &alice(), waiting.browser).await.unwrap();
    let waiting = Waiting { browser, ..second.expect_preparing() };
    assert_eq!(waiting.watch(&stage).await.last_event().0, "again");
    stage.clock.advance(TimeDelta::minutes(5));
    waiting.watch(&stage).await.expect_refused(403, "choice.expired");
    // By itself once only: the page waits for her. Its button begins anew, from where it may renew itself again.
    assert!(renew(&stage, &second, &alice(), waiting.browser.clone()).await.is_none());
    let begun = waiting.go_on(&stage).await;
    assert_eq!((begun.status, begun.header("location")), (303, "/login?idp=corp&to=notebook"));
    let third = stage.sign_in(&alice()).relay_state("to.notebook").await;
    let waiting = third.expect_preparing();
    stage.clock.advance(TimeDelta::minutes(1));
    assert_eq!(waiting.watch(&stage).await.last_event().0, "ready");
    waiting.go_on(&stage).await.expect_notebook("alice-notebook").await;
    assert_eq!(stage.times(START), 1, "it is started once");
}

#[tokio::test]
async fn who_has_chosen_an_instance_that_takes_long_is_not_asked_again() {
    for which in ["tag = 'studiouserid'", "names = ['cpu-1', 'gpu-1']"] {
        let setting = to(which).with("cpu-1", Some("alice"), "").with("gpu-1", Some("alice"), "Stopped");
        let setting = setting.impatient().set("destination.0.notebook.ready_seconds", 0);
        let stage = setting.start().await;
        stage.aws.knobs().pending_for(Duration::from_mins(8));
        let answer = stage.sign_in(&alice()).await;
        // Whose which is has to be asked of AWS, which takes longer than nothing.
        let by_tag = which.starts_with("tag");
        let answer = if by_tag { answer.expect_preparing().go_on(&stage).await } else { answer };
        let (mut browser, token, _) = chooser(&answer);
        let first = stage.choose(&token, &key("gpu-1")).from(&browser).await;
        browser.absorb(&first);
        let waiting = Waiting { browser, ..first.expect_preparing() };
        assert_eq!(waiting.watch(&stage).await.last_event().0, "again");
        stage.clock.advance(TimeDelta::minutes(5));
        waiting.watch(&stage).await.expect_refused(403, "choice.expired");

        let (second, browser) = renew(&stage, &first, &alice(), waiting.browser.clone()).await.unwrap();
        let waiting = Waiting { browser, ..second.expect_preparing() };
        assert_eq!(waiting.choice, key("gpu-1"), "{which}");
        stage.clock.advance(TimeDelta::minutes(3));
        assert_eq!(waiting.watch(&stage).await.last_event().0, "ready");
        waiting.go_on(&stage).await.expect_notebook("gpu-1").await;
        assert_eq!(stage.times(START), 1);
        // Somebody else at the same browser chooses anew, or has none.
        let (theirs, _) = renew(&stage, &first, &person("bob"), waiting.browser).await.unwrap();
        if by_tag {
            theirs.expect_preparing().go_on(&stage).await.expect_refused(404, "notebook.missing");
        } else {
            theirs.expect_chooser();
        }
    }
}

#[tokio::test]
async fn one_that_is_stopping_is_waited_for_and_then_started() {
    let stage = own().with("alice-notebook", Some("alice"), "").start().await;
    stage.aws.knobs().pending_describes(2);
    let admin = stage.admin().await;
    admin.stop_notebook_instance().notebook_instance_name("alice-notebook").send().await.unwrap();
    assert_eq!(status(&stage, "alice-notebook"), "Stopping");
    stage.sign_in(&alice()).await.expect_notebook("alice-notebook").await;
    assert_eq!(stage.times(START), 1);
}

#[tokio::test]
async fn somebody_starts_it_a_moment_earlier() {
    let stage = own().with("alice-notebook", Some("alice"), "Stopped").start().await;
    // The first call is carried out, and its answer lost; the retry finds it on its way.
    stage.aws.knobs().lose_answer("StartNotebookInstance", 1);
    stage.aws.knobs().pending_describes(1);
    stage.sign_in(&alice()).await.expect_notebook("alice-notebook").await;
    assert!(stage.called().contains(&"StartNotebookInstance: ValidationException".to_owned()));
}

#[tokio::test]
async fn a_failure_is_told_by_its_kind_and_in_full_to_the_log_only() {
    for (reason, status, code) in [
        ("InsufficientInstanceCapacity error in subnet-0badcafe.", 503, "notebook.no-capacity"),
        ("Notebook Instance Lifecycle Config 'subnet-0badcafe' failed.", 502, "notebook.script-failed"),
        ("No more addresses in subnet-0badcafe", 502, "notebook.failed"),
    ] {
        let stage = own().with("alice-notebook", Some("alice"), "Stopped").start().await;
        stage.aws.knobs().fail_starts(reason);
        stage.aws.knobs().pending_describes(1);
        let answer = stage.sign_in(&alice()).await;
        answer.expect_refused(status, code).because(reason);
        assert!(!answer.body.contains("subnet"));
        // The next time it is found to have failed, and not started again.
        stage.sign_in(&alice()).await.expect_refused(status, code);
        assert_eq!((stage.times(START), stage.times(PRESIGN)), (1, 0));
    }
}

#[tokio::test]
async fn the_page_that_watches_tells_of_a_failure() {
    let stage = own().with("alice-notebook", Some("alice"), "Stopped").impatient().start().await;
    stage.aws.knobs().fail_starts("No more addresses");
    let waiting = stage.sign_in(&alice()).await.expect_preparing();
    let (event, address) = waiting.watch(&stage).await.last_event();
    assert_eq!(event, "refused");
    let page = stage.get(&address).await;
    assert!(page.body.contains("notebook.failed") && !page.body.contains("addresses"), "{}", page.body);
}

#[tokio::test]
async fn the_instance_of_somebody_else_is_neither_started_nor_opened() {
    for (owner, reason) in [
        (Some("mallory"), "its tag \"studiouserid\" names \"mallory\""),
        (Some("Alice"), "names \"Alice\""),
        (None, "it has no tag \"studiouserid\""),
    ] {
        for now in ["", "Stopped"] {
            let stage = own().with("alice-notebook", owner, now).start().await;
            let answer = stage.sign_in(&alice()).await;
            answer.expect_refused(409, "notebook.conflict").because(reason);
            assert!(!answer.body.contains("mallory"), "whose it is is nobody's business");
            assert_eq!(stage.called(), ["DescribeNotebookInstance", "ListTags"]);
        }
    }
}

#[tokio::test]
async fn an_owner_who_changes_while_it_starts() {
    let setting = own().with("alice-notebook", Some("alice"), "Stopped").impatient();
    let stage = setting.set("destination.0.notebook.ready_seconds", 0).start().await;
    stage.aws.knobs().pending_describes(50);
    let waiting = stage.sign_in(&alice()).await.expect_preparing();
    assert_eq!(waiting.watch(&stage).await.last_event().0, "again");
    let tag = aws_sdk_sagemaker::types::Tag::builder().key("studiouserid").value("bob").build();
    let arn = stage.aws.notebooks()[0].arn.clone();
    stage.admin().await.add_tags().resource_arn(arn).tags(tag).send().await.unwrap();
    waiting.go_on(&stage).await.expect_refused(409, "notebook.conflict");
}

#[tokio::test]
async fn one_that_is_not_there_or_is_being_deleted() {
    let stage = own().start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_refused(404, "notebook.missing").because("notebook-instance/alice-notebook does not exist");
    assert_eq!(stage.called(), ["DescribeNotebookInstance: ValidationException"]);

    let stage = own().with("alice-notebook", Some("alice"), "Deleting").start().await;
    stage.sign_in(&alice()).await.expect_refused(404, "notebook.missing").because("Deleting");
    assert_eq!(stage.times(PRESIGN), 0);
}

#[tokio::test]
async fn one_that_vanishes_in_between() {
    let stage = own().with("alice-notebook", Some("alice"), "").impatient().start().await;
    let waiting = stage.sign_in(&alice()).await.expect_preparing();
    assert_eq!(waiting.watch(&stage).await.last_event().0, "ready");
    let admin = stage.admin().await;
    admin.stop_notebook_instance().notebook_instance_name("alice-notebook").send().await.unwrap();
    assert_eq!(status(&stage, "alice-notebook"), "Stopped");
    admin.delete_notebook_instance().notebook_instance_name("alice-notebook").send().await.unwrap();
    assert!(stage.aws.notebooks().is_empty());
    waiting.go_on(&stage).await.expect_refused(404, "notebook.missing");
}

#[tokio::test]
async fn one_that_cannot_be_opened_a_moment_after_it_could() {
    let stage = own().with("alice-notebook", Some("alice"), "").start().await;
    stage.aws.knobs().fail("CreatePresignedNotebookInstanceUrl", 1, 400, "ValidationException");
    stage.sign_in(&alice()).await.expect_notebook("alice-notebook").await;
    assert_eq!(stage.times(PRESIGN), 2);

    // Once, and not for ever.
    stage.aws.knobs().fail("CreatePresignedNotebookInstanceUrl", 9, 400, "ValidationException");
    stage.sign_in(&alice()).await.expect_refused(502, "aws.unavailable");
    assert_eq!(stage.times(PRESIGN), 4);
}

#[tokio::test]
async fn a_policy_that_does_not_let_the_person_in_has_the_last_word() {
    let setting = own().with("alice-notebook", Some("alice"), "").world(|world| {
        for role in &mut world.roles {
            role.permission_policies.retain(|policy| !policy.to_string().contains("Notebook"));
        }
    });
    let stage = setting.start().await;
    stage.sign_in(&alice()).await.expect_refused(502, "aws.denied").because(PRESIGN);
    assert_eq!(stage.times(PRESIGN), 1);
}

#[tokio::test]
async fn throttled_calls() {
    let stage = own().with("alice-notebook", Some("alice"), "Stopped").start().await;
    for api in ["DescribeNotebookInstance", "ListTags", "StartNotebookInstance"] {
        // One more than is tried.
        stage.aws.knobs().throttle(api, 2);
        stage.sign_in(&alice()).await.expect_refused(503, "aws.throttled").because(api);
    }
    stage.aws.knobs().throttle("*", 1);
    stage.sign_in(&alice()).await.expect_notebook("alice-notebook").await;
}

#[tokio::test]
async fn a_session_tag_that_aws_would_not_open_it_with_is_told_before_anything_is_started() {
    let stage = own().with("alice-notebook", Some("alice"), "Stopped").start().await;
    let mut response = stage.response_for(&alice());
    response.assertion.attributes.retain(|one| !one.name.ends_with("PrincipalTag:studiouserid"));
    let nameless = stage.post(&response).await;
    assert!(nameless.status == 403, "{}", nameless.body);
    assert_eq!(stage.times(START), 0);
}

#[tokio::test]
async fn several_of_the_person_are_offered() {
    let setting = to("tag = 'owner'\nsession_tag = 'studiouserid'");
    let mut stage = setting;
    for (name, owner) in [("gpu-1", "alice"), ("cpu-1", "alice"), ("gpu-2", "bob"), ("free", "")] {
        let mut there = instance(name, None, "");
        there.tags = [("owner".to_owned(), owner.to_owned())].into();
        stage = stage.world(|world| world.notebooks.push(there));
    }
    let stage = stage.start().await;
    let answer = stage.sign_in(&alice()).await;
    let (browser, token, offers) = chooser(&answer);
    assert_eq!(offers, [key("cpu-1"), key("gpu-1")]);
    assert!(answer.body.contains("Notebook: gpu-1"), "{}", answer.body);
    assert_eq!(stage.times("sts:AssumeRoleWithSAML"), 0, "nothing is opened before the choice");
    stage.choose(&token, &key("gpu-1")).from(&browser).await.expect_notebook("gpu-1").await;

    // A name that was not offered: what counts is whose it is.
    let other = stage.choose(&token, &key("gpu-2")).from(&browser).await;
    other.expect_refused(409, "notebook.conflict").because("names \"bob\"");
    for hostile in ["../gpu-1", "gpu-1/x", "-gpu", "", "gpu 1", "gpu-1|gpu-2", "길", &"g".repeat(64)] {
        let forged = stage.choose(&token, &key(hostile)).from(&browser).await;
        forged.expect_refused(400, "choice.invalid");
    }
    stage.choose(&token, "notebook|gpu-1").from(&browser).await.expect_refused(400, "choice.invalid");

    // Whoever has one goes there, and whoever has none goes nowhere.
    stage.sign_in(&person("bob")).await.expect_notebook("gpu-2").await;
    let none = stage.sign_in(&person("carol")).await;
    none.expect_refused(404, "notebook.missing").because("has the tag \"owner\" = \"carol\"");
    // What is whose is asked once a minute, whoever comes.
    assert_eq!(stage.called().iter().filter(|call| *call == "ListTags").count(), 4 + 3);
}

#[tokio::test]
async fn a_choice_among_several_is_remembered() {
    let setting = to("tag = 'studiouserid'\nname_contains = 'gpu'");
    let setting = setting.with("gpu-1", Some("alice"), "").with("gpu-2", Some("alice"), "Stopped");
    let stage = setting.with("cpu-1", Some("alice"), "").start().await;
    let (mut browser, token, offers) = chooser(&stage.sign_in(&alice()).await);
    assert_eq!(offers, [key("gpu-1"), key("gpu-2")]);
    let ask = stage.choose(&token, &key("gpu-2")).from(&browser).field("directly", "yes");
    let answer = ask.await;
    answer.expect_notebook("gpu-2").await;
    browser.absorb(&answer);
    stage.sign_in(&alice()).from(&browser).await.expect_notebook("gpu-2").await;
    // It is the choice of this person, and nobody else's.
    stage.sign_in(&person("bob")).from(&browser).await.expect_refused(404, "notebook.missing");
}

#[tokio::test]
async fn a_list_is_offered_and_shared_only_where_it_says_so() {
    let list = "names = ['team-1', 'Team-2']";
    let there = |setting: Setting| setting.with("team-1", Some("lead"), "").with("Team-2", None, "");
    let stage = there(to(&format!("{list}\nshared = true"))).start().await;
    let (browser, token, offers) = chooser(&stage.sign_in(&alice()).await);
    assert_eq!(offers, [key("team-1"), key("Team-2")]);
    for name in ["team-1", "Team-2"] {
        stage.choose(&token, &key(name)).from(&browser).await.expect_notebook(name).await;
    }
    stage.choose(&token, &key("team-3")).from(&browser).await.expect_refused(400, "choice.invalid");
    assert_eq!(stage.times("sagemaker:ListTags"), 0);

    let stage = there(to(list)).start().await;
    let (browser, token, _) = chooser(&stage.sign_in(&alice()).await);
    for name in ["team-1", "Team-2"] {
        stage.choose(&token, &key(name)).from(&browser).await.expect_refused(409, "notebook.conflict");
    }
}

#[tokio::test]
async fn not_entitled() {
    let setting = own().with("eve-notebook", Some("eve"), "");
    let stage = setting.start().await;
    let mut eve = person("eve");
    eve.groups = vec!["finance".into()];
    stage.sign_in(&eve).await.expect_refused(403, "entitlement.none");
    assert_eq!(stage.called(), [""; 0]);

    // In the group, but without the role.
    let mut eve = person("eve");
    eve.roles = vec![eve.roles[0].replace("DataScientist", "Auditor")];
    stage.sign_in(&eve).await.expect_refused(403, "entitlement.none");
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn hostile_user_ids_have_names_of_their_own() {
    for user_id in ["../../alice", "Alice", "alice@example.com", "_.:/=+-@"] {
        let stage = own().with("alice-notebook", Some("alice"), "").start().await;
        let mut somebody = person(user_id);
        somebody.session_name = "somebody".into();
        stage.sign_in(&somebody).await.expect_refused(404, "notebook.missing");
        assert_eq!(stage.called(), ["DescribeNotebookInstance: ValidationException"], "{user_id}");
    }
}

#[tokio::test]
async fn a_program_is_told_where() {
    let stage = own().with("alice-notebook", Some("alice"), "").start().await;
    let answer = stage.sign_in(&alice()).for_a_program().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let opened: Value = serde_json::from_str(&answer.body).unwrap();
    let url = opened["url"].as_str().unwrap();
    stage.keep_secret(url.rsplit_once("token=").unwrap().1);
    stage.open(url).await;
    let expires = (stage.clock.now() + TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert_eq!(
        opened,
        json!({
            "url": url,
            "expiresAt": expires,
            "notebookInstance": "alice-notebook",
            "account": ACCOUNT,
            "region": REGION,
        })
    );
}

#[tokio::test]
async fn beside_studio_it_is_one_choice_more_and_can_be_linked_to() {
    let both = RULE.replace("\"notebook\"", "[\"research\", \"notebook\"]");
    let stage = own().rules(&both).with("alice-notebook", Some("alice"), "").start().await;
    let (browser, token, offers) = chooser(&stage.sign_in(&alice()).await);
    assert_eq!(offers, [format!("research|{DATA_SCIENTIST}"), key("alice-notebook")]);
    stage.choose(&token, &offers[0]).from(&browser).await.expect_studio("alice").await;
    stage.choose(&token, &offers[1]).from(&browser).await.expect_notebook("alice-notebook").await;
    let link = stage.get("/open/notebook").await;
    assert_eq!(
        (link.status, link.header("location").split('?').next()),
        (303, Some("https://idp.example.com/corp/sso"))
    );
}

#[tokio::test]
async fn a_provisioner_role_looks_and_starts_in_an_account_of_its_own_without_any_domain() {
    let theirs = "444455556666";
    let role = format!("arn:aws:iam::{theirs}:role/DataScientist");
    let provider = format!("arn:aws:iam::{theirs}:saml-provider/corp");
    let mut setting = own()
        .set("destination.0.notebook.roles", vec![role.clone()])
        .set("destination.0.notebook.region", "eu-west-1")
        .set("idp.0.saml_providers", vec![provider.clone()])
        .inside(
            "destination.0.notebook",
            &format!(
                "provisioner = {{ role_arn = 'arn:aws:iam::{theirs}:role/Provisioner', external_id = 'abc' }}"
            ),
        );
    let mut there = instance("alice-notebook", Some("alice"), "Stopped");
    (there.account, there.region) = (theirs.into(), "eu-west-1".into());
    setting = setting.world(|world| world.notebooks.push(there)).remove("domain");
    let stage = setting.start().await;
    let mut alice = alice();
    alice.roles = vec![format!("{role},{provider}")];
    stage.sign_in(&alice).await.expect_notebook("alice-notebook").await;
    let started = stage.aws.events().into_iter().find(|event| event.api == START).unwrap();
    assert_eq!(started.principal, format!("arn:aws:sts::{theirs}:assumed-role/Provisioner/studio-gateway"));
}
