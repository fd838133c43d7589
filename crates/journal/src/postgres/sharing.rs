//! Whose the shards are. Each hub that works looks for itself, and finds the same: a shard belongs to the living one for which a
//! hash of both is the highest. Whoever owns a shard gives it to that one, once no attempt of its jobs is under way; what belongs
//! to nobody who lives, that one takes. So no shard has two owners at any time, and few of them move when somebody comes or goes.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;

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
    /// Deliveries are put in line here.
    pub(super) delivers: bool,
    /// At the last commit nobody else was there.
    pub(super) alone: bool,
    /// When it was looked last whose the shards are.
    looked: Duration,
}

impl Part {
    pub(super) fn new(owned: Arc<Owned>, delivers: bool) -> Self {
        Part { owned, delivers, alone: false, looked: Duration::ZERO }
    }

    /// Whether it is time to look whose the shards are: every so often, unless they can only be ours.
    pub(super) fn is_to_look(&mut self, now: Duration, every: Duration) -> bool {
        let is_due = now.saturating_sub(self.looked) >= every && !(self.alone && self.owned.now().is_all());
        if is_due {
            self.looked = now;
        }
        is_due
    }
}

/// A look, and what follows from it, in a commit of its own.
pub(super) struct Sharing {
    node: i64,
    life: i64,
    owned: Arc<Owned>,
    found: Option<Shards>,
}

impl Sharing {
    pub(super) fn new(node: i64, life: i64, owned: Arc<Owned>) -> Self {
        Sharing { node, life, owned, found: None }
    }

    async fn look(&mut self, tx: &mut Tx) -> Result<(), Error> {
        let at_work = tx.all("SELECT node FROM pen WHERE NOT over AND role > 0", &[]).await?;
        let at_work = at_work.iter().map(|row| row::get(row, 0)).collect::<Result<Vec<i64>, _>>()?;
        let (mut ours, mut free) = (Shards::default(), Vec::new());
        let (mut going, mut to) = (Vec::new(), Vec::new());
        for found in &tx.all("SELECT id, owner FROM shard", &[]).await? {
            let (id, owner): (i16, Option<i64>) = (row::get(found, 0)?, row::get(found, 1)?);
            let belongs = at_work.iter().copied().max_by_key(|node| weight(*node, id)).unwrap_or(self.node);
            if owner == Some(self.node) {
                ours.insert(u8::try_from(id).unwrap_or_default());
                if belongs != self.node {
                    going.push(id);
                    to.push(belongs);
                }
            } else if belongs == self.node && owner.is_none_or(|owner| !at_work.contains(&owner)) {
                free.push(id);
            }
        }
        if !going.is_empty() {
            let give = "UPDATE shard SET owner = new.owner FROM unnest($1::smallint[], $2::bigint[]) AS new (id, owner)
                        WHERE shard.id = new.id AND shard.owner = $3
                          AND NOT EXISTS (SELECT 1 FROM live WHERE open_step IS NOT NULL AND live.shard = new.id)
                        RETURNING shard.id";
            ours = ours.without(&ids(&tx.all(give, &[&going, &to, &self.node]).await?)?);
        }
        if !free.is_empty() {
            let take = "UPDATE shard SET owner = $2 WHERE id = ANY($1) AND NOT EXISTS (
                            SELECT 1 FROM pen WHERE node = shard.owner AND NOT over) RETURNING id";
            let taken = tx.all(take, &[&free, &self.node]).await?;
            ours = ours.and(&ids(&taken)?);
        }
        // Somebody may have asked another hub.
        let asked =
            "SELECT id FROM live WHERE open_step IS NOT NULL AND open_life = $1 AND cancelled_by IS NOT NULL";
        for asked in &tx.all(asked, &[&self.life]).await? {
            let id = row::job_id(asked, 0)?;
            tx.committed.cancels.push(id);
        }
        self.found = Some(ours);
        Ok(())
    }
}

impl Alone for Sharing {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), Error>> {
        Box::pin(self.look(tx))
    }

    fn answer(self: Box<Self>, outcome: Result<(), Error>) {
        match (outcome, self.found) {
            (Ok(()), Some(found)) => self.owned.set(found),
            (Err(error), _) => tracing::debug!(%error, "whose the shards are was not looked at"),
            _ => {}
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
