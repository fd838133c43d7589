//! Writes a journal with rows of all kinds, to be kept as what a released version left behind.
//!
//! `cargo run -p intendant-journal --example released -- FOLDER`, with the code of that version; then the folder's
//! `journal.db` goes to `tests/released/SCHEMA.db`, and `tests/released.rs` opens it for ever after.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "it may fail loudly"
)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]
#![allow(unreachable_pub, missing_docs, reason = "the support module is the tests'")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::Path;

use intendant_journal::{EffectSet, Expect, ExternalId, Fate, Journal, Mark, NewJob, NewRecord, Scrub};
use model::effect::EntityContent;
use model::{Class, Code, EntityKey, EntityWrite, EventKind, JobState, OutcomeKind, RecordKind};
use serde_json::json;
use support::folder::try_open;
use support::*;
use zeroize::Zeroizing;

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).expect("the folder to make it in");
    let journal = try_open(Path::new(&folder)).unwrap();
    jobs(&*journal).await;
    deliveries(&*journal).await;
    entities(&*journal).await;
    records(&*journal).await;
    sound(&*journal).await;
    journal.close().await;
}

/// A job of a subject of its own, with everything that a job can have.
fn whole(number: u64) -> NewJob {
    NewJob {
        external_id: Some(ExternalId {
            value: format!("request-{number}"),
            content: Zeroizing::new(format!("content {number}").into_bytes()),
            formerly: Zeroizing::new(format!("content {number}").into_bytes()),
        }),
        secrets: Some(Zeroizing::new(format!("secret {number}").into_bytes())),
        reply: Some(format!("reply {number}").into_bytes()),
        deadline: Some(at(1_000_000_000)),
        ..job_of(&format!("person-{number}"), number)
    }
}

/// One in each state, and jobs that wait behind others.
async fn jobs(journal: &dyn Journal) {
    for number in 1..=8 {
        accept(journal, whole(number)).await;
    }
    // 1 is queued, 2 runs, 3 waits for a retry, 4 succeeds, 5 fails and keeps its secrets, 6 is cancelled, 7 superseded.
    for number in 2..=5 {
        journal.change(start(number, at(100))).await.unwrap();
    }
    journal.change(retry(3, 1, at(200), at(900_000))).await.unwrap();
    let mut done = settle(4, 1, OutcomeKind::Done, at(200));
    done.replies = 1;
    done.effects.deliveries = vec![delivery(1, at(200))];
    done.effects.follow_ups = vec![NewJob { replay_of: Some(id(5)), ..job(9) }];
    journal.change(done).await.unwrap();
    let mut failed = settle(5, 1, OutcomeKind::Hard, at(200));
    failed.replies = 1;
    failed.to.scrub = Scrub::Until(at(2_000_000_000));
    journal.change(failed).await.unwrap();
    for (number, state) in [(6, JobState::Cancelled), (7, JobState::Superseded)] {
        let mut ended = to(number, Expect::Waiting, state, at(300));
        ended.replies = 1;
        journal.change(ended).await.unwrap();
    }
    // 8 has lent its urgency to nobody; 10 waits behind 1, and 11 lends its own to both.
    accept(journal, job_of("person-1", 10)).await;
    accept(journal, NewJob { class: Class::Interactive, ..job_of("person-1", 11) }).await;
    journal.ask_cancel(id(2), "alice".to_owned(), EffectSet::default()).await.unwrap();
}

/// One in each state, of a job and of none.
async fn deliveries(journal: &dyn Journal) {
    let deliveries = (2..=5).map(|number| delivery(number, at(400))).collect();
    journal.apply(EffectSet { deliveries, ..EffectSet::default() }, None, at(400)).await.unwrap();
    journal.mark(delivery_id(2), Mark::Delivered, at(500)).await.unwrap();
    for number in [3, 4] {
        let never = Mark::Never("nobody listens".to_owned());
        journal.mark(delivery_id(number), never, at(500)).await.unwrap();
    }
    let dropped = journal.settle_dead(vec![delivery_id(4)], Fate::Drop, EffectSet::default(), at(600)).await;
    assert_eq!(dropped.unwrap(), 1);
    journal.mark(delivery_id(5), Mark::Later(at(900_000), "busy".to_owned()), at(500)).await.unwrap();
}

async fn entities(journal: &dyn Journal) {
    for kind in ["identity", "token", "account", "session", "failsafe_set", "pause"] {
        for number in 1..=3 {
            let write = |expected_rev: u64| EntityWrite {
                key: EntityKey { kind: kind.to_owned(), key: format!("{kind}-{number}") },
                expected_rev,
                content: Some(EntityContent {
                    state: "active".to_owned(),
                    label: format!("label of {number}"),
                    body: json!({"kind": kind, "number": number, "rev": expected_rev + 1}),
                }),
            };
            let event = Some((EventKind::Paused, "00dummy".to_owned()));
            for rev in 0..number {
                let effects = EffectSet { entities: vec![write(rev)], ..EffectSet::default() };
                journal.apply(effects, event.clone(), at(700)).await.unwrap();
            }
        }
    }
}

async fn records(journal: &dyn Journal) {
    for (kind, what) in [
        (RecordKind::Refusal, None),
        (RecordKind::Audit, Some("backend 00dummy")),
        (RecordKind::Message, Some("request.user")),
    ] {
        let record = NewRecord {
            kind,
            at: at(800),
            who: "alice".to_owned(),
            what: what.map(str::to_owned),
            code: Code::from_static("unreadable"),
            message: "in words".to_owned(),
            body: format!("body of {what:?}").into_bytes(),
        };
        journal.record(record).await.unwrap();
    }
}
