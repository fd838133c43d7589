//! What the writer knows from its own commits, so that it need not be read again: where the rows lie that every batch writes, where
//! lines begin, and the rows of live jobs.
//!
//! A row of a job may have been written by another hub meanwhile (who joins it, who cancels it). So nobody is refused by what is
//! known, only by what was read; and what is written over a row that is not as it was fails, see the statements that store.

use std::collections::HashMap;
use std::sync::Arc;

use model::JobId;

use super::floors::Floors;
use super::page::{JobRow, Page, Wants};
use super::tid::Places;

/// So many rows, and so many bytes of what is long in them, are kept that were written last, and at most twice as many.
const ROWS: usize = 4096;
const BYTES: usize = 2 * 1024 * 1024;

/// See above.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) places: Places,
    pub(super) floors: Floors,
    rows: Rows,
}

/// What a commit has taught.
#[derive(Default)]
pub(super) struct Learnt {
    pub(super) places: Places,
    pub(super) floors: Vec<(String, i64)>,
    /// `None` = it is not live any more.
    pub(super) rows: Vec<(JobId, Option<JobRow>)>,
}

#[derive(Clone, Default)]
struct Rows {
    seen: HashMap<JobId, Arc<JobRow>>,
    before: HashMap<JobId, Arc<JobRow>>,
    bytes: usize,
}

impl Known {
    /// The row of a live job of ours, as our last commit on it has left it.
    fn row(&self, job: JobId) -> Option<&Arc<JobRow>> {
        self.rows.seen.get(&job).or_else(|| self.rows.before.get(&job))
    }

    /// Puts on a page the rows that are wanted and known; returns whether there are any.
    pub(super) fn put(&self, page: &mut Page, wants: &mut Wants) -> bool {
        let mut is_any = false;
        let mut put = |job: JobId| {
            let row = self.row(job)?;
            page.jobs.load_shared(job, Arc::clone(row));
            is_any = true;
            Some(row)
        };
        wants.jobs.retain(|job| put(*job).is_none());
        let behind = &mut wants.behind;
        wants.leaving.retain(|job| {
            let Some(row) = put(*job) else { return true };
            if let Some(subject) = row.job.subject.as_ref().filter(|_| row.job.head) {
                behind.insert(subject.as_str().to_owned(), row.job.seq.0);
            }
            false
        });
        is_any
    }

    /// Takes in what a commit has taught.
    pub(super) fn learn(&mut self, learnt: Learnt) {
        self.places = learnt.places;
        self.floors.learn(learnt.floors);
        for (job, row) in learnt.rows {
            self.rows.put(job, row);
        }
    }

    /// Something was not as it was known.
    pub(super) fn doubt(&mut self) {
        (self.places, self.rows) = Default::default();
    }
}

impl Rows {
    fn put(&mut self, job: JobId, row: Option<JobRow>) {
        let Some(row) = row else {
            if self.seen.remove(&job).is_none() {
                self.before.remove(&job);
            }
            return;
        };
        if self.seen.len() >= ROWS || self.bytes >= BYTES {
            self.before = std::mem::take(&mut self.seen);
            self.bytes = 0;
        }
        self.bytes += bytes(&row);
        self.before.remove(&job);
        self.seen.insert(job, Arc::new(row));
    }
}

fn bytes(row: &JobRow) -> usize {
    let long = [row.steps.as_ref(), row.plan.as_ref()];
    let text = [row.job.message.as_ref(), row.job.external_id.as_ref()];
    long.into_iter().flatten().map(Vec::len).sum::<usize>()
        + text.into_iter().flatten().map(String::len).sum::<usize>()
}

/// The rows of our jobs that a page has written, as they are once it is committed.
pub(super) fn rows(page: &mut Page) -> Vec<(JobId, Option<JobRow>)> {
    let jobs = std::mem::take(&mut page.jobs);
    let ours = |row: &JobRow| row.is_live() && row.placed && page.owns(&row.job);
    let written = |(job, is_new, row): (JobId, bool, Option<JobRow>)| {
        let row = row.map(|row| JobRow { rev: row.rev + i32::from(!is_new), ..row });
        (job, row.filter(ours))
    };
    jobs.into_changed().map(written).collect()
}
