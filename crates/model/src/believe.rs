//! Which stored times are believed. A clock that ran ahead and is put right leaves times behind that lie further ahead
//! than any rule allows; whoever waited for them would wait for weeks.
//!
//! What waits, waits no longer than its rule says, counted from now. What has happened did not happen in the future.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Clocks of machines that work together differ by this much, and are set by so much without a word.
pub const SLACK: SignedDuration = SignedDuration::from_mins(1);

/// No request is put off for longer than this: a year.
pub const FURTHEST: Duration = Duration::from_hours(366 * 24);

/// A time for which something waits that never waits for longer than this.
pub fn within(at: Timestamp, longest: Duration, now: Timestamp) -> Timestamp {
    let longest = SignedDuration::try_from(longest).unwrap_or(SignedDuration::MAX);
    at.min(now.checked_add(longest).unwrap_or(Timestamp::MAX))
}

/// Whether nothing can have happened then: it lies ahead.
pub fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    at.duration_since(now) > SLACK
}

/// When something happened that is said to have happened at this time.
pub fn happened(at: Timestamp, now: Timestamp) -> Timestamp {
    if is_ahead(at, now) { now } else { at }
}

/// When a retry is due that was to come at `due_at`, after an attempt that ended at `attempted_at`: no later than by the
/// pause between the two from now.
pub fn retry_at(due_at: Timestamp, attempted_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let pause = attempted_at.map_or(SignedDuration::ZERO, |attempted_at| due_at.duration_since(attempted_at));
    within(due_at, Duration::try_from(pause).unwrap_or_default(), now)
}

/// By how much the wall clock was set back while `elapsed` went by; `None` = it was not, or by no more than a second.
pub fn set_back(before: Timestamp, now: Timestamp, elapsed: Duration) -> Option<SignedDuration> {
    let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
    let by = elapsed.saturating_sub(now.duration_since(before));
    (by > SignedDuration::from_secs(1)).then_some(by)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 24 * 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_retry_keeps_its_pause_and_no_more() {
        // The clock was right.
        assert_eq!(retry_at(at(90), Some(at(30)), at(40)), at(90));
        // It ran thirty days ahead and was put right.
        let ahead = 30 * DAY;
        assert_eq!(retry_at(at(ahead + 90), Some(at(ahead + 30)), at(40)), at(100));
        // It is due already, and nothing makes it wait.
        assert_eq!(retry_at(at(10), Some(at(0)), at(40)), at(10));
        assert_eq!(retry_at(at(ahead), None, at(40)), at(40));
    }

    #[test]
    fn what_happened_did_not_happen_in_the_future() {
        assert_eq!(happened(at(0), at(10)), at(0));
        assert_eq!(happened(at(70), at(10)), at(70), "clocks differ by a minute");
        assert_eq!(happened(at(71), at(10)), at(10));
        assert!(is_ahead(at(71), at(10)) && !is_ahead(at(70), at(10)));
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed() {
        let five = Duration::from_secs(5);
        assert_eq!(set_back(at(0), at(5), five), None);
        assert_eq!(set_back(at(0), at(4), five), None, "by a second");
        assert_eq!(set_back(at(0), at(5 - DAY), five), Some(SignedDuration::from_secs(DAY)));
        assert_eq!(set_back(at(0), at(DAY), five), None, "set forward");
    }

    proptest! {
        #[test]
        fn nothing_waits_longer_than_allowed(due in -9_999_i64..9_999_999, longest in 0_u32..99_999, now in 0_i64..9_999) {
            let believed = within(at(due), Duration::from_secs(longest.into()), at(now));
            prop_assert!(believed <= at(due));
            prop_assert!(believed.duration_since(at(now)) <= SignedDuration::from_secs(longest.into()));
            if due <= now {
                prop_assert_eq!(believed, at(due));
            }
        }
    }
}
