//! A message with everything that was kept of it, and its story: the request, its retries, replies and what was told of it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::page::Visit;
use http::{May, Problem, Read};
use journal::RecordFilter;
use model::json;
use model::{Job, Record, RecordKind};
use serde_json::Value;

use super::Pages;
use super::show::{Row, When};
use crate::raw::RawMessage;
use crate::seen;

/// Messages of a story, at most.
const STORY: usize = 200;

#[derive(Template)]
#[template(path = "message.html")]
struct One<'p> {
    v: &'p Visit,
    row: Row,
    at: When,
    exchange: String,
    properties: String,
    body: String,
    /// Why it cannot be read.
    poison: Option<String>,
    errors: Vec<String>,
    story: Vec<Row>,
    /// The jobs that it became.
    jobs: Vec<Job>,
}

/// `GET /bus/messages/{record}`.
pub(super) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Read>,
    Path(record): Path<String>,
) -> Result<Response, Problem> {
    let missing = || Problem::missing(format!("message {record}"));
    let seq: i64 = record.parse().map_err(|_| missing())?;
    let found = pages.api.hub.journal().record_body(seq).await?;
    let (record, body) =
        found.filter(|(record, _)| record.kind == RecordKind::Message).ok_or_else(missing)?;
    let raw = RawMessage::from_bytes(&body)?;
    let read = raw.decode();
    let errors = read.iter().flat_map(|message| &message.errors);
    let content = One {
        v: &visit,
        row: Row::new(&visit, &record),
        at: record.at.into(),
        exchange: raw.exchange.clone(),
        properties: pretty(&serde_json::to_value(&raw.properties).unwrap_or_default()),
        body: text(&raw),
        errors: errors
            .map(|e| format!("{} {} {}: {}", e.timestamp, e.error_sender, e.error_type, e.error_message))
            .collect(),
        poison: read.as_ref().err().map(ToString::to_string),
        story: story(&pages, &visit, &record).await?,
        jobs: jobs(&pages, &record).await?,
    };
    let title = record.what.as_deref().unwrap_or_default().to_owned();
    Ok(visit.page(title).live("on=all").show(&content))
}

/// All messages with one of its ids, the oldest first.
async fn story(pages: &Pages, visit: &Visit, record: &Record) -> Result<Vec<Row>, Problem> {
    let (id, about) = seen::ids(&record.message);
    // What a message is about is what its story is about.
    let Some(subject) = about.or(id) else { return Ok(Vec::new()) };
    let filter = RecordFilter { text: Some(subject.to_owned()), ..RecordFilter::of(RecordKind::Message) };
    let found = pages.api.hub.journal().records(filter, None, STORY).await?;
    Ok(found.rows.iter().rev().map(|record| Row::new(visit, record)).collect())
}

/// The jobs of this hub that the message, or the one that it is about, became.
async fn jobs(pages: &Pages, record: &Record) -> Result<Vec<Job>, Problem> {
    let (id, about) = seen::ids(&record.message);
    let mut jobs: Vec<Job> = Vec::new();
    for id in [about, id].into_iter().flatten() {
        let filter = journal::Filter { text: Some(id.to_owned()), ..journal::Filter::default() };
        let page = journal::Page { after: None, order: journal::Order::Newest, limit: 10 };
        let found = pages.api.hub.journal().jobs(filter, page).await?.rows;
        jobs.extend(found.into_iter().filter(|job| job.external_id.as_deref() == Some(id)));
    }
    jobs.dedup_by(|a, b| a.id == b.id);
    Ok(jobs)
}

fn text(raw: &RawMessage) -> String {
    let bytes = raw.body.bytes();
    match json::read_around(&bytes) {
        Ok(value) => pretty(&value),
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
