//! How far a job follows a backend that says "not now".
//!
//! What counts is what it was told, not what the clock shows: a clock that jumps makes nobody give up early or late.

use std::time::Duration;

use jiff::Timestamp;

use crate::outcome::{Until, Wait};

/// A job waits at least for this long.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// A job waits in all for so long, unless the hub is told otherwise.
pub const LONGEST: Duration = Duration::from_hours(7 * 24);
/// A pause is at least this part of all that the job has waited already. So one that is told to wait again and again asks
/// a few thousand times in a week, and not half a million times.
const PART: u32 = 1000;

/// For how long a job waits that was just told so, after it had `waited` in all. Never longer than what is left of
/// `longest`; `None` = nothing is.
pub fn pause(wait: Wait, waited: Duration, longest: Duration, now: Timestamp) -> Option<Duration> {
    let left = longest.checked_sub(waited).filter(|left| !left.is_zero())?;
    let asked = match wait.until {
        Until::After(pause) => pause,
        Until::At(time) => Duration::try_from(time.duration_since(now)).unwrap_or_default(),
    };
    Some(asked.min(left).max(SHORTEST).max(waited / PART))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outcome::WaitFor;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(pause: Duration) -> Wait {
        Wait { until: Until::After(pause), scope: WaitFor::Job }
    }

    #[test]
    fn what_is_asked_is_followed_within_bounds() {
        let minute = Duration::from_mins(1);
        assert_eq!(pause(after(minute), Duration::ZERO, LONGEST, NOW), Some(minute));
        assert_eq!(pause(after(Duration::ZERO), Duration::ZERO, LONGEST, NOW), Some(SHORTEST));
        let at = |second| Wait { until: Until::At(Timestamp::from_second(second).unwrap()), ..after(minute) };
        assert_eq!(pause(at(90), Duration::ZERO, LONGEST, NOW), Some(Duration::from_secs(90)));
        assert_eq!(pause(at(-90), Duration::ZERO, LONGEST, NOW), Some(SHORTEST), "a time that is over");
        assert_eq!(
            pause(after(LONGEST * 9), minute, LONGEST, NOW),
            LONGEST.checked_sub(minute),
            "what is left"
        );
        assert_eq!(pause(after(minute), LONGEST, LONGEST, NOW), None);
    }

    #[test]
    fn whoever_is_told_so_without_end_asks_a_bounded_number_of_times() {
        let (mut waited, mut times) = (Duration::ZERO, 0);
        while let Some(pause) = pause(after(Duration::ZERO), waited, LONGEST, NOW) {
            waited += pause;
            times += 1;
        }
        assert!((5_000..10_000).contains(&times), "{times}");
    }

    proptest! {
        #[test]
        fn nobody_waits_for_much_longer_than_allowed(asked in 0_u32..2_000_000, waited in 0_u32..2_000_000) {
            let (asked, waited) = (Duration::from_secs(asked.into()), Duration::from_secs(waited.into()));
            let most = LONGEST + SHORTEST.max(LONGEST / PART);
            match pause(after(asked), waited, LONGEST, NOW) {
                Some(pause) => prop_assert!(pause >= SHORTEST && waited + pause <= most),
                None => prop_assert!(waited >= LONGEST),
            }
        }
    }
}
