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
use crate::dto::{self, ExportFormat, Exported, Filter};
use http::Params;
use http::Problem;
use http::{May, Read};

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
    let filter = Filter::read(&mut params)?;
    let documents = params.flag("documents")?;
    let format = params.value("format", "ndjson or csv")?.unwrap_or(ExportFormat::Ndjson);
    params.finish()?;
    if documents && format == ExportFormat::Csv {
        return Err(Problem::bad_request(
            "documents do not fit into CSV: leave out `documents`, or `format`",
        ));
    }
    let (filter, waits_for) = filter.split(&api.hub).await?;
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
    read: VecDeque<Result<dto::Job, dto::Damaged>>,
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
            let found = self.api.hub.jobs(self.filter.clone(), self.waits_for, page).await?;
            let Listing { rows, next, damaged } = found;
            let damaged = dto::damaged(damaged).into_iter().map(Err);
            self.read = self.api.named(rows).await?.into_iter().map(Ok).chain(damaged).collect();
            (self.after, self.over) = (next.map(Seq), next.is_none());
        }
        Ok(match self.read.pop_front() {
            None => None,
            Some(Err(damaged)) => Some(Exported::Damaged { damaged }),
            Some(Ok(job)) => {
                let document = if self.documents { self.document(job.id).await? } else { None };
                Some(Exported::Job { job: Box::new(job), document })
            }
        })
    }

    async fn document(&mut self, job: JobId) -> Result<Option<Value>, Problem> {
        match self.api.hub.body(job).await {
            Ok(document) => Ok(Some(document)),
            // Its time was over between the two looks.
            Err(engine::Error::Missing(_)) => Ok(None),
            // The job without its document, and a line that says so.
            Err(
                error @ (engine::Error::Unreadable { .. }
                | engine::Error::Journal(journal::Error::Damaged(_))),
            ) => {
                let damaged = dto::Damaged { what: format!("job {job}"), why: error.to_string() };
                self.read.push_front(Err(damaged));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}
