//! What hubs that work beside each other hear of each other: entities, events, whose the jobs are, and who leads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use intendant_journal::{
    Committed, EffectSet, End, Error, Expect, Fate, Journal, Key, Mark, Standing, Whose,
};
use model::{DeliveryState, EntityKey, Event, JobState, OutcomeKind};
use support::database::{Schema, sql};
use support::holder::Holder;
use support::hubs::{Hub, run_somewhere, shards, spread, start_somewhere, until};
use support::*;

/// Entities as a hub keeps them: their revisions, by key.
type Copy = BTreeMap<String, u64>;

/// Takes over what was told.
fn follow(copy: &mut Copy, told: Vec<Committed>) {
    for (EntityKey { key, .. }, entity) in told.into_iter().flat_map(|committed| committed.entities) {
        match entity {
            Some(entity) => copy.insert(key, entity.rev),
            None => copy.remove(&key),
        };
    }
}

/// All that there are.
async fn table(journal: &dyn Journal) -> Copy {
    let page = journal.entities("identity".to_owned(), None, 999).await.unwrap();
    page.rows.into_iter().map(|entity| (entity.key.key, entity.rev)).collect()
}

async fn write(hub: &Hub, key: &str, expected: u64, state: Option<&str>) {
    let effects = EffectSet { entities: vec![entity(key, expected, state)], ..EffectSet::default() };
    hub.journal.apply(effects, None, at(1)).await.unwrap();
}

/// Waits until a hub is told of an entity at this revision; `None` = that it is gone.
async fn hears(hub: &Hub, key: &str, rev: Option<u64>) {
    until("it is told of the entity", async || {
        let told = hub.heard.take().into_iter().flat_map(|committed| committed.entities);
        told.filter(|(entity, _)| entity.key == key).any(|(_, entity)| entity.map(|entity| entity.rev) == rev)
    })
    .await;
}

async fn what_one_writes_the_others_are_told(hubs: [Hub; 3]) {
    write(&hubs[0], "ann", 0, Some("a")).await;
    for hub in &hubs {
        hears(hub, "ann", Some(1)).await;
    }
    write(&hubs[2], "ann", 1, Some("b")).await;
    for hub in &hubs {
        hears(hub, "ann", Some(2)).await;
    }
    assert!(hubs[1].journal.erase(entity_key("ann"), EffectSet::default()).await.unwrap());
    for hub in &hubs {
        hears(hub, "ann", None).await;
    }
}

#[tokio::test]
async fn entities_are_told_to_all() {
    let schema = Schema::new();
    what_one_writes_the_others_are_told([0; 3].map(|_| Hub::beside(&schema))).await;
}

#[tokio::test]
async fn entities_are_told_to_all_although_nobody_is_notified() {
    let schema = Schema::new();
    what_one_writes_the_others_are_told([0; 3].map(|_| Hub::deaf(&schema))).await;
}

