//! Several hubs that work on one journal at once: each accepts, and each runs the jobs of its own shards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use intendant_journal::{Acceptance, Change, EffectSet, Error, Filter, Journal, NewJob, Order, Page};
use model::{Class, Entity, EventsCursor, JobState, OutcomeKind, Seq, Subject};
use support::database::{Schema, sql};
use support::hubs::{Hub, run_somewhere, shards, spread, start_somewhere, until};
use support::*;

/// The jobs of a subject in their order, once all of them are in line.
async fn line(hub: &Hub, subject: &str) -> Vec<u64> {
    let filter = Filter { subject: Some(Subject::new("identity", subject).unwrap()), ..Filter::default() };
    let page = Page { after: None, order: Order::Oldest, limit: 99 };
    hub.journal.jobs(filter, page).await.unwrap().rows.iter().map(|job| number(job.id)).collect()
}

async fn all_in_line(schema: &Schema) {
    until("all are in line", async || {
        sql(schema.url(), "SELECT count(*) FROM live WHERE NOT placed") == ["0"]
    })
    .await;
}

#[tokio::test]
async fn what_one_accepts_the_other_knows_and_its_owner_runs() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    for (number, subject) in (1_u64..).zip(["ann", "bob", "cid", "dan", "eve", "fay"]) {
        let hub = &hubs[usize::from(number % 2 == 0)];
        accept(&*hub.journal, known_as(subject, b"content", job_of(subject, number))).await;
        let again = known_as(subject, b"content", job_of(subject, 100 + number));
        let other = &hubs[usize::from(number % 2 != 0)];
        let answer = other.journal.accept(again, EffectSet::default()).await.unwrap();
        assert!(matches!(answer, Acceptance::Known(Some(_), known) if known == id(number)), "{answer:?}");
        // One line for each subject, whoever accepts.
        accept(&*other.journal, job_of(subject, 10 + number)).await;
    }
    all_in_line(&schema).await;
    for number in 1..=6 {
        assert!(the_job(&*hubs[0].journal, number).await.head);
        assert!(!the_job(&*hubs[1].journal, 10 + number).await.head);
        run_somewhere(&hubs, number).await;
        assert!(the_job(&*hubs[0].journal, 10 + number).await.head);
        run_somewhere(&hubs, 10 + number).await;
    }
    let told: usize = hubs.iter().map(|hub| hub.heard.due().len()).sum();
    assert_eq!(told, 12, "each job is told of by its owner, once");
    sound(&*hubs[0].journal).await;
}

#[tokio::test]
async fn a_job_is_started_by_its_owner_alone() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 3).await;
    let mut runs = [0; 3];
    for number in 1..=30 {
        accept(&*hubs[0].journal, job(number)).await;
        let owner = start_somewhere(&hubs, number).await;
        runs[owner] += 1;
        for (place, hub) in hubs.iter().enumerate() {
            let again = hub.journal.change(settle(number, 1, OutcomeKind::Done, at(2_000))).await;
            assert_eq!(again.is_ok(), place == owner, "{again:?}");
            if place == owner {
                break;
            }
            assert!(matches!(again, Err(Error::NotOurs(_))), "{again:?}");
        }
    }
    assert!(runs.iter().all(|runs| *runs > 0), "{runs:?}");
    let tallies = hubs[1].journal.tallies().await.unwrap();
    let of = |state| tallies.iter().find(|tally| tally.state == state).map_or(0, |tally| tally.jobs);
    assert_eq!((of(JobState::Succeeded), of(JobState::Queued), of(JobState::Running)), (30, 0, 0));
    sound(&*hubs[2].journal).await;
}

