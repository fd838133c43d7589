//! The table against a plain model of processes, whatever happens to them, to their connections and to the hub.

mod model;
mod traces;

use std::time::Duration;

use uuid::Uuid;

use super::*;

pub(super) fn triple(backend: &str, user: &str, vuser: &str) -> Triple {
    Triple::new(backend, user, vuser).unwrap()
}

pub(super) fn process(n: u32) -> Process {
    Process { pid: n, start: 1, instance: Uuid::from_u128(n.into()) }
}

pub(super) fn counts(table: &Registry) -> BTreeMap<Triple, u64> {
    let found = table.list(&Filter::default(), None, usize::MAX);
    found.rows.iter().map(|seen| (Triple::clone(&seen.triple), seen.count)).collect()
}

const SECOND: Duration = Duration::from_secs(1);

fn greeted(rules: Rules) -> Registry {
    let mut table = Registry::new(rules);
    assert!(table.greet(process(1), 1));
    assert!(table.begin(process(1), 1) && table.finish(process(1), 1));
    table
}

#[test]
fn whoever_ends_takes_along_exactly_his_own() {
    let alice = triple("SOGo", "alice", "alice");
    let mut table = greeted(Rules::default());
    table.greet(process(2), 2);
    table.set(process(1), 1, alice.clone(), 3);
    table.set(process(2), 2, alice.clone(), 2);
    assert_eq!(table.find(&alice).unwrap().count, 5);
    table.end(process(1), 1);
    assert_eq!(table.find(&alice).unwrap().count, 2);
    table.end(process(2), 2);
    assert!(table.is_empty());
}

#[test]
fn a_later_connection_of_a_process_counts_and_the_end_of_the_one_before_does_not() {
    let alice = triple("SOGo", "alice", "alice");
    let mut table = greeted(Rules::default());
    table.set(process(1), 1, alice.clone(), 3);
    table.greet(process(1), 2);
    assert!(!table.set(process(1), 1, alice.clone(), 9), "it was replaced");
    assert!(!table.lose(process(1), 1, SECOND));
    table.end(process(1), 1);
    table.begin(process(1), 2);
    table.set(process(1), 2, alice.clone(), 1);
    table.finish(process(1), 2);
    assert_eq!(table.find(&alice).unwrap().count, 1);
    assert_eq!(table.anomalies.out_of_date, 1);
}

#[test]
fn a_process_that_is_not_heard_is_given_up_after_the_grace_and_not_before() {
    let alice = triple("SOGo", "alice", "alice");
    let mut table = greeted(Rules::default());
    table.set(process(1), 1, alice.clone(), 1);
    table.lose(process(1), 1, SECOND);
    assert_eq!(table.expire(60 * SECOND), Some(61 * SECOND));
    assert!(table.find(&alice).is_some());
    assert_eq!(table.expire(61 * SECOND), None);
    assert!(table.is_empty());
    assert_eq!(table.anomalies.given_up, 1);
}

#[test]
fn after_a_start_nobody_is_gone_before_his_processes_have_spoken_and_others_had_time_to() {
    let [alice, bob] = ["alice", "bob"].map(|user| triple("SOGo", user, user));
    let mut table = Registry::new(Rules::default());
    for one in [&alice, &bob] {
        table.restore(one.clone(), [(Holder::Process(process(1)), 1)], Duration::ZERO);
    }
    assert!(table.take_changed(10).is_empty(), "what is known already is no news");
    // It comes back, and has let bob go.
    table.greet(process(1), 1);
    table.begin(process(1), 1);
    table.set(process(1), 1, alice.clone(), 2);
    table.finish(process(1), 1);
    assert_eq!(table.find(&bob).unwrap().count, 0, "another process may hold him");
    assert_eq!(table.expire(SECOND), Some(10 * SECOND));
    table.expire(10 * SECOND);
    assert_eq!(counts(&table), BTreeMap::from([(alice, 2)]));
}

#[test]
fn after_a_start_a_process_that_does_not_come_back_is_waited_for_until_the_grace_is_over() {
    let alice = triple("SOGo", "alice", "alice");
    let mut table = Registry::new(Rules::default());
    table.restore(alice.clone(), [(Holder::Process(process(1)), 1)], Duration::ZERO);
    table.greet(process(1), 1);
    assert_eq!(table.expire(59 * SECOND), Some(60 * SECOND));
    assert!(table.find(&alice).is_some());
    // It is connected, and says nothing.
    table.expire(60 * SECOND);
    assert!(table.is_empty());
}

