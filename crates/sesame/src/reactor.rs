//! Builds the answer in the same commit in which a job ends: completion is a delivery.

use engine::door::is_told_by;
use engine::port::{Moment, Reactor, View};
use jiff::Timestamp;
use model::{DeliveryTo, Effects, Entity, NewDelivery, masked_pointers};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer;
use crate::decode::Reply;
use crate::keep::Keep;

/// What is delivered for a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Completion {
    /// What the job is completed with.
    pub(crate) value: Value,
    /// Its data without the secrets, to be put in the place of the data with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) masked: Option<Value>,
    /// How long it stays, when whoever added it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keep: Option<Keep>,
}

/// Answers the jobs of one source.
pub(crate) struct Answers {
    pub(crate) source: String,
    pub(crate) courier: String,
}

impl Reactor for Answers {
    fn react(&self, view: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        if moment != Moment::Settled || !is_told_by(&self.source, view) {
            return Effects::default();
        }
        let mut replies: Vec<Reply> =
            view.reply.iter().filter_map(|reply| serde_json::from_value(reply.clone()).ok()).collect();
        // Delivered to us twice, it is still one job.
        replies.dedup_by(|next, kept| next.job == kept.job);
        let deliveries = replies.iter().map(|reply| self.delivery(view, reply)).collect();
        Effects { deliveries, ..Effects::default() }
    }
}

impl Answers {
    fn delivery(&self, view: &View<'_>, reply: &Reply) -> NewDelivery {
        let value = answer::of_job(view.job, view.steps, &reply.job, view.body.get("options"));
        let completion = Completion { value, masked: masked(view.body), keep: reply.keep };
        NewDelivery {
            to: DeliveryTo { courier: self.courier.clone(), address: reply.job.clone() },
            body: serde_json::to_value(completion).unwrap_or_default(),
            due_at: due_at(view, reply),
        }
    }
}

/// The orchestrator writes down a job only after it has added it. An answer that overtakes that is lost to it.
fn due_at(view: &View<'_>, reply: &Reply) -> Option<Timestamp> {
    view.job.subject.as_ref().map(|_| reply.not_before)
}

/// The body where secrets were taken out of it.
pub(crate) fn masked(body: &Value) -> Option<Value> {
    (!masked_pointers(body).is_empty()).then(|| body.clone())
}