#[tokio::test]
async fn a_retry_is_hurried_by_its_owner_alone_who_hears_of_it() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    for number in 1..=6 {
        accept(&*hubs[0].journal, job(number)).await;
        let owner = start_somewhere(&hubs, number).await;
        hubs[owner].journal.change(retry(number, 1, at(20), at(500_000))).await.unwrap();
        hubs[owner].heard.take();
        let hurry = |hub: usize| hubs[hub].journal.hurry(id(number), at(30), EffectSet::default());
        let refused = hurry(1 - owner).await;
        assert!(matches!(refused, Err(Error::NotOurs(job)) if job == id(number)), "{refused:?}");
        assert_eq!(the_job(&*hubs[0].journal, number).await.due_at, at(500_000));
        hurry(owner).await.unwrap();
        assert_eq!(hubs[owner].heard.due(), [(id(number), at(30), Class::Bulk)]);
    }
}

/// A job is joined by a caller at another hub, and its owner settles it for so many callers.
async fn settled_for(callers: usize) -> Result<(), Error> {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    accept(&*hubs[0].journal, known_as("ann", b"content", job_of("ann", 1))).await;
    let owner = start_somewhere(&hubs, 1).await;
    let again = NewJob { reply: Some(b"address".to_vec()), ..known_as("ann", b"content", job_of("ann", 2)) };
    let answer = hubs[1 - owner].journal.accept(again, EffectSet::default()).await.unwrap();
    assert!(matches!(answer, Acceptance::Known(Some(_), known) if known == id(1)), "{answer:?}");
    let settled = settle(1, 1, OutcomeKind::Done, at(2_000));
    hubs[owner].journal.change(Change { replies: callers, ..settled }).await
}

#[tokio::test]
async fn what_an_owner_knows_of_a_job_that_was_joined_elsewhere_refuses_nobody_and_settles_nothing() {
    settled_for(1).await.unwrap();
    let refused = settled_for(0).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { .. }), "{refused:?}");
}

#[tokio::test]
async fn of_two_who_write_an_entity_or_use_an_id_one_does() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    let [one, two] = [0, 1].map(|place: usize| Arc::clone(&hubs[place].journal));
    for number in 1..=20_u64 {
        let name = number.to_string();
        let write =
            |state| EffectSet { entities: vec![entity(&name, 0, Some(state))], ..EffectSet::default() };
        let (first, second) =
            tokio::join!(one.apply(write("a"), None, at(1)), two.apply(write("b"), None, at(1)));
        let conflicts = |result: &Result<(), Error>| matches!(result, Err(Error::Conflict { .. }));
        assert!(conflicts(&first) != conflicts(&second), "{first:?}, {second:?}");
        let stored = two.entity(entity_key(&name)).await.unwrap().unwrap();
        assert_eq!(stored.state, if first.is_ok() { "a" } else { "b" });
        let with_id = |job| known_as(&name, b"content", job_of(&name, job));
        let (first, second) = tokio::join!(
            one.accept(with_id(2 * number), EffectSet::default()),
            two.accept(with_id(2 * number + 1), EffectSet::default())
        );
        let is_new = |answer: &Result<Acceptance, Error>| matches!(answer, Ok(Acceptance::New));
        let is_known = |answer: &Result<Acceptance, Error>| matches!(answer, Ok(Acceptance::Known(..)));
        assert!(
            (is_new(&first) && is_known(&second)) || (is_known(&first) && is_new(&second)),
            "{first:?}, {second:?}"
        );
    }
    let counted = two.entity_tallies("identity".to_owned()).await.unwrap();
    assert_eq!(counted.iter().map(|(_, count)| count).sum::<u64>(), 20);
    all_in_line(&schema).await;
    sound(&*one).await;
}

