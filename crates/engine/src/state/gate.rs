//! What keeps work from one backend for a time, beside its slots: its breaker, its own word, its windows, its rate.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::{Breaker, Bucket, Hold, Opening, Windows};

use crate::port::Bounds;

/// The time by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// As everybody's clock shows it; it may be set.
    pub(crate) wall: Timestamp,
    /// Since the hub began; it only ever grows.
    pub(crate) grown: Duration,
    /// So many hubs send attempts there.
    pub(crate) hubs: u32,
}

/// Why no more work goes to a backend now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// It keeps failing, and is left alone until then.
    Breaker(Timestamp),
    /// It said: not now, in these words.
    Told(Timestamp, String),
    /// None of its windows is open; the next one opens then.
    Window(Option<Timestamp>),
    /// As many attempts have begun as may; the next one may then.
    Rate(Timestamp),
    /// One job is asking whether it works again.
    Probing,
}

impl Shut {
    /// When that is over by itself.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        match self {
            Shut::Breaker(until) | Shut::Told(until, _) | Shut::Rate(until) => Some(*until),
            Shut::Window(until) => *until,
            // Whoever asks gives a slot back, which is told.
            Shut::Probing => None,
        }
    }
}

/// What is known of one backend.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    pub(crate) breaker: Breaker,
    hold: Option<Hold>,
    bucket: Bucket,
    /// What its windows say, from when on, and of which windows.
    opening: Option<(Timestamp, Opening, Arc<Windows>)>,
}

impl Gate {
    /// Why no attempt may begin beside `running` ones; `None` = one may.
    pub(crate) fn shut(&mut self, bounds: &Bounds, running: usize, now: Now) -> Option<Shut> {
        if !self.breaker.lets_through(running) {
            return Some(self.breaker.until().map_or(Shut::Probing, Shut::Breaker));
        }
        self.shut_beside_breaker(bounds, running, now)
    }

    /// The same, were it not for the breaker.
    pub(crate) fn shut_beside_breaker(&mut self, bounds: &Bounds, running: usize, now: Now) -> Option<Shut> {
        if let Some(hold) = &mut self.hold {
            hold.set_back(now.wall);
            if !hold.is_over(now.wall) {
                return Some(Shut::Told(hold.until(), hold.said().to_owned()));
            }
            if !hold.lets_through(running, now.wall) {
                return Some(Shut::Probing);
            }
        }
        if let Some(Opening::Shut(until)) =
            bounds.windows.as_ref().map(|windows| self.opening(windows, now.wall))
        {
            return Some(Shut::Window(until));
        }
        let pause = bounds
            .rate
            .as_ref()
            .map_or(Duration::ZERO, |rate| self.bucket.ready_in(&rate.among(now.hubs), now.grown));
        (!pause.is_zero()).then(|| Shut::Rate(after(now.wall, pause)))
    }

    /// An attempt begins, or is about to.
    pub(crate) fn pass(&mut self, bounds: &Bounds, now: Now) {
        if let Some(rate) = &bounds.rate {
            self.bucket.take(&rate.among(now.hubs), now.grown);
        }
    }

    /// One that was about to begin has not.
    pub(crate) fn give_back(&mut self, bounds: &Bounds, hubs: u32) {
        if let Some(rate) = &bounds.rate {
            self.bucket.give_back(&rate.among(hubs));
        }
    }

    /// The backend said: not now, for so long. Says until when, when that is news.
    pub(crate) fn told(&mut self, hold: Hold, now: Timestamp) -> Option<Timestamp> {
        let news = self.hold.as_ref().is_none_or(|hold| hold.is_over(now));
        let hold = hold.or_later(self.hold.take());
        let until = hold.until();
        self.hold = Some(hold);
        news.then_some(until)
    }

    /// An attempt ended otherwise. Says whether the backend was asked whether it works again, and does.
    pub(crate) fn heard(&mut self, now: Timestamp) -> bool {
        self.hold.take_if(|hold| hold.is_over(now)).is_some()
    }

    /// Somebody knows better. Says whether the backend had said: not now.
    pub(crate) fn let_go(&mut self) -> bool {
        self.hold.take().is_some()
    }

