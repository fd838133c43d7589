//! A message by hand, checked against the schema of its route.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::AuditEntry;
use http::page::{Form, Visit};
use http::{May, Operate, Problem, Scope};
use model::{Code, json};
use serde_json::{Map, Value};

use super::Pages;
use crate::catalogue::example;
use crate::envelope::{Kind, Message, Version};
use crate::source::Source;
use crate::{Error, tool};

#[derive(Template)]
#[template(path = "send.html")]
struct Ask<'p> {
    v: &'p Visit,
    buses: Vec<String>,
    bus: String,
    keys: Vec<String>,
    key: String,
    data: String,
    v2: bool,
    reply: bool,
    fault: Option<String>,
}

/// `GET /bus/send`.
pub(super) async fn ask(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let source = chosen(&pages, &form)?;
    let routes = source.routes();
    let route = form.get("key").and_then(|key| routes.find(key));
    let data = route.and_then(|route| route.spec.schema.as_ref()).map(example);
    let data = super::one::pretty(&data.unwrap_or_else(|| Value::Object(Map::new())));
    Ok(page(&pages, &visit, source, &form, data, None))
}

/// `POST /bus/send`.
pub(super) async fn send(
    State(pages): State<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    caller.must(&[Scope::SUBMIT])?;
    let source = chosen(&pages, &form)?;
    let typed = form.raw("data").unwrap_or_default().to_owned();
    let message = match message(&pages, &visit, source, &form, &typed) {
        Ok(message) => message,
        Err(fault) => return Ok(page(&pages, &visit, source, &form, typed, Some(fault))),
    };
    let settings = source.settings();
    let what = format!("bus {} {}", settings.name, message.routing_key);
    let text = format!("published a message by hand, {}", message.id.as_deref().unwrap_or_default());
    let entry = AuditEntry::new(&caller.actor, what, Code::from_static("published"), text);
    match tool::publish(settings, &settings.event_exchange, &message).await {
        Ok(()) => {
            pages.api.hub.audit(entry).await?;
            Ok(Visit::said("/bus", "sent", 1).into_response())
        }
        Err(error @ (Error::Unreached { .. } | Error::Broker { .. } | Error::Unfit(_))) => {
            Ok(page(&pages, &visit, source, &form, typed, Some(error.to_string())))
        }
        Err(error) => Err(Problem::bug(&error)),
    }
}

/// The bus that is named, or the first.
fn chosen<'p>(pages: &'p Pages, form: &Form) -> Result<&'p Source, Problem> {
    let named = form.get("bus");
    let mut sources = pages.api.sources.iter();
    let found = sources.find(|source| named.is_none_or(|name| name == source.name()));
    found.ok_or_else(|| Problem::missing(format!("bus {}", named.unwrap_or("in the configuration"))))
}

/// What was typed as a message, or what is wrong with it.
fn message(
    pages: &Pages,
    visit: &Visit,
    source: &Source,
    form: &Form,
    typed: &str,
) -> Result<Message, String> {
    let key = form.get("key").unwrap_or_default().to_owned();
    if key.is_empty() || key.contains(['*', '#']) {
        return Err(visit.t("bus-send-key-wrong"));
    }
    let version = if form.is_ticked("v2") { Version::V2 } else { Version::V1 };
    let data =
        json::read(typed.as_bytes()).map_err(|why| visit.with("bus-send-json", "why", &why.to_string()))?;
    if version == Version::V1 && !data.is_object() {
        return Err(visit.t("bus-send-object"));
    }
    let violations = source.routes().find(&key).map(|route| route.violations(&data)).unwrap_or_default();
    if !violations.is_empty() {
        return Err(visit.with("bus-send-schema", "why", &violations.join("; ")));
    }
    let now = pages.clock.now();
    let settings = source.settings();
    Ok(Message {
        version,
        id: Some(pages.clock.delivery_id(now).0.to_string()),
        kind: if key.starts_with("request.") { Kind::Request } else { Kind::Event },
        routing_key: key,
        sender: Some(settings.application_id.clone()),
        created: (version == Version::V1).then(|| crate::tell::time(now)),
        reply_to: form.is_ticked("reply").then(|| settings.reply_exchange()),
        correlation_id: None,
        data,
        errors: Vec::new(),
        softfails: 0,
        headers: Map::new(),
    })
}

fn page(
    pages: &Pages,
    visit: &Visit,
    source: &Source,
    form: &Form,
    data: String,
    fault: Option<String>,
) -> Response {
    let routes = source.routes();
    let keys = routes.iter().filter(|route| route.pattern.is_exact()).map(|route| route.pattern.to_string());
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let content = Ask {
        v: visit,
        buses: pages.api.sources.iter().map(|source| source.name().to_owned()).collect(),
        bus: source.name().to_owned(),
        keys: keys.collect(),
        key: form.get("key").unwrap_or_default().to_owned(),
        data,
        v2: form.is_ticked("v2"),
        reply: form.is_ticked("reply"),
        fault,
    };
    visit.page(visit.t("bus-send")).status(status).show(&content)
}
