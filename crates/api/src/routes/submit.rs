//! One document.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::JobId;
use model::trace::TraceParent;

use super::Api;
use crate::decode::Beside;
use crate::dto::{Acceptance, Submitted};
use http::Params;
use http::Problem;
use http::body::require;
use http::{Closing, May, Submit};

/// How long somebody may wait for a job in one request, in seconds.
pub(super) const LONGEST_WAIT: u32 = 3600;

/// `POST /jobs`: 201 for a new job, 200 for a known one; with `wait`, 200 when it has ended and 202 when it has not.
#[utoipa::path(
    post,
    path = "/jobs",
    tag = "jobs",
    operation_id = "jobs_submit",
    params(
        ("wait" = Option<u32>, Query, description = "Wait so many seconds (at most 3600) for the result"),
        ("action" = Option<String>, Query, description = "The action of a document that does not name one"),
        ("Idempotency-Key" = Option<String>, Header, description = "The caller's own id of the request: handing it in twice makes one job"),
        ("traceparent" = Option<String>, Header, description = "The caller's trace (W3C Trace Context), of which the job becomes a part"),
    ),
    request_body(
        content = serde_json::Value,
        example = json!({"action": "IDENTITY_UPDATE", "concernedTo": "alice", "payload": {"uid": "alice"}}),
    ),
    responses(
        (status = 200, description = "Done", body = Submitted),
        (status = 201, description = "Made", body = Submitted),
        (status = 202, description = "Not done yet", body = Submitted),
    ),
    security(("token" = ["submit"])),
)]
pub(super) async fn submit(
    State(api): State<Api>,
    May { caller, .. }: May<Submit>,
    closing: Closing,
    mut params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let wait = params.number("wait", 0..=LONGEST_WAIT)?;
    let beside = Beside {
        action: params.one("action")?,
        id: http::idempotency_key(&headers)?,
        trace: trace_parent(&headers),
    };
    params.finish()?;
    require(&headers, "application/json")?;
    let document = api.bodies.document(&caller, &headers, body).await?;
    let mut submitted = api.take(&document.bytes, &beside, &caller, wait.is_some()).await?;
    drop(document);
    if let (Some(seconds), Some(job)) = (wait, submitted.job) {
        api.follow(job, seconds, closing, &mut submitted).await;
    }
    Ok(answer(submitted, wait.is_some()))
}

impl Api {
    /// Waits for the end of a job that is accepted already: whatever happens meanwhile, the caller learns its name.
    async fn follow(&self, job: JobId, seconds: u32, closing: Closing, submitted: &mut Submitted) {
        if submitted.state.is_none_or(model::JobState::is_terminal) {
            return;
        }
        let Ok(found) = self.wait_for(job, seconds, closing).await else { return };
        submitted.state = Some(found.state);
        if found.state.is_terminal() {
            submitted.result = self.result(job).await.ok();
        }
    }

    /// How a job stands when it has ended, when the time is over, or when the server is about to stop.
    pub(super) async fn wait_for(
        &self,
        job: JobId,
        seconds: u32,
        mut closing: Closing,
    ) -> Result<model::Job, engine::Error> {
        tokio::select! {
            found = self.hub.wait(job, Duration::from_secs(seconds.into())) => found,
            () = closing.begun() => self.hub.job(job).await,
        }
    }
}

fn answer(submitted: Submitted, waited: bool) -> Response {
    let status = match submitted.accepted {
        _ if waited && submitted.job.is_some() && submitted.result.is_none() => StatusCode::ACCEPTED,
        Acceptance::New if !waited => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    let place = submitted.job.and_then(|job| HeaderValue::try_from(format!("/api/v1/jobs/{job}")).ok());
    let mut response = (status, Json(submitted)).into_response();
    if let Some(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// The header `traceparent` (W3C Trace Context); one that is not understood is ignored, as the standard wants it.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    text.parse::<TraceParent>().ok().map(|_| text.to_owned())
}
