//! Several hubs on one journal: one works, the others stand by, and the next one takes over when that one has ended or is dead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "a server beside the tests is waited for")]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use intendant_journal::{
    Acceptance, Drain, EffectSet, End, Entry, Error, Hubs, Journal, Key, NewRecord, NodeRole, Options,
    Standing, Told,
};
use model::{Code, RecordKind};
use support::database::{Schema, sql};
use support::holder::Holder;
use support::*;
use testkit::service::Kind;

/// A life that does not move for so long is over, see the guide.
const SILENCE: Duration = Duration::from_secs(6);

async fn enter(schema: &Schema) -> Entry {
    try_to_enter(schema.options()).await.unwrap()
}

async fn try_to_enter(options: Options) -> Result<Entry, Error> {
    let options = Options { stand_by: true, ..options };
    tokio::task::spawn_blocking(move || Entry::take(options)).await.unwrap()
}

fn open(entry: Entry) -> Arc<dyn Journal> {
    entry.open(Arc::new(|_| {})).unwrap()
}

/// Waits until it has seen so many others.
async fn sees(entry: &Entry, roles: &[NodeRole]) {
    let mut nodes = entry.hubs().unwrap().follow();
    nodes.wait_for(|nodes| nodes.all.iter().map(|node| node.role).eq(roles.iter().copied())).await.unwrap();
}

/// A hub of another machine that is at work and does not move any more.
fn a_dead_one(schema: &Schema) {
    sql(
        schema.url(),
        "INSERT INTO pen (life, seat, pid, server, role) VALUES (77, 'elsewhere:dead', 4711, 0, 1)",
    );
}

/// Makes the tables.
async fn made(schema: &Schema) {
    open(enter(schema).await).close().await;
}

#[tokio::test]
async fn whoever_comes_second_stands_by_and_follows_when_the_first_one_ends() {
    let schema = Schema::new();
    let first = enter(&schema).await;
    assert!(first.is_at_work());
    let first = open(first);
    accept(&*first, job(1)).await;
    let elsewhere = schema.elsewhere();
    let mut second = enter(&elsewhere).await;
    assert!(!second.is_at_work());
    sees(&second, &[NodeRole::AtWork, NodeRole::StandsBy]).await;
    let nodes = second.hubs().unwrap().follow();
    let told = nodes.borrow().clone();
    assert_eq!((told.all[0].is_own, told.all[1].is_own), (false, true));
    assert_eq!(told.all[0].pid, i64::from(std::process::id()));
    assert_eq!(told.all[0].life, *first.life());
    assert_eq!(told.all[0].version, env!("CARGO_PKG_VERSION"));
    assert!(sql(schema.url(), "SELECT 1 FROM pen WHERE NOT over AND role = 1").len() == 1);

    let closing = tokio::spawn(async move { first.close().await });
    second.turn().await.unwrap();
    assert!(second.is_at_work());
    let second = open(second);
    closing.await.unwrap();
    accept(&*second, job(2)).await;
    assert!(second.job(id(1)).await.unwrap().is_some());
    sound(&*second).await;
}

#[tokio::test]
async fn the_one_at_work_sees_who_stands_by_and_who_has_gone() {
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let elsewhere = schema.elsewhere();
    let second = enter(&elsewhere).await;
    let roles =
        || -> Vec<NodeRole> { first.hubs().unwrap().now().all.iter().map(|node| node.role).collect() };
    until(|| roles() == [NodeRole::AtWork, NodeRole::StandsBy]).await;
    tokio::task::spawn_blocking(move || drop(second)).await.unwrap();
    until(|| roles() == [NodeRole::AtWork]).await;
    // One that is killed cannot say so: it moves no more.
    sql(
        schema.url(),
        "INSERT INTO pen (life, seat, pid, server, role) VALUES (77, 'elsewhere:dead', 4711, 0, 0)",
    );
    until(|| roles() == [NodeRole::AtWork, NodeRole::StandsBy]).await;
    until(|| roles() == [NodeRole::AtWork]).await;
    accept(&*first, job(1)).await;
}

