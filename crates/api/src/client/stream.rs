//! Answers that come piece by piece.

use axum::body::Bytes;
use axum::http::Response;
use futures_util::{Stream, stream};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
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

/// What a stream of server-sent events tells.
pub(super) fn news(
    answer: Response<Incoming>,
    endpoint: &Endpoint,
) -> impl Stream<Item = Result<News, Error>> + use<> {
    let lines = Lines::new(answer, endpoint);
    stream::try_unfold(lines, |mut lines| async {
        // Ids and kinds stand in the data too; comments only keep the connection alive.
        while let Some(line) = lines.next().await? {
            if let Some(data) = line.strip_prefix(b"data:") {
                let told = lines.parse(data)?;
                return Ok(Some((told, lines)));
            }
        }
        Ok(None)
    })
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
        serde_json::from_slice(line)
            .map_err(|e| Error::Strange { hub: self.endpoint.to_string(), why: e.to_string() })
    }
}
