//! What passes on the buses.

use std::time::Duration;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use engine::LinkView;
use futures_util::future::{join, join_all};
use http::page::{Form, Visit};
use http::{May, Problem, Read};
use jiff::Timestamp;
use journal::{Match, RecordFilter};
use model::RecordKind;

use super::Pages;
use super::show::Row;
use crate::management::{self, Rates};
use crate::settings::Settings;
use crate::tool;

/// Rows of a page.
const ROWS: usize = 100;
/// How long a broker may take to say how many messages wait.
const PATIENCE: Duration = Duration::from_secs(2);
/// What the form of the filter has.
const FIELDS: [&str; 6] = ["text", "key", "sender", "kind", "since", "until"];

/// A bus, and what waits on it.
struct Bus {
    name: String,
    address: String,
    connected: bool,
    /// The hub that leads has it, which is another one.
    waits: bool,
    supervised: bool,
    queue: String,
    /// Messages that wait; `None` = the broker does not say.
    waiting: Option<u32>,
    /// Messages each second; a sentence when RabbitMQ does not tell them; `None` = it is not asked.
    rates: Option<Result<String, String>>,
    counters: Vec<String>,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct List<'p> {
    v: &'p Visit,
    buses: Vec<Bus>,
    rows: Vec<Row>,
    values: [String; 6],
    kinds: [&'static str; 5],
    filtered: bool,
    older: Option<String>,
    supervised: bool,
}

/// `GET /bus`.
pub(super) async fn list(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let before = form.get("before").and_then(|before| before.parse().ok());
    let found = pages.api.hub.records(filter(&form)?, before, ROWS).await?;
    let links = pages.api.hub.links();
    let buses = pages.api.sources.iter().map(|source| bus(&visit, source.settings(), &links));
    let buses = join_all(buses).await;
    let values = FIELDS.map(|name| form.get(name).unwrap_or_default().to_owned());
    let older = |next: i64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in FIELDS.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("/bus?{}", query.append_pair("before", &next.to_string()).finish())
    };
    let content = List {
        v: &visit,
        older: found.next.map(older),
        rows: found.rows.iter().map(|record| Row::new(&visit, record)).collect(),
        kinds: ["event", "request", "reply", "log", "unreadable"],
        filtered: values.iter().any(|value| !value.is_empty()),
        supervised: buses.iter().any(|bus| bus.supervised),
        values,
        buses,
    };
    Ok(visit.page(visit.t("bus")).live("on=all").show(&content))
}

fn filter(form: &Form) -> Result<RecordFilter, Problem> {
    let time = |name: &str| {
        let text = form.get(name);
        // Without a zone it is UTC, as the form says.
        let parsed = text.map(|text| text.parse().or_else(|_| format!("{text}Z").parse::<Timestamp>()));
        parsed
            .transpose()
            .map_err(|_| Problem::bad_request(format!("{name}: write a time such as 2026-11-22T08:00:00Z")))
    };
    let key = form.get("key").map(|key| match key.strip_suffix(['*', '#']) {
        Some(start) => Match::Begins(start.to_owned()),
        None => Match::Is(key.to_owned()),
    });
    Ok(RecordFilter {
        who: form.get("sender").map(str::to_owned),
        what: key,
        code: form.get("kind").map(str::to_owned),
        text: form.get("text").map(str::to_owned),
        since: time("since")?,
        until: time("until")?,
        ..RecordFilter::of(RecordKind::Message)
    })
}

async fn bus(v: &Visit, settings: &Settings, links: &[LinkView]) -> Bus {
    let link = links.iter().find(|link| link.name == settings.name);
    let connected = link.is_some_and(|link| link.connected);
    let counters = link.into_iter().flat_map(|link| &link.counters);
    let examined = async {
        let examined = engine::clock::within(PATIENCE, tool::examine(settings)).await;
        examined.ok()?.ok()?.waiting
    };
    let rates = async { management::rates(settings).await.map(|told| told.map(|rates| spoken(v, rates))) };
    let (waiting, rates) = if connected { join(examined, rates).await } else { (None, None) };
    Bus {
        name: settings.name.clone(),
        address: settings.address.to_string(),
        connected,
        waits: link.is_some_and(|link| link.waits),
        supervised: settings.supervise,
        queue: settings.queue(),
        waiting,
        rates,
        counters: counters.map(|(name, n)| format!("{name} {}", v.number(*n))).collect(),
    }
}

fn spoken(v: &Visit, rates: Rates) -> String {
    let Rates { published, delivered, acknowledged } = rates;
    let told =
        [("bus-published", published), ("bus-delivered", delivered), ("bus-acknowledged", acknowledged)];
    told.map(|(what, rate)| format!("{} {rate:.1}/s", v.t(what))).join(" · ")
}