    /// Until when the backend said that it wants not to be asked, and why.
    pub(crate) fn held(&self, now: Timestamp) -> Option<(Timestamp, &str)> {
        let hold = self.hold.as_ref().filter(|hold| !hold.is_over(now))?;
        Some((hold.until(), hold.said()))
    }

    /// What the windows say now: computed when it changes, not for each job that waits.
    fn opening(&mut self, windows: &Arc<Windows>, now: Timestamp) -> Opening {
        let known = self.opening.as_ref().filter(|(from, opening, of)| {
            let until = match opening {
                Opening::Open(until) => Some(*until),
                Opening::Shut(until) => *until,
            };
            Arc::ptr_eq(of, windows) && *from <= now && until.is_none_or(|until| now < until)
        });
        if let Some((_, opening, _)) = known {
            return *opening;
        }
        let opening = windows.at(now);
        self.opening = Some((now, opening, Arc::clone(windows)));
        opening
    }
}

/// So long after a time.
fn after(time: Timestamp, pause: Duration) -> Timestamp {
    SignedDuration::try_from(pause)
        .ok()
        .and_then(|pause| time.checked_add(pause).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use model::Rate;

    use super::*;

    fn now(second: i64, grown: u64) -> Now {
        Now { wall: Timestamp::from_second(second).unwrap(), grown: Duration::from_secs(grown), hubs: 1 }
    }

    #[test]
    fn a_backend_that_said_not_now_is_asked_by_one_when_the_time_has_come() {
        let (mut gate, none) = (Gate::default(), Bounds::default());
        let hold =
            |second, pause| Hold::new(Duration::from_secs(pause), "quota".to_owned(), now(second, 0).wall);
        assert_eq!(gate.told(hold(0, 60), now(0, 0).wall), Some(now(60, 0).wall));
        assert_eq!(gate.told(hold(1, 10), now(1, 0).wall), None, "no news, and no sooner");
        assert_eq!(gate.shut(&none, 0, now(30, 30)), Some(Shut::Told(now(60, 0).wall, "quota".to_owned())));
        assert!(!gate.heard(now(30, 30).wall), "of an attempt that began before");
        assert_eq!(gate.shut(&none, 0, now(60, 60)), None);
        assert_eq!(gate.shut(&none, 1, now(60, 60)), Some(Shut::Probing));
        assert!(gate.heard(now(61, 61).wall));
        assert_eq!(gate.shut(&none, 9, now(61, 61)), None);
    }

    #[test]
    fn no_jump_of_the_wall_clock_freezes_or_fills_the_bucket() {
        let bounds = Bounds { rate: Rate::parse("6/m", None), ..Bounds::default() };
        let mut gate = Gate::default();
        gate.pass(&bounds, now(1_000_000, 5));
        for wall in [1_000_000, 0, 9_000_000] {
            assert_eq!(gate.shut(&bounds, 0, now(wall, 8)), Some(Shut::Rate(now(wall + 7, 0).wall)));
            assert_eq!(gate.shut(&bounds, 0, now(wall, 15)), None);
        }
        gate.pass(&bounds, now(0, 15));
        gate.give_back(&bounds, 1);
        assert_eq!(gate.shut(&bounds, 0, now(0, 15)), None);
    }

    #[test]
    fn windows_are_looked_at_anew_when_the_clock_or_the_configuration_changes() {
        let windows = |pattern: &str| Some(Arc::new(Windows::parse(&[pattern], TimeZone::UTC).unwrap()));
        let night = Bounds { windows: windows("* 2 * * *"), ..Bounds::default() };
        let mut gate = Gate::default();
        let two = 2 * 3600;
        assert_eq!(gate.shut(&night, 0, now(0, 0)), Some(Shut::Window(Some(now(two, 0).wall))));
        assert_eq!(gate.shut(&night, 0, now(two + 59, 0)), None);
        assert_eq!(gate.shut(&night, 0, now(0, 0)), Some(Shut::Window(Some(now(two, 0).wall))), "set back");
        let day = Bounds { windows: windows("* 0 * * *"), ..Bounds::default() };
        assert_eq!(gate.shut(&day, 0, now(1, 0)), None, "reloaded");
    }
}
