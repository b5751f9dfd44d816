//! Sign-ins that take longer than a moment: the page that watches, its events, and every way they can end.

use crate::browser::{Ask, Browser, Waiting, events_in};
use crate::log_lines;
use crate::stage::{DATA_SCIENTIST, Setting, Stage, ada, alice, idp_metadata, person, together};
use chrono::TimeDelta;
use reqwest::Response;
use std::time::Duration;
use studio_gateway::watchers::MOST_OF_ONE;

/// A day: as good as never, for a test.
const NEVER: Duration = Duration::from_hours(24);
const STS: &str = "sts:AssumeRoleWithSAML";
const PRESIGN: &str = "sagemaker:CreatePresignedDomainUrl";

/// A stage where every sign-in gets the page.
async fn impatient() -> Stage {
    Setting::usual().impatient().start().await
}

/// alice, with the page in front of her.
async fn waiting(stage: &Stage) -> Waiting {
    stage.sign_in(&alice()).await.expect_preparing()
}

fn event(name: &str, data: &str) -> (String, String) {
    (name.to_owned(), data.to_owned())
}

/// Events as they come.
struct Live {
    response: Response,
    text: String,
}

impl Live {
    async fn of(ask: Ask<'_>) -> Self {
        let response = ask.open().await;
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// Reads on until this event; gives all so far.
    async fn until(&mut self, name: &str, data: &str) -> Vec<(String, String)> {
        loop {
            let events = events_in(&self.text);
            if events.contains(&event(name, data)) {
                return events;
            }
            let chunk = self.response.chunk().await.unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("it ended without {name} {data}: {}", self.text));
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads to the end; gives the last event.
    async fn end(mut self) -> (String, String) {
        while let Some(chunk) = self.response.chunk().await.unwrap() {
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        events_in(&self.text).pop().unwrap()
    }

    fn request_id(&self) -> String {
        self.response.headers()["x-request-id"].to_str().unwrap().to_owned()
    }
}

/// The outcome in the one log line of a request, as soon as it is there.
async fn outcome(request_id: &str) -> String {
    loop {
        if let Some(line) = log_lines::of_request(request_id).first() {
            return line.field("outcome").to_owned();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_newcomer_watches_and_goes_in() {
    let stage = impatient().await;
    stage.aws.knobs().pending_describes(3);
    let answer = stage.sign_in(&alice()).await;
    let waiting = answer.expect_preparing();
    assert!(answer.body.contains("Preparing your Studio") && answer.body.contains("Research"));
    assert_eq!(stage.times(PRESIGN), 0);

    let watched = waiting.watch(&stage).await;
    let mut steps = watched.events();
    steps.dedup();
    let names: Vec<_> = steps.iter().map(|(name, data)| format!("{name} {data}")).collect();
    assert_eq!(
        names,
        ["step signing-in", "step looking", "step creating", "step waiting", "ready "],
        "{}",
        watched.body
    );
    let log = watched.log();
    assert_eq!((log.field("outcome"), log.field("profile")), ("ready", "alice"));
    assert_eq!(stage.times(PRESIGN), 0, "a URL is made by the request that redirects, and by no other");

    waiting.go_on(&stage).await.expect_studio("alice").await;
    assert_eq!(stage.aws.profiles().len(), 1);
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
}

#[tokio::test]
async fn a_short_wait_shows_no_page() {
    // As configured: what is there already takes no second and a half.
    let stage = Setting::usual().profile("alice", Some("alice"), "").start().await;
    let answer = stage.sign_in(&alice()).await;
    answer.expect_studio("alice").await;
    assert_eq!(answer.set_cookies(), [""; 0]);
}

#[tokio::test]
async fn whatever_hangs_at_aws_the_page_is_there() {
    for api in [
        STS,
        "sagemaker:DescribeUserProfile",
        "sagemaker:ListTags",
        "sagemaker:CreateStudioLifecycleConfig",
        "sagemaker:CreateUserProfile",
        PRESIGN,
    ] {
        let stage = Setting::usual()
            .adjust(|config| config.gateway.prepare_after = Duration::from_millis(50))
            .start()
            .await;
        stage.aws.knobs().latency(api, NEVER);
        let waiting = waiting(&stage).await;
        // What was broken off can be gone on with.
        stage.aws.knobs().clear();
        waiting.go_on(&stage).await.expect_studio("alice").await;
        assert_eq!(stage.aws.profiles().len(), 1, "{api}");
        assert_eq!(stage.aws.lifecycle_configs().len(), 1, "{api}");
    }
}

#[tokio::test]
async fn a_choice_that_takes_long_gets_the_page_too() {
    let stage = impatient().await;
    let answer = stage.sign_in(&ada()).await;
    let chooser = answer.expect_chooser();
    let mut browser = Browser::default();
    browser.absorb(&answer);
    let choose = || stage.choose(&chooser.token, chooser.offer("platform")).from(&browser);
    let answer = choose().await;
    let waiting = answer.expect_preparing();
    assert!(answer.body.contains("ML Platform"));
    assert_eq!(waiting.watch(&stage).await.last_event(), event("ready", ""));
    waiting.go_on(&stage).await.expect_studio("ada").await;
    // And the page with the choice, reached with the back button, still does what it did.
    choose().await.expect_preparing();
}

#[tokio::test]
async fn steps_are_told_while_they_last() {
    let stage = impatient().await;
    stage.aws.knobs().latency(STS, NEVER);
    let mut live = Live::of(waiting(&stage).await.watch(&stage)).await;
    assert_eq!(live.until("step", "signing-in").await, [event("step", "signing-in")]);
    // She closes the page: nobody goes on for her.
    let request_id = live.request_id();
    drop(live);
    assert_eq!(outcome(&request_id).await, "left");
    assert_eq!(stage.aws.profiles().len(), 0);
}

#[tokio::test]
async fn closed_and_come_back_to() {
    let stage = impatient().await;
    stage.aws.knobs().pending_for(Duration::from_mins(1));
    let mut live = Live::of(waiting(&stage).await.watch(&stage)).await;
    live.until("step", "waiting").await;
    drop(live);
    stage.clock.advance(TimeDelta::minutes(1));
    let back = waiting(&stage).await;
    assert_eq!(back.watch(&stage).await.events().last(), Some(&event("ready", "")));
    back.go_on(&stage).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
}

#[tokio::test]
async fn two_tabs_and_a_double_click() {
    let stage = impatient().await;
    stage.aws.knobs().pending_describes(2);
    let (first, second) = (waiting(&stage).await, waiting(&stage).await);
    for watched in together([first.watch(&stage), first.watch(&stage), second.watch(&stage)]).await {
        assert_eq!(watched.last_event(), event("ready", ""));
    }
    for answer in together([first.go_on(&stage), first.go_on(&stage), second.go_on(&stage)]).await {
        answer.expect_studio("alice").await;
    }
    assert_eq!(stage.aws.profiles().len(), 1);
}

#[tokio::test]
async fn a_creation_that_fails_ends_on_its_error_page() {
    let stage = impatient().await;
    stage.aws.knobs().fail_creation("Cannot attach subnet-0badcafe");
    let waiting = waiting(&stage).await;
    let watched = waiting.watch(&stage).await;
    let (name, address) = watched.last_event();
    assert_eq!(name, "refused");
    assert!(address.starts_with("/refused?shown="), "{address}");
    watched.log().because("subnet-0badcafe");
    assert_eq!(watched.log().field("code"), "profile.failed");

    let page = stage.get(&address).from(&waiting.browser).await;
    assert_eq!(page.status, 502);
    assert!(page.body.contains("profile.failed") && page.body.contains("the ML platform team"));
    assert!(page.body.contains(watched.request_id()), "the id under which the log tells why");
    assert!(page.body.contains("href=\"/login?idp=corp&#38;to=research\""), "{}", page.body);
    assert!(!page.body.contains("subnet"));

    let reloaded = stage.get(&address).from(&waiting.browser).header("accept-language", "ko").await;
    assert!(reloaded.body.contains("<html lang=\"ko\">") && reloaded.body.contains(watched.request_id()));

    // It says what we have sealed, and nothing else.
    let other = if address.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{}{other}", &address[..address.len() - 1]);
    for ask in [
        stage.get(&changed),
        stage.get("/refused?shown=profile.failed"),
        stage.get(&format!("/refused?shown={}", waiting.token)).from(&waiting.browser),
        stage.get("/refused"),
    ] {
        let answer = ask.await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"));
    }
}

#[tokio::test]
async fn a_failure_that_another_attempt_does_not_help_has_no_button() {
    let stage = Setting::usual().impatient().profile("alice", Some("bob"), "").start().await;
    let waiting = waiting(&stage).await;
    let (_, address) = waiting.watch(&stage).await.last_event();
    let page = stage.get(&address).from(&waiting.browser).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("profile.conflict") && !page.body.contains("Try again</a>"), "{}", page.body);
}

#[tokio::test]
async fn sts_or_the_link_that_never_comes_is_an_end_too() {
    for (api, last) in [(STS, "refused"), (PRESIGN, "ready")] {
        let stage = Setting::usual()
            .impatient()
            .set("aws.attempt_milliseconds", 50)
            .set("aws.call_milliseconds", 120)
            .start()
            .await;
        stage.aws.knobs().latency(api, NEVER);
        let waiting = waiting(&stage).await;
        let watched = waiting.watch(&stage).await;
        assert_eq!(watched.last_event().0, last);
        if last == "ready" {
            waiting.go_on(&stage).await.expect_refused(504, "aws.timeout").because(PRESIGN);
        } else {
            watched.log().because(STS);
            assert_eq!(watched.log().field("code"), "aws.timeout");
        }
    }
}

#[tokio::test]
async fn a_profile_that_never_gets_ready_is_an_end_too() {
    let stage = Setting::usual().impatient().set("domain.0.ready_seconds", 0).start().await;
    stage.aws.knobs().pending_for(NEVER);
    let watched = waiting(&stage).await.watch(&stage).await;
    assert_eq!(watched.last_event().0, "refused");
    assert_eq!(watched.log().field("code"), "profile.pending");
}

#[tokio::test]
async fn a_profile_that_vanishes_before_the_redirect_is_made_anew() {
    let stage = impatient().await;
    let waiting = waiting(&stage).await;
    assert_eq!(waiting.watch(&stage).await.last_event(), event("ready", ""));
    let deleted = stage
        .admin()
        .await
        .delete_user_profile()
        .domain_id("d-research")
        .user_profile_name("alice")
        .send()
        .await;
    deleted.unwrap();
    waiting.go_on(&stage).await.expect_studio("alice").await;
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 2);
}

#[tokio::test]
async fn an_assertion_that_expires_meanwhile_is_renewed() {
    let stage = impatient().await;
    let mine = waiting(&stage).await;
    assert_eq!(mine.watch(&stage).await.last_event().0, "ready");
    stage.aws.knobs().latency(STS, Duration::from_millis(300));
    let mut live = Live::of(mine.watch(&stage)).await;
    live.until("step", "signing-in").await;
    stage.clock.advance(TimeDelta::minutes(5));
    let request_id = live.request_id();
    assert_eq!(live.end().await, event("renew", "/login?idp=corp&to=research"));
    assert_eq!(outcome(&request_id).await, "renewed");
}

#[tokio::test]
async fn a_renewed_sign_in_ends_where_it_was_to_end() {
    let stage = impatient().await;
    let (mut browser, redirect) = stage.login("?idp=corp&to=research").await;
    let (id, _) = redirect.authn_request();
    let answer = stage
        .post(&stage.response_for(&ada()).answering(&id))
        .relay_state(&redirect.sent_relay_state().unwrap())
        .from(&browser)
        .await;
    browser.absorb(&answer);
    let waiting = Waiting { browser, ..answer.expect_preparing() };
    assert_eq!(waiting.watch(&stage).await.last_event(), event("ready", ""));
    let page = waiting.go_on(&stage).await.expect_studio("ada").await;
    assert_eq!(page.fact("Domain"), "d-research");
}

#[tokio::test]
async fn sts_may_find_it_too_old_before_we_do() {
    let stage = impatient().await;
    stage.aws.knobs().fail(STS, 1, 400, "ExpiredTokenException");
    let watched = waiting(&stage).await.watch(&stage).await;
    assert_eq!(watched.last_event(), event("renew", "/login?idp=corp&to=research"));
}

#[tokio::test]
async fn an_idp_that_takes_no_requests_cannot_be_asked_again() {
    let metadata = idp_metadata()
        .replace("bindings:HTTP-Redirect", "bindings:SOAP")
        .replace("bindings:HTTP-POST", "bindings:PAOS");
    let stage = Setting::usual().impatient().replace_file("idp.xml", &metadata).start().await;
    stage.aws.knobs().fail(STS, 1, 400, "ExpiredTokenException");
    let answer = stage.sign_in(&alice()).await;
    assert!(!answer.body.contains("/login") && !answer.body.contains("http-equiv"), "{}", answer.body);
    let waiting = answer.expect_preparing();
    let watched = waiting.watch(&stage).await;
    let (name, address) = watched.last_event();
    assert_eq!((name.as_str(), watched.log().field("code")), ("refused", "assertion.expired"));
    let page = stage.get(&address).from(&waiting.browser).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("href=\"/\""), "{}", page.body);
}

#[tokio::test]
async fn without_scripts_it_goes_on_by_itself_once() {
    let refresh = "<noscript><meta http-equiv=\"refresh\" content=\"10; url=/login?idp=corp&#38;to=research&#38;again=1\"></noscript>";
    let stage = impatient().await;
    let first = stage.sign_in(&alice()).relay_state("to.research").await;
    first.expect_preparing();
    assert!(first.body.contains(refresh), "{}", first.body);

    let (mut browser, redirect) = stage.login("?idp=corp&to=research&again=1").await;
    let (id, _) = redirect.authn_request();
    let second = stage
        .post(&stage.response_for(&alice()).answering(&id))
        .relay_state(&redirect.sent_relay_state().unwrap())
        .from(&browser)
        .await;
    let mut waiting = second.expect_preparing();
    assert!(!second.body.contains("http-equiv"), "{}", second.body);
    browser.absorb(&second);
    waiting.browser = browser;
    // The button does the rest.
    waiting.go_on(&stage).await.expect_studio("alice").await;

    // An IdP that does not give our relay state back would send her round for ever.
    let without = stage.sign_in(&alice()).await;
    without.expect_preparing();
    assert!(!without.body.contains("http-equiv"), "{}", without.body);
}

#[tokio::test]
async fn an_idp_that_asks_for_the_password_each_time_is_not_gone_to_unasked() {
    let stage = Setting::usual().impatient().set("idp.0.force_authn", true).start().await;
    let answer = stage.sign_in(&alice()).relay_state("to.research").await;
    answer.expect_preparing();
    assert!(!answer.body.contains("http-equiv"), "{}", answer.body);
}

#[tokio::test]
async fn a_page_that_is_reloaded_begins_anew() {
    let stage = impatient().await;
    let response = stage.response_for(&alice());
    stage.post(&response).await.expect_preparing();
    let refresh = "http-equiv=\"refresh\"";
    let reloaded = stage.post(&response).relay_state("to.research").await;
    reloaded.expect_refused(403, "assertion.replayed");
    assert!(reloaded.body.contains(refresh), "{}", reloaded.body);
    assert!(reloaded.body.contains("url=/login?idp=corp&#38;to=research&#38;again=1"), "{}", reloaded.body);
    // But not for ever, should the IdP send the same message each time.
    for relay_state in ["again.to.research", "again", "the IdP's own", ""] {
        let again = stage.post(&response).relay_state(relay_state).await;
        again.expect_refused(403, "assertion.replayed");
        assert!(!again.body.contains(refresh), "{relay_state:?}: {}", again.body);
    }
}

#[tokio::test]
async fn a_token_is_for_its_browser_and_its_time() {
    let stage = impatient().await;
    let mine = waiting(&stage).await;
    let other = stage.sign_in(&ada()).await;
    let mut browser = Browser::default();
    browser.absorb(&other);
    let stolen = Waiting { browser, ..mine.clone() };
    let nobodys = Waiting { browser: Browser::default(), ..mine.clone() };
    let middle = mine.token.len() / 2;
    let flipped = if &mine.token[middle..=middle] == "A" { "B" } else { "A" };
    let token = format!("{}{flipped}{}", &mine.token[..middle], &mine.token[middle + 1..]);
    let tampered = Waiting { token, ..mine.clone() };
    stage.called();
    for waiting in [&stolen, &nobodys, &tampered] {
        waiting.watch(&stage).await.expect_refused(403, "choice.expired");
        waiting.go_on(&stage).await.expect_refused(403, "choice.expired");
    }
    let elsewhere = Waiting { choice: format!("platform|{DATA_SCIENTIST}"), ..mine.clone() };
    elsewhere.watch(&stage).await.expect_refused(400, "choice.invalid");
    stage
        .request(reqwest::Method::POST, "/preparing/events")
        .from(&mine.browser)
        .field("token", &mine.token)
        .await
        .expect_refused(400, "request.malformed");
    stage.clock.advance(TimeDelta::minutes(5));
    mine.watch(&stage).await.expect_refused(403, "choice.expired");
    assert_eq!(stage.called(), [""; 0]);
}

#[tokio::test]
async fn any_instance_goes_on() {
    let stage = Setting::usual().impatient().instances(2).start().await;
    stage.aws.knobs().pending_describes(2);
    let waiting = waiting(&stage).await;
    let watched = waiting.post(stage.post_to(1, "/preparing/events")).await;
    assert_eq!(watched.last_event(), event("ready", ""));
    waiting.go_on(&stage).await.expect_studio("alice").await;
    assert_eq!(stage.aws.profiles().len(), 1);
}

#[tokio::test]
async fn an_instance_that_ends_hands_its_pages_over() {
    let stage = Setting::usual().impatient().instances(2).start().await;
    stage.aws.knobs().pending_for(Duration::from_mins(1));
    let waiting = waiting(&stage).await;
    let mut live = Live::of(waiting.watch(&stage)).await;
    live.until("step", "waiting").await;
    let request_id = live.request_id();
    stage.gateway.drain.begin();
    assert_eq!(live.end().await.0, "again");
    assert_eq!(outcome(&request_id).await, "moved");
    stage.clock.advance(TimeDelta::minutes(1));
    let watched = waiting.post(stage.post_to(1, "/preparing/events")).await;
    assert_eq!(watched.events().last(), Some(&event("ready", "")));
}

#[tokio::test]
async fn pages_beyond_what_an_instance_keeps_come_again() {
    let stage = Setting::usual().impatient().set("gateway.preparing_pages", 1).start().await;
    stage.aws.knobs().pending_for(NEVER);
    let (first, second) = (waiting(&stage).await, waiting(&stage).await);
    let mut live = Live::of(first.watch(&stage)).await;
    live.until("step", "waiting").await;
    let turned_away = second.watch(&stage).await;
    assert_eq!(turned_away.events(), [event("again", "")]);
    assert!(turned_away.body.contains("retry:5000") || turned_away.body.contains("retry: 5000"));
    // When the first one leaves, there is a place.
    let request_id = live.request_id();
    drop(live);
    assert_eq!(outcome(&request_id).await, "left");
    stage.aws.knobs().clear();
    let mut live = Live::of(second.watch(&stage)).await;
    live.until("step", "signing-in").await;
}

#[tokio::test]
async fn one_person_leaves_places_to_others() {
    let stage = impatient().await;
    stage.aws.knobs().pending_for(NEVER);
    let page = waiting(&stage).await;
    let mut mine = Vec::new();
    for _ in 0..MOST_OF_ONE {
        let mut live = Live::of(page.watch(&stage)).await;
        live.until("step", "waiting").await;
        mine.push(live);
    }
    let turned_away = page.watch(&stage).await;
    assert_eq!(turned_away.events(), [event("again", "")]);
    assert_eq!(turned_away.log().field("outcome"), "too-many");
    // The button does not wait there either: it leads to the page once more.
    page.go_on(&stage).await.expect_preparing();
    let other = stage.sign_in(&person("bob")).await.expect_preparing();
    Live::of(other.watch(&stage)).await.until("step", "waiting").await;
    let request_id = mine[0].request_id();
    drop(mine.remove(0));
    assert_eq!(outcome(&request_id).await, "left");
    Live::of(page.watch(&stage)).await.until("step", "waiting").await;
}

#[tokio::test]
async fn the_script_is_kept_for_good() {
    let stage = impatient().await;
    let answer = stage.sign_in(&alice()).await;
    let script = crate::browser::between(&answer.body, "<script src=\"", "\"").unwrap();
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self'; connect-src 'self'; "), "{policy}");
    let script = stage.get(&script).await;
    assert_eq!(script.status, 200);
    assert!(script.header("content-type").starts_with("text/javascript"));
    assert!(script.header("cache-control").contains("immutable"));
    stage.get("/assets/nothing.js").await.expect_refused(404, "request.not-found");
}

#[tokio::test]
async fn the_language_can_be_switched_without_losing_the_sign_in() {
    let stage = impatient().await;
    stage.aws.knobs().pending_describes(2);
    let page = waiting(&stage).await;
    let switch = |token: &str| {
        stage.request(reqwest::Method::POST, "/language").field("language", "ko").field("token", token)
    };
    let key = format!("research|{DATA_SCIENTIST}");
    let korean = switch(&page.token).field("choice", &key).field("patient", "yes").from(&page.browser).await;
    assert_eq!(korean.status, 200, "{}", korean.body);
    assert!(korean.body.contains("<html lang=\"ko\">") && korean.body.contains("id=\"preparing\""));
    let token = crate::browser::hidden(&korean.body, "token");
    stage.choose(&token, &key).field("patient", "yes").from(&page.browser).await.expect_studio("alice").await;
    // Another browser learns nothing, and a choice that was not offered is none.
    let other = switch(&page.token).field("choice", &key).from(&Browser::default()).await;
    assert!(other.status == 403 && other.body.contains("choice.expired"), "{}", other.body);
    let nowhere = switch(&page.token).field("choice", "platform|x").from(&page.browser).await;
    assert!(nowhere.status == 400 && nowhere.body.contains("choice.invalid"), "{}", nowhere.body);
}
