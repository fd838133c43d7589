//! What routes of the bus say that they depend on (seed 003): is anybody there?

use std::collections::BTreeMap;
use std::time::Duration;

use bus::route::Dependency;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Finding;
use crate::config::Config;

/// How long somebody may take to answer the telephone.
const PATIENCE: Duration = Duration::from_secs(3);

/// Calls each of them once, however many routes name it.
pub(super) async fn all(config: &Config) -> Vec<Finding> {
    let mut named = BTreeMap::new();
    for (bus, source) in &config.bus.0 {
        for (key, route) in &source.routes.0 {
            for dependency in &route.depends_on {
                named.entry(&dependency.url).or_insert((dependency, format!("bus.{bus}.routes.{key}")));
            }
        }
    }
    let mut findings = Vec::new();
    for (dependency, place) in named.into_values() {
        findings.push(look(dependency, &place).await);
    }
    findings
}

async fn look(dependency: &Dependency, place: &str) -> Finding {
    const NAME: &str = "dependency";
    let Dependency { name, url, why } = dependency;
    let what = format!("{name} at {url} ({why})");
    let remedy = || format!("start it, or correct depends_on in {place}");
    let Some((host, port)) = address(url) else {
        return Finding::error(NAME, format!("{what}: this is no address"), remedy());
    };
    match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Finding::ok(NAME, format!("{what} is reached")),
        Ok(Err(error)) => Finding::warning(NAME, format!("{what} is not reached: {error}"), remedy()),
        Err(_) => Finding::warning(NAME, format!("{what} is not reached within 3 s"), remedy()),
    }
}

/// Host and port of an address.
fn address(url: &str) -> Option<(&str, u16)> {
    let (rest, port) = match url.split_once("://")? {
        ("https", rest) => (rest, 443),
        ("http", rest) => (rest, 80),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.contains(']') => (host, digits.parse().ok()?),
        _ => (authority, port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_found() {
        for (url, expected) in [
            ("https://gram.example.org/api/v2/", Some(("gram.example.org", 443))),
            ("http://gram:8080?x", Some(("gram", 8080))),
            ("http://bob:pw@gram/", Some(("gram", 80))),
            ("http://[::1]:8080/", Some(("::1", 8080))),
            ("http://[::1]/", Some(("::1", 80))),
            ("ftp://gram/", None),
            ("http:///x", None),
            ("http://gram:many/", None),
        ] {
            assert_eq!(address(url), expected, "{url}");
        }
    }
}
