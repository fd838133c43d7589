//! Answers that come piece by piece.

use axum::body::Bytes;
use axum::http::Response;
use futures_util::{Stream, stream};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use model::EventsCursor;
use model::cursor::BadEvents;
use serde::de::DeserializeOwned;

use super::call::lost;
use super::endpoint::Endpoint;
use crate::dto::News;
use crate::error::Error;
use http::body::Split;

/// A JSON document on each line.
pub(super) fn lines<T: DeserializeOwned>(
    answer: Response<Incoming>,
    endpoint: &Endpoint,
) -> impl Stream<Item = Result<T, Error>> + use<T> {
    let lines = Lines::new(answer, endpoint);
    stream::try_unfold(lines, |mut lines| async {
        let Some(line) = lines.next().await? else { return Ok(None) };
        let row = lines.parse(&line)?;
        Ok(Some((row, lines)))
    })
}

/// Hears what the hub tells, as server-sent events.
pub struct Listener {
    lines: Lines,
    /// The id of what is being read.
    id: Option<EventsCursor>,
    seen: Option<EventsCursor>,
}

impl Listener {
    pub(super) fn new(answer: Response<Incoming>, endpoint: &Endpoint) -> Self {
        Listener { lines: Lines::new(answer, endpoint), id: None, seen: None }
    }

    /// What is told next; `None` = the hub stops. Nothing is lost when this is not waited for to its end.
    pub async fn next(&mut self) -> Result<Option<News>, Error> {
        // Of kinds the data speaks too, and comments only keep the connection alive.
        while let Some(line) = self.lines.next().await? {
            if let Some(id) = line.strip_prefix(b"id:") {
                self.id = Some(self.lines.position(id)?);
            } else if let Some(data) = line.strip_prefix(b"data:") {
                let news = self.lines.parse(data)?;
                self.pass();
                return Ok(Some(news));
            } else if line.is_empty() {
                self.pass();
            }
        }
        Ok(None)
    }

    /// How far it has heard: a stream that begins after this goes on where this one ended.
    pub fn seen(&self) -> Option<&EventsCursor> {
        self.seen.as_ref()
    }

    /// Only now: an id whose event was cut off was not heard.
    fn pass(&mut self) {
        self.seen = self.id.take().or(self.seen.take());
    }
}

struct Lines {
    body: Incoming,
    split: Split,
    endpoint: Endpoint,
}

impl Lines {
    fn new(answer: Response<Incoming>, endpoint: &Endpoint) -> Self {
        Lines { body: answer.into_body(), split: Split::default(), endpoint: endpoint.clone() }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(line) = self.split.line() {
                return Ok(Some(line));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            if let Ok(data) = frame.map_err(|e| lost(&e))?.into_data() {
                self.split.feed(data);
            }
        }
    }

    fn parse<T: DeserializeOwned>(&self, line: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(line).map_err(|e| self.strange(&e))
    }

    fn position(&self, id: &[u8]) -> Result<EventsCursor, Error> {
        String::from_utf8_lossy(id).parse().map_err(|e: BadEvents| self.strange(&e))
    }

    fn strange(&self, why: &dyn std::error::Error) -> Error {
        Error::Strange { hub: self.endpoint.to_string(), why: why.to_string() }
    }
}
