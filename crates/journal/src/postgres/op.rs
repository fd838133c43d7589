//! Operations, as they are worked out on the page of their batch.

mod accept;
mod change;
mod dead;
mod effects;
mod operate;
mod order;
mod place;

use jiff::Timestamp;
use model::{Code, DeliveryId, EventKind, JobId};

pub(super) use dead::fail;
pub(super) use effects::{append, write as write_effects};
pub(super) use order::leave;
pub(super) use place::place;

use super::page::{Page, Ruled, Wants};
use super::queue::{Alone, Answer};
use crate::api::Acceptance;
use crate::change::Mark;
use crate::crash::crash_point;
use crate::error::Error;
use crate::sealed::{SealedChange, SealedEffects, SealedJob, SealedRecord};

/// What is to be written, and who waits for it.
pub(super) enum Op {
    Accept {
        job: Box<SealedJob>,
        effects: Box<SealedEffects>,
        answer: Answer<Acceptance>,
    },
    Record {
        record: Box<SealedRecord>,
        answer: Answer<i64>,
    },
    Change {
        change: Box<SealedChange>,
        answer: Answer<()>,
    },
    AskCancel {
        job: JobId,
        by: String,
        effects: Box<SealedEffects>,
        answer: Answer<()>,
    },
    Hurry {
        job: JobId,
        at: Timestamp,
        effects: Box<SealedEffects>,
        answer: Answer<()>,
    },
    Apply {
        effects: Box<SealedEffects>,
        event: Option<(EventKind, String)>,
        at: Timestamp,
        answer: Answer<()>,
    },
    Mark {
        delivery: DeliveryId,
        mark: Mark,
        at: Timestamp,
        answer: Answer<()>,
    },
    /// In a transaction of its own.
    Alone(Box<dyn Alone>),
}

/// What an operation has made.
#[derive(Debug)]
pub(super) enum Made {
    Nothing,
    Accepted(Acceptance),
    Number(i64),
}

impl Op {
    /// Says which rows it will need, as far as that can be told beforehand.
    pub(super) fn wants(&self, wants: &mut Wants) {
        match self {
            Op::Accept { job, effects, .. } => {
                accept::wants(job, wants);
                wants.replays.extend(job.replay_of);
                effects::wants(effects, wants);
            }
            Op::Change { change, .. } => change::wants(change, wants),
            Op::AskCancel { job, effects, .. } | Op::Hurry { job, effects, .. } => {
                wants.jobs.insert(*job);
                effects::wants(effects, wants);
            }
            Op::Apply { effects, .. } => effects::wants(effects, wants),
            Op::Mark { delivery, .. } => {
                wants.deliveries.insert(*delivery);
            }
            Op::Record { .. } => wants.numbers.records += 1,
            Op::Alone(_) => {}
        }
    }

    /// Works it out.
    pub(super) fn run(&self, page: &mut Page) -> Ruled<Made> {
        match self {
            Op::Accept { job, effects, .. } => accept::accept(page, job, effects).map(Made::Accepted),
            Op::Record { record, .. } => append(page, record).map(Made::Number),
            Op::Change { change, .. } => change::change(page, change).map(|()| Made::Nothing),
            Op::AskCancel { job, by, effects, .. } => {
                operate::ask_cancel(page, *job, by, effects).map(|()| Made::Nothing)
            }
            Op::Hurry { job, at, effects, .. } => {
                operate::hurry(page, *job, *at, effects).map(|()| Made::Nothing)
            }
            Op::Apply { effects, event, at, .. } => {
                write_effects(page, effects, None)?;
                if let Some((kind, name)) = event {
                    page.event(*at, *kind, None, (None, None), Some(Code(name.clone().into())));
                }
                Ok(Made::Nothing)
            }
            Op::Mark { delivery, mark, at, .. } => {
                operate::mark(page, *delivery, mark, *at).map(|()| Made::Nothing)
            }
            Op::Alone(_) => Ok(Made::Nothing),
        }
    }

    /// Tells the caller. Nobody may wait for it any more.
    pub(super) fn answer(self, outcome: Result<Made, Error>) {
        match self {
            Op::Accept { answer, .. } => {
                let _ = answer.send(outcome.and_then(|made| match made {
                    Made::Accepted(acceptance) => Ok(acceptance),
                    _ => Err(Error::Closed),
                }));
            }
            Op::Record { answer, .. } => {
                let _ = answer.send(outcome.and_then(|made| match made {
                    Made::Number(number) => Ok(number),
                    _ => Err(Error::Closed),
                }));
            }
            Op::Change { answer, .. }
            | Op::AskCancel { answer, .. }
            | Op::Hurry { answer, .. }
            | Op::Apply { answer, .. }
            | Op::Mark { answer, .. } => {
                let _ = answer.send(outcome.map(|_| ()));
            }
            Op::Alone(alone) => alone.answer(outcome.map(|_| ())),
        }
    }

    /// Reaches the points `accept.before_commit` and the like.
    pub(super) fn crash_point(&self, moment: &str) {
        if cfg!(feature = "crash-points") {
            match self {
                Op::Accept { .. } => crash_point(&format!("accept.{moment}")),
                Op::Change { change, .. } if change::settles(change) => {
                    crash_point(&format!("settle.{moment}"));
                }
                Op::Change { change, .. } if change.change.started.is_some() => {
                    crash_point(&format!("start.{moment}"));
                }
                Op::Mark { .. } => crash_point(&format!("mark.{moment}")),
                _ => {}
            }
        }
    }
}
