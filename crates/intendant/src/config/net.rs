//! Values about the network.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use ipnet::IpNet;
use serde::Deserializer;
use serde::de::Error as _;

use super::value::{Value, instead};

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

impl Value for NonZeroU32 {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| instead(text, "a whole number above zero such as 100"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}
