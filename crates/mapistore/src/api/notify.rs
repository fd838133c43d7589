//! `POST /notifications`.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Accepted;
use http::{Closing, May, PROBLEM_JSON, Problem, Submit, idempotency_key};
use model::{Class, Effects, JobId, JobState, Outcome, Request};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use crate::notify::{Handed, Notification, Told, Unreached};
use crate::request::{NOTIFICATION, subject};

/// A notification that nobody has taken up by then is of no use.
const DEADLINE: Duration = Duration::from_mins(1);
/// So long whoever asked waits for what became of it.
const WAIT: Duration = Duration::from_secs(30);

/// What became of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notified {
    /// The job that carries it out.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// Who was told, process by process; none = that is still under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
}

/// Why nobody was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct NotNotified {
    /// The problem.
    #[serde(flatten)]
    pub problem: Problem,
    /// Those who were asked, with what each answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Handed>,
}

impl From<Problem> for NotNotified {
    fn from(problem: Problem) -> Self {
        NotNotified { problem, processes: Vec::new() }
    }
}

impl From<engine::Error> for NotNotified {
    fn from(error: engine::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<Unreached> for NotNotified {
    fn from(why: Unreached) -> Self {
        let status = match &why {
            Unreached::NotRegistered { .. } => StatusCode::NOT_FOUND,
            Unreached::NotConnected { .. } => StatusCode::CONFLICT,
            Unreached::NotImplemented { .. } => StatusCode::NOT_IMPLEMENTED,
            Unreached::Failed(_) => StatusCode::BAD_GATEWAY,
        };
        let problem = Problem::new(status, why.code(), why.to_string());
        let processes = if let Unreached::Failed(processes) = why { processes } else { Vec::new() };
        NotNotified { problem, processes }
    }
}

impl IntoResponse for NotNotified {
    fn into_response(self) -> Response {
        if self.processes.is_empty() {
            return self.problem.into_response();
        }
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let kind = HeaderValue::from_static(PROBLEM_JSON);
        (status, [(header::CONTENT_TYPE, kind)], Json(self)).into_response()
    }
}

/// `POST /notifications`: tells the processes that have registered somebody that something has arrived for him. Who is not
/// registered is not told: 404; 409 when no process that has registered him is connected, 501 when none of them has a
/// manager interface for the backend, 502 when none of them has taken it.
#[utoipa::path(
    post,
    path = "/notifications",
    tag = "registry",
    operation_id = "notify",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The caller's own id of the notification: handing it in twice tells once"),
    ),
    request_body(content = Notification),
    responses(
        (status = 200, description = "Done", body = Notified),
        (status = 202, description = "Not done yet", body = Notified),
        (status = 502, description = "No process has taken it", body = NotNotified, content_type = "application/problem+json"),
    ),
    security(("token" = ["submit"])),
)]
pub(super) async fn notify(
    State(api): State<Api>,
    May { caller, .. }: May<Submit>,
    mut closing: Closing,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, NotNotified> {
    let live = api.live()?;
    let external_id = idempotency_key(&headers)?;
    let notification: Notification = api.bodies.json(&caller, &headers, body).await?;
    // What comes to nothing makes no job: most mail is for people who are not there.
    if external_id.is_none() {
        live.reach(&notification)?;
    }
    let now = api.hub.now();
    let request = Request {
        external_id,
        subject: subject(&notification.backend, &notification.vuser),
        class: Some(Class::Interactive),
        deadline: now.checked_add(DEADLINE).ok(),
        ..Request::new(
            caller.source(),
            NOTIFICATION,
            json!({ "concernedTo": notification.vuser, "payload": notification, "options": {} }),
        )
    };
    let job = match api.hub.accept(request, Effects::default()).await? {
        Accepted::New(job) | Accepted::Known(job, _) => job,
        Accepted::Refused(why) => return Err(Problem::from(why).into()),
        Accepted::Unclaimed => return Err(Problem::bug(&"notifications have no backend").into()),
    };
    let found = tokio::select! {
        found = api.hub.wait(job, WAIT) => found?,
        () = closing.begun() => api.hub.job(job).await?,
    };
    if !found.state.is_terminal() {
        return Ok((StatusCode::ACCEPTED, Json(Notified { job, told: None })).into_response());
    }
    let steps = api.hub.result(job).await?.steps.unwrap_or_default();
    let own =
        steps.into_iter().find(|(step, _)| *step.backend == *crate::BACKEND).and_then(|(_, outcome)| outcome);
    match own {
        Some(Outcome { data: Some(data), .. }) if found.state == JobState::Succeeded => {
            let told = serde_json::from_value(data).ok();
            Ok(Json(Notified { job, told }).into_response())
        }
        own => Err(failed(job, found.message, own)),
    }
}

/// Why a notification that became a job has come to nothing.
fn failed(job: JobId, message: Option<String>, own: Option<Outcome>) -> NotNotified {
    #[derive(Deserialize)]
    struct Asked {
        processes: Vec<Handed>,
    }
    let Outcome { code, message: said, data, .. } = own.unwrap_or_else(Outcome::done);
    let processes =
        data.and_then(|data| serde_json::from_value(data).ok()).map(|Asked { processes }| processes);
    let status = match code.as_ref().map(model::Code::as_str) {
        Some("not_registered") => StatusCode::NOT_FOUND,
        Some("not_connected") => StatusCode::CONFLICT,
        Some("not_implemented") => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::BAD_GATEWAY,
    };
    let detail = said.or(message).unwrap_or_else(|| "it came to nothing; its job says why".to_owned());
    let mut problem = Problem::new(status, "callback_failed", detail);
    problem.code = code.unwrap_or(problem.code);
    problem.job = Some(job);
    NotNotified { problem, processes: processes.unwrap_or_default() }
}