#[tokio::test]
async fn whoever_runs_a_job_is_told_of_its_cancel_and_others_hear_its_events() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    let mut seen = [hubs[0].journal.last_event().await.unwrap(), EventsCursor::default()];
    for number in 1..=6 {
        accept(&*hubs[usize::from(number % 2 == 0)].journal, job(number)).await;
        let owner = start_somewhere(&hubs, number).await;
        for hub in &hubs {
            hub.heard.take();
        }
        let other = &hubs[1 - owner].journal;
        other.ask_cancel(id(number), "alice".to_owned(), EffectSet::default()).await.unwrap();
        until("the owner is told", async || {
            hubs[owner]
                .heard
                .take()
                .into_iter()
                .flat_map(|committed| committed.cancels)
                .any(|job| job == id(number))
        })
        .await;
        hubs[owner].journal.change(settle(number, 1, OutcomeKind::Done, at(2_000))).await.unwrap();
        for (hub, seen) in hubs.iter().zip(&mut seen) {
            let page = hub.journal.events(seen.clone(), 99).await.unwrap();
            let jobs: Vec<_> = page.rows.iter().filter_map(|event| event.job).map(support::number).collect();
            assert!(
                jobs.iter().all(|job| *job == number) && !jobs.is_empty(),
                "each once, in order: {jobs:?}"
            );
            assert!(page.rows.iter().all(|event| seen.pass(event.seq)));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_a_subject_keep_their_order_whoever_accepts_them_and_whoever_comes_and_goes() {
    const CLIENTS: u64 = 24;
    const EACH: u64 = 40;
    let schema = Arc::new(Schema::new());
    let hubs: Arc<Vec<Hub>> = Arc::new((0..3).map(|_| Hub::beside(&schema)).collect());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let hubs = Arc::clone(&hubs);
            tokio::spawn(async move {
                for n in 0..EACH {
                    // As good as random, and another one each time.
                    let place = (client.wrapping_mul(31) ^ n.wrapping_mul(17).wrapping_add(n / 3)) % 3;
                    let new = job_of(&format!("s{client}"), 1_000 * client + n + 1);
                    let journal = &hubs[usize::try_from(place).unwrap()].journal;
                    assert_eq!(journal.accept(new, EffectSet::default()).await.unwrap(), Acceptance::New);
                }
            })
        })
        .collect();
    // Meanwhile the shards go from hand to hand.
    for _ in 0..2 {
        let guest = Hub::beside(&schema);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        guest.journal.close().await;
    }
    for client in clients {
        client.await.unwrap();
    }
    all_in_line(&schema).await;
    for client in 0..CLIENTS {
        let sent: Vec<u64> = (0..EACH).map(|n| 1_000 * client + n + 1).collect();
        assert_eq!(line(&hubs[0], &format!("s{client}")).await, sent, "of client {client}");
    }
    sound(&*hubs[1].journal).await;
}

#[tokio::test]
async fn an_owner_goes_on_while_more_arrives_than_is_put_in_line_at_once() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    for subject in 1..=6_u64 {
        let (name, first) = (subject.to_string(), 1_000 * subject);
        accept(&*hubs[0].journal, job_of(&name, first)).await;
        let owner = start_somewhere(&hubs, first).await;
        let many =
            (1..=64).map(|n| hubs[1 - owner].journal.accept(job_of(&name, first + n), EffectSet::default()));
        for answer in futures_util::future::join_all(many).await {
            assert_eq!(answer.unwrap(), Acceptance::New);
        }
        let journal = &hubs[owner].journal;
        let (settled, answer) = tokio::join!(
            journal.change(settle(first, 1, OutcomeKind::Done, at(2_000))),
            journal.accept(job_of(&name, first + 65), EffectSet::default())
        );
        assert_eq!((settled.unwrap(), answer.unwrap()), ((), Acceptance::New));
        all_in_line(&schema).await;
        let all: Vec<u64> = (0..=65).map(|n| first + n).collect();
        let mut found = line(&hubs[0], &name).await;
        assert_eq!(
            found.pop(),
            Some(first + 65),
            "what was sent after the others were answered comes behind them"
        );
        found.sort_unstable();
        assert_eq!(found, all[..65]);
    }
    sound(&*hubs[0].journal).await;
}

#[tokio::test]
async fn the_shards_of_one_that_goes_are_taken_with_what_arrived_in_them() {
    let schema = Schema::new();
    let mut hubs = vec![Hub::beside(&schema), Hub::beside(&schema)];
    spread(&schema, 2).await;
    for number in 1..=20 {
        accept(&*hubs[0].journal, job_of(&number.to_string(), number)).await;
    }
    let gone = hubs.pop().unwrap();
    gone.journal.close().await;
    for number in 21..=40 {
        accept(&*hubs[0].journal, job_of(&(number - 20).to_string(), number)).await;
    }
    until("all shards are its own", async || shards(&schema) == [256]).await;
    all_in_line(&schema).await;
    for number in 1..=40 {
        run_somewhere(&hubs, number).await;
    }
    assert!(hubs[0].journal.newest().await.unwrap() > Some(Seq(39)));
    assert_eq!(the_job(&*hubs[0].journal, 1).await.class, Class::Bulk);
    sound(&*hubs[0].journal).await;
}

