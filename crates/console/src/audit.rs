//! The audit log: who changed what, with what it was before and after.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use engine::Changed;
use http::page::{Form, Visit};
use http::{Admin, May, Problem};
use journal::{Match, RecordFilter};
use model::{Record, RecordKind};

use crate::Console;
use crate::show::{When, pretty};

/// Rows of a page.
const ROWS: usize = 100;

struct Row {
    at: When,
    record: Record,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct List<'p> {
    v: &'p Visit,
    who: String,
    what: String,
    rows: Vec<Row>,
    older: Option<String>,
}

/// `GET /audit`.
pub(crate) async fn list(
    State(console): State<Console>,
    visit: Visit,
    _: May<Admin>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let before = form.get("before").and_then(|before| before.parse().ok());
    let filter = RecordFilter {
        who: form.get("who").map(str::to_owned),
        what: form.get("what").map(|what| Match::Begins(what.to_owned())),
        ..RecordFilter::of(RecordKind::Audit)
    };
    let found = console.hub.records(filter, before, ROWS).await?;
    let text = |name| form.get(name).unwrap_or_default().to_owned();
    let older = |next: i64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ["who", "what"] {
            if let Some(value) = form.get(name) {
                query.append_pair(name, value);
            }
        }
        format!("/audit?{}", query.append_pair("before", &next.to_string()).finish())
    };
    let content = List {
        v: &visit,
        who: text("who"),
        what: text("what"),
        older: found.next.map(older),
        rows: found.rows.into_iter().map(|record| Row { at: record.at.into(), record }).collect(),
    };
    Ok(visit.page(visit.t("audit")).live("on=all").show(&content))
}

#[derive(Template)]
#[template(path = "change.html")]
struct One<'p> {
    v: &'p Visit,
    at: When,
    record: Record,
    before: Option<String>,
    after: Option<String>,
}

/// `GET /audit/{record}`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    _: May<Admin>,
    Path(seq): Path<String>,
) -> Result<Response, Problem> {
    let seq = seq.parse().map_err(|_| Problem::missing(format!("audit record {seq}")))?;
    let (record, Changed { before, after }) = console.hub.audited(seq).await?;
    let content = One {
        v: &visit,
        at: record.at.into(),
        record,
        before: before.as_ref().map(pretty),
        after: after.as_ref().map(pretty),
    };
    Ok(visit.page(visit.t("audit-one")).show(&content))
}
