//! Keeps the journal within its bounds: retention, and secrets whose time has come.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use journal::Retention;

use crate::core::{Core, Keep};
use crate::{failsafe, refusal};

/// How often it looks.
const EVERY: Duration = Duration::from_mins(1);

pub(crate) async fn keep(core: Arc<Core>) {
    while !core.is_stopping() {
        let now = core.clock.now();
        match core.journal.prune(retention(&core.snapshot().limits.keep, now), now).await {
            Ok(0) => {}
            Ok(jobs) => tracing::info!(jobs, "old jobs were removed from the journal"),
            Err(journal::Error::Closed) => return,
            Err(error) => tracing::warn!("retention: {error}"),
        }
        match refusal::secrets::forget(&core).await {
            Ok(()) => {}
            Err(journal::Error::Closed) => return,
            Err(error) => tracing::warn!("removing the secrets of refused messages: {error}"),
        }
        match failsafe::tidy(&core).await {
            Ok(()) => {}
            Err(journal::Error::Closed) => return,
            Err(error) => tracing::warn!("tidying the failsafe's counts: {error}"),
        }
        core.clock.sleep(EVERY).await;
    }
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
    }
}

pub(crate) fn before(now: Timestamp, age: Duration) -> Timestamp {
    SignedDuration::try_from(age).ok().and_then(|age| now.checked_sub(age).ok()).unwrap_or(Timestamp::MIN)
}
