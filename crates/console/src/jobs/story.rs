//! A job's story, laid out for its page.

use askama::Template;
use engine::Story;
use http::Scope;
use http::page::Visit;
use jiff::Timestamp;
use model::{Delivery, Job, JobId, JobState, Name, OnError, Outcome, Step, WaitingOn};

use super::timeline::Timeline;
use crate::show::{Ahead, Chip, When, between, next, next_at, pretty, said_to_all, sent_on, span, tone};

#[derive(Template)]
#[template(path = "job.html")]
pub(super) struct Told<'p> {
    v: &'p Visit,
    job: Job,
    /// What its subject is called.
    who: Option<Name>,
    chip: Chip,
    tone: &'static str,
    next: String,
    next_at: Option<When>,
    /// How far what runs says that it has come.
    ahead: Option<Ahead>,
    /// What its backend said to all that need it.
    said_to_all: Option<String>,
    /// The job that it waits for.
    waits_for: Option<JobId>,
    /// The backend that is paused.
    paused: Option<String>,
    /// The failsafe that holds it.
    held: bool,
    steps: Vec<Part>,
    timeline: Option<Timeline>,
    deliveries: Vec<Sent>,
    document: String,
    result: Option<String>,
    /// What of it cannot be read back.
    damaged: Vec<String>,
    trace: Option<String>,
    accepted: When,
    started: Option<When>,
    ended: Option<When>,
    deadline: Option<When>,
    not_before: Option<When>,
    took: Option<String>,
    waited: Option<String>,
    /// A later job of the same subject and action that succeeded.
    later: Option<JobId>,
    /// The record that says who set it aside.
    aside: Option<i64>,
    /// What modules say of it.
    panels: Vec<String>,
    /// Where it was sent on to, when and by whom.
    moved: Option<String>,
    can: Can,
}

/// What can be done with it by who looks.
#[expect(clippy::struct_excessive_bools, reason = "each is a button of its own")]
struct Can {
    hurry: bool,
    replay: bool,
    aside: bool,
    cancel: bool,
}

impl Can {
    fn new(v: &Visit, job: &Job) -> Self {
        let operates = v.may(Scope::OPERATE);
        let over = job.state.is_terminal();
        Can {
            hurry: operates && job.state == JobState::Retrying && job.head,
            replay: operates && matches!(job.state, JobState::Failed | JobState::Cancelled),
            aside: operates && job.is_dead(),
            cancel: operates && !over && job.cancelled_by.is_none(),
        }
    }

    fn anything(&self) -> bool {
        self.hurry || self.replay || self.aside || self.cancel
    }
}

/// One backend's part.
struct Part {
    step: Step,
    chip: Chip,
    tone: &'static str,
    stops: bool,
    attempts: Vec<Try>,
}

/// One execution.
struct Try {
    number: u32,
    chip: Chip,
    started: When,
    took: Option<String>,
    status: i32,
    code: Option<String>,
    message: Option<String>,
    data: Option<String>,
    log: Option<String>,
    notices: Vec<(String, String)>,
    last: bool,
}

/// Something that left, or is to leave.
struct Sent {
    delivery: Delivery,
    chip: Chip,
    due: Option<When>,
    body: String,
}

