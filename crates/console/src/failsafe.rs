//! The failsafe: what it holds, and the decision on it.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use engine::{HeldSet, Verdict};
use http::page::{Form, Visit};
use http::{May, Operate, Problem, Read};
use jiff::Timestamp;
use model::Destructive;

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
    rows: Vec<Row>,
    more: u64,
}

/// `GET /failsafe/{set}`: exactly what a decision would be about. Not live: it must not change under the reader.
pub(crate) async fn one(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    Path(set): Path<String>,
) -> Result<Response, Problem> {
    let set = console.hub.held_set(&set).await?;
    let jobs = console.hub.held_jobs(&set.name, None, ROWS).await?;
    let rows = Row::all(&visit, &console, jobs).await?;
    let title = set.name.clone();
    let content = One {
        v: &visit,
        more: set.jobs.saturating_sub(rows.len() as u64),
        rows,
        held: Held::new(&visit, set),
    };
    Ok(visit.page(title).show(&content))
}

/// `POST /failsafe/{set}/approve`: lets the jobs run that the reader has seen.
pub(crate) async fn approve(
    State(console): State<Console>,
    May { caller, .. }: May<Operate>,
    Path(set): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
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
