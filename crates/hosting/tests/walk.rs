//! A random walk of calls, ends of jobs, lost work, restarts and cancelled jobs: whatever comes together, an establishment
//! never stands where the table does not lead, and its history is always a legal path.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::time::Duration;

use intendant_hosting::lifecycle::leads;
use intendant_hosting::{Establishment, State, Work};
use jiff::SignedDuration;
use model::Outcome;
use serde_json::json;
use support::{Bed, NEIGHBOUR, SCHOOL, document, failed, token};

/// Steps of a walk, and walks.
const STEPS: usize = 120;
const WALKS: u64 = 3;

/// A small generator: a walk that failed is walked again by its number.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

fn sound(of: &Establishment, before: Option<&Establishment>) {
    let history = &of.kept.history;
    for pair in history.windows(2) {
        assert!(
            leads(pair[0].state, pair[1].state),
            "{:?} → {:?} in {history:?}",
            pair[0].state,
            pair[1].state
        );
    }
    assert_eq!(history.last().unwrap().state, of.state, "the history ends where it stands");
    assert_eq!(of.kept.since, history.last().unwrap().at);
    // Work goes on in the states that have any, and in no other; only a deletion may stand still.
    match of.state.work() {
        Some(work) => assert!(
            of.kept.awaited.as_ref().map_or(of.state == State::Delete, |awaited| awaited.work == work)
        ),
        None => assert!(of.kept.awaited.is_none(), "{of:?}"),
    }
    assert_eq!(of.kept.pending.is_some(), of.state == State::Alter);
    if let Some(before) = before.filter(|before| before.kept.era == of.kept.era) {
        assert!(history.starts_with(&before.kept.history), "the history only grows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_walk_leaves_the_table() {
    for walk in 0..WALKS {
        let mut chance = Chance(walk + 1);
        let mut bed = Bed::new().await;
        let mut before = Vec::new();
        let mut held = None;
        for step in 0..STEPS {
            let rne = [SCHOOL, NEIGHBOUR][chance.below(2)];
            let path = format!("/{rne}");
            let work = Work::ALL[chance.below(5)];
            match chance.below(14) {
                0 | 1 => drop(bed.ask("POST", "", Some(document(rne))).await),
                2 => {
                    let mut other = document(rne);
                    other["griffe"] = json!(format!("Other {step}"));
                    drop(bed.ask("POST", "", Some(other)).await);
                }
                3 => drop(bed.ask("PUT", &path, Some(json!({"griffe": format!("New {step}")}))).await),
                4 => drop(bed.ask("DELETE", &path, None).await),
                5 | 6 => {
                    let what =
                        intendant_hosting::Happening::Upload(support::databases(&format!("set-{step}")));
                    drop(bed.host.act(&rne.parse().unwrap(), what, &support::actor(), "uploaded").await);
                }
                7 => drop(
                    bed.ask_as(
                        Some(token(http::Scope::OPERATE)),
                        None,
                        "POST",
                        &format!("{path}/retry"),
                        None,
                    )
                    .await,
                ),
                8 => bed.answer(work, failed("no")),
                9 => bed.answer(work, Outcome::done()),
                10 => drop(bed.ask("POST", &format!("{path}/key"), None).await),
                11 => {
                    let live =
                        testhub::jobs(&bed.hub).await.into_iter().filter(|job| !job.state.is_terminal());
                    for job in live {
                        let _ = bed.hub.cancel(job.id, &support::actor()).await;
                    }
                }
                12 => {
                    // Answers wait, or come.
                    held = match held.take() {
                        None => Some(bed.answers.hold().await),
                        Some(_) => None,
                    };
                }
                _ => {
                    bed = bed.again().await;
                    bed.clock
                        .run_ahead(SignedDuration::from_hours(i64::try_from(24 * chance.below(40)).unwrap()));
                    bed.host.expire().await.unwrap();
                    bed.clock.run_ahead(SignedDuration::ZERO);
                }
            }
            bed.host.find_lost().await.unwrap();
            let mut now = Vec::new();
            for rne in [SCHOOL, NEIGHBOUR] {
                if let Some(found) = bed.host.find(&rne.parse().unwrap()).await.unwrap() {
                    sound(&found, before.iter().find(|before: &&Establishment| before.rne == found.rne));
                    now.push(found);
                }
            }
            before = now;
        }
        // In the end nothing is stuck: all that is asked for comes to rest.
        drop(held);
        let rest = async || {
            let live =
                testhub::jobs(&bed.hub).await.into_iter().filter(|job| !job.state.is_terminal()).count();
            live == 0
        };
        testhub::until("rest", rest).await;
        assert_eq!(bed.host.find_lost().await.unwrap(), 0);
        for found in bed.host.list(&[], None, None, 10).await.unwrap().establishments {
            assert!(found.state.work().is_none() || found.state == State::Delete, "walk {walk}: {found:?}");
        }
        bed.hub.stop(Duration::ZERO).await;
    }
}