#[test]
fn what_came_on_a_queue_is_there_after_a_start_as_it_was() {
    let alice = triple("SOGo", "alice", "alice");
    let mut table = Registry::new(Rules::default());
    table.restore(alice.clone(), [(Holder::Queue(Queue::B), 2)], Duration::ZERO);
    table.expire(100 * SECOND);
    table.apply(Queue::B, [Command::Unregister(alice.clone())]);
    assert_eq!(counts(&table), BTreeMap::from([(alice.clone(), 1)]));
    table.apply(Queue::B, [Command::Unregister(alice)]);
    assert!(table.is_empty());
}

#[test]
fn capitals_of_system_users_may_mean_nothing() {
    let spelt = ["Alice", "alice"].map(|user| triple("SOGo", user, "a@b.c"));
    let mut table = greeted(Rules { fold: true, ..Rules::default() });
    table.set(process(1), 1, spelt[0].clone(), 2);
    table.set(process(1), 1, spelt[1].clone(), 1);
    assert_eq!(counts(&table), BTreeMap::from([(spelt[1].clone(), 3)]));
    let found = table.list(&Filter { user: Some("ALICE".to_owned()), ..Filter::default() }, None, 10);
    assert_eq!(found.rows.len(), 1);
    table.set(process(1), 1, spelt[1].clone(), 0);
    assert_eq!(table.find(&spelt[1]).unwrap().count, 2, "the other spelling is held");
    table.set(process(1), 1, spelt[0].clone(), 0);
    assert!(table.is_empty());
    // Who was kept under a name that is none any more is written anew.
    table.take_changed(10);
    table.restore(spelt[0].clone(), [(Holder::Process(process(1)), 1)], SECOND);
    assert_eq!(table.take_changed(10).len(), 2);
}

#[test]
fn nobody_takes_more_room_than_there_is() {
    let rules = Rules { of_one: 2, in_all: 3, tables: 2, ..Rules::default() };
    let mut table = greeted(rules);
    table.greet(process(2), 2);
    let user = |n: u32| triple("SOGo", &n.to_string(), "v");
    for n in 0..3 {
        table.set(process(1), 1, user(n), 1);
        table.set(process(2), 2, user(n + 10), 1);
    }
    assert_eq!((table.len(), table.anomalies.no_room), (3, 3));
    table.set(process(1), 1, user(0), 0);
    table.set(process(1), 1, user(7), 1);
    assert!(table.find(&user(7)).is_some(), "what was freed is free");
    let again = |n: u128| Process { instance: Uuid::from_u128(n), ..process(1) };
    assert!(table.greet(again(100), 3) && !table.greet(again(101), 4), "a process has so many tables");
    let mut small = greeted(Rules { bytes: 20, ..Rules::default() });
    small.set(process(1), 1, triple("SOGo", "0123456789", "v"), 1);
    small.set(process(1), 1, triple("SOGo", "0123456789", "w"), 1);
    assert_eq!((small.len(), small.anomalies.no_room), (1, 1));
}

#[test]
fn the_table_is_listed_in_parts() {
    let mut table = greeted(Rules::default());
    for n in 0..25 {
        let backend = if n % 2 == 0 { "SOGo" } else { "Other" };
        table.set(process(1), 1, triple(backend, &format!("u{n:02}"), "v"), 1);
    }
    let filter = Filter { backend: Some("SOGo".to_owned()), ..Filter::default() };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let part = table.list(&filter, after.as_deref(), 4);
        found.extend(part.rows.into_iter().map(|seen| seen.triple.user.to_string()));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    let wanted: Vec<String> = (0..25).step_by(2).map(|n| format!("u{n:02}")).collect();
    assert_eq!(found, wanted);
    assert_eq!(table.of_vuser("Other", "v").len(), 12);
    let text = Filter { text: Some("U07".to_owned()), ..Filter::default() };
    assert_eq!(table.list(&text, None, 10).rows.len(), 1);
}

#[test]
fn what_came_on_queues_can_be_forgotten_and_nothing_else() {
    let mut table = greeted(Rules { fold: true, ..Rules::default() });
    let (small, large) = (triple("SOGo", "alice", "a"), triple("SOGo", "ALICE", "a"));
    let other = triple("SOGo", "alicia", "a");
    table.apply(Queue::A, [Command::Register(small.clone()), Command::Register(large.clone())]);
    table.apply(Queue::B, [Command::Register(large.clone()), Command::Register(other.clone())]);
    table.set(process(1), 1, small.clone(), 4);
    assert_eq!(table.look_up(&large).unwrap().count, 7);
    assert_eq!(table.forget(&small), [(Queue::A, 2), (Queue::B, 1)]);
    assert_eq!(table.look_up(&large).unwrap().count, 4, "what a process holds stays");
    assert_eq!(table.look_up(&other).unwrap().count, 1);
    assert!(table.forget(&small).is_empty());
    assert_eq!(table.forget(&other), [(Queue::B, 1)]);
    assert!(table.look_up(&other).is_none());
}
