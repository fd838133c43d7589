//! Whose the shards are. Each hub that works looks for itself, and finds the same: a shard belongs to the living one for which a
//! hash of both is the highest. Whoever owns a shard gives it to that one, once no attempt of its jobs is under way; what belongs
//! to nobody who lives, that one takes. So no shard has two owners at any time, and few of them move when somebody comes or goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::Row;

use super::follow::Follow;
use super::pen::{Pen, Role};
use super::queue::Alone;
use super::row;
use super::shard::{Owned, Shards};
use super::tx::Tx;
use crate::api::BoxFuture;
use crate::error::Error;

/// Our part of the work.
pub(super) struct Part {
    /// The shards that are ours.
    pub(super) owned: Arc<Owned>,
    /// We do what one alone must do for all: among it, deliveries are put in line here.
    leads: watch::Sender<bool>,
    /// How far the others are known.
    pub(super) follow: Follow,
    /// There is something of others to be read.
    pub(super) follows: bool,
    /// At the last commit nobody else was there.
    pub(super) alone: bool,
    /// When it was looked last whose the shards are, and who was at work then.
    looked: Duration,
    among: BTreeSet<i64>,
}

impl Part {
    pub(super) fn new(owned: Arc<Owned>, leads: watch::Sender<bool>, follow: Follow) -> Self {
        let (among, looked) = Default::default();
        Part { owned, leads, follow, follows: true, alone: false, looked, among }
    }

    /// Whether we lead.
    pub(super) fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    /// As it is now.
    pub(super) fn now(&self) -> Shared {
        Shared { ours: self.owned.now(), leads: self.leads() }
    }

    /// As it was found and committed; returns whether anything is otherwise than before.
    pub(super) fn becomes(&self, shared: Shared) -> bool {
        let Shared { ours, leads } = shared;
        let is_other = shared != self.now();
        self.owned.set(ours);
        // Only when it changes somebody hears of it.
        self.leads.send_if_modified(|led| std::mem::replace(led, leads) != leads);
        is_other
    }

    /// Whether it is time to look whose the shards are: when somebody has come or gone, and every so often, unless they can only
    /// be ours.
    pub(super) fn is_to_look(&mut self, now: Duration, every: Duration) -> bool {
        let is_settled = self.alone && self.owned.now().is_all() && self.leads();
        let is_time = now.saturating_sub(self.looked) >= every && !is_settled;
        let is_due = is_time || self.among != self.follow.at_work;
        if is_due {
            self.looked = now;
            self.among.clone_from(&self.follow.at_work);
        }
        is_due
    }
}

/// What a look has found, true once it is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shared {
    ours: Shards,
    leads: bool,
}

/// A look, and what follows from it, in a commit of its own.
pub(super) struct Sharing {
    pen: Pen,
    life: i64,
    was: Shared,
}

impl Sharing {
    pub(super) fn new(pen: Pen, life: i64, was: Shared) -> Self {
        Sharing { pen, life, was }
    }

    async fn look(&self, tx: &mut Tx) -> Result<(), Error> {
        let node = self.pen.node;
        let pens = tx.all("SELECT node, role, drained FROM pen WHERE NOT over AND role > 0", &[]).await?;
        let (mut at_work, mut is_led) = (Vec::new(), false);
        for pen in &pens {
            is_led |= Role::of(row::get(pen, 1)?) == Role::Leads;
            // Whoever is about to lay down its work is given no more of it.
            if !row::get::<bool>(pen, 2)? {
                at_work.push(row::get(pen, 0)?);
            }
        }
        let leads = self.was.leads || (!is_led && self.pen.lead(tx.session()).await?);
        let (mut ours, mut free) = (Shards::default(), Vec::new());
        let (mut going, mut to) = (Vec::new(), Vec::new());
        for found in &tx.all("SELECT id, owner FROM shard", &[]).await? {
            let (id, owner): (i16, Option<i64>) = (row::get(found, 0)?, row::get(found, 1)?);
            let belongs = at_work.iter().copied().max_by_key(|node| weight(*node, id)).unwrap_or(node);
            if owner == Some(node) {
                ours.insert(u8::try_from(id).unwrap_or_default());
                if belongs != node {
                    going.push(id);
                    to.push(belongs);
                }
            } else if belongs == node && owner.is_none_or(|owner| !at_work.contains(&owner)) {
                free.push(id);
            }
        }
        if !going.is_empty() {
            let give = "UPDATE shard SET owner = new.owner FROM unnest($1::smallint[], $2::bigint[]) AS new (id, owner)
                        WHERE shard.id = new.id AND shard.owner = $3
                          AND NOT EXISTS (SELECT 1 FROM live WHERE open_step IS NOT NULL AND live.shard = new.id)
                        RETURNING shard.id";
            ours = ours.without(&ids(&tx.all(give, &[&going, &to, &node]).await?)?);
        }
        if !free.is_empty() {
            let take = "UPDATE shard SET owner = $2 WHERE id = ANY($1) AND NOT EXISTS (
                            SELECT 1 FROM pen WHERE node = shard.owner AND NOT over) RETURNING id";
            let taken = tx.all(take, &[&free, &node]).await?;
            ours = ours.and(&ids(&taken)?);
        }
        // Attempts of lives that are over lie in shards that these have owned to their end: whoever takes them is told so.
        tx.committed.shared_anew = ours != self.was.ours;
        // Somebody may have asked another hub.
        let asked =
            "SELECT id FROM live WHERE open_step IS NOT NULL AND open_life = $1 AND cancelled_by IS NOT NULL";
        for asked in &tx.all(asked, &[&self.life]).await? {
            let id = row::job_id(asked, 0)?;
            tx.committed.cancels.push(id);
        }
        tx.shared = Some(Shared { ours, leads });
        Ok(())
    }
}

impl Alone for Sharing {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(self.look(tx))
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            tracing::debug!(%error, "whose the shards are was not looked at");
        }
    }
}

fn ids(found: &[Row]) -> Result<Shards, Error> {
    let id = |row: &Row| Ok::<_, Error>(u8::try_from(row::get::<i16>(row, 0)?).unwrap_or_default());
    Ok(Shards::new(found.iter().map(id).collect::<Result<Vec<_>, _>>()?))
}

/// The hash of a hub and a shard: as good as random, and the same for everybody.
fn weight(node: i64, shard: i16) -> (u64, i64) {
    let mut mixed =
        node.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(shard.cast_unsigned());
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
    }
    (mixed ^ (mixed >> 31), node)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nodes: &[i64]) -> Vec<i64> {
        let belongs =
            |shard| nodes.iter().copied().max_by_key(|node| weight(*node, shard)).unwrap_or_default();
        (0..256).map(belongs).collect()
    }

    #[test]
    fn shards_are_spread_and_only_those_of_whoever_goes_move() {
        let (three, two) = (of(&[4, 7, 9]), of(&[4, 9]));
        for node in [4, 7, 9] {
            let share = three.iter().filter(|owner| **owner == node).count();
            assert!((60..=110).contains(&share), "{node} has {share}");
        }
        assert!(three.iter().zip(&two).all(|(before, after)| *before == 7 || before == after));
    }
}
