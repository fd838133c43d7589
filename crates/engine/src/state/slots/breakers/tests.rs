use std::sync::Arc;

use jiff::SignedDuration;
use model::effect::EntityContent;
use model::{BreakerRule, Hold, JobId, Outcome};
use tokio::sync::Notify;

use super::*;
use crate::clock::Clock;
use crate::port::{Backend, BoxFuture, Call, Control};

struct Nothing;

impl Backend for Nothing {
    fn run(&self, _: Call, _: Control) -> BoxFuture<'static, Outcome> {
        Box::pin(async { Outcome::done() })
    }
}

fn entry() -> BackendEntry {
    BackendEntry::new("b", Arc::new(Nothing), [])
}

/// It opens with the first failure, and is to be tried at once.
const RULE: BreakerRule =
    BreakerRule { failures: 1, pause: Duration::ZERO, longest: Duration::from_hours(1) };

fn hub(life: &str) -> Slots {
    let slots = Slots::new(10, Arc::new(Notify::new()), Clock::system());
    slots.share_as(life.to_owned());
    slots.hears_of_breakers();
    slots
}

fn fail(hub: &Slots) {
    hub.failed(&"b".into(), JobId(uuid::Uuid::from_u128(1)), &RULE, Timestamp::UNIX_EPOCH).unwrap();
}

/// Tells hubs what one has written.
fn tell(hubs: [&Slots; 2], content: EntityContent, rev: u64) {
    let EntityContent { state, label, body } = content;
    let entity = Entity { key: key_of("b"), rev, state, label, body };
    for hub in hubs {
        SharedBreakers(hub.clone()).told("b", Some(&entity));
    }
}

/// A hub has found the backend failing, and both know it.
fn opened() -> (Slots, Slots) {
    let (a, b) = (hub("a"), hub("b"));
    fail(&a);
    let [(_, Finding::Failing(opened))] = &a.findings()[..] else { panic!("{:?}", a.findings()) };
    tell([&a, &b], opened.content("b"), 1);
    a.told_others("b", &Finding::Failing(opened.clone()));
    (a, b)
}

#[test]
fn what_one_finds_failing_all_leave_alone_until_one_has_tried() {
    let (a, b) = opened();
    assert!(a.findings().is_empty() && !a.free(&entry()) && !b.free(&entry()));
    assert!(
        b.next_trial("b", Some(&entry()), false, &BTreeSet::new()).is_none(),
        "it has no job to try with"
    );
    a.want(&entry());
    b.want(&entry());
    let trial = |hub: &Slots| hub.next_trial("b", Some(&entry()), false, &BTreeSet::new()).unwrap();
    let ((of_a, _), (of_b, by)) = (trial(&a), trial(&b));
    assert_eq!(
        (of_a.expected_rev, of_b.expected_rev, by),
        (1, 1, Some(By::Job)),
        "one of them comes through"
    );
    tell([&a, &b], of_b.content.unwrap(), 2);
    assert!(!a.free(&entry()) && b.free(&entry()));
    let running = b.backend(&entry()).unwrap();
    assert!(!b.free(&entry()), "one attempt decides");
    assert!(b.answered("b"));
    drop(running);
    assert_eq!(b.findings(), [("b".to_owned(), Finding::Works)]);
    for hub in [&a, &b] {
        SharedBreakers(hub.clone()).told("b", None);
    }
    b.told_others("b", &Finding::Works);
    assert!(a.free(&entry()) && b.free(&entry()));
}

#[test]
fn one_ping_is_made_for_all_and_lets_no_job_through() {
    let (a, b) = opened();
    let (write, by) = a.next_trial("b", Some(&entry()), true, &BTreeSet::new()).unwrap();
    tell([&a, &b], write.content.unwrap(), 2);
    assert_eq!((by, a.is_pinged_here("b"), b.is_pinged_here("b")), (Some(By::Ping), true, false));
    assert!(!a.free(&entry()) && !b.free(&entry()));
    assert!(b.next_trial("b", Some(&entry()), true, &BTreeSet::new()).is_none());
    a.lengthen(&"b".into(), &RULE, Clock::system().now());
    assert!(matches!(&a.findings()[..], [(_, Finding::Silent(_))]));
}

#[test]
fn a_trial_ends_with_the_hub_that_made_it() {
    let (a, b) = opened();
    a.want(&entry());
    let (write, _) = a.next_trial("b", Some(&entry()), false, &BTreeSet::new()).unwrap();
    tell([&a, &b], write.content.unwrap(), 2);
    b.want(&entry());
    assert!(b.next_trial("b", Some(&entry()), false, &BTreeSet::new()).is_none());
    let (write, by) = b.next_trial("b", Some(&entry()), false, &BTreeSet::from(["a".to_owned()])).unwrap();
    assert_eq!((write.expected_rev, by), (2, None));
    tell([&a, &b], write.content.unwrap(), 3);
    assert!(b.next_trial("b", Some(&entry()), false, &BTreeSet::new()).is_some());
}

