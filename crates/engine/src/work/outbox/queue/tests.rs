use std::time::Duration;

use model::{DeliveryState, DeliveryTo};
use serde_json::Value;
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
/// Nothing is older.
const OLDEST: Timestamp = Timestamp::MIN;

fn delivery(seq: i64, address: &str) -> Delivery {
    Delivery {
        seq: OutboxPlace::new(seq),
        id: DeliveryId(Uuid::nil()),
        job: None,
        to: DeliveryTo { courier: "bus".to_owned(), address: address.to_owned() },
        state: DeliveryState::Pending,
        attempts: 0,
        due_at: NOW,
        message: None,
        body: Value::Null,
    }
}

/// The id of a delivery that was made in that second.
fn made(second: i64) -> DeliveryId {
    DeliveryId(model::JobId::from_parts(Timestamp::from_second(second).unwrap(), [0; 10]).0)
}

fn note(queue: &mut Queue, address: &str, mark: Mark) {
    queue.note(address, mark, OLDEST, NOW);
}

fn seqs(queue: &mut Queue, lanes: usize) -> Vec<i64> {
    std::iter::from_fn(|| queue.next(NOW, lanes)).map(|delivery| delivery.seq.number()).collect()
}

#[test]
fn an_address_has_one_under_way_and_keeps_its_order() {
    let mut queue = Queue::default();
    for (seq, address) in [(1, "a"), (2, "a"), (3, "b")] {
        queue.take(delivery(seq, address));
    }
    assert_eq!(seqs(&mut queue, 9), [1, 3]);
    note(&mut queue, "a", Mark::Delivered);
    assert_eq!(seqs(&mut queue, 9), [2]);
    note(&mut queue, "b", Mark::Never("no".to_owned()));
    note(&mut queue, "a", Mark::Delivered);
    assert_eq!((queue.held(), queue.under_way(), queue.next_due()), (0, 0, None));
}

#[test]
fn one_that_failed_comes_again_before_those_behind_it() {
    let mut queue = Queue::default();
    queue.take(delivery(1, "a"));
    queue.take(delivery(2, "a"));
    assert_eq!(seqs(&mut queue, 9), [1]);
    let later = NOW + Duration::from_secs(1);
    note(&mut queue, "a", Mark::Later(later, "busy".to_owned()));
    assert_eq!(seqs(&mut queue, 9), Vec::<i64>::new());
    assert_eq!(queue.next_due(), Some(later));
    let again = queue.next(later, 9).map(|delivery| (delivery.seq.number(), delivery.attempts));
    assert_eq!(again, Some((1, 1)));
}

#[test]
fn so_many_lanes_and_no_more() {
    let mut queue = Queue::default();
    for seq in 1..=5 {
        queue.take(delivery(seq, &seq.to_string()));
    }
    assert_eq!(seqs(&mut queue, 2), [1, 2]);
    note(&mut queue, "2", Mark::Delivered);
    assert_eq!(seqs(&mut queue, 2), [3]);
}

#[test]
fn an_address_has_so_much_in_memory_and_reads_the_rest_in_order() {
    let mut queue = Queue::default();
    let line = i64::try_from(LINE).unwrap();
    for seq in 1..=line + 10 {
        queue.take(delivery(seq, "a"));
    }
    queue.take(delivery(line + 11, "b"));
    assert_eq!((queue.held(), seqs(&mut queue, 9)), (LINE + 1, vec![1, line + 11]));
    for _ in 0..=line / 2 {
        note(&mut queue, "a", Mark::Delivered);
        queue.next(NOW, 9);
    }
    let hungry = queue.hungry();
    assert_eq!(hungry, [("a".to_owned(), OutboxPlace::new(line), LINE / 2 + 1)]);
    queue.fill("a", (line + 1..=line + 10).map(|seq| delivery(seq, "a")).collect(), None);
    assert_eq!(queue.hungry(), []);
    // It has all: the next one comes by itself, and nothing comes twice.
    queue.take(delivery(line + 10, "a"));
    queue.take(delivery(line + 12, "a"));
    assert_eq!(queue.held(), LINE / 2 - 1 + 11 + 1);
}

