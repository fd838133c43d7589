//! Limits on how fast somebody may ask. What is kept of an asker is a hash and a time, of so many askers at most: nobody
//! makes the hub hold more by asking under many names.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use http::Problem;
use http::listen::household;

/// So many askers are known at once.
const KNOWN: usize = 10_000;

/// Who asks, whatever it is: a name, an address, both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Asker([u8; 16]);

impl Asker {
    /// The asker of these parts, in this order.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let mut asker = [0; 16];
        hasher.finalize_xof().fill(&mut asker);
        Asker(asker)
    }

    /// Whoever is behind an address.
    pub(super) fn at(address: IpAddr) -> Self {
        match household(address) {
            IpAddr::V4(address) => Asker::of(&[&address.octets()]),
            IpAddr::V6(address) => Asker::of(&[&address.octets()]),
        }
    }
}

/// So many at once, then one after each pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    burst: u32,
    pause: SignedDuration,
}

impl Quota {
    pub(super) const fn new(burst: u32, pause: SignedDuration) -> Self {
        Quota { burst, pause }
    }

    /// So many a second, as many at once.
    pub(super) fn per_second(rate: NonZeroU32) -> Self {
        Quota { burst: rate.get(), pause: SignedDuration::from_nanos(1_000_000_000 / i64::from(rate.get())) }
    }

    /// How long it takes until all that was asked is forgotten.
    fn window(self) -> SignedDuration {
        self.pause.saturating_mul(i32::try_from(self.burst).unwrap_or(i32::MAX))
    }
}

/// One limit for each asker.
pub(super) struct Limit {
    quota: Quota,
    askers: Mutex<Askers>,
}

/// When what each has asked will be forgotten.
#[derive(Default)]
struct Askers {
    until: HashMap<Asker, Timestamp>,
    order: BTreeSet<(Timestamp, Asker)>,
}

impl Limit {
    pub(super) fn new(quota: Quota) -> Self {
        Limit { quota, askers: Mutex::default() }
    }

    /// Whether the asker may ask once more just now; if so, it has asked.
    pub(super) fn check(&self, asker: Asker, now: Timestamp) -> Result<(), Problem> {
        self.ask(asker, now, true)
    }

    /// Whether the asker may ask once more just now.
    pub(super) fn look(&self, asker: Asker, now: Timestamp) -> Result<(), Problem> {
        self.ask(asker, now, false)
    }

    fn ask(&self, asker: Asker, now: Timestamp, counts: bool) -> Result<(), Problem> {
        let Quota { pause, .. } = self.quota;
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was put back does not keep anybody out for longer than the rule says.
        let until = askers.forget(asker).map_or(now, |until| until.max(now).min(now + self.quota.window()));
        let early = until.duration_since(now) + pause - self.quota.window();
        let allowed = !early.is_positive();
        askers.keep(asker, if allowed && counts { until + pause } else { until }, now);
        drop(askers);
        if allowed { Ok(()) } else { Err(too_often(early)) }
    }
}

impl Askers {
    fn forget(&mut self, asker: Asker) -> Option<Timestamp> {
        let until = self.until.remove(&asker)?;
        self.order.remove(&(until, asker));
        Some(until)
    }

    /// Those with whom it is over anyway are forgotten. Where there is no room even so, it is the one that has asked
    /// least: whoever has asked often does not get free by asking under many more names.
    fn keep(&mut self, asker: Asker, until: Timestamp, now: Timestamp) {
        self.until.insert(asker, until);
        self.order.insert((until, asker));
        while let Some((first, other)) = self.order.first().copied()
            && (first <= now || self.until.len() > KNOWN)
        {
            self.forget(other);
        }
    }
}

fn too_often(early: SignedDuration) -> Problem {
    let seconds = u16::try_from(early.as_secs() + 1).unwrap_or(u16::MAX);
    let detail = format!("too many requests: try again in {seconds} s");
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
    Problem { retry_after: Some(seconds), ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Quota = Quota::new(10, SignedDuration::from_secs(6));

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn asker(name: &str) -> Asker {
        Asker::of(&[name.as_bytes()])
    }

    #[test]
    fn the_eleventh_attempt_has_to_wait_and_others_have_not() {
        let limit = Limit::new(TEN);
        assert!((0..10).all(|_| limit.check(asker("alice"), at(0)).is_ok()));
        let problem = limit.check(asker("alice"), at(0)).unwrap_err();
        assert_eq!((problem.status, problem.retry_after), (429, Some(7)));
        assert!(limit.check(asker("bob"), at(0)).is_ok());
        assert!(limit.check(asker("alice"), at(5)).is_err());
        assert!(limit.check(asker("alice"), at(6)).is_ok() && limit.check(asker("alice"), at(6)).is_err());
        assert!((0..10).all(|_| limit.check(asker("alice"), at(66)).is_ok()), "all is forgotten");
    }

    #[test]
    fn so_many_are_known_and_nobody_frees_himself_by_coming_under_other_names() {
        let limit = Limit::new(TEN);
        while limit.check(asker("guesser"), at(0)).is_ok() {}
        for n in 0..KNOWN * 2 {
            assert!(limit.check(asker(&format!("other {n}")), at(0)).is_ok());
        }
        let known = limit.askers.lock().unwrap().until.len();
        assert_eq!((known, limit.askers.lock().unwrap().order.len()), (KNOWN, KNOWN));
        assert!(limit.check(asker("guesser"), at(0)).is_err());
        assert!(limit.check(asker("late"), at(100)).is_ok());
        assert_eq!(limit.askers.lock().unwrap().until.len(), 1, "the others were forgotten with time");
    }

    #[test]
    fn a_clock_that_is_put_back_keeps_nobody_out_for_long() {
        let limit = Limit::new(TEN);
        while limit.check(asker("alice"), at(1_000_000)).is_ok() {}
        assert!(limit.check(asker("alice"), at(0)).is_err());
        assert!(limit.check(asker("alice"), at(6)).is_ok());
    }

    #[test]
    fn any_rate_is_a_quota() {
        for rate in [1, 49, 1_000_000, u32::MAX] {
            let limit = Limit::new(Quota::per_second(rate.try_into().unwrap()));
            assert!(limit.check(asker("a"), at(0)).is_ok(), "{rate}");
        }
        let once = Limit::new(Quota::per_second(NonZeroU32::MIN));
        assert!(once.check(asker("a"), at(0)).is_ok() && once.check(asker("a"), at(0)).is_err());
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Asker::of(&[b"ab", b"c"]), Asker::of(&[b"a", b"bc"]));
        let address = |text: &str| Asker::at(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2:3::4"), address("2001:db8:1:2:ffff::1"));
        assert_ne!(address("2001:db8:1:2::"), address("2001:db8:1:3::"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