/// Writes entities of its own and hands jobs in until it is told to stop, whatever happens to its sessions.
async fn go_on(journal: Arc<dyn Journal>, place: u64, stop: Arc<AtomicBool>) -> u64 {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        let (key, number) = (format!("{place}-{}", n % 7), 10_000 * place + n);
        let new = known_as(&format!("id-{number}"), b"content", job_of(&key, number));
        n += 1;
        let mut given = false;
        while !given {
            given = match journal.accept(new.clone(), EffectSet::default()).await {
                Ok(Acceptance::New | Acceptance::Known(..)) => true,
                Err(Error::Unwritable(_)) => false,
                other => panic!("{other:?}"),
            };
        }
        // Nobody else writes it: where it is not what it was, the answer was lost.
        let rev = match journal.entity(entity_key(&key)).await {
            Ok(found) => found.map_or(0, |found| found.rev),
            Err(Error::Unwritable(_)) => continue,
            Err(error) => panic!("{error}"),
        };
        let state = (rev % 5 != 4).then_some("x");
        let effects = EffectSet { entities: vec![entity(&key, rev, state)], ..EffectSet::default() };
        match journal.apply(effects, None, at(1)).await {
            Ok(()) | Err(Error::Unwritable(_) | Error::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_sessions_are_killed_all_hear_the_same() {
    let schema = Schema::new();
    let hubs: Vec<Hub> = (0..3).map(|_| Hub::beside(&schema)).collect();
    spread(&schema, 3).await;
    let stop = Arc::new(AtomicBool::new(false));
    let working: Vec<_> = (1..)
        .zip(&hubs)
        .map(|(place, hub)| tokio::spawn(go_on(Arc::clone(&hub.journal), place, Arc::clone(&stop))))
        .collect();
    let url = schema.url().to_owned();
    let killed = tokio::task::spawn_blocking(move || {
        let mut killed = 0;
        for round in 0..50_u64 {
            // At moments that have nothing to do with what they do; the one or the other, those that listen as well.
            std::thread::sleep(Duration::from_millis(20 + round * 29 % 90));
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'intendant' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 2";
            killed += sql(&url, kill).len();
        }
        killed
    });
    assert!(killed.await.unwrap() > 50);
    stop.store(true, Ordering::Relaxed);
    let mut jobs = 0;
    for working in working {
        jobs += working.await.unwrap();
    }
    let journal = &hubs[0].journal;
    until("they can be read", async || journal.newest().await.is_ok()).await;
    all_in_line(&schema).await;
    let all: u64 = journal.tallies().await.unwrap().iter().map(|tally| tally.jobs).sum();
    assert_eq!(all, jobs, "each is there once");
    let entities = journal.entities("identity".to_owned(), None, 999).await.unwrap().rows;
    let newest = journal.last_event().await.unwrap();
    for hub in &hubs {
        let mut copy = BTreeMap::<String, Option<Arc<Entity>>>::new();
        let mut heard = EventsCursor::default();
        until("all is heard and its copy is as the table", async || {
            for committed in hub.heard.take() {
                for (key, entity) in committed.entities {
                    copy.insert(key.key, entity);
                }
                for event in committed.events.iter().chain(&committed.others) {
                    let before = heard.number(event.seq.origin());
                    assert_eq!(event.seq.number(), before + 1, "of {}", event.seq.origin());
                    heard.pass(event.seq);
                }
            }
            let copied = copy.values().flatten().map(|entity| Entity::clone(entity));
            heard == newest && copied.eq(entities.iter().cloned())
        })
        .await;
    }
    sound(&**journal).await;
}
