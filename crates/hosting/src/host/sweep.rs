//! What is looked after by itself: work that was lost, and what was kept for long enough.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use model::Effects;

use super::{Host, unless_conflict};
use crate::error::Error;
use crate::establishment::{Establishment, Happening};
use crate::rne::Rne;
use crate::state::State;

/// The states in which work goes on.
const AT_WORK: [State; 5] =
    [State::Start, State::Uploaded, State::UploadedRight, State::Alter, State::Delete];

/// Exports: of which school, and of which of its generations.
type Eras = BTreeSet<(Rne, u64)>;

/// What looked too old when it was looked at last.
#[derive(Debug, Default)]
pub struct Looked(Mutex<Eras>);

impl Host {
    /// Makes work again that no live job does. How much of it there was. One school that cannot be helped keeps no other
    /// waiting; the first of them is told.
    pub async fn find_lost(&self) -> Result<usize, Error> {
        let (mut lost, mut failed) = (0, None);
        for found in self.all(&AT_WORK, usize::MAX).await? {
            match self.make_again(found).await {
                Ok(is_made) => lost += usize::from(is_made),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed.map_or(Ok(lost), Err)
    }

    /// Makes the work of a school again if no live job does it; whether it was so.
    async fn make_again(&self, found: Establishment) -> Result<bool, Error> {
        if !self.is_lost(&found).await? {
            return Ok(false);
        }
        tracing::warn!(
            subject = %format_args!("establishment:{}", found.rne),
            "no live job does what {} waits for in {}: it is asked for again", found.rne, found.state.code()
        );
        // Over exactly what was looked at: when its job has just ended it is not lost.
        let again = self.happen_to(found, Happening::Lost, None).await;
        Ok(unless_conflict(again)?.is_some())
    }

    async fn is_lost(&self, of: &Establishment) -> Result<bool, Error> {
        let Some(awaited) = &of.kept.awaited else { return Ok(false) };
        let Some(id) = awaited.job else { return Ok(true) };
        let job = match self.hub.journal().job(id).await {
            // Whoever looks after damaged rows ends it, and then it is gone.
            Err(journal::Error::Damaged(_)) => return Ok(false),
            job => job?,
        };
        Ok(job.is_none_or(|job| job.state.is_terminal()))
    }

    /// Forgets what was kept for long enough: exports, then what is known of schools that are gone. What looks too old is
    /// looked at twice, an hour apart: a clock that was set ahead makes everything old at once.
    pub async fn expire(&self, looked: &Looked) -> Result<(), Error> {
        let (mut after, mut over) = (None, BTreeSet::new());
        let before = looked.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        loop {
            let page = self.list(&[], None, after, 200).await?;
            for found in page.establishments {
                self.expire_one(found, &before, &mut over).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        *looked.0.lock().unwrap_or_else(PoisonError::into_inner) = over;
        self.clear().await
    }

    /// The same of one school. `before` are those that looked too old before, `over` those that do now.
    async fn expire_one(&self, found: Establishment, before: &Eras, over: &mut Eras) -> Result<(), Error> {
        let now = self.hub.now();
        let mut next = found.clone();
        next.put_right(now);
        let old: Vec<_> =
            next.over(self.settings.retention, now).into_iter().map(|era| (found.rne.clone(), era)).collect();
        let gone: Vec<u64> = old.iter().filter(|one| before.contains(*one)).map(|(_, era)| *era).collect();
        over.extend(old);
        let done = if next.without(&gone) {
            self.happen_to(found, Happening::RetentionPassed, None).await.map(drop)
        } else if next == found {
            return Ok(());
        } else {
            let effects = Effects { entities: vec![next.write()], ..Effects::default() };
            self.hub.write(effects, None).await.map_err(Error::from)
        };
        unless_conflict(done).map(drop)
    }

    /// Removes exports of which no establishment says anything any more.
    async fn clear(&self) -> Result<(), Error> {
        let exports = self.settings.exports();
        let folders = tokio::task::spawn_blocking(move || folders(&exports)).await.unwrap_or_default();
        for (rne, eras) in folders {
            let found = match self.find(&rne).await {
                // Nobody can say what of it is wanted: it stays.
                Err(Error::Damaged { .. }) => continue,
                found => found?,
            };
            let kept: BTreeSet<u64> = found.iter().flat_map(kept).collect();
            for era in eras.into_iter().filter(|era| !kept.contains(era)) {
                let path = self.settings.exports().join(rne.as_str()).join(era.to_string());
                let removed = tokio::fs::remove_dir_all(&path).await;
                removed
                    .map_err(|source| Error::File { what: format!("removing {}", path.display()), source })?;
                // The last one leaves an empty folder.
                let _ = tokio::fs::remove_dir(self.settings.exports().join(rne.as_str())).await;
            }
        }
        Ok(())
    }
}

/// The eras whose exports are wanted: those that are kept, and the present one, which may be being exported.
fn kept(of: &Establishment) -> impl Iterator<Item = u64> + '_ {
    let present = (of.state != State::Deleted).then_some(of.kept.era);
    of.kept.exports.iter().map(|export| export.era).chain(present)
}

/// What lies in the folder of all exports: schools, and their eras.
fn folders(exports: &std::path::Path) -> Vec<(Rne, Vec<u64>)> {
    let entries = |path: &std::path::Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let school = |entry: std::fs::DirEntry| {
        let rne = entry.file_name().to_str()?.parse().ok()?;
        let eras = entries(&entry.path()).filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Some((rne, eras.collect()))
    };
    entries(exports).filter_map(school).collect()
}
