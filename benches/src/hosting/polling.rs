//! A client's hub that follows thousands of schools at one host, with the host's usual limits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use engine::{ActionTable, Actor, Clock, Hub as Engine, Setup, wiring};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use hosting::host::Doors;
use hosting::tracker::{Following, Hosts, NewSchool, Remote, SPREAD, Schedule};
use hosting::upload::{Limits, Uploads};
use hosting::{Hidden, Host, Settings, Tracker, Values, Version};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use journal::{Key, Options};
use model::{Secret, Times};

use super::program::{Hub, rne};
use crate::bed;
use crate::http::rate;

/// The name of the host.
const HOST: &str = "host";
/// Schools that are followed at once, to begin with.
const TOGETHER: usize = 32;
/// Hosts are asked for so many at once, as when nothing is configured.
const AT_ONCE: usize = 8;

/// Follows so many schools, and looks at all of them a day later.
pub(super) async fn round(schools: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let far = Hub::start_with(&folder.path().join("host"), "")?;
    let clock = Clock::system();
    let hub = hub(&folder.path().join("client"), &clock).await?;
    let tracker = tracker(&folder.path().join("client"), &hub, &far, &clock)?;
    let actor = Actor("bench".to_owned());
    let follow = async |number| {
        let values = Values {
            griffe: "Lycée".to_owned(),
            code: Hidden::new("licence"),
            version: Version::Cl,
            contact: None,
        };
        let new = NewSchool {
            rne: rne(number).parse()?,
            host: HOST.to_owned(),
            values: Some(values),
            key: None,
            contact: None,
            tell: false,
        };
        tracker.follow(new, &actor).await?;
        anyhow::Ok(())
    };
    let begun = Instant::now();
    stream::iter(0..schools).map(follow).buffer_unordered(TOGETHER).try_collect::<()>().await?;
    println!("{schools} schools are created at a host and followed: {:.0}/s", rate(schools, begun));
    clock.run_ahead(SignedDuration::from_hours(25));
    let begun = Instant::now();
    let round = tracker.round().await?;
    println!(
        "one round over all of them, {AT_ONCE} at once, within the host's usual limits: {:.1} s, {:.0}/s; {} seen, {} failed, {} \
         left for later (goal 0 and 0)",
        begun.elapsed().as_secs_f64(),
        rate(schools, begun),
        round.seen,
        round.failed,
        round.left
    );
    ensure!((round.seen, round.failed, round.left) == (schools, 0, 0), "not all of them were seen");
    hub.stop(Duration::from_secs(10)).await;
    Ok(())
}

/// The client's hub: nothing is hosted there.
async fn hub(folder: &Path, clock: &Clock) -> Result<Engine> {
    let (observer, wires) = wiring();
    let journal = journal::open(Options::new(folder.join("data"), Key::from_bytes([1; 32])), observer)?;
    let setup = Setup::new(bed::noop("HOSTING_CREATE"), ActionTable::new(hosting::actions())?);
    Ok(Engine::start(journal, wires, clock.clone(), setup).await?)
}

fn tracker(folder: &Path, hub: &Engine, far: &Hub, clock: &Clock) -> Result<Tracker> {
    let settings = Settings {
        folder: folder.join("hosting"),
        strict_404: false,
        ready_code: "BCDIREADY",
        retention: SignedDuration::from_hours(24),
        estimate: 900.0,
        sites: Vec::new(),
        clients: Vec::new(),
        url: String::new(),
    };
    let uploads =
        Uploads::open(&settings.uploads(), Limits::default(), Arc::new(Doors::default()), clock.clone())?;
    let remote = Remote::new(&far.url(), Secret::new(far.token()), None, Duration::from_secs(20));
    let remote = remote.map_err(anyhow::Error::msg)?;
    let following = Following {
        hosts: Hosts::new(BTreeMap::from([(HOST.to_owned(), remote)])),
        schedule: Schedule {
            busy: Times::cron("*/15 * * * *", TimeZone::UTC)?,
            quiet: Times::cron("0 6 * * *", TimeZone::UTC)?,
            spread: SPREAD,
        },
        at_once: AT_ONCE,
        relayed: false,
    };
    let host = Host::new(hub.clone(), Arc::new(settings));
    Ok(Tracker::new(host, uploads, following, clock.clone()))
}
