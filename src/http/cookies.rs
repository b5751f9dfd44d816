//! The cookies: one for each AuthnRequest that waits for its answer, one that tells browsers apart while somebody
//! chooses, one that remembers the last choice, and one for the language. All are `__Host-`, so that no other host can set or see them.

use crate::random::NoRandomness;
use crate::seal::{Purpose, Seal};
use crate::sign_in::OutstandingRequest;
use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, TimeDelta, Utc};

/// How long an IdP may take to answer: a person types a password and a second factor meanwhile.
const REQUEST_LIFETIME: TimeDelta = TimeDelta::minutes(15);
const REQUEST_PREFIX: &str = "__Host-sg-request-";
/// What a request cookie begins with if a page made the request by itself. Ids have no hyphen here, so no other does.
const ALONE_PREFIX: &str = "__Host-sg-request-alone-";
const BROWSER: &str = "__Host-sg-browser";
const REMEMBERED: &str = "__Host-sg-remembered";
const LANGUAGE: &str = "__Host-sg-language";
/// Most request cookies that are looked at; beyond it somebody else's page makes the browser collect them.
const MOST_REQUESTS: usize = 32;

/// A cookie that remembers an AuthnRequest. Each request has a cookie of its own, so that tabs do not get in each
/// other's way. `SameSite=None`, because the answer is a cross-site POST. `alone`: a page makes the request by itself.
pub(super) fn request(
    seal: &Seal,
    request: &OutstandingRequest,
    alone: bool,
    now: DateTime<Utc>,
) -> Result<HeaderValue, NoRandomness> {
    let expires = (now + REQUEST_LIFETIME).timestamp();
    let token = seal.seal(Purpose::Request, "", &format!("{expires} {} {}", request.idp, request.id))?;
    let name: String = request.id.chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    let prefix = if alone { ALONE_PREFIX } else { REQUEST_PREFIX };
    cookie(&format!("{prefix}{name}={token}"), "None", REQUEST_LIFETIME)
}

/// The AuthnRequests that this browser waits to be answered.
pub(super) fn outstanding(seal: &Seal, headers: &HeaderMap, now: DateTime<Utc>) -> Vec<OutstandingRequest> {
    all(headers)
        .filter(|(name, _)| name.starts_with(REQUEST_PREFIX))
        .take(MOST_REQUESTS)
        .filter_map(|(_, token)| {
            let opened = seal.open(Purpose::Request, "", token)?;
            let mut parts = opened.text().splitn(3, ' ');
            let expires: i64 = parts.next()?.parse().ok()?;
            let (idp, id) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            (now.timestamp() < expires).then_some(OutstandingRequest { idp, id })
        })
        .collect()
}

/// How many requests pages of this browser have made by themselves within [`REQUEST_LIFETIME`]. Nothing is granted by
/// it, so a name is enough.
pub(super) fn made_alone(headers: &HeaderMap) -> usize {
    all(headers).filter(|(name, _)| name.starts_with(ALONE_PREFIX)).count()
}

/// Cookies to end, when a browser holds too many request cookies: the oldest in the order that browsers send them.
pub(super) fn surplus(headers: &HeaderMap) -> Vec<HeaderValue> {
    let names: Vec<_> =
        all(headers).map(|(name, _)| name).filter(|name| name.starts_with(REQUEST_PREFIX)).collect();
    let surplus = names.len().saturating_sub(MOST_REQUESTS - 1);
    names
        .into_iter()
        .take(surplus)
        .filter_map(|name| cookie(&format!("{name}="), "None", TimeDelta::zero()).ok())
        .collect()
}

/// A cookie that tells this browser from others. `SameSite=None`, because the page that needs it answers a cross-site
/// POST: with another one, a second tab would set a new cookie and end the choice in the first. It outlives the choice, so
/// that a page that was left open is known as ours, and its sign-in renewed.
pub(super) fn browser(value: &str) -> Result<HeaderValue, NoRandomness> {
    cookie(&format!("{BROWSER}={value}"), "None", TimeDelta::days(1))
}

/// What this browser's cookie says.
pub(super) fn browser_of(headers: &HeaderMap) -> Option<&str> {
    all(headers).find(|(name, _)| *name == BROWSER).map(|(_, value)| value).filter(|value| value.len() == 32)
}

/// A cookie that remembers the last choice (`token`). `SameSite=None`, because the ACS needs it.
pub(super) fn remembered(token: &str) -> Result<HeaderValue, NoRandomness> {
    cookie(&format!("{REMEMBERED}={token}"), "None", TimeDelta::days(180))
}

