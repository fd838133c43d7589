//! The history of what was asked for many identities.

use askama::Template;
use axum::extract::{RawQuery, State as Extract};
use axum::response::Response;
use http::page::{Form, Visit, When};
use http::{May, Named, Problem};

use super::Pages;
use crate::ReadIdentities;
use crate::register::Runs;
use crate::run::{Cause, Run, Stage, Tally};

/// Rows of a page.
const ROWS: usize = 50;

/// A run, as it is shown.
struct Row {
    id: String,
    begun: When,
    by: String,
    what: String,
    tone: &'static str,
    stage: String,
    jobs: Option<u64>,
    left: u64,
    interrupted: bool,
    tally: Tally,
}

impl Row {
    fn new(v: &Visit, (run, stage, tally): (Run, Stage, Tally)) -> Self {
        let (tone, word) = match stage {
            Stage::UnderWay => ("busy", "runs-under-way"),
            Stage::Interrupted => ("warn", "runs-interrupted"),
            Stage::Ended if tally.failed > 0 => ("bad", "runs-ended"),
            Stage::Ended => ("good", "runs-ended"),
        };
        Row {
            id: run.id,
            begun: run.kept.begun.into(),
            by: run.kept.by,
            what: v.t(&format!("act-{}", run.kept.deed.as_str())),
            tone,
            stage: v.t(word),
            jobs: run.kept.asked.map(|asked| asked.jobs),
            left: run.kept.asked.map_or(0, |asked| asked.left),
            interrupted: stage == Stage::Interrupted,
            tally,
        }
    }

    /// Jobs that have ended, however.
    fn ended(&self) -> u64 {
        self.tally.succeeded + self.tally.failed + self.tally.cancelled
    }
}

#[derive(Template)]
#[template(path = "runs.html")]
struct List<'p> {
    v: &'p Visit,
    rows: Vec<Row>,
    first: bool,
    more: Option<String>,
}

/// `GET /identities/runs`.
pub(super) async fn list(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<ReadIdentities>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let after = form.get("after").map(str::to_owned);
    let first = after.is_none();
    let Runs { runs, next } = pages.register.runs(after, ROWS).await?;
    let rows = runs.into_iter().map(|run| Row::new(&visit, run)).collect();
    let content = List { v: &visit, rows, first, more: next };
    Ok(visit.page(visit.t("runs")).live("on=jobs").show(&content))
}

#[derive(Template)]
#[template(path = "run.html")]
struct One<'p> {
    v: &'p Visit,
    row: Row,
    causes: Vec<Cause>,
}

/// `GET /identities/runs/{run}`.
pub(super) async fn show(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<ReadIdentities>,
    Named(run): Named<String>,
) -> Result<Response, Problem> {
    let mut row = Row::new(&visit, pages.register.run(&run).await?);
    let causes = std::mem::take(&mut row.tally.causes);
    let title = row.what.clone();
    Ok(visit.page(title).live("on=jobs").show(&One { v: &visit, row, causes }))
}
