//! `intendant jobs watch`: one job until it has ended, or all jobs for as long as somebody looks.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use api::Client;
use api::client::Listener;
use api::dto::{Event, EventQuery, News, Progress, Story};
use jiff::Timestamp;
use model::word::code;
use model::{EventKind, EventsCursor, JobId, JobState};
use module::patience::{self, Patience};
use serde::Serialize;

use super::find;
use super::submit::follow;
use crate::cli::Watch;
use crate::context::Context;
use crate::exit::Exit;
use crate::render::reason::{self, Remedy};
use crate::render::{Mark, Times, progress, text};

/// Columns for what happened, before what it is about.
const WORDS: usize = 28;
/// Between two lines that say how far a job has come.
const BETWEEN: Duration = Duration::from_secs(5);
/// Jobs whose names are remembered.
const REMEMBERED: usize = 1000;

/// Follows what happens.
pub async fn run(args: Watch, context: &Context) -> Result<Exit> {
    let client = context.client()?;
    let job = match args.job.clone() {
        Some(name) => Some(find::job(name, &client).await?),
        None => None,
    };
    match job {
        Some(job) if !args.json && args.after.is_none() => one(job, &client, context).await,
        job => events(job, args, &client, context).await,
    }
}

async fn one(job: JobId, client: &Client, context: &Context) -> Result<Exit> {
    let story = follow(job, false, client, context).await?;
    if story.job.state == JobState::Succeeded {
        return Ok(Exit::Done);
    }
    context.screen.ended(story.job.state.as_str(), reason::sentence(&story, Remedy::Retry));
    Ok(Exit::Failed)
}

/// Events as they come. When the hub goes away it is waited for, and nothing in between is missed.
async fn events(job: Option<JobId>, args: Watch, client: &Client, context: &Context) -> Result<Exit> {
    let mut names = Names::default();
    let mut query = EventQuery { after: args.after.clone(), job };
    if let (Some(id), None) = (job, &args.after) {
        let state = client.job(id).await?.job.state;
        if state.is_terminal() {
            context.screen.remark(format!("job {id} has ended: {}", state.as_str()));
            return Ok(Exit::of(state == JobState::Succeeded));
        }
        // From its beginning: what happens until the stream has begun is not missed.
        query.after = Some(EventsCursor::default());
    }
    let mut hub = Patience::default();
    loop {
        let gone = match client.news(&query).await {
            Ok(mut listener) => {
                hub.answered().into_iter().for_each(|words| context.screen.remark(words));
                while let Ok(Some(news)) = listener.next().await {
                    let event = match news {
                        News::Event(event) => event,
                        News::Progress(said) if args.json => {
                            context.screen.json(&said)?;
                            continue;
                        }
                        News::Progress(said) => {
                            if names.tells(&said, context.clock.instant()) {
                                context.screen.line(names.progress(&said, client, context).await)?;
                            }
                            continue;
                        }
                    };
                    let ended = event.job == job && job.is_some() && ends(event.kind);
                    if args.json {
                        context.screen.json(&Line::new(&event, &listener))?;
                    } else {
                        context.screen.line(names.line(&event, client, context).await)?;
                    }
                    if ended {
                        return Ok(Exit::of(event.kind == EventKind::Succeeded));
                    }
                }
                query.after = listener.seen().cloned().or(query.after);
                None
            }
            Err(error) => Some(error),
        };
        hub.bear(gone)?.into_iter().for_each(|words| context.screen.remark(words));
        context.clock.sleep(patience::PAUSE).await;
    }
}

/// An event as `--json` prints it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: &'a Event,
    /// What `--after` takes to go on behind it.
    position: Option<String>,
}

impl<'a> Line<'a> {
    fn new(event: &'a Event, listener: &Listener) -> Self {
        Line { event, position: listener.seen().map(ToString::to_string) }
    }
}

fn ends(kind: EventKind) -> bool {
    matches!(kind, EventKind::Succeeded | EventKind::Failed | EventKind::Cancelled | EventKind::Superseded)
}

/// What jobs are called, so that an event can be read by a person.
#[derive(Default)]
struct Names {
    known: HashMap<JobId, Story>,
    /// When each said last how far it has come.
    said: HashMap<JobId, Instant>,
}

