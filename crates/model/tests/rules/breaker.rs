use std::time::Duration;

use intendant_model::JobId;
use intendant_model::breaker::{Breaker, BreakerRule};
use jiff::Timestamp;
use uuid::Uuid;

const RULE: BreakerRule =
    BreakerRule { failures: 3, pause: Duration::from_secs(10), longest: Duration::from_secs(30) };

fn job(n: u128) -> JobId {
    JobId(Uuid::from_u128(n))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn opened() -> Breaker {
    let mut breaker = Breaker::default();
    assert_eq!(breaker.failed(job(1), &RULE, at(0)), None);
    assert_eq!(breaker.failed(job(2), &RULE, at(0)), None);
    assert_eq!(breaker.failed(job(3), &RULE, at(0)), Some(at(10)));
    breaker
}

#[test]
fn several_jobs_in_a_row_open_it() {
    let breaker = opened();
    assert_eq!(breaker.until(), Some(at(10)));
    assert!(!breaker.lets_through(0));
}

#[test]
fn one_job_that_keeps_failing_does_not() {
    let mut breaker = Breaker::default();
    assert!((0..100).all(|n| breaker.failed(job(7), &RULE, at(n)).is_none()));
    assert!(breaker.lets_through(5));
}

#[test]
fn an_answer_in_between_starts_the_count_anew() {
    let mut breaker = Breaker::default();
    for n in 0..100 {
        assert_eq!(breaker.failed(job(2 * n), &RULE, at(0)), None);
        assert_eq!(breaker.failed(job(2 * n + 1), &RULE, at(0)), None);
        assert!(!breaker.answered(), "it was closed all the time");
    }
}

#[test]
fn what_still_ran_when_it_opened_does_not_lengthen_the_pause() {
    let mut breaker = opened();
    assert_eq!(breaker.failed(job(4), &RULE, at(5)), None);
    assert_eq!(breaker.until(), Some(at(10)));
}

#[test]
fn a_probe_that_fails_doubles_the_pause_up_to_the_longest() {
    let mut breaker = opened();
    breaker.probe();
    assert!(breaker.lets_through(0) && !breaker.lets_through(1), "one at a time");
    assert_eq!(breaker.failed(job(1), &RULE, at(10)), Some(at(30)));
    breaker.probe();
    assert_eq!(breaker.failed(job(1), &RULE, at(30)), Some(at(60)));
    assert_eq!(breaker.lengthen(&RULE, at(60)), at(90));
}

#[test]
fn an_answer_closes_it_and_the_next_pause_is_short_again() {
    let mut breaker = opened();
    breaker.probe();
    breaker.failed(job(1), &RULE, at(10));
    assert!(breaker.answered());
    assert!(breaker.lets_through(100) && breaker.until().is_none());
    let mut again = breaker;
    again.failed(job(1), &RULE, at(50));
    again.failed(job(2), &RULE, at(50));
    assert_eq!(again.failed(job(3), &RULE, at(50)), Some(at(60)));
}

#[test]
fn zero_switches_it_off() {
    let mut breaker = Breaker::default();
    assert!((0..1000).all(|n| breaker.failed(job(n), &BreakerRule::OFF, at(0)).is_none()));
}
