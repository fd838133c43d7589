//! Retrying and cancelling many jobs at once: those that somebody chose, or all that fit.

use journal::{Filter, Order, Page};
use model::word::code;
use model::{Job, JobId, JobState, Seq};

use crate::desk::audit::Actor;
use crate::desk::hub::Hub;
use crate::desk::list::WaitsFor;
use crate::desk::operate::Cancelled;
use crate::desk::replay::Replay;
use crate::error::Error;

/// Jobs that one call may change.
const MANY: usize = 100_000;
/// Jobs read at once.
const ROWS: u32 = 1000;
/// Refusals that are listed; the others are counted.
const LISTED: usize = 1000;

/// Which jobs.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one is made for a call")]
pub enum Which {
    /// These.
    These(Vec<JobId>),
    /// All that fit, also by what they wait for just now.
    All(Filter, Option<WaitsFor>),
}

impl From<Filter> for Which {
    fn from(filter: Filter) -> Self {
        Which::All(filter, None)
    }
}

impl Which {
    /// All that fit, in these states unless it names others.
    fn in_states(self, states: &[JobState]) -> Self {
        match self {
            Which::All(mut filter, waits_for) if filter.states.is_empty() && waits_for.is_none() => {
                filter.states = states.to_vec();
                Which::All(filter, waits_for)
            }
            which => which,
        }
    }

    /// Of all that fit only dead letters, where no other states are named: what is settled is done.
    pub(crate) fn unsettled(self) -> Self {
        match self {
            Which::All(mut filter, waits_for) => {
                filter.dead |= filter.states.iter().all(|state| *state == JobState::Failed);
                Which::All(filter, waits_for)
            }
            these @ Which::These(_) => these,
        }
    }
}

/// What became of a retry of many jobs.
#[derive(Debug, Default)]
pub struct Retried {
    /// So many are run again.
    pub retried: u64,
    /// So many are not.
    pub refused: u64,
    /// The first of those, and why.
    pub refusals: Vec<(JobId, Error)>,
    /// So many were not looked at: the journal could not be written.
    pub left: u64,
}

/// What became of a wish to cancel many jobs.
#[derive(Debug, Default)]
pub struct Cancellations {
    /// So many have ended.
    pub cancelled: u64,
    /// Of so many a step is being ended by force; they end with it.
    pub ending: u64,
    /// So many stay as they are.
    pub refused: u64,
    /// The first of those, and why.
    pub refusals: Vec<(JobId, Error)>,
    /// So many were not looked at: the journal could not be written.
    pub left: u64,
}

impl Hub {
    /// Retries these jobs, or those that fit (dead letters, when no other state is named), in the order in which they were
    /// accepted, so that each subject keeps its. `stale`: also those of which a later job has succeeded.
    pub async fn retry_many(
        &self,
        which: impl Into<Which>,
        stale: bool,
        actor: &Actor,
    ) -> Result<Retried, Error> {
        // All are looked at before any of them is touched: replays are new jobs that must not be met, and that the first of
        // a subject succeeds again must not make the others stale.
        let mut found = Vec::new();
        for job in self.oldest_first(which.into().in_states(&[JobState::Failed]).unsettled()).await? {
            let refused = if stale { None } else { self.stale(&job).await? };
            found.push((job.id, refused));
        }
        let mut rest = found.into_iter();
        let mut report = Retried::default();
        let agreed = Replay { stale: true, ..Replay::default() };
        for (job, refused) in rest.by_ref() {
            let outcome = match refused {
                Some(error) => Err(error),
                None => self.retry(job, &agreed, actor).await,
            };
            match outcome {
                Ok(_) => report.retried += 1,
                Err(error) => {
                    report.refused += 1;
                    if refuse(&mut report.refusals, job, error) {
                        break;
                    }
                }
            }
        }
        report.left = rest.len() as u64;
        Ok(report)
    }

    /// Cancels these jobs, or those that fit (that have not ended, when no state is named), the newest first: none of a
    /// subject starts because the one before it is gone.
    pub async fn cancel_many(&self, which: impl Into<Which>, actor: &Actor) -> Result<Cancellations, Error> {
        let live = JobState::ALL.into_iter().filter(|state| !state.is_terminal()).collect::<Vec<_>>();
        let mut found = self.oldest_first(which.into().in_states(&live)).await?;
        found.reverse();
        let mut rest = found.into_iter();
        let mut report = Cancellations::default();
        for job in rest.by_ref() {
            match self.cancel(job.id, actor).await {
                Ok(Cancelled::Now) => report.cancelled += 1,
                Ok(Cancelled::Ending) => report.ending += 1,
                Err(error) => {
                    report.refused += 1;
                    if refuse(&mut report.refusals, job.id, error) {
                        break;
                    }
                }
            }
        }
        report.left = rest.len() as u64;
        Ok(report)
    }

    /// These jobs, in the order in which they were accepted.
    pub(crate) async fn oldest_first(&self, which: Which) -> Result<Vec<Job>, Error> {
        let mut found = Vec::new();
        match which {
            Which::These(ids) => {
                few_enough(ids.len())?;
                for id in ids {
                    found.push(self.job(id).await?);
                }
                found.sort_by_key(|job| job.seq);
                found.dedup_by_key(|job| job.seq);
            }
            Which::All(filter, waits_for) => {
                let filter = self.waiting(filter, waits_for).await?;
                let mut after = None;
                loop {
                    let page = Page { after, order: Order::Oldest, limit: ROWS };
                    let page = self.core.journal.jobs(filter.clone(), page).await?;
                    few_enough(found.len() + page.rows.len())?;
                    found.extend(page.rows);
                    after = page.next.map(Seq);
                    if after.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(found)
    }
}

fn few_enough(jobs: usize) -> Result<(), Error> {
    if jobs <= MANY {
        return Ok(());
    }
    let message = format!("more than {MANY} jobs fit: narrow the filter, for example with since and until");
    Err(Error::Refused { code: code::TOO_LARGE, message })
}

/// Lists a refusal. Says whether all others would be refused too.
fn refuse(refusals: &mut Vec<(JobId, Error)>, job: JobId, error: Error) -> bool {
    let lasting = matches!(error, Error::Journal(_) | Error::Stopping);
    if refusals.len() < LISTED {
        refusals.push((job, error));
    }
    lasting
}
