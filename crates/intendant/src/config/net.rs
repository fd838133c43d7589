//! Values about the network.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde::Deserializer;
use serde::de::Error as _;

use module::config::{Value, instead};

/// Where to listen, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// Nowhere.
    Off,
    /// On this address.
    On(SocketAddr),
}

impl Value for Listen {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Listen::Off),
            address => address.parse().map(Listen::On).map_err(|_| {
                instead(text, "an address with a port such as 127.0.0.1:8470 or [::1]:8470, or off")
            }),
        }
    }

    fn show(&self) -> String {
        match self {
            Listen::Off => "off".to_owned(),
            Listen::On(address) => address.to_string(),
        }
    }
}

/// Where people reach the hub: scheme and host, with a port where it has one, and nothing behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site(String);

impl Site {
    /// The base of links, to which paths are added.
    pub fn base(&self) -> &str {
        &self.0
    }
}

impl Value for Site {
    fn parse(text: &str) -> Result<Self, String> {
        const WANTED: &str = "scheme and host such as https://hub.example.org";
        let base = text.trim_end_matches('/');
        let (scheme, host) = base.split_once("://").ok_or_else(|| instead(text, WANTED))?;
        let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        if !is_web
            || host.is_empty()
            || host.contains(['?', '#', '@', '\\'])
            || host.contains(char::is_whitespace)
        {
            return Err(instead(text, WANTED));
        }
        if host.contains('/') {
            return Err(format!(
                "{text:?} has a path, and the hub's pages lead to the root of their host only: give the hub a host name \
                 of its own, and write that"
            ));
        }
        Ok(Site(base.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Addresses and networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Value for Networks {
    /// Several are separated by commas.
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(|one| network(one.trim())).collect::<Result<_, _>>().map(Networks)
    }

    fn show(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn unset() -> Option<Self> {
        Some(Networks::default())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = <Vec<String> as Value>::read(deserializer)?;
        Networks::parse(&texts.join(",")).map_err(D::Error::custom)
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    let alone = || text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address));
    text.parse()
        .ok()
        .or_else(alone)
        .ok_or_else(|| instead(text, "an address or network such as 10.0.0.1 or 10.0.0.0/8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_no_path() {
        for (text, base) in [
            ("https://hub.example.org", "https://hub.example.org"),
            ("https://hub.example.org/", "https://hub.example.org"),
            ("http://127.0.0.1:8470", "http://127.0.0.1:8470"),
            ("HTTPS://[2001:db8::1]:443/", "HTTPS://[2001:db8::1]:443"),
        ] {
            assert_eq!(Site::parse(text).map(|site| site.base().to_owned()), Ok(base.to_owned()));
        }
        for path in ["https://hub.example.org/intendant/", "https://hub.example.org/a"] {
            assert!(Site::parse(path).unwrap_err().contains("has a path"), "{path}");
        }
        for other in
            ["hub.example.org", "ftp://hub", "https://", "https://a@hub", "https://hub?x=1", "https://a b"]
        {
            assert!(Site::parse(other).unwrap_err().contains("is not understood here"), "{other}");
        }
    }
}
