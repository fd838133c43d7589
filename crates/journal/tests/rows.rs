//! One bad row stays one: all others are listed and can be taken up, the bad one is named, and can be ended or erased.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use intendant_journal::{
    Acceptance, Burial, DeliveryFilter, EffectSet, EntityFilter, Filter, Grave, Journal, NewJob, NewRecord,
    Order, Page, RecordFilter, Retention, Spot, Whose,
};
use model::{Class, Code, DeliveryState, EventsCursor, JobState, OutboxPlace, OutcomeKind, RecordKind, Seq};
use rusqlite::Connection;
use support::folder::{Folder, try_open};
use support::*;
use uuid::Uuid;

/// Six jobs: the fifth, which is harmed, has the sixth behind it. All have a body, an answer's address and a caller's id.
async fn filled() -> Folder {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=6 {
        let subject = if number == 6 { 5 } else { number };
        let new = NewJob {
            reply: Some(b"\"address\"".to_vec()),
            deadline: Some(at(1_000_000)),
            ..known_as(&number.to_string(), b"content", job_of(&subject.to_string(), number))
        };
        accept(&*journal, new).await;
    }
    journal.close().await;
    folder
}

fn harm(folder: &Folder, sql: &str) {
    let changed = Connection::open(folder.database()).unwrap().execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

async fn listed(journal: &dyn Journal, limit: u32) -> (Vec<i64>, Vec<Spot>) {
    let (mut rows, mut damaged, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = Page { after, order: Order::Oldest, limit };
        let page = journal.jobs(Filter::default(), page).await.unwrap();
        rows.extend(page.rows.iter().map(|job| job.seq.0));
        damaged.extend(page.damaged.into_iter().map(|row| row.spot));
        match page.next {
            Some(next) => after = Some(Seq(next)),
            None => return (rows, damaged),
        }
    }
}

/// The jobs that may be taken up.
async fn due(journal: &dyn Journal) -> Vec<i64> {
    let mut found = Vec::new();
    for lane in journal.lanes().await.unwrap() {
        let due = journal.due(lane, Class::Bulk, 99).await.unwrap();
        found.extend(due.rows.iter().map(|due| due.seq.0));
    }
    found.sort_unstable();
    found
}

async fn bury(journal: &dyn Journal, grave: Grave) -> bool {
    journal.bury(Burial { grave, spare: Uuid::from_u128(77), at: at(500) }).await.unwrap()
}

#[tokio::test]
async fn a_job_whose_row_is_damaged_is_named_ended_and_frees_its_subject() {
    for column in [
        "id = x'00'",
        "state = 99",
        "state = 'x'",
        "class = 7",
        "due_at = 'never'",
        "due_at = 9223372036854775807",
        "accepted_at = 'x'",
        "deadline = -9223372036854775808",
        "started_at = 'x'",
        "ended_at = NULL, attempted_at = 'x'",
        "subject = 'nocolon'",
        "subject = CAST(x'ff3aff' AS TEXT)",
        "action = CAST(x'ff' AS TEXT)",
        "lane = CAST(x'ff' AS TEXT)",
        "source = x'ff'",
        "external_id = x'ff'",
        "message = x'ff'",
        "replay_of = x'01'",
        "status = 'x'",
        "head = 'x'",
    ] {
        let folder = filled().await;
        harm(&folder, &format!("UPDATE job SET {column} WHERE seq = 5"));
        let journal = try_open(folder.path()).unwrap();
        for limit in [1, 4, 99] {
            let (rows, damaged) = listed(&*journal, limit).await;
            assert_eq!(rows, [1, 2, 3, 4, 6], "{column}, by {limit}");
            assert_eq!(damaged, [Spot::Job(Seq(5))], "{column}, by {limit}");
        }
        assert!(due(&*journal).await.starts_with(&[1, 2, 3, 4]), "{column}");
        journal.expired(at(2_000_000), 99).await.unwrap();
        assert_eq!(journal.next_deadline().await.unwrap(), Some(at(1_000_000)), "{column}");
        assert_eq!(journal.open_attempts(Whose::Gone).await.unwrap(), []);
        assert_eq!(journal.damaged().len(), 1, "{column}");

        assert!(bury(&*journal, Grave::Waiting(Seq(5))).await, "{column}");
        assert!(!bury(&*journal, Grave::Waiting(Seq(5))).await, "{column}: it has ended");
        let (rows, damaged) = listed(&*journal, 99).await;
        assert_eq!((rows, damaged), (vec![1, 2, 3, 4, 5, 6], vec![]), "{column}");
        let page = Page { after: None, order: Order::Newest, limit: 99 };
        let filter = Filter { states: vec![JobState::Failed], ..Filter::default() };
        let ended = journal.jobs(filter, page).await.unwrap().rows.remove(0);
        assert_eq!((ended.seq.0, ended.code.unwrap().as_str()), (5, "damaged"), "{column}");
        assert_eq!(due(&*journal).await, [1, 2, 3, 4, 6], "{column}: the next one of its subject");
        let findings = journal.check().await.unwrap();
        let wrong = findings
            .iter()
            .find(|f| f.contains("tally says") || f.contains("as head") || f.contains("its end"));
        assert_eq!(wrong, None, "{column}: {findings:?}");
    }
}

#[tokio::test]
async fn what_belongs_to_a_job_and_is_damaged_is_named() {
    for sql in [
        "UPDATE body SET sealed = zeroblob(50) WHERE seq = 5",
        "UPDATE body SET sealed = 'text' WHERE seq = 5",
        "UPDATE body SET sealed = x'00' WHERE seq = 5",
        "DELETE FROM body WHERE seq = 5",
        "UPDATE reply SET sealed = zeroblob(50) WHERE seq = 5",
        "UPDATE job SET steps = 1 WHERE seq = 5",
        "UPDATE job SET secrets = 1 WHERE seq = 5; ",
    ] {
        let folder = filled().await;
        harm(&folder, sql);
        if sql.contains("secrets") {
            harm(&folder, "INSERT INTO secret (seq, sealed) VALUES (5, zeroblob(60))");
        }
        let journal = try_open(folder.path()).unwrap();
        let prepared = journal.prepare(id(5)).await.unwrap().unwrap();
        assert!(!prepared.damaged.is_empty(), "{sql}");
        assert_eq!(prepared.callers, 1, "{sql}");
        assert!(prepared.damaged.iter().all(|row| row.spot == Spot::OfJob(Seq(5))), "{sql}");
        assert_eq!(journal.prepare(id(4)).await.unwrap().unwrap().damaged, []);
        assert_eq!(listed(&*journal, 99).await, (vec![1, 2, 3, 4, 5, 6], vec![]), "{sql}");
    }
}

#[tokio::test]
async fn what_ran_can_be_looked_at_without_what_is_damaged() {
    for sql in [
        "UPDATE attempt SET sealed = zeroblob(50)",
        "UPDATE attempt SET sealed = 'text'",
        "UPDATE attempt SET kind = 9",
        "UPDATE step SET state = 9",
        "UPDATE step SET backend = x'ff'",
        "UPDATE delivery SET sealed = zeroblob(50)",
        "UPDATE delivery SET id = x'00'",
    ] {
        let folder = filled().await;
        let journal = try_open(folder.path()).unwrap();
        journal.change(start(1, at(100))).await.unwrap();
        let mut done = settle(1, 1, OutcomeKind::Done, at(200));
        (done.replies, done.effects.deliveries) = (1, vec![delivery(1, at(200))]);
        journal.change(done).await.unwrap();
        journal.close().await;
        harm(&folder, sql);
        let journal = try_open(folder.path()).unwrap();
        journal.prepare(id(1)).await.unwrap().unwrap();
        journal.steps(id(1)).await.unwrap();
        journal.attempts(id(1)).await.unwrap();
        journal.deliveries_of(id(1)).await.unwrap();
        assert_eq!(journal.answer(id(1)).await.unwrap().unwrap().job.state, JobState::Succeeded, "{sql}");
        assert_eq!(journal.damaged().len(), 1, "{sql}: {:?}", journal.damaged());
    }
}

#[tokio::test]
async fn a_damaged_delivery_holds_up_no_other_and_becomes_one_of_the_dead() {
    for column in ["sealed = zeroblob(50)", "id = x'00'", "due_at = 'x'", "address = x'ff'", "attempts = -1"]
    {
        let folder = Folder::new();
        let journal = try_open(folder.path()).unwrap();
        for number in 1..=3 {
            let effects = EffectSet { deliveries: vec![delivery(number, at(1))], ..EffectSet::default() };
            journal.apply(effects, None, at(1)).await.unwrap();
        }
        journal.close().await;
        harm(&folder, &format!("UPDATE delivery SET {column} WHERE seq = 2"));
        let journal = try_open(folder.path()).unwrap();
        let mut read = Vec::new();
        let mut after = OutboxPlace::default();
        loop {
            let page = journal.deliveries(None, after, 1).await.unwrap();
            read.extend(page.rows.iter().map(|delivery| delivery.seq.number()));
            match page.next {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!(read, [1, 3], "{column}");
        let listed = journal.outbox(DeliveryFilter::default(), None, 99).await.unwrap();
        assert_eq!(listed.damaged.len(), 1, "{column}");
        assert!(bury(&*journal, Grave::Delivery(2)).await, "{column}");
        assert!(!bury(&*journal, Grave::Delivery(2)).await, "{column}");
        let dead = DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
        let dead = journal.outbox(dead, None, 99).await.unwrap().rows;
        assert_eq!(dead.iter().map(|delivery| delivery.seq.number()).collect::<Vec<_>>(), [2], "{column}");
        assert!(dead[0].message.as_ref().unwrap().contains("cannot be read"), "{column}");
    }
}

#[tokio::test]
async fn a_damaged_entity_is_named_and_can_be_erased() {
    for column in ["sealed = zeroblob(50)", "rev = 'x'", "rev = 7", "label = x'ff'", "state = x'ff'"] {
        let folder = Folder::new();
        let journal = try_open(folder.path()).unwrap();
        for key in ["ann", "bob", "cat"] {
            let effects = EffectSet { entities: vec![entity(key, 0, Some("new"))], ..EffectSet::default() };
            journal.apply(effects, None, at(1)).await.unwrap();
        }
        journal.close().await;
        harm(&folder, &format!("UPDATE entity SET {column} WHERE key = 'bob'"));
        let journal = try_open(folder.path()).unwrap();
        let spot = Spot::Entity("identity".to_owned(), "bob".to_owned());
        for limit in [1, 2, 9] {
            let (mut keys, mut damaged, mut after) = (Vec::new(), Vec::new(), None);
            loop {
                let page = journal.entities("identity".to_owned(), after, limit).await.unwrap();
                keys.extend(page.rows.into_iter().map(|entity| entity.key.key));
                damaged.extend(page.damaged.into_iter().map(|row| row.spot));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            assert_eq!((keys, damaged), (vec!["ann".to_owned(), "cat".to_owned()], vec![spot.clone()]));
        }
        let all = EntityFilter { kind: "identity".to_owned(), ..EntityFilter::default() };
        let page = journal.find_entities(all, None, 9).await.unwrap();
        assert_eq!((page.rows.len(), page.damaged.len()), (2, 1), "{column}");
        assert!(journal.entity(entity_key("bob")).await.is_err(), "{column}");
        assert!(journal.erase(entity_key("bob"), EffectSet::default()).await.unwrap(), "{column}");
        assert!(!journal.erase(entity_key("bob"), EffectSet::default()).await.unwrap(), "{column}");
        assert_eq!(journal.damaged(), [], "{column}");
    }
}

#[tokio::test]
async fn a_key_that_is_no_text_is_got_past() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for key in ["ann", "bob", "cat"] {
        let effects = EffectSet { entities: vec![entity(key, 0, Some("new"))], ..EffectSet::default() };
        journal.apply(effects, None, at(1)).await.unwrap();
    }
    journal.close().await;
    for table in ["entity", "called"] {
        harm(&folder, &format!("UPDATE {table} SET key = CAST(x'62ff' AS TEXT) WHERE key = 'bob'"));
    }
    let journal = try_open(folder.path()).unwrap();
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let page = journal.entities("identity".to_owned(), after, 1).await.unwrap();
        keys.extend(page.rows.into_iter().map(|entity| entity.key.key));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(keys, ["ann", "cat"]);
    let findings = journal.check().await.unwrap();
    assert_eq!(findings.len(), 1, "the check goes on after it: {findings:?}");
}

#[tokio::test]
async fn damaged_events_and_records_are_left_out() {
    let folder = filled().await;
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=3 {
        let record = NewRecord {
            kind: RecordKind::Refusal,
            at: at(number),
            who: "http".to_owned(),
            what: None,
            code: Code::from_static("unreadable"),
            message: "no document".to_owned(),
            body: b"raw".to_vec(),
        };
        journal.record(record).await.unwrap();
    }
    journal.close().await;
    harm(&folder, "UPDATE event SET kind = 99 WHERE seq = 2");
    harm(&folder, "UPDATE event SET at = 'x' WHERE seq = 4");
    harm(&folder, "UPDATE record SET at = 'x' WHERE seq = 2");
    let journal = try_open(folder.path()).unwrap();
    let (mut seqs, mut after) = (Vec::new(), EventsCursor::default());
    loop {
        let page = journal.events(after, 2).await.unwrap();
        seqs.extend(page.rows.iter().map(|event| event.seq.number()));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(seqs, [1, 3, 5, 6, 7, 8, 9]);
    let filter = RecordFilter::of(RecordKind::Refusal);
    let page = journal.records(filter.clone(), None, 99).await.unwrap();
    assert_eq!(page.rows.iter().map(|record| record.seq).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(page.damaged[0].spot, Spot::Record(2));
    let page = journal.records(filter, None, 2).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (1, Some(2)), "a page may be short");
}

#[tokio::test]
async fn a_request_that_came_before_is_known_although_its_rows_are_damaged() {
    for (sql, known) in [
        ("UPDATE job SET state = 99 WHERE seq = 5", true),
        ("UPDATE external SET digest = x'00' WHERE seq = 5", true),
        ("UPDATE external SET job = x'00' WHERE seq = 5", false),
    ] {
        let folder = filled().await;
        harm(&folder, sql);
        let journal = try_open(folder.path()).unwrap();
        let again = known_as("5", b"content", job_of("5", 50));
        match journal.accept(again, EffectSet::default()).await.unwrap() {
            Acceptance::Known(_, job) => assert!(known && job == id(5), "{sql}"),
            Acceptance::IdReused(_) => assert!(!known, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
        // Another request of the same subject is taken, and waits its turn.
        accept(&*journal, job_of("5", 51)).await;
    }
}

#[tokio::test]
async fn retention_goes_on_past_a_damaged_job() {
    let folder = Folder::new();
    let journal = try_open(folder.path()).unwrap();
    for number in 1..=4 {
        accept(&*journal, job(number)).await;
        run(&*journal, number, OutcomeKind::Done, at(100)).await;
    }
    journal.close().await;
    harm(&folder, "UPDATE job SET state = 99, accepted_at = 'x', ended_at = 'x' WHERE seq = 2");
    harm(&folder, "UPDATE job SET accepted_at = 4102444800000 WHERE seq = 1");
    let journal = try_open(folder.path()).unwrap();
    assert_eq!(listed(&*journal, 99).await.1, [Spot::Job(Seq(2))]);
    let keep = Retention { jobs_before: at(1_000), ..everything() };
    assert_eq!(journal.prune(keep, at(2_000)).await.unwrap().jobs, 4);
    assert_eq!(listed(&*journal, 99).await, (vec![], vec![]));
    assert_eq!(journal.damaged(), [], "what is gone is not told of any more");
}
