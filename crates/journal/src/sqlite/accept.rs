//! Accepting: recognise what is known, put the job at the end of its subject's line, write it.

use model::{EventKind, JobId, JobState};
use rusqlite::params;
use uuid::Uuid;

use super::code::{Id, Time, Word};
use super::tx::{Ready, Tx};
use super::{effects, number, order, row};
use crate::api::Acceptance;
use crate::error::Error;
use crate::seal::DIGEST;
use crate::sealed::{SealedEffects, SealedId, SealedJob, SealedReply};

/// Accepts a job with its effects.
pub(super) fn accept(tx: &mut Tx<'_>, job: &SealedJob, effects: &SealedEffects) -> Result<Acceptance, Error> {
    if let Some(known) = known(tx, job)? {
        return Ok(known);
    }
    if let Some(original) = job.replay_of
        && let Some((replay, state)) = replayed(tx, original)?
    {
        return Ok(Acceptance::Replayed(replay, state));
    }
    let seq = insert(tx, job)?;
    effects::write(tx, effects, Some((seq, job.id)))?;
    Ok(Acceptance::New)
}

/// The replay of a job, or of a replay of it, that lives or has succeeded.
fn replayed(tx: &Tx<'_>, original: JobId) -> Result<Option<(JobId, JobState)>, Error> {
    Ok(tx.sql.first(
        "WITH RECURSIVE replay (id, seq, state) AS (
             SELECT id, seq, state FROM job INDEXED BY job_replay WHERE replay_of = ?1
             UNION SELECT job.id, job.seq, job.state FROM replay JOIN job INDEXED BY job_replay ON job.replay_of = replay.id)
         SELECT id, state FROM replay WHERE state < 4 ORDER BY seq DESC LIMIT 1",
        [Id(original.0)],
        |row| Ok((row::job_id(row, 0)?, row::word(row, 1)?)),
    )?)
}

/// Accepts a job that follows from another one. Whoever wants it takes it for new.
pub(super) fn follow_up(tx: &mut Tx<'_>, job: &SealedJob) -> Result<(), Error> {
    if join(tx, job)? { Ok(()) } else { Err(Error::Known { from: job.source.clone(), value: value_of(job) }) }
}

/// Accepts a job that follows from another one, or joins the one that came with its id before; says whether it is new.
pub(super) fn join(tx: &mut Tx<'_>, job: &SealedJob) -> Result<bool, Error> {
    match known(tx, job)? {
        None => insert(tx, job).map(|_| true),
        Some(Acceptance::IdReused(other)) => {
            Err(Error::IdReused { from: job.source.clone(), value: value_of(job), job: other })
        }
        Some(_) => Ok(false),
    }
}

fn value_of(job: &SealedJob) -> String {
    job.external_id.as_ref().map(|id| id.value.clone()).unwrap_or_default()
}

/// Whether the caller's id was used before; a live job is joined.
fn known(tx: &mut Tx<'_>, job: &SealedJob) -> Result<Option<Acceptance>, Error> {
    let Some(SealedId { value, digest, formerly }) = &job.external_id else { return Ok(None) };
    let found = tx.sql.first(
        "SELECT digest, job FROM external WHERE value = ?1 AND source = ?2",
        [value, &job.source],
        |row| Ok((row.get::<_, [u8; DIGEST]>(0).ok(), row::job_id(row, 1).ok())),
    )?;
    let Some((stored, id)) = found else { return Ok(None) };
    // Of a damaged row nobody can say what came before: it does not run again, and others are not held up by it.
    let id = id.unwrap_or(JobId(Uuid::nil()));
    let other = |stored| !digest.is(stored) && !formerly.is(stored);
    if stored.is_some_and(other) || id.0.is_nil() {
        return Ok(Some(Acceptance::IdReused(id)));
    }
    let known = match row::job_by_id(tx.conn(), id) {
        Err(Error::Damaged(_)) => None,
        known => known?,
    };
    if let (Some(known), Some(reply)) = (&known, &job.reply)
        && !known.state.is_terminal()
    {
        add_reply(tx, known.seq.0, reply)?;
    }
    Ok(Some(Acceptance::Known(known.map(Box::new), id)))
}

/// Adds a reply address to a live job, unless it is there already.
fn add_reply(tx: &Tx<'_>, seq: i64, (digest, sealed): &SealedReply) -> Result<(), Error> {
    let joined: Vec<[u8; DIGEST]> =
        tx.sql.all("SELECT digest FROM reply WHERE seq = ?1", [seq], |row| row.get(0))?;
    if !joined.into_iter().any(|stored| digest.is(stored)) {
        tx.sql.execute(
            "INSERT INTO reply (seq, place, digest, sealed)
                 SELECT seq, replies, ?2, ?3 FROM job WHERE seq = ?1",
            params![seq, digest.now, sealed],
        )?;
        tx.sql.execute("UPDATE job SET replies = replies + 1 WHERE seq = ?1", [seq])?;
    }
    Ok(())
}

fn insert(tx: &mut Tx<'_>, job: &SealedJob) -> Result<i64, Error> {
    let seq = number::next_job(tx.numbers.job)?;
    let subject = job.subject.as_ref().map(model::Subject::as_str);
    let due_at = job.accepted_at.max(job.not_before.unwrap_or(job.accepted_at));
    let head = order::arrive(tx, subject, job.class, job.accepted_at)?;
    tx.sql.execute(
        "INSERT INTO job (seq, id, source, external_id, action, subject, class, state, head, lane, due_at,
                              deadline, accepted_at, replay_of, replies, secrets, not_before, dry_run)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?5, ?15, ?11, ?10, ?12, ?13, ?14, ?16, ?17)",
        params![
            seq,
            Id(job.id.0),
            job.source,
            job.external_id.as_ref().map(|id| &id.value),
            job.action,
            subject,
            Word(job.class),
            Word(JobState::Queued),
            head,
            Time(job.accepted_at),
            job.deadline.map(Time),
            job.replay_of.map(|JobId(id)| Id(id)),
            job.reply.is_some(),
            job.secrets.is_some(),
            Time(due_at),
            job.not_before.map(Time),
            job.dry_run,
        ],
    )?;
    tx.sql.execute("INSERT INTO body (seq, sealed) VALUES (?1, ?2)", params![seq, job.body])?;
    insert_extras(tx, seq, job)?;
    tx.numbers.job = seq;
    tx.count(JobState::Queued, 1);
    tx.event(job.accepted_at, EventKind::Accepted, Some(job.id), (None, None), None);
    tx.committed.deadlines.extend(job.deadline);
    if head {
        let (lane, class) = (&job.action, job.class);
        tx.due(Ready { id: job.id, seq, lane, class, due_at });
    }
    Ok(seq)
}

/// What not every job has.
fn insert_extras(tx: &Tx<'_>, seq: i64, job: &SealedJob) -> Result<(), Error> {
    if let Some(SealedId { value, digest, .. }) = &job.external_id {
        tx.sql.execute(
            "INSERT INTO external (seq, source, value, digest, job, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![seq, job.source, value, digest.now, Id(job.id.0), Time(job.accepted_at)],
        )?;
    }
    if let Some(sealed) = &job.secrets {
        tx.sql.execute("INSERT INTO secret (seq, sealed) VALUES (?1, ?2)", params![seq, sealed])?;
    }
    if let Some((digest, sealed)) = &job.reply {
        tx.sql.execute(
            "INSERT INTO reply (seq, place, digest, sealed) VALUES (?1, 0, ?2, ?3)",
            params![seq, digest.now, sealed],
        )?;
    }
    Ok(())
}
