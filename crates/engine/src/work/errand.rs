//! Asking another hub for what this one cannot do.

use std::time::Duration;

use jiff::Timestamp;
use journal::{EffectSet, Error};
use model::EntityWrite;

use crate::state::core::Core;
use crate::state::errands::{Errands, Open, Outcome, key_of};
use crate::state::failsafe::store;

pub(crate) use crate::state::errands::{Errand, Refusal};

/// Whoever asks waits for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Somebody waits for what an errand comes to.
struct Waiting<'a>(&'a Errands, &'a str);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.forget(self.1);
    }
}

impl Core {
    /// Has another hub do something, and hears what it came to. `None` = nobody has done it in time: it may still be done.
    pub(crate) async fn ask(&self, errand: Errand) -> Result<Option<Outcome>, Error> {
        let now = self.clock.now();
        let key = self.clock.job_id(now).to_string();
        let told = self.errands.expect(&key);
        let _waiting = Waiting(&self.errands, &key);
        let asked = Open::new(key.clone(), errand, now);
        write(self, vec![asked.asked()], now).await?;
        let outcome = tokio::select! {
            told = told => told.ok(),
            () = self.clock.sleep(PATIENCE) => None,
            () = self.stops() => None,
        };
        if outcome.is_some()
            && let Err(error) = store::remove(self, key_of(&key), now).await
        {
            tracing::debug!("an errand that is done stays for a while: {error}");
        }
        Ok(outcome)
    }
}

/// Removes those for which nobody waits any more, done or not.
pub(crate) async fn tidy(core: &Core) -> Result<(), Error> {
    let now = core.clock.now();
    for key in core.errands.old(now) {
        store::remove(core, key_of(&key), now).await?;
    }
    Ok(())
}

/// Writes entities that belong to no job.
pub(crate) async fn write(core: &Core, entities: Vec<EntityWrite>, at: Timestamp) -> Result<(), Error> {
    core.journal.apply(EffectSet { entities, ..EffectSet::default() }, None, at).await
}
