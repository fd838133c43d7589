//! Deliveries for operators: what waits to leave, what could not, and what becomes of it.

use journal::{DeliveryFilter, EffectSet, Fate, Listing};
use model::{CauseId, Code, Delivery, DeliveryId, DeliveryState};
use serde_json::json;

use crate::carry::carry;
use crate::desk::aside::reason;
use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::Hub;
use crate::desk::letters::{self, CHUNK};
use crate::error::Error;

/// Deliveries that one call settles at most.
const MANY: usize = 10_000;

/// Which undeliverable deliveries are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dead {
    /// These.
    These(Vec<DeliveryId>),
    /// All of this courier, to this address, of this cause; `None` = of any, to any.
    All {
        /// The courier.
        courier: Option<String>,
        /// The address.
        address: Option<String>,
        /// The cause, see [`Hub::delivery_causes`].
        cause: Option<CauseId>,
    },
}

/// What becomes of them.
enum Deed {
    Again,
    /// For this reason.
    Drop(String),
}

impl Hub {
    /// Deliveries, newest first, before this place; as patient as [`Hub::jobs`]. Go on with [`Listing::next`] until it is
    /// `None`.
    pub async fn deliveries(
        &self,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Listing<Delivery>, Error> {
        self.look(before, limit, |before, left| self.core.journal.outbox(filter.clone(), before, left)).await
    }

    /// Sends undeliverable deliveries again, oldest first. Returns how many: one that is no longer undeliverable is left
    /// alone, and after 10,000 it is for the caller to go on.
    pub async fn retry_deliveries(&self, dead: Dead, actor: &Actor) -> Result<u64, Error> {
        let (hub, actor) = (self.clone(), actor.clone());
        carry(async move { hub.settle(dead, Deed::Again, &actor).await }).await
    }

    /// Drops undeliverable deliveries for good, for a reason that the audit keeps. Returns how many, as
    /// [`Hub::retry_deliveries`] does.
    pub async fn drop_deliveries(&self, dead: Dead, why: &str, actor: &Actor) -> Result<u64, Error> {
        let why = reason(why)?;
        let (hub, actor) = (self.clone(), actor.clone());
        carry(async move { hub.settle(dead, Deed::Drop(why), &actor).await }).await
    }

    async fn settle(&self, dead: Dead, deed: Deed, actor: &Actor) -> Result<u64, Error> {
        let core = &self.core;
        let mut settled = 0;
        for ids in self.dead(dead).await?.chunks(CHUNK) {
            let now = core.clock.now();
            let what = match ids {
                [one] => format!("delivery {}", one.0),
                _ => "deliveries".to_owned(),
            };
            let before = json!({ "state": DeliveryState::Undeliverable, "deliveries": ids });
            let (fate, code, message) = match (&deed, ids) {
                (Deed::Again, [_]) => (Fate::Again, "redelivered", "to be sent again".to_owned()),
                (Deed::Again, ids) => {
                    (Fate::Again, "redelivered", format!("{} deliveries to be sent again", ids.len()))
                }
                (Deed::Drop(why), [_]) => (Fate::Drop, "dropped", format!("dropped: {why}")),
                (Deed::Drop(why), ids) => {
                    (Fate::Drop, "dropped", format!("{} deliveries dropped: {why}", ids.len()))
                }
            };
            let mut entry = AuditEntry::new(actor, what, Code::from_static(code), message).before(before);
            if let Deed::Drop(why) = &deed {
                entry = entry.after(json!({ "why": why }));
            }
            let effects = EffectSet { records: vec![entry.record(now)], ..EffectSet::default() };
            settled += core.journal.settle_dead(ids.to_vec(), fate, effects, now).await?;
        }
        Ok(settled)
    }

    async fn dead(&self, dead: Dead) -> Result<Vec<DeliveryId>, Error> {
        let (courier, address, cause) = match dead {
            Dead::These(ids) => return Ok(ids),
            Dead::All { courier, address, cause } => (courier, address, cause),
        };
        let filter = DeliveryFilter { state: Some(DeliveryState::Undeliverable), courier, address };
        let (mut found, mut before) = (Vec::new(), None);
        while found.len() < MANY {
            let mut page = self.core.journal.outbox(filter.clone(), before, CHUNK).await?;
            letters::keep(&mut page, cause, CHUNK);
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
