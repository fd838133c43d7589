//! What went wrong, as RFC 9457 problem+json: every error of the API has this shape.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Why;
use model::word::code;
use model::{Code, JobId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A problem. `type` is absent, which RFC 9457 reads as `about:blank`: programs look at `code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The HTTP status in words.
    pub title: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// Why, for programs; its meaning does not change.
    #[schema(value_type = String)]
    pub code: Code,
    /// Why, for people: one sentence that says what to do.
    pub detail: Box<str>,
    /// The record under which the refused message was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<i64>,
    /// The job that is in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub job: Option<JobId>,
    /// JSON pointers of the secrets that have to be given again.
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub missing: Box<[String]>,
    /// How many there are, where the caller has to name the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Seconds after which it may work; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u16>,
}

impl Problem {
    /// A problem with only what is required.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Problem {
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            code: Code::from_static(code),
            detail: detail.into().into_boxed_str(),
            record: None,
            job: None,
            missing: Box::default(),
            expected: None,
            retry_after: None,
        }
    }

    /// Something in the request itself is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// Nobody knows who asks.
    pub fn unauthenticated() -> Self {
        let detail = "nobody knows who asks this: send a token as `Authorization: Bearer …`, or sign in";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// There is no such thing.
    pub fn missing(what: impl std::fmt::Display) -> Self {
        Problem::new(StatusCode::NOT_FOUND, "missing", format!("there is no {what}"))
    }

    /// Something else is in the way.
    pub fn taken(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// Somebody else changed what the caller had looked at.
    pub fn changed_meanwhile(what: impl std::fmt::Display) -> Self {
        let detail = format!("{what} was changed since you looked at it: look again, then decide");
        Problem::new(StatusCode::PRECONDITION_FAILED, "changed", detail)
    }

    /// A body of more than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("the body is longer than the {limit} bytes that are accepted here");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// The hub cannot do it now.
    pub fn later(code: &'static str, seconds: u16, detail: impl Into<String>) -> Self {
        Problem { retry_after: Some(seconds), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail) }
    }

    /// The hub itself is at fault. What happened goes to the log; the caller learns where to look.
    pub fn bug(what: &dyn std::fmt::Display) -> Self {
        tracing::error!("a request could not be answered: {what}");
        let detail = "the hub could not answer this request; its log says why, and `intendant doctor` looks for damage";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", detail)
    }

    /// The hub is about to stop.
    pub fn stopping() -> Self {
        Problem::later(
            "stopping",
            5,
            "the hub is stopping: nothing was accepted or changed, try again when it is back",
        )
    }

    /// Whether the same request may work later.
    pub fn is_soft(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"intendant\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Why> for Problem {
    fn from(why: Why) -> Self {
        let status = match &why.code {
            c if *c == code::UNREADABLE => StatusCode::BAD_REQUEST,
            c if *c == code::TOO_LARGE || *c == code::TOO_MANY_VALUES => StatusCode::PAYLOAD_TOO_LARGE,
            c if *c == code::ID_REUSED => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem { code: why.code, ..Problem::new(status, "", why.message) }
    }
}

impl From<engine::Error> for Problem {
    fn from(error: engine::Error) -> Self {
        use engine::Error as E;
        let detail = error.to_string();
        let conflict = |code| Problem::new(StatusCode::CONFLICT, code, detail.clone());
        match error {
            E::Journal(error) => error.into(),
            E::Missing(what) => Problem::missing(what),
            E::Several { .. } => conflict("several"),
            E::WrongState { job, .. } => Problem { job: Some(job), ..conflict("wrong_state") },
            E::Decided { .. } => conflict("decided"),
            E::Replayed { replay, .. } => Problem { job: Some(replay), ..conflict("replayed") },
            E::Stale { later, .. } => Problem { job: Some(later), ..conflict("stale") },
            E::SecretsGone { pointers, .. } => Problem {
                missing: pointers.into(),
                ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "secrets_gone", detail)
            },
            E::Refused { code, message } => Why { code, message }.into(),
            E::Contended { .. } => Problem::later("busy", 1, detail),
            E::Unanswered(_) => Problem::later("unanswered", 5, detail),
            E::Stopping => Problem::stopping(),
            E::Unreadable { .. } => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", detail),
            other => Problem::bug(&other),
        }
    }
}

impl From<journal::Error> for Problem {
    fn from(error: journal::Error) -> Self {
        use journal::Error as E;
        match error {
            E::Missing(what) => Problem::missing(what),
            E::Fenced(_) | E::NotOurs(_) | E::Conflict { .. } => {
                Problem::new(StatusCode::CONFLICT, "conflict", format!("{error}: look at it, and try again"))
            }
            E::NoName { .. } => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_payload", error.to_string())
            }
            E::IdReused { .. } => Problem::new(StatusCode::CONFLICT, "id_reused", error.to_string()),
            E::Closed => Problem::stopping(),
            E::Busy => Problem::later("busy", 5, error.to_string()),
            E::TooMany(what) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", what),
            E::Damaged(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", error.to_string()),
            E::Unwritable(_) | E::Io { .. } => {
                if !error.is_told() {
                    tracing::error!("{error}");
                }
                let why = if let E::Unwritable(why) = &error { why } else { "is the disk full?" };
                let detail = format!(
                    "the journal cannot be written now ({why}): nothing was accepted or changed, try again later"
                );
                Problem::later("unwritable", 10, detail)
            }
            other => Problem::bug(&other),
        }
    }
}
