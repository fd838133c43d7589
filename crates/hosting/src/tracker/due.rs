//! Which schools are to be looked at: a copy of what commits said of them, with the time at which each is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Follower;
use jiff::{SignedDuration, Timestamp};
use model::believe::{happened, is_ahead};
use model::{Entity, Times};

use super::followed::Followed;
use super::hosts::OWN;
use crate::state::State;

/// Hosts are not asked for all schools in the same moment: within so long after they are due, while work is under way and
/// otherwise.
pub const SPREAD: (Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(10));

/// When schools are looked at.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// While work is under way.
    pub busy: Times,
    /// Otherwise.
    pub quiet: Times,
    /// Over so long schools are spread from there on, in either case.
    pub spread: (Duration, Duration),
}

impl Schedule {
    /// When a school is to be looked at next; `None` = never again.
    fn next(&self, school: &Followed, now: Timestamp) -> Option<Timestamp> {
        let failed = school.kept.trouble.as_ref().map(|trouble| trouble.at);
        // None: nobody has asked yet.
        let Some(last) = school.kept.looked_at.max(failed) else { return Some(Timestamp::MIN) };
        let (times, spread) =
            if school.is_busy(now) { (&self.busy, self.spread.0) } else { (&self.quiet, self.spread.1) };
        let next = times.after(happened(last, now))?;
        next.checked_add(SignedDuration::try_from(spread.mul_f64(place(school.rne.as_str()))).ok()?).ok()
    }
}

/// Where a school stands among all, from 0 to 1: always the same, and schools evenly spread (FNV-1a).
fn place(rne: &str) -> f64 {
    let hash =
        rne.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    f64::from(hash) / f64::from(u32::MAX)
}

/// The copy.
pub(super) struct Due {
    schedule: Schedule,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    copy: Mutex<Copy>,
}

#[derive(Default)]
struct Copy {
    schools: BTreeMap<String, Seen>,
    /// The states of this hub's own establishments.
    own: BTreeMap<String, State>,
}

/// What is known of a school.
struct Seen {
    host: String,
    state: Option<State>,
    due_at: Timestamp,
    /// When that was found out: a clock that is set back since then makes it due.
    told_at: Timestamp,
    is_mute: bool,
    failed: bool,
}

impl Copy {
    /// Whether a school of this hub stands otherwise than it was seen.
    fn has_moved(&self, rne: &str, seen: &Seen) -> bool {
        let stands = self.own.get(rne).filter(|_| seen.host == OWN && !seen.failed);
        stands.is_some() && stands.copied() != seen.state
    }
}

impl Due {
    pub(super) fn new(schedule: Schedule, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Due { schedule, now: Box::new(now), copy: Mutex::default() }
    }

    fn copy(&self) -> MutexGuard<'_, Copy> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schools that are due, each with its host, but for those at these hosts.
    pub(super) fn now(&self, but: &BTreeSet<String>) -> Vec<(String, String)> {
        let (now, copy) = ((self.now)(), self.copy());
        let is_due = |rne: &str, seen: &Seen| {
            seen.due_at <= now || is_ahead(seen.told_at, now) || copy.has_moved(rne, seen)
        };
        let due = copy.schools.iter().filter(|(rne, seen)| !but.contains(&seen.host) && is_due(rne, seen));
        due.map(|(rne, seen)| (rne.clone(), seen.host.clone())).collect()
    }

    /// A school is due now.
    pub(super) fn hurry(&self, rne: &str) {
        if let Some(seen) = self.copy().schools.get_mut(rne) {
            seen.due_at = Timestamp::MIN;
        }
    }

    /// How many there are, and how many of them cannot be told anything.
    pub(super) fn count(&self) -> (usize, usize) {
        let copy = self.copy();
        (copy.schools.len(), copy.schools.values().filter(|seen| seen.is_mute).count())
    }

    /// How many there are at each host.
    pub(super) fn by_host(&self) -> BTreeMap<String, usize> {
        let mut hosts = BTreeMap::new();
        for seen in self.copy().schools.values() {
            *hosts.entry(seen.host.clone()).or_default() += 1;
        }
        hosts
    }
}

impl Follower for Due {
    fn told(&self, key: &str, now: Option<&Entity>) {
        let read = now.and_then(|entity| Followed::read(entity.clone()).ok());
        let seen = read.map(|school| {
            let now = (self.now)();
            Seen {
                state: school.known_state(),
                due_at: self.schedule.next(&school, now).unwrap_or(Timestamp::MAX),
                told_at: now,
                is_mute: school.is_mute(),
                failed: school.kept.trouble.is_some(),
                host: school.kept.host,
            }
        });
        let mut copy = self.copy();
        match seen {
            Some(seen) => copy.schools.insert(key.to_owned(), seen),
            // What cannot be read is shown in the list, and looked at by nobody.
            None => copy.schools.remove(key),
        };
    }

    fn unreadable(&self, key: &str) {
        self.copy().schools.remove(key);
    }
}

