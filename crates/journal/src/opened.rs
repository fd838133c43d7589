//! Sealed values of rows that were read, opened: the same for every engine.

use model::{Attempt, Delivery, Entity, Job, JobId, Record};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::aad::{Aad, Deciding, Ending};
use crate::api::RecordBody;
use crate::error::Error;
use crate::seal::{Format, Seal};

/// The body of a job.
pub(crate) fn body(seal: &Seal, job: &Job, sealed: Option<Vec<u8>>) -> Result<Vec<u8>, Error> {
    let id = job.id;
    let sealed = sealed.ok_or_else(|| Error::Damaged(format!("the body of job {id} is missing")))?;
    seal.open(&Aad::body(Deciding::from(job)), sealed, &format!("the body of job {id}"))
}

/// The secrets of a job.
pub(crate) fn secrets(seal: &Seal, id: JobId, sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let opened = seal.open(&Aad::secrets(id), sealed, &format!("the secrets of job {id}"));
    opened.map(Zeroizing::new)
}

/// A reply address of a job.
pub(crate) fn reply(seal: &Seal, job: &Job, sealed: Vec<u8>) -> Result<Vec<u8>, Error> {
    let aad = Aad::reply(&job.source, job.external_id.as_deref(), job.id);
    seal.open(&aad, sealed, &format!("a reply address of job {}", job.id))
}

/// Makes sure that the plan of a live job is what it was when it was frozen. `aad`: what it is bound to as it stands.
pub(crate) fn plan(
    seal: &Seal,
    job: &Job,
    sealed: Option<Vec<u8>>,
    aad: impl FnOnce() -> Result<Aad, Error>,
) -> Result<(), Error> {
    let what = || format!("the plan of job {}", job.id);
    match sealed {
        _ if job.state.is_terminal() => Ok(()),
        Some(sealed) => seal.open(&aad()?, sealed, &what()).map(drop),
        // Older versions did not seal it.
        None if seal.is_turning_from(Format::Id) => Ok(()),
        None => Err(Error::Damaged(format!("{} is not sealed: its row was changed", what()))),
    }
}

/// What the plan of a job is bound to.
#[cfg(feature = "postgres")]
pub(crate) fn plan_of(job: JobId, steps: &[model::Step]) -> Aad {
    Aad::plan(job, steps.iter().map(|step| (step.backend.as_str(), step.on_error)))
}

/// The output of an attempt, if it has one.
pub(crate) fn output(
    seal: &Seal,
    id: JobId,
    attempt: &Attempt,
    sealed: Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Error> {
    let (step, number) = (attempt.step, attempt.number);
    let what = || format!("the output of attempt {number} of step {step} of job {id}");
    sealed.map(|sealed| seal.open(&output_of(id, attempt), sealed, &what())).transpose()
}

/// What the output of an attempt is bound to.
pub(crate) fn output_of(id: JobId, attempt: &Attempt) -> Aad {
    let Attempt { step, number, ended_at: at, kind, status, code, message, .. } = attempt;
    let ending =
        Ending { at: *at, kind: *kind, status: *status, code: code.as_ref(), message: message.as_deref() };
    Aad::output(id, *step, *number, ending)
}

/// A delivery with its body.
pub(crate) fn delivery(seal: &Seal, (mut delivery, sealed): (Delivery, Vec<u8>)) -> Result<Delivery, Error> {
    let what = format!("the body of delivery {}", delivery.id.0);
    delivery.body = json(&seal.open(&Aad::delivery(delivery.id, &delivery.to), sealed, &what)?, &what)?;
    Ok(delivery)
}

/// An entity with its body.
pub(crate) fn entity(seal: &Seal, (mut entity, sealed): (Entity, Vec<u8>)) -> Result<Entity, Error> {
    let what = format!("the body of {} {}", entity.key.kind, entity.key.key);
    let aad = Aad::entity(&entity.key, entity.rev, &entity.state, &entity.label);
    entity.body = json(&seal.open(&aad, sealed, &what)?, &what)?;
    Ok(entity)
}

/// A record with its body.
pub(crate) fn record(seal: &Seal, record: Record, sealed: Vec<u8>) -> Result<RecordBody, Error> {
    let Record { kind, at, who, what, code, message, .. } = &record;
    let aad = Aad::record(*kind, *at, who, what.as_deref(), code, message);
    let body = seal.open(&aad, sealed, &format!("the body of record {}", record.seq))?;
    Ok((record, body))
}

fn json(body: &[u8], what: &str) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|error| Error::Damaged(format!("{what} is no JSON: {error}")))
}
