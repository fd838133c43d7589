//! What a released version left behind, with rows of all kinds: see `released.rs`.

use std::fs;
use std::path::Path;

use intendant_journal::{DeliveryFilter, Filter, Journal, Order, Page, RecordFilter};
use model::{Class, DeliveryState, EventSeq, JobState, RecordKind};
use serde_json::json;

use super::folder::Folder;
use super::{id, sound};

const RELEASED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/released");
const ALL: Page = Page { after: None, order: Order::Oldest, limit: 99 };

/// A data folder with what that version left.
pub fn left_behind(schema: u32) -> Folder {
    let folder = Folder::new();
    fs::copy(Path::new(RELEASED).join(format!("{schema}.db")), folder.database()).unwrap();
    folder
}

/// Everything in it can be read, and is what was written.
pub async fn reads_as_written(journal: &dyn Journal) {
    use DeliveryState::{Delivered, Dropped, Pending, Undeliverable};
    use JobState::{Cancelled, Failed, Queued, Retrying, Running, Succeeded, Superseded};

    let states: Vec<JobState> =
        journal.jobs(Filter::default(), ALL).await.unwrap().rows.iter().map(|job| job.state).collect();
    assert_eq!(
        states,
        [Queued, Running, Retrying, Succeeded, Failed, Cancelled, Superseded, Queued, Queued, Queued, Queued]
    );
    for number in 1..=8 {
        let prepared = journal.prepare(id(number)).await.unwrap().unwrap();
        assert_eq!(prepared.body, format!("the body of {number}").into_bytes());
        assert_eq!(prepared.replies, [format!("reply {number}").into_bytes()]);
        assert_eq!(
            prepared.secrets.is_some(),
            matches!(number, 1 | 2 | 3 | 5 | 8),
            "the secrets of {number}"
        );
        assert_eq!(prepared.steps.len(), usize::from((2..=5).contains(&number)), "the plan of {number}");
    }
    let lent = journal.prepare(id(10)).await.unwrap().unwrap();
    assert_eq!((lent.job.class, lent.body), (Class::Interactive, b"the body of 10".to_vec()));
    for number in 3..=5 {
        let attempts = journal.attempts(id(number)).await.unwrap();
        assert_eq!(attempts[0].1.as_deref(), Some(&b"output 1"[..]));
    }
    let deliveries = journal.outbox(DeliveryFilter::default(), None, 99).await.unwrap().rows;
    let found: Vec<_> = deliveries.iter().map(|d| (d.body["delivery"].as_u64().unwrap(), d.state)).collect();
    assert_eq!(found, [(5, Pending), (4, Dropped), (3, Undeliverable), (2, Delivered), (1, Pending)]);
    for kind in ["identity", "token", "account", "session", "failsafe_set", "pause"] {
        let entities = journal.entities(kind.to_owned(), None, 99).await.unwrap().rows;
        assert_eq!(entities.iter().map(|e| e.rev).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(entities[2].body, json!({"kind": kind, "number": 3, "rev": 3}));
    }
    for (kind, seq) in [(RecordKind::Refusal, 1), (RecordKind::Audit, 2), (RecordKind::Message, 3)] {
        assert_eq!(journal.records(RecordFilter::of(kind), None, 9).await.unwrap().rows[0].seq, seq);
        assert!(journal.record_body(seq).await.unwrap().unwrap().1.starts_with(b"body of "));
    }
    assert!(journal.last_event().await.unwrap().places().map(EventSeq::number).sum::<i64>() > 30);
    let dead = journal.dead_letters().await.unwrap();
    assert_eq!((dead.jobs, dead.by_backend["00dummy"], dead.refusals), (1, 1, 1));
    assert_eq!(journal.damaged(), []);
    sound(journal).await;
}
