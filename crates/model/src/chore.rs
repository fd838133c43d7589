//! What becomes of a chore: whether it is due, by whom it is done, and what is made up for.
//!
//! It is begun in the journal before anything is done, by one life of the journal: whoever writes first does it. Its end is
//! written afterwards. What a lost hub left between the two is done again, once and told: what is owed is never forgotten.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::believe::{happened, is_ahead, within};
use crate::times::Times;

/// Who does a chore says so again before so long has gone by; whoever else finds nothing newer takes it over.
pub const LEASE: Duration = Duration::from_mins(5);
/// First and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(1));
/// Characters of an error that are kept.
const LONGEST: usize = 300;

/// What is known of a chore.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Past {
    /// When what was done last was begun: nothing before that is owed.
    pub last: Option<Timestamp>,
    /// It was begun and its end is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begun: Option<Begun>,
    /// How often it was begun since it was done last.
    #[serde(skip_serializing_if = "is_zero")]
    pub tries: u32,
    /// After a failure: not before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Timestamp>,
    /// Why it failed the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// That it was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// When.
    pub at: Timestamp,
    /// By which life of the journal.
    pub by: String,
    /// Where that is lived: there is room for one life at a time.
    pub seat: String,
    /// Until then it is being done.
    pub until: Timestamp,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The life of the journal.
    pub life: &'a str,
    /// Where it is lived.
    pub seat: &'a str,
}

/// What is to be done about a chore now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is counted from now on: nothing is known of it, or what is known lies ahead.
    Count,
    /// Nothing before this time; `None` = never again.
    Wait(Option<Timestamp>),
    /// Somebody else does it until then, or longer.
    Held(Timestamp),
    /// It is due. `lost`: it was begun then, by a hub that is gone.
    Due {
        /// When it was begun that way.
        lost: Option<Timestamp>,
    },
}

impl Past {
    /// What is to be done about it.
    pub fn turn(&self, times: &Times, now: Timestamp, asker: Asker<'_>) -> Turn {
        if let Some(begun) = &self.begun {
            // Another life of the same seat is over, and our own is asked only when it does nothing.
            let farthest = within(begun.until, LEASE, now);
            if begun.seat != asker.seat && begun.until > now && begun.until == farthest {
                return Turn::Held(begun.until);
            }
            // Whoever is ended by it each time is not so at once each time.
            let next = self.paused_until(begun.at, now).filter(|_| self.tries > 1);
            return match next.filter(|next| *next > now) {
                Some(next) => Turn::Wait(Some(next)),
                None => Turn::Due { lost: Some(begun.at) },
            };
        }
        let Some(last) = self.last.filter(|last| !is_ahead(*last, now)) else { return Turn::Count };
        if let Some(again) = self.again {
            return if within(again, PAUSE.1, now) == again && again > now {
                Turn::Wait(Some(again))
            } else {
                Turn::Due { lost: None }
            };
        }
        match times.after(last) {
            Some(next) if next <= now => Turn::Due { lost: None },
            next => Turn::Wait(next),
        }
    }

    /// Counted from now on. What failed is still owed.
    #[must_use]
    pub fn counted(&self, now: Timestamp) -> Past {
        Past { last: Some(now), ..self.clone() }
    }

    /// Begun.
    #[must_use]
    pub fn begin(&self, now: Timestamp, asker: Asker<'_>) -> Past {
        let until = later(now, LEASE);
        let begun = Begun { at: now, by: asker.life.to_owned(), seat: asker.seat.to_owned(), until };
        Past { begun: Some(begun), tries: self.tries.saturating_add(1), again: None, ..self.clone() }
    }

