//! What the hub does when it is not sure any more that the journal is its own.

use std::sync::Arc;

use journal::Standing;

use crate::port::Stop;
use crate::state::core::Core;

/// Ends what runs as soon as another hub may be about to run it, and lets work go on when it turns out that none did.
pub(crate) async fn follow(core: Arc<Core>) {
    let mut standing = core.standing();
    loop {
        let now = standing.borrow_and_update().clone();
        let running = core.wiring.running.len();
        match now {
            Standing::Confirmed => {}
            Standing::Unsure => {
                tracing::warn!(
                    running,
                    "PostgreSQL has confirmed nothing for a while, and another hub may take over: what runs is ended at \
                     once, and runs again"
                );
                core.wiring.running.signal_all(Stop::Unsure);
            }
            Standing::Over(_) => {
                core.wiring.running.signal_all(Stop::Unsure);
                return;
            }
        }
        let was_unsure = now == Standing::Unsure;
        if standing.changed().await.is_err() {
            return;
        }
        if was_unsure && core.is_sure() {
            tracing::info!("PostgreSQL answers, and nobody has taken over: work goes on");
            core.wiring.wake.notify_one();
            core.wiring.outbox.notify_one();
        }
    }
}
