//! Running again what has failed: as it was, or edited.

use model::diff::differences;
use model::redact::{SecretSet, masked_pointers, put_back, take_secrets};
use model::word::code;
use model::{Code, Effects, Job, JobId, JobState, MASK, Request};
use serde_json::{Map, Value, json};

use crate::desk::audit::{Actor, AuditEntry, CHANGED};
use crate::desk::hub::{Accepted, Hub};
use crate::error::Error;
use crate::intake::{self, Envelope};
use crate::work::errand::Errand;

/// Bytes of values that the audit of an edit keeps; of a larger one it names the places only.
const KEPT: usize = 64 << 10;

/// How a job is replayed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// The whole document anew; `None` = as it was. Where it holds [`MASK`] the secret stays as it was.
    pub document: Option<Value>,
    /// Values to set in it, JSON pointer → value; also secrets that are no longer kept.
    pub set: Vec<(String, Value)>,
    /// Replay although a later job of the same subject and action has succeeded.
    pub stale: bool,
}

/// What changed in a document, for the audit.
struct Edit {
    places: Vec<String>,
    before: Value,
    after: Value,
}

impl Hub {
    /// Runs a job again: one that waits for its retry is due at once, unchanged; one that has ended is replayed as a new
    /// job at the tail of its subject. [`Error::Replayed`] names the replay that lives or has succeeded.
    pub async fn retry(&self, id: JobId, replay: &Replay, actor: &Actor) -> Result<JobId, Error> {
        let job = self.job(id).await?;
        match job.state {
            JobState::Retrying if replay.document.is_some() || !replay.set.is_empty() => {
                Err(Error::WrongState {
                    job: id,
                    state: job.state,
                    hint: "it goes on as it is; to change it, cancel it, then retry it with the changes",
                })
            }
            JobState::Retrying => self.hurry(&job, actor).await.map(|()| id),
            JobState::Failed | JobState::Cancelled => self.replay(job, replay, actor).await,
            state => Err(Error::WrongState {
                job: id,
                state,
                hint: "only jobs that failed, were cancelled or wait for a retry can be retried",
            }),
        }
    }

    /// Makes a job due at once that waits for its retry.
    pub(crate) async fn hurry(&self, job: &Job, actor: &Actor) -> Result<(), Error> {
        let (core, id) = (&self.core, job.id);
        if !core.journal.owns(id, job.subject.as_ref()) {
            let errand = Errand::Hurry { job: id, by: actor.0.clone() };
            return match self.ask_owner(errand).await? {
                Some(()) => Ok(()),
                None => Err(Error::WrongState {
                    job: id,
                    state: self.job(id).await?.state,
                    hint: "it keeps changing; try again",
                }),
            };
        }
        let now = core.clock.now();
        let entry = AuditEntry::new(actor, format!("job {id}"), code::RETRY, "made due at once")
            .before(json!({ "due_at": job.due_at }))
            .after(json!({ "due_at": now }));
        Ok(core.journal.hurry(id, now, entry.recorded(now)).await?)
    }

    /// Why this job should not be replayed: a later one has succeeded, its own replay or another.
    pub(crate) async fn stale(&self, job: &Job) -> Result<Option<Error>, Error> {
        if !job.state.is_terminal() {
            return Ok(None);
        }
        let Some(later) = self.core.journal.later_success(job.id).await? else { return Ok(None) };
        if later.replay_of == Some(job.id) {
            return Ok(Some(Error::Replayed { job: job.id, replay: later.id, state: later.state }));
        }
        Ok(Some(Error::Stale {
            job: job.id,
            later: later.id,
            action: job.action.clone(),
            subject: job.subject.as_ref().map(ToString::to_string).unwrap_or_default(),
        }))
    }

    async fn replay(&self, job: Job, replay: &Replay, actor: &Actor) -> Result<JobId, Error> {
        if !replay.stale
            && let Some(stale) = self.stale(&job).await?
        {
            return Err(stale);
        }
        let (request, edit) = self.request_of(&job, replay).await?;
        let entry = |new| {
            let code = Code::from_static("replayed");
            let entry = |message| AuditEntry::new(actor, format!("job {}", job.id), code, message);
            Some(if edit.places.is_empty() {
                entry(format!("replayed as job {new}"))
            } else {
                entry(format!("replayed as job {new}, changed: {}", edit.places.join(", ")))
                    .before(edit.before)
                    .after(edit.after)
            })
        };
        match self.accept_audited(request, Effects::default(), entry).await? {
            Accepted::New(id) | Accepted::Known(id, _) => Ok(id),
            Accepted::Refused(why) => Err(Error::Refused { code: why.code, message: why.message }),
            Accepted::Unclaimed => Err(Error::Refused {
                code: code::NO_BACKEND,
                message: format!("no active backend maps {}: there is nothing to replay it on", job.action),
            }),
        }
    }