#[tokio::test]
async fn whoever_is_notified_looks_before_its_time() {
    let schemas = [Schema::new(), Schema::new()];
    let (quick, slow) = ([0; 2].map(|_| Hub::beside(&schemas[0])), [0; 2].map(|_| Hub::deaf(&schemas[1])));
    let mut took = Vec::new();
    for (schema, hubs) in schemas.iter().zip([quick, slow]) {
        spread(schema, 2).await;
        let begun = Instant::now();
        for rev in 0..12 {
            // Each answers the other, as soon as it has heard.
            let (writes, reads) = if rev % 2 == 0 { (&hubs[0], &hubs[1]) } else { (&hubs[1], &hubs[0]) };
            write(writes, "ann", rev, Some("a")).await;
            hears(reads, "ann", Some(rev + 1)).await;
        }
        took.push(begun.elapsed());
    }
    assert!(took[0] * 2 < took[1], "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_while_others_write_misses_nothing() {
    let schema = Schema::new();
    let writers = [Hub::beside(&schema), Hub::beside(&schema)];
    let stop = Arc::new(AtomicBool::new(false));
    let writing: Vec<_> = (writers.iter().zip(["a", "b"]))
        .map(|(hub, name)| {
            let (journal, stop) = (Arc::clone(&hub.journal), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut revs = [0_u64; 5];
                while !stop.load(Ordering::Relaxed) {
                    for (place, rev) in revs.iter_mut().enumerate() {
                        let key = format!("{name}{place}");
                        // Now and then one goes, and comes again.
                        let state = (*rev == 0 || !rev.is_multiple_of(7)).then_some("x");
                        let entities = vec![entity(&key, *rev, state)];
                        let effects = EffectSet { entities, ..EffectSet::default() };
                        journal.apply(effects, None, at(1)).await.unwrap();
                        *rev = if state.is_some() { *rev + 1 } else { 0 };
                    }
                }
            })
        })
        .collect();
    let mut joined = Vec::new();
    for place in 0..8 {
        let schema = schema.elsewhere();
        let join = move || if place % 2 == 0 { Hub::beside(&schema) } else { Hub::deaf(&schema) };
        let hub = tokio::task::spawn_blocking(join).await.unwrap();
        let copy = table(&*hub.journal).await;
        joined.push((hub, copy));
    }
    stop.store(true, Ordering::Relaxed);
    for writing in writing {
        writing.await.unwrap();
    }
    let all = table(&*writers[0].journal).await;
    for (hub, copy) in &mut joined {
        until("its copy is as the table", async || {
            follow(copy, hub.heard.take());
            *copy == all
        })
        .await;
    }
    sound(&*writers[0].journal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joins_waits_for_what_is_being_written_without_knowing_of_it() {
    let schema = Schema::new();
    let first = Hub::beside(&schema);
    write(&first, "ann", 0, Some("a")).await;
    // Its next batch has looked who is there, and stands still then.
    let held = Holder::with(&schema, "SELECT * FROM entity FOR UPDATE");
    let journal = Arc::clone(&first.journal);
    let writing = tokio::spawn(async move {
        let effects = EffectSet { entities: vec![entity("ann", 1, Some("b"))], ..EffectSet::default() };
        journal.apply(effects, None, at(1)).await
    });
    let waits = |what: &str| {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE ";
        sql(schema.url(), &format!("{waiting}'%{what}%' AND query NOT LIKE '%pg_stat_activity%'")) != ["0"]
    };
    until("the batch waits", async || waits("FOR UPDATE OF entity")).await;
    let elsewhere = schema.elsewhere();
    let (tell, read) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    let joining = std::thread::spawn(move || {
        let _runtime = runtime.enter();
        let hub = Hub::beside(&elsewhere);
        let _ = tell.send(runtime.block_on(table(&*hub.journal)));
        hub
    });
    // It waits for the end of that batch, or it has read already.
    until("it waits", async || waits("FOR SHARE") || !read.is_empty()).await;
    held.release();
    writing.await.unwrap().unwrap();
    let mut copy = read.await.unwrap();
    let hub = tokio::task::spawn_blocking(move || joining.join().unwrap()).await.unwrap();
    write(&first, "bob", 0, Some("a")).await;
    until("it has heard what came later", async || {
        follow(&mut copy, hub.heard.take());
        copy.contains_key("bob")
    })
    .await;
    assert_eq!(copy["ann"], 2, "nobody told it, and it has read too early");
}

#[tokio::test]
async fn of_one_that_came_and_went_between_two_looks_all_is_heard() {
    let schema = Schema::new();
    let first = Hub::deaf(&schema);
    accept(&*first.journal, job(1)).await;
    for round in 0..3_u64 {
        first.heard.take();
        let guest = Hub::deaf(&schema);
        write(&guest, "ann", round, Some("a")).await;
        accept(&*guest.journal, job(10 + round)).await;
        guest.journal.close().await;
        let (mut rev, mut jobs) = (None, Vec::new());
        until("both are heard", async || {
            for committed in first.heard.take() {
                rev = committed
                    .entities
                    .iter()
                    .flat_map(|(_, entity)| entity)
                    .map(|it| it.rev)
                    .next_back()
                    .or(rev);
                jobs.extend(committed.others.iter().filter_map(|event| event.job).map(number));
            }
            rev == Some(round + 1) && jobs.contains(&(10 + round))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_others_are_told_in_their_order_without_a_gap() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema), Hub::deaf(&schema)];
    spread(&schema, 3).await;
    let work = |place: usize| {
        let journal = Arc::clone(&hubs[place].journal);
        async move {
            for n in 0..150 {
                accept(&*journal, job(1_000 * (place as u64 + 1) + n)).await;
            }
        }
    };
    tokio::join!(work(0), work(1), work(2));
    for number in [1_000, 2_000, 3_000] {
        run_somewhere(&hubs, number).await;
    }
    let newest = hubs[0].journal.last_event().await.unwrap();
    let mut heard: Vec<Vec<Event>> = vec![Vec::new(); hubs.len()];
    for (hub, heard) in hubs.iter().zip(&mut heard) {
        let mut own = Vec::new();
        until("all are heard", async || {
            for committed in hub.heard.take() {
                own.extend(committed.events);
                heard.extend(committed.others);
            }
            own.len() + heard.len()
                == usize::try_from(newest.places().map(model::EventSeq::number).sum::<i64>()).unwrap()
        })
        .await;
        assert!(heard.iter().all(|event| event.seq.origin() != own[0].seq.origin()));
        let mut last = BTreeMap::new();
        for event in heard.iter() {
            let before = last.insert(event.seq.origin(), event.seq.number()).unwrap_or_default();
            assert_eq!(event.seq.number(), before + 1, "of {}", event.seq.origin());
        }
    }
}

// === who leads ===

fn leading(hubs: &[Hub]) -> Vec<usize> {
    (0..hubs.len()).filter(|place| hubs[*place].leads()).collect()
}

#[tokio::test]
async fn one_leads_and_when_it_ends_another_one_does() {
    let schema = Schema::new();
    let mut hubs: Vec<Hub> = (0..3).map(|_| Hub::beside(&schema)).collect();
    assert_eq!(leading(&hubs), [0]);
    spread(&schema, 3).await;
    for left in [2, 1] {
        hubs.remove(leading(&hubs)[0]).journal.close().await;
        until("one leads", async || leading(&hubs).len() == 1).await;
        assert_eq!(sql(schema.url(), "SELECT count(*) FROM pen WHERE role = 1 AND NOT over"), ["1"]);
        spread(&schema, left).await;
    }
    // One that comes works beside it.
    hubs.push(Hub::beside(&schema));
    assert_eq!(leading(&hubs), [0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_leads_and_writes_no_more_is_ended_by_those_beside_it() {
    let schema = Schema::new();
    let hubs = [0; 3].map(|_| Hub::beside(&schema));
    spread(&schema, 3).await;
    for number in 1..=30 {
        accept(&*hubs[0].journal, job(number)).await;
        start_somewhere(&hubs, number).await;
    }
    let mut standing = hubs[0].journal.standing();
    // Its batches wait for a row, and each time in vain.
    let mut holder = Holder::of(&schema);
    let heard = standing.wait_for(|standing| *standing != Standing::Confirmed).await.unwrap().clone();
    assert_eq!(heard, Standing::Unsure, "it went on until it was ended");
    until("another one leads", async || {
        // Whoever ends it frees the row, and now and then it is itself that has it then.
        if *standing.borrow() == Standing::Confirmed {
            holder = Holder::of(&schema);
        }
        hubs[1].leads() != hubs[2].leads()
    })
    .await;
    holder.release();
    standing.wait_for(|standing| *standing == Standing::Over(End::TakenOver)).await.unwrap();
    until("its shards are taken", async || {
        shards(&schema).len() == 2 && shards(&schema).iter().sum::<usize>() == 256
    })
    .await;
    let survivors = &hubs[1..];
    let mut orphans = 0;
    for hub in survivors {
        let shared = |committed: &Committed| committed.shared_anew;
        until("it is told", async || hub.heard.take().iter().any(shared)).await;
        for gone in hub.journal.open_attempts(Whose::Gone).await.unwrap() {
            assert!(hub.journal.owns(gone.job, None), "only to whoever owns it now");
            let back =
                to(number(gone.job), Expect::Orphan(gone.step, gone.number), JobState::Queued, at(3_000));
            hub.journal.change(back).await.unwrap();
            orphans += 1;
        }
        assert_eq!(hub.journal.open_attempts(Whose::Gone).await.unwrap(), []);
    }
    let running: usize =
        futures_util::future::join_all(survivors.iter().map(|hub| hub.journal.open_attempts(Whose::Ours)))
            .await
            .into_iter()
            .map(|ours| ours.unwrap().len())
            .sum();
    assert_eq!(orphans + running, 30, "each is somebody's");
    assert!(orphans > 0 && running > 0);
    sound(&*hubs[1].journal).await;
}

#[tokio::test]
async fn whoever_leads_puts_deliveries_in_line_before_it_tells_what_they_came_with() {
    let schema = Schema::new();
    let mut hubs: Vec<Hub> = (0..3).map(|_| Hub::beside(&schema)).collect();
    for round in 1..=2_u64 {
        let deliveries = vec![delivery(round, at(1))];
        let effects = EffectSet { deliveries, ..EffectSet::default() };
        for hub in &hubs {
            hub.heard.take();
        }
        let leader = leading(&hubs)[0];
        let member = usize::from(leader == 0);
        hubs[member].journal.accept(job(round), effects).await.unwrap();
        let mut owed = false;
        until("the leader is told", async || {
            let mut told = false;
            for committed in hubs[leader].heard.take() {
                owed |= committed.owed.iter().any(|(owed, _)| *owed == delivery_id(round));
                told |= committed.others.iter().any(|event| event.job == Some(id(round)));
                assert!(owed || !told, "what follows from it was not told before");
            }
            owed
        })
        .await;
        // Given up, and tried again at somebody else's.
        let journal = Arc::clone(&hubs[leader].journal);
        journal.mark(delivery_id(round), Mark::Never("no".to_owned()), at(2)).await.unwrap();
        let asked = hubs[member].journal.settle_dead(
            vec![delivery_id(round)],
            Fate::Again,
            EffectSet::default(),
            at(3),
        );
        assert_eq!(asked.await.unwrap(), 1);
        until("it arrives anew", async || {
            hubs[leader].heard.take().iter().any(|it| it.owed.iter().any(|owed| owed.0 == delivery_id(round)))
        })
        .await;
        let pending = journal.deliveries(None, model::OutboxPlace::new(0), 9).await.unwrap().rows;
        assert_eq!(
            pending.iter().map(|it| (it.id, it.state)).next_back(),
            Some((delivery_id(round), DeliveryState::Pending))
        );
        hubs.remove(leader).journal.close().await;
        until("one leads", async || leading(&hubs).len() == 1).await;
    }
}

#[tokio::test]
async fn whoever_begins_anew_in_its_seat_has_the_jobs_that_it_ran() {
    let schema = Schema::new();
    let (first, second) = (Hub::beside(&schema), Hub::beside(&schema));
    let seat = second.journal.life().seat().to_owned();
    let machine = second.end().await;
    // It may have had some already.
    until("the other one has all shards", async || shards(&schema) == [256]).await;
    // As a kill leaves it; and nobody has found out yet.
    sql(
        schema.url(),
        &format!("INSERT INTO pen (life, seat, pid, server, role) VALUES (77, '{seat}', 4711, 0, 2)"),
    );
    let (moves, url) = (Arc::new(AtomicBool::new(true)), schema.url().to_owned());
    let still = Arc::clone(&moves);
    let moving = std::thread::spawn(move || {
        while still.load(Ordering::Relaxed) {
            sql(&url, "UPDATE pen SET batch = batch + 1 WHERE life = 77 AND NOT over");
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    spread(&schema, 2).await;
    for number in 1..=20 {
        accept(&*first.journal, job(number)).await;
    }
    let ran = sql(
        schema.url(),
        "UPDATE live SET placed = true, head = true, state = 1, open_step = 0, open_number = 1, open_at = 0, open_life = 77,
                         rev = rev + 1
         WHERE NOT placed AND shard IN (SELECT shard.id FROM shard JOIN pen ON node = owner AND life = 77)
         RETURNING id",
    );
    assert!(!ran.is_empty() && ran.len() < 20);
    let again = tokio::task::spawn_blocking(move || Hub::on(machine, true)).await.unwrap();
    moves.store(false, Ordering::Relaxed);
    moving.join().unwrap();
    assert_eq!(again.journal.open_attempts(Whose::Gone).await.unwrap().len(), ran.len());
    assert_eq!(first.journal.open_attempts(Whose::Gone).await.unwrap(), []);
}

#[tokio::test]
async fn the_key_is_not_changed_while_others_would_not_know() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    let refused = hubs[0].journal.turn(Key::from_bytes([9; 32])).await;
    assert!(matches!(refused, Err(Error::Beside)), "{refused:?}");
    write(&hubs[0], "ann", 0, Some("a")).await;
    hears(&hubs[1], "ann", Some(1)).await;
    hubs[1].journal.close().await;
    assert!(hubs[0].journal.turn(Key::from_bytes([9; 32])).await.unwrap());
    sound(&*hubs[0].journal).await;
}

// === bounds ===

#[tokio::test]
async fn signals_are_removed_and_numbers_go_on() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    for rev in 0..5 {
        write(&hubs[1], "ann", rev, Some("a")).await;
    }
    hears(&hubs[0], "ann", Some(5)).await;
    sql(schema.url(), "UPDATE signal SET at = at - interval '2 hours'");
    hubs[0].journal.prune(everything(), at(1)).await.unwrap();
    assert_eq!(sql(schema.url(), "SELECT max(n) FROM signal GROUP BY origin").len(), 1);
    assert_eq!(sql(schema.url(), "SELECT count(*) FROM signal"), ["1"]);
    // One that comes now does not take it for a gap.
    let third = Hub::beside(&schema);
    write(&hubs[1], "ann", 5, Some("a")).await;
    for hub in [&hubs[0], &third] {
        hears(hub, "ann", Some(6)).await;
    }
    for hub in [&hubs[0], &third] {
        assert_eq!(*hub.journal.standing().borrow(), Standing::Confirmed);
    }
    hubs[1].journal.close().await;
    sql(schema.url(), "UPDATE signal SET at = at - interval '2 hours'");
    hubs[0].journal.prune(everything(), at(1)).await.unwrap();
    assert_eq!(sql(schema.url(), "SELECT count(*) FROM signal"), ["0"]);
}

#[tokio::test]
async fn whoever_finds_a_gap_ends_its_life() {
    let schema = Schema::new();
    let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
    write(&hubs[0], "ann", 0, Some("a")).await;
    hears(&hubs[1], "ann", Some(1)).await;
    sql(
        schema.url(),
        "INSERT INTO signal (origin, n, kind, key) SELECT origin, n + 7, kind, key FROM signal",
    );
    let is_over = || *hubs[1].journal.standing().borrow() == Standing::Over(End::TakenOver);
    let mut goes_on = false;
    until("it has looked", async || {
        goes_on |= hubs[1].heard.take().iter().any(|committed| !committed.entities.is_empty());
        goes_on || is_over()
    })
    .await;
    assert!(!goes_on && is_over(), "it has told what comes behind the gap");
    let refused = hubs[1].journal.accept(job(1), EffectSet::default()).await;
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
    // Others do not wait for it for ever.
    until("it is ended", async || shards(&schema) == [256]).await;
    run_one(&hubs[0]).await;
}

async fn run_one(hub: &Hub) {
    accept(&*hub.journal, job(2)).await;
    run(&*hub.journal, 2, OutcomeKind::Done, at(10)).await;
}
