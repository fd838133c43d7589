//! What happens, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{self, KeepAlive, Sse};
use engine::Hub;
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
    let seen = match last_event_id(&headers)?.or(after) {
        Some(after) => after.at_most(&newest),
        None => newest,
    };
    let follow = Follow { hub: api.hub, live, read: VecDeque::new(), behind: true, seen, job };
    let events = follow.stream().take_until(async move { closing.begun().await });
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
    /// Read from the journal, to be sent.
    read: VecDeque<Event>,
    /// There may be more in the journal than was read.
    behind: bool,
    /// How far it has come.
    seen: EventsCursor,
    job: Option<JobId>,
}

impl Follow {
    fn stream(self) -> impl Stream<Item = sse::Event> {
        stream::unfold(self, |mut follow| async {
            let event = follow.next().await?;
            Some((show(event, &follow.seen), follow))
        })
    }

    /// The next event that is wanted; `None` = the hub stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.any().await?;
            if self.job.is_none() || self.job == event.job {
                return Some(event);
            }
        }
    }

    async fn any(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.seen.pass(event.seq);
                return Some(event);
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
            match self.live.recv().await {
                Ok(event) if self.seen.pass(event.seq) => return Some(event),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.behind = true,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// `seen`: where a reader that breaks off here goes on.
fn show(event: Event, seen: &EventsCursor) -> sse::Event {
    let frame = || sse::Event::default().id(seen.to_string());
    // An event is plain data; if it could not be written, its id still moves the reader on.
    frame().json_data(dto::Event::from(event)).unwrap_or_else(|_| frame())
}