#[test]
fn an_address_that_fails_has_only_the_one_with_which_it_is_tried() {
    let mut queue = Queue::default();
    for seq in 1..=9 {
        queue.take(delivery(seq, "a"));
    }
    assert_eq!(seqs(&mut queue, 9), [1]);
    let later = NOW + Duration::from_secs(5);
    note(&mut queue, "a", Mark::Later(later, "dead".to_owned()));
    assert_eq!((queue.held(), queue.hungry()), (1, vec![]));
    assert_eq!(queue.next(later, 9).map(|d| d.seq.number()), Some(1));
    // It is back: the rest is read.
    note(&mut queue, "a", Mark::Delivered);
    assert_eq!(queue.hungry(), [("a".to_owned(), OutboxPlace::new(1), LINE)]);
    queue.fill("a", (2..=9).map(|seq| delivery(seq, "a")).collect(), None);
    assert_eq!(queue.next(NOW, 9).map(|d| d.seq.number()), Some(2));
}

#[test]
fn one_try_is_for_all_that_wait() {
    let mut queue = Queue::default();
    queue.take(delivery(1, "a"));
    queue.take(delivery(2, "a"));
    assert_eq!(seqs(&mut queue, 9), [1]);
    let hour = NOW + Duration::from_hours(1);
    note(&mut queue, "a", Mark::Later(hour, "dead".to_owned()));
    assert_eq!(queue.next(hour, 9).map(|d| d.seq.number()), Some(1));
    // It is given up after an hour; the next one of the address waits for another.
    queue.note("a", Mark::Never("no".to_owned()), OLDEST, hour);
    queue.fill("a", vec![delivery(2, "a")], None);
    assert_eq!(queue.next_due(), Some(hour + Duration::from_hours(1)));
}

#[test]
fn what_waits_for_too_long_is_given_up_together() {
    let mut queue = Queue::default();
    for seq in 1..=3 {
        queue.take(Delivery { id: made(seq), ..delivery(seq, "a") });
    }
    let now = NOW + Duration::from_secs(100);
    queue.next(now, 9);
    let mark = Mark::Later(now + Duration::from_secs(9), "dead".to_owned());
    // Those of the first two seconds.
    let noted = queue.note("a", mark, NOW + Duration::from_millis(2500), now);
    let given_up = vec![made(2)];
    assert_eq!(noted, Noted { mark: Mark::Never("dead".to_owned()), given_up, also_after: None });
    assert_eq!(queue.held(), 1);
    queue.take(Delivery { id: made(4), ..delivery(4, "a") });
    assert_eq!(queue.next(now + Duration::from_secs(9), 9).map(|d| d.seq.number()), Some(3));
    let mark = Mark::Later(now, "dead".to_owned());
    let noted = queue.note("a", mark, now, now);
    assert_eq!(
        (noted.given_up, noted.also_after),
        (vec![], Some(OutboxPlace::new(3))),
        "the fourth lies in the journal"
    );
}

#[test]
fn what_is_sent_again_is_not_old() {
    let mut queue = Queue::default();
    queue.revive(Delivery { id: made(1), ..delivery(1, "a") }, NOW + Duration::from_secs(90));
    let now = NOW + Duration::from_secs(100);
    queue.next(now, 9);
    let mark = Mark::Later(now, "dead".to_owned());
    assert_eq!(queue.note("a", mark.clone(), NOW + Duration::from_secs(50), now).mark, mark);
}

#[test]
fn addresses_for_which_there_is_no_room_are_read_later() {
    let mut queue = Queue::default();
    let many = i64::try_from(HELD).unwrap();
    for seq in 1..=many + 2 {
        queue.take(delivery(seq, &seq.to_string()));
    }
    assert_eq!((queue.held(), queue.take_missed()), (HELD, None));
    for seq in seqs(&mut queue, HELD).into_iter().take(HELD / 2) {
        note(&mut queue, &seq.to_string(), Mark::Delivered);
    }
    assert_eq!(queue.take_missed(), Some(OutboxPlace::new(many)));
    assert_eq!(queue.take_missed(), None);
}
