//! Accepting: recognise what is known, put the job at the end of its subject's line, write it.

use model::{EventKind, Job, JobId, JobState, Seq, Subject};

use super::super::number::Of;
use super::super::page::{External, Halt, JobRow, Note, Page, Ruled, Wants};
use super::super::shard;
use super::{effects, order};
use crate::api::Acceptance;
use crate::error::Error;
use crate::sealed::{SealedEffects, SealedId, SealedJob, SealedReply};

/// What accepting a job needs.
pub(super) fn wants(job: &SealedJob, wants: &mut Wants) {
    wants.numbers.jobs += 1;
    if let Some(id) = &job.external_id {
        wants.externals.insert((id.value.clone(), job.source.clone()));
    }
    if let Some(subject) = &job.subject {
        wants.lines.insert(subject.as_str().to_owned(), i64::MIN);
    }
}

/// Accepts a job with its effects.
pub(super) fn accept(page: &mut Page, job: &SealedJob, effects: &SealedEffects) -> Ruled<Acceptance> {
    if let Some(known) = known(page, job)? {
        return Ok(known);
    }
    if let Some(original) = job.replay_of {
        let replays = page.replays(original)?;
        // One that lives, or has succeeded.
        let stands = |row: &&std::sync::Arc<JobRow>| {
            !row.job.state.is_terminal() || row.job.state == JobState::Succeeded
        };
        if let Some(row) = replays.iter().filter(stands).max_by_key(|row| row.job.seq) {
            return Ok(Acceptance::Replayed(row.job.id, row.job.state));
        }
    }
    insert(page, job)?;
    effects::write(page, effects, Some(job.id))?;
    Ok(Acceptance::New)
}

/// Accepts a job that follows from another one. Whoever wants it takes it for new.
pub(super) fn follow_up(page: &mut Page, job: &SealedJob) -> Ruled<()> {
    if join(page, job)? {
        Ok(())
    } else {
        Err(Error::Known { from: job.source.clone(), value: value_of(job) }.into())
    }
}

/// Accepts a job that follows from another one, or joins the one that came with its id before; says whether it is new.
pub(super) fn join(page: &mut Page, job: &SealedJob) -> Ruled<bool> {
    match known(page, job)? {
        None => insert(page, job).map(|()| true),
        Some(Acceptance::IdReused(other)) => {
            Err(Error::IdReused { from: job.source.clone(), value: value_of(job), job: other }.into())
        }
        Some(_) => Ok(false),
    }
}

fn value_of(job: &SealedJob) -> String {
    job.external_id.as_ref().map(|id| id.value.clone()).unwrap_or_default()
}

/// Whether the caller's id was used before; a live job is joined.
fn known(page: &mut Page, job: &SealedJob) -> Ruled<Option<Acceptance>> {
    let Some(SealedId { value, digest, formerly }) = &job.external_id else { return Ok(None) };
    let Some(found) = page.external(value, &job.source)? else { return Ok(None) };
    // Of a damaged row nobody can say what came before: it does not run again, and others are not held up by it.
    let other = |stored| !digest.is(stored) && !formerly.is(stored);
    if found.digest.is_some_and(other) || found.job.0.is_nil() {
        return Ok(Some(Acceptance::IdReused(found.job)));
    }
    let known = match page.job(found.job) {
        Err(Halt::Failed(Error::Damaged(_))) => None,
        known => known?,
    };
    if let (Some(known), Some(reply)) = (&known, &job.reply)
        && known.is_live()
    {
        add_reply(page, known, reply)?;
    }
    Ok(Some(Acceptance::Known(known.map(|known| Box::new(known.job.clone())), found.job)))
}

/// Adds a reply address to a live job, unless it is there already.
fn add_reply(page: &mut Page, known: &JobRow, (digest, sealed): &SealedReply) -> Ruled<()> {
    let job = known.job.id;
    let mut replies = page.replies_of(job)?;
    if !replies.iter().any(|stored| digest.is(*stored)) {
        replies.push(digest.now);
        page.replies.set(job, Some(replies));
        page.notes.push(Note::Reply {
            job,
            place: known.replies,
            digest: digest.now,
            sealed: sealed.clone(),
        });
        let mut row = known.clone();
        row.replies += 1;
        page.put(row);
    }
    Ok(())
}

fn insert(page: &mut Page, new: &SealedJob) -> Ruled<()> {
    let subject = new.subject.as_ref().map(Subject::as_str);
    // Its owner puts it in line, behind all that arrived before.
    let shard = shard::of(new.id, subject);
    let placed = page.owned.has(shard) && !page.crowded.has(shard);
    let head = placed && order::arrive(page, subject, new.class, new.accepted_at)?;
    let seq = page.number(Of::Job)?;
    let job = Job {
        seq: Seq(seq),
        id: new.id,
        source: new.source.clone(),
        external_id: new.external_id.as_ref().map(|id| id.value.clone()),
        action: new.action.clone(),
        subject: new.subject.clone(),
        class: new.class,
        state: JobState::Queued,
        head,
        lane: new.action.clone(),
        due_at: new.accepted_at.max(new.not_before.unwrap_or(new.accepted_at)),
        deadline: new.deadline,
        status: 0,
        code: None,
        message: None,
        accepted_at: new.accepted_at,
        started_at: None,
        attempted_at: None,
        ended_at: None,
        replay_of: new.replay_of,
        cancelled_by: None,
        not_before: new.not_before,
        dry_run: new.dry_run,
        failed: None,
    };
    let row = JobRow {
        job,
        steps: None,
        backends: None,
        plan: None,
        replies: new.reply.is_some().into(),
        secrets: new.secrets.is_some(),
        open: None,
        rev: 0,
        placed,
    };
    if head {
        page.due(&row);
    }
    page.put(row);
    insert_extras(page, seq, new);
    page.count(JobState::Queued, 1);
    page.event(new.accepted_at, EventKind::Accepted, Some(new.id), (None, None), None);
    page.committed.deadlines.extend(new.deadline.filter(|_| placed));
    Ok(())
}

/// What lies beside its row.
fn insert_extras(page: &mut Page, seq: i64, job: &SealedJob) {
    let id: JobId = job.id;
    page.notes.push(Note::Body(id, job.body.clone()));
    if let Some(SealedId { value, digest, .. }) = &job.external_id {
        let row = External { digest: Some(digest.now), job: id, seq, at: job.accepted_at };
        page.externals.set((value.clone(), job.source.clone()), Some(row));
    }
    if let Some(sealed) = &job.secrets {
        page.notes.push(Note::Secret(id, sealed.clone()));
    }
    match &job.reply {
        Some((digest, sealed)) => {
            page.replies.set(id, Some(vec![digest.now]));
            page.notes.push(Note::Reply { job: id, place: 0, digest: digest.now, sealed: sealed.clone() });
        }
        None => page.replies.set(id, None),
    }
}
