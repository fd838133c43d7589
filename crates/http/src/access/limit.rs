//! Limits on how fast somebody may ask.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use axum::http::StatusCode;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::problem::Problem;

/// Above so many known askers those that have been quiet are forgotten.
const KNOWN: usize = 10_000;

/// One limit for each asker.
pub(super) struct Limit<K: Hash + Eq + Clone> {
    askers: DefaultKeyedRateLimiter<K>,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    pub(super) fn new(quota: Quota) -> Self {
        Limit { askers: RateLimiter::keyed(quota) }
    }

    /// Whether the asker may ask once more just now.
    pub(super) fn check(&self, asker: &K) -> Result<(), Problem> {
        if self.askers.len() > KNOWN {
            self.askers.retain_recent();
        }
        self.askers.check_key(asker).map_err(|until| {
            let pause = until.wait_time_from(DefaultClock::default().now());
            let seconds = u16::try_from(pause.as_secs() + 1).unwrap_or(u16::MAX);
            let detail = format!("too many requests: try again in {seconds} s");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail);
            Problem { retry_after: Some(seconds), ..problem }
        })
    }
}

/// So many a second, as many at once.
pub(super) fn per_second(rate: NonZeroU32) -> Quota {
    Quota::per_second(rate)
}

/// Ten at once, then one every six seconds: nobody mistypes a password more often.
pub(super) fn attempts() -> Quota {
    Quota::per_minute(TEN)
}

const TEN: NonZeroU32 = match NonZeroU32::new(10) {
    Some(ten) => ten,
    None => NonZeroU32::MIN,
};

/// Whose address it is: a network hands a whole /64 to each of its guests.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_attempt_has_to_wait_and_others_have_not() {
        let limit = Limit::new(attempts());
        assert!((0..10).all(|_| limit.check(&"alice").is_ok()));
        let problem = limit.check(&"alice").unwrap_err();
        assert_eq!(problem.status, 429);
        assert!(problem.retry_after.is_some_and(|seconds| (1..=7).contains(&seconds)), "{problem:?}");
        assert!(limit.check(&"bob").is_ok());
    }

    #[test]
    fn an_ipv6_network_is_one_household() {
        let address = |text: &str| household(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2:3::4"), address("2001:db8:1:2:ffff::1"));
        assert_ne!(address("2001:db8:1:2::"), address("2001:db8:1:3::"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
