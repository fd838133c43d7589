//! Takes away somebody who came on a queue: no queue says who writes it, so that nobody else can when the program has died.

use engine::{Actor, AuditEntry};
use model::Code;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::live::Live;
use crate::registry::{Queue, Triple};

/// What was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// The backend.
    pub backend: String,
    /// The system user.
    pub user: String,
    /// The user of the backend.
    pub vuser: String,
    /// How many references came on queues, and are gone.
    pub references: u64,
    /// How many references processes still hold: they take them along when they end.
    pub left: u64,
}

/// Why nobody was taken away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unremoved {
    /// Nobody is registered so.
    #[error("nobody is registered as {0}")]
    NotRegistered(Triple),
    /// Only processes hold him.
    #[error(
        "{0} did not come on a queue: the processes that hold him take him along when they end, `intendant registry list` \
         names them"
    )]
    HeldByProcesses(Triple),
    /// The hub stops.
    #[error("the hub stops")]
    Stopping,
}

impl Unremoved {
    /// The same for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Unremoved::NotRegistered(_) => "not_registered",
            Unremoved::HeldByProcesses(_) => "held_by_processes",
            Unremoved::Stopping => "stopping",
        }
    }
}

/// A removal that is to be written.
#[derive(Debug)]
pub(crate) struct Removal {
    /// Who.
    pub triple: Triple,
    /// What the audit says of it.
    pub audit: AuditEntry,
    /// Told when it is on disk.
    pub done: oneshot::Sender<()>,
}

impl Live {
    /// Takes away all references to somebody that came on queues. It is on disk when this resolves, with who did it; what
    /// backends are told of somebody who has gone is in the same commit.
    pub async fn remove(&self, named: &Triple, actor: &Actor) -> Result<Removed, Unremoved> {
        let (done, on_disk) = oneshot::channel();
        let removed = self.change(|table| {
            let mut removals = self.removals();
            let removals = removals.as_mut().ok_or(Unremoved::Stopping)?;
            let Some(seen) = table.look_up(named) else {
                return Err(Unremoved::NotRegistered(named.clone()));
            };
            let taken = table.forget(&seen.triple);
            if taken.is_empty() {
                return Err(Unremoved::HeldByProcesses(named.clone()));
            }
            let references = taken.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
            let triple = Triple::clone(&seen.triple);
            let audit = entry(&triple, actor, &taken);
            let (backend, user, vuser) =
                (triple.backend.to_string(), triple.user.to_string(), triple.vuser.to_string());
            // Under the lock of the table: whoever writes what has changed finds it beside the change.
            removals.push_back(Removal { triple, audit, done });
            Ok(Removed { backend, user, vuser, references, left: seen.count.saturating_sub(references) })
        })?;
        on_disk.await.map_err(|_| Unremoved::Stopping)?;
        Ok(removed)
    }
}

fn entry(triple: &Triple, actor: &Actor, taken: &[(Queue, u64)]) -> AuditEntry {
    let (what, code) = (format!("registration {triple}"), Code::from_static("removed"));
    let queues = taken.iter().map(|(queue, count)| json!({ "queue": queue.as_str(), "count": count }));
    let before = json!({ "queues": queues.collect::<Vec<_>>() });
    AuditEntry::new(actor, what, code, "what came of him on queues was removed").before(before)
}
