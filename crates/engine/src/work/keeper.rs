//! Keeps the journal within its bounds: retention, and secrets whose time has come.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journal::{Pruned, Retention};

use crate::lasting::Lasting;
use crate::state::core::{Core, Keep};
use crate::state::failsafe;
use crate::work::refusal;

/// How often it looks.
const EVERY: Duration = Duration::from_mins(1);
/// So many deliveries may wait for one address.
const LINES_MAX: u64 = 100_000;
/// What is told of when it cannot be done.
const RETENTION: &str = "removing what is old from the journal";
const LINES: &str = "bounding what waits to leave";
const REFUSALS: &str = "removing the secrets of refused messages";
const COUNTS: &str = "tidying the failsafe's counts";

/// How often it makes sure that the journal is still where it was, also when nothing is written.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) async fn keep(core: Arc<Core>) {
    let [retention_trouble, lines_trouble, refusals_trouble, failsafe_trouble] =
        [(); 4].map(|()| Lasting::default());
    let mut over = false;
    while !core.is_stopping() {
        let now = core.clock.now();
        match core.journal.prune(retention(&core.snapshot().limits.keep, now), now).await {
            Ok(pruned) => {
                retention_trouble.obeyed(RETENTION);
                tell(pruned, &mut over);
            }
            Err(journal::Error::Closed) => return,
            Err(error) => retention_trouble.refused(RETENTION, &error),
        }
        match core.journal.bound_lines(LINES_MAX, now).await {
            Ok(given_up) => {
                lines_trouble.obeyed(LINES);
                if given_up > 0 {
                    tracing::warn!(
                        given_up,
                        "{given_up} deliveries were given up: more than {LINES_MAX} waited for one address; they are \
                         listed with the dead letters"
                    );
                }
            }
            Err(journal::Error::Closed) => return,
            Err(error) => lines_trouble.refused(LINES, &error),
        }
        match refusal::secrets::forget(&core).await {
            Ok(()) => refusals_trouble.obeyed(REFUSALS),
            Err(journal::Error::Closed) => return,
            Err(error) => refusals_trouble.refused(REFUSALS, &error),
        }
        match failsafe::tidy(&core).await {
            Ok(()) => failsafe_trouble.obeyed(COUNTS),
            Err(journal::Error::Closed) => return,
            Err(error) => failsafe_trouble.refused(COUNTS, &error),
        }
        core.clock.sleep(EVERY).await;
    }
}

/// Looks whether the journal can be written, which tells the log when it cannot.
pub(crate) async fn watch(core: Arc<Core>) {
    while !core.is_stopping() {
        core.clock.sleep(LOOK).await;
        if matches!(core.journal.writable().await, Err(journal::Error::Closed)) {
            return;
        }
    }
}

/// Says what retention came to; `over` remembers that the bound in bytes did not hold.
fn tell(pruned: Pruned, over: &mut bool) {
    let Pruned { jobs, given_up, over: too_large } = pruned;
    if jobs > 0 {
        tracing::info!(jobs, "old jobs were removed from the journal");
    }
    if given_up > 0 {
        tracing::warn!(
            given_up,
            "{given_up} deliveries were given up: nobody took them for as long as retention keeps ended jobs; they are \
             listed with the dead letters"
        );
    }
    if too_large && !*over {
        tracing::warn!(
            "the journal is larger than `retention.size_max`, and nothing in it may be removed: live jobs, entities and \
             the audit are kept"
        );
    }
    *over = too_large;
}

fn retention(keep: &Keep, now: Timestamp) -> Retention {
    Retention {
        jobs_before: before(now, keep.jobs),
        jobs_max: keep.jobs_max,
        ids_before: before(now, keep.ids),
        records_before: before(now, keep.records),
        records_max: keep.records_max,
        messages_before: before(now, keep.messages),
        messages_max: keep.messages_max,
        events_max: keep.events_max,
        bytes_max: keep.bytes_max,
    }
}

pub(crate) fn before(now: Timestamp, age: Duration) -> Timestamp {
    SignedDuration::try_from(age).ok().and_then(|age| now.checked_sub(age).ok()).unwrap_or(Timestamp::MIN)
}
