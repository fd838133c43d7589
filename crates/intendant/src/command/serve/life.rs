//! A life of the hub: from the moment at which it has its journal to its end.

use std::sync::Arc;
use std::time::Duration;

use access::{Access, Rules};
use anyhow::{Context as _, Result};
use api::Installation;
use engine::{Actor, AuditEntry, Hub};
use http::{BodyLimits, Caller};
use journal::End;
use model::Code;
use rustix::process::geteuid;
use tokio::sync::watch;

use super::super::reload::Reloader;
use super::Start;
use super::disk::Disk;
use super::drain;
use super::keys::Keys;
use super::pages;
use super::report;
use super::room::Started;
use crate::cli::VERSION;
use crate::context::Context;
use crate::exit::sentence;
use crate::logging::Level;
use crate::signals::Signals;
use crate::systemd;

/// What a document may be longer than its masked body: the members that the hub takes out, and white space.
const ENVELOPE: usize = 64 * 1024;
/// The full check of the journal begins so long after the start, when work has been taken up.
const CHECK_AFTER: Duration = Duration::from_secs(10);
/// A check that was in the way of the work is tried again after so long.
const CHECK_AGAIN: Duration = Duration::from_mins(15);

/// How a life ended.
pub(super) enum Ended {
    /// The hub was told to stop.
    Stopped,
    /// It has laid down its work, as it was told.
    Drained,
    /// Somebody else has taken over, or the database has forgotten what it had confirmed. The hub may have been `drained` then.
    Over {
        /// Why.
        why: End,
        /// It was to lay down its work.
        drained: bool,
    },
}

/// Confirmed commits that the database has lost.
#[derive(Default)]
pub(super) struct Losses {
    /// Since the process began.
    all: u64,
    /// Of these, those that are not in the audit yet.
    untold: u64,
}

impl Losses {
    /// Notes so many.
    pub(super) fn add(&mut self, commits: u64) {
        self.all += commits;
        self.untold += commits;
    }
}

