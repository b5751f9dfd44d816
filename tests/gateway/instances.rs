//! Ten instances behind a proxy that goes round: whatever comes next in somebody's sign-in is answered by another one.

use crate::browser::Browser;
use crate::stage::{DATA_SCIENTIST, Setting, Stage, ada};
use reqwest::Method;

const INSTANCES: usize = 10;

/// Takes the instances in turn, in steps of `stride`.
struct Round {
    next: usize,
    stride: usize,
}

impl Round {
    fn next(&mut self) -> usize {
        self.next = (self.next + self.stride) % INSTANCES;
        self.next
    }
}

/// Everything that one person can be asked and shown on the way, each at the instance whose turn it is.
async fn sign_in(stage: &Stage, mut round: Round) {
    let mut browser = Browser::default();
    let asked = stage.request_at(round.next(), Method::GET, "/login").await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    browser.absorb(&asked);
    let (id, _) = asked.authn_request();

    let xml = stage.response_for(&ada()).answering(&id);
    let message = stage.encode(&xml);
    let acs = |at| stage.post_to(at, "/saml/acs").field("SAMLResponse", &message);
    let offered = acs(round.next()).from(&browser).await;
    let chooser = offered.expect_chooser();
    browser.absorb(&offered);

    // In another language, and back.
    for language in ["ko", "en"] {
        let ask = stage.post_to(round.next(), "/language").field("language", language);
        let page = ask.field("token", &chooser.token).from(&browser).await;
        assert_eq!((page.status, page.body.contains("name=\"choice\"")), (200, true), "{}", page.body);
        browser.absorb(&page);
    }

    let choice = format!("research|{DATA_SCIENTIST}");
    let ask = stage.post_to(round.next(), "/choose").field("token", &chooser.token);
    let waiting = ask.field("choice", &choice).from(&browser).await.expect_preparing();
    for _ in 0..2 {
        let watched = waiting.post(stage.post_to(round.next(), "/preparing/events")).await;
        assert_eq!(watched.last_event().0, "ready");
    }
    waiting.post(stage.post_to(round.next(), "/choose")).await.expect_studio("ada").await;

    // The message is used up, at every one of them.
    for _ in 0..INSTANCES {
        acs(round.next()).from(&browser).await.expect_refused(403, "assertion.replayed");
    }
}

#[tokio::test]
async fn a_sign_in_goes_on_at_any_instance_in_any_order() {
    let stage = Setting::usual().impatient().shared_ledger().instances(INSTANCES).start().await;
    stage.aws.knobs().pending_describes(2);
    for stride in [1, 3, 7, 9] {
        sign_in(&stage, Round { next: 0, stride }).await;
    }
    assert_eq!(stage.aws.profiles().len(), 1);
    assert_eq!(stage.times("sagemaker:CreateUserProfile"), 1);
}
