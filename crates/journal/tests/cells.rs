//! Any cell of any row may hold anything: all other rows are still read, and looking at the bad one harms nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::collections::BTreeSet;

use intendant_journal::{
    Change, DeliveryFilter, EffectSet, EntityFilter, Filter, Journal, Naming, NewJob, NewRecord, Order, Page,
    RecordFilter, Whose,
};
use model::{Class, Code, EventsCursor, OutboxPlace, OutcomeKind, RecordKind};
use rusqlite::Connection;
use rusqlite::types::Value;
use support::folder::{Folder, try_open};
use support::*;

/// So many there are of everything.
const ALL: u64 = 4;

/// Tables whose rows belong to somebody. The others are the journal's own counts, which `check` compares.
const TABLES: [&str; 12] = [
    "job", "body", "secret", "reply", "external", "step", "attempt", "delivery", "entity", "called",
    "record", "event",
];

/// Two jobs that ran, two that wait; each has all that a job can have.
async fn fill(journal: &dyn Journal) {
    for number in 1..=ALL {
        let new = NewJob {
            reply: Some(b"\"address\"".to_vec()),
            deadline: Some(at(1_000_000)),
            secrets: Some(b"{}".to_vec().into()),
            ..known_as(&number.to_string(), b"content", job_of(&number.to_string(), number))
        };
        accept(journal, new).await;
        let effects = EffectSet {
            entities: vec![entity(&number.to_string(), 0, Some("new"))],
            deliveries: vec![delivery(number, at(1))],
            ..EffectSet::default()
        };
        journal.apply(effects, None, at(1)).await.unwrap();
        journal.record(refusal(number)).await.unwrap();
    }
    for number in 1..=2 {
        journal.change(start(number, at(100))).await.unwrap();
        let done = settle(number, 1, OutcomeKind::Done, at(200));
        journal.change(Change { replies: 1, ..done }).await.unwrap();
    }
}

fn refusal(number: u64) -> NewRecord {
    NewRecord {
        kind: RecordKind::Refusal,
        at: at(i64::try_from(number).unwrap()),
        who: "http".to_owned(),
        what: None,
        code: Code::from_static("unreadable"),
        message: "no document".to_owned(),
        body: b"raw".to_vec(),
    }
}

/// What can still be read of everything, by name.
async fn readable(journal: &dyn Journal) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let page = Page { after: None, order: Order::Oldest, limit: 99 };
    for job in journal.jobs(Filter::default(), page).await.unwrap().rows {
        seen.insert(format!("job {}", job.seq.0));
    }
    for lane in journal.lanes().await.unwrap() {
        for due in journal.due(lane, Class::Bulk, 99).await.unwrap().rows {
            seen.insert(format!("due {}", due.seq.0));
        }
    }
    for number in 1..=ALL {
        // The bad one may be an error; it is no panic, and the others are whole.
        if journal.prepare(id(number)).await.is_ok_and(|job| job.is_some_and(|job| job.damaged.is_empty())) {
            seen.insert(format!("prepared {number}"));
        }
        if journal.answer(id(number)).await.is_ok_and(|answer| answer.is_some()) {
            seen.insert(format!("answer {number}"));
        }
        for _ in journal.steps(id(number)).await.into_iter().flatten() {
            seen.insert(format!("step of {number}"));
        }
        for _ in journal.attempts(id(number)).await.into_iter().flatten() {
            seen.insert(format!("attempt of {number}"));
        }
        if journal.entity(entity_key(&number.to_string())).await.is_ok_and(|entity| entity.is_some()) {
            seen.insert(format!("entity {number}"));
        }
    }
    for delivery in journal.outbox(DeliveryFilter::default(), None, 99).await.unwrap().rows {
        seen.insert(format!("delivery {}", delivery.seq.number()));
    }
    for delivery in journal.deliveries(None, OutboxPlace::default(), 99).await.unwrap().rows {
        seen.insert(format!("pending {}", delivery.seq.number()));
    }
    let identities = EntityFilter { kind: "identity".to_owned(), ..EntityFilter::default() };
    for entity in journal.find_entities(identities, None, 99).await.unwrap().rows {
        seen.insert(format!("found {}", entity.key.key));
    }
    let of_text = Some("label".to_owned());
    let identities = EntityFilter { kind: "identity".to_owned(), text: of_text, ..EntityFilter::default() };
    for entity in journal.find_entities(identities, None, 99).await.unwrap().rows {
        seen.insert(format!("found by name {}", entity.key.key));
    }
    for (subject, _) in journal.named(Naming::Holds("label".to_owned()), 99).await.unwrap() {
        seen.insert(format!("called {}", subject.value()));
    }
    for record in journal.records(RecordFilter::of(RecordKind::Refusal), None, 99).await.unwrap().rows {
        seen.insert(format!("refusal {}", record.seq));
    }
    for event in journal.events(EventsCursor::default(), 999).await.unwrap().rows {
        seen.insert(format!("event {}", event.seq));
    }
    journal.expired(at(2_000_000), 99).await.unwrap();
    for of in [Whose::Ours, Whose::Gone] {
        journal.open_attempts(of).await.unwrap();
    }
    let old = Filter { since: Some(at(0)), until: Some(at(1_000_000)), ..Filter::default() };
    for job in journal.jobs(old, page).await.unwrap().rows {
        seen.insert(format!("of that time {}", job.seq.0));
    }
    seen
}