/// Works until told to stop or to lay down the work, or until this life of the journal is over.
pub(super) async fn live(
    start: &Start<'_>,
    (listeners, hub, assembly): Started,
    rules: Rules,
    level: Level,
    signals: &mut Signals,
    losses: &mut Losses,
) -> Result<Ended> {
    let Start { loaded, context, french, .. } = *start;
    let config = &loaded.config;
    let (url, places) = (listeners.url.clone(), listeners.places(config));
    assembly.watch_dependencies(&hub);
    let assembly = Arc::new(assembly);
    let keys = Keys::new(hub.clone(), context.clone(), loaded.clone());
    let renewing = tokio::spawn(Arc::clone(&keys).renew());
    let reloader = Reloader::new(
        context.clone(),
        hub.clone(),
        Arc::clone(&assembly),
        level,
        listeners.tls.clone(),
        loaded.clone(),
    );
    let disk = Arc::new(Disk(reloader, keys));

    let (stop, stopped) = watch::channel(());
    let access = Access::open(hub.clone(), rules).await.map_err(api::Error::from)?;
    let parts = api::Parts {
        hub: hub.clone(),
        access: access.clone(),
        installation: Arc::clone(&disk) as Arc<dyn Installation>,
        bodies: BodyLimits {
            document: config.requests.max_size.0.saturating_add(ENVELOPE),
            ..BodyLimits::default()
        },
        version: VERSION,
        url: url.clone(),
        lost_commits: losses.all,
    };
    let kit = pages::kit(&assembly, french);
    let (routes, keyed) = pages::routes(parts, &assembly, &kit, &context.clock);
    let server =
        tokio::spawn(listeners.serve(routes, keyed, access.clone(), kit, context.clock.clone(), stopped));
    let check = tokio::spawn(check_journal(hub.clone(), context.clone()));
    let comparing = hub.keeping().hubs().map(|hubs| tokio::spawn(report::keep(context.clone(), hubs)));
    tracing::info!(version = VERSION, socket = %config.socket.display(), url, "ready on {places}");
    if let Err(error) = invite(&access, url.as_deref(), context).await {
        tracing::warn!("nobody was invited: {error:#}; `intendant token sign-in` makes a link");
    }
    systemd::tell(systemd::READY);

    tell_of_losses(&hub, std::mem::take(&mut losses.untold)).await;

    let mut told = std::pin::pin!(drain::told(&hub));
    let mut ended = loop {
        tokio::select! {
            why = hub.over() => break Ended::Over { why, drained: drain::is_drained(&hub) },
            () = &mut told => break Ended::Drained,
            stop = signals.stop_or_reload() => if stop { break Ended::Stopped },
        }
        systemd::tell(systemd::RELOADING);
        // Logged, whatever it came to: nobody waits for an answer to a signal.
        drop(disk.read_anew().await);
        systemd::tell(systemd::READY);
    };
    check.abort();
    renewing.abort();
    comparing.inspect(tokio::task::JoinHandle::abort);
    if matches!(ended, Ended::Over { .. }) {
        assembly.quiesce();
        drop(stop);
        let ((), served) = tokio::join!(hub.abandon(), server);
        served.context("stopping the socket")?;
        assembly.close().await;
        return Ok(ended);
    }

    hub.announce_stop();
    let what = if matches!(ended, Ended::Drained) {
        systemd::tell("STATUS=it lays down its work");
        "laying down the work"
    } else {
        systemd::tell(systemd::STOPPING);
        "stopping"
    };
    let grace = disk.0.grace();
    tracing::info!(running = hub.running(), "{what}: running steps may end within {} s", grace.as_secs());
    assembly.quiesce();
    drop(stop);
    server.await.context("stopping the socket")?;
    let mut stopping = Box::pin(hub.stop(grace));
    loop {
        tokio::select! {
            () = &mut stopping => break,
            () = signals.stop() => {}
        }
        if matches!(ended, Ended::Stopped) {
            tracing::warn!("told to stop again: running steps are ended by force");
            stopping = Box::pin(hub.stop(Duration::ZERO));
        } else {
            systemd::tell(systemd::STOPPING);
            ended = Ended::Stopped;
        }
    }
    assembly.close().await;
    if matches!(ended, Ended::Stopped) {
        tracing::info!("stopped");
    }
    Ok(ended)
}

/// Writes into the audit what the life before found lost.
async fn tell_of_losses(hub: &Hub, lost: u64) {
    if lost == 0 {
        return;
    }
    let entry = AuditEntry::new(
        &Actor("hub".to_owned()),
        "journal",
        Code::from_static("lost_commits"),
        format!(
            "the database has lost {lost} commits that it had confirmed: what was acknowledged then is not known any more"
        ),
    );
    if let Err(error) = hub.audit_when_possible(entry).await {
        tracing::warn!("that commits were lost is not in the audit: {}", sentence(&error.into()));
    }
}

/// Tells whoever watches the first start how to get in. Nowhere else: a log is read by others.
async fn invite(access: &Access, url: Option<&str>, context: &Context) -> Result<()> {
    let Some(url) = url.filter(|_| access.is_new() && context.screen.live) else { return Ok(()) };
    let by = Caller::of_socket(geteuid().as_raw());
    let path = access.make_link(None, &by).await.map_err(api::Error::from)?;
    context.screen.ask("Nobody has an account yet. Open this link within 15 minutes to make one:");
    context.screen.complain(format!("  {url}{path}"));
    Ok(())
}

/// Reads the whole journal once, a piece at a time, while the hub works.
async fn check_journal(hub: Hub, context: Context) {
    context.clock.sleep(CHECK_AFTER).await;
    loop {
        match hub.keeping().check().await {
            Ok(findings) if findings.is_empty() => {
                return tracing::info!("the journal was checked: it is whole");
            }
            Ok(findings) => {
                for finding in findings {
                    tracing::error!(
                        "the journal is damaged: {finding}; run `intendant doctor`, and restore a backup"
                    );
                }
                return;
            }
            Err(journal::Error::Busy) => context.clock.sleep(CHECK_AGAIN).await,
            Err(journal::Error::Closed) => return,
            Err(error) => return tracing::warn!("the journal could not be checked: {error}"),
        }
    }
}
