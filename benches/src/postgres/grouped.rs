//! What these rows cost PostgreSQL where they come in groups: the same tables and transitions, and nothing else. Nobody puts in
//! line here, nobody seals, nothing is run; no hub that keeps these tables can be faster on this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use anyhow::Result;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use model::JobId;
use tokio_postgres::{Client, Statement};

use super::{BODY, OUTPUT, PLAN, connect, ended_columns, rate};

/// So many jobs are moved in one transaction, as many as a hub gathers under load.
const GROUP: i64 = 256;
/// One connection for each processor.
const CONNECTIONS: usize = 2;

/// Jobs a second.
pub(super) async fn rate_of(url: &str, jobs: u64) -> Result<f64> {
    let writers = try_join_all((0..CONNECTIONS).map(|_| Grouped::new(url))).await?;
    let (left, number) = (Arc::new(AtomicI64::new(jobs.try_into()?)), Arc::new(AtomicI64::new(0)));
    let started = Instant::now();
    let working = writers.into_iter().map(|writer| {
        let (left, number) = (Arc::clone(&left), Arc::clone(&number));
        tokio::spawn(async move {
            while left.fetch_sub(GROUP, Ordering::Relaxed) > 0 {
                writer.jobs(&number).await?;
            }
            anyhow::Ok(())
        })
    });
    try_join_all(working).await?.into_iter().collect::<Result<()>>()?;
    Ok(rate(jobs, started))
}

/// A connection with what it says.
struct Grouped {
    client: Client,
    accept: Statement,
    body: Statement,
    event: Statement,
    start: Statement,
    attempt: Statement,
    settle: Statement,
}

impl Grouped {
    async fn new(url: &str) -> Result<Self> {
        let client = connect(url).await?;
        client
            .batch_execute(
                "SET synchronous_commit = on; SET jit = off; SET plan_cache_mode = force_generic_plan;
                 SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off",
            )
            .await?;
        let says = async |sql: &str| anyhow::Ok(client.prepare(sql).await?);
        let columns = ended_columns(&client).await?;
        Ok(Grouped {
            accept: says(
                "INSERT INTO live (id, seq, source, action, subject, class, state, head, lane, due_at, accepted_at)
                 SELECT id, seq, 'bench', 'IDENTITY_UPDATE', 'identity:' || seq % 500, 1, 0, true, '', 0, 0
                 FROM unnest($1::uuid[], $2::bigint[]) AS new (id, seq)",
            )
            .await?,
            body: says("INSERT INTO body (job, sealed) SELECT id, $2 FROM unnest($1::uuid[]) AS id").await?,
            event: says(
                "INSERT INTO event (seq, at, kind, job) SELECT seq, 0, 0, id FROM unnest($1::bigint[], $2::uuid[]) AS new (seq, id)",
            )
            .await?,
            start: says(
                "UPDATE live SET state = 1, open_step = 0, open_number = 1, open_at = 0, steps = $2
                 FROM unnest($1::uuid[]) AS new (id) WHERE live.id = new.id AND state = 0",
            )
            .await?,
            attempt: says(
                "INSERT INTO attempt (job, step, number, started_at, ended_at, kind, sealed)
                 SELECT id, 0, 1, 0, 0, 0, $2 FROM unnest($1::uuid[]) AS id",
            )
            .await?,
            settle: says(&format!(
                "WITH gone AS (DELETE FROM live USING unnest($1::uuid[]) AS new (id) WHERE live.id = new.id AND state = 1
                               RETURNING live.*)
                 INSERT INTO done ({columns}) SELECT {columns} FROM gone"
            ))
            .await?,
            client,
        })
    }

    /// Accepts, starts and settles a group, each in one transaction.
    async fn jobs(&self, number: &AtomicI64) -> Result<()> {
        let first = number.fetch_add(5 * GROUP, Ordering::Relaxed);
        let seqs: Vec<i64> = (first..first + GROUP).collect();
        let ids: Vec<_> = seqs.iter().map(|seq| id_of(*seq).0).collect();
        let events = |of: i64| (first + of * GROUP..first + (of + 1) * GROUP).collect::<Vec<i64>>();
        let (client, body, output): (&Client, &[u8], &[u8]) = (&self.client, &BODY, &OUTPUT);
        client.batch_execute("BEGIN").await?;
        client.execute(&self.accept, &[&ids, &seqs]).await?;
        client.execute(&self.body, &[&ids, &body]).await?;
        client.execute(&self.event, &[&events(1), &ids]).await?;
        client.batch_execute("COMMIT; BEGIN").await?;
        client.execute(&self.start, &[&ids, &PLAN]).await?;
        client.execute(&self.event, &[&events(2), &ids]).await?;
        client.batch_execute("COMMIT; BEGIN").await?;
        client.execute(&self.attempt, &[&ids, &output]).await?;
        client.execute(&self.settle, &[&ids]).await?;
        client.execute(&self.event, &[&events(3), &ids]).await?;
        client.execute(&self.event, &[&events(4), &ids]).await?;
        Ok(client.batch_execute("COMMIT").await?)
    }
}

/// A job's id as of now, with its number in it.
pub(super) fn id_of(seq: i64) -> JobId {
    let mut random = [0; 10];
    random.iter_mut().zip(seq.to_be_bytes()).for_each(|(byte, of_seq)| *byte = of_seq);
    JobId::from_parts(Timestamp::now(), random)
}
