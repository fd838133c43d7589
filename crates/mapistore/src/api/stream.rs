//! Who comes and goes, and who is notified, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt as _, stream};
use http::{Closing, May, Params, Problem, Read};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{Api, filter};
use crate::ledger::{Happened, Turn};
use crate::notify::Told;
use crate::registry::{Filter, Triple};

/// A comment is sent after so long a silence, so that neither side takes the other for lost.
const ALIVE: Duration = Duration::from_secs(15);

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum News {
    /// Somebody is there who was not.
    Appeared {
        /// The backend.
        backend: String,
        /// The system user.
        user: String,
        /// The user of the backend.
        vuser: String,
    },
    /// Somebody is not there any more.
    Vanished {
        /// The backend.
        backend: String,
        /// The system user.
        user: String,
        /// The user of the backend.
        vuser: String,
    },
    /// Somebody was notified.
    Notified(Told),
    /// The reader was too slow for so many: the listing says how things stand.
    Missed {
        /// How many.
        number: u64,
    },
}

impl News {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            News::Appeared { .. } => "appeared",
            News::Vanished { .. } => "vanished",
            News::Notified(_) => "notified",
            News::Missed { .. } => "missed",
        }
    }
}

impl From<Turn> for News {
    fn from(Turn { triple, is_there }: Turn) -> Self {
        let Triple { backend, vuser, user } = triple;
        let (backend, user, vuser) = (backend.into_string(), user.into_string(), vuser.into_string());
        if is_there {
            News::Appeared { backend, user, vuser }
        } else {
            News::Vanished { backend, user, vuser }
        }
    }
}

/// `GET /registrations/events`: what happens from now on. What was missed is not told again: list before, and after `missed`.
#[utoipa::path(
    get,
    path = "/registrations/events",
    tag = "registry",
    operation_id = "registrations_events",
    params(
        ("backend" = Option<String>, Query, description = "On this backend"),
        ("user" = Option<String>, Query, description = "Of this system user"),
        ("vuser" = Option<String>, Query, description = "Of this user of the backend"),
        ("text" = Option<String>, Query, description = "With this text in any of the three names"),
    ),
    responses((status = 200, description = "Done", body = String, content_type = "text/event-stream")),
    security(("token" = ["read"])),
)]
pub(super) async fn events(
    State(api): State<Api>,
    _: May<Read>,
    mut closing: Closing,
    mut params: Params,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let filter = filter(&mut params)?;
    params.finish()?;
    let live = api.live()?;
    let follow = Follow { happened: live.ledger().listen(), filter };
    let news = stream::unfold(follow, |mut follow| async { Some((follow.next().await?, follow)) });
    let events =
        news.map(|news| Ok(Event::default().event(news.as_str()).json_data(&news).unwrap_or_default()));
    Ok(Sse::new(events.take_until(async move { closing.begun().await }))
        .keep_alive(KeepAlive::new().interval(ALIVE)))
}

struct Follow {
    happened: Receiver<Happened>,
    filter: Filter,
}

impl Follow {
    /// What is wanted and comes next; `None` = the hub has stopped.
    async fn next(&mut self) -> Option<News> {
        loop {
            match self.happened.recv().await {
                Ok(Happened::Turn(turn)) if self.filter.fits(&turn.triple) => return Some(turn.into()),
                Ok(Happened::Told(told)) if self.is_about(&told) => {
                    return Some(News::Notified(Told::clone(&told)));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(number)) => return Some(News::Missed { number }),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn is_about(&self, told: &Told) -> bool {
        let of = |user: &String| Triple::new(&told.notification.backend, user, &told.notification.vuser);
        told.users.iter().filter_map(of).any(|triple| self.filter.fits(&triple))
    }
}
