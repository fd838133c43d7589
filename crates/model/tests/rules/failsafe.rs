use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::failsafe::{FailsafeRule, Start, Starts};
use model::{Destructive, JobId};
use proptest::prelude::*;
use uuid::Uuid;

const WINDOW: u64 = 60;

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + i64::try_from(second).unwrap()).unwrap()
}

fn start(job: usize, second: u64, kind: Destructive, backends: &[String]) -> Start {
    Start { job: JobId(Uuid::from_u128(job as u128)), at: at(second), kind, backends: backends.to_vec() }
}

/// A job that wants to start: so many seconds after the one before, its kind, its plan.
fn arrival() -> impl Strategy<Value = (u64, Destructive, Vec<String>)> {
    let kind = prop_oneof![Just(Destructive::Delete), Just(Destructive::Disable)];
    let plan = prop::sample::subsequence(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], 1..=3);
    (0..20_u64, kind, plan)
}

proptest! {
    /// In no window do more jobs of a kind start on a backend than the cap says, and none is refused before that.
    #[test]
    fn no_window_holds_more_than_the_cap(arrivals in prop::collection::vec(arrival(), 0..80), cap in 0..5_u32) {
        let mut starts = Starts::default();
        let mut let_in: Vec<(u64, Destructive, Vec<String>)> = Vec::new();
        let mut second = 0;
        for (job, (pause, kind, plan)) in arrivals.into_iter().enumerate() {
            second += pause;
            starts.expire(at(second), Duration::from_secs(WINDOW));
            let recent = |backend: &String| let_in.iter().filter(|(when, k, p)| {
                *k == kind && p.contains(backend) && when + WINDOW > second
            }).count();
            let expected = plan.iter().find(|backend| recent(backend) >= cap as usize).map(String::as_str);
            prop_assert_eq!(starts.full(kind, &plan, cap), expected);
            if expected.is_none() {
                starts.note(start(job, second, kind, &plan));
                let_in.push((second, kind, plan));
            }
        }
    }

    /// What is taken back or has left the window was never there.
    #[test]
    fn what_is_taken_back_leaves_no_trace(plans in prop::collection::vec(arrival(), 0..20)) {
        let mut starts = Starts::default();
        let all: Vec<Start> =
            plans.iter().enumerate().map(|(job, (second, kind, plan))| start(job, *second, *kind, plan)).collect();
        for start in &all {
            starts.note(start.clone());
        }
        let (some, others) = all.split_at(all.len() / 2);
        for start in some {
            starts.forget(start.job);
        }
        let expired = starts.expire(at(WINDOW + 20), Duration::from_secs(WINDOW));
        prop_assert_eq!(expired.len(), others.len());
        prop_assert_eq!(starts.counts().count(), 0);
    }
}

#[test]
fn a_clock_that_was_set_back_does_not_count_for_ever() {
    let mut starts = Starts::default();
    starts.note(start(1, 1_000_000, Destructive::Delete, &["a".to_owned()]));
    let shortly_before = at(1_000_000).checked_sub(SignedDuration::from_secs(59)).unwrap();
    assert!(starts.expire(shortly_before, Duration::from_secs(WINDOW)).is_empty());
    assert_eq!(starts.expire(at(0), Duration::from_secs(WINDOW)).len(), 1);
}

#[test]
fn a_rule_guards_the_sources_it_names() {
    let rule = FailsafeRule {
        sources: vec!["identities".to_owned(), "http".to_owned()],
        window: Duration::from_secs(WINDOW),
        delete: Some(3),
        disable: None,
    };
    assert_eq!(rule.cap("identities", Destructive::Delete), Some(3));
    assert_eq!(rule.cap("http/token:crm", Destructive::Delete), Some(3));
    let named = FailsafeRule { sources: vec!["http/token:crm".to_owned()], ..rule.clone() };
    assert_eq!(named.cap("http/token:crm/6f1c20a4e9b3d857", Destructive::Delete), Some(3));
    assert_eq!(named.cap("http/token:crm2/6f1c20a4e9b3d857", Destructive::Delete), None);
    assert_eq!(rule.cap("httpd", Destructive::Delete), None);
    assert_eq!(rule.cap("identities", Destructive::Disable), None);
    let all = FailsafeRule { sources: vec!["*".to_owned()], ..rule };
    assert_eq!(all.cap("bus", Destructive::Delete), Some(3));
    assert_eq!(FailsafeRule::off().cap("identities", Destructive::Delete), None);
}
