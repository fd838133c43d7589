//! Where a request really comes from, also behind a proxy, and whether another site's page made the browser send it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, header};
use ipnet::IpNet;

use super::browser;
use super::session::text_of;
use http::Problem;
use http::listen::tcp::Peer;

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the client's connection is encrypted.
    pub https: bool,
    /// Hash of what the browser brought to be known again.
    pub(super) browser: Option<blake3::Hash>,
}

impl Origin {
    /// A client on this machine, over a connection that nobody else can read.
    const HERE: Origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), https: false, browser: None };

    /// A client that is not known from before.
    pub fn at(address: IpAddr, https: bool) -> Self {
        Origin { address, https, browser: None }
    }

    /// Believes what a proxy says only where the proxy is trusted: the last address before the trusted ones.
    pub(super) fn new(peer: Peer, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
        let direct = peer.address.to_canonical();
        if !is_trusted(direct) {
            return Origin::at(direct, peer.tls).in_browser(headers);
        }
        let texts = |name: &str| -> Vec<String> {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).map(|part| part.trim().to_owned()).collect()
        };
        let hops = texts("x-forwarded-for");
        let mut address = direct;
        for hop in hops.iter().rev().map_while(|hop| hop_address(hop)) {
            address = hop.to_canonical();
            if !is_trusted(address) {
                break;
            }
        }
        let https = texts("x-forwarded-proto").last().is_some_and(|proto| proto == "https");
        Origin::at(address, https || peer.tls).in_browser(headers)
    }

    /// Where a request comes from that has been looked at.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Origin>().copied().unwrap_or(Origin::HERE)
    }

    fn in_browser(self, headers: &HeaderMap) -> Self {
        let brought = text_of(headers, browser::COOKIE, self.https);
        Origin { browser: brought.map(|text| blake3::hash(text.as_bytes())), ..self }
    }
}

/// The address of a hop. Some proxies write the port beside it: `198.51.100.1:40001`, `[2001:db8::1]:40001`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Origin::of(&parts.extensions))
    }
}

/// Refuses what another site's page made a browser send in its user's name. Browsers say where a request
/// comes from; one that changes something, carries a session and does not say it is not believed.
pub(super) fn refuse_foreign(method: &Method, headers: &HeaderMap, session: bool) -> Result<(), Problem> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let fetch_site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let own = match (fetch_site, text(header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST)
        }
        (None, None) => !session,
    };
    if own {
        return Ok(());
    }
    let detail = "this request was sent by a page of another site, or by a program with a person's session: \
                  use the hub's own pages, or a token";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", detail))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        all.iter().map(pair).collect()
    }

    fn from(peer: &str, all: &[(&str, &str)]) -> Origin {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        Origin::new(Peer { address: peer.parse().unwrap(), tls: false }, &headers(all), &trusted)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let said = [("x-forwarded-for", "192.0.2.9, 198.51.100.7, 10.0.0.2"), ("x-forwarded-proto", "https")];
        let origin = from("10.0.0.1", &said);
        assert_eq!((origin.address.to_string(), origin.https), ("198.51.100.7".to_owned(), true));
        let origin = from("203.0.113.5", &said);
        assert_eq!((origin.address.to_string(), origin.https), ("203.0.113.5".to_owned(), false));
        for (said, client) in [
            ("198.51.100.1:40001", "198.51.100.1"),
            ("[2001:db8::1]:40001, 10.0.0.2:80", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("192.0.2.9, unknown", "10.0.0.1"),
        ] {
            let origin = from("10.0.0.1", &[("x-forwarded-for", said)]);
            assert_eq!(origin.address.to_string(), client, "{said}");
        }
        let origin = from("10.0.0.1", &[("x-forwarded-for", "rubbish")]);
        assert_eq!(origin.address.to_string(), "10.0.0.1");
    }

    #[test]
    fn another_sites_page_is_refused() {
        let check =
            |all: &[(&str, &str)], session| refuse_foreign(&Method::POST, &headers(all), session).is_ok();
        assert!(check(&[("sec-fetch-site", "same-origin")], true));
        assert!(check(&[("sec-fetch-site", "none")], true));
        assert!(!check(&[("sec-fetch-site", "cross-site")], true));
        assert!(!check(&[("sec-fetch-site", "same-site")], false));
        assert!(check(&[("origin", "https://hub.example"), ("host", "hub.example")], true));
        assert!(!check(&[("origin", "https://evil.example"), ("host", "hub.example")], true));
        assert!(!check(&[("origin", "null"), ("host", "hub.example")], true));
        assert!(!check(&[], true) && check(&[], false));
        let foreign = headers(&[("sec-fetch-site", "cross-site")]);
        assert!(refuse_foreign(&Method::GET, &foreign, true).is_ok());
    }
}
