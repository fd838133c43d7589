//! What happened to a job as a tree of spans. Pure. Ids follow from those of job, attempt and delivery, so that what is
//! told in pieces, or twice after a restart, is one tree all the same.

use engine::Story;
use jiff::Timestamp;
use model::trace::TraceParent;
use model::{Attempt, DeliveryId, JobId, JobState, OutcomeKind, Step};
use ring::digest::{SHA256, digest};

/// A piece of work with a beginning and an end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) trace: [u8; 16],
    pub(super) id: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) attributes: Vec<(&'static str, Value)>,
    /// Why it failed, in the words that are in clear anyway; `None` = it did not.
    pub(super) failure: Option<String>,
}

/// The part that a span plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Internal,
    Client,
    Producer,
    Consumer,
}

/// What a span says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Number(number.into())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Value::Number(number.into())
    }
}

/// A try to deliver something.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) delivery: DeliveryId,
    pub(super) job: JobId,
    pub(super) courier: String,
    /// How often it had been tried before.
    pub(super) before: u32,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) failure: Option<String>,
}

/// To which trace the spans of a job belong.
struct InTrace {
    trace: [u8; 16],
    /// The span of the caller.
    parent: Option<[u8; 8]>,
    /// The job's own span.
    job: [u8; 8],
}

impl InTrace {
    /// `None`: the caller does not want this trace to be kept.
    fn of(job: JobId, trace: Option<&str>) -> Option<Self> {
        let own = id(&["job", &job.to_string()]);
        match trace.and_then(|trace| trace.parse::<TraceParent>().ok()) {
            Some(caller) => {
                caller.sampled.then_some(InTrace { trace: caller.trace, parent: Some(caller.span), job: own })
            }
            None => Some(InTrace { trace: *job.0.as_bytes(), parent: None, job: own }),
        }
    }

    fn child(&self, id: [u8; 8], name: String, kind: Kind, start: Timestamp, end: Timestamp) -> Span {
        let (trace, parent) = (self.trace, Some(self.job));
        Span { trace, id, parent, name, kind, start, end, attributes: Vec::new(), failure: None }
    }
}

/// The spans of a job that has ended. `accepted` is when its acceptance was known to be on disk.
pub(super) fn of_job(story: &Story, accepted: Option<Timestamp>) -> Vec<Span> {
    let job = &story.job;
    let Some(at) = InTrace::of(job.id, story.trace.as_deref()) else { return Vec::new() };
    let text = job.id.to_string();
    let end = job.ended_at.unwrap_or(job.accepted_at);
    let mut attributes = vec![
        ("intendant.job", text.as_str().into()),
        ("intendant.action", job.action.as_str().into()),
        ("intendant.source", job.source.as_str().into()),
        ("intendant.state", job.state.as_str().into()),
    ];
    attributes
        .extend(job.subject.as_ref().map(|subject| ("intendant.subject", Value::Text(subject.to_string()))));
    attributes.extend(job.dry_run.then(|| ("intendant.dry_run", "true".into())));
    attributes.extend(job.code.as_ref().map(|code| ("intendant.code", code.as_str().into())));
    let failed = job.state == JobState::Failed;
    let whole = Span {
        parent: at.parent,
        attributes,
        failure: failed.then(|| job.message.clone().unwrap_or_default()),
        ..at.child(at.job, format!("job {}", job.action), Kind::Consumer, job.accepted_at, end)
    };
    let committed = accepted.unwrap_or(job.accepted_at).max(job.accepted_at);
    let accept =
        at.child(id(&["accept", &text]), "accept".to_owned(), Kind::Internal, job.accepted_at, committed);
    let attempts = story.attempts.iter().map(|(attempt, _)| of_attempt(&at, &text, attempt, &story.steps));
    [whole, accept].into_iter().chain(attempts).collect()
}

fn of_attempt(at: &InTrace, job: &str, attempt: &Attempt, steps: &[Step]) -> Span {
    let backend = steps.iter().find(|step| step.index == attempt.step).map(|step| step.backend.as_str());
    let backend = backend.unwrap_or_default();
    let mut attributes = vec![
        ("intendant.backend", backend.into()),
        ("intendant.attempt", attempt.number.into()),
        ("intendant.status", attempt.status.into()),
    ];
    attributes.extend(attempt.kind.map(|kind| ("intendant.outcome", kind.as_str().into())));
    attributes.extend(attempt.code.as_ref().map(|code| ("intendant.code", code.as_str().into())));
    let failed = !matches!(attempt.kind, Some(OutcomeKind::Done | OutcomeKind::Wait));
    let number = attempt.number.to_string();
    let id = id(&["attempt", job, &attempt.step.to_string(), &number]);
    let end = attempt.ended_at.unwrap_or(attempt.started_at);
    Span {
        attributes,
        failure: failed.then(|| attempt.message.clone().unwrap_or_default()),
        ..at.child(id, format!("attempt {backend}"), Kind::Client, attempt.started_at, end)
    }
}

/// The span of a try to deliver; `trace` is what the job's caller said.
pub(super) fn of_delivery(tried: &Tried, trace: Option<&str>) -> Option<Span> {
    let at = InTrace::of(tried.job, trace)?;
    let delivery = tried.delivery.0.to_string();
    let id = id(&["delivery", &delivery, &tried.before.to_string()]);
    let attributes = vec![
        ("intendant.delivery", delivery.as_str().into()),
        ("intendant.courier", tried.courier.as_str().into()),
        ("intendant.attempt", tried.before.saturating_add(1).into()),
    ];
    let name = format!("deliver {}", tried.courier);
    let span = at.child(id, name, Kind::Producer, tried.start, tried.end);
    Some(Span { attributes, failure: tried.failure.clone(), ..span })
}

/// The id of a span: the beginning of a hash of what it is about.
fn id(parts: &[&str]) -> [u8; 8] {
    let hash = digest(&SHA256, parts.join("/").as_bytes());
    hash.as_ref().first_chunk().copied().unwrap_or([1; 8])
}
