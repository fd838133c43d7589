//! Time that passes between the hub and its database: of what lies outside of the process nobody tells when it is back.
#![allow(clippy::disallowed_methods, reason = "there is no event to wait for")]

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

/// Waits for so long.
pub(super) fn pause(time: Duration) -> Sleep {
    sleep(time)
}

/// Comes back so often, and never twice for one time that was missed.
pub(super) fn every(time: Duration) -> Interval {
    let mut interval = interval(time);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
