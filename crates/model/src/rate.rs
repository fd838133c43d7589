//! How many attempts may begin on a backend in a span of time: a token bucket.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// So many in so long, and how many at once after a quiet time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Rate {
    /// So many, at least one.
    count: u32,
    /// In so long.
    #[serde(skip)]
    per: Unit,
    /// So many may begin at once after a quiet time, at least one.
    burst: u32,
    /// Of so many who share it equally this is the part of one.
    #[serde(skip)]
    among: u32,
}

/// The spans of time in which attempts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Unit {
    const ALL: [Unit; 3] = [Unit::Second, Unit::Minute, Unit::Hour];

    fn letter(self) -> &'static str {
        match self {
            Unit::Second => "s",
            Unit::Minute => "m",
            Unit::Hour => "h",
        }
    }

    fn span(self) -> Duration {
        match self {
            Unit::Second => Duration::from_secs(1),
            Unit::Minute => Duration::from_mins(1),
            Unit::Hour => Duration::from_hours(1),
        }
    }
}

impl Rate {
    /// The rate that a text such as `40/s`, `600/m` or `5000/h` says. At once may begin what comes in a second, at least
    /// one; `burst` says otherwise.
    pub fn parse(text: &str, burst: Option<u32>) -> Option<Self> {
        let (count, unit) = text.split_once('/')?;
        let count = count.trim().parse().ok().filter(|count| (1..=1_000_000).contains(count))?;
        let per = Unit::ALL.into_iter().find(|known| known.letter() == unit.trim())?;
        let second = count / u32::try_from(per.span().as_secs()).unwrap_or(u32::MAX);
        let burst = burst.unwrap_or(second).max(1);
        Some(Rate { count, per, burst, among: 1 })
    }

    /// The part of one among so many who share it equally. At least one may begin at once.
    #[must_use]
    pub fn among(self, sharers: u32) -> Self {
        Rate { among: sharers.max(1), ..self }
    }

    /// The time between two that begin one after the other.
    fn interval(&self) -> Duration {
        (self.per.span() / self.count.max(1)).saturating_mul(self.among)
    }

    /// How far ahead of an even flow a burst may be.
    fn tolerance(&self) -> Duration {
        self.interval().saturating_mul((self.burst / self.among).saturating_sub(1))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.per.letter())
    }
}

/// What is left of a rate. Its times are those of a clock that only ever grows: no jump of the wall clock empties it or
/// fills it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it is full again.
    full_at: Duration,
}

impl Bucket {
    /// In how long the next attempt may begin; zero = now.
    pub fn ready_in(&self, rate: &Rate, now: Duration) -> Duration {
        self.full_at(rate, now).saturating_sub(rate.tolerance()).saturating_sub(now)
    }

    /// An attempt begins. `false`: it may not, not yet.
    pub fn take(&mut self, rate: &Rate, now: Duration) -> bool {
        let ready = self.ready_in(rate, now).is_zero();
        if ready {
            self.full_at = self.full_at(rate, now).max(now) + rate.interval();
        }
        ready
    }

    /// One that was to begin has not.
    pub fn give_back(&mut self, rate: &Rate) {
        self.full_at = self.full_at.saturating_sub(rate.interval());
    }

    /// What was taken under another rate does not count for longer than under this one.
    fn full_at(&self, rate: &Rate, now: Duration) -> Duration {
        self.full_at.min(now + rate.tolerance() + rate.interval())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn those_who_share_a_rate_have_it_together() {
        let rate = Rate::parse("60/s", Some(6)).unwrap();
        let begun = |rate: &Rate| {
            let mut bucket = Bucket::default();
            (0..1000).filter(|ms| bucket.take(rate, MS(*ms))).count()
        };
        assert_eq!(begun(&rate), 65);
        let part = rate.among(3);
        assert_eq!(3 * begun(&part), 3 * 21);
        assert_eq!(begun(&rate.among(100)), 1, "of a burst that is smaller than they are many one each");
    }

    #[test]
    fn a_rate_is_a_number_and_a_unit() {
        for (text, shown, burst) in
            [("40/s", "40/s", 40), ("600 / m", "600/m", 10), ("5/h", "5/h", 1), ("1/m", "1/m", 1)]
        {
            let rate = Rate::parse(text, None).unwrap();
            assert_eq!((rate.to_string().as_str(), rate.burst), (shown, burst));
        }
        assert_eq!(Rate::parse("40/s", Some(0)).unwrap().burst, 1);
        for wrong in ["", "40", "0/s", "-1/s", "4.5/s", "40/d", "s/40", "2000000/s"] {
            assert_eq!(Rate::parse(wrong, None), None, "{wrong}");
        }
    }

    #[test]
    fn a_burst_and_then_an_even_flow() {
        let rate = Rate::parse("10/s", Some(3)).unwrap();
        let mut bucket = Bucket::default();
        let began = (0..1000).filter(|ms| bucket.take(&rate, MS(5_000 + ms))).collect::<Vec<_>>();
        assert_eq!(began, [0, 1, 2, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
        assert_eq!(bucket.ready_in(&rate, MS(6_000)), Duration::ZERO);
        assert!(bucket.take(&rate, MS(6_000)));
        assert_eq!(bucket.ready_in(&rate, MS(6_000)), MS(100));
        bucket.give_back(&rate);
        assert_eq!(bucket.ready_in(&rate, MS(6_000)), Duration::ZERO);
    }

    #[test]
    fn a_new_rate_counts_at_once() {
        let mut bucket = Bucket::default();
        assert!(bucket.take(&Rate::parse("1/h", None).unwrap(), MS(1)));
        let quick = Rate::parse("100/s", Some(1)).unwrap();
        assert!(bucket.ready_in(&quick, MS(1)) <= MS(10), "not after an hour");
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_flow(gaps in prop::collection::vec(0_u64..400, 1..200), burst in 1_u32..9) {
            let rate = Rate::parse("10/s", Some(burst)).unwrap();
            let (mut bucket, mut now, mut began) = (Bucket::default(), Duration::ZERO, 0_u32);
            for gap in gaps {
                now += MS(gap);
                began += u32::from(bucket.take(&rate, now));
                prop_assert!(u64::from(began) <= u64::from(burst) + u64::try_from(now.as_millis()).unwrap() / 100);
                prop_assert!(bucket.ready_in(&rate, now) <= MS(100));
            }
        }
    }
}
