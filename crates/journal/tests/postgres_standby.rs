//! The journal on PostgreSQL with a standby, and failovers to it: what a synchronous one is given is not lost, and what an
//! asynchronous one has not got is told with its number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::sync::Arc;

use futures_util::FutureExt as _;
use intendant_journal::{Acceptance, EffectSet, Error};
use support::database::{Schema, sql};
use support::load::{AtWork, until};
use support::*;
use testkit::gate::Gate;
use testkit::service::{Kind, Service};
use tokio::task::JoinHandle;

/// The name of the standby.
const STANDBY: &str = "other";

/// Two servers, of which the second one follows the first one; hubs know both.
struct Pair {
    primary: Service,
    standby: Service,
    schema: Schema,
}

impl Pair {
    /// With a synchronous standby, or an asynchronous one.
    fn new(synchronous: bool) -> Self {
        let primary = Kind::PostgreSql.start().unwrap();
        let standby = primary.standby(STANDBY).unwrap();
        let (one, other) = (primary.address(), standby.address());
        let schema = Schema::on(&format!("postgresql://postgres@{one},{other}/postgres"));
        let pair = Pair { primary, standby, schema };
        if synchronous {
            pair.demand();
        }
        pair
    }

    /// From here on each commit waits for the standby.
    fn demand(&self) {
        set(self.primary.url(), "synchronous_standby_names", STANDBY);
        let state =
            format!("SELECT sync_state FROM pg_stat_replication WHERE application_name = '{STANDBY}'");
        soon(|| sql(self.primary.url(), &state) == ["sync"]);
    }

    /// The standby hears nothing any more.
    fn cut(&self) {
        set(self.standby.url(), "primary_conninfo", "host=127.0.0.1 port=1");
        soon(|| sql(self.primary.url(), "SELECT 1 FROM pg_stat_replication").is_empty());
    }

    /// It does again.
    fn join(&self) {
        let port = self.primary.address().port();
        let to = format!("host=127.0.0.1 port={port} user=postgres application_name={STANDBY}");
        set(self.standby.url(), "primary_conninfo", &to);
    }

    /// The primary is gone, and the standby takes its place.
    fn fail_over(&mut self) {
        self.primary.crash();
        // Whoever waits in a statement is in the way of what is still to be replayed.
        assert_eq!(sql(self.standby.url(), "SELECT pg_promote(false)"), ["t"]);
        soon(|| sql(self.standby.url(), "SELECT pg_is_in_recovery()") == ["f"]);
    }

    /// What a server answers, in the schema of the journal.
    fn at(&self, server: &Service, question: &str) -> String {
        let (_, schema) = self.schema.url().split_once('?').unwrap();
        sql(&format!("{}?{schema}", server.url()), question).remove(0)
    }

    /// In which batch a server thinks the pen is.
    fn batch(&self, server: &Service) -> i64 {
        // A standby may not have come so far as to know of it.
        soon(|| self.at(server, "SELECT to_regclass('pen') IS NOT NULL") == "t");
        self.at(server, "SELECT max(batch) FROM pen").parse().unwrap()
    }

    /// The process of the server in which a commit waits for the standby.
    fn waiting(&self) -> Option<String> {
        let waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'intendant'";
        sql(self.primary.url(), waiting).pop()
    }
}

/// Changes a setting of a server.
fn set(url: &str, name: &str, value: &str) {
    sql(url, &format!("ALTER SYSTEM SET {name} = '{value}'"));
    sql(url, "SELECT pg_reload_conf()");
}

/// Waits until something holds, which nobody tells.
fn soon(holds: impl Fn() -> bool) {
    let held = testkit::wait::until(std::time::Duration::from_mins(1), || holds().then_some(()));
    assert!(held.is_some(), "it never came true");
}