impl Names {
    async fn line(&mut self, event: &Event, client: &Client, context: &Context) -> String {
        let (mark, words) = describe(event.kind);
        let story = match event.job {
            Some(job) => self.story(job, event.step, client).await,
            None => None,
        };
        let backend = event
            .step
            .and_then(|place| Some(story?.steps.iter().find(|s| s.index == place)?.backend.as_str()));
        let what = about(story, event.job);
        let action =
            story.filter(|_| event.kind == EventKind::Accepted).map(|story| format!(" {}", story.job.action));
        let attempt = |number: u32| format!(", {}", context.screen.say(&format!("attempt {number}")));
        let number = event.attempt.filter(|number| *number > 1).map(attempt);
        let code = event.code.as_ref().filter(|code| ![code::FAILED, code::STOPPED].contains(code));
        let words = context.screen.say(words);
        let words = format!(
            "{}{words}{}{}{}",
            backend.map(|name| format!("{name} ")).unwrap_or_default(),
            action.unwrap_or_default(),
            number.unwrap_or_default(),
            code.map(|code| format!(" ({code})")).unwrap_or_default()
        );
        line(event.at.0, mark, &words, &what, context)
    }

    /// Whether a job that says how far it has come has not done so for a while: lines stay, so they are few.
    fn tells(&mut self, said: &Progress, now: Instant) -> bool {
        if self.said.len() >= REMEMBERED {
            self.said.clear();
        }
        let before = self.said.get(&said.job);
        let tells = before.is_none_or(|before| now.duration_since(*before) >= BETWEEN);
        if tells {
            self.said.insert(said.job, now);
        }
        tells
    }

    async fn progress(&mut self, said: &Progress, client: &Client, context: &Context) -> String {
        let story = self.story(said.job, Some(said.step), client).await;
        let what = about(story, Some(said.job));
        line(said.at.0, Mark::Busy, &progress::words(said, &context.screen.look()), &what, context)
    }

    /// Read again once the plan is known: what is about a step names a backend.
    async fn story(&mut self, job: JobId, step: Option<u16>, client: &Client) -> Option<&Story> {
        let known = self.known.get(&job).is_some_and(|story| step.is_none() || !story.steps.is_empty());
        if !known {
            if self.known.len() >= REMEMBERED {
                self.known.clear();
            }
            if let Ok(story) = client.job(job).await {
                self.known.insert(job, story);
            }
        }
        self.known.get(&job)
    }
}

/// What a line is about: the subject of its job.
fn about(story: Option<&Story>, job: Option<JobId>) -> String {
    let subject = story.and_then(|story| story.job.subject.as_ref()).map(ToString::to_string);
    subject.or(job.map(|job| job.to_string())).unwrap_or_default()
}

fn line(at: Timestamp, mark: Mark, words: &str, what: &str, context: &Context) -> String {
    let paint = context.screen.out;
    let line = format!("{}  {}", text::pad(&text::one_line(words), WORDS), text::one_line(what));
    let line = text::cut(line.trim_end(), context.screen.width.saturating_sub(16));
    format!("{}  {} {line}", paint.dim(&Times::local().clock(at)), mark.paint(paint, mark.sign()))
}

fn describe(kind: EventKind) -> (Mark, &'static str) {
    match kind {
        EventKind::Accepted => (Mark::Idle, "accepted"),
        EventKind::StepStarted => (Mark::Busy, "started"),
        EventKind::StepSucceeded => (Mark::Good, "done"),
        EventKind::StepSoft => (Mark::Warn, "failed for now"),
        EventKind::StepSkipped => (Mark::Idle, "skipped"),
        EventKind::Requeued => (Mark::Idle, "back in the queue"),
        EventKind::Retrying => (Mark::Warn, "waits for its retry"),
        EventKind::Succeeded => (Mark::Good, "succeeded"),
        EventKind::StepFailed | EventKind::Failed => (Mark::Bad, "failed"),
        EventKind::Cancelled => (Mark::Idle, "cancelled"),
        EventKind::Superseded => (Mark::Idle, "superseded"),
        EventKind::Refused => (Mark::Bad, "refused"),
        EventKind::Paused => (Mark::Warn, "paused"),
        EventKind::Resumed => (Mark::Good, "resumed"),
        EventKind::Undeliverable => (Mark::Bad, "undeliverable"),
        EventKind::Held => (Mark::Warn, "held by the failsafe"),
        EventKind::Approved => (Mark::Good, "approved"),
        EventKind::Rejected => (Mark::Bad, "rejected"),
        EventKind::Tripped => (Mark::Bad, "keeps failing, left alone"),
        EventKind::Recovered => (Mark::Good, "works again"),
        EventKind::Waiting => (Mark::Idle, "not now, its backend says"),
    }
}
