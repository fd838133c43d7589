//! What a comparison has read so far, page by page in the journal: whoever goes on with its job, after a crash or a wait,
//! goes on behind the last page.

use std::time::Duration;

use engine::Hub;
use jiff::Timestamp;
use model::effect::EntityContent;
use model::{Effects, Entity, EntityKey, EntityWrite, JobId};
use serde::{Deserialize, Serialize};

use super::memory::Forgetful;
use crate::diff::Page;

/// The kind of the entities, by job and place.
const KIND: &str = "google_diff";
/// What was read longer ago is not compared with what is read now; and Google's pages are found again for three days.
const FRESH: Duration = Duration::from_hours(24);
/// So many pages are read back, or removed, at once.
const SOME: usize = 20;

/// The pages of a job's comparison.
pub(super) struct Shelf {
    hub: Option<Hub>,
    job: JobId,
    /// So many lie there.
    pages: usize,
}

#[derive(Serialize, Deserialize)]
struct Laid {
    at: Timestamp,
    page: Page,
}

impl Shelf {
    /// Of this job. Without a hub nothing is kept.
    pub(super) fn of(hub: Option<Hub>, job: JobId) -> Self {
        Shelf { hub, job, pages: 0 }
    }

    /// The pages that lie there, in their order. Those that are too old, or not whole, are thrown away: then all is read
    /// anew, and it is told why.
    pub(super) async fn take(
        &mut self,
        now: Timestamp,
    ) -> Result<(Vec<Page>, Option<&'static str>), Forgetful> {
        let Some(hub) = &self.hub else { return Ok((Vec::new(), None)) };
        let mut pages = Vec::new();
        let mut why = None;
        for (place, entity) in laid(hub, self.job).await?.into_iter().enumerate() {
            let laid: Option<Laid> = serde_json::from_value(entity.body).ok();
            match laid.filter(|_| entity.key.key == key(self.job, place)) {
                Some(Laid { at, page }) if now.duration_since(at).unsigned_abs() < FRESH => pages.push(page),
                Some(_) => why = Some("what was read before is older than a day"),
                None => why = Some("what was read before cannot be read back whole"),
            }
        }
        if why.is_some() {
            pages.clear();
            clear(hub, self.job).await?;
        }
        self.pages = pages.len();
        Ok((pages, why))
    }

    /// Lays one more page there.
    pub(super) async fn lay(&mut self, page: &Page, now: Timestamp) -> Result<(), Forgetful> {
        let Some(hub) = &self.hub else { return Ok(()) };
        let body = serde_json::to_value(Laid { at: now, page: page.clone() }).unwrap_or_default();
        let content = EntityContent { state: "read".to_owned(), label: String::new(), body };
        let key = EntityKey { kind: KIND.to_owned(), key: key(self.job, self.pages) };
        let write = EntityWrite { key, expected_rev: 0, content: Some(content) };
        hub.write(Effects { entities: vec![write], ..Effects::default() }, None).await?;
        self.pages += 1;
        Ok(())
    }
}

/// Removes the pages of comparisons that are over.
pub(super) async fn sweep(hub: &Hub) -> Result<(), Forgetful> {
    let mut after = None;
    loop {
        let first = hub.journal().entities(KIND.to_owned(), after.take(), 1).await?.rows.pop();
        let Some(job) = first.and_then(|first| first.key.key.split('/').next()?.parse::<JobId>().ok()) else {
            return Ok(());
        };
        let there = hub.journal().job(job).await?;
        if there.is_none_or(|job| job.state.is_terminal()) {
            clear(hub, job).await?;
        }
        // Behind all that begins with the job and a stroke.
        after = Some(format!("{job}0"));
    }
}

async fn laid(hub: &Hub, job: JobId) -> Result<Vec<Entity>, Forgetful> {
    let (mut all, begin) = (Vec::new(), format!("{job}/"));
    let mut after = Some(begin.clone());
    while let Some(place) = after.take() {
        let some = hub.journal().entities(KIND.to_owned(), Some(place), SOME).await?;
        let is_last = some.rows.iter().any(|entity| !entity.key.key.starts_with(&begin));
        all.extend(some.rows.into_iter().filter(|entity| entity.key.key.starts_with(&begin)));
        after = some.next.filter(|_| !is_last);
    }
    Ok(all)
}

async fn clear(hub: &Hub, job: JobId) -> Result<(), Forgetful> {
    for some in laid(hub, job).await?.chunks(SOME) {
        let gone = |entity: &Entity| EntityWrite {
            key: entity.key.clone(),
            expected_rev: entity.rev,
            content: None,
        };
        let effects = Effects { entities: some.iter().map(gone).collect(), ..Effects::default() };
        hub.write(effects, None).await?;
    }
    Ok(())
}

fn key(job: JobId, place: usize) -> String {
    format!("{job}/{place:08}")
}
