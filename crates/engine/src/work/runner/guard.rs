//! Before a destructive job starts: does the failsafe let it?

use std::sync::Arc;
use std::time::Duration;

use journal::Due;
use model::word::code;
use model::{EntityWrite, JobState};
use serde::{Deserialize, Serialize};

use super::Runner;
use crate::state::failsafe::{self, Ticket, Verdict};
use crate::work::admit::{Admission, Place, Wanted, admit};
use crate::work::errand::Errand;
use crate::work::settle::Wrote;

/// Pause before the hub that decides is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// What the hub that decides has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// It may start, and counts.
    Start,
    /// It fails, since it cannot wait.
    TooLate(String),
    /// It is held.
    Hold(Place),
}

impl Runner {
    /// Whether the job may start. If not it is held, or has ended. Jobs that destroy nothing are let in at once.
    pub(super) async fn guard(&mut self) -> bool {
        let snapshot = self.core.snapshot();
        let job = &self.found.progress.job;
        let destroys = snapshot.actions.get(&job.action).spec.destructive;
        let Some(kind) = destroys.filter(|_| !job.dry_run) else { return true };
        match self.core.failsafe.decision(&self.due.lane, job.due_at) {
            Some(decision) if decision.verdict == Verdict::Approved => return true,
            Some(decision) => {
                let message = format!("rejected by {}, who was asked by the failsafe", decision.by);
                self.end(JobState::Cancelled, Some((code::CANCELLED, message))).await;
                return false;
            }
            None => {}
        }
        let rule = &snapshot.limits.failsafe;
        let Some(cap) = rule.cap(&job.source, kind) else { return true };
        let plan: Vec<String> =
            self.found.progress.steps.iter().map(|(step, _)| step.backend.clone()).collect();
        let wanted = Wanted { job: job.id, kind, plan, cap, may_wait: job.deadline.is_none() };
        if !self.core.is_leading() {
            return self.ask_to_start(wanted).await;
        }
        let core = Arc::clone(&self.core);
        match admit(&core, &wanted).await {
            Admission::Start(ticket) => {
                self.ticket = Some(ticket);
                true
            }
            Admission::Again => true,
            Admission::TooLate(message) => self.refuse(message).await,
            Admission::Hold(place, opening) => self.hold(place, opening.write.as_ref()).await,
        }
    }

    /// Another hub decides for all.
    async fn ask_to_start(&mut self, wanted: Wanted) -> bool {
        let Wanted { job, kind, plan, cap, may_wait } = wanted;
        let said = self.core.ask(Errand::Admit { job, kind, plan, cap, may_wait }).await;
        let said = match said {
            Ok(Some(Ok(said))) => serde_json::from_value(said).map_err(|error| error.to_string()),
            Ok(Some(Err(refusal))) => Err(refusal.message),
            Ok(None) => Err("the hub that leads does not answer".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match said {
            Ok(Said::Start) => true,
            Ok(Said::TooLate(message)) => self.refuse(message).await,
            Ok(Said::Hold(place)) => self.hold(place, None).await,
            Err(why) => {
                tracing::warn!(%job, "whether it may start is not known yet, and is asked again: {why}");
                let due_at = self.core.clock.now().checked_add(AGAIN).unwrap_or(self.due.due_at);
                self.core.wiring.offer(Due { due_at, ..self.due.clone() });
                false
            }
        }
    }

    /// It fails: it cannot wait for somebody's decision.
    async fn refuse(&mut self, message: String) -> bool {
        self.end(JobState::Failed, Some((code::FAILSAFE_HELD, message))).await;
        false
    }

    /// Puts the job into the set of those that wait for somebody's decision.
    async fn hold(&mut self, place: Place, opening: Option<&EntityWrite>) -> bool {
        let Place { set, stamp, message } = place;
        let lane = failsafe::lane_of(&set);
        let mut change = self.found.progress.hold(lane, stamp, message, self.core.clock.now());
        change.effects.entities.extend(opening.cloned());
        self.core.insist(change, None).await;
        false
    }

    /// What makes the start count: in the commit that freezes the plan.
    pub(super) fn count(&self) -> Vec<EntityWrite> {
        self.ticket.iter().filter_map(Ticket::write).collect()
    }

    /// The commit was made, or never will be.
    pub(super) fn counted(&mut self, wrote: &Wrote) {
        if let Some(ticket) = self.ticket.take()
            && *wrote == Wrote::Yes
        {
            ticket.keep();
        }
    }
}