/// Does something that blocks.
async fn beside<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(what).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_synchronous_standby_loses_nothing() {
    let mut pair = beside(|| Pair::new(true)).await;
    let load = AtWork::on(pair.schema.open().journal);
    load.progress().await;
    pair = beside(move || {
        pair.fail_over();
        pair
    })
    .await;
    until(|| async { load.journal.writable().await.is_ok() && load.journal.newest().await.is_ok() }).await;
    load.progress().await;
    load.end().await;
    drop(pair);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_synchronous_standby_is_away_nothing_is_acknowledged() {
    let mut pair = beside(|| Pair::new(true)).await;
    let opened = pair.schema.open();
    let journal = &*opened.journal;
    accept(journal, job(1)).await;
    pair = beside(move || {
        pair.cut();
        pair
    })
    .await;
    let mut waits = journal.accept(job(2), EffectSet::default());
    // It is not told before its time; those who come meanwhile are told that nothing can be written.
    until(|| async { journal.writable().await.is_err() }).await;
    let refused = journal.accept(job(3), EffectSet::default()).await;
    assert!(matches!(refused, Err(Error::Unwritable(_))), "{refused:?}");
    assert!(waits.as_mut().now_or_never().is_none(), "a commit that is on one disk alone was acknowledged");
    pair = beside(move || {
        pair.fail_over();
        pair
    })
    .await;
    // Not there, or written once more: nobody was told anything before.
    let told = waits.await;
    let written = match told {
        Ok(Acceptance::New) => true,
        Err(Error::Unwritable(_)) => false,
        other => panic!("{other:?}"),
    };
    until(|| async { journal.writable().await.is_ok() }).await;
    assert!(journal.job(id(1)).await.unwrap().is_some());
    assert_eq!(journal.job(id(2)).await.unwrap().is_some(), written);
    assert!(journal.job(id(3)).await.unwrap().is_none());
    accept(journal, job(4)).await;
    sound(journal).await;
    drop(pair);
}

/// A request that is on its way, and what it is answered.
fn hand_over(opened: &Opened, number: u64) -> JoinHandle<Result<Acceptance, Error>> {
    let journal = Arc::clone(&opened.journal);
    tokio::spawn(async move { journal.accept(job(number), EffectSet::default()).await })
}

/// A commit waits for the standby, and the server is told to end its wait so: it may be on one disk alone.
async fn doubtful(end: &'static str) {
    let mut pair = beside(|| Pair::new(true)).await;
    let opened = pair.schema.open();
    let journal = &*opened.journal;
    accept(journal, job(1)).await;
    pair = beside(move || {
        pair.cut();
        pair
    })
    .await;
    let told = hand_over(&opened, 2);
    let (mut pair, told) = beside(move || {
        soon(|| pair.waiting().is_some());
        let first = pair.waiting().unwrap();
        assert_eq!(sql(pair.primary.url(), &format!("SELECT {end}({first})")), ["t"]);
        // It is not believed: another commit behind it waits, in a session of its own.
        soon(|| told.is_finished() || pair.waiting().is_some_and(|second| second != first));
        (pair, told)
    })
    .await;
    assert!(!told.is_finished(), "it is not known to be on two disks");
    // It can be seen on this server all the same.
    until(|| async { journal.job(id(2)).await.is_ok_and(|job| job.is_some()) }).await;
    pair = beside(move || {
        pair.join();
        pair
    })
    .await;
    assert_eq!(told.await.unwrap().unwrap(), Acceptance::New);
    pair = beside(move || {
        pair.fail_over();
        pair
    })
    .await;
    until(|| async { journal.writable().await.is_ok() && journal.newest().await.is_ok() }).await;
    assert!(journal.job(id(2)).await.unwrap().is_some(), "what was told then is on the other disk as well");
    accept(journal, job(3)).await;
    sound(journal).await;
    drop(pair);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_wait_was_cancelled_is_confirmed_before_it_is_told() {
    doubtful("pg_cancel_backend").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_session_was_ended_while_it_waited_is_confirmed_before_it_is_told() {
    doubtful("pg_terminate_backend").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_doubtful_when_its_server_died_is_written_once() {
    let mut pair = beside(|| Pair::new(true)).await;
    let opened = pair.schema.open();
    let journal = &*opened.journal;
    accept(journal, job(1)).await;
    pair = beside(move || {
        pair.cut();
        pair
    })
    .await;
    let told = hand_over(&opened, 2);
    let (pair, told) = beside(move || {
        // Whoever confirms it is interrupted as well.
        for _ in 0..3 {
            soon(|| told.is_finished() || pair.waiting().is_some());
            let Some(waiting) = pair.waiting() else { break };
            sql(pair.primary.url(), &format!("SELECT pg_cancel_backend({waiting})"));
            soon(|| told.is_finished() || pair.waiting().is_some_and(|next| next != waiting));
        }
        pair.fail_over();
        (pair, told)
    })
    .await;
    // The standby never had it. It took too long, or not: what is told holds.
    let written = match told.await.unwrap() {
        Ok(Acceptance::New) => true,
        Err(Error::Unwritable(_)) => false,
        other => panic!("{other:?}"),
    };
    let there = pair.at(&pair.standby, "SELECT count(*) FROM live");
    assert!(!written || there == "2", "what was told is lost");
    until(|| async { journal.writable().await.is_ok() }).await;
    assert_eq!(journal.job(id(2)).await.unwrap().is_some(), written);
    accept(journal, job(3)).await;
    let jobs: u64 = journal.tallies().await.unwrap().iter().map(|tally| tally.jobs).sum();
    assert_eq!(jobs, 2 + u64::from(written));
    sound(journal).await;
    drop(pair);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failover_to_an_asynchronous_standby_loses_is_told_with_its_number() {
    const LOST: u64 = 20;
    let mut pair = beside(|| Pair::new(false)).await;
    let gate = Arc::new(Gate::default());
    let before = Arc::clone(&gate);
    let journal = intendant_journal::open(pair.schema.options(), Arc::new(move |_| before.pass())).unwrap();
    for number in 1..=5 {
        accept(&*journal, job(number)).await;
    }
    pair = beside(move || {
        let at = pair.batch(&pair.primary);
        soon(|| pair.batch(&pair.standby) >= at);
        pair.cut();
        pair
    })
    .await;
    let has = pair.batch(&pair.standby);
    for number in 6..5 + LOST {
        accept(&*journal, job(number)).await;
    }
    // The last one is told while it stands still: between that and the failover it writes nothing.
    gate.close();
    let last = journal.accept(job(5 + LOST), EffectSet::default());
    let told = Arc::clone(&gate);
    beside(move || told.met()).await;
    let lost = pair.batch(&pair.primary) - has;
    assert!(lost >= i64::try_from(LOST).unwrap());
    pair = beside(move || {
        pair.fail_over();
        pair
    })
    .await;
    gate.open();
    assert_eq!(last.await.unwrap(), Acceptance::New);
    // Whoever writes is let go, and whoever asks is told how many.
    let refused = journal.accept(job(99), EffectSet::default()).await;
    assert!(matches!(refused, Err(Error::Unwritable(_) | Error::Closed)), "{refused:?}");
    let (why, told) = (journal.writable().await.unwrap_err().to_string(), format!("lost {lost} commits"));
    assert!(why.contains(&told), "{told}: {why}");
    let jobs = pair.at(&pair.standby, "SELECT array_agg(seq ORDER BY seq) FROM live");
    assert_eq!(
        jobs, "{1,2,3,4,5}",
        "the standby had more after all, or something was written behind the loss"
    );
    assert_eq!(pair.batch(&pair.standby), has);
}
