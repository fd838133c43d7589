//! When a message that is held goes into a deferred queue instead. Pure.

use std::time::Duration;

use jiff::Timestamp;

/// One that waits for more than its turn is held for so long while others find no room.
const CROWDED: Duration = Duration::from_secs(10);

/// How the job of a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It has ended, and something of it has not left.
    Ended,
    /// It is being run, or waits for nothing but its turn.
    Turn,
    /// It waits until then, or for something that nobody can foresee when that is past.
    Waits(Timestamp),
}

/// What is known of a message that is held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) now: Timestamp,
    /// How long it has been held.
    pub(super) held: Duration,
    /// How long it may be.
    pub(super) hold: Duration,
    /// So many are held that the broker hands out no more.
    pub(super) crowded: bool,
    pub(super) stand: Stand,
}

/// Until when a message is to be deferred, as far as anybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until(pub(super) Option<Timestamp>);

/// Whether it is to be deferred; `None` = it is held on.
pub(super) fn deferred(facts: &Facts) -> Option<Until> {
    let Facts { now, held, hold, crowded, stand } = *facts;
    let known = match stand {
        Stand::Waits(until) if until > now => Some(until),
        _ => None,
    };
    let left = hold.saturating_sub(held);
    let in_vain =
        known.is_some_and(|until| Duration::try_from(until.duration_since(now)).is_ok_and(|p| p > left));
    let in_the_way = crowded && held >= CROWDED && stand != Stand::Turn;
    (left.is_zero() || in_vain || in_the_way).then_some(Until(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(60 * minutes).unwrap()
    }

    fn facts(held: u32, stand: Stand) -> Facts {
        Facts { now: at(100), held: held * MINUTE, hold: 10 * MINUTE, crowded: false, stand }
    }

    #[test]
    fn a_message_is_held_while_its_job_can_be_done_within_the_time() {
        for stand in [Stand::Ended, Stand::Turn, Stand::Waits(at(99)), Stand::Waits(at(101))] {
            assert_eq!(deferred(&facts(0, stand)), None, "{stand:?}");
            assert_eq!(deferred(&facts(9, stand)), None, "{stand:?}");
        }
    }

    #[test]
    fn one_that_is_tried_again_later_than_that_goes_at_once() {
        let waits = Stand::Waits(at(130));
        assert_eq!(deferred(&facts(0, waits)), Some(Until(Some(at(130)))));
        assert_eq!(deferred(&facts(8, Stand::Waits(at(103)))), Some(Until(Some(at(103)))));
    }

    #[test]
    fn when_the_time_is_over_every_one_goes() {
        for stand in [Stand::Ended, Stand::Turn, Stand::Waits(at(99))] {
            assert_eq!(deferred(&facts(10, stand)), Some(Until(None)), "{stand:?}");
        }
    }

    #[test]
    fn those_that_wait_make_room_for_others_and_those_whose_turn_comes_do_not() {
        let crowded = |held, stand| Facts { crowded: true, ..facts(held, stand) };
        assert_eq!(deferred(&crowded(0, Stand::Waits(at(99)))), None);
        assert_eq!(deferred(&crowded(1, Stand::Waits(at(99)))), Some(Until(None)));
        assert_eq!(deferred(&crowded(1, Stand::Waits(at(101)))), Some(Until(Some(at(101)))));
        assert_eq!(deferred(&crowded(9, Stand::Turn)), None);
        assert_eq!(deferred(&crowded(1, Stand::Ended)), Some(Until(None)));
    }
}
