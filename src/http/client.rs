//! Where a request comes from, for logs and for rate limits. Nothing of a sign-in is decided by it.
//!
//! Each proxy appends the address that it was reached from to `X-Forwarded-For`. Whoever sends a request can begin that
//! list at will, so that only the entries of our own proxies count: as many from the end as are configured.

use axum::extract::{ConnectInfo, Request};
use axum::http::{Extensions, HeaderMap, HeaderValue};
use std::net::{IpAddr, SocketAddr};

/// The address that a front end without a connection of its own reports; `None` if it only appends it to
/// `X-Forwarded-For`.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub Option<IpAddr>);

/// The client's address behind `proxies` of our own, if it is known.
pub(super) fn address(request: &Request, proxies: usize) -> Option<IpAddr> {
    of(request.headers(), peer(request.extensions()), proxies)
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get::<Peer>() {
        Some(Peer(address)) => *address,
        None => extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()),
    }
}

fn of(headers: &HeaderMap, peer: Option<IpAddr>, proxies: usize) -> Option<IpAddr> {
    // What is no text must not take the entry of a proxy along that stands in the same line.
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes).collect();
    let joined = lines.join(&b',');
    let text = String::from_utf8_lossy(&joined);
    let forwarded: Vec<_> = text.split(',').map(str::trim).collect();
    match (peer, proxies) {
        (Some(peer), 0) => Some(peer),
        // The last entry is what the nearest proxy saw. Without a peer, that proxy is Lambda's front end.
        (Some(_), _) => entry(&forwarded, proxies),
        (None, _) => entry(&forwarded, proxies + 1),
    }
}

/// The entry so many from the end, without the port that some proxies write.
fn entry(forwarded: &[&str], from_end: usize) -> Option<IpAddr> {
    let entry = forwarded.get(forwarded.len().checked_sub(from_end)?)?;
    entry.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.7";

    fn client(forwarded: &[&'static str], peer: Option<&str>, proxies: usize) -> Option<String> {
        let headers = forwarded
            .iter()
            .map(|line| ("x-forwarded-for".parse().unwrap(), line.parse().unwrap()))
            .collect::<HeaderMap>();
        of(&headers, peer.map(|peer| peer.parse().unwrap()), proxies).map(|address| address.to_string())
    }

    #[test]
    fn without_proxies_of_our_own_the_header_means_nothing() {
        assert_eq!(client(&["203.0.113.9"], Some(PROXY), 0).unwrap(), PROXY);
    }

    #[test]
    fn each_proxy_is_one_entry_from_the_end() {
        let lines = ["198.51.100.1, 203.0.113.9", "192.0.2.4"];
        assert_eq!(client(&lines, Some(PROXY), 1).unwrap(), "192.0.2.4");
        assert_eq!(client(&lines, Some(PROXY), 2).unwrap(), "203.0.113.9");
        assert_eq!(client(&lines, Some(PROXY), 3).unwrap(), "198.51.100.1");
        assert_eq!(client(&lines, Some(PROXY), 4), None, "fewer entries than proxies: not by way of them");
    }

    #[test]
    fn a_front_end_without_a_connection_appends_what_it_saw() {
        assert_eq!(client(&["6.6.6.6, 203.0.113.9"], None, 0).unwrap(), "203.0.113.9");
        assert_eq!(client(&["6.6.6.6, 203.0.113.9, 192.0.2.4"], None, 1).unwrap(), "203.0.113.9");
    }

    #[test]
    fn ports_are_left_out_and_anything_else_is_unknown() {
        assert_eq!(client(&["203.0.113.9:4711"], Some(PROXY), 1).unwrap(), "203.0.113.9");
        assert_eq!(client(&["[2001:db8::9]:4711"], Some(PROXY), 1).unwrap(), "2001:db8::9");
        for nonsense in ["<script>", "", "unknown", "1.2.3.4 5.6.7.8"] {
            let headers =
                HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), nonsense.parse().unwrap())]);
            assert_eq!(of(&headers, Some(PROXY.parse().unwrap()), 1), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_no_text_hides_nothing() {
        let client = |lines: &[&[u8]]| {
            let name: axum::http::HeaderName = "x-forwarded-for".parse().unwrap();
            let value = |line: &&[u8]| (name.clone(), axum::http::HeaderValue::from_bytes(line).unwrap());
            of(&lines.iter().map(value).collect(), Some(PROXY.parse().unwrap()), 1)
        };
        let proxys: IpAddr = "203.0.113.9".parse().unwrap();
        assert_eq!(client(&[b"\xff\xfe, 203.0.113.9"]), Some(proxys));
        assert_eq!(
            client(&[b"6.6.6.6", b"\xff, 203.0.113.9"]),
            Some(proxys),
            "not who the client says it is"
        );
        assert_eq!(client(&[b"203.0.113.9, \xff"]), None);
        assert_eq!(client(&[b"203.0.113.9", b""]), None, "an empty line is an entry that says nothing");
    }
}
