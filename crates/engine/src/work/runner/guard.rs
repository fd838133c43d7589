//! Before a destructive job starts: does the failsafe let it?

use std::sync::Arc;

use model::word::code;
use model::{EntityWrite, JobState};

use super::Runner;
use crate::state::failsafe::{self, Ticket, Tripped, Verdict};
use crate::work::settle::Wrote;

impl Runner {
    /// Whether the job may start. If not it is held, or has ended. Jobs that destroy nothing are let in at once.
    pub(super) async fn guard(&mut self) -> bool {
        let snapshot = self.core.snapshot();
        let job = &self.found.progress.job;
        let destroys = snapshot.actions.get(&job.action).spec.destructive;
        let Some(kind) = destroys.filter(|_| !job.dry_run) else { return true };
        match self.core.failsafe.decision(&self.due.lane) {
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
        match failsafe::admit(&self.core, job.id, kind, plan.clone(), cap) {
            Ok(ticket) => {
                self.ticket = Some(ticket);
                true
            }
            Err(tripped) if job.deadline.is_some() => {
                let message = format!("{}, and it has a deadline", tripped.sentence());
                self.end(JobState::Failed, Some((code::FAILSAFE_HELD, message))).await;
                false
            }
            Err(tripped) => self.hold(tripped, plan, cap).await,
        }
    }

    /// Puts the job into the set of those that wait for somebody's decision. `true`: it may start after all.
    async fn hold(&mut self, mut tripped: Tripped, plan: Vec<String>, cap: u32) -> bool {
        let core = Arc::clone(&self.core);
        let _turn = core.failsafe.turn().await;
        while let Some(set) = tripped.only_behind() {
            // Those it would wait with may all have been cancelled.
            match failsafe::drop_if_empty(&core, set).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(job = %self.due.id, "looking at the set {set}: {error}");
                    break;
                }
            }
            match failsafe::admit(&core, self.due.id, tripped.kind, plan.clone(), cap) {
                Ok(ticket) => {
                    self.ticket = Some(ticket);
                    return true;
                }
                Err(still) => tripped = still,
            }
        }
        let place = failsafe::join(&core, &tripped);
        let message =
            format!("{}: somebody must approve or reject the set {}", tripped.sentence(), place.set);
        let lane = failsafe::lane_of(&place.set);
        let mut change = self.found.progress.hold(lane, place.stamp, message, core.clock.now());
        change.effects.entities.extend(place.opening);
        core.insist(change, None).await;
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