    /// The request that a job was, edited, with its secrets as far as they are kept; and what the edit changed.
    async fn request_of(&self, job: &Job, replay: &Replay) -> Result<(Request, Edit), Error> {
        let unreadable = |why: String| Error::Unreadable { job: job.id, why };
        let prepared = self.core.journal.prepare(job.id).await?;
        let prepared = prepared.ok_or_else(|| Error::Missing(format!("job {}", job.id)))?;
        let envelope: Envelope = match serde_json::from_slice(&prepared.body) {
            Ok(envelope) => envelope,
            // A whole document takes the place of one that is damaged.
            Err(_) if replay.document.is_some() => Envelope { body: Value::Null, trace: None },
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let kept = prepared.secrets.as_ref().map(|bytes| SecretSet::from_bytes(bytes)).transpose();
        let kept = kept.map_err(|e| unreadable(e.to_string()))?.unwrap_or_default();
        let snapshot = self.core.snapshot();
        let spec = &snapshot.actions.get(&job.action).spec;

        let stored = envelope.body;
        let mut body = replay.document.clone().unwrap_or_else(|| stored.clone());
        for (pointer, value) in &replay.set {
            assign(&mut body, pointer, value.clone())?;
        }
        let edit = edit(&stored, &body, &spec.secrets);
        put_back(&mut body, &kept);
        let missing = masked_pointers(&body);
        if !missing.is_empty() {
            return Err(Error::SecretsGone { job: job.id, pointers: missing });
        }
        // A subject that was found in the body is found anew in the edited one; one that a source gave stays.
        let found = intake::find_subject(&stored, spec);
        let subject = if found == job.subject { None } else { job.subject.clone() };
        let request = Request {
            external_id: None,
            subject,
            class: Some(job.class),
            trace: envelope.trace,
            dry_run: job.dry_run,
            replay_of: Some(job.id),
            ..Request::new(job.source.clone(), job.action.clone(), body)
        };
        Ok((request, edit))
    }
}

/// What an edit changed, with secrets as [`CHANGED`]. `edited` holds [`MASK`] where a secret stays.
fn edit(stored: &Value, edited: &Value, secrets: &[String]) -> Edit {
    let mut masked = edited.clone();
    let given = take_secrets(&mut masked, secrets);
    let (mut places, mut before, mut after) = (Vec::new(), Map::new(), Map::new());
    let mut note = |place: &str, old: Option<Value>, new: Option<Value>| {
        let shown = |value: Value| if value == MASK { Value::from(CHANGED) } else { value };
        places.push(place.to_owned());
        before.extend(old.map(|old| (place.to_owned(), shown(old))));
        after.extend(new.map(|new| (place.to_owned(), shown(new))));
    };
    for pointer in given.pointers() {
        note(pointer, stored.pointer(pointer).map(|_| Value::from(CHANGED)), Some(Value::from(CHANGED)));
    }
    for (place, old, new) in differences(stored, &masked) {
        if !given.pointers().any(|pointer| pointer == place) {
            note(&place, old, new);
        }
    }
    let (before, after) = (Value::from(before), Value::from(after));
    if before.to_string().len() + after.to_string().len() > KEPT {
        let why = json!("more than is kept");
        return Edit { places, before: why.clone(), after: why };
    }
    Edit { places, before, after }
}

/// Sets a value in a body. The place must exist, or be a new member of an object that does.
fn assign(body: &mut Value, pointer: &str, value: Value) -> Result<(), Error> {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value;
        return Ok(());
    }
    let parent = pointer.rsplit_once('/').and_then(|(parent, key)| Some((body.pointer_mut(parent)?, key)));
    match parent {
        Some((Value::Object(members), key)) => {
            members.insert(key.replace("~1", "/").replace("~0", "~"), value);
            Ok(())
        }
        _ => Err(Error::Missing(format!(
            "place {pointer} in the job's body (a JSON pointer such as /payload/uid)"
        ))),
    }
}
