//! Who works on a journal that several hubs can reach, and who stands by; and how sure a hub is of its own part.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::life::Life;

/// What a hub does on a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeRole {
    /// It works on it: alone, or beside others that may all do so.
    AtWork,
    /// It waits for its turn.
    StandsBy,
}

/// A hub on a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its life.
    pub life: Life,
    /// Its process on its host.
    pub pid: i64,
    /// What it does.
    pub role: NodeRole,
    /// It does what one alone must do for all hubs of the journal.
    pub leads: bool,
    /// It takes no work until it is told that it may; at work it is about to lay it down.
    pub drained: bool,
    /// Who has said last whether it does; empty when nobody has.
    pub told_by: String,
    /// The version of the program; empty when an older one does not say.
    pub version: String,
    /// Since when it is there, by the clock of the database.
    pub since: Timestamp,
    /// For how long it has not moved, as far as this hub has looked. One that lives moves every second.
    pub silent: Duration,
    /// It is this hub itself.
    pub is_own: bool,
}

impl Node {
    /// The host it runs on.
    pub fn host(&self) -> &str {
        self.life.seat().split(':').next().unwrap_or_default()
    }

    /// `process 12 of host:place`, as it is told to people.
    pub fn who(&self) -> String {
        format!("process {} of {}", self.pid, self.life.seat())
    }
}

/// All hubs on a journal, as they were found at the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nodes {
    /// The one that leads comes first, and then others at work.
    pub all: Vec<Node>,
    /// Why that may be otherwise by now: the database could not be asked.
    pub trouble: Option<String>,
}

impl Nodes {
    /// The hub itself that looks.
    pub fn own(&self) -> Option<&Node> {
        self.all.iter().find(|node| node.is_own)
    }

    /// The one at work, if there is one.
    pub fn at_work(&self) -> Option<&Node> {
        self.all.iter().find(|node| node.role == NodeRole::AtWork)
    }
}

/// How sure a hub may be that it is the one that works on its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its last commit is confirmed and recent, or nobody else is there who could take over.
    Confirmed,
    /// It has had no confirmed commit for so long that somebody else may be about to take over: whatever has an effect
    /// outside ends at once, and nothing begins. It may turn out that nobody did.
    Unsure,
    /// Its life is over. Nothing it knows counts any more, and nothing can be written: whoever goes on begins a new life.
    Over(End),
}

/// Why the life of a hub is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Another one has taken over.
    TakenOver,
    /// The database has lost so many commits that it had confirmed, at least.
    Lost(u64),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::TakenOver => f.write_str(
                "another hub has taken the journal over, since this one had been silent for too long",
            ),
            End::Lost(commits) => write!(
                f,
                "the database has lost {commits} commits that it had confirmed, by a failover to a standby that lagged \
                 behind, or an older copy: what was acknowledged then is not known any more, and steps whose end was \
                 recorded then run again"
            ),
        }
    }
}

/// Those who hear how sure their hub is.
pub type StandingReceiver = tokio::sync::watch::Receiver<Standing>;

/// Those who hear whether their hub leads.
pub type LeadsReceiver = tokio::sync::watch::Receiver<bool>;

/// Those who hear who is there.
pub type NodesReceiver = tokio::sync::watch::Receiver<Arc<Nodes>>;
