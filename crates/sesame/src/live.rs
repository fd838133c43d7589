//! What the journal holds for a source.

use journal::{Filter, Journal, Page};
use model::{JobId, JobState};

use crate::decode::job_of;

/// Jobs read at once.
const PAGE: u32 = 1_000;

/// The live jobs of a source that came out of the queue: the id there, and the job.
pub(crate) async fn live(
    journal: &dyn Journal,
    source: &str,
) -> Result<Vec<(String, JobId)>, journal::Error> {
    let filter = Filter {
        states: vec![JobState::Queued, JobState::Running, JobState::Retrying],
        source: Some(source.to_owned()),
        ..Filter::default()
    };
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let jobs = journal.jobs(filter.clone(), Page { before, limit: PAGE }).await?;
        before = jobs.last().map(|job| job.seq);
        let last = jobs.len() < PAGE as usize;
        found.extend(jobs.into_iter().filter_map(|job| Some((job_of(&job.external_id?).to_owned(), job.id))));
        if last {
            return Ok(found);
        }
    }
}