#[test]
fn what_is_found_out_here_is_not_undone_by_what_others_knew_before() {
    let (a, b) = opened();
    assert!(b.answered("b"));
    a.want(&entry());
    let (write, _) = a.next_trial("b", Some(&entry()), false, &BTreeSet::new()).unwrap();
    tell([&a, &b], write.content.unwrap(), 2);
    assert!(b.free(&entry()), "it has just answered");
}

/// The same hub so much later.
fn later(hub: &Slots, by: Duration) -> Slots {
    Slots { began: hub.began.checked_sub(by).unwrap(), ..hub.clone() }
}

/// What a hub would write that has work for the backend.
fn trial(hub: &Slots) -> Option<(u64, Option<By>)> {
    hub.want(&entry());
    let next = hub.next_trial("b", Some(&entry()), false, &BTreeSet::new());
    next.map(|(write, by)| (write.expected_rev, by))
}

/// Both know it failing, and the first one is to try by a job.
fn tried() -> (Slots, Slots) {
    let (a, b) = opened();
    a.want(&entry());
    let (write, _) = a.next_trial("b", Some(&entry()), false, &BTreeSet::new()).unwrap();
    tell([&a, &b], write.content.unwrap(), 2);
    (a, b)
}

fn hold(hub: &Slots) {
    hub.told(&"b".into(), Hold::new(Duration::from_hours(1), "quota".to_owned(), Clock::system().now()));
}

#[test]
fn whoever_cannot_try_leaves_it_to_others() {
    let (a, b) = opened();
    hold(&a);
    assert_eq!((trial(&a), trial(&b)), (None, Some((1, Some(By::Job)))));
    b.set_paused("b", true);
    assert_eq!(trial(&b), None);
    let (a, _) = tried();
    let a = later(&a, WANTED);
    assert_eq!(trial(&a), None, "it is about to");
    let (write, by) = a.next_trial("b", None, false, &BTreeSet::new()).unwrap();
    assert_eq!((write.expected_rev, by), (2, None), "it has no such backend any more");
    hold(&a);
    assert_eq!(trial(&a), Some((2, None)), "the backend wants nothing from here");
}

#[test]
fn a_trial_is_looked_at_where_the_backend_is_and_by_whoever_makes_it() {
    let (a, b) = tried();
    assert_eq!((b.look_at_breakers(|_| true), b.look_at_breakers(|_| false)), (Some(SOON), None));
    assert_eq!(a.look_at_breakers(|_| false), Some(SOON));
}

#[test]
fn a_hub_that_stops_leaves_its_trials_to_others() {
    let (a, b) = tried();
    assert!(b.trials_given_up().is_empty());
    let [write] = &a.trials_given_up()[..] else { panic!("one trial is its own") };
    assert_eq!(write.expected_rev, 2);
    tell([&a, &b], write.content.clone().unwrap(), 3);
    assert_eq!(trial(&b), Some((3, Some(By::Job))));
}

#[test]
fn people_see_it_left_alone_until_somebody_knows_that_it_works() {
    let is_shown = |hub: &Slots| {
        let shut = matches!(hub.shown_shut(&entry()), Some(Shut::Breaker(_)));
        assert_eq!(shut, hub.shown_left_alone_until("b").is_some(), "lists and stories say the same");
        shut
    };
    let (a, b) = opened();
    assert!(is_shown(&a) && is_shown(&b), "nobody tries yet");
    let (a, b) = tried();
    assert!(is_shown(&a) && is_shown(&b));
    assert!(a.answered("b") && !is_shown(&a));
    SharedBreakers(b.clone()).told("b", None);
    assert!(!is_shown(&b));
}

#[test]
fn other_hubs_clocks_make_no_pause_shorter_or_longer() {
    let pause = Duration::from_secs(10);
    let open = Opened::new(Clock::system().now() + pause, pause);
    for ahead in [15, -80] {
        let (a, b) = (hub("a"), hub("b"));
        b.clock.run_ahead(SignedDuration::from_secs(ahead));
        tell([&a, &b], open.content("b"), 1);
        assert_eq!(trial(&b), None, "it has just begun");
        let b = later(&b, pause);
        assert_eq!(trial(&b), Some((1, Some(By::Job))));
        tell([&a, &b], open.content("b"), 2);
        assert_eq!(trial(&b), Some((2, Some(By::Job))), "it is the same pause");
    }
    let new = Slots::new(10, Arc::new(Notify::new()), Clock::system());
    new.share_as("c".to_owned());
    new.clock.run_ahead(SignedDuration::from_secs(15));
    tell([&new, &new], open.content("b"), 1);
    assert!(trial(&new).is_some(), "nobody knows when that began: the wall clock has to tell");
}

#[test]
fn a_hub_alone_keeps_its_own() {
    let alone = Slots::new(10, Arc::new(Notify::new()), Clock::system());
    fail(&alone);
    assert!(alone.findings().is_empty() && !alone.free(&entry()));
    alone.want(&entry());
    assert!(alone.next_trial("b", Some(&entry()), false, &BTreeSet::new()).is_none());
    assert!(alone.answered("b") && alone.findings().is_empty() && alone.free(&entry()));
}