/// What this browser remembers of the last choice.
pub(super) fn remembered_of(headers: &HeaderMap) -> Option<&str> {
    all(headers).find(|(name, _)| *name == REMEMBERED).map(|(_, token)| token)
}

/// A cookie that remembers the language that this person chose. `SameSite=None`, because pages answer cross-site POSTs.
pub(super) fn language(tag: &str) -> Result<HeaderValue, NoRandomness> {
    cookie(&format!("{LANGUAGE}={tag}"), "None", TimeDelta::days(365))
}

/// The language that this browser's cookie asks for.
pub(super) fn language_of(headers: &HeaderMap) -> Option<&str> {
    all(headers).find(|(name, _)| *name == LANGUAGE).map(|(_, tag)| tag)
}

fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn cookie(pair: &str, same_site: &str, lifetime: TimeDelta) -> Result<HeaderValue, NoRandomness> {
    let seconds = lifetime.num_seconds();
    HeaderValue::from_str(&format!(
        "{pair}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={seconds}"
    ))
    .map_err(|_| NoRandomness)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SealKey;

    fn asked(id: &str) -> OutstandingRequest {
        OutstandingRequest { idp: "corp".into(), id: id.to_owned() }
    }

    fn seal() -> Seal {
        Seal::new(&[SealKey([7; 32])]).unwrap()
    }

    fn sent_back(cookies: &[HeaderValue]) -> HeaderMap {
        let pairs: Vec<_> = cookies
            .iter()
            .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
            .collect();
        HeaderMap::from_iter([(header::COOKIE, pairs.join("; ").parse().unwrap())])
    }

    #[test]
    fn ten_tabs_wait_for_ten_answers() {
        let now = DateTime::UNIX_EPOCH;
        let ids: Vec<_> = (0..10).map(|_| format!("_{}", crate::random::hex::<20>().unwrap())).collect();
        let cookies: Vec<_> =
            ids.iter().map(|id| request(&seal(), &asked(id), false, now).unwrap()).collect();
        let asked: Vec<_> = ids.iter().map(|id| asked(id)).collect();
        assert_eq!(outstanding(&seal(), &sent_back(&cookies), now), asked);
        assert!(surplus(&sent_back(&cookies)).is_empty());
    }

    #[test]
    fn a_request_is_waited_for_a_quarter_of_an_hour() {
        let now = DateTime::UNIX_EPOCH;
        let headers = sent_back(&[request(&seal(), &asked("_a1"), false, now).unwrap()]);
        assert_eq!(outstanding(&seal(), &headers, now + TimeDelta::seconds(899)), [asked("_a1")]);
        assert!(outstanding(&seal(), &headers, now + TimeDelta::seconds(900)).is_empty());
    }

    #[test]
    fn a_cookie_that_we_did_not_make_counts_for_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "__Host-sg-request-x=_a1; __Host-sg-request-y=".parse().unwrap());
        assert!(outstanding(&seal(), &headers, DateTime::UNIX_EPOCH).is_empty());
    }

    #[test]
    fn cookies_are_for_this_host_alone_and_out_of_reach_of_scripts() {
        let cookie = request(&seal(), &asked("_a1"), false, DateTime::UNIX_EPOCH).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-sg-request-a1="));
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=900"), "{cookie}");
    }

    #[test]
    fn what_pages_did_by_themselves_is_counted_and_waited_for_all_the_same() {
        let now = DateTime::UNIX_EPOCH;
        let sealed = |id: &str, alone| request(&seal(), &asked(id), alone, now).unwrap();
        let headers = sent_back(&[sealed("_a1", false), sealed("_a2", true), sealed("_a3", true)]);
        assert_eq!(made_alone(&headers), 2);
        assert_eq!(outstanding(&seal(), &headers, now), [asked("_a1"), asked("_a2"), asked("_a3")]);
    }

    #[test]
    fn too_many_request_cookies_are_ended() {
        let now = DateTime::UNIX_EPOCH;
        let cookies: Vec<_> =
            (0..40).map(|n| request(&seal(), &asked(&format!("_a{n}")), false, now).unwrap()).collect();
        let ended = surplus(&sent_back(&cookies));
        assert_eq!(ended.len(), 9);
        assert!(ended[0].to_str().unwrap().starts_with("__Host-sg-request-a0=; "));
        assert!(ended[0].to_str().unwrap().ends_with("Max-Age=0"));
    }
}
