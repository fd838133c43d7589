//! Hubs that write the same rows at once take them in one order: nobody waits for somebody who waits for him. Who would be
//! rolled back by PostgreSQL writes his batch again, and has held up everybody for a second.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::cell::Cell;
use std::sync::Arc;

use futures_util::future::join_all;
use intendant_journal::{Change, EffectSet, Error, Journal, NewJob};
use model::{Code, JobState, OutcomeKind};
use support::database::{Schema, sql};
use support::holder::Holder;
use support::hubs::{Hub, spread, until};
use support::*;
use testkit::service::{Kind, Service};
use tokio::task::JoinHandle;

/// So many rows are in a batch.
const ROWS: u64 = 64;
/// What is in no order at all may be in order by chance, but not so often.
const ROUNDS: u64 = 8;

/// Two hubs on a server of their own, which finds out at once that sessions wait for each other.
struct Pair {
    hubs: [Hub; 2],
    schema: Schema,
    server: Service,
    /// How often they have written together.
    rounds: Cell<u64>,
}

impl Pair {
    async fn new() -> Self {
        let server = Kind::PostgreSql.start().unwrap();
        sql(server.url(), "ALTER SYSTEM SET deadlock_timeout = '50ms'");
        sql(server.url(), "SELECT pg_reload_conf()");
        let schema = Schema::on(server.url());
        let hubs = [Hub::beside(&schema), Hub::beside(&schema)];
        spread(&schema, 2).await;
        let pair = Pair { hubs, schema, server, rounds: Cell::new(0) };
        for pass in pair.pass() {
            pass.await.unwrap().unwrap();
        }
        pair
    }

    fn journals(&self) -> [Arc<dyn Journal>; 2] {
        [0, 1].map(|place: usize| Arc::clone(&self.hubs[place].journal))
    }

    /// Each writes its gate, which nobody else writes.
    fn pass(&self) -> [JoinHandle<Result<(), Error>>; 2] {
        let rev = self.rounds.replace(self.rounds.get() + 1);
        let journals = self.journals();
        [0, 1].map(|place: usize| {
            let (journal, name) = (Arc::clone(&journals[place]), format!("gate {place}"));
            let effects = writes(std::iter::once(name), rev, "open");
            tokio::spawn(async move { journal.apply(effects, None, at(1)).await })
        })
    }

    async fn both_wait(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE application_name = 'intendant' AND wait_event_type = 'Lock'";
        until("both wait", async || sql(self.schema.url(), waiting) == ["2"]).await;
    }

    /// Both write, each all in one batch, while somebody holds some of the rows that they need. He lets go of them once both
    /// wait: by then each has what it takes before these.
    async fn at_once<F: Future>(&self, held: &str, write: impl FnOnce() -> [F; 2]) -> [F::Output; 2] {
        let gates = Holder::with(&self.schema, "SELECT * FROM entity WHERE key LIKE 'gate %' FOR UPDATE");
        let passing = self.pass();
        self.both_wait().await;
        let [one, two] = write();
        let held = Holder::with(&self.schema, held);
        gates.release();
        for pass in passing {
            pass.await.unwrap().unwrap();
        }
        self.both_wait().await;
        held.release();
        tokio::join!(one, two).into()
    }

    /// Both end, and have never waited for each other.
    async fn end(self) {
        for hub in self.hubs {
            hub.journal.close().await;
        }
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'intendant'";
        // Whoever ends has counted.
        until("their sessions have ended", async || sql(self.server.url(), sessions) == ["0"]).await;
        let deadlocks = "SELECT sum(deadlocks) FROM pg_stat_database";
        assert_eq!(sql(self.server.url(), deadlocks), ["0"], "they waited for each other");
    }
}

/// The names of the rows of a round, in their order.
fn names(round: u64) -> impl DoubleEndedIterator<Item = String> {
    (0..ROWS).map(move |row| format!("{round}-{row:02}"))
}

/// Every eighth of them, the first one among them, as a list in SQL.
fn some(round: u64) -> String {
    let names: Vec<String> = names(round).step_by(8).map(|name| format!("'{name}'")).collect();
    format!("unnest(ARRAY[{}]) AS name", names.join(", "))
}

fn writes(names: impl Iterator<Item = String>, rev: u64, state: &str) -> EffectSet {
    let entities = names.map(|name| entity(&name, rev, Some(state))).collect();
    EffectSet { entities, ..EffectSet::default() }
}

/// One has written, and the other was told that it has.
fn one_did(outcomes: &[Result<(), Error>]) {
    let conflicts = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Conflict { .. }))).count();
    let written = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((written, conflicts), (1, 1), "{outcomes:?}");
}

#[tokio::test]
async fn hubs_lock_the_entities_that_they_write_in_one_order() {
    let pair = Pair::new().await;
    let [one, two] = pair.journals();
    one.apply(writes(names(0), 0, "new"), None, at(1)).await.unwrap();
    for rev in 1..=ROUNDS {
        let held = format!("SELECT * FROM entity WHERE key IN (SELECT name FROM {}) FOR UPDATE", some(0));
        let both = || {
            [
                one.apply(writes(names(0), rev, "a"), None, at(2)),
                two.apply(writes(names(0).rev(), rev, "b"), None, at(2)),
            ]
        };
        one_did(&pair.at_once(&held, both).await);
    }
    sound(&*one).await;
    pair.end().await;
}

