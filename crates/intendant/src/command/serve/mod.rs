//! `intendant serve`: the hub.

mod disk;
mod drain;
mod keys;
mod life;
mod listeners;
mod pages;
mod report;
mod room;
mod standby;

use anyhow::{Context as _, Result, anyhow};
use engine::Hub;
use http::Phrases;
use http::listen::tcp::Tls;
use journal::{Address, End, Entry};
use module::{Declaration, Finding, Offer, Role};
use uuid::Uuid;

use crate::assembly::Assembly;
use crate::cli::Serve;
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
use life::{Ended, Losses};

/// Serves in the place of an older program. What is wrong with the settings ends it with 1, as it ends the original: its
/// unit knows no other code.
pub async fn in_role(role: Role, args: Serve, context: &Context) -> Result<Exit> {
    let served = match Taken::read(role, context.environment()) {
        Ok(role) => run(args, &context.in_the_place_of(role)).await,
        Err(error) => Err(error),
    };
    served.map_err(|error| anyhow!(whole(&error)))
}

/// Serves until told to stop. When a life of the journal is over, since another hub has taken over, the database has lost what
/// it had confirmed, or this hub was told to lay down its work, the next one begins, with nothing of the one before.
pub async fn run(args: Serve, context: &Context) -> Result<Exit> {
    let context = &context.with_noop(args.noop.clone());
    let mut loaded = context.configuration()?;
    let level = start_log(&loaded, context)?;
    let mut signals = Signals::listen()?;
    systemd::keep_saying_that_it_lives(&context.clock);
    let french = context.modules.french();
    let (mut losses, mut new_journal, mut drained) = (Losses::default(), args.new_journal, false);
    loop {
        let Doors { rules, tls } = Doors::read(&loaded, context)?;
        let start = Start { new_journal, drained, loaded: &loaded, tls, context, french };
        let Some(started) = room::start(&start, &mut signals).await? else {
            tracing::info!("stopped");
            return Ok(Exit::Done);
        };
        match life::live(&start, started, rules, level.clone(), &mut signals, &mut losses).await? {
            Ended::Stopped => return Ok(Exit::Done),
            Ended::Drained => {
                drained = true;
                tracing::info!(
                    "the work is laid down: this hub takes none until it is resumed or started anew"
                );
            }
            Ended::Over { why, drained: was_drained } => {
                drained = was_drained;
                if let End::Lost(commits) = why {
                    losses.add(commits);
                }
                tracing::warn!("what this hub knew is forgotten: it begins a new life");
            }
        }
        // It has been begun.
        new_journal = false;
        match context.configuration() {
            Ok(fresh) => loaded = fresh,
            Err(error) => tracing::warn!("the configuration stays as it was: {}", sentence(&error)),
        }
    }
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
    /// Another journal than the one that was there may be begun.
    new_journal: bool,
    /// It takes no work until somebody says that it may.
    drained: bool,
    loaded: &'a Loaded,
    tls: Option<Tls>,
    context: &'a Context,
    /// What becomes of all texts in French: made once.
    french: &'static Phrases,
}

impl Start<'_> {
    /// Starts the hub from the place that it has among those of its journal, or takes one: one that stands by is handed back.
    /// `quiet`: what it is made of was said before.
    async fn hub(&self, place: Option<Entry>, quiet: bool) -> Result<Begun> {
        let Start { new_journal, drained, loaded, context, .. } = *self;
        let config = &loaded.config;
        let mut said = Declaration::new();
        let Plan { parts, .. } = Plan::read(loaded, context, &mut said)?;
        let marker = context.marker(loaded);
        let at = context.address(config)?;
        let expected = match &marker {
            // Whoever has a place among its hubs has found the journal.
            _ if place.is_some() => None,
            Some(marker) if new_journal => marker.begin_anew(&at).map(|()| None)?,
            Some(marker) => marker.expected(&at)?,
            None => None,
        };
        let home = Home { at, keys: context.keys(config, true)?, expected };
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
        let entry = match place {
            Some(entry) => entry,
            None => home.stand_by(drained, config.journal.all_work).await?,
        };
        if !entry.is_at_work() {
            return Ok(Begun::StandsBy(entry));
        }
        let (hub, assembly) = compose::start(entry, parts, said, &context.clock).await?;
        if config.journal.durable {
            note(marker.as_ref(), &at, hub.journal().id());
        }
        Ok(Begun::Works(hub, assembly))
    }
}

/// How a start begins.
enum Begun {
    /// The hub works.
    Works(Hub, Assembly),
    /// Another one is at work.
    StandsBy(Entry),
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
