//! The hubs on a journal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use http::Time;
use journal::Difference;

/// The hubs on the journal, as the one that answers found them last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nodes {
    /// The one at work comes first.
    pub nodes: Vec<Node>,
    /// Why that may be otherwise by now: the database could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A hub on the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its life: from one start to its end.
    pub life: String,
    /// The host it runs on.
    pub host: String,
    /// Its process there.
    pub process: i64,
    /// What it does.
    pub role: NodeRole,
    /// It works, and does for all hubs what one alone must do: the queues of the buses, what leaves, what is done at times.
    #[serde(default)]
    pub leads: bool,
    /// It takes no work until it is resumed or started anew. One that works lays down its work.
    #[serde(default)]
    pub drained: bool,
    /// The version of the program; not there when it is too old to say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Backends that only one of this hub and the one that leads has, or that are others: their configuration or a script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_backends: Vec<String>,
    /// Settings that this hub has otherwise than the one that leads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_settings: Vec<String>,
    /// Since when it is there.
    pub since: Time,
    /// For how many milliseconds it has not moved. One that lives moves every second.
    pub silent: u64,
    /// It is the one that answers.
    pub own: bool,
}

/// What a hub does on the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// It works.
    AtWork,
    /// It waits for the end of the one at work.
    StandsBy,
}

impl From<journal::NodeRole> for NodeRole {
    fn from(role: journal::NodeRole) -> Self {
        match role {
            journal::NodeRole::AtWork => NodeRole::AtWork,
            journal::NodeRole::StandsBy => NodeRole::StandsBy,
        }
    }
}

impl From<&journal::Node> for Node {
    fn from(node: &journal::Node) -> Self {
        Node {
            life: node.life.to_string(),
            host: node.host().to_owned(),
            process: node.pid,
            role: node.role.into(),
            leads: node.leads,
            drained: node.drained,
            version: Some(node.version.clone()).filter(|version| !version.is_empty()),
            other_backends: Vec::new(),
            other_settings: Vec::new(),
            since: node.since.into(),
            silent: u64::try_from(node.silent.as_millis()).unwrap_or(u64::MAX),
            own: node.is_own,
        }
    }
}

impl From<&journal::Hubs> for Nodes {
    fn from(hubs: &journal::Hubs) -> Self {
        let (now, differences) = (hubs.now(), hubs.differences());
        let mut nodes: Vec<Node> = now.all.iter().map(Node::from).collect();
        for node in &mut nodes {
            if let Some(Difference { backends, settings }) = differences.get(&node.life) {
                (node.other_backends, node.other_settings) = (backends.clone(), settings.clone());
            }
        }
        Nodes { nodes, trouble: now.trouble.clone() }
    }
}
