//! What happens, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use engine::{Hub, Report};
use futures_util::{Stream, StreamExt as _, stream};
use model::{Event, EventsCursor, JobId};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Api;
use crate::dto::{self, EventQuery};
use http::Params;
use http::Problem;
use http::Scope;
use http::{Closing, May, ReadOwn};

/// Events read from the journal at once. A thousand readers that fell behind hold as many times these.
const ROWS: usize = 64;
/// A comment is sent after so long a silence, so that neither side takes the other for lost.
const ALIVE: Duration = Duration::from_secs(15);

/// `GET /events`: resumes after `Last-Event-ID`, or after `after`; without either it begins now. What attempts report of
/// how far they have come is told in between, and cannot be resumed.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    operation_id = "events",
    params(
        EventQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "As `after`, sent by browsers that resume"),
    ),
    responses((status = 200, description = "Done", body = dto::News, content_type = "text/event-stream")),
    security(("token" = ["read"]), ("token" = ["submit"])),
)]
pub(super) async fn events(
    State(api): State<Api>,
    May { caller, .. }: May<ReadOwn>,
    mut closing: Closing,
    mut params: Params,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let EventQuery { after, job } = EventQuery::read(&mut params)?;
    params.finish()?;
    match job {
        Some(job) => api.seen_by(&caller, job).await?,
        None if caller.may(Scope::READ) => {}
        None => {
            let detail = "without the scope read only the events of one job of its own can be followed: name it as `job`";
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
        }
    }
    // Heard before read: what is committed in between is in both, and in neither twice.
    let (live, reports) = (api.hub.events(), api.hub.reports());
    let newest = api.hub.journal().last_event().await?;
    // An id from the future was given by a journal that was replaced since: of this one it may skip nothing that is to come,
    // and of whom it does not know nothing at all.
    let seen = match last_event_id(&headers)?.or(after) {
        Some(after) => after.at_most(&newest),
        None => newest,
    };
    // Also whoever hears of nothing before it is cut off knows where to go on.
    let begin = stream::iter([sse::Event::default().id(seen.to_string())]);
    let follow = Follow { hub: api.hub, live, reports, read: VecDeque::new(), behind: true, seen, job };
    let events = begin.chain(follow.stream().take_until(async move { closing.begun().await }));
    Ok(Sse::new(events.map(Ok)).keep_alive(KeepAlive::new().interval(ALIVE)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<EventsCursor>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| Problem::bad_request("the header Last-Event-ID must be the id of an event"))
}

struct Follow {
    hub: Hub,
    live: Receiver<Event>,
    reports: Receiver<Arc<Report>>,
    /// Read from the journal, to be sent.
    read: VecDeque<Event>,
    /// There may be more in the journal than was read.
    behind: bool,
    /// How far it has come.
    seen: EventsCursor,
    job: Option<JobId>,
}

/// What is told.
enum Told {
    Event(Event),
    Report(Arc<Report>),
}

impl Told {
    fn job(&self) -> Option<JobId> {
        match self {
            Told::Event(event) => event.job,
            Told::Report(report) => Some(report.mark.job),
        }
    }
}

impl Follow {
    fn stream(self) -> impl Stream<Item = sse::Event> {
        stream::unfold(self, |mut follow| async {
            let told = follow.next().await?;
            Some((show(told, &follow.seen), follow))
        })
    }

    /// What is wanted and comes next; `None` = the hub stops.
    async fn next(&mut self) -> Option<Told> {
        loop {
            let told = self.any().await?;
            if self.job.is_none() || self.job == told.job() {
                return Some(told);
            }
        }
    }

    async fn any(&mut self) -> Option<Told> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.seen.pass(event.seq);
                return Some(Told::Event(event));
            }
            if self.behind {
                let found = self.hub.journal().events(self.seen.clone(), ROWS).await.ok()?;
                self.behind = found.next.is_some();
                if let (Some(next), true) = (found.next, found.rows.is_empty()) {
                    // A page of nothing but what cannot be read.
                    self.seen = next;
                }
                self.read = found.rows.into();
                continue;
            }
            tokio::select! {
                biased;
                heard = self.live.recv() => match heard {
                    Ok(event) if self.seen.pass(event.seq) => return Some(Told::Event(event)),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => self.behind = true,
                    Err(RecvError::Closed) => return None,
                },
                said = self.reports.recv() => match said {
                    // What an attempt said that is over by now would look as if it ran.
                    Ok(report) if self.is_said(&report) => return Some(Told::Report(report)),
                    // Whoever is too slow for all of them sees the next one.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// Whether the attempt that reported still runs.
    fn is_said(&self, report: &Report) -> bool {
        self.hub.report_of(report.mark.job).is_some_and(|last| last.mark == report.mark)
    }
}

/// `seen`: where a reader that breaks off here goes on.
fn show(told: Told, seen: &EventsCursor) -> sse::Event {
    match told {
        Told::Event(event) => {
            let frame = || sse::Event::default().id(seen.to_string());
            // An event is plain data; if it could not be written, its id still moves the reader on.
            frame().json_data(dto::Event::from(event)).unwrap_or_else(|_| frame())
        }
        Told::Report(report) => {
            let frame = sse::Event::default().event("progress");
            frame.json_data(dto::Progress::from(&*report)).unwrap_or_default()
        }
    }
}