#[tokio::test]
async fn of_two_that_stand_by_one_takes_over_from_a_dead_one() {
    let schema = Schema::new();
    made(&schema).await;
    a_dead_one(&schema);
    let began = Instant::now();
    let (one, other) = (schema.elsewhere(), schema.elsewhere());
    let (mut one, mut other) = (enter(&one).await, enter(&other).await);
    assert!(!one.is_at_work() && !other.is_at_work());
    let (winner, loser) = tokio::select! {
        turn = one.turn() => { turn.unwrap(); (one, other) }
        turn = other.turn() => { turn.unwrap(); (other, one) }
    };
    assert!(began.elapsed() >= SILENCE, "it was taken over too early");
    let winner = open(winner);
    accept(&*winner, job(1)).await;
    sees(&loser, &[NodeRole::AtWork, NodeRole::StandsBy]).await;
    assert!(!loser.is_at_work());
    let shown = loser.hubs().unwrap().now();
    assert_eq!(shown.all[0].life, *winner.life());
    // It goes on to stand by, and is the next one.
    let mut loser = loser;
    winner.close().await;
    loser.turn().await.unwrap();
    let last = open(loser);
    assert!(last.job(id(1)).await.unwrap().is_some());
    sound(&*last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_of_the_server_the_count_begins_anew() {
    let mut server = Kind::PostgreSql.start().unwrap();
    let schema = Schema::on(server.url());
    made(&schema).await;
    a_dead_one(&schema);
    let mut entry = enter(&schema.elsewhere()).await;
    let mut nodes = entry.hubs().unwrap().follow();
    let silent = |limit: u64| {
        move |nodes: &Arc<intendant_journal::Nodes>| {
            nodes.all.first().is_some_and(|node| node.silent >= Duration::from_secs(limit))
        }
    };
    nodes.wait_for(silent(3)).await.unwrap();
    let mut server = tokio::task::spawn_blocking(move || {
        server.crash();
        server
    })
    .await
    .unwrap();
    nodes.wait_for(|nodes| nodes.trouble.is_some()).await.unwrap();
    // So long that it would be over if the time counted.
    tokio::time::sleep(SILENCE).await;
    let revived = Instant::now();
    let _server = tokio::task::spawn_blocking(move || {
        server.revive().unwrap();
        server
    })
    .await
    .unwrap();
    entry.turn().await.unwrap();
    assert!(revived.elapsed() >= SILENCE, "it was taken over after {:?}", revived.elapsed());
    accept(&*open(entry), job(1)).await;
}

#[tokio::test]
async fn lives_of_the_same_seat_are_buried_at_once_and_nobody_comes_in_between() {
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    accept(&*first, job(1)).await;
    let seat = first.life().seat().to_owned();
    first.close().await;
    // As a kill leaves it.
    sql(
        schema.url(),
        &format!("INSERT INTO pen (life, seat, pid, server, role) VALUES (77, '{seat}', 4711, 0, 1)"),
    );
    let mut standby = enter(&schema.elsewhere()).await;
    assert!(!standby.is_at_work());
    let again = enter(&schema).await;
    assert!(again.is_at_work());
    sees(&standby, &[NodeRole::AtWork, NodeRole::StandsBy]).await;
    let again = open(again);
    accept(&*again, job(2)).await;
    let waiting = tokio::time::timeout(Duration::from_secs(2), standby.turn());
    assert!(waiting.await.is_err(), "it was overtaken");
    accept(&*again, job(3)).await;
}

#[tokio::test]
async fn whoever_could_not_open_the_journal_does_not_stand_by() {
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let elsewhere = schema.elsewhere();
    let wrong = Options { keys: Key::from_bytes([9; 32]).into(), ..elsewhere.options() };
    let refused = try_to_enter(wrong).await.err().unwrap();
    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
    let other = Options { expected: Some(uuid::Uuid::from_u128(7)), ..elsewhere.options() };
    let refused = try_to_enter(other).await.err().unwrap();
    assert!(matches!(refused, Error::Another { .. }), "{refused}");
    assert_eq!(sql(schema.url(), "SELECT node FROM pen WHERE NOT over").len(), 1);
    first.close().await;
}

#[tokio::test]
async fn a_key_that_was_changed_meanwhile_is_refused_when_the_turn_comes() {
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let mut second = enter(&schema.elsewhere()).await;
    first.turn(Key::from_bytes([8; 32])).await.unwrap();
    first.close().await;
    let refused = second.turn().await.unwrap_err();
    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
    assert_eq!(sql(schema.url(), "SELECT node FROM pen WHERE NOT over"), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_opened_without_standing_by_is_refused_while_anybody_is_there() {
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let second = enter(&schema.elsewhere()).await;
    let third = schema.elsewhere();
    let refused = || intendant_journal::open(third.options(), Arc::new(|_| {})).err().unwrap();
    let error = refused();
    assert!(matches!(&error, Error::Locked { pid, .. } if !pid.contains("stands by")), "{error}");
    // Nobody works: a row of a life that only stands by, and moves.
    first.close().await;
    drop(second);
    let alone = open(enter(&schema).await);
    sql(schema.url(), "UPDATE pen SET role = 0 WHERE NOT over");
    let error = refused();
    assert!(matches!(&error, Error::Locked { pid, .. } if pid.ends_with(", which stands by")), "{error}");
    assert!(matches!(alone.accept(job(1), EffectSet::default()).await, Ok(Acceptance::New)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cannot_write_has_stopped_before_somebody_else_takes_over() {
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let mut second = enter(&schema.elsewhere()).await;
    knows_of_others(&*first).await;
    let mut standing = first.standing();
    // Its batches wait for a row, and each time in vain.
    let (mut holder, mut stopped) = (Holder::of(&schema), None);
    let turned = loop {
        tokio::select! {
            turned = second.turn() => {
                turned.unwrap();
                break Instant::now();
            }
            _ = standing.changed() => match *standing.borrow_and_update() {
                Standing::Unsure => stopped = Some(Instant::now()),
                // Whoever takes over frees the row, and now and then it is the first one that has it then.
                Standing::Confirmed => (holder, stopped) = (Holder::of(&schema), None),
                Standing::Over(_) => {}
            },
        }
    };
    holder.release();
    let stopped = stopped.expect("it went on until it was taken over");
    assert!(stopped < turned, "{:?} too late", stopped - turned);
    standing.wait_for(|standing| *standing == Standing::Over(End::TakenOver)).await.unwrap();
    assert!(matches!(first.accept(job(1), EffectSet::default()).await, Err(Error::Closed)));
    let second = open(second);
    assert!(second.job(id(1)).await.unwrap().is_none());
    accept(&*second, job(1)).await;
    sound(&*second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_one_that_is_not_alone_is_unsure_and_sure_again_when_it_is_back() {
    let mut server = Kind::PostgreSql.start().unwrap();
    let schema = Schema::on(server.url());
    let first = open(enter(&schema).await);
    let second = enter(&schema.elsewhere()).await;
    knows_of_others(&*first).await;
    accept(&*first, job(1)).await;
    let mut standing = first.standing();
    server = tokio::task::spawn_blocking(move || {
        server.crash();
        server
    })
    .await
    .unwrap();
    standing.wait_for(|standing| *standing == Standing::Unsure).await.unwrap();
    let began = Instant::now();
    let refused = first.accept(job(2), EffectSet::default()).await.unwrap_err();
    assert!(matches!(refused, Error::Unwritable(_)), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(30), "nobody waits for what will not come");
    assert!(first.writable().await.is_err());
    let _server = tokio::task::spawn_blocking(move || {
        server.revive().unwrap();
        server
    })
    .await
    .unwrap();
    standing.wait_for(|standing| *standing == Standing::Confirmed).await.unwrap();
    accept(&*first, job(2)).await;
    assert!(!second.is_at_work());
    sound(&*first).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_alone_stays_sure_while_the_server_is_away() {
    let mut server = Kind::PostgreSql.start().unwrap();
    let schema = Schema::on(server.url());
    let first = open(enter(&schema).await);
    // One that was there and has gone is nobody any more.
    let second = enter(&schema.elsewhere()).await;
    knows_of_others(&*first).await;
    tokio::task::spawn_blocking(move || drop(second)).await.unwrap();
    until(|| first.hubs().unwrap().now().all.len() == 1).await;
    accept(&*first, job(1)).await;
    let mut standing = first.standing();
    standing.mark_unchanged();
    server = tokio::task::spawn_blocking(move || {
        server.crash();
        server
    })
    .await
    .unwrap();
    let unsure = tokio::time::timeout(2 * SILENCE, standing.changed()).await;
    assert!(unsure.is_err(), "{:?}", *standing.borrow());
    let _server = tokio::task::spawn_blocking(move || {
        server.revive().unwrap();
        server
    })
    .await
    .unwrap();
    accept_when_possible(&*first, 2).await;
    assert_eq!(*first.standing().borrow(), Standing::Confirmed);
}

#[tokio::test]
async fn commits_that_the_database_has_lost_are_counted_and_end_the_life() {
    let schema = Schema::new();
    let losses = [("UPDATE pen SET batch = batch - 5 WHERE NOT over", Some(5)), ("DELETE FROM pen", None)];
    for (round, (loss, commits)) in (0..).zip(losses) {
        let journal = open(enter(&schema).await);
        let mut standing = journal.standing();
        for number in 1..=8 {
            accept(&*journal, job(100 * round + number)).await;
        }
        sql(schema.url(), loss);
        standing.wait_for(|standing| matches!(standing, Standing::Over(_))).await.unwrap();
        let Standing::Over(End::Lost(lost)) = standing.borrow().clone() else {
            panic!("{:?}", *standing.borrow())
        };
        match commits {
            Some(commits) => assert_eq!(lost, commits),
            None => assert!(lost > 8, "{lost}"),
        }
        let refused = journal.accept(job(400), EffectSet::default()).await.unwrap_err();
        assert!(matches!(refused, Error::Closed), "{refused}");
        let why = journal.writable().await.unwrap_err().to_string();
        assert!(why.contains(&format!("lost {lost} commits")), "{why}");
        journal.close().await;
    }
    let again = open(enter(&schema).await);
    accept(&*again, job(500)).await;
}

/// Waits until a batch has seen that somebody else is there.
async fn knows_of_others(journal: &dyn Journal) {
    until(|| journal.hubs().unwrap().now().all.len() == 2).await;
    journal.record(audit()).await.unwrap();
}

fn audit() -> NewRecord {
    NewRecord {
        kind: RecordKind::Audit,
        at: at(1),
        who: "test".to_owned(),
        what: None,
        code: Code::from_static("bad"),
        message: String::new(),
        body: Vec::new(),
    }
}

async fn accept_when_possible(journal: &dyn Journal, number: u64) {
    let began = Instant::now();
    while !matches!(journal.accept(job(number), EffectSet::default()).await, Ok(Acceptance::New)) {
        assert!(began.elapsed() < Duration::from_mins(1), "it is never written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until something holds.
async fn until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "it never came true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

// === one that is drained ===

async fn tell(hubs: &Hubs, node: usize, drained: bool, force: bool) -> Told {
    let life = hubs.now().all[node].life.to_string();
    hubs.tell(&Drain { life, drained, force, by: "somebody".to_owned() }).await.unwrap()
}

/// Waits until this is seen of all that are there: what they do, and who is drained.
async fn shows(hubs: &Hubs, all: &[(NodeRole, bool)]) {
    let so = |nodes: &Arc<intendant_journal::Nodes>| {
        nodes.all.iter().map(|node| (node.role, node.drained)).eq(all.iter().copied())
    };
    hubs.follow().wait_for(so).await.unwrap();
}

#[tokio::test]
async fn one_that_is_drained_takes_no_work_until_it_is_told_that_it_may() {
    use NodeRole::{AtWork, StandsBy};
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let elsewhere = schema.elsewhere();
    let mut second = enter(&elsewhere).await;
    let hubs = second.hubs().unwrap();
    shows(&hubs, &[(AtWork, false), (StandsBy, false)]).await;
    assert_eq!(tell(&hubs, 1, true, false).await, Told::Done);
    shows(&hubs, &[(AtWork, false), (StandsBy, true)]).await;
    assert_eq!(hubs.now().all[1].told_by, "somebody");
    first.close().await;
    // Nobody is at work, and it looks at that more than once.
    shows(&hubs, &[(StandsBy, true)]).await;
    let mut looks = hubs.follow();
    for _ in 0..4 {
        looks.changed().await.unwrap();
    }
    assert!(looks.borrow().at_work().is_none());
    // One that begins to be there goes to work.
    let third = enter(&schema.elsewhere()).await;
    assert!(third.is_at_work());
    tokio::task::spawn_blocking(move || drop(third)).await.unwrap();
    assert_eq!(tell(&hubs, 0, false, false).await, Told::Done);
    second.turn().await.unwrap();
    let second = open(second);
    accept(&*second, job(1)).await;
    sound(&*second).await;
}

#[tokio::test]
async fn nobody_is_drained_who_is_the_last_that_could_work_unless_by_force() {
    use NodeRole::{AtWork, StandsBy};
    let schema = Schema::new();
    let first = open(enter(&schema).await);
    let hubs = first.hubs().unwrap();
    shows(&hubs, &[(AtWork, false)]).await;
    assert_eq!(tell(&hubs, 0, true, false).await, Told::NobodyElse);
    let second = enter(&schema.elsewhere()).await;
    shows(&hubs, &[(AtWork, false), (StandsBy, false)]).await;
    assert_eq!(tell(&hubs, 1, true, false).await, Told::Done);
    assert_eq!(tell(&hubs, 0, true, false).await, Told::NobodyElse, "the other one is drained");
    shows(&hubs, &[(AtWork, false), (StandsBy, true)]).await;
    assert_eq!(tell(&hubs, 0, true, true).await, Told::Done);
    shows(&hubs, &[(AtWork, true), (StandsBy, true)]).await;
    // It works until it lays down its work itself.
    accept(&*first, job(1)).await;
    let nobody = Drain { life: "nobody".to_owned(), drained: true, force: true, by: String::new() };
    assert_eq!(hubs.tell(&nobody).await.unwrap(), Told::Unknown);
    drop(second);
}

#[tokio::test]
async fn one_that_enters_drained_stands_by_although_nobody_works() {
    let schema = Schema::new();
    made(&schema).await;
    let mut entry = try_to_enter(Options { drained: true, ..schema.options() }).await.unwrap();
    assert!(!entry.is_at_work());
    let hubs = entry.hubs().unwrap();
    shows(&hubs, &[(NodeRole::StandsBy, true)]).await;
    // Taken for dead it enters anew, and is drained still.
    let before = hubs.now().all[0].since;
    sql(schema.url(), "UPDATE pen SET epoch = epoch + 1, over = true WHERE NOT over");
    hubs.follow().wait_for(|nodes| nodes.all.iter().any(|node| node.since != before)).await.unwrap();
    shows(&hubs, &[(NodeRole::StandsBy, true)]).await;
    assert_eq!(tell(&hubs, 0, false, false).await, Told::Done);
    entry.turn().await.unwrap();
}
