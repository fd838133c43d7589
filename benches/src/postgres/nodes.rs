//! One, two and four hubs that all work on one journal, each with its own pen: on a disk that answers at once they share this
//! machine's processors, and where a commit takes its time nothing that all of them need may be in the way.

use std::time::{Duration, Instant};

use anyhow::Result;
use engine::Hub;
use futures_util::future::try_join_all;
use journal::{Database, Key, Options};
use tempfile::TempDir;
use testkit::service::Service;
use tokio_postgres::Client;

use super::{JOBS, ROUNDS, connect, median, rate, schema};
use crate::bed;

const HUBS: [usize; 3] = [1, 2, 4];
/// So many hand in at once, over all hubs.
const SUBMITTERS: usize = 512;
/// Where commits are slow, so many at each hub: one hub alone is far from what processors allow.
const EACH: usize = 16;
/// What is added to a commit then.
const SLOW: Duration = Duration::from_millis(20);
/// Jobs of each hub in a round then.
const SLOW_JOBS: u64 = if cfg!(debug_assertions) { 40 } else { 1_000 };

pub(super) async fn compare(server: &Service, client: &Client) -> Result<()> {
    println!("hubs that all work on one journal, in this process, medians of {ROUNDS} rounds:");
    let mut one = 0.0;
    for hubs in HUBS {
        let several = Several::start(server, client, &format!("fast_{hubs}"), hubs).await?;
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            let each = JOBS / u64::try_from(hubs)?;
            rates.push(several.rate(each, SUBMITTERS / hubs).await?);
        }
        let rate = median(rates);
        one = if hubs == 1 { rate } else { one };
        println!(
            "  {hubs}: {rate:.0} jobs/s together, {:.2} of one, which has all processors as well",
            rate / one
        );
        several.stop().await;
    }
    slowly(client, true).await?;
    println!("the same where each commit takes {} ms more, {EACH} submitters at each hub:", SLOW.as_millis());
    for hubs in HUBS {
        let several = Several::start(server, client, &format!("slow_{hubs}"), hubs).await?;
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            rates.push(several.rate(SLOW_JOBS, EACH).await?);
        }
        let rate = median(rates);
        one = if hubs == 1 { rate } else { one };
        let fair = one * f64::from(u32::try_from(hubs)?);
        println!(
            "  {hubs}: {rate:.0} jobs/s together, ratio to as many times one: {:.2} (goal 0.9)",
            rate / fair
        );
        several.stop().await;
    }
    slowly(client, false).await
}

/// Lets the server wait before it writes a commit to its disk, as a slow disk does.
async fn slowly(client: &Client, so: bool) -> Result<()> {
    let micros = if so { SLOW.as_micros() } else { 0 };
    client.batch_execute(&format!("ALTER SYSTEM SET commit_delay = {micros}")).await?;
    client.batch_execute("ALTER SYSTEM SET commit_siblings = 0").await?;
    client.batch_execute("SELECT pg_reload_conf()").await?;
    Ok(())
}

/// Hubs beside each other, each with a data folder of its own.
struct Several {
    hubs: Vec<Hub>,
    _data: Vec<TempDir>,
}

impl Several {
    /// Starts them, and waits until each has its part of the subjects.
    async fn start(server: &Service, client: &Client, name: &str, hubs: usize) -> Result<Self> {
        let at = schema(client, server.url(), name).await?;
        let (mut started, mut folders) = (Vec::new(), Vec::new());
        for _ in 0..hubs {
            let data = tempfile::tempdir()?;
            let options = Options::new(Database::new(&at, data.path())?, Key::from_bytes([1; 32]));
            let options = Options { beside: hubs > 1, ..options };
            started.push(bed::begin_with(options, bed::setup(bed::noop("IDENTITY_UPDATE"))?).await?);
            folders.push(data);
        }
        let looks = connect(&at).await?;
        let parts = "SELECT count(*) FROM shard JOIN pen ON node = owner AND NOT over GROUP BY node";
        let is_part = |count: i64| count > 256 / i64::try_from(hubs).unwrap_or(1) / 2;
        loop {
            let counts: Vec<i64> = looks.query(parts, &[]).await?.iter().map(|row| row.get(0)).collect();
            if counts.len() == hubs && counts.iter().all(|count| is_part(*count)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let several = Several { hubs: started, _data: folders };
        several.rate(64, 64).await?;
        Ok(several)
    }

    /// Jobs a second of all of them together, from the first one handed in to the last one done: so many at each.
    async fn rate(&self, each: u64, submitters: usize) -> Result<f64> {
        let started = Instant::now();
        try_join_all(self.hubs.iter().map(|hub| bed::submit(hub, each, submitters))).await?;
        for hub in self.hubs.iter().take(1) {
            bed::drain(hub).await?;
        }
        Ok(rate(each * u64::try_from(self.hubs.len())?, started))
    }

    async fn stop(self) {
        for hub in &self.hubs {
            hub.stop(Duration::from_secs(10)).await;
        }
    }
}
