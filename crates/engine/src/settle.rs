//! Writes moves of a job: asks the reactors, and holds on to what must not be lost until it is on disk.

use std::sync::Arc;
use std::time::Duration;

use journal::{Change, EffectSet, Error, Grave};
use model::{Effects, Entity, Job, Outcome, Step};
use serde_json::Value;

use crate::bury::bury;
use crate::core::Core;
use crate::lasting::Lasting;
use crate::port::{Moment, View};
use crate::progress::Progress;

/// First and longest pause between two tries to write.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// What is told of while it cannot be done.
const HELD: &str = "a job's move is held in memory until it can be written";

/// A job as the reactors will see it after the change.
pub(crate) struct Sight {
    pub(crate) job: Job,
    pub(crate) body: Arc<Value>,
    pub(crate) replies: Vec<Value>,
    pub(crate) steps: Vec<(Step, Option<Outcome>)>,
}

impl Sight {
    pub(crate) fn of(progress: &Progress, body: &Arc<Value>, replies: &[Value]) -> Self {
        let (job, steps) = (progress.job.clone(), progress.steps.clone());
        Sight { job, body: Arc::clone(body), replies: replies.to_vec(), steps }
    }
}

/// How a write ended that was to be made whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// It is on disk.
    Yes,
    /// The job moved on, or the hub stops: it will never be.
    Never,
}

impl Core {
    /// What the reactors want to happen.
    pub(crate) async fn react(&self, sight: &Sight, moment: Moment) -> Result<Effects, Error> {
        let view = View { job: &sight.job, body: &sight.body, reply: &sight.replies, steps: &sight.steps };
        let mut effects = Effects::default();
        for reactor in &self.reactors {
            let mut entities: Vec<Entity> = Vec::new();
            for key in reactor.entities(&view, moment) {
                match self.journal.entity(key).await {
                    // As if it were not there: it must not hold up the job.
                    Err(Error::Damaged(_)) => {}
                    found => entities.extend(found?),
                }
            }
            effects.append(reactor.react(&view, moment, &entities));
        }
        Ok(effects)
    }

    /// Writes a change, with the effects of what the reactors are `told`, and tries until it is written: an attempt's
    /// end must not be lost.
    /// While the disk is full the job stays as it is, and nothing else is asked of its backend.
    pub(crate) async fn insist(&self, mut change: Change, mut told: Option<(Sight, Moment)>) -> Wrote {
        let mut pause = PAUSE.0;
        let trouble = Lasting::default();
        loop {
            match self.write(&mut change, told.as_ref()).await {
                Ok(()) => {
                    trouble.obeyed(HELD);
                    return Wrote::Yes;
                }
                Err(Error::Closed) => return Wrote::Never,
                Err(Error::Fenced(why) | Error::Missing(why)) => {
                    tracing::debug!(job = %change.job, "not written: {why}");
                    return Wrote::Never;
                }
                Err(Error::Damaged(_)) if bury(self, Grave::Job(change.job)).await.is_ok() => {
                    return Wrote::Never;
                }
                Err(Error::Conflict { .. }) => match self.journal.prepare(change.job).await {
                    Ok(Some(fresh)) => {
                        change.replies = fresh.callers;
                        if let Some((sight, _)) = &mut told {
                            sight.replies = replies(&fresh.replies);
                        }
                    }
                    Ok(None) => return Wrote::Never,
                    Err(error) => tracing::warn!(job = %change.job, "reading again: {error}"),
                },
                Err(error) => {
                    trouble.refused(HELD, &error);
                    self.clock.sleep(pause).await;
                    pause = (2 * pause).min(PAUSE.1);
                }
            }
        }
    }

    async fn write(&self, change: &mut Change, told: Option<&(Sight, Moment)>) -> Result<(), Error> {
        if let Some((sight, moment)) = told {
            let records = std::mem::take(&mut change.effects.records);
            change.effects = EffectSet { records, ..self.resolve(self.react(sight, *moment).await?) };
        }
        self.journal.change(change.clone()).await
    }
}

/// Reply addresses as they were given.
pub(crate) fn replies(stored: &[Vec<u8>]) -> Vec<Value> {
    stored.iter().filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect()
}
