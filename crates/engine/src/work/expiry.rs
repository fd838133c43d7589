//! Ends the jobs whose deadline passes before they could start: in groups, beside the dispatcher, which goes on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::lasting::Lasting;
use crate::state::core::Core;
use crate::work::ending::give_up;

/// The wall clock is looked at this often at least: it may be set.
const LOOK: Duration = Duration::from_secs(5);
/// Jobs that are ended together.
const GROUP: usize = 256;
/// Pause before a deadline is looked at again that has passed, and whose job is still there: somebody else moves it.
const AGAIN: Duration = Duration::from_millis(50);
/// What is told of when it cannot be done.
const DEADLINES: &str = "reading the deadlines";

/// Works until the hub stops.
pub(crate) async fn expire(core: Arc<Core>) {
    let trouble = Lasting::default();
    let mut next = None;
    let mut known = false;
    while !core.is_stopping() {
        let now = core.clock.now();
        if !known || next.is_some_and(|deadline| deadline <= now) {
            match end_expired(&core, now).await {
                Ok(deadline) => {
                    trouble.obeyed(DEADLINES);
                    (next, known) = (deadline, true);
                }
                Err(error) => {
                    trouble.refused(DEADLINES, &error);
                    next = Some(now + LOOK);
                }
            }
        }
        wait(&core, next).await;
        next = next.into_iter().chain(core.wiring.take_deadline()).min();
    }
}

/// Ends those whose deadline has passed, and says when the next one does.
async fn end_expired(core: &Core, now: Timestamp) -> Result<Option<Timestamp>, journal::Error> {
    let expired = core.journal.expired(now, GROUP).await?;
    join_all(expired.into_iter().map(|job| give_up(core, job, now))).await;
    let next = core.journal.next_deadline().await?;
    Ok(next.map(|deadline| deadline.max(now + AGAIN)))
}

async fn wait(core: &Core, next: Option<Timestamp>) {
    let pause = async {
        match next {
            Some(time) => core.clock.sleep_until(time, LOOK).await,
            None => core.clock.sleep(LOOK).await,
        }
    };
    tokio::select! {
        () = core.wiring.deadlines.notified() => {}
        () = pause => {}
    }
}
