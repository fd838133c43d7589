//! The journal on PostgreSQL: against the one in a folder, and against a transaction of its own for each transition on the
//! same tables, as a program would write them that gathers nothing; several hubs at once; other queues on PostgreSQL.

mod grouped;
mod nodes;
mod peers;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use engine::Hub;
use futures_util::future::try_join_all;
use journal::{Address, Database, Key, Options};
use testkit::service::{Kind, Service};
use tokio::try_join;
use tokio_postgres::{Client, NoTls, Statement};

use crate::{bed, noop};

/// So many hand in at once.
const SUBMITTERS: [usize; 2] = [512, 64];
/// So many connections write single transactions: more only wait for each other.
const CONNECTIONS: usize = 64;
/// Each side works so often, in turn: what else the machine does moves both.
const ROUNDS: usize = 3;
/// Jobs of a round.
const JOBS: u64 = if cfg!(debug_assertions) { 500 } else { 20_000 };
/// So many have ended where there are many.
const MANY: u64 = if cfg!(debug_assertions) { 2_000 } else { 1_000_000 };
/// A snapshot that somebody forgets is held for so long before it is measured, while work goes on.
const HELD: Duration = Duration::from_secs(if cfg!(debug_assertions) { 1 } else { 600 });

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let server = serve().await?;
    let client = connect(server.url()).await?;
    let fsync: String = client.query_one("SHOW fsync", &[]).await?.get(0);
    ensure!(fsync == "on", "the server does not write to its disk");
    println!(
        "PostgreSQL with fsync; {JOBS} jobs that do nothing a round, 500 subjects; each accept, start and settle is durable"
    );
    for submitters in SUBMITTERS {
        compare(&server, &client, submitters).await?;
    }
    nodes::compare(&server, &client).await?;
    peers::compare(&server, &client).await?;
    grow(&server, &client).await
}

/// A server with settings as somebody would give it who cares.
async fn serve() -> Result<Service> {
    let mut server = Kind::PostgreSql.start()?;
    let client = connect(server.url()).await?;
    for setting in
        ["fsync = on", "shared_buffers = '512MB'", "max_wal_size = '4GB'", "checkpoint_timeout = '15min'"]
    {
        client.batch_execute(&format!("ALTER SYSTEM SET {setting}")).await?;
    }
    drop(client);
    server.halt();
    server.revive()?;
    Ok(server)
}

/// The journal in a folder, that on PostgreSQL, and one transaction for each transition.
async fn compare(server: &Service, client: &Client, submitters: usize) -> Result<()> {
    let (mut folder, mut database, mut single) = (Vec::new(), Vec::new(), Vec::new());
    let (mut to_folder, mut to_single, mut most) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let name = format!("s{submitters}_{round}");
        let data = tempfile::tempdir()?;
        let in_folder = rate_of_new(Address::from(data.path()), submitters).await?;
        let data = tempfile::tempdir()?;
        let at = schema(client, server.url(), &format!("hub_{name}")).await?;
        let ours = rate_of_new(Database::new(&at, data.path())?.into(), submitters).await?;
        let at = schema(client, server.url(), &format!("single_{name}")).await?;
        make(&at, data.path()).await?;
        let theirs = singly(&at, JOBS / 4, submitters.min(CONNECTIONS)).await?;
        let at = schema(client, server.url(), &format!("grouped_{name}")).await?;
        make(&at, data.path()).await?;
        most.push(grouped::rate_of(&at, JOBS).await?);
        to_folder.push(ours / in_folder);
        to_single.push(ours / theirs);
        folder.push(in_folder);
        database.push(ours);
        single.push(theirs);
    }
    let [folder, database, single, most] = [folder, database, single, most].map(median);
    let connections = submitters.min(CONNECTIONS);
    println!("{submitters} submitters, medians of {ROUNDS} rounds:");
    println!("  in a folder: {folder:.0} jobs/s");
    println!("  on PostgreSQL: {database:.0} jobs/s");
    println!("  a transaction for each transition, {connections} connections, pipelined: {single:.0} jobs/s");
    println!(
        "  the same rows in groups and nothing else, what no hub on these tables can pass: {most:.0} jobs/s, {:.1} times that",
        most / single
    );
    println!("  ratio to the folder: {:.2} (goal 0.5)", median(to_folder));
    println!("  ratio to single transactions: {:.1} (goal 5)", median(to_single));
    Ok(())
}

