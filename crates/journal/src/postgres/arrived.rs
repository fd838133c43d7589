//! What has arrived: jobs that other hubs have accepted, deliveries that follow from what they wrote. It is put in line here, in
//! the order of its numbers, before anything of this batch: whoever was answered before this batch began comes first.

use model::{DeliveryId, Seq};

use super::ask::{Ask, ask_all};
use super::load::{self, ARRIVE, ARRIVED};
use super::number::Of;
use super::op::place;
use super::page::{Note, Wants};
use super::row;
use super::shard::{self, Shards};
use super::tx::Tx;
use crate::damage::{Damaged, Spot};
use crate::error::Error;

/// So many deliveries at once.
const DELIVERIES: usize = 1024;

/// Puts jobs in line. Those that this batch accepts get higher numbers, so many of them; in shards of which more have arrived
/// than are put in line now, they wait behind them.
pub(super) async fn jobs(tx: &mut Tx, accepted: usize) -> Result<(), Error> {
    let ids = tx.owned.ids();
    let found = ask_all(tx.session(), &[Ask::new(ARRIVED, vec![Box::new(ids)])]).await?;
    let found = found.into_iter().next().unwrap_or_default();
    let mut wants = Wants::default();
    let mut arrived = Vec::with_capacity(found.len());
    let mut counts = vec![0_usize; 256];
    for row in &found {
        let (seq, id) = (row::get::<i64>(row, 0)?, row::job_id(row, 1)?);
        let subject: Option<&str> = row::get(row, 5)?;
        if let Some(count) = counts.get_mut(usize::from(shard::of(id, subject))) {
            *count += 1;
        }
        if let Err(why) = load::job(tx, row)? {
            tx.committed.damaged.push(Damaged { spot: Spot::Job(Seq(seq)), why });
            continue;
        }
        if let Some(subject) = subject {
            wants.lines.insert(subject.to_owned(), i64::MIN);
        }
        arrived.push((seq, id));
    }
    let more = (0..=u8::MAX).filter(|id| counts.get(usize::from(*id)).is_some_and(|count| *count >= ARRIVE));
    tx.crowded = Shards::new(more);
    // Whatever is numbered from here on comes behind what was found.
    tx.forget_numbers();
    wants.numbers.jobs = accepted + arrived.len();
    tx.load(wants).await?;
    arrived.sort_unstable_by_key(|(seq, _)| *seq);
    for (seq, id) in arrived {
        if let Err(error) = tx.rule(|page| place(page, id)).await? {
            tx.committed.damaged.push(Damaged { spot: Spot::Job(Seq(seq)), why: error.to_string() });
        }
    }
    Ok(())
}

/// Puts deliveries in line; returns whether there are more. Each gets a number here: who reads them one after the other must not
/// find one before another that was read already.
pub(super) async fn deliveries(tx: &mut Tx) -> Result<bool, Error> {
    let select = format!(
        "SELECT id, job FROM delivery WHERE NOT placed ORDER BY seq LIMIT {DELIVERIES} FOR UPDATE SKIP LOCKED"
    );
    let found = tx.all(&select, &[]).await?;
    let mut wants = Wants::default();
    wants.numbers.deliveries = found.len();
    tx.load(wants).await?;
    for row in &found {
        let (id, job) = (DeliveryId(row::get(row, 0)?), row::maybe_job_id(row, 1)?);
        tx.rule(|page| {
            let seq = page.number(Of::Delivery)?;
            page.notes.push(Note::DeliveryPlaced(id, seq));
            page.committed.owed.push((id, job));
            Ok(())
        })
        .await??;
    }
    Ok(found.len() >= DELIVERIES)
}
