//! One attempt: its backend is run until there is an outcome.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use model::mask::Mask;
use model::redact::put_back;
use model::word::code;
use model::{Outcome, RunMark};
use serde_json::Value;

use super::Runner;
use super::report::Listener;
use crate::port::{BackendEntry, Call, Control, Mapping};
use crate::state::long::LongRun;
use crate::work::read_back::ReadBack;

/// How much longer than its limit an attempt may take to end itself before it is given up.
const OVERTIME: Duration = Duration::from_secs(15);
/// First and longest pause before an attempt is begun again for which this machine had no room.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

impl Runner {
    /// Runs one attempt. Whatever happens in the backend, an outcome comes back. While this machine lacks what it takes
    /// to begin, the same attempt is begun again: it counts for nobody, and holds its place, so that others do not
    /// make the shortage worse.
    pub(super) async fn attempt(&mut self, place: usize, entry: &BackendEntry, mapping: &Mapping) -> Outcome {
        let mut pause = PAUSE.0;
        loop {
            let outcome = self.try_once(place, entry, mapping).await;
            let now = self.core.clock.now();
            if !outcome.is_shortage() {
                if self.core.shortage.begun(now) {
                    tracing::info!("there is room for scripts again");
                }
                return outcome;
            }
            let why = outcome.message.as_deref().unwrap_or_default();
            if self.core.shortage.noted(why, now) {
                tracing::warn!(
                    job = %self.due.id, backend = %entry.name,
                    "{why}: jobs wait until there is room, which counts as no attempt"
                );
            }
            if self.core.is_stopping() || self.stop.borrow().is_some() || self.too_late() {
                return outcome;
            }
            tokio::select! {
                () = self.core.clock.sleep(pause.mul_f64(1.0 + self.core.clock.chance())) => {}
                _ = self.stop.changed() => {}
            }
            pause = PAUSE.1.min(pause * 2);
        }
    }

    async fn try_once(&mut self, place: usize, entry: &BackendEntry, mapping: &Mapping) -> Outcome {
        let (body, mask, action) = self.call();
        let job = &self.found.progress.job;
        let Some(step) = self.found.progress.step(place) else { return Outcome::done() };
        let (journal, attempt) = (self.core.journal.id(), step.attempts);
        let mark = RunMark { journal, job: job.id, step: step.index, attempt };
        let limit = self.limit(mapping);
        let call = Call {
            mark,
            action,
            body,
            mask,
            deadline: job.deadline,
            subject: job.subject.clone(),
            replay_of: job.replay_of,
            tried: step.tried,
            tried_before: self.tried_before(),
            dry_run: job.dry_run,
        };
        let (progress, listener) = Listener::new(&self.core, &call, &entry.name);
        let control = Control { limit, stop: self.stop.clone(), progress };
        let running = AssertUnwindSafe(async { entry.backend.run(call, control).await }).catch_unwind();
        let running = listener.around(running);
        let ended = match limit {
            Some(limit) => tokio::select! {
                biased;
                ended = running => Some(ended),
                () = self.core.clock.sleep_awake(limit.saturating_add(OVERTIME)) => None,
            },
            None => Some(self.unlimited(entry, running).await),
        };
        match ended {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => {
                tracing::error!(job = %self.due.id, backend = %entry.name, "the backend panicked");
                Outcome::soft(
                    1,
                    code::LOST,
                    format!("{} broke down while it ran (a bug: please report it)", entry.name),
                )
            }
            None => {
                let seconds = limit.unwrap_or_default().as_secs();
                Outcome::soft(2, code::TIMEOUT, format!("{} did not answer within {seconds} s", entry.name))
            }
        }
    }

    /// Nothing ends it but itself: when it takes too long, somebody is told.
    async fn unlimited<T>(&self, entry: &BackendEntry, running: impl Future<Output = T>) -> T {
        let since = self.core.clock.now();
        let long = self.core.snapshot().limits.long;
        let mut running = std::pin::pin!(running);
        tokio::select! {
            ended = &mut running => return ended,
            () = self.core.clock.sleep(long) => {}
        }
        let (job, action) = (self.due.id, &self.found.progress.job.action);
        let subject = self
            .found
            .progress
            .job
            .subject
            .as_ref()
            .map(|subject| format!(" for {subject}"))
            .unwrap_or_default();
        tracing::warn!(
            %job, backend = %entry.name, %action,
            "{} has been running{subject} for {} minutes and has no time limit: look at it, or end it with \
             `intendant jobs cancel {job}`",
            entry.name, long.as_secs() / 60
        );
        let _noted = self.core.long_runs.note(LongRun { job, backend: entry.name.to_string(), since });
        running.await
    }

    /// How long the attempt may take; `None` = as long as it wants.
    fn limit(&self, mapping: &Mapping) -> Option<Duration> {
        let left = self.found.progress.job.deadline.map(|deadline| {
            let left =
                Duration::try_from(deadline.duration_since(self.core.clock.now())).unwrap_or(Duration::ZERO);
            left.checked_sub(super::MARGIN).unwrap_or(left)
        });
        mapping.limit.into_iter().chain(left).min()
    }

    fn call(&mut self) -> (Arc<Value>, Arc<Mask>, Arc<str>) {
        let ReadBack { progress, body: masked, secrets, .. } = &self.found;
        let job = &progress.job;
        let make = || {
            let fill_nulls = self.core.snapshot().actions.get(&job.action).spec.null_as_empty;
            let mut body = Arc::clone(masked);
            if fill_nulls || !secrets.is_empty() {
                let body = Arc::make_mut(&mut body);
                put_back(body, secrets);
                if fill_nulls {
                    model::body::null_to_empty(body);
                }
            }
            (body, Arc::new(Mask::new(secrets)), Arc::from(job.action.as_str()))
        };
        self.call.get_or_insert_with(make).clone()
    }
}
