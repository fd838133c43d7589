//! The columns of whole rows.

use model::{JobId, Subject};

use super::super::ask::{Value, column};
use super::super::page::{EntityRow, JobRow};
use super::super::row::code_of;
use super::{millis, text};

/// An entity with its key.
pub(super) type Entry<'p> = (&'p (String, String), &'p EntityRow);

/// The columns of entities.
pub(super) fn entities<'p>(rows: &[Entry<'p>]) -> Vec<Value<'p>> {
    vec![
        column(rows.iter().map(|row| row.0.0.as_str())),
        column(rows.iter().map(|row| row.0.1.as_str())),
        column(rows.iter().map(|row| row.1.rev)),
        column(rows.iter().map(|row| row.1.state.as_str())),
        column(rows.iter().map(|row| row.1.label.as_str())),
        column(rows.iter().map(|row| row.1.sealed.as_slice())),
    ]
}

/// Whether a failed job is a dead letter (0), or why not any more.
pub(super) fn settled_of(row: &JobRow) -> Option<i16> {
    row.job.failed.as_ref().map(|failed| failed.settled.map_or(0, code_of))
}

fn backends(row: &JobRow) -> Option<String> {
    row.backends.as_ref().map(|backends| backends.join("\u{1f}"))
}

/// The columns of whole rows.
pub(super) fn whole<'p>(rows: &[&'p JobRow]) -> Vec<Value<'p>> {
    let failed = |row: &&'p JobRow| row.job.failed.as_ref();
    vec![
        column(rows.iter().map(|row| row.job.id.0)),
        column(rows.iter().map(|row| row.job.seq.0)),
        column(rows.iter().map(|row| row.job.source.as_str())),
        column(rows.iter().map(|row| row.job.external_id.as_deref())),
        column(rows.iter().map(|row| row.job.action.as_str())),
        column(rows.iter().map(|row| row.job.subject.as_ref().map(Subject::as_str))),
        column(rows.iter().map(|row| code_of(row.job.class))),
        column(rows.iter().map(|row| code_of(row.job.state))),
        column(rows.iter().map(|row| row.job.head)),
        column(rows.iter().map(|row| row.job.lane.as_str())),
        column(rows.iter().map(|row| millis(row.job.due_at))),
        column(rows.iter().map(|row| row.job.deadline.map(millis))),
        column(rows.iter().map(|row| row.job.not_before.map(millis))),
        column(rows.iter().map(|row| row.job.dry_run)),
        column(rows.iter().map(|row| row.job.status)),
        column(rows.iter().map(|row| text(row.job.code.as_ref()))),
        column(rows.iter().map(|row| row.job.message.as_deref())),
        column(rows.iter().map(|row| millis(row.job.accepted_at))),
        column(rows.iter().map(|row| row.job.started_at.map(millis))),
        column(rows.iter().map(|row| row.job.attempted_at.map(millis))),
        column(rows.iter().map(|row| row.job.ended_at.map(millis))),
        column(rows.iter().map(|row| row.job.replay_of.map(|JobId(id)| id))),
        column(rows.iter().map(|row| row.job.cancelled_by.as_deref())),
        column(rows.iter().map(|row| failed(row).and_then(|failed| failed.on.as_deref()))),
        column(rows.iter().map(|row| failed(row).map(|failed| failed.cause.0.cast_signed()))),
        column(rows.iter().map(|row| settled_of(row))),
        column(rows.iter().map(|row| failed(row).and_then(|failed| failed.record))),
        column(rows.iter().map(|row| row.steps.as_deref())),
        column(rows.iter().map(|row| backends(row))),
        column(rows.iter().map(|row| row.plan.as_deref())),
        column(rows.iter().map(|row| row.replies)),
        column(rows.iter().map(|row| row.secrets)),
        column(rows.iter().map(|row| row.open.map(|open| i32::from(open.step)))),
        column(rows.iter().map(|row| row.open.map(|open| open.number.cast_signed()))),
        column(rows.iter().map(|row| row.open.map(|open| millis(open.at)))),
        column(rows.iter().map(|row| row.open.and_then(|open| open.life))),
    ]
}

/// The columns of what moves.
pub(super) fn movable<'p>(rows: &[&'p JobRow]) -> Vec<Value<'p>> {
    vec![
        column(rows.iter().map(|row| row.job.id.0)),
        column(rows.iter().map(|row| code_of(row.job.class))),
        column(rows.iter().map(|row| code_of(row.job.state))),
        column(rows.iter().map(|row| row.job.head)),
        column(rows.iter().map(|row| row.job.lane.as_str())),
        column(rows.iter().map(|row| millis(row.job.due_at))),
        column(rows.iter().map(|row| row.job.status)),
        column(rows.iter().map(|row| text(row.job.code.as_ref()))),
        column(rows.iter().map(|row| row.job.message.as_deref())),
        column(rows.iter().map(|row| row.job.started_at.map(millis))),
        column(rows.iter().map(|row| row.job.attempted_at.map(millis))),
        column(rows.iter().map(|row| row.job.cancelled_by.as_deref())),
        column(rows.iter().map(|row| row.steps.as_deref())),
        column(rows.iter().map(|row| backends(row))),
        column(rows.iter().map(|row| row.plan.as_deref())),
        column(rows.iter().map(|row| row.replies)),
        column(rows.iter().map(|row| row.secrets)),
        column(rows.iter().map(|row| row.open.map(|open| i32::from(open.step)))),
        column(rows.iter().map(|row| row.open.map(|open| open.number.cast_signed()))),
        column(rows.iter().map(|row| row.open.map(|open| millis(open.at)))),
        column(rows.iter().map(|row| row.open.and_then(|open| open.life))),
        column(rows.iter().map(|row| row.job.seq.0)),
        column(rows.iter().map(|row| row.placed)),
        column(rows.iter().map(|row| row.rev)),
    ]
}
