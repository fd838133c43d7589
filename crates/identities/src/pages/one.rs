//! An identity: where it stands, what can be done, its document, its history, what each backend said.

use std::time::Duration;

use crate::ReadIdentities;
use askama::Template;
use axum::extract::State as Extract;
use axum::response::{IntoResponse as _, Response};
use engine::Story;
use http::page::{Form, Visit, When};
use http::{May, Named, Operate, Problem, Scope};
use model::{Job, JobState};

use super::Pages;
use super::show::{Act, Button, Chip, pretty, tone, word};
use super::wait::Waits;
use crate::document;
use crate::error::Error;
use crate::register::{Report, Selection};
use crate::state::{Deed, State};

/// Jobs that are shown.
const JOBS: u32 = 20;
/// How long a form waits for a password to be set.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Template)]
#[template(path = "one.html")]
struct One<'p> {
    v: &'p Visit,
    id: String,
    name: String,
    chip: Chip,
    tone: &'static str,
    next: String,
    uid: Option<String>,
    /// What its oldest job that has not ended waits for.
    waits: Option<Waits>,
    missing: Vec<&'static str>,
    disabled: bool,
    message: Option<String>,
    buttons: Vec<Button>,
    may_edit: bool,
    may_reset: bool,
    /// Where its data is erased, by whoever may.
    erase: Option<String>,
    synchronised: Option<When>,
    created: (String, When),
    updated: (String, When),
    fingerprint: String,
    document: String,
    /// The last job about it, with what each backend said.
    last: Option<Told>,
    jobs: Vec<Row>,
}

/// A job in the history.
struct Row {
    job: Job,
    chip: Chip,
    at: When,
}

impl Row {
    fn new(v: &Visit, job: Job) -> Self {
        Row { chip: Chip::job(v, job.state), at: job.accepted_at.into(), job }
    }
}

/// What each backend said in a job.
struct Told {
    job: Job,
    steps: Vec<(String, &'static str, Option<String>)>,
}

impl Told {
    fn new(story: Story) -> Self {
        let tone = |state: model::StepState| match state {
            model::StepState::Succeeded => "good",
            model::StepState::Failed => "bad",
            model::StepState::Running => "busy",
            model::StepState::Pending | model::StepState::Skipped => "idle",
        };
        let steps = story.steps.into_iter().map(|step| {
            let said = story.attempts.iter().rev().find(|(attempt, _)| attempt.step == step.index);
            let message = said.and_then(|(attempt, _)| attempt.message.clone()).or(step.message);
            (step.backend, tone(step.state), message)
        });
        Told { steps: steps.collect(), job: story.job }
    }
}

/// `GET /identities/{id}`.
pub(super) async fn show(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<ReadIdentities>,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    let register = &pages.register;
    let identity = register.get(&id).await?;
    let jobs = register.last_jobs(&identity.id, JOBS).await?;
    let waits = match jobs.iter().rev().find(|job| !job.state.is_terminal()) {
        Some(job) => Waits::new(&visit, job, register.hub().waiting_on(job).await?),
        None => None,
    };
    let last = match jobs.first() {
        Some(job) => match register.hub().story(job.id).await {
            Ok(story) => Some(Told::new(story)),
            // Its time was over between the two looks.
            Err(engine::Error::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let operates = visit.may(Scope::OPERATE);
    let fitting = Act::ALL.into_iter().filter(|act| operates && act.fits(&identity));
    let buttons = fitting.enumerate().map(|(place, act)| {
        // What helps comes first where it waits.
        let helped = waits.as_ref().is_some_and(|waits| waits.help.is_some());
        Button::new(&visit, act, place == 0 && !helped && !act.is_dangerous())
    });
    let kept = &identity.kept;
    let may_erase = identity.state == State::Deleted && visit.may(Scope::ADMIN);
    let in_error = identity.state == State::InError;
    let content = One {
        v: &visit,
        name: document::person(&kept.document, "cn").unwrap_or_else(|| identity.id.clone()),
        chip: Chip::state(&visit, identity.state),
        tone: if waits.as_ref().is_some_and(|waits| waits.stuck) { "warn" } else { tone(identity.state) },
        uid: document::account(&kept.document),
        next: visit.t(&format!("state-{}-next", word(identity.state))),
        buttons: buttons.collect(),
        waits,
        missing: document::missing(&kept.document),
        disabled: kept.disabled,
        message: kept.last.clone().filter(|_| in_error).and_then(|last| last.message),
        may_edit: operates,
        may_reset: operates && identity.situation().allows(Deed::PasswordReset).is_ok(),
        erase: may_erase.then(|| format!("/identities/{}/erase", identity.id)),
        synchronised: kept.synchronised_at.map(Into::into),
        created: (kept.created.by.clone(), kept.created.at.into()),
        updated: (kept.updated.by.clone(), kept.updated.at.into()),
        fingerprint: kept.fingerprint.clone(),
        document: pretty(&identity.document(identity.state.number())),
        last,
        jobs: jobs.into_iter().map(|job| Row::new(&visit, job)).collect(),
        id: identity.id,
    };
    Ok(visit.page(content.name.as_str()).live("on=jobs").show(&content))
}

/// `POST /identities/{id}`: presses one of its buttons.
pub(super) async fn act(
    Extract(pages): Extract<Pages>,
    May { caller, .. }: May<Operate>,
    Named(id): Named<String>,
    form: Form,
) -> Result<Response, Problem> {
    let act = form.get("do").and_then(Act::of_word);
    let act = act.ok_or_else(|| Problem::bad_request("the form does not say what is to be done"))?;
    let selection = Selection::Ids(vec![id.clone()]);
    let report = match act {
        Act::Move(state) => pages.register.move_to(selection, state, &caller.actor).await?,
        Act::Ask(deed) => pages.register.carry_out(selection, deed, &caller.actor).await?,
    };
    let Report { examples, .. } = report;
    if let Some(left) = examples.into_iter().next() {
        return Err(Problem::taken(format!("identity {}: {}", left.id, left.message)));
    }
    Ok(Visit::said(&format!("/identities/{id}"), &format!("identities-{}", act.word()), 1).into_response())
}

/// `POST /identities/{id}/password`: resets it, and says how that went.
pub(super) async fn password(
    Extract(pages): Extract<Pages>,
    May { caller, .. }: May<Operate>,
    Named(id): Named<String>,
    form: Form,
) -> Result<Response, Problem> {
    let new = form.raw("new").filter(|new| !new.is_empty());
    let new = new.ok_or_else(|| Error::BadDocument("the new password is empty".to_owned()))?;
    if form.raw("again") != Some(new) {
        return Err(Problem::bad_request("the two passwords are not the same: nothing was set"));
    }
    let job = pages.register.password(&id, new, None, &caller.actor).await?;
    let ended = pages.register.hub().wait(job, PATIENCE).await?;
    if ended.state == JobState::Succeeded {
        return Ok(Visit::said(&format!("/identities/{id}"), "identities-password", 1).into_response());
    }
    Ok(Visit::said(&format!("/jobs/{job}"), "identities-password-failed", 1).into_response())
}