impl<'p> Told<'p> {
    pub(super) fn new(
        v: &'p Visit,
        story: Story,
        who: Option<Name>,
        later: Option<JobId>,
        panels: Vec<String>,
        now: Timestamp,
    ) -> Self {
        let over = story.job.state.is_terminal();
        let result = over.then(|| pretty(&api::result(&story.job, &story.answered())));
        let Story { job, body, trace, steps, attempts, deliveries, waiting_on, report, damaged, moved } =
            story;
        let part = |step: Step| Part::new(v, step, &attempts, over);
        let timeline = Timeline::new(v, &job, &steps, &attempts.iter().map(|(attempt, _)| attempt), now);
        Told {
            who,
            panels,
            aside: job.failed.as_ref().and_then(|failed| failed.record).filter(|_| v.may(Scope::ADMIN)),
            chip: Chip::job(v, job.state),
            tone: tone(job.state),
            next: match job.failed.as_ref().and_then(|failed| failed.settled) {
                Some(settled) => v.t(&format!("next-settled-{}", settled.as_str())),
                None => next(v, &waiting_on),
            },
            next_at: next_at(&waiting_on),
            ahead: report.map(|report| Ahead::new(v, &report)),
            said_to_all: said_to_all(&waiting_on).filter(|_| job.message.is_none()),
            waits_for: match waiting_on {
                WaitingOn::Subject { job, .. } => Some(job),
                _ => None,
            },
            held: matches!(waiting_on, WaitingOn::Failsafe { .. }),
            paused: match waiting_on {
                WaitingOn::Pause { backend } => Some(backend),
                _ => None,
            },
            timeline,
            steps: steps.into_iter().map(part).collect(),
            deliveries: deliveries.into_iter().map(|delivery| Sent::new(v, delivery)).collect(),
            document: pretty(&body),
            result,
            damaged,
            trace,
            accepted: job.accepted_at.into(),
            started: job.started_at.map(Into::into),
            ended: job.ended_at.map(Into::into),
            deadline: job.deadline.map(Into::into),
            not_before: job.not_before.map(Into::into),
            took: job.started_at.map(|from| span(v, between(from, job.ended_at.unwrap_or(now)))),
            waited: job.started_at.map(|to| span(v, between(job.accepted_at, to))),
            later: later.filter(|_| matches!(job.state, JobState::Failed | JobState::Cancelled)),
            moved: moved.map(|moved| sent_on(v, &moved)),
            can: Can::new(v, &job),
            v,
            job,
        }
    }

    /// Whether nothing more happens to it.
    pub(super) fn is_over(&self) -> bool {
        self.job.state.is_terminal()
    }
}

impl Part {
    fn new(v: &Visit, step: Step, attempts: &[(model::Attempt, Option<Outcome>)], over: bool) -> Self {
        let own: Vec<_> = attempts.iter().filter(|(attempt, _)| attempt.step == step.index).collect();
        let count = own.len();
        let tries = own.into_iter().enumerate().map(|(place, (attempt, outcome))| {
            let last = place + 1 == count;
            Try::new(v, attempt, outcome.as_ref(), last, over || !last)
        });
        let mut attempts: Vec<Try> = tries.collect();
        attempts.reverse();
        let chip = Chip::step(v, step.state);
        Part { tone: chip.tone, chip, stops: step.on_error == OnError::Stop, attempts, step }
    }
}

impl Try {
    fn new(v: &Visit, attempt: &model::Attempt, outcome: Option<&Outcome>, last: bool, over: bool) -> Self {
        let notice = |notice: &model::Notice| (notice.name.clone(), pretty(&notice.data));
        Try {
            number: attempt.number,
            chip: Chip::outcome(v, attempt.kind, over),
            started: attempt.started_at.into(),
            took: attempt.ended_at.map(|to| span(v, between(attempt.started_at, to))),
            status: attempt.status,
            code: attempt.code.as_ref().map(ToString::to_string),
            message: attempt.message.clone(),
            data: outcome.and_then(|o| o.data.as_ref()).map(pretty),
            log: outcome.and_then(|o| o.log.clone()).filter(|log| !log.trim().is_empty()),
            notices: outcome.map(|o| o.notices.iter().map(notice).collect()).unwrap_or_default(),
            last,
        }
    }
}

impl Sent {
    fn new(v: &Visit, delivery: Delivery) -> Self {
        Sent {
            chip: Chip::delivery(v, delivery.state),
            due: (!delivery.state.is_terminal()).then(|| delivery.due_at.into()),
            body: pretty(&delivery.body),
            delivery,
        }
    }
}
