//! From a decoded request to a job that can be journaled: size, schema, subject, secrets.

pub(crate) mod table;

use std::sync::Arc;

use jiff::Timestamp;
use journal::{ExternalId, NewJob};
use model::redact::{SecretSet, take_secrets};
use model::word::code;
use model::{ActionSpec, Code, Job, JobId, JobState, Request, Seq, Subject};
use model::{believe, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use self::table::Action;

/// Why a request cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// As a code.
    pub code: Code,
    /// In a sentence that says what to do, free of the message's values.
    pub message: String,
}

impl Why {
    /// Its id was used before, for this job, with other data.
    pub(crate) fn id_reused(job: JobId) -> Self {
        let message = format!("this id was used before, for job {job}, with other data: use a new id");
        Why { code: code::ID_REUSED, message }
    }
}

/// A request that passed: what goes to the journal, and the same ready for the runner.
pub(crate) struct Taken {
    pub(crate) new: NewJob,
    pub(crate) loaded: Loaded,
}

/// A job with everything needed to run it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) job: Job,
    /// Masked.
    pub(crate) body: Arc<Value>,
    pub(crate) secrets: Arc<SecretSet>,
    pub(crate) replies: Vec<Value>,
    /// What it takes in memory, roughly.
    pub(crate) size: usize,
}

/// What the journal keeps as a job's body.
#[derive(Serialize)]
struct EnvelopeRef<'a> {
    body: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
}

/// The same, read back.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) body: Value,
    #[serde(default)]
    pub(crate) trace: Option<String>,
}

/// Bytes of memory that a request takes, about; or why it could not be read back from the journal.
pub(crate) fn weigh(request: &Request) -> Result<usize, Why> {
    json::check(&request.body)
        .map_err(|bad| Why { code: bad.code(), message: format!("{} cannot be kept: {bad}", request.action) })
}

/// Checks a request and takes it apart. Pure: time, id and limits are arguments, and what [`weigh`] gave.
pub(crate) fn take(
    request: Request,
    weight: usize,
    action: &Action,
    max: usize,
    now: Timestamp,
    id: JobId,
) -> Result<Taken, Why> {
    let spec = &action.spec;
    let violations = action.violations(&request.body);
    if !violations.is_empty() {
        let message = format!("{} does not fit its schema: {}", request.action, violations.join("; "));
        return Err(Why { code: code::INVALID_PAYLOAD, message });
    }
    check_times(&request, now)?;
    let subject = match request.subject {
        Some(subject) => Some(subject),
        None => find_subject(&request.body, spec),
    };
    named("subject", subject.as_ref().map(Subject::as_str))?;
    named("external id", request.external_id.as_deref())?;
    let external_id = request.external_id.as_ref().map(|value| ExternalId {
        value: value.clone(),
        content: fingerprint(&request.action, request.dry_run, &request.body),
        formerly: if request.dry_run {
            fingerprint(&request.action, true, &request.body)
        } else {
            fingerprint_in_order(&request.action, &request.body)
        },
    });
    let mut body = request.body;
    let secrets = take_secrets(&mut body, &spec.secrets);
    let bytes = encode(&EnvelopeRef { body: &body, trace: request.trace.as_deref() })?;
    if bytes.len() > max {
        let message = format!(
            "{} is {} bytes long, more than the {max} that requests.max_size or its source's own max_size allows",
            request.action,
            bytes.len()
        );
        return Err(Why { code: code::TOO_LARGE, message });
    }
    let reply = request.reply.as_ref().map(encode).transpose()?;
    let class = request.class.unwrap_or(spec.class);
    let job = Job {
        id,
        seq: Seq(0),
        source: request.source.clone(),
        external_id: request.external_id,
        action: request.action.clone(),
        subject: subject.clone(),
        class,
        state: JobState::Queued,
        head: false,
        lane: request.action.clone(),
        due_at: request.not_before.map_or(now, |time| time.max(now)),
        deadline: request.deadline,
        not_before: request.not_before,
        dry_run: request.dry_run,
        status: 0,
        code: None,
        message: None,
        accepted_at: now,
        started_at: None,
        attempted_at: None,
        ended_at: None,
        replay_of: request.replay_of,
        cancelled_by: None,
        failed: None,
    };
    let size = weight + bytes.len() + 512;
    let new = NewJob {
        id,
        source: request.source,
        external_id,
        action: request.action,
        subject,
        class,
        deadline: request.deadline,
        not_before: request.not_before,
        dry_run: request.dry_run,
        accepted_at: now,
        replay_of: request.replay_of,
        body: bytes,
        secrets: (!secrets.is_empty()).then(|| secrets.to_bytes()),
        reply,
    };
    let loaded = Loaded {
        job,
        body: Arc::new(body),
        secrets: Arc::new(secrets),
        replies: request.reply.into_iter().collect(),
        size,
    };
    Ok(Taken { new, loaded })
}

/// Refuses times that nothing can come of.
fn check_times(request: &Request, now: Timestamp) -> Result<(), Why> {
    let Some(not_before) = request.not_before else { return Ok(()) };
    let refused = |message: String| Err(Why { code: code::INVALID_PAYLOAD, message });
    if not_before > believe::within(Timestamp::MAX, believe::FURTHEST, now) {
        return refused(format!(
            "{} cannot be put off for more than a year: not_before is too late",
            request.action
        ));
    }
    if request.deadline.is_some_and(|deadline| deadline <= not_before) {
        return refused(format!(
            "{} could never start: its deadline is not after not_before",
            request.action
        ));
    }
    Ok(())
}

/// Refuses a name that not every journal can keep.
fn named(what: &str, text: Option<&str>) -> Result<(), Why> {
    if text.is_none_or(journal::is_name) {
        return Ok(());
    }
    let message = format!("its {what} is longer than 1 KiB or has a character U+0000 in it");
    Err(Why { code: code::INVALID_PAYLOAD, message })
}

/// The first of the action's pointers that leads to a non-empty string or a number.
pub(crate) fn find_subject(body: &Value, spec: &ActionSpec) -> Option<Subject> {
    let kind = spec.subject_kind.as_deref()?;
    spec.subject_pointers.iter().find_map(|pointer| match body.pointer(pointer)? {
        Value::String(value) => Subject::new(kind, value),
        Value::Number(value) => Subject::new(kind, &value.to_string()),
        _ => None,
    })
}

/// What makes two requests of one external id the same: an object has no order, and a number no way of writing it.
fn fingerprint(action: &str, dry_run: bool, body: &Value) -> Zeroizing<Vec<u8>> {
    if !dry_run {
        return json::canonical(action, body);
    }
    // Nothing that is called so may take the answer of a dry run for its own.
    json::canonical(&format!("dry run of {action}"), body)
}

/// The same as journals of version 0.1 have it, which is blind to nothing.
fn fingerprint_in_order(action: &str, body: &Value) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(action.as_bytes().to_vec());
    bytes.push(0);
    // Writing a JSON value into memory cannot fail.
    let _ = serde_json::to_writer(&mut *bytes, body);
    bytes
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, Why> {
    serde_json::to_vec(value).map_err(|e| Why { code: code::UNREADABLE, message: e.to_string() })
}
