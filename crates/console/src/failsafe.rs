//! The failsafe: what it holds, and the decision on it.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::{HeldSet, Verdict};
use http::page::{Agree, Disagreed, Form, Lost, Told, Visit};
use http::{May, Operate, Problem, Read};
use jiff::Timestamp;
use model::{Destructive, Job};

use crate::Console;
use crate::jobs::Row;
use crate::show::{Chip, When, span};

/// Jobs of a set that are shown.
const ROWS: usize = 200;

/// A set, as its page and the list show it.
struct Held {
    chip: Chip,
    since: When,
    /// Why it is held, in a sentence.
    why: String,
    decided: Option<When>,
    set: HeldSet,
}

impl Held {
    fn new(v: &Visit, set: HeldSet) -> Self {
        let (tone, word) = match set.decision.as_ref().map(|decision| decision.verdict) {
            None => ("warn", "failsafe-waits"),
            Some(Verdict::Approved) => ("good", "failsafe-approved"),
            Some(Verdict::Rejected) => ("idle", "failsafe-rejected"),
        };
        let args = [
            ("kind", kind(set.kind).into()),
            ("n", set.count.into()),
            ("cap", set.cap.into()),
            ("backend", set.backend.as_str().into()),
            ("window", span(v, set.window).into()),
        ];
        Held {
            chip: Chip { tone, word: v.t(word) },
            since: set.since.into(),
            why: v.say("failsafe-why", &args),
            decided: set.decision.as_ref().map(|decision| decision.at.into()),
            set,
        }
    }
}

/// The word of the messages for what is destroyed.
fn kind(kind: Destructive) -> &'static str {
    match kind {
        Destructive::Delete => "delete",
        Destructive::Disable => "disable",
    }
}

/// A cap, and how much of it is used on a backend.
struct Used {
    kind: &'static str,
    backend: String,
    count: u32,
    cap: Option<u32>,
}

#[derive(Template)]
#[template(path = "failsafe.html")]
struct List<'p> {
    v: &'p Visit,
    sets: Vec<Held>,
    used: Vec<Used>,
    /// Caps on what is destroyed, in words; none = the failsafe is off.
    caps: Vec<String>,
    sources: String,
}

/// `GET /failsafe`.
pub(crate) async fn list(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
) -> Result<Response, Problem> {
    let view = console.hub.failsafe();
    let rule = view.rule;
    let cap_of = |of: Destructive| match of {
        Destructive::Delete => rule.delete,
        Destructive::Disable => rule.disable,
    };
    let in_words = |of: Destructive| {
        let args = [
            ("kind", kind(of).into()),
            ("n", cap_of(of).filter(|_| rule.window > Duration::ZERO)?.into()),
            ("window", span(&visit, rule.window).into()),
        ];
        Some(visit.say("failsafe-cap", &args))
    };
    let used = |(of, backend, count): (Destructive, String, u32)| Used {
        kind: kind(of),
        backend,
        count,
        cap: cap_of(of),
    };
    let sets = console.hub.held_sets().await?;
    let content = List {
        v: &visit,
        sets: sets.into_iter().map(|set| Held::new(&visit, set)).collect(),
        caps: [Destructive::Delete, Destructive::Disable].into_iter().filter_map(in_words).collect(),
        sources: rule.sources.join(", "),
        used: view.counts.into_iter().map(used).collect(),
    };
    Ok(visit.page(visit.t("failsafe")).live("on=all").show(&content))
}

#[derive(Template)]
#[template(path = "held.html")]
struct One<'p> {
    v: &'p Visit,
    held: Held,
    lost: Loss<'p>,
    agree: Agree,
    rows: Vec<Row>,
    more: u64,
}

/// What will be lost.
struct Loss<'p> {
    /// The same in a sentence.
    sentence: String,
    /// What the deciding buttons say.
    approve: String,
    reject: String,
    told: Told<'p>,
}

impl<'p> Loss<'p> {
    async fn of(console: &Console, v: &'p Visit, set: &HeldSet, jobs: &[Job]) -> Result<Self, Problem> {
        let known = console.hub.names_in(jobs).await?;
        let mut lost = Lost::default();
        for job in jobs {
            let name = known.of(job.subject.as_ref()).map(|name| name.as_str().to_owned());
            let name = name.or_else(|| job.subject.as_ref().map(ToString::to_string));
            // What cannot be read is shown on the job's own page.
            let body = console.hub.body(job.id).await.ok();
            lost.add(name.unwrap_or_else(|| job.id.to_string()), body.as_ref());
        }
        let args = [
            ("kind", kind(set.kind).into()),
            ("what", noun(jobs).into()),
            ("n", set.jobs.into()),
            ("backend", set.backend.as_str().into()),
        ];
        Ok(Loss {
            sentence: v.say("failsafe-lost", &args),
            approve: v.say("failsafe-approve", &args),
            reject: v.say("failsafe-reject", &args),
            told: lost.told(v, set.jobs),
        })
    }
}

/// What the jobs are about, as far as it is the same for all.
fn noun(jobs: &[Job]) -> &'static str {
    let people = |job: &Job| job.subject.as_ref().is_some_and(|subject| subject.kind() == "identity");
    if !jobs.is_empty() && jobs.iter().all(people) { "people" } else { "subjects" }
}

/// `GET /failsafe/{set}`: exactly what a decision would be about. Not live: it must not change under the reader.
pub(crate) async fn one(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    Path(set): Path<String>,
) -> Result<Response, Problem> {
    page(&console, &visit, &set, None).await
}

async fn page(
    console: &Console,
    visit: &Visit,
    set: &str,
    wrong: Option<Disagreed>,
) -> Result<Response, Problem> {
    let set = console.hub.held_set(set).await?;
    let jobs = console.hub.held_jobs(&set.name, None, ROWS).await?;
    let lost = Loss::of(console, visit, &set, &jobs).await?;
    let rows = Row::all(visit, console, jobs).await?;
    let title = set.name.clone();
    let content = One {
        v: visit,
        lost,
        agree: Agree::new(visit, set.jobs, wrong),
        more: set.jobs.saturating_sub(rows.len() as u64),
        rows,
        held: Held::new(visit, set),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(title).status(status).show(&content))
}

/// `POST /failsafe/{set}/approve`: lets the jobs run that the reader has seen.
pub(crate) async fn approve(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Path(set): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    if let Err(why) = Agree::given(&form) {
        return page(&console, &visit, &set, Some(why)).await;
    }
    let decided = console.hub.approve(&set, through(&form)?, &caller.actor).await?;
    Ok(said("approved", decided.jobs))
}

/// `POST /failsafe/{set}/reject`: cancels them.
pub(crate) async fn reject(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(set): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let decided = console.hub.reject(&set, through(&form)?, &caller.actor).await?;
    Ok(said("rejected", decided.jobs))
}

fn said(key: &str, jobs: u64) -> Response {
    Visit::said("/failsafe", key, usize::try_from(jobs).unwrap_or(usize::MAX)).into_response()
}

/// The last job that the reader has seen.
fn through(form: &Form) -> Result<Timestamp, Problem> {
    let through = form.get("through").and_then(|through| through.parse().ok());
    through.ok_or_else(|| {
        Problem::bad_request("the decision does not say what was looked at: open the set anew")
    })
}
