//! What the journal on PostgreSQL answers when rows are damaged, when there are many, and while its key is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use intendant_journal::{
    DeliveryFilter, EffectSet, EntityFilter, Error, Filter, Journal, Key, Keys, Look, Naming, NewJob,
    NewRecord, Options, Order, Page, RecordFilter, Renewal, Retention, Spot, Whose,
};
use model::effect::EntityContent;
use model::{
    Class, Code, EntityWrite, EventsCursor, JobState, OutboxPlace, OutcomeKind, RecordKind, Seq, Subject,
};
use serde_json::json;
use support::database::{Schema, sql};
use support::folder::key;
use support::*;
use testkit::wait;
use zeroize::Zeroizing;

const ALL: Page = Page { after: None, order: Order::Newest, limit: 99 };

fn identity(subject: &str) -> Subject {
    Subject::new("identity", subject).unwrap()
}

fn refusal(message: &str) -> NewRecord {
    NewRecord {
        kind: RecordKind::Refusal,
        at: at(1),
        who: "http".to_owned(),
        what: None,
        code: Code::from_static("bad"),
        message: message.to_owned(),
        body: b"it".to_vec(),
    }
}

/// Jobs that wait, run, wait to be tried again, have failed and succeeded; what belongs to them, and records.
async fn fill(journal: &dyn Journal, jobs: u64) {
    for number in 1..=jobs {
        let new = NewJob {
            secrets: Some(Zeroizing::new(b"a secret".to_vec())),
            reply: Some(b"address".to_vec()),
            deadline: Some(at(9_000_000)),
            ..known_as(&number.to_string(), b"content", job_of(&(number % 40).to_string(), number))
        };
        accept(journal, new).await;
        if number > 30 {
            continue;
        }
        journal.change(start(number, at(100))).await.unwrap();
        let kind = if number % 2 == 0 { OutcomeKind::Done } else { OutcomeKind::Hard };
        match number {
            1..=20 => {
                let mut ended = settle(number, 1, kind, at(200));
                ended.replies = 1;
                ended.effects.deliveries = vec![delivery(number, at(200))];
                ended.effects.entities = vec![entity(&number.to_string(), 0, Some("new"))];
                journal.change(ended).await.unwrap();
            }
            21..=25 => journal.change(retry(number, 1, at(200), at(500))).await.unwrap(),
            _ => {}
        }
        journal.record(refusal("refused")).await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_row_is_left_out_named_and_remembered() {
    let schema = Schema::new();
    let Opened { journal, .. } = schema.open();
    fill(&*journal, 34).await;
    let harm = |statement: &str| drop(sql(schema.url(), statement));
    harm("UPDATE live SET state = 99 WHERE seq = 32");
    harm("UPDATE live SET due_at = 9223372036854775807 WHERE seq = 33");
    harm("UPDATE done SET subject = 'nothing' WHERE seq = 2");
    harm("UPDATE delivery SET address = 'elsewhere' WHERE seq = 1");
    harm("UPDATE event SET kind = 99 WHERE seq = 3");
    harm("UPDATE record SET at = 9223372036854775807 WHERE seq = 4");
    harm("UPDATE entity SET label = 'somebody else' WHERE key = '3'");
    harm("UPDATE body SET sealed = 'x' WHERE job = (SELECT id FROM live WHERE seq = 31)");
    let spots = |damaged: Vec<intendant_journal::Damaged>| {
        let mut spots: Vec<Spot> = damaged.into_iter().map(|row| row.spot).collect();
        spots.sort();
        spots.dedup();
        spots
    };
    let jobs = journal.jobs(Filter::default(), ALL).await.unwrap();
    assert_eq!(jobs.rows.len(), 31);
    assert_eq!(spots(jobs.damaged), [2, 32, 33].map(|seq| Spot::Job(Seq(seq))));
    // One whose state cannot be read might be in any.
    let filter = Filter { states: vec![JobState::Running], ..Filter::default() };
    let running = journal.jobs(filter, ALL).await.unwrap();
    assert_eq!((running.rows.len(), spots(running.damaged)), (5, vec![Spot::Job(Seq(32))]));
    let owed = journal.deliveries(None, OutboxPlace::default(), 99).await.unwrap();
    assert_eq!((owed.rows.len(), spots(owed.damaged)), (19, vec![Spot::Delivery(1)]));
    let shown = journal.outbox(DeliveryFilter::default(), None, 99).await.unwrap();
    assert_eq!((shown.rows.len(), spots(shown.damaged)), (20, vec![Spot::Delivery(1)]), "without its body");
    let events = journal.events(EventsCursor::default(), 999).await.unwrap();
    assert_eq!(spots(events.damaged), [Spot::Event(3)]);
    let records = journal.records(RecordFilter::of(RecordKind::Refusal), None, 99).await.unwrap();
    assert_eq!((records.rows.len(), spots(records.damaged)), (29, vec![Spot::Record(4)]));
    let entities = journal.entities("identity".to_owned(), None, 99).await.unwrap();
    let third = Spot::Entity("identity".to_owned(), "3".to_owned());
    assert_eq!((entities.rows.len(), spots(entities.damaged)), (19, vec![third.clone()]));
    assert!(matches!(journal.entity(entity_key("3")).await, Err(Error::Damaged(_))));
    assert!(matches!(journal.job(id(32)).await, Err(Error::Damaged(_))));
    let prepared = journal.prepare(id(31)).await.unwrap().unwrap();
    assert_eq!((prepared.body.len(), spots(prepared.damaged)), (0, vec![Spot::OfJob(Seq(31))]));
    let remembered = spots(journal.damaged());
    assert_eq!(remembered.len(), 8, "{remembered:?}");
    let findings = journal.check().await.unwrap();
    for words in ["job 32", "job 33", "job 2 ", "delivery 1", "event 3", "record 4", "identity 3", "body 31"]
    {
        assert!(findings.iter().any(|finding| finding.contains(words)), "{words}: {findings:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_together_is_found() {
    for (harm, words) in [
        ("DELETE FROM body WHERE job = (SELECT id FROM live WHERE seq = 31)", "no body"),
        ("UPDATE live SET head = false WHERE seq = 26", "head"),
        ("UPDATE tally SET jobs = jobs + 1 WHERE state = 0", "tally"),
        ("UPDATE cause SET jobs = jobs + 1", "cause"),
        ("UPDATE entity_tally SET entities = entities + 1", "entities"),
        ("UPDATE called SET folded = 'somebody else'", "does not see"),
        ("DELETE FROM called", "does not see"),
        ("INSERT INTO called VALUES ('identity', 'nobody', 'nobody')", "does not see"),
        ("UPDATE live SET open_step = NULL WHERE seq = 26", "without an attempt"),
        ("UPDATE live SET open_number = 7 WHERE seq = 26", "no running step"),
        ("UPDATE live SET backends = '{another}' WHERE seq = 26", "backends"),
        ("UPDATE live SET plan = NULL WHERE seq = 26", "plan 26 is missing"),
        ("DELETE FROM secret WHERE job = (SELECT id FROM live WHERE seq = 31)", "secrets"),
        ("DELETE FROM reply WHERE job = (SELECT id FROM live WHERE seq = 31)", "reply addresses"),
        ("DELETE FROM done WHERE seq = 4", "gone"),
        ("UPDATE live SET ended_at = 5 WHERE seq = 31", "end"),
        ("UPDATE attempt SET status = 9 WHERE job = (SELECT id FROM done WHERE seq = 4)", "attempt"),
        ("UPDATE entity SET rev = 7 WHERE key = '1'", "identity 1"),
    ] {
        let schema = Schema::new();
        let Opened { journal, .. } = schema.open();
        fill(&*journal, 31).await;
        sound(&*journal).await;
        sql(schema.url(), harm);
        let findings = journal.check().await.unwrap();
        assert!(findings.iter().any(|finding| finding.contains(words)), "{harm}: {findings:?}");
    }
}

/// A label for the subject of a job.
fn called(key: &str, label: &str) -> EntityWrite {
    let content = EntityContent { state: "new".to_owned(), label: label.to_owned(), body: json!({}) };
    EntityWrite { content: Some(content), ..entity(key, 0, Some("new")) }
}

#[tokio::test]
async fn text_is_found_whatever_its_case_and_accents_and_however_many_jobs_there_are() {
    let schema = Schema::new();
    let Opened { journal, .. } = schema.open();
    accept(&*journal, job_of("elo", 1)).await;
    accept(&*journal, job_of("other", 2)).await;
    let entities = vec![called("elo", "MÜLLER Éléonore · emuller"), called("nobody", "Éléonore Sans")];
    journal.apply(EffectSet { entities, ..EffectSet::default() }, None, at(1)).await.unwrap();
    journal.record(refusal("Le serveur a refusé l'ÉLÈVE")).await.unwrap();
    let found = async |text: &str, after| {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        let page = journal.jobs(filter, Page { after, ..ALL }).await.unwrap();
        (page.rows.iter().map(|job| number(job.id)).collect::<Vec<_>>(), page.next.map(Seq))
    };
    assert_eq!(found("eleonore", None).await, (vec![1], None));
    assert_eq!(found("IDENTITY:ELO", None).await, (vec![1], None));
    assert_eq!(found("éléonora", None).await, (vec![], None));
    let named = journal.named(Naming::Holds("muller e".to_owned()), 9).await.unwrap();
    assert_eq!(named.iter().map(|(subject, _)| subject.clone()).collect::<Vec<_>>(), [identity("elo")]);
    assert_eq!(journal.named(Naming::Is("eleonore".to_owned()), 9).await.unwrap(), []);
    let filter = EntityFilter {
        kind: "identity".to_owned(),
        text: Some("ELEONORE".to_owned()),
        ..EntityFilter::default()
    };
    assert_eq!(journal.find_entities(filter, None, 9).await.unwrap().rows.len(), 2);
    let filter = RecordFilter { text: Some("eleve".to_owned()), ..RecordFilter::of(RecordKind::Refusal) };
    assert_eq!(journal.records(filter, None, 9).await.unwrap().rows.len(), 1);

    // So many that one page does not look at all of them.
    sql(
        schema.url(),
        "INSERT INTO done (id, seq, source, action, class, state, head, lane, due_at, accepted_at, ended_at)
         SELECT gen_random_uuid(), 100 + number, 'http', 'OLD', 1, 3, false, '', 0, 1800000000000 + number * 60000, 1
         FROM generate_series(1, 12000) AS number;
         UPDATE tally SET jobs = jobs + 12000 WHERE state = 3",
    );
    let (mut after, mut pages, mut all) = (None, 0, Vec::new());
    loop {
        let (rows, next) = found("elo", after).await;
        (after, pages) = (next, pages + 1);
        all.extend(rows);
        if after.is_none() {
            break;
        }
    }
    assert_eq!((all, pages), (vec![1], 3));
    let filter = Filter { text: Some("old".to_owned()), ..Filter::default() };
    let count = journal.count(filter.clone(), None, 100).await.unwrap();
    assert_eq!((count.jobs, count.more), (100, true));
    let mut counted = (0, None);
    loop {
        let count = journal.count(filter.clone(), counted.1, 99_999).await.unwrap();
        counted = (counted.0 + count.jobs, count.next);
        if count.next.is_none() {
            break;
        }
    }
    assert_eq!(counted.0, 12_000);
    // By time, along the numbers.
    let minutes = |minutes: i64| Some(at(minutes * 60_000));
    let since = Filter { since: minutes(11_000), until: minutes(11_010), ..Filter::default() };
    let page = journal.jobs(since, ALL).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (10, None));
}

#[tokio::test]
async fn to_find_that_no_external_id_is_old_nothing_is_committed() {
    let schema = Schema::new();
    let Opened { journal, heard } = schema.open();
    fill(&*journal, 3).await;
    let commits = async || {
        heard.take();
        journal.prune(Retention { ids_before: at(0), ..everything() }, at(1_000)).await.unwrap();
        heard.take().len()
    };
    let without = commits().await;
    // More than are looked at in one go, of jobs that are gone.
    let add = |first: u32, at: i64| {
        let add = format!(
            "INSERT INTO external (value, source, digest, job, seq, at)
             SELECT number::text, 'http', '', gen_random_uuid(), 1000 + number, {at}
             FROM generate_series({first}, {first} + 9999) AS number"
        );
        sql(schema.url(), &add);
    };
    add(10_000, 1_900_000_000_000);
    assert_eq!(commits().await, without);
    add(20_000, 1);
    assert!(commits().await > without);
    let left = "SELECT count(*) FROM external WHERE seq > 1000";
    assert_eq!(sql(schema.url(), left), ["10000"]);
    assert_eq!(commits().await, without);
}

/// Uses what is used all the time, and lists in all ways.
async fn use_all(journal: &dyn Journal) {
    let lanes = journal.lanes().await.unwrap();
    for lane in lanes {
        journal.due(lane.clone(), Class::Bulk, 9).await.unwrap();
        journal.lane(lane.clone(), at(0), 9).await.unwrap();
        journal.lane_size(lane.clone()).await.unwrap();
    }
    journal.expired(at(10), 9).await.unwrap();
    journal.next_deadline().await.unwrap();
    journal.open_attempts(Whose::Gone).await.unwrap();
    for number in [1, 22, 27, 60] {
        journal.prepare(id(number)).await.unwrap();
        journal.answer(id(number)).await.unwrap();
        journal.attempts(id(number)).await.unwrap();
        journal.deliveries_of(id(number)).await.unwrap();
        journal.before(id(number)).await.unwrap();
        journal.deadline_behind(id(number)).await.unwrap();
        journal.later_success(id(number)).await.unwrap();
    }
    let failed = Filter { dead: true, ..Filter::default() };
    let causes = journal.causes(None, 9).await.unwrap();
    for filter in [
        Filter::default(),
        Filter { subject: Some(identity("1")), ..Filter::default() },
        Filter { states: vec![JobState::Queued, JobState::Failed], ..Filter::default() },
        Filter {
            states: vec![JobState::Succeeded],
            backend: Some("00dummy".to_owned()),
            ..Filter::default()
        },
        Filter { failed_on: Some("00dummy".to_owned()), ..Filter::default() },
        Filter { cause: Some(causes[0].id), ..Filter::default() },
        Filter { text: Some("identity".to_owned()), ..Filter::default() },
        Filter { text: Some(id(3).0.to_string()), ..Filter::default() },
        failed,
    ] {
        for order in [Order::Newest, Order::Oldest] {
            journal.jobs(filter.clone(), Page { order, ..ALL }).await.unwrap();
        }
        journal.count(filter.clone(), Some(Seq(90)), 9).await.unwrap();
    }
    journal.newest().await.unwrap();
    let courier = delivery(1, at(1)).1;
    journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap();
    journal.line(courier, OutboxPlace::default(), 9).await.unwrap();
    journal.outbox(DeliveryFilter::default(), None, 9).await.unwrap();
    journal.events(EventsCursor::default(), 9).await.unwrap();
    journal.last_event().await.unwrap();
    journal.entities("identity".to_owned(), None, 9).await.unwrap();
    journal.entity(entity_key("1")).await.unwrap();
    let new = EntityFilter {
        kind: "identity".to_owned(),
        states: vec!["new".to_owned()],
        ..EntityFilter::default()
    };
    journal.find_entities(new, None, 9).await.unwrap();
    journal.names(vec![identity("1")]).await.unwrap();
    journal.named(Naming::Holds("label".to_owned()), 9).await.unwrap();
    journal.records(RecordFilter::of(RecordKind::Refusal), None, 9).await.unwrap();
    journal.refusals(0, 9).await.unwrap();
}

#[tokio::test]
async fn nothing_is_read_along_a_whole_table_even_where_the_planner_knows_nothing() {
    let schema = Schema::new();
    schema.open().journal.close().await;
    let name = schema.url().rsplit_once("%3D").unwrap().1.to_owned();
    let counted = |what: &str| sql(schema.url(), &format!("SELECT {what} AND schemaname = '{name}'"));
    // What a session has counted is there when it has ended.
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let alone = || wait::until(Duration::from_mins(1), || (sql(schema.url(), others) == ["0"]).then_some(()));
    let scanned = || {
        counted(
            "relname || ' ' || seq_scan FROM pg_stat_user_tables WHERE relname IN
             ('live', 'done', 'body', 'secret', 'reply', 'external', 'attempt', 'delivery', 'entity', 'record', 'event')",
        )
    };
    assert!(alone().is_some(), "no session is left");
    // Each index has read the whole table when it was made.
    let made = scanned();
    let Opened { journal, .. } = schema.open();
    // Statements are prepared while all tables are as good as empty.
    fill(&*journal, 90).await;
    use_all(&*journal).await;
    let mut keep = everything();
    keep.jobs_before = at(150);
    journal.prune(keep, at(1_000)).await.unwrap();
    keep.jobs_max = 3;
    assert_eq!(journal.prune(keep, at(1_000)).await.unwrap().jobs, 17);
    journal.close().await;
    drop(journal);
    assert!(alone().is_some(), "no session is left");
    let (mut made, mut after) = (made, scanned());
    made.sort();
    after.sort();
    assert_eq!(after, made);
    for index in [
        "live_ready",
        "live_line",
        "live_deadline",
        "live_seq",
        "done_seq",
        "done_subject",
        "done_unlucky",
        "done_dead",
        "done_cause",
        "done_cause_end",
        "done_failed_on",
        "delivery_pending",
        "delivery_line",
        "delivery_job",
        "entity_state",
        "record_kind",
        "external_pkey",
    ] {
        let used = counted(&format!("idx_scan > 0 FROM pg_stat_user_indexes WHERE indexrelname = '{index}'"));
        assert_eq!(used, ["t"], "{index} was not used");
    }
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_gives_its_session_back() {
    let schema = Schema::new();
    let Opened { journal, .. } = schema.open();
    fill(&*journal, 3).await;
    for _ in 0..20 {
        let mut read = journal.jobs(Filter::default(), ALL);
        // As far as it comes in a moment.
        for _ in 0..3 {
            if matches!(read.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(_)) {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    accept(&*journal, job(4)).await;
    let jobs = journal.jobs(Filter::default(), ALL).await.unwrap().rows;
    assert_eq!(jobs.iter().map(|job| number(job.id)).collect::<Vec<_>>(), [4, 3, 2, 1]);
}

fn other() -> Key {
    Key::from_bytes([8; 32])
}

fn open(schema: &Schema, keys: impl Into<Keys>) -> Result<Arc<dyn Journal>, Error> {
    intendant_journal::open(Options { keys: keys.into(), ..schema.options() }, Arc::new(|_| {}))
}

async fn readable(journal: &dyn Journal, jobs: u64) {
    for number in 1..=jobs {
        let prepared = journal.prepare(id(number)).await.unwrap().unwrap();
        assert_eq!(prepared.damaged, [], "{number}");
        journal.answer(id(number)).await.unwrap().unwrap();
    }
    assert_eq!(journal.damaged(), []);
    sound(journal).await;
}

#[tokio::test]
async fn a_change_of_key_goes_on_after_any_end() {
    const JOBS: u64 = 60;
    let schema = Schema::new();
    let Opened { journal, .. } = schema.open();
    fill(&*journal, JOBS).await;
    assert!(!journal.turn(key()).await.unwrap(), "it has this key already");
    assert!(journal.turn(other()).await.unwrap());
    assert!(matches!(journal.turn(Key::from_bytes([9; 32])).await, Err(Error::Turning)));
    let (mut journal, mut steps) = (journal, 0);
    let keys = || Keys { now: other(), others: vec![key()] };
    let mut seen = Vec::new();
    loop {
        let renewal = journal.renew().await.unwrap();
        steps += 1;
        // Whoever looks from beside sees it go on.
        match Look::open(schema.options().at, &keys()).unwrap().unwrap().renewal().unwrap() {
            Some(Renewal::Under { percent, again: false }) => seen.push(percent),
            Some(_) => {}
            None => assert_eq!(renewal, Renewal::Done),
        }
        // Work goes on in front of it and behind it, and all is readable meanwhile.
        accept(&*journal, job(1_000 + steps)).await;
        assert_eq!(journal.prepare(id(1)).await.unwrap().unwrap().damaged, []);
        if renewal == Renewal::Done {
            break;
        }
        if steps % 4 > 0 {
            continue;
        }
        journal.close().await;
        if steps == 4 {
            assert!(matches!(open(&schema, other()).err(), Some(Error::KeyBefore { .. })));
            assert!(matches!(open(&schema, key()).err(), Some(Error::WrongKey { .. })));
        }
        journal = open(&schema, keys()).unwrap();
    }
    assert!(steps >= 16, "it was done in {steps} steps");
    assert!(seen.is_sorted() && seen.iter().any(|percent| *percent > 50), "{seen:?}");
    journal.close().await;
    assert!(matches!(open(&schema, key()).err(), Some(Error::WrongKey { .. })));
    let journal = open(&schema, other()).unwrap();
    readable(&*journal, JOBS).await;
    assert_eq!(journal.renew().await.unwrap(), Renewal::Done);
}
