//! Keeps the journal within its bounds: retention, and secrets whose time has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journal::{Pruned, Retention};
use tokio::task::JoinHandle;

use crate::state::core::{Core, Keep};
use crate::state::failsafe;
use crate::work::chore::sweep;
use crate::work::{errand, refusal, statistics};

/// How often it looks.
const EVERY: Duration = Duration::from_mins(1);
/// How often it looks for what few have to remove.
const SELDOM: Duration = Duration::from_hours(6);
/// So many deliveries may wait for one address.
const LINES_MAX: u64 = 100_000;

/// How often it makes sure that the journal is still where it was, also when nothing is written.
const LOOK: Duration = Duration::from_secs(2);

/// What keeps the journal within its bounds, each by itself.
pub(crate) fn sweeps(core: &Arc<Core>) -> Vec<JoinHandle<()>> {
    let over = Arc::new(AtomicBool::new(false));
    let retention = led(core, "removing what is old from the journal", EVERY, move |core| {
        let over = Arc::clone(&over);
        async move {
            let now = core.clock.now();
            let pruned = core.journal.prune(retention(&core.snapshot().limits.keep, now), now).await?;
            tell(pruned, &over);
            Ok(())
        }
    });
    let lines = led(core, "bounding what waits to leave", EVERY, |core| async move {
        let given_up = core.journal.bound_lines(LINES_MAX, core.clock.now()).await?;
        if given_up > 0 {
            tracing::warn!(
                given_up,
                "{given_up} deliveries were given up: more than {LINES_MAX} waited for one address; they are listed with \
                 the dead letters"
            );
        }
        Ok(())
    });
    let refusals = led(core, "removing the secrets of refused messages", EVERY, |core| async move {
        refusal::secrets::forget(&core).await
    });
    let counts =
        led(core, "tidying the failsafe's counts", EVERY, |core| async move { failsafe::tidy(&core).await });
    let errands = led(core, "removing what hubs have asked each other", EVERY, |core| async move {
        errand::tidy(&core).await
    });
    let statistics = sweep(Arc::clone(core), "keeping the statistics", EVERY, |core| async move {
        statistics::keep(&core).await
    });
    let mut all = vec![retention, lines, refusals, counts, errands, tokio::spawn(statistics)];
    if core.journal.is_shared() {
        all.push(led(core, "removing what hubs that are gone have counted", SELDOM, |core| async move {
            statistics::tidy(&core).await
        }));
    }
    all
}

/// A sweep that one hub does for all.
fn led<F: Future<Output = Result<(), journal::Error>> + Send + 'static>(
    core: &Arc<Core>,
    name: &'static str,
    every: Duration,
    act: impl Fn(Arc<Core>) -> F + Send + Sync + 'static,
) -> JoinHandle<()> {
    let core = Arc::clone(core);
    tokio::spawn(async move {
        if core.leads().await {
            sweep(core, name, every, act).await;
        }
    })
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
fn tell(pruned: Pruned, over: &AtomicBool) {
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
    if too_large && !over.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "the journal is larger than `retention.size_max`, and nothing in it may be removed: live jobs, entities and \
             the audit are kept"
        );
    }
    over.fetch_and(too_large, Ordering::Relaxed);
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
