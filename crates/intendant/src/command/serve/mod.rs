//! `intendant serve`: the hub.

mod disk;
mod keys;
mod listeners;
mod pages;
mod room;

use std::sync::Arc;
use std::time::Duration;

use access::Access;
use anyhow::{Context as _, Result, anyhow};
use api::Installation;
use engine::Hub;
use http::listen::tcp::Tls;
use http::{BodyLimits, Caller};
use journal::Address;
use module::{Declaration, Finding, Offer, Role};
use rustix::process::geteuid;
use tokio::sync::watch;
use uuid::Uuid;

use super::reload::Reloader;
use crate::assembly::Assembly;
use crate::cli::{Serve, VERSION};
use crate::compose::{self, Home};
use crate::config::{self, Loaded, Output};
use crate::context::Context;
use crate::exit::{Exit, misuse, sentence, whole};
use crate::logging::{self, Format, Level};
use crate::marker::Marker;
use crate::noop;
use crate::plan::{Doors, Plan};
use crate::role::Taken;
use crate::signals::Signals;
use crate::systemd;
use disk::Disk;
use keys::Keys;

/// What a document may be longer than its masked body: the members that the hub takes out, and white space.
const ENVELOPE: usize = 64 * 1024;
/// The full check of the journal begins so long after the start, when work has been taken up.
const CHECK_AFTER: Duration = Duration::from_secs(10);
/// A check that was in the way of the work is tried again after so long.
const CHECK_AGAIN: Duration = Duration::from_mins(15);

/// Serves in the place of an older program. What is wrong with the settings ends it with 1, as it ends the original: its
/// unit knows no other code.
pub async fn in_role(role: Role, args: Serve, context: &Context) -> Result<Exit> {
    let served = match Taken::read(role, context.environment()) {
        Ok(role) => run(args, &context.in_the_place_of(role)).await,
        Err(error) => Err(error),
    };
    served.map_err(|error| anyhow!(whole(&error)))
}

/// Serves until told to stop.
pub async fn run(args: Serve, context: &Context) -> Result<Exit> {
    let context = &context.with_noop(args.noop.clone());
    let loaded = context.configuration()?;
    let level = start_log(&loaded, context)?;
    let mut signals = Signals::listen()?;
    let config = &loaded.config;

    let Doors { rules, tls } = Doors::read(&loaded, context)?;
    let start = Start { args: &args, loaded: &loaded, tls, context };
    let Some((listeners, hub, assembly)) = room::start(&start, &mut signals).await? else {
        tracing::info!("stopped");
        return Ok(Exit::Done);
    };
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
    };
    let kit = pages::kit(&assembly, &context.modules);
    let (routes, keyed) = pages::routes(parts, &assembly, &kit, &context.clock);
    let server =
        tokio::spawn(listeners.serve(routes, keyed, access.clone(), kit, context.clock.clone(), stopped));
    let check = tokio::spawn(check_journal(hub.clone(), context.clone()));
    tracing::info!(version = VERSION, socket = %config.socket.display(), url, "ready on {places}");
    if let Err(error) = invite(&access, url.as_deref(), context).await {
        tracing::warn!("nobody was invited: {error:#}; `intendant token sign-in` makes a link");
    }
    systemd::tell(systemd::READY);

    while !signals.stop_or_reload().await {
        systemd::tell(systemd::RELOADING);
        // Logged, whatever it came to: nobody waits for an answer to a signal.
        drop(disk.read_anew().await);
        systemd::tell(systemd::READY);
    }

    hub.announce_stop();
    systemd::tell(systemd::STOPPING);
    let grace = disk.0.grace();
    tracing::info!(running = hub.running(), "stopping: running steps may end within {} s", grace.as_secs());
    check.abort();
    renewing.abort();
    assembly.quiesce();
    drop(stop);
    server.await.context("stopping the socket")?;
    tokio::select! {
        () = hub.stop(grace) => {}
        () = signals.stop() => {
            tracing::warn!("told to stop again: running steps are ended by force");
            hub.stop(Duration::ZERO).await;
        }
    }
    assembly.close().await;
    tracing::info!("stopped");
    Ok(Exit::Done)
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

fn start_log(loaded: &Loaded, context: &Context) -> Result<Level> {
    let log = &loaded.config.log;
    let screen = match log.output {
        Output::Stderr => context.screen.err,
        Output::Stdout => context.screen.out,
    };
    let format = match log.format {
        config::Format::Human => Format::Human(screen.is_on(), context.screen.tongue),
        config::Format::Json => Format::Json,
    };
    let level = logging::by_option(&context.common).unwrap_or(logging::level(log.level));
    let started = logging::start(format, log.output, level)?;
    if let Some(Taken { role, settings }) = context.role() {
        tracing::info!(pid = std::process::id(), "in the place of {}: Ctrl-C or SIGINT ends it", role.name);
        for remark in &settings.remarks {
            tracing::warn!("{remark}");
        }
    }
    Ok(started)
}

