//! Many documents, one on each line.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use super::Api;
use super::lines::{Line, lines};
use super::submit::trace_parent;
use crate::decode::Beside;
use crate::dto::BatchLine;
use http::Params;
use http::Problem;
use http::body::require;
use http::{Caller, Closing, May, Submit};

/// The media type of one JSON document on each line.
pub const NDJSON: &str = "application/x-ndjson";
/// Lines that are being accepted at once.
const IN_FLIGHT: usize = 256;

/// `POST /jobs/batch`: every line is answered by a line, in order, while later ones are still being read.
#[utoipa::path(
    post,
    path = "/jobs/batch",
    tag = "jobs",
    operation_id = "jobs_batch",
    params(
        ("action" = Option<String>, Query, description = "The action of documents that do not name one"),
        ("traceparent" = Option<String>, Header, description = "The caller's trace (W3C Trace Context), of which the jobs become a part"),
    ),
    request_body(
        content = String,
        content_type = "application/x-ndjson",
        example = "{\"action\": \"IDENTITY_UPDATE\", \"concernedTo\": \"alice\", \"payload\": {\"uid\": \"alice\"}}\n",
    ),
    responses(
        (status = 200, description = "Done", body = BatchLine, content_type = "application/x-ndjson"),
    ),
    security(("token" = ["submit"])),
)]
pub(super) async fn batch(
    State(api): State<Api>,
    May { caller, .. }: May<Submit>,
    closing: Closing,
    mut params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let beside = Beside { action: params.one("action")?, trace: trace_parent(&headers), id: None };
    params.finish()?;
    require(&headers, NDJSON)?;
    let answers = lines(api.bodies.limits, api.bodies.hold(&caller), body, closing).map(move |line| {
        let (api, beside, caller) = (api.clone(), beside.clone(), caller.clone());
        async move { api.take_line(line, &beside, &caller).await }
    });
    Ok(ndjson(answers.buffered(IN_FLIGHT)))
}

impl Api {
    async fn take_line(&self, line: Line, beside: &Beside, caller: &Caller) -> BatchLine {
        let number = line.number;
        let taken = match &line.content {
            Ok(document) => self.take(document, beside, caller, false).await,
            Err(problem) => Err(problem.clone()),
        };
        match taken {
            Ok(submitted) => BatchLine::Accepted { line: number, submitted },
            Err(problem) => BatchLine::Refused { line: number, problem },
        }
    }
}

/// A response of JSON lines, sent as they come.
pub fn ndjson<T: Serialize + 'static>(rows: impl Stream<Item = T> + Send + 'static) -> Response {
    let lines = rows.map(|row| {
        let mut line = serde_json::to_vec(&row)?;
        line.push(b'\n');
        Ok::<_, serde_json::Error>(line)
    });
    let kind = HeaderValue::from_static(NDJSON);
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(lines)).into_response()
}
