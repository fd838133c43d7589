//! Who wants to know what.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::Clock;
use engine::port::{BoxFuture, Courier, Delivered, Moment, Reactor, View};
use model::source::stands_for;
use model::{Delivery, DeliveryTo, Effects, Entity, NewDelivery};

use crate::event::{EventType, document};
use crate::post::{self, Post};
use crate::sign::SigningKey;

/// The courier's name in deliveries; their address is the webhook's name.
pub const COURIER: &str = "webhook";

/// Somebody who wants to know.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Where it is posted to.
    pub url: String,
    /// Signs what is posted.
    pub key: SigningKey,
    /// Which events; empty = how jobs end.
    pub events: Vec<EventType>,
    /// Of these actions; empty = all. `*` at the end stands for anything.
    pub actions: Vec<String>,
    /// From these sources; empty = all.
    pub sources: Vec<String>,
}

/// All webhooks: makes the deliveries, and delivers them.
pub struct Webhooks {
    hooks: BTreeMap<String, Hook>,
    post: Post,
}

impl Webhooks {
    /// Webhooks by name.
    pub fn new(hooks: BTreeMap<String, Hook>, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Webhooks { hooks, post: Post::new(clock)? })
    }
}

impl Hook {
    fn wants(&self, event: EventType, view: &View<'_>) -> bool {
        let ends = || !matches!(event, EventType::Accepted | EventType::Retrying);
        let event = if self.events.is_empty() { ends() } else { self.events.contains(&event) };
        let action =
            self.actions.is_empty() || self.actions.iter().any(|pattern| fits(pattern, &view.job.action));
        let source =
            self.sources.is_empty() || self.sources.iter().any(|named| stands_for(named, &view.job.source));
        event && action && source
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

impl Reactor for Webhooks {
    fn react(&self, view: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let Some(event) = EventType::of(view, moment) else { return Effects::default() };
        let wanted = self.hooks.iter().filter(|(_, hook)| hook.wants(event, view));
        let deliveries = wanted.map(|(name, _)| NewDelivery {
            to: DeliveryTo { courier: COURIER.to_owned(), address: name.clone() },
            body: document(event, view),
            due_at: None,
        });
        Effects { deliveries: deliveries.collect(), ..Effects::default() }
    }
}

impl Courier for Webhooks {
    fn longest_wait(&self) -> Duration {
        post::LONGEST_WAIT
    }

    fn longest_pause(&self) -> Duration {
        post::LONGEST_PAUSE
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(async move {
            match self.hooks.get(&delivery.to.address) {
                Some(hook) => self.post.send(hook, &delivery).await,
                None => Delivered::Never(format!(
                    "there is no webhook {} in the configuration any more",
                    delivery.to.address
                )),
            }
        })
    }
}