fn columns(db: &Connection, table: &str) -> Vec<String> {
    let mut columns = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
    columns.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Rows of a table, told apart by all that stands in them.
fn rows(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut rows = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let width = rows.column_count();
    let read = rows.query_map([], |row| (0..width).map(|at| row.get(at)).collect()).unwrap();
    read.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_stands_in_a_cell_the_others_are_read() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    fill(&*journal).await;
    let db = Connection::open(folder.database()).unwrap();
    db.execute_batch("PRAGMA ignore_check_constraints = ON").unwrap();
    let whole = readable(&*journal).await;
    assert!(whole.len() > 40, "{whole:?}");
    let strange = [
        Value::Null,
        Value::Text("x".to_owned()),
        Value::Blob(vec![0xff]),
        Value::Integer(i64::MIN),
        Value::Integer(i64::MAX),
    ];
    let mut tried = 0;
    for table in TABLES {
        let columns = columns(&db, table);
        let rows = rows(&db, table);
        assert!(!rows.is_empty(), "nothing stands in {table}");
        // The last of its kind: what stands behind it is found as well as what stands before it.
        for row in [rows.first().unwrap(), rows.last().unwrap()] {
            for (at, column) in columns.iter().enumerate() {
                for value in &strange {
                    let same = |from: usize| {
                        columns.iter().enumerate().map(move |(n, name)| format!("{name} IS ?{}", n + from))
                    };
                    let found = same(2).collect::<Vec<_>>().join(" AND ");
                    let sql = format!("UPDATE OR IGNORE {table} SET {column} = ?1 WHERE {found}");
                    let mut values = vec![value.clone()];
                    values.extend(row.iter().cloned());
                    // What the schema forbids cannot stand there.
                    let Ok(1) = db.execute(&sql, rusqlite::params_from_iter(&values)) else { continue };
                    tried += 1;
                    let seen = readable(&*journal).await;
                    if tried % 9 == 0 {
                        journal.check().await.unwrap();
                    }
                    let lost: Vec<_> = whole.difference(&seen).collect();
                    let owners: BTreeSet<_> =
                        lost.iter().map(|name| name.rsplit(' ').next().unwrap().to_owned()).collect();
                    assert!(
                        owners.len() <= 1 || table == "job" && owners.len() <= 2,
                        "{table}.{column} = {value:?} in {row:?} takes away {lost:?}"
                    );
                    let mut harmed = row.clone();
                    harmed[at] = value.clone();
                    let found = same(columns.len() + 1).collect::<Vec<_>>().join(" AND ");
                    let set = columns.iter().enumerate().map(|(n, name)| format!("{name} = ?{}", n + 1));
                    let sql =
                        format!("UPDATE {table} SET {} WHERE {found}", set.collect::<Vec<_>>().join(", "));
                    let mut values = row.clone();
                    values.extend(harmed);
                    let back = db.execute(&sql, rusqlite::params_from_iter(&values)).unwrap();
                    assert_eq!(back, 1, "{table}.{column} = {value:?} is put back");
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
    assert_eq!(readable(&*journal).await, whole, "all is as it was");
}

#[tokio::test]
async fn a_number_that_is_never_given_is_not_the_last_one() {
    for table in ["job", "delivery", "record", "event"] {
        let folder = Folder::new();
        let journal = try_open(folder.path()).unwrap();
        fill(&*journal).await;
        journal.close().await;
        let db = Connection::open(folder.database()).unwrap();
        let sql = format!("UPDATE {table} SET seq = 9223372036854775807 WHERE seq = 3");
        assert_eq!(db.execute(&sql, []).unwrap(), 1);
        drop(db);
        let journal = try_open(folder.path()).unwrap();
        let last = journal.last_event().await.unwrap();
        assert_eq!(accept(&*journal, job_of("next", 9)).await.0, 5, "{table}");
        let effects = EffectSet { deliveries: vec![delivery(9, at(1))], ..EffectSet::default() };
        journal.apply(effects, None, at(1)).await.unwrap();
        journal.record(refusal(9)).await.unwrap();
        assert!(!journal.events(last, 9).await.unwrap().rows.is_empty() || table == "event", "{table}");
        let listed = journal.outbox(DeliveryFilter::default(), None, 99).await.unwrap().rows.len();
        // One that stands behind all that can be asked for is not found.
        assert_eq!(listed, if table == "delivery" { 4 } else { 5 }, "{table}");
    }
}
