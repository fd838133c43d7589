//! What the journal cannot read back is ended, so that it holds up nobody: its subject, its slot, its address are free.

use std::collections::BTreeSet;

use journal::{Burial, Error, Grave, Spot};

use crate::state::core::Core;

/// Ends what cannot be read.
pub(crate) async fn bury(core: &Core, grave: Grave) -> Result<bool, Error> {
    let now = core.clock.now();
    let spare = core.clock.job_id(now).0;
    let ended = core.journal.bury(Burial { grave, spare, at: now }).await?;
    if ended {
        let what = match grave {
            Grave::Job(id) => format!("job {id}"),
            Grave::Numbered(seq) | Grave::Waiting(seq) => format!("job number {}", seq.0),
            Grave::Delivery(seq) => format!("delivery number {seq}"),
        };
        tracing::error!("{what} cannot be read back from the journal and was ended as damaged");
    }
    Ok(ended)
}

/// Follows what the journal meets, and ends what waits for something that will not come about.
#[derive(Debug, Default)]
pub(crate) struct Gravedigger {
    /// What was looked after.
    done: BTreeSet<Spot>,
}

impl Gravedigger {
    /// Ends what was met since.
    pub(crate) async fn dig(&mut self, core: &Core) {
        self.each(core, Grave::Waiting).await;
    }

    /// The same at start, when no attempt is led by anybody.
    pub(crate) async fn dig_all(&mut self, core: &Core) {
        self.each(core, Grave::Numbered).await;
    }

    async fn each(&mut self, core: &Core, job: fn(model::Seq) -> Grave) {
        let met = core.journal.damaged();
        if met.len() < self.done.len() {
            self.done.retain(|spot| met.iter().any(|row| row.spot == *spot));
        }
        for row in met {
            if self.done.contains(&row.spot) {
                continue;
            }
            let grave = match &row.spot {
                Spot::Job(seq) => job(*seq),
                Spot::Delivery(seq) => Grave::Delivery(*seq),
                // These hold up nobody. What belongs to a job ends with it.
                Spot::OfJob(_) | Spot::Record(_) | Spot::Event(_) | Spot::Entity(..) => continue,
            };
            match bury(core, grave).await {
                Ok(_) => _ = self.done.insert(row.spot),
                // It is tried again at the next look.
                Err(error) => return tracing::debug!("{}: not ended yet: {error}", row.spot),
            }
        }
    }
}
