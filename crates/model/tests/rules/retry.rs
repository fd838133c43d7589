use std::time::Duration;

use jiff::Timestamp;
use model::{RetryPolicy, SourceRetry, fits_deadline};
use proptest::prelude::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

fn policy() -> RetryPolicy {
    RetryPolicy {
        max: 5,
        initial: Duration::from_secs(10),
        max_delay: Duration::from_mins(1),
        max_age: Some(Duration::from_mins(5)),
        jitter: 0.5,
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let pauses: Vec<_> = (1..=6).map(|attempt| policy().next(attempt, START, START, 0.5, None)).collect();
    let expected = [10, 20, 40, 60, 60].map(|s| Some(after(s)));
    assert_eq!(pauses[..5], expected);
    assert_eq!(pauses[5], None, "the sixth attempt was the fifth retry");
}

#[test]
fn chance_takes_away_or_adds_its_share() {
    let at = |jitter| policy().next(1, START, START, jitter, None);
    assert_eq!(at(0.0), Some(after(5)));
    assert_eq!(at(0.5), Some(after(10)));
    assert_eq!(at(1.0), Some(after(15)));
    assert_eq!(at(-7.0), Some(after(5)));
    assert_eq!(at(7.0), Some(after(15)));
}

#[test]
fn no_retry_begins_beyond_the_age() {
    let at = |now| policy().next(1, START, after(now), 0.5, None);
    assert_eq!(at(290), Some(after(300)));
    assert_eq!(at(291), None);
    let ageless = RetryPolicy { max_age: None, ..policy() };
    assert_eq!(ageless.next(1, START, after(291), 0.5, None), Some(after(301)));
    let endless = RetryPolicy { max_age: Some(Duration::MAX), ..policy() };
    assert_eq!(endless.next(1, START, after(291), 0.5, None), Some(after(301)));
}

#[test]
fn retry_after_wins_over_the_pause_only() {
    let at = |attempt, seconds| policy().next(attempt, START, START, 0.0, Some(Duration::from_secs(seconds)));
    assert_eq!(at(1, 120), Some(after(120)), "longer than the longest pause, exactly as asked");
    assert_eq!(at(3, 0), Some(START));
    assert_eq!(at(1, 301), None, "not beyond the age");
    assert_eq!(at(6, 1), None, "not beyond the count");
    assert_eq!(policy().next(1, START, START, 0.0, Some(Duration::MAX)), None);
    assert_eq!(RetryPolicy::NONE.next(1, START, START, 0.0, Some(Duration::ZERO)), None);
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let tries = |policy: RetryPolicy, jitter: f64| {
        let (mut attempt, mut now) = (1, START);
        while let Some(at) = policy.next(attempt, START, now, jitter, None) {
            (attempt, now) = (attempt + 1, at);
        }
        (attempt - 1, now.duration_since(START).as_secs() / 60)
    };
    for jitter in [0.0, 0.5, 1.0] {
        let (retries, minutes) = tries(RetryPolicy::HTTP, jitter);
        assert!(retries == 5 && minutes < 60, "{retries} in {minutes}");
        assert_eq!(tries(RetryPolicy::NONE, jitter), (0, 0));
    }
}

#[test]
fn whoever_waits_goes_before_a_retry_where_the_source_says_so() {
    let patient = SourceRetry::from(policy());
    let gives_way = SourceRetry { gives_way: true, ..patient };
    assert_eq!((patient.by(Some(after(60))), patient.by(None)), (policy(), policy()));
    assert_eq!((gives_way.by(Some(after(60))), gives_way.by(None)), (RetryPolicy::NONE, policy()));
}

#[test]
fn the_first_policy_that_speaks_holds() {
    let (backend, action) = (policy(), RetryPolicy { max: 9, ..policy() });
    let choose = RetryPolicy::first_that_speaks;
    assert_eq!(choose(Some(backend), Some(action), RetryPolicy::HTTP), backend);
    assert_eq!(choose(None, Some(action), RetryPolicy::HTTP), action);
    assert_eq!(choose(None, None, RetryPolicy::HTTP), RetryPolicy::HTTP);
}

#[test]
fn a_retry_must_be_over_by_the_deadline() {
    let limit = Duration::from_mins(1);
    assert!(fits_deadline(after(0), limit, Some(after(60))));
    assert!(!fits_deadline(after(1), limit, Some(after(60))));
    assert!(fits_deadline(after(1), limit, None));
    assert!(!fits_deadline(after(1), Duration::MAX, Some(Timestamp::MAX)));
}

proptest! {
    #[test]
    fn a_retry_keeps_every_bound(
        max in 0..60_u32, initial in 0..10_000_u64, longest in 0..100_000_u64, age in proptest::option::of(0..1_000_000_u64),
        share in 0.0..1.0, attempt in 1..u32::MAX, now in 0..1_000_000_u64, jitter in 0.0..1.0,
        asked in proptest::option::of(any::<u64>()),
    ) {
        let policy = RetryPolicy {
            max,
            initial: Duration::from_secs(initial),
            max_delay: Duration::from_secs(longest),
            max_age: age.map(Duration::from_secs),
            jitter: share,
        };
        let asked = asked.map(Duration::from_secs);
        if let Some(at) = policy.next(attempt, START, after(now), jitter, asked) {
            prop_assert!(attempt <= max);
            prop_assert!(at >= after(now));
            prop_assert!(policy.max_age.is_none_or(|age| at <= START + age));
            if asked.is_none() {
                prop_assert!(at <= after(now) + policy.max_delay * 2);
            }
        }
    }
}