    /// Still being done.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Past {
        let begun = self.begun.clone().map(|begun| Begun { until: later(now, LEASE), ..begun });
        Past { begun, ..self.clone() }
    }

    /// Done.
    #[must_use]
    pub fn done(&self, now: Timestamp) -> Past {
        let last = self.begun.as_ref().map(|begun| happened(begun.at, now).min(now));
        Past { last: last.or(Some(now)), ..Past::default() }
    }

    /// It came to nothing.
    #[must_use]
    pub fn failed(&self, why: &str, times: &Times, now: Timestamp) -> Past {
        let pause = match times {
            Times::Every(every) => pause(self.tries).min(*every),
            Times::At(..) => pause(self.tries),
        };
        let error = why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
        Past { begun: None, again: Some(later(now, pause)), error: Some(error), ..self.clone() }
    }

    /// Whether it is begun by this life at this time.
    pub fn is_of(&self, begun: &Begun) -> bool {
        self.begun.as_ref().is_some_and(|other| (other.at, &other.by) == (begun.at, &begun.by))
    }

    fn paused_until(&self, begun: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let until = later(begun, pause(self.tries - 1));
        Some(until).filter(|until| within(*until, PAUSE.1, now) == *until)
    }
}

/// The pause after so many tries.
fn pause(tries: u32) -> Duration {
    PAUSE.0.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(PAUSE.1)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(tries: &u32) -> bool {
    *tries == 0
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use jiff::{Span, ToSpan as _};

    use super::*;

    const HERE: Asker<'static> = Asker { life: "here.1", seat: "here" };
    const AGAIN: Asker<'static> = Asker { life: "here.2", seat: "here" };
    const THERE: Asker<'static> = Asker { life: "there.1", seat: "there" };

    fn noon() -> Timestamp {
        "2026-07-01T12:00:00Z".parse().unwrap()
    }

    fn nightly() -> Times {
        Times::cron("0 2 * * *", TimeZone::UTC).unwrap()
    }

    fn hourly() -> Times {
        Times::Every(Duration::from_hours(1))
    }

    fn plus(at: Timestamp, span: Span) -> Timestamp {
        at.checked_add(span).unwrap()
    }

    /// A chore and a clock that is set; it is looked at each minute.
    struct Life {
        past: Past,
        times: Times,
        now: Timestamp,
        done: Vec<Timestamp>,
    }

    impl Life {
        fn new(times: Times) -> Self {
            Life { past: Past::default(), times, now: noon(), done: Vec::new() }
        }

        fn look(&mut self) {
            match self.past.turn(&self.times, self.now, HERE) {
                Turn::Count => self.past = self.past.counted(self.now),
                Turn::Due { .. } => {
                    self.past = self.past.begin(self.now, HERE).done(self.now);
                    self.done.push(self.now);
                }
                Turn::Wait(_) | Turn::Held(_) => {}
            }
        }

        fn minutes(&mut self, minutes: usize) {
            for _ in 0..minutes {
                self.look();
                self.now = plus(self.now, 1.minute());
            }
        }
    }

    #[test]
    fn at_the_first_start_nothing_was_missed() {
        let mut life = Life::new(nightly());
        life.minutes(14 * 60);
        assert_eq!(life.done, [] as [Timestamp; 0]);
        life.minutes(2);
        assert_eq!(life.done.len(), 1);
    }

    #[test]
    fn a_clock_that_jumps_thirty_days_ahead_and_back_makes_up_once_and_goes_on_within_two_minutes() {
        let mut life = Life::new(nightly());
        life.minutes(10);
        life.now = plus(life.now, (30 * 24).hours());
        life.minutes(30);
        assert_eq!(life.done.len(), 1, "thirty nights are made up once");
        life.now = plus(life.now, (-30 * 24).hours());
        life.minutes(2);
        let next = life.past.turn(&life.times, life.now, HERE);
        assert_eq!(next, Turn::Wait(Some("2026-07-02T02:00:00Z".parse().unwrap())), "tonight, as ever");
        life.minutes(15 * 60);
        assert_eq!(life.done.len(), 2);
        assert_eq!(life.done[1], "2026-07-02T02:00:00Z".parse().unwrap());
    }

    #[test]
    fn an_interval_goes_on_after_a_clock_was_set_back() {
        let mut life = Life::new(hourly());
        life.minutes(62);
        life.now = plus(life.now, (30 * 24).hours());
        life.minutes(1);
        assert_eq!(life.done.len(), 2);
        life.now = plus(life.now, (-30 * 24).hours());
        life.minutes(63);
        assert_eq!(life.done.len(), 3, "an hour after the clock was put right: {:?}", life.done);
    }

    #[test]
    fn a_clock_set_back_between_begin_and_end_leaves_no_time_ahead() {
        let ahead = plus(noon(), (30 * 24).hours());
        let past = Past::default().counted(ahead).begin(ahead, HERE).done(noon());
        assert_eq!(past.last, Some(noon()));
        let failed = Past::default().counted(noon()).begin(ahead, HERE).failed("no", &nightly(), ahead);
        assert_eq!(
            failed.turn(&nightly(), noon(), HERE),
            Turn::Due { lost: None },
            "its pause is not believed"
        );
    }

    #[test]
    fn what_a_lost_hub_began_is_made_up_once_and_told() {
        let due = plus(noon(), 24.hours());
        let begun = Past::default().counted(noon()).begin(due, HERE);
        // kill -9, and a start a moment later.
        let start = plus(due, 5.seconds());
        assert_eq!(begun.turn(&nightly(), start, AGAIN), Turn::Due { lost: Some(due) });
        let done = begun.begin(start, AGAIN).done(plus(start, 1.second()));
        assert_eq!(done.last, Some(start));
        assert!(matches!(done.turn(&nightly(), plus(start, 1.minute()), AGAIN), Turn::Wait(_)), "not twice");
        // Killed by it again and again: not at once each time.
        let twice = begun.begin(start, AGAIN);
        let Turn::Wait(Some(next)) = twice.turn(&nightly(), plus(start, 1.second()), HERE) else { panic!() };
        assert_eq!(next, plus(start, 1.minute()));
        assert!(matches!(twice.turn(&nightly(), next, HERE), Turn::Due { lost: Some(_) }));
    }

    #[test]
    fn what_another_node_does_is_its_own_until_it_is_silent_for_too_long() {
        let begun = Past::default().counted(noon()).begin(noon(), HERE);
        let soon = plus(noon(), 4.minutes());
        assert!(matches!(begun.turn(&nightly(), soon, THERE), Turn::Held(_)));
        let late = plus(noon(), 6.minutes());
        assert!(matches!(begun.turn(&nightly(), late, THERE), Turn::Due { lost: Some(_) }));
        assert!(matches!(begun.held(soon).turn(&nightly(), late, THERE), Turn::Held(_)), "it said so again");
        let taken = begun.begin(late, THERE);
        assert!(!taken.is_of(begun.begun.as_ref().unwrap()) && begun.is_of(begun.begun.as_ref().unwrap()));
        // Its clock ran thirty days ahead.
        let ahead = Past::default().begin(plus(noon(), (30 * 24).hours()), HERE);
        assert!(matches!(ahead.turn(&nightly(), noon(), THERE), Turn::Due { .. }));
    }

    #[test]
    fn a_failing_chore_is_tried_again_ever_more_rarely_and_stays_owed() {
        let mut past = Past::default().counted(noon());
        let mut now = plus(noon(), 24.hours());
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert!(matches!(past.turn(&nightly(), now, HERE), Turn::Due { .. }));
            past = past.begin(now, HERE).failed("no\nroom", &nightly(), now);
            let Turn::Wait(Some(again)) = past.turn(&nightly(), now, HERE) else { panic!() };
            pauses.push(again.duration_since(now).as_mins());
            now = again;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!((past.error.as_deref(), past.tries), (Some("no room"), 8));
        let done = past.begin(now, HERE).done(now);
        assert_eq!((done.tries, done.error), (0, None));
    }

    #[test]
    fn what_was_kept_by_an_older_hub_is_read() {
        let past: Past =
            serde_json::from_value(serde_json::json!({ "last": "2026-07-01T12:00:00Z" })).unwrap();
        assert_eq!(past, Past::default().counted(noon()));
    }
}
