//! What the journal holds for a source.

use journal::{Filter, Listing, Order, Page, Read};
use model::{JobId, JobState, Seq};

use crate::decode::job_of;

/// Jobs read at once.
const PAGE: u32 = 1_000;

/// The live jobs of a source that came out of the queue: the id there, and the job.
pub(crate) async fn live(journal: &dyn Read, source: &str) -> Result<Vec<(String, JobId)>, journal::Error> {
    let filter = Filter {
        states: vec![JobState::Queued, JobState::Running, JobState::Retrying],
        source: Some(source.to_owned()),
        ..Filter::default()
    };
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = Page { after, order: Order::Newest, limit: PAGE };
        let Listing { rows, next, .. } = journal.jobs(filter.clone(), page).await?;
        found.extend(rows.into_iter().filter_map(|job| Some((job_of(&job.external_id?).to_owned(), job.id))));
        match next {
            Some(next) => after = Some(Seq(next)),
            None => return Ok(found),
        }
    }
}
