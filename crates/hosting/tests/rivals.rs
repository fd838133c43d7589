//! Callers who come at once, a thousand times: one wins, the other is told so, and nothing is mixed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use futures_util::future::join_all;
use intendant_hosting::State;
use serde_json::{Value, json};
use support::{Bed, school};

/// Rounds of each test, and those that are played at once, each about a school of its own.
const ROUNDS: usize = 1_000;
const AT_ONCE: usize = 50;

fn said(rne: &str, griffe: &str) -> Value {
    json!({"rne": rne, "griffe": griffe, "code": griffe, "version": "SP"})
}

/// Plays all rounds.
async fn play(round: impl AsyncFn(usize)) {
    for first in (0..ROUNDS).step_by(AT_ONCE) {
        join_all((first..first + AT_ONCE).map(|n| round(n))).await;
    }
}

impl Bed {
    async fn values(&self, rne: &str) -> (String, String) {
        let kept = self.host.get(&rne.parse().unwrap()).await.unwrap().kept;
        assert!(kept.pending.is_none());
        (kept.values.griffe, kept.values.code.expose().to_owned())
    }

    fn asked(&self, action: &str) -> usize {
        self.fake.calls.lock().unwrap().iter().filter(|call| call.action == action).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_ask_for_a_school_one_wins() {
    let bed = Bed::new().await;
    play(async |round| {
        let rne = school(round);
        let (one, other) = tokio::join!(
            bed.ask("POST", "", Some(said(&rne, "one"))),
            bed.ask("POST", "", Some(said(&rne, "other")))
        );
        let (winner, loser) = match (one.0.as_u16(), other.0.as_u16()) {
            (200, 404) => ("one", other.1),
            (404, 200) => ("other", one.1),
            both => panic!("{rne}: {both:?} {one:?} {other:?}"),
        };
        assert_eq!(loser["type"], "already-exists");
        assert_eq!(bed.values(&rne).await, (winner.to_owned(), winner.to_owned()), "nothing is mixed");
    })
    .await;
    testhub::until("the work of each", async || bed.asked("HOSTING_CREATE") == ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_ask_for_the_same_have_the_same_key_and_one_job() {
    let bed = Bed::new().await;
    play(async |round| {
        let rne = school(round);
        let (one, other) = tokio::join!(
            bed.ask("POST", "", Some(said(&rne, "x"))),
            bed.ask("POST", "", Some(said(&rne, "x")))
        );
        assert_eq!((one.0.as_u16(), other.0.as_u16()), (200, 200), "{one:?} {other:?}");
        assert_eq!(one.1["key"], other.1["key"]);
        bed.until(&rne, State::DbWait).await;
    })
    .await;
    assert_eq!(bed.asked("HOSTING_CREATE"), ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_a_school_one_wins() {
    let bed = Bed::new().await;
    let schools: Vec<String> = (0..AT_ONCE).map(school).collect();
    join_all(schools.iter().map(|rne| bed.open(rne))).await;
    for round in 0..ROUNDS / AT_ONCE {
        // Until both were answered no change is done: the second one is a second one.
        let held = bed.answers.hold().await;
        let winners = join_all(schools.iter().map(async |rne| {
            let path = format!("/{rne}");
            let values = [format!("a{round}"), format!("b{round}")];
            let change = |value: &str| Some(json!({"griffe": value, "code": value}));
            let (one, other) = tokio::join!(
                bed.ask("PUT", &path, change(&values[0])),
                bed.ask("PUT", &path, change(&values[1]))
            );
            match (one.0.as_u16(), other.0.as_u16()) {
                (200, 409) => values[0].clone(),
                (409, 200) => values[1].clone(),
                both => panic!("{rne}: {both:?} {one:?} {other:?}"),
            }
        }))
        .await;
        drop(held);
        for (rne, winner) in schools.iter().zip(winners) {
            bed.until(rne, State::Ready).await;
            assert_eq!(bed.values(rne).await, (winner.clone(), winner));
        }
    }
    assert_eq!(bed.asked("HOSTING_ALTER"), ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_two_remove_is_removed_once() {
    let bed = Bed::new().await;
    play(async |round| {
        let rne = school(round);
        bed.create(&rne).await;
        let path = format!("/{rne}");
        let (one, other) = tokio::join!(bed.ask("DELETE", &path, None), bed.ask("DELETE", &path, None));
        // The second one may come when it is gone already.
        let statuses = [one.0.as_u16(), other.0.as_u16()];
        assert!(matches!(statuses, [200, 200 | 410] | [410, 200]), "{one:?} {other:?}");
        bed.until(&rne, State::Deleted).await;
    })
    .await;
    assert_eq!(bed.asked("HOSTING_DELETE"), ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_removes_a_school_that_another_one_changes_wins() {
    let bed = Bed::new().await;
    for first in (0..4 * AT_ONCE).step_by(AT_ONCE) {
        join_all((first..first + AT_ONCE).map(async |round| {
            let rne = school(round);
            bed.open(&rne).await;
            let path = format!("/{rne}");
            let change = Some(json!({"griffe": "changed", "code": "changed"}));
            let (put, delete) = tokio::join!(bed.ask("PUT", &path, change), bed.ask("DELETE", &path, None));
            assert!(matches!((put.0.as_u16(), delete.0.as_u16()), (200 | 409, 200)), "{put:?} {delete:?}");
            bed.until(&rne, State::Deleted).await;
            let (griffe, code) = bed.values(&rne).await;
            assert_eq!(griffe == "changed", code == "changed", "nothing is mixed");
        }))
        .await;
    }
    assert_eq!(bed.asked("HOSTING_DELETE"), 4 * AT_ONCE);
}