/// What a hub is started from.
struct Start<'a> {
    args: &'a Serve,
    loaded: &'a Loaded,
    tls: Option<Tls>,
    context: &'a Context,
}

impl Start<'_> {
    /// Starts the hub. `quiet`: what it is made of was said before.
    async fn hub(&self, quiet: bool) -> Result<(Hub, Assembly)> {
        let Start { args, loaded, context, .. } = *self;
        let config = &loaded.config;
        let mut said = Declaration::new();
        let Plan { parts, .. } = Plan::read(loaded, context, &mut said)?;
        let (home, marker) = home(args, loaded, context)?;
        for verify in said.verify.drain(..) {
            verify.await?;
        }
        if !quiet {
            introduce(loaded, &parts.offer, &said);
            if let Some(trouble) = noop::trouble(&context.noop) {
                tracing::warn!(backend = "noop", "{trouble}");
            }
        }
        examine(&home.at, config.journal.require_synchronous, context).await?;
        let at = home.at.clone();
        let started = compose::start(home, parts, said, &context.clock).await?;
        if config.journal.durable {
            note(marker.as_ref(), &at, started.0.journal().id());
        }
        Ok(started)
    }
}

/// Says what the hub is made of.
fn introduce(loaded: &Loaded, offer: &Offer, said: &Declaration) {
    let file = loaded.file.as_ref().map_or("no file, defaults".to_owned(), |file| file.display().to_string());
    tracing::info!(file, data = %loaded.config.data.folder.display(), "configuration: {file}");
    let native = offer.native();
    let backends = offer.backends.len() - native;
    if native > 0 {
        tracing::info!(native, "backends: {native} of the program itself");
    }
    if let Some(folder) = &offer.folder {
        tracing::info!(backends, folder = %folder.display(), "backends: {backends} in {}", folder.display());
    }
    offer.problems.iter().for_each(|problem| tracing::warn!("{problem}"));
    for (source, words) in &said.introduces {
        tracing::info!(source, "{words}");
    }
    if !loaded.config.journal.durable {
        said.if_lost().for_each(|words| tracing::warn!("{words}"));
    }
}

/// Asks the server that holds the journal, if one does, what it promises: says what somebody should look at, and refuses one
/// that promises less than is required.
#[cfg(feature = "postgres")]
async fn examine(at: &Address, required: bool, context: &Context) -> Result<()> {
    let Address::Postgres(database) = at else { return Ok(()) };
    let (database, clock) = (database.clone(), context.clock.clone());
    let asking = tokio::task::spawn_blocking(move || journal::promises(&database, move || clock.now()));
    let promises = asking.await.context("asking PostgreSQL")?.map_err(compose::journal_error)?;
    let durable = crate::promises::durable(&promises, required);
    let remedy = |finding: &Finding| finding.remedy.clone().unwrap_or_default();
    if durable.level == module::Level::Error {
        return Err(misuse(format!("PostgreSQL: {}: {}", durable.what, remedy(&durable))));
    }
    for finding in std::iter::once(durable).chain(crate::promises::beside(&promises)) {
        if finding.level == module::Level::Ok {
            tracing::info!("the journal is in {at}: {}", finding.what);
        } else {
            tracing::warn!("PostgreSQL: {}; {}", finding.what, remedy(&finding));
        }
    }
    Ok(())
}

#[cfg(not(feature = "postgres"))]
async fn examine(_: &Address, _: bool, _: &Context) -> Result<()> {
    Ok(())
}

/// Where the journal is, and the marker that says which one has to be there.
fn home(args: &Serve, loaded: &Loaded, context: &Context) -> Result<(Home, Option<Marker>)> {
    let config = &loaded.config;
    let at = context.address(config)?;
    let marker = context.marker(loaded);
    let expected = match &marker {
        Some(marker) if args.new_journal => marker.begin_anew(&at).map(|()| None)?,
        Some(marker) => marker.expected(&at)?,
        None => None,
    };
    Ok((Home { at, keys: context.keys(config, true)?, expected }, marker))
}

/// Notes that there is a journal, so that it is missed when it goes away.
fn note(marker: Option<&Marker>, at: &Address, journal: Uuid) {
    let noted = match marker {
        Some(marker) => marker.note(at, journal),
        None => Err(anyhow!("the key and the configuration lie in the data folder")),
    };
    if let Err(error) = noted {
        tracing::warn!(
            "that there is a journal could not be noted beside the key, so that one that goes missing is begun anew in \
             silence: {}",
            sentence(&error)
        );
    }
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
