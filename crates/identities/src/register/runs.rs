//! The history of what was asked for many identities.

use journal::{EntityFilter, Order, Page};
use model::{Effects, Seq};

use super::{Register, Report};
use crate::error::Error;
use crate::request::SOURCE;
use crate::run::{Asked, Counting, KIND, Run, Stage, Tally, entity_key};

/// Jobs that are read at once.
const ROWS: u32 = 1000;
/// Runs that are kept.
const KEPT: usize = 1000;

/// Runs, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// Each with where it stands.
    pub runs: Vec<(Run, Stage, Tally)>,
    /// After which the listing goes on.
    pub next: Option<String>,
}

impl Register {
    /// The runs after this one, newest first.
    pub async fn runs(&self, after: Option<String>, limit: usize) -> Result<Runs, Error> {
        let filter = EntityFilter { kind: KIND.to_owned(), ..EntityFilter::default() };
        let page = self.hub.journal().find_entities(filter, after, limit).await?;
        let mut runs = Vec::new();
        // What cannot be read says nothing that anybody misses.
        for run in page.rows.into_iter().filter_map(|entity| Run::read(entity).ok()) {
            runs.push(self.standing(run).await?);
        }
        Ok(Runs { runs, next: page.next })
    }

    /// A run, with where it stands.
    pub async fn run(&self, id: &str) -> Result<(Run, Stage, Tally), Error> {
        let missing = || Error::NoRun(id.to_owned());
        let entity = self.hub.journal().entity(entity_key(id)).await?.ok_or_else(missing)?;
        self.standing(Run::read(entity).map_err(|_| missing())?).await
    }

    /// Where a run stands. What has ended for good is kept: its jobs go in their own time.
    async fn standing(&self, mut run: Run) -> Result<(Run, Stage, Tally), Error> {
        if let Some(tally) = &run.kept.came_to {
            let tally = tally.clone();
            let stage = run.stage(&tally, self.since);
            return Ok((run, stage, tally));
        }
        let tally = self.count(&run).await?;
        let stage = run.stage(&tally, self.since);
        if stage != Stage::UnderWay && tally.under_way == 0 && run.kept.asked.is_some() {
            run.kept.came_to = Some(tally.clone());
            let effects = Effects { entities: vec![run.write()], ..Effects::default() };
            match self.hub.write(effects, None).await.map_err(Error::from) {
                // Somebody else has kept the same.
                Err(error) if error.is_conflict() => {}
                kept => kept?,
            }
        }
        Ok((run, stage, tally))
    }

    async fn count(&self, run: &Run) -> Result<Tally, Error> {
        let (since, until) = run.span();
        let filter = journal::Filter {
            source: Some(SOURCE.to_owned()),
            action: Some(run.kept.deed.action().to_owned()),
            since: Some(since),
            until,
            ..journal::Filter::default()
        };
        let (mut counting, mut after) = (Counting::default(), None);
        loop {
            let page = Page { after, order: Order::Oldest, limit: ROWS };
            let listing = self.hub.jobs(filter.clone(), None, page).await?;
            listing.rows.iter().filter(|job| run.has(job)).for_each(|job| counting.add(job));
            after = listing.next.map(Seq);
            if after.is_none() {
                return Ok(counting.tally());
            }
        }
    }

    /// Keeps that all were asked.
    pub(super) async fn all_asked(&self, mut run: Run, report: &Report) -> Result<(), Error> {
        let Report { done, left, .. } = *report;
        run.rev = 1;
        run.kept.asked = Some(Asked { at: self.hub.now(), jobs: done, left });
        let effects = Effects { entities: vec![run.write()], ..Effects::default() };
        Ok(self.hub.write(effects, None).await?)
    }

    /// Keeps what open runs came to before their jobs go, and no more runs than anybody looks at.
    pub(crate) async fn tidy_runs(&self) -> Result<(), Error> {
        let mut kept = 0;
        let mut after = None;
        loop {
            let Runs { runs, next } = self.runs(after, 100).await?;
            for (run, ..) in &runs {
                kept += 1;
                if kept > KEPT {
                    self.hub.erase(entity_key(&run.id), None).await?;
                }
            }
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
