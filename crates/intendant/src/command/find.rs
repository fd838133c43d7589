//! Jobs by the names that others gave them.

use anyhow::{Result, anyhow};
use api::Client;
use api::dto::{Filter, JobQuery};
use model::JobId;

use crate::cli::JobName;
use crate::context::Context;

/// Between a caller's id and what a source adds to it, where ids of its kind come again.
const BETWEEN: &str = "::";
/// Jobs asked for at once.
const PAGE: u32 = 100;

/// The job of that name. The hub is asked only where it has to be.
pub(crate) async fn named(name: JobName, context: &Context) -> Result<JobId> {
    match name {
        JobName::Ours(id) => Ok(id),
        theirs @ JobName::Theirs(_) => job(theirs, &context.client()?).await,
    }
}

/// The job of that name; of several the newest.
pub(super) async fn job(name: JobName, client: &Client) -> Result<JobId> {
    let name = match name {
        JobName::Ours(id) => return Ok(id),
        JobName::Theirs(name) => name,
    };
    let mut before = None;
    loop {
        let filter = Filter { text: Some(name.clone()), ..Filter::default() };
        let page =
            client.jobs(&JobQuery { filter, before, limit: Some(PAGE), ..JobQuery::default() }).await?;
        let found =
            page.jobs.iter().find(|job| job.external_id.as_deref().is_some_and(|id| is_called(id, &name)));
        match (found, page.next) {
            (Some(job), _) => return Ok(job.id),
            (None, Some(next)) => before = Some(next),
            (None, None) => return Err(anyhow!("there is no job {name}, by our id or by its caller's")),
        }
    }
}

fn is_called(external_id: &str, name: &str) -> bool {
    external_id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(BETWEEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_callers_whole_one() {
        assert!(is_called("nightly", "nightly") && is_called("nightly::1700", "nightly"));
        assert!(!is_called("nightly2", "nightly") && !is_called("a-nightly", "nightly"));
    }
}
