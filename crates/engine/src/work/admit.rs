//! Whether a destructive job may start. One hub decides that for all, so that caps hold whoever runs the jobs.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Destructive, EntityWrite, JobId};
use serde::{Deserialize, Serialize};
use tokio::sync::MutexGuard;

use crate::state::core::Core;
use crate::state::failsafe::{self, Ticket};

/// A job that wants to start.
pub(crate) struct Wanted {
    pub(crate) job: JobId,
    pub(crate) kind: Destructive,
    /// The backends of its plan.
    pub(crate) plan: Vec<String>,
    /// So many may.
    pub(crate) cap: u32,
    /// It may wait for somebody's decision.
    pub(crate) may_wait: bool,
}

/// What becomes of it.
pub(crate) enum Admission<'c> {
    /// It may; with what makes it count.
    Start(Ticket),
    /// It may: it counts already.
    Again,
    /// It fails, since it cannot wait.
    TooLate(String),
    /// It is held.
    Hold(Place, Opening<'c>),
}

/// Where a job is held, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The set's name.
    pub(crate) set: String,
    /// Its due time there: its place in the order of the set.
    pub(crate) stamp: Timestamp,
    /// What people are told.
    pub(crate) message: String,
}

/// The write that opens a set, for its first job. Nobody else holds or decides until it is dropped.
pub(crate) struct Opening<'c> {
    pub(crate) write: Option<EntityWrite>,
    _turn: MutexGuard<'c, ()>,
}

/// Says what becomes of a job that wants to start.
pub(crate) async fn admit<'c>(core: &'c Arc<Core>, wanted: &Wanted) -> Admission<'c> {
    let try_to = || failsafe::admit(core, wanted.job, wanted.kind, wanted.plan.clone(), wanted.cap);
    let mut tripped = match try_to() {
        Ok(admitted) => return start(admitted),
        Err(tripped) if wanted.may_wait => tripped,
        Err(tripped) => return Admission::TooLate(format!("{}, and it has a deadline", tripped.sentence())),
    };
    let turn = core.failsafe.turn().await;
    if let Err(error) = failsafe::look_for_stamp(core).await {
        tracing::warn!(job = %wanted.job, "looking for the job that was held last: {error}");
    }
    while let Some(set) = tripped.only_behind() {
        // Those it would wait with may all have been cancelled.
        match failsafe::drop_if_empty(core, set).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(job = %wanted.job, "looking at the set {set}: {error}");
                break;
            }
        }
        match try_to() {
            Ok(admitted) => return start(admitted),
            Err(still) => tripped = still,
        }
    }
    let held = failsafe::join(core, &tripped);
    let message = format!("{}: somebody must approve or reject the set {}", tripped.sentence(), held.set);
    let place = Place { set: held.set, stamp: held.stamp, message };
    Admission::Hold(place, Opening { write: held.opening, _turn: turn })
}

fn start<'c>(admitted: Option<Ticket>) -> Admission<'c> {
    admitted.map_or(Admission::Again, Admission::Start)
}
