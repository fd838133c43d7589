//! Dead letters that go back to the bus.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::{Error as HubError, Letter};
use http::{May, Operate, Problem};
use model::{JobId, JobState, SecretSet, masked_pointers, put_back};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use crate::error::Error;
use crate::moved::moved;
use crate::raw::RawMessage;
use crate::source::Source;
use crate::tool;

/// Which dead letter goes where: `job` or `refusal` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Move {
    /// A job that failed or was cancelled.
    #[schema(value_type = Option<String>, format = "uuid")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The record of a message that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<i64>,
    /// The bus; without it the one that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bus: Option<String>,
    /// The exchange; without it the one that all applications share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The routing key; without it that of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing_key: Option<String>,
    /// Although it was moved before.
    pub again: bool,
}

/// A dead letter that went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MovedLetter {
    /// What went: `job 019a…` or `refusal 17`.
    pub moved: String,
    /// The exchange.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// Its new id; a refusal goes as it came.
    pub id: Option<String>,
}

/// `POST /bus/move`: sends a dead letter back to the bus, once.
#[utoipa::path(
    post,
    path = "/bus/move",
    tag = "bus",
    operation_id = "bus_move",
    request_body(content = Move),
    responses((status = 200, description = "Done", body = MovedLetter)),
    security(("token" = ["operate"])),
)]
pub(super) async fn move_letter(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<MovedLetter>, Problem> {
    let asked: Move = api.bodies.json(&caller, &headers, body).await?;
    let letter = match (asked.job, asked.refusal) {
        (Some(job), None) => Letter::Job(job),
        (None, Some(record)) => Letter::Refusal(record),
        _ => return Err(Problem::bad_request("name one dead letter: give job or refusal")),
    };
    // One after the other: of two who ask for the same one the second is told so.
    let _one = api.moving.lock().await;
    if !asked.again
        && let Some(before) = api.hub.moved(letter).await?
    {
        let detail = format!(
            "{letter} was moved to {} by {} at {:.0}: say `again` (--again) to do it once more",
            before.to, before.by, before.at
        );
        return Err(Problem::new(StatusCode::CONFLICT, "moved", detail));
    }
    let gone = match letter {
        Letter::Job(job) => api.move_job(job, &asked).await?,
        Letter::Refusal(record) => api.move_refusal(record, &asked).await?,
    };
    let new = gone.id.as_ref().map(|id| format!(" as {id}")).unwrap_or_default();
    let to = format!("exchange {} under {}{new}", gone.exchange, gone.routing_key);
    api.hub.mark_moved(letter, &to, &caller.actor).await?;
    Ok(Json(gone))
}

impl Api {
    /// A failed job, as a new message.
    async fn move_job(&self, id: JobId, asked: &Move) -> Result<MovedLetter, Problem> {
        /// What the engine keeps as a job's body.
        #[derive(Deserialize)]
        struct Envelope {
            body: Value,
        }

        let found = self.hub.journal().prepare(id).await.map_err(HubError::from)?;
        let prepared = found.ok_or_else(|| Problem::missing(format!("job {id}")))?;
        let state = prepared.job.state;
        if !matches!(state, JobState::Failed | JobState::Cancelled) {
            let hint = "only failed and cancelled jobs are moved";
            return Err(HubError::WrongState { job: id, state, hint }.into());
        }
        let unreadable = |why: String| Problem::from(HubError::Unreadable { job: id, why });
        let Envelope { mut body } =
            serde_json::from_slice(&prepared.body).map_err(|error| unreadable(error.to_string()))?;
        if let Some(secrets) = &prepared.secrets {
            let secrets = SecretSet::from_bytes(secrets).map_err(|error| unreadable(error.to_string()))?;
            put_back(&mut body, &secrets);
        }
        let missing = masked_pointers(&body);
        if !missing.is_empty() {
            return Err(HubError::SecretsGone { job: id, pointers: missing }.into());
        }
        let replies = prepared.replies.iter().filter_map(|reply| serde_json::from_slice(reply).ok());
        let replies: Vec<Value> = replies.collect();
        let source = self.chosen(asked.bus.as_deref().unwrap_or(&prepared.job.source))?;
        let (settings, now) = (source.settings(), self.hub.now());
        let new = source.new_id(now);
        let message = moved(settings, &prepared.job, &body, &replies, new, now);
        let mut message = message.ok_or_else(|| unfit(format!("job {id} came from no message of a bus")))?;
        message.routing_key = asked.routing_key.clone().unwrap_or(message.routing_key);
        let exchange = asked.exchange.as_deref().unwrap_or(&settings.event_exchange);
        tool::publish(settings, exchange, &message).await.map_err(|error| problem(&error))?;
        Ok(MovedLetter {
            moved: Letter::Job(id).to_string(),
            exchange: exchange.to_owned(),
            routing_key: message.routing_key,
            id: Some(new.to_string()),
        })
    }

    /// A refused message, as it came.
    async fn move_refusal(&self, number: i64, asked: &Move) -> Result<MovedLetter, Problem> {
        let (record, raw) = self.hub.refused(number).await?;
        if raw.is_empty() {
            return Err(unfit(format!("the message of refusal {number} is no longer kept")));
        }
        let raw = RawMessage::from_bytes(&raw);
        let mut raw = raw.map_err(|why| unfit(format!("refusal {number}: {}", why.message)))?;
        let missing = serde_json::from_slice(&raw.body.bytes()).map(|body| masked_pointers(&body));
        let missing = missing.unwrap_or_default();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(unfit(format!("the secrets of refusal {number} are no longer kept ({missing})")));
        }
        raw.routing_key = asked.routing_key.clone().unwrap_or(raw.routing_key);
        let settings = self.chosen(asked.bus.as_deref().unwrap_or(&record.who))?.settings();
        let exchange = asked.exchange.as_deref().unwrap_or(&settings.event_exchange);
        tool::publish_raw(settings, exchange, &raw).await.map_err(|error| problem(&error))?;
        Ok(MovedLetter {
            moved: Letter::Refusal(number).to_string(),
            exchange: exchange.to_owned(),
            routing_key: raw.routing_key,
            id: None,
        })
    }

    fn chosen(&self, name: &str) -> Result<&Source, Problem> {
        let found = self.sources.iter().find(|source| source.name() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.sources.iter().map(Source::name).collect();
            unfit(format!("no bus is called {name}: name one of {}", names.join(", ")))
        })
    }
}

fn unfit(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unfit", detail)
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::Unfit(detail) => unfit(detail.clone()),
        Error::Broker { .. } | Error::Unreached { .. } => Problem::later("no_broker", 10, error.to_string()),
        other => Problem::bug(other),
    }
}
