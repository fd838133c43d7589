//! Deliveries for operators: what waits to leave, what could not, and what becomes of it.

use journal::{DeliveryFilter, EffectSet, Fate, Listing};
use model::{Code, Delivery, DeliveryId, DeliveryState};
use serde_json::json;

use crate::carry::carry;
use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::Hub;
use crate::error::Error;

/// Deliveries settled in one commit, each with a record of its own.
const CHUNK: usize = 500;
/// Deliveries that one call settles at most.
const MANY: usize = 10_000;

/// Which undeliverable deliveries are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dead {
    /// These.
    These(Vec<DeliveryId>),
    /// All of this courier, to this address; `None` = of any, to any.
    All {
        /// The courier.
        courier: Option<String>,
        /// The address.
        address: Option<String>,
    },
}

impl Hub {
    /// Deliveries, newest first, before this place. Go on with [`Listing::next`] until it is `None`.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Listing<Delivery>, Error> {
        Ok(self.core.journal.outbox(filter, before, limit).await?)
    }

    /// Sends undeliverable deliveries again, oldest first, or drops them for good. Returns how many: one that is no
    /// longer undeliverable is left alone, and after 10,000 it is for the caller to go on.
    pub async fn settle_deliveries(&self, dead: Dead, fate: Fate, actor: &Actor) -> Result<u64, Error> {
        let (hub, actor) = (self.clone(), actor.clone());
        carry(async move { hub.settle(dead, fate, &actor).await }).await
    }

    async fn settle(&self, dead: Dead, fate: Fate, actor: &Actor) -> Result<u64, Error> {
        let core = &self.core;
        let (code, verb) = match fate {
            Fate::Again => ("redelivered", "to be sent again"),
            Fate::Drop => ("dropped", "dropped"),
        };
        let mut settled = 0;
        for ids in self.dead(dead).await?.chunks(CHUNK) {
            let now = core.clock.now();
            let (what, message) = match ids {
                [one] => (format!("delivery {}", one.0), verb.to_owned()),
                many => ("deliveries".to_owned(), format!("{} deliveries {verb}", many.len())),
            };
            let entry = AuditEntry::new(actor, what, Code::from_static(code), message)
                .before(json!({ "state": DeliveryState::Undeliverable, "deliveries": ids }));
            let effects = EffectSet { records: vec![entry.record(now)], ..EffectSet::default() };
            settled += core.journal.settle_dead(ids.to_vec(), fate, effects, now).await?;
        }
        Ok(settled)
    }

    async fn dead(&self, dead: Dead) -> Result<Vec<DeliveryId>, Error> {
        let (courier, address) = match dead {
            Dead::These(ids) => return Ok(ids),
            Dead::All { courier, address } => (courier, address),
        };
        let filter = DeliveryFilter { state: Some(DeliveryState::Undeliverable), courier, address };
        let (mut found, mut before) = (Vec::new(), None);
        while found.len() < MANY {
            let page = self.core.journal.outbox(filter.clone(), before, CHUNK).await?;
            found.extend(page.rows.into_iter().map(|delivery| delivery.id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }
}
