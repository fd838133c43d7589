//! The bus: requests that do nothing, from a full queue to durable results and confirmed replies, against consumers
//! that only acknowledge. Each in turn, on the same broker.

mod peer;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bus::envelope::Version;
use bus::route::{RouteSpec, Routes};
use bus::{Access, Address, Settings, Source};
use engine::door::Source as _;
use engine::{Clock, Hub};
use testkit::service::{Kind, Service};

use self::peer::{Peer, bunny};
use crate::bed;

const TOTAL: usize = 20_000;
const KEY: &str = "request.bench.account.update";
const POLL: Duration = Duration::from_millis(5);

/// What is measured.
#[derive(Clone, Copy)]
struct Shape {
    version: Version,
    prefetch: u16,
    replies: bool,
}

pub(crate) fn run() -> Result<()> {
    let broker = Kind::RabbitMq.start()?;
    println!(
        "{TOTAL} requests about 500 accounts; the baselines acknowledge each message and do nothing else"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for (version, prefetch) in
        [(Version::V1, 1), (Version::V1, 200), (Version::V2, 1), (Version::V2, 200), (Version::V2, 500)]
    {
        runtime.block_on(measure(&broker, Shape { version, prefetch, replies: false }))?;
    }
    println!(
        "Goals at prefetch 500: 10000/s, and more than Ruby; 5000/s with confirmed replies. What the ratio to the \
         bare consumer pays for: three durable commits for each request (taken in, begun, ended), each shared with \
         those that come meanwhile, where the bare consumer writes nothing; at prefetch 1 nothing can be shared."
    );
    Ok(())
}

async fn measure(broker: &Service, shape: Shape) -> Result<()> {
    let peer = Peer::connect(broker.url()).await?;
    let bare = settings(broker, "bare", shape)?;
    bus::declare(&bare, &routes()?).await?;
    peer.ask(&bare.request_exchange(), shape, TOTAL).await?;
    let rust = rate(peer.drain(&bare.queue(), shape.prefetch, TOTAL).await?);
    peer.ask(&bare.request_exchange(), shape, TOTAL).await?;
    let ruby = rate(bunny(broker.url(), &bare.queue(), shape.prefetch, TOTAL)?);
    println!("{shape}: {:<23} {rust:6.0}/s; Ruby's bunny {ruby:6.0}/s", "bare consumer (lapin)");
    for replies in [false, true] {
        let ours = ours(broker, &peer, Shape { replies, ..shape }).await?;
        let name = if replies { "with confirmed replies" } else { "journaled" };
        println!(
            "{shape}: intendant, {name:<23} {:6.0}/s, {:.2} of the bare consumer, {:.2} of Ruby's; {:.0} MiB",
            ours,
            ours / rust,
            ours / ruby,
            bed::resident("self")
        );
    }
    Ok(())
}

/// Requests a second, from the start of the hub until all have ended, and all replies have come.
async fn ours(broker: &Service, peer: &Peer, shape: Shape) -> Result<f64> {
    let settings = settings(broker, "ours", shape)?;
    bus::declare(&settings, &routes()?).await?;
    peer.forget().await?;
    peer.ask(&settings.request_exchange(), shape, TOTAL).await?;
    let folder = tempfile::tempdir()?;
    let source = Source::new(settings, routes()?, Clock::system());
    let mut setup = bed::setup(bed::noop(KEY))?;
    source.join(&mut setup);
    let begun = Instant::now();
    let hub = bed::begin(folder.path(), setup).await?;
    let running = source.start(hub.clone());
    while done(&hub).await? < TOTAL || (shape.replies && peer.replies().await? < TOTAL) {
        ensure!(begun.elapsed() < Duration::from_mins(5), "the hub stands still: {:?}", hub.links());
        tokio::time::sleep(POLL).await;
    }
    let rate = rate(begun.elapsed().as_secs_f64());
    running.quiesce();
    hub.stop(Duration::from_secs(10)).await;
    running.end().await;
    Ok(rate)
}

async fn done(hub: &Hub) -> Result<usize> {
    let tallies = hub.journal().tallies().await?;
    let succeeded = tallies.iter().filter(|tally| tally.state == model::JobState::Succeeded);
    Ok(usize::try_from(succeeded.map(|tally| tally.jobs).sum::<u64>())?)
}

fn settings(broker: &Service, application: &str, shape: Shape) -> Result<Settings> {
    let address = Address::new(broker.url(), Access::default())?;
    Ok(Settings { prefetch: shape.prefetch, ..Settings::new(application, address) })
}

fn routes() -> Result<Routes> {
    let update = RouteSpec { concerned_to: vec!["/uuid".to_owned()], ..RouteSpec::default() };
    Ok(Routes::new([(KEY.to_owned(), update)])?)
}

fn rate(seconds: f64) -> f64 {
    f64::from(u32::try_from(TOTAL).unwrap_or(u32::MAX)) / seconds
}