#[tokio::test]
async fn hubs_make_entities_in_one_order() {
    let pair = Pair::new().await;
    let [one, two] = pair.journals();
    for round in 1..=ROUNDS {
        let held = format!("INSERT INTO entity SELECT 'identity', name, 1, '', '', '' FROM {}", some(round));
        let both = || {
            [
                one.apply(writes(names(round), 0, "a"), None, at(1)),
                two.apply(writes(names(round).rev(), 0, "b"), None, at(1)),
            ]
        };
        one_did(&pair.at_once(&held, both).await);
    }
    sound(&*one).await;
    pair.end().await;
}

async fn all_in_line(schema: &Schema) {
    let arrived = "SELECT count(*) FROM live WHERE NOT placed";
    until("all are in line", async || sql(schema.url(), arrived) == ["0"]).await;
}

/// Requests that join those with the same ids, or are the first; the numbers of jobs are this one and those behind it.
fn joins(names: impl Iterator<Item = String>, first: u64) -> EffectSet {
    let job = |(number, name): (u64, String)| NewJob {
        reply: Some(number.to_string().into_bytes()),
        ..known_as(&name, b"content", job_of(&name, number))
    };
    EffectSet { joins: (first..).zip(names).map(job).collect(), ..EffectSet::default() }
}

#[tokio::test]
async fn hubs_take_the_ids_of_callers_in_one_order() {
    let pair = Pair::new().await;
    let [one, two] = pair.journals();
    for round in 1..=ROUNDS {
        let held = format!(
            "INSERT INTO external SELECT name, 'http', '', '00000000-0000-0000-0000-000000000000', 0, 0 FROM {}",
            some(round)
        );
        let both = || {
            [
                one.apply(joins(names(round), 10_000 * round), None, at(1)),
                two.apply(joins(names(round).rev(), 10_000 * round + 5_000), None, at(1)),
            ]
        };
        for joined in pair.at_once(&held, both).await {
            joined.unwrap();
        }
    }
    let jobs: u64 = one.tallies().await.unwrap().iter().map(|tally| tally.jobs).sum();
    assert_eq!(jobs, ROUNDS * ROWS, "each is there once");
    sound(&*one).await;
    pair.end().await;
}

#[tokio::test]
async fn hubs_write_jobs_of_each_other_in_one_order() {
    let pair = Pair::new().await;
    let [one, two] = pair.journals();
    one.apply(joins(names(0), 1), None, at(1)).await.unwrap();
    all_in_line(&pair.schema).await;
    for round in 1..=ROUNDS {
        let held =
            format!("SELECT * FROM live WHERE external_id IN (SELECT name FROM {}) FOR UPDATE", some(0));
        let both = || {
            [
                one.apply(joins(names(0), 10_000 * round), None, at(2)),
                two.apply(joins(names(0).rev(), 10_000 * round + 5_000), None, at(2)),
            ]
        };
        for joined in pair.at_once(&held, both).await {
            joined.unwrap();
        }
    }
    let replies = sql(pair.schema.url(), "SELECT count(*) FROM reply");
    assert_eq!(replies, [(ROWS * (1 + 2 * ROUNDS)).to_string()]);
    sound(&*one).await;
    pair.end().await;
}

/// The end of a job that fails for a cause of this name.
fn fails(job: u64, cause: usize) -> Change {
    let mut change = settle(job, 1, OutcomeKind::Hard, at(3));
    change.to.code = Some(Code(format!("cause{cause}").into()));
    change
}

/// Takes in jobs and starts them, each at its owner, until each of both runs so many more.
async fn run_more(pair: &Pair, running: &mut [Vec<u64>; 2], many: usize, next: &mut u64) {
    let [one, two] = pair.journals();
    while running.iter().any(|running| running.len() < many) {
        let jobs = *next..*next + ROWS;
        *next = jobs.end;
        let follow_ups = jobs.clone().map(job).collect();
        one.apply(EffectSet { follow_ups, ..EffectSet::default() }, None, at(1)).await.unwrap();
        all_in_line(&pair.schema).await;
        for job in jobs {
            let owner = usize::from(!one.owns(id(job), None));
            [&one, &two][owner].change(start(job, at(2))).await.unwrap();
            running[owner].push(job);
        }
    }
}

#[tokio::test]
async fn hubs_make_causes_of_failures_in_one_order() {
    const CAUSES: usize = 24;
    let pair = Pair::new().await;
    let journals = pair.journals();
    let (mut running, mut next) = ([Vec::new(), Vec::new()], 1);
    for round in 0..=ROUNDS {
        run_more(&pair, &mut running, CAUSES, &mut next).await;
        let mut both = || {
            [0, 1].map(|place: usize| {
                let jobs = running[place].split_off(running[place].len() - CAUSES);
                let fail = |(cause, job)| journals[place].change(fails(job, cause));
                join_all(jobs.into_iter().enumerate().map(fail).collect::<Vec<_>>())
            })
        };
        let failed = if round == 0 {
            // Their names follow from what they say.
            let [one, two] = both();
            <[_; 2]>::from(tokio::join!(one, two))
        } else {
            pair.at_once("INSERT INTO cause (id, message) SELECT id, '' FROM known WHERE place % 8 = 1", both)
                .await
        };
        for outcome in failed.into_iter().flatten() {
            outcome.unwrap();
        }
        let keep = "CREATE TABLE IF NOT EXISTS known AS SELECT id, row_number() OVER (ORDER BY id) AS place FROM cause";
        sql(pair.schema.url(), &format!("{keep}; DELETE FROM cause"));
    }
    let tallies = journals[0].tallies().await.unwrap();
    let failed: u64 = tallies.iter().filter(|it| it.state == JobState::Failed).map(|it| it.jobs).sum();
    assert_eq!(failed, (ROUNDS + 1) * 2 * CAUSES as u64);
    pair.end().await;
}
