//! What happens to the journal on PostgreSQL when something goes wrong around it: what was acknowledged is there, nothing is
//! there twice, and who writes no more cannot write late.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a server beside the tests is interrupted at moments of its own"
)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use intendant_journal::{Acceptance, EffectSet, End, Entry, Error, Options, Standing, Whose};
use support::database::{Schema, sql};
use support::holder::Holder;
use support::load::{AtWork, until};
use support::*;
use testkit::gate::Gate;
use testkit::proxy::{Proxy, Way};
use testkit::service::Kind;

/// Longer than anything takes here.
const LONG: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_nothing() {
    let mut server = Kind::PostgreSql.start().unwrap();
    let schema = Schema::on(server.url());
    let load = AtWork::on(schema.open().journal);
    for _ in 0..3 {
        // It is at work when it is killed.
        load.progress().await;
        server = tokio::task::spawn_blocking(move || {
            server.crash();
            server.revive().unwrap();
            server
        })
        .await
        .unwrap();
        until(|| async { load.journal.newest().await.is_ok() }).await;
    }
    load.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_disk_is_full_loses_nothing() {
    let mut server = Kind::PostgreSql.start().unwrap();
    let disk = server.move_to_disk(160).unwrap();
    let schema = Schema::on(server.url());
    let load = AtWork::on(schema.open().journal);
    for _ in 0..3 {
        load.progress().await;
        disk.fill(0).unwrap();
        until(|| async { load.journal.writable().await.is_err() }).await;
        // For as long as it is so, although what is small gets through. What its log leaves is taken as well.
        let mut said = 0;
        for _ in 0..30 {
            disk.fill(0).unwrap();
            said += usize::from(load.journal.writable().await.is_err());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(said > 25, "it was said {said} times of 30");
        disk.empty().unwrap();
        // Without room for its log it ends, and somebody starts it anew.
        server = tokio::task::spawn_blocking(move || {
            testkit::wait::until(Duration::from_secs(2), || server.has_ended().then_some(()));
            if server.has_ended() {
                server.crash();
                server.revive().unwrap();
            }
            server
        })
        .await
        .unwrap();
        until(|| async { load.journal.writable().await.is_ok() }).await;
    }
    load.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_killed_lose_nothing() {
    let schema = Schema::new();
    let load = AtWork::on(schema.open().journal);
    let url = schema.url().to_owned();
    let killed = tokio::task::spawn_blocking(move || {
        let mut killed = 0;
        for round in 0..60_u64 {
            // At moments that have nothing to do with what the writer does.
            std::thread::sleep(Duration::from_millis(7 + round * 13 % 40));
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'intendant' AND state <> 'idle'";
            killed += sql(&url, kill).len();
        }
        killed
    });
    let killed = killed.await.unwrap();
    assert!(killed > 0, "nobody was killed at work");
    load.end().await;
}

#[tokio::test]
async fn a_second_hub_is_told_who_is_at_work() {
    let schema = Schema::new();
    let _opened = schema.open();
    let elsewhere = schema.elsewhere();
    let error = intendant_journal::open(elsewhere.options(), Arc::new(|_| {})).err().unwrap();
    let pid = std::process::id().to_string();
    assert!(matches!(&error, Error::Locked { pid: who, .. } if who.starts_with(&pid)), "{error}");
}

#[tokio::test]
async fn one_that_was_silent_for_too_long_is_taken_over_and_cannot_write_any_more() {
    let schema = Schema::new();
    let gate = Arc::new(Gate::default());
    let before = Arc::clone(&gate);
    let first = intendant_journal::open(schema.options(), Arc::new(move |_| before.pass())).unwrap();
    accept(&*first, job(1)).await;
    // It stands still, as a machine does that is paused: behind a commit of which it has told nobody.
    gate.close();
    let told_late = first.accept(job(2), EffectSet::default());
    gate.met();
    // And a session stands in the way, in the middle of a batch.
    let holder = Holder::of(&schema);
    let elsewhere = schema.elsewhere();
    let began = Instant::now();
    let second = tokio::task::spawn_blocking(move || elsewhere.open()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(6), "it was taken over too early");
    holder.release();
    gate.open();
    assert_eq!(told_late.await.unwrap(), Acceptance::New);
    let error = first.accept(job(3), EffectSet::default()).await.unwrap_err();
    assert!(matches!(&error, Error::Closed), "{error}");
    let error = first.writable().await.unwrap_err();
    assert!(error.to_string().contains("another hub has taken the journal over"), "{error}");
    assert_eq!(*first.standing().borrow(), Standing::Over(End::TakenOver));
    accept(&*second.journal, job(4)).await;
    assert!(second.journal.job(id(3)).await.unwrap().is_none(), "it wrote late");
    assert!(second.journal.job(id(2)).await.unwrap().is_some());
    sound(&*second.journal).await;
}

#[tokio::test]
async fn a_journal_of_a_newer_version_is_refused() {
    let schema = Schema::new();
    let opened = schema.open();
    opened.journal.close().await;
    sql(schema.url(), "UPDATE schema SET version = 99, readable_from = 99");
    let error = intendant_journal::open(schema.options(), Arc::new(|_| {})).err().unwrap();
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
    sql(schema.url(), "UPDATE schema SET readable_from = 1");
    let again = intendant_journal::open(schema.options(), Arc::new(|_| {}));
    assert!(again.is_ok(), "a newer one that can be read");
}

#[tokio::test]
async fn the_tables_are_not_changed_under_a_hub_of_an_older_version() {
    let schema = Schema::new();
    let older = schema.open();
    sql(schema.url(), "UPDATE schema SET version = 4, readable_from = 3");
    let newer = schema.elsewhere();
    let options = Options { stand_by: true, ..newer.options() };
    let entered = tokio::task::spawn_blocking(move || Entry::take(options)).await.unwrap();
    let error = entered.err().unwrap();
    assert!(matches!(&error, Error::BadDatabase(why) if why.contains("stop all hubs")), "{error}");
    accept(&*older.journal, job(1)).await;
    older.journal.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_callers_are_told_and_it_heals_by_itself() {
    let mut server = Kind::PostgreSql.start().unwrap();
    let schema = Schema::on(server.url());
    let opened = schema.open();
    accept(&*opened.journal, job(1)).await;
    server.crash();
    let error = opened.journal.accept(job(2), EffectSet::default()).await.unwrap_err();
    assert!(matches!(error, Error::Unwritable(_)), "{error}");
    assert!(opened.journal.writable().await.is_err());
    assert!(opened.journal.job(id(1)).await.is_err());
    server.revive().unwrap();
    until(|| async { opened.journal.writable().await.is_ok() }).await;
    accept(&*opened.journal, job(2)).await;
    sound(&*opened.journal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_road_that_swallows_all_is_not_waited_for_for_ever() {
    let server = Kind::PostgreSql.start().unwrap();
    let road = Proxy::to(server.address()).unwrap();
    let journal = Schema::on(server.url()).by(&road).open().journal;
    accept(&*journal, job(1)).await;
    assert!(journal.job(id(1)).await.unwrap().is_some());
    road.hang(Way::Both);
    // In a session that is shared, and in a snapshot.
    let (shared, own) = (journal.job(id(1)), journal.open_attempts(Whose::Ours));
    let both = async { tokio::join!(shared, own) };
    let (shared, own) = tokio::time::timeout(LONG, both).await.expect("somebody waits for ever");
    assert!(matches!(shared, Err(Error::Unwritable(_))), "{shared:?}");
    assert!(matches!(own, Err(Error::Unwritable(_))), "{own:?}");
    road.heal().unwrap();
    until(|| async { journal.job(id(1)).await.is_ok_and(|found| found.is_some()) }).await;
}
