//! Jobs as a stream of lines, however many.

use std::collections::VecDeque;

use axum::extract::State;
use axum::response::Response;
use futures_util::{Stream, stream};
use journal::{Listing, Order, Page};
use model::{JobId, Seq};
use serde_json::Value;

use super::batch::ndjson;
use super::{Api, table};
use crate::caller::{May, Read};
use crate::dto::{ExportFormat, Exported, Filter};
use crate::problem::Problem;
use crate::query::Params;

/// Jobs read at once.
const ROWS: u32 = 500;

/// `GET /jobs/export`: newest first, with their masked documents when `documents=true`.
#[utoipa::path(
    get,
    path = "/jobs/export",
    tag = "jobs",
    operation_id = "jobs_export",
    params(Filter, ("documents" = Option<bool>, Query, description = "With the masked documents")),
    responses((status = 200, description = "Done", body = Exported, content_type = "application/x-ndjson")),
    security(("token" = ["read"])),
)]
pub(super) async fn export(
    State(api): State<Api>,
    _: May<Read>,
    mut params: Params,
) -> Result<Response, Problem> {
    let (filter, waits_for) = Filter::read(&mut params)?.split();
    let documents = params.flag("documents")?;
    let format = params.value("format", "ndjson or csv")?.unwrap_or(ExportFormat::Ndjson);
    params.finish()?;
    if documents && format == ExportFormat::Csv {
        return Err(Problem::bad_request(
            "documents do not fit into CSV: leave out `documents`, or `format`",
        ));
    }
    let walk = Walk { api, filter, waits_for, documents, read: VecDeque::new(), after: None, over: false };
    Ok(match format {
        ExportFormat::Ndjson => ndjson(walk.rows()),
        ExportFormat::Csv => table::response(walk.rows()),
    })
}

struct Walk {
    api: Api,
    filter: journal::Filter,
    waits_for: Option<engine::WaitsFor>,
    documents: bool,
    read: VecDeque<model::Job>,
    after: Option<Seq>,
    over: bool,
}

impl Walk {
    fn rows(self) -> impl Stream<Item = Exported> {
        stream::unfold(self, |mut walk| async {
            let row = walk.next().await.unwrap_or_else(|problem| {
                (walk.over, walk.read) = (true, VecDeque::new());
                Some(Exported::Broken { problem })
            });
            Some((row?, walk))
        })
    }

    async fn next(&mut self) -> Result<Option<Exported>, Problem> {
        while self.read.is_empty() && !self.over {
            let page = Page { after: self.after, order: Order::Newest, limit: ROWS };
            let Listing { rows, next } = self.api.hub.jobs(self.filter.clone(), self.waits_for, page).await?;
            (self.read, self.after, self.over) = (rows.into(), next.map(Seq), next.is_none());
        }
        let Some(job) = self.read.pop_front() else { return Ok(None) };
        let document = if self.documents { self.document(job.id).await? } else { None };
        Ok(Some(Exported::Job { job: Box::new(job.into()), document }))
    }

    async fn document(&self, job: JobId) -> Result<Option<Value>, Problem> {
        match self.api.hub.body(job).await {
            Ok(document) => Ok(Some(document)),
            // Its time was over between the two looks.
            Err(engine::Error::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
