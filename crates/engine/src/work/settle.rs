//! Writes moves of a job: asks the reactors, and holds on to what must not be lost until it is on disk.

use std::sync::Arc;
use std::time::Duration;

use journal::{Change, EffectSet, Error, Grave};
use model::{Effects, Job, Outcome, Step};
use serde_json::Value;

use crate::intake::Loaded;
use crate::lasting::Lasting;
use crate::port::{Moment, View};
use crate::state::core::Core;
use crate::work::bury::bury;
use crate::work::follow::{Aside, Met};
use crate::work::progress::Progress;

/// First and longest pause between two tries to write.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// What is told of while it cannot be done.
const HELD: &str = "a job's move is held in memory until it can be written";

/// A job as the reactors will see it after the change.
#[derive(Clone)]
pub(crate) struct JobSnapshot {
    pub(crate) job: Job,
    pub(crate) body: Arc<Value>,
    pub(crate) replies: Vec<Value>,
    pub(crate) steps: Vec<(Step, Option<Outcome>)>,
}

impl JobSnapshot {
    pub(crate) fn of(progress: &Progress, body: &Arc<Value>, replies: &[Value]) -> Self {
        let (job, steps) = (progress.job.clone(), progress.steps.clone());
        JobSnapshot { job, body: Arc::clone(body), replies: replies.to_vec(), steps }
    }

    /// A job that is accepted just now.
    pub(crate) fn accepted(Loaded { job, body, replies, .. }: &Loaded) -> Self {
        JobSnapshot { job: job.clone(), body: Arc::clone(body), replies: replies.clone(), steps: Vec::new() }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { job: &self.job, body: &self.body, reply: &self.replies, steps: &self.steps }
    }
}

/// How a write ended that was to be made whatever happens.
#[derive(Debug, PartialEq)]
pub(crate) enum Wrote {
    /// It is on disk.
    Yes,
    /// The job moved on, or the hub stops: it will never be.
    Never,
    /// Somebody cancelled the job meanwhile: it is to end, with what is in this change.
    Cancelled(Box<Change>),
}

impl Core {
    /// Writes a change, with the effects of what the reactors are `told`, and tries until it is written: an attempt's
    /// end must not be lost.
    /// While the disk is full the job stays as it is, and nothing else is asked of its backend.
    pub(crate) async fn insist(&self, mut change: Change, told: Option<(JobSnapshot, Moment)>) -> Wrote {
        let mut told = told.map(|(shown, moment)| (Arc::new(shown), moment));
        let own = std::mem::take(&mut change.effects);
        let mut met = Vec::new();
        let mut named_only = false;
        let mut pause = PAUSE.0;
        let trouble = Lasting::default();
        loop {
            match self.write(&mut change, &own, told.clone(), &met, named_only).await {
                Ok(()) => {
                    trouble.obeyed(HELD);
                    self.noted(&Aside::of(&change.effects));
                    return Wrote::Yes;
                }
                Err(Error::Cancelled(_)) => return Wrote::Cancelled(Box::new(change)),
                Err(Error::Closed) => return Wrote::Never,
                // It never will be: the job's move does not wait for it.
                Err(error @ Error::NoName { .. }) if !named_only => {
                    tracing::error!(job = %change.job, "what follows from its move is left out: {error}");
                    named_only = true;
                }
                Err(error @ Error::NotOurs(_)) => {
                    tracing::debug!(job = %change.job, "not written: {error}");
                    // Should it be ours again by now, it is found again.
                    self.wiring.share_anew();
                    return Wrote::Never;
                }
                Err(error @ (Error::Fenced(_) | Error::Missing(_) | Error::NoName { .. })) => {
                    tracing::debug!(job = %change.job, "not written: {error}");
                    return Wrote::Never;
                }
                Err(Error::Damaged(_)) if bury(self, Grave::Job(change.job)).await.is_ok() => {
                    return Wrote::Never;
                }
                Err(Error::Conflict { .. }) => match self.journal.prepare(change.job).await {
                    Ok(Some(fresh)) => {
                        change.replies = fresh.callers;
                        if let Some((shown, _)) = &mut told {
                            Arc::make_mut(shown).replies = replies(&fresh.replies);
                        }
                    }
                    Ok(None) => return Wrote::Never,
                    Err(error) => tracing::warn!(job = %change.job, "reading again: {error}"),
                },
                Err(error @ (Error::IdReused { .. } | Error::Known { .. })) => met.extend(Met::of(error)),
                Err(error) => {
                    trouble.refused(HELD, &error);
                    self.clock.sleep(pause).await;
                    pause = (2 * pause).min(PAUSE.1);
                }
            }
        }
    }

    async fn write(
        &self,
        change: &mut Change,
        own: &EffectSet,
        told: Option<(Arc<JobSnapshot>, Moment)>,
        met: &[Met],
        named_only: bool,
    ) -> Result<(), Error> {
        change.effects = self.effects(Effects::default(), told, met).await?;
        if named_only {
            change.effects.entities.retain(|write| journal::is_named(&write.key));
        }
        change.effects.entities.extend_from_slice(&own.entities);
        change.effects.records.extend_from_slice(&own.records);
        self.journal.change(change.clone()).await
    }
}

/// Reply addresses as they were given.
pub(crate) fn replies(stored: &[Vec<u8>]) -> Vec<Value> {
    stored.iter().filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect()
}
