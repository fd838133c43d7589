//! Against the durable queues that others use: on the same PostgreSQL, and on a Redis that writes to its disk before it
//! answers.

use anyhow::{Context as _, Result};
use journal::{Address, Database};
use testkit::queues::Queue;
use testkit::service::{Kind, Service};
use tokio_postgres::Client;

use super::{JOBS, ROUNDS, median, rate_of_new, schema};

/// So many hand in at once, each waiting until its own job is written.
const SUBMITTERS: usize = 64;
/// A queue of others does so many jobs a round.
const THEIRS: u64 = JOBS / 4;

/// Everybody in turn.
pub(super) async fn compare(server: &Service, client: &Client) -> Result<()> {
    let (mut folder, mut database) = (Vec::new(), Vec::new());
    let mut peers: [(Queue, Vec<f64>); 3] = Queue::ALL.map(|queue| (queue, Vec::new()));
    for round in 0..ROUNDS {
        let data = tempfile::tempdir()?;
        folder.push(rate_of_new(Address::from(data.path()), SUBMITTERS).await?);
        let data = tempfile::tempdir()?;
        let at = schema(client, server.url(), &format!("beside_{round}")).await?;
        database.push(rate_of_new(Database::new(&at, data.path())?.into(), SUBMITTERS).await?);
        for (queue, rates) in &mut peers {
            rates.push(theirs(*queue, server, client, round).await?);
        }
    }
    let (folder, database) = (median(folder), median(database));
    println!("beside the queues of others, {SUBMITTERS} submitters, medians of {ROUNDS} rounds:");
    println!("  in a folder: {folder:.0} jobs/s; on PostgreSQL: {database:.0} jobs/s");
    let mut best: f64 = 0.0;
    for (queue, rates) in peers {
        let (rate, name) = (median(rates), queue.name());
        println!(
            "  {name}: {rate:.0} jobs/s; ratio in a folder {:.1}, on PostgreSQL {:.1}",
            folder / rate,
            database / rate
        );
        best = best.max(rate);
    }
    println!(
        "  ratio to the best of them: {:.1} in a folder (goal 3), {:.1} on PostgreSQL",
        folder / best,
        database / best
    );
    Ok(())
}

/// Jobs a second of one of them, in a database or on a Redis of its own.
async fn theirs(queue: Queue, server: &Service, client: &Client, round: usize) -> Result<f64> {
    let (url, redis) = if queue.is_on_postgresql() {
        let name = format!("{}_{round}", queue.name().replace('-', "_"));
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        let (at, _) = server.url().rsplit_once('/').context("no database in the server's address")?;
        (format!("{at}/{name}"), None)
    } else {
        let redis = Kind::Redis.start()?;
        (redis.url().to_owned(), Some(redis))
    };
    let seconds = tokio::task::spawn_blocking(move || queue.seconds(&url, THEIRS, SUBMITTERS)).await??;
    drop(redis);
    Ok(f64::from(u32::try_from(THEIRS)?) / seconds)
}
