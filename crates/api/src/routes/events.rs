//! What happens, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use engine::Hub;
use futures_util::{Stream, StreamExt as _, stream};
use model::{Event, JobId};
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

/// `GET /events`: resumes after `Last-Event-ID`, or after `after`; without either it begins now.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    operation_id = "events",
    params(
        EventQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "As `after`, sent by browsers that resume"),
    ),
    responses((status = 200, description = "Done", body = dto::Event, content_type = "text/event-stream")),
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
    let live = api.hub.events();
    let newest = api.hub.journal().last_event().await?;
    // An id from the future was given by a journal that a backup has replaced since.
    let last = last_event_id(&headers)?.or(after).map_or(newest, |after| after.min(newest));
    let follow = Follow { hub: api.hub, live, read: VecDeque::new(), behind: true, last, job };
    let events = follow.stream().take_until(async move { closing.begun().await });
    Ok(Sse::new(events.map(Ok)).keep_alive(KeepAlive::new().interval(ALIVE)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    id.map(Some).ok_or_else(|| Problem::bad_request("the header Last-Event-ID must be the id of an event"))
}

struct Follow {
    hub: Hub,
    live: Receiver<Event>,
    /// Read from the journal, to be sent.
    read: VecDeque<Event>,
    /// There may be more in the journal than was read.
    behind: bool,
    /// The place of the last event that was seen.
    last: i64,
    job: Option<JobId>,
}

impl Follow {
    fn stream(self) -> impl Stream<Item = sse::Event> {
        stream::unfold(self, |mut follow| async {
            let event = follow.next().await?;
            Some((show(event), follow))
        })
    }

    /// The next event that is wanted; `None` = the hub stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.any().await?;
            self.last = event.seq;
            if self.job.is_none() || self.job == event.job {
                return Some(event);
            }
        }
    }

    async fn any(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                return Some(event);
            }
            if self.behind {
                let found = self.hub.journal().events(self.last, ROWS).await.ok()?;
                self.behind = found.next.is_some();
                if found.rows.is_empty() {
                    // A page of nothing but what cannot be read.
                    self.last = found.next.unwrap_or(self.last);
                }
                self.read = found.rows.into();
                continue;
            }
            match self.live.recv().await {
                Ok(event) if event.seq > self.last => return Some(event),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn show(event: Event) -> sse::Event {
    let event = dto::Event::from(event);
    let frame = sse::Event::default().id(event.seq.to_string());
    // An event is plain data; if it could not be written, its id still moves the reader on.
    frame.json_data(&event).unwrap_or_else(|_| sse::Event::default().id(event.seq.to_string()))
}