/// Makes the tables of a journal there.
async fn make(at: &str, data: &Path) -> Result<()> {
    let options = Options::new(Database::new(at, data)?, Key::from_bytes([1; 32]));
    journal::open(options, Arc::new(|_| {}))?.close().await;
    Ok(())
}

/// Few and many ended jobs; and while somebody holds a snapshot, so that nothing can be vacuumed.
async fn grow(server: &Service, client: &Client) -> Result<()> {
    let data = [tempfile::tempdir()?, tempfile::tempdir()?];
    let mut hubs = Vec::new();
    for (name, data) in ["few", "many"].into_iter().zip(&data) {
        let at = Database::new(&schema(client, server.url(), name).await?, data.path())?;
        hubs.push(bed::begin(at, bed::setup(bed::noop("IDENTITY_UPDATE"))?).await?);
    }
    let [few, many] = hubs.as_slice() else { bail!("two hubs were started") };
    rate_of(many, MANY, 512).await?;
    noop::latency(few).await?;
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_few.push(rate_of(few, JOBS, 512).await?);
        of_many.push(rate_of(many, JOBS, 512).await?);
    }
    let (of_few, of_many) = (median(of_few), median(of_many));
    println!("with few ended jobs: {of_few:.0} jobs/s; with {MANY}: {of_many:.0}");
    println!("  ratio: {:.2} (goal 0.75)", of_many / of_few);

    let mut free = Vec::new();
    for _ in 0..ROUNDS {
        free.push(rate_of(many, JOBS, 512).await?);
    }
    let holds = connect(server.url()).await?;
    holds.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM many.live").await?;
    let began = Instant::now();
    while began.elapsed() < HELD {
        rate_of(many, JOBS, 512).await?;
    }
    let mut held = Vec::new();
    for _ in 0..ROUNDS {
        held.push(rate_of(many, JOBS, 512).await?);
    }
    holds.batch_execute("ROLLBACK").await?;
    let (free, held) = (median(free), median(held));
    println!("while a snapshot is held for {} s: {held:.0} jobs/s; without: {free:.0}", HELD.as_secs());
    println!("  ratio: {:.2} (goal 0.75)", held / free);
    for hub in &hubs {
        hub.stop(Duration::from_secs(10)).await;
    }
    Ok(())
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The address of an empty schema.
async fn schema(client: &Client, url: &str, name: &str) -> Result<String> {
    client.batch_execute(&format!("CREATE SCHEMA {name}")).await?;
    Ok(format!("{url}?options=-csearch_path%3D{name}"))
}

/// Jobs a second of a hub whose journal is begun there.
async fn rate_of_new(at: Address, submitters: usize) -> Result<f64> {
    let hub = bed::begin(at, bed::setup(bed::noop("IDENTITY_UPDATE"))?).await?;
    rate_of(&hub, 64, 64).await?;
    let rate = rate_of(&hub, JOBS, submitters).await?;
    hub.stop(Duration::from_secs(10)).await;
    Ok(rate)
}

/// Jobs a second, from the first one handed in to the last one done.
async fn rate_of(hub: &Hub, jobs: u64, submitters: usize) -> Result<f64> {
    let started = Instant::now();
    bed::submit(hub, jobs, submitters).await?;
    bed::drain(hub).await?;
    Ok(rate(jobs, started))
}

/// Jobs a second, each of whose transitions is a transaction of its own. What is counted in one row is left out: they would
/// wait for each other.
async fn singly(url: &str, jobs: u64, connections: usize) -> Result<f64> {
    let writers = try_join_all((0..connections).map(|_| Single::new(url))).await?;
    let (left, number) = (Arc::new(AtomicI64::new(jobs.try_into()?)), Arc::new(AtomicI64::new(0)));
    let started = Instant::now();
    let working = writers.into_iter().map(|writer| {
        let (left, number) = (Arc::clone(&left), Arc::clone(&number));
        tokio::spawn(async move {
            while left.fetch_sub(1, Ordering::Relaxed) > 0 {
                writer.job(&number).await?;
            }
            anyhow::Ok(())
        })
    });
    try_join_all(working).await?.into_iter().collect::<Result<()>>()?;
    Ok(rate(jobs, started))
}

