//! A start on a full disk waits for room, and one whose journal is on a server that is away for that server: a hub that
//! ends instead is started again and again, and stays away when there is room, or a server, at last.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::{Error, Result};
use engine::Hub;
use journal::Entry;
use tokio::sync::watch;

use super::listeners::Listeners;
use super::{Begun, Start, standby};
use crate::assembly::Assembly;
use crate::exit::sentence;
use crate::signals::Signals;
use crate::systemd;

/// How often it looks for room.
const LOOK: Duration = Duration::from_secs(2);
/// What the service manager waits for until the next look, in microseconds.
const PATIENCE: &str = "EXTEND_TIMEOUT_USEC=60000000";
/// With less than this a disk counts as full: a journal of the smallest size does not fit.
const LEAST: u64 = 1 << 20;

/// What a start waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// Room on the disk.
    Room,
    /// The server that holds the journal.
    Server,
}

/// A hub that has started, and where it is reached.
pub(super) type Started = (Listeners, Hub, Assembly);

/// Takes socket and address and starts the hub, once there is what it wants and it is its turn. `None`: told to stop before
/// that.
pub(super) async fn start(start: &Start<'_>, signals: &mut Signals) -> Result<Option<Started>> {
    let (mut waited, mut quiet, mut place) = (false, false, None);
    loop {
        let error = match try_to_start(start, place.take(), quiet).await {
            Ok((listeners, Begun::Works(hub, assembly))) => {
                if waited {
                    tracing::info!("there is what it waited for: the hub starts");
                }
                if quiet {
                    systemd::tell("STATUS=");
                }
                return Ok(Some((listeners, hub, assembly)));
            }
            Ok((listeners, Begun::StandsBy(entry))) => {
                place = standby::wait(start, listeners, entry, signals).await?;
                if place.is_none() {
                    return Ok(None);
                }
                (waited, quiet) = (false, true);
                continue;
            }
            Err(error) => error,
        };
        let folder = &start.loaded.config.data.folder;
        let why = match want(&error, start) {
            None => return Err(error),
            Some(Want::Room) => {
                format!(
                    "{} has no room ({}): it waits until there is some",
                    folder.display(),
                    sentence(&error)
                )
            }
            Some(Want::Server) => format!("{}: it waits until PostgreSQL answers", sentence(&error)),
        };
        if !waited {
            tracing::warn!("the hub cannot start: {why}");
        }
        (waited, quiet) = (true, true);
        if !wait(start, &why, signals).await {
            return Ok(None);
        }
    }
}

async fn try_to_start(start: &Start<'_>, place: Option<Entry>, quiet: bool) -> Result<(Listeners, Begun)> {
    // What a stopped hub left of its log may be enough to open the journal, and for nothing after that.
    if free(&start.loaded.config.data.folder).is_some_and(|free| free < LEAST) {
        return Err(std::io::Error::from(ErrorKind::StorageFull).into());
    }
    let listeners =
        Listeners::open(&start.loaded.config, start.tls.clone(), start.context.stands_in()).await?;
    let begun = start.hub(place, quiet).await?;
    Ok((listeners, begun))
}

/// Answers that the hub is not ready until there may be room. `false` = told to stop.
async fn wait(start: &Start<'_>, why: &str, signals: &mut Signals) -> bool {
    let (stop, stopped) = watch::channel(());
    let clock = start.context.clock.clone();
    // Where not even a socket can be made nobody is answered.
    let listeners =
        Listeners::open(&start.loaded.config, start.tls.clone(), start.context.stands_in()).await.ok();
    let routes = api::waiting(why);
    let serving = listeners.map(|listeners| {
        tokio::spawn(listeners.serve_waiting(routes.clone(), routes, clock.clone(), stopped))
    });
    systemd::tell(&format!("STATUS={why}"));
    let free = free(&start.loaded.config.data.folder);
    let go_on = loop {
        systemd::tell(PATIENCE);
        tokio::select! {
            () = clock.sleep(LOOK) => {}
            () = signals.stop() => break false,
        }
        let now = self::free(&start.loaded.config.data.folder);
        // A quota does not show, nor does a server: then only trying tells.
        if now > free || free.is_none_or(|free| free >= LEAST) {
            break true;
        }
    };
    drop(stop);
    if let Some(serving) = serving {
        let _ = serving.await;
    }
    go_on
}

/// What is in the way, and not for somebody to correct.
fn want(error: &Error, start: &Start<'_>) -> Option<Want> {
    let folder = &start.loaded.config.data.folder;
    let is_on_server = start.loaded.config.journal.url.is_some();
    error.chain().find_map(|cause| {
        let journal = match cause.downcast_ref() {
            Some(engine::Error::Journal(error)) => Some(error),
            _ => cause.downcast_ref::<journal::Error>(),
        };
        match journal {
            // Its life may have ended before it began to work.
            Some(journal::Error::Unwritable(_) | journal::Error::Closed) if is_on_server => {
                Some(Want::Server)
            }
            Some(journal::Error::Unwritable(_) | journal::Error::Io { .. }) => {
                free(folder).is_some_and(|free| free < LEAST).then_some(Want::Room)
            }
            _ => cause
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| {
                    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
                })
                .then_some(Want::Room),
        }
    })
}

/// Bytes that are free where the data folder is, or will be; 0 when there is no more room for another file. `None`:
/// the file system does not say.
fn free(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|folder| folder.exists())?;
    let found = rustix::fs::statvfs(existing).ok()?;
    if found.f_blocks == 0 {
        return None;
    }
    let no_more_files = found.f_files > 0 && found.f_favail == 0;
    Some(if no_more_files { 0 } else { found.f_bavail.saturating_mul(found.f_frsize) })
}
