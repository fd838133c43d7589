//! Replaying one job: as it was, or edited, with the secrets that are no longer kept given again.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::{Error, Replay};
use http::page::{Form, Visit};
use http::{May, Operate, Problem, Scope};
use model::{Job, JobId, JobState, json, masked_pointers};
use serde_json::Value;

use super::one::named;
use crate::Console;
use crate::show::pretty;

#[derive(Template)]
#[template(path = "replay.html")]
struct Ask<'p> {
    v: &'p Visit,
    job: Job,
    document: String,
    /// Secrets for which values may be given: pointer, and whether one is needed.
    secrets: Vec<(String, bool)>,
    /// A later job of the same subject and action that succeeded.
    later: Option<JobId>,
    /// What is wrong with what was filled in.
    fault: Option<String>,
}

/// `GET /jobs/{id}/retry`: the document to be edited.
pub(crate) async fn ask(
    State(console): State<Console>,
    visit: Visit,
    _: May<Operate>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let body = console.hub.body(id).await?;
    form(&console, &visit, id, pretty(&body), Vec::new(), None).await
}

/// `POST /jobs/{id}/retry`: without a document the job as it was.
pub(crate) async fn retry(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Path(id): Path<String>,
    filled: Form,
) -> Result<Response, Problem> {
    let id = named(&id)?;
    let typed = filled.raw("document");
    let parsed = match typed.map(|typed| json::read(typed.as_bytes())).transpose() {
        Ok(parsed) => parsed,
        Err(why) => {
            let (document, fault) =
                (typed.unwrap_or_default().to_owned(), visit.with("json-wrong", "why", &why.to_string()));
            return form(&console, &visit, id, document, Vec::new(), Some(fault)).await;
        }
    };
    let secrets = filled.fields().filter_map(|(name, value)| {
        let pointer = name.strip_prefix("secret:")?;
        (!value.is_empty()).then(|| (pointer.to_owned(), Value::from(value)))
    });
    let replay = Replay { document: parsed, set: secrets.collect(), stale: filled.is_ticked("stale") };
    if replay.document.is_some() || !replay.set.is_empty() {
        caller.must(&[Scope::SUBMIT])?;
    }
    let document = match typed {
        Some(typed) => typed.to_owned(),
        None => pretty(&console.hub.body(id).await?),
    };
    match console.hub.retry(id, &replay, &caller.actor).await {
        Ok(job) if job == id => Ok(Visit::said(&format!("/jobs/{id}"), "hurried", 1).into_response()),
        Ok(job) => Ok(Visit::said(&format!("/jobs/{job}"), "replayed", 1).into_response()),
        Err(Error::SecretsGone { pointers, .. }) => {
            let fault = visit.t("replay-secrets-needed");
            form(&console, &visit, id, document, pointers, Some(fault)).await
        }
        Err(Error::Stale { .. }) => form(&console, &visit, id, document, Vec::new(), None).await,
        Err(Error::Replayed { replay, .. }) => {
            Ok(Visit::said(&format!("/jobs/{replay}"), "replayed-before", 1).into_response())
        }
        Err(Error::Refused { message, .. }) => {
            form(&console, &visit, id, document, Vec::new(), Some(message)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn form(
    console: &Console,
    visit: &Visit,
    id: JobId,
    document: String,
    needed: Vec<String>,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let job = console.hub.job(id).await?;
    if !matches!(job.state, JobState::Failed | JobState::Cancelled) {
        return Err(Error::WrongState {
            job: id,
            state: job.state,
            hint: "it can be replayed when it has failed",
        }
        .into());
    }
    let body = console.hub.body(id).await?;
    let secrets = masked_pointers(&body).into_iter().map(|pointer| {
        let is_needed = needed.contains(&pointer);
        (pointer, is_needed)
    });
    let later = console.hub.journal().later_success(id).await?.map(|job| job.id);
    let wrong = fault.is_some();
    let content = Ask { v: visit, secrets: secrets.collect(), job, document, later, fault };
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(visit.t("replay")).status(status).show(&content))
}
