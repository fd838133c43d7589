//! `intendant run`: the main job, once, in this process.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use api::decode::{self, Beside};
use api::dto::{Progress, Story};
use engine::{Accepted, Actor, Hub};
use journal::{Address, Key};
use model::word::code;
use model::{Effects, JobId, JobState};
use module::Declaration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::follow::Follower;
use crate::cli::Run;
use crate::compose::{self, Home, Parts};
use crate::config::Loaded;
use crate::context::Context;
use crate::document;
use crate::exit::{Exit, misuse};
use crate::logging;
use crate::render::reason::{self, Remedy};
use crate::signals::Signals;

/// Runs the request and prints what became of it.
pub async fn run(args: Run, context: &Context) -> Result<Exit> {
    logging::start_quietly(context)?;
    let loaded = context.configuration()?;
    let config = &loaded.config;
    let mut told = context.told(&loaded);
    told.folder.clone_from(&args.backends);
    let parts = Parts::read(config, &told, &context.modules)?;
    if let Some(folder) = parts.offer.folder.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(misuse(format!(
            "{}: there is no such folder of backends; name one with --backends, or in {}",
            folder.display(),
            loaded.file.as_deref().unwrap_or(Path::new("/etc/intendant/intendant.yml")).display()
        )));
    }
    let document = document::read(&args.request, config.requests.max_size.0)?;
    let beside = Beside { action: args.action.clone(), ..Beside::default() };
    let mut request = decode::request(&document, compose::RUN, &beside, context.clock.now())
        .map_err(|why| misuse(format!("{}: {}", document::name(&args.request), why.message)))?;
    if request.not_before.is_some() {
        let file = document::name(&args.request);
        return Err(misuse(format!(
            "{file}: `run` starts it now: leave out not_before, or use `intendant submit`"
        )));
    }
    request.dry_run |= args.dry_run;

    let (home, _temporary) = home(args.data.as_deref(), &loaded, context)?;
    let parts = if args.data.is_none() { parts.without_waiting() } else { parts };
    let entry = home.enter().await?;
    let (hub, _) = compose::start(entry, parts, Declaration::new(), &context.clock).await?;
    let ended = accept_and_follow(&hub, request, &args, context).await;
    hub.stop(config.stop.grace).await;
    let Some(story) = ended? else { return Ok(Exit::Done) };
    report(&story, &args, context)
}

async fn accept_and_follow(
    hub: &Hub,
    request: model::Request,
    args: &Run,
    context: &Context,
) -> Result<Option<Story>> {
    let action = request.action.clone();
    let mut signals = Signals::listen()?;
    // Heard from before it is accepted, so that nothing of it is missed.
    let (mut events, mut reports) = (hub.events(), hub.reports());
    let job = match hub.accept(request, Effects::default()).await? {
        Accepted::New(job) | Accepted::Known(job, _) => job,
        Accepted::Refused(why) => {
            return Err(misuse(format!("{}: {}", document::name(&args.request), why.message)));
        }
        Accepted::Unclaimed => {
            context
                .screen
                .remark(format!("{action} merely tells something, and no active backend wants to know"));
            return Ok(None);
        }
    };
    let mut follower = Follower::new(&context.screen, !args.json);
    loop {
        let story = Story::from(hub.story(job).await?);
        follower.show(&story)?;
        // With --data the hub that serves the folder goes on with a retry.
        if story.job.state.is_terminal() || story.job.state == JobState::Retrying || was_put_off(&story) {
            return Ok(Some(story));
        }
        tokio::select! {
            heard = hear(&mut events, &mut reports, job, &mut follower) => heard?,
            () = signals.stop_or_hang_up() => {
                context.screen.remark("interrupted: what runs is being ended");
                // It may have ended in this moment: then its own end is told.
                let _ = hub.cancel(job, &Actor("the terminal".to_owned())).await;
            }
        }
    }
}

/// Whether its backend said: not now.
fn was_put_off(story: &Story) -> bool {
    story.job.code.as_ref().is_some_and(|said| code::WAITS.contains(said))
}

/// Resolves when something has happened to the job; what it reports meanwhile is shown.
async fn hear(
    events: &mut Receiver<model::Event>,
    reports: &mut Receiver<Arc<engine::Report>>,
    job: JobId,
    follower: &mut Follower<'_>,
) -> Result<()> {
    loop {
        tokio::select! {
            biased;
            heard = events.recv() => match heard {
                Ok(event) if event.job != Some(job) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return Ok(()),
                Err(RecvError::Closed) => return Err(anyhow!("the hub stopped before job {job} had ended")),
            },
            Ok(report) = reports.recv() => {
                if report.mark.job == job {
                    follower.report(&Progress::from(&*report));
                }
            }
        }
    }
}

fn report(story: &Story, args: &Run, context: &Context) -> Result<Exit> {
    super::submit::print_result(story, args.json, context)?;
    match story.job.state {
        JobState::Succeeded => return Ok(Exit::Done),
        _ if story.job.state == JobState::Retrying || was_put_off(story) => {
            let data = args.data.as_deref().unwrap_or(Path::new("")).display();
            let message = story.job.message.as_deref().unwrap_or("it failed for the moment");
            context
                .screen
                .fail(format!("{message}; it waits in {data} for its retry by the hub that serves it"));
        }
        _ => context.screen.ended(story.job.state.as_str(), reason::sentence(story, Remedy::RunAgain)),
    }
    Ok(Exit::Failed)
}

/// Where the journal is; a temporary folder is removed when the command ends.
fn home(
    data: Option<&Path>,
    loaded: &Loaded,
    context: &Context,
) -> Result<(Home, Option<tempfile::TempDir>)> {
    if let Some(folder) = data {
        let at = Address::from(folder);
        let expected = match context.marker(loaded) {
            Some(marker) if marker.known(&at)?.is_some() => marker.expected(&at)?,
            _ => None,
        };
        let keys = context.keys(&loaded.config, true)?;
        return Ok((Home { at, keys, expected }, None));
    }
    let temporary =
        tempfile::Builder::new().prefix("intendant-run-").tempdir().context("making a temporary folder")?;
    let keys = Key::generate().map_err(compose::journal_error)?.into();
    let home = Home { at: temporary.path().join("journal").into(), keys, expected: None };
    Ok((home, Some(temporary)))
}