/// A connection with what it says.
struct Single {
    client: Client,
    accept: Statement,
    body: Statement,
    event: Statement,
    start: Statement,
    attempt: Statement,
    settle: Statement,
}

/// The columns of ended jobs.
async fn ended_columns(client: &Client) -> Result<String> {
    let columns = "SELECT string_agg(column_name, ', ') FROM information_schema.columns
                   WHERE table_schema = current_schema() AND table_name = 'done'";
    Ok(client.query_one(columns, &[]).await?.get(0))
}

const PLAN: &[u8] = br#"[["noop",0,0,0,0,null,null,0,null,0,0]]"#;
const BODY: [u8; 440] = [b'x'; 440];
const OUTPUT: [u8; 100] = [b'x'; 100];

impl Single {
    async fn new(url: &str) -> Result<Self> {
        let client = connect(url).await?;
        client.batch_execute("SET synchronous_commit = on; SET jit = off").await?;
        let says = async |sql: &str| anyhow::Ok(client.prepare(sql).await?);
        let columns = ended_columns(&client).await?;
        Ok(Single {
            accept: says(
                "INSERT INTO live (id, seq, source, action, subject, class, state, head, lane, due_at, accepted_at)
                 VALUES ($1, $2::bigint, 'bench', 'IDENTITY_UPDATE', 'identity:' || ($2::bigint % 500)::text, 1, 0, true, '',
                     0, 0)",
            )
            .await?,
            body: says("INSERT INTO body (job, sealed) VALUES ($1, $2)").await?,
            event: says("INSERT INTO event (seq, at, kind, job) VALUES ($1, 0, 0, $2)").await?,
            start: says(
                "UPDATE live SET state = 1, open_step = 0, open_number = 1, open_at = 0, steps = $2
                 WHERE id = $1 AND state = 0",
            )
            .await?,
            attempt: says(
                "INSERT INTO attempt (job, step, number, started_at, ended_at, kind, sealed) VALUES ($1, 0, 1, 0, 0, 0, $2)",
            )
            .await?,
            settle: says(&format!(
                "WITH gone AS (DELETE FROM live WHERE id = $1 AND state = 1 RETURNING *)
                 INSERT INTO done ({columns}) SELECT {columns} FROM gone"
            ))
            .await?,
            client,
        })
    }

    /// Accept, start and settle, each in one go to the server and back.
    async fn job(&self, number: &AtomicI64) -> Result<()> {
        let next = || number.fetch_add(1, Ordering::Relaxed);
        let seq = next();
        let (client, id) = (&self.client, grouped::id_of(seq).0);
        let (body, output): (&[u8], &[u8]) = (&BODY, &OUTPUT);
        let events = [next(), next(), next(), next()];
        let [accepted, started, succeeded, ended] = &events;
        try_join!(
            biased;
            async { client.batch_execute("BEGIN").await.map(drop) },
            async { client.execute(&self.accept, &[&id, &seq]).await.map(drop) },
            async { client.execute(&self.body, &[&id, &body]).await.map(drop) },
            async { client.execute(&self.event, &[accepted, &id]).await.map(drop) },
            async { client.batch_execute("COMMIT").await.map(drop) },
        )?;
        try_join!(
            biased;
            async { client.batch_execute("BEGIN").await.map(drop) },
            async { client.execute(&self.start, &[&id, &PLAN]).await.map(drop) },
            async { client.execute(&self.event, &[started, &id]).await.map(drop) },
            async { client.batch_execute("COMMIT").await.map(drop) },
        )?;
        try_join!(
            biased;
            async { client.batch_execute("BEGIN").await.map(drop) },
            async { client.execute(&self.attempt, &[&id, &output]).await.map(drop) },
            async { client.execute(&self.settle, &[&id]).await.map(drop) },
            async { client.execute(&self.event, &[succeeded, &id]).await.map(drop) },
            async { client.execute(&self.event, &[ended, &id]).await.map(drop) },
            async { client.batch_execute("COMMIT").await.map(drop) },
        )?;
        Ok(())
    }
}

fn rate(jobs: u64, started: Instant) -> f64 {
    f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)) / started.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