/// Whoever is told of this hub's own establishments: a school that has moved is due.
pub(super) struct Moves(pub(super) Arc<Due>);

impl Follower for Moves {
    fn told(&self, key: &str, now: Option<&Entity>) {
        let mut copy = self.0.copy();
        if let Some(state) = now.and_then(|entity| State::of_code(&entity.state)) {
            copy.own.insert(key.to_owned(), state);
        } else if copy.own.remove(key).is_some()
            && let Some(seen) = copy.schools.get_mut(key).filter(|seen| seen.host == OWN)
        {
            seen.due_at = Timestamp::MIN;
        }
    }

    fn unreadable(&self, key: &str) {
        self.0.copy().own.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::super::reported::Reported;
    use super::*;

    const EPOCH: i64 = 1_800_000_000;
    static NONE: BTreeSet<String> = BTreeSet::new();

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(EPOCH + second).unwrap()
    }

    /// A copy with a clock that is set.
    fn due() -> (Arc<AtomicI64>, Due) {
        let clock = Arc::new(AtomicI64::new(0));
        let schedule = Schedule {
            busy: Times::Every(Duration::from_mins(15)),
            quiet: Times::Every(Duration::from_hours(24)),
            spread: SPREAD,
        };
        let shown = Arc::clone(&clock);
        (clock, Due::new(schedule, move || at(shown.load(Ordering::Relaxed))))
    }

    fn tell(due: &Due, school: &Followed) {
        due.told(school.rne.as_str(), school.write().written().as_ref());
    }

    fn school(state: &str) -> Followed {
        let mut school = Followed::new("0750655E".parse().unwrap(), "bcdi", at(0));
        school.note(&Reported { state: state.to_owned(), ..Reported::default() }, at(0));
        school
    }

    fn is_due(due: &Due) -> bool {
        !due.now(&NONE).is_empty()
    }

    #[test]
    fn one_that_was_never_seen_is_due_and_then_each_in_its_time() {
        let (clock, due) = due();
        tell(&due, &Followed::new("0750655E".parse().unwrap(), "bcdi", at(0)));
        assert!(is_due(&due));
        tell(&due, &school("START"));
        assert!(!is_due(&due));
        clock.store(14 * 60, Ordering::Relaxed);
        assert!(!is_due(&due));
        clock.store(16 * 60, Ordering::Relaxed);
        assert!(is_due(&due));
        tell(&due, &school("BCDIREADY"));
        assert!(!is_due(&due), "an open one is looked at once a day");
        clock.store(86_400 + 600, Ordering::Relaxed);
        assert!(is_due(&due));
        assert!(due.now(&BTreeSet::from(["bcdi".to_owned()])).is_empty(), "its host is left alone");
    }

    #[test]
    fn one_that_failed_waits_as_long_as_one_that_was_seen() {
        let (clock, due) = due();
        let mut failed = Followed::new("0750655E".parse().unwrap(), "bcdi", at(0));
        failed.fail("its answer is not understood", at(0));
        tell(&due, &failed);
        assert!(!is_due(&due));
        clock.store(16 * 60, Ordering::Relaxed);
        assert!(is_due(&due));
    }

    #[test]
    fn a_clock_that_jumps_ahead_and_is_put_right_keeps_nobody_waiting() {
        let (clock, due) = due();
        clock.store(30 * 86_400, Ordering::Relaxed);
        let mut ahead = school("BCDIREADY");
        ahead.kept.looked_at = Some(at(30 * 86_400));
        tell(&due, &ahead);
        assert!(!is_due(&due));
        clock.store(0, Ordering::Relaxed);
        assert!(is_due(&due));
    }

    #[test]
    fn one_of_this_hub_is_due_as_soon_as_it_moves() {
        let (_, due) = due();
        let mut own = school("START");
        own.kept.host = OWN.to_owned();
        tell(&due, &own);
        let due = Arc::new(due);
        let moves = Moves(Arc::clone(&due));
        let establishment =
            |state: &str| Entity { state: state.to_owned(), ..own.write().written().unwrap() };
        moves.told("0750655E", Some(&establishment("START")));
        assert!(!is_due(&due));
        moves.told("0750655E", Some(&establishment("BCDIDBWAIT")));
        assert!(is_due(&due));
    }

    #[test]
    fn schools_are_spread_and_those_without_a_contact_are_counted() {
        let (_, due) = due();
        let numbers: Vec<String> = (0..9_999_u32).map(|n| format!("{n:07}")).collect();
        let (low, high) = numbers
            .iter()
            .map(|n| place(n))
            .fold((1.0_f64, 0.0_f64), |(low, high), place| (low.min(place), high.max(place)));
        assert!(low < 0.05 && high > 0.95, "{low} {high}");
        tell(&due, &school("START"));
        assert_eq!((due.count(), due.by_host().get("bcdi")), ((1, 1), Some(&1)));
        due.told("0750655E", None);
        assert_eq!(due.count(), (0, 0));
    }
}
