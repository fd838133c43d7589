//! Request bodies, read within bounds of size, time and memory.

mod pool;
mod split;

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use engine::Why;
use engine::clock::within;
use futures_util::StreamExt as _;
use model::json::{self, Bad};
use model::word::code;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::caller::{Caller, Proof};
use crate::problem::Problem;

pub use pool::{Hold, Pool};
pub use split::Split;

/// Sizes and times of request bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of one document: a body, or a line of a batch.
    pub document: usize,
    /// Bytes of all documents that are being read at once, and of what they become; half of it is for what comes over the
    /// hub's own socket.
    pub memory: usize,
    /// How long nothing may come while a document is being read.
    pub idle: Duration,
    /// How long nothing may come between two lines of a batch.
    pub pause: Duration,
}

impl Default for BodyLimits {
    /// Room for the engine's 10 MiB of masked body with the envelope around it.
    fn default() -> Self {
        BodyLimits {
            document: (10 << 20) + (64 << 10),
            memory: 256 << 20,
            idle: Duration::from_secs(30),
            pause: Duration::from_mins(10),
        }
    }
}

/// What strangers may send: a name and a password. There is no more to say before one is known.
const STRANGERS: Bounds =
    Bounds { document: 16 << 10, idle: Duration::from_secs(10), whole: Some(Duration::from_secs(30)) };
/// Bytes of all bodies of strangers that are being read at once.
const STRANGERS_MEMORY: usize = 4 << 20;

/// Reads bodies. What comes over the hub's own socket, what callers send who are known, and what strangers send has
/// memory of its own each.
#[derive(Clone, Debug)]
pub struct Bodies {
    /// The bounds of each.
    pub limits: BodyLimits,
    here: Pool,
    callers: Pool,
    strangers: Pool,
}

/// A document, and the memory it takes while it is in use.
#[derive(Debug)]
pub struct Document {
    /// What it says.
    pub bytes: Bytes,
    memory: Hold,
}

/// Sizes and times of one body.
#[derive(Clone, Copy)]
struct Bounds {
    document: usize,
    idle: Duration,
    /// For all of it.
    whole: Option<Duration>,
}

impl Bodies {
    /// Within these bounds, which all its bodies share.
    pub fn new(limits: BodyLimits) -> Self {
        let half = limits.memory / 2;
        // One of the largest at least.
        let one = limits.document.saturating_add(json::room(limits.document));
        Bodies {
            limits,
            here: Pool::own(half.max(one)),
            callers: Pool::shared(half.max(one.saturating_mul(2))),
            strangers: Pool::shared(STRANGERS_MEMORY),
        }
    }

    /// Memory for what a caller sends. None is held at the beginning.
    pub fn hold(&self, caller: &Caller) -> Hold {
        match caller.by {
            Proof::Socket => self.here.of(caller),
            Proof::Token { .. } | Proof::Key | Proof::Session { .. } => self.callers.of(caller),
        }
    }

    /// Reads a whole body. One that says beforehand that it is too long is not read at all.
    pub async fn read(&self, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<Document, Problem> {
        let BodyLimits { document, idle, .. } = self.limits;
        read(self.hold(caller), Bounds { document, idle, whole: None }, headers, body).await
    }

    /// Reads what somebody sends of whom only the address is known.
    pub async fn read_of_stranger(
        &self,
        address: IpAddr,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Document, Problem> {
        read(self.strangers.at(address), STRANGERS, headers, body).await
    }

    /// Reads a JSON body. None at all counts as one that says nothing.
    pub async fn json<T>(&self, caller: &Caller, headers: &HeaderMap, body: Body) -> Result<T, Problem>
    where
        T: DeserializeOwned + Default,
    {
        let document = self.document(caller, headers, body).await?;
        if document.bytes.is_empty() {
            return Ok(T::default());
        }
        require(headers, "application/json")?;
        let bytes = document.bytes.clone();
        let said = apart(bytes.len(), move || json::read_around(&bytes)).await?;
        let said = said.map_err(|bad| unread(&bad))?;
        serde_json::from_value(said).map_err(|e| Problem::bad_request(explain(&e)))
    }

    /// Reads a whole JSON body, with the memory of what it becomes.
    pub async fn document(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Document, Problem> {
        let mut document = self.read(caller, headers, body).await?;
        document.memory.grow(becomes(&document.bytes))?;
        Ok(document)
    }
}

/// Bytes of memory that a JSON document becomes. One that becomes more is not read.
pub fn becomes(document: &[u8]) -> usize {
    json::weight(document).min(json::room(document.len()))
}

/// Does what takes long for a document of so many bytes: a large one apart from the threads that serve everybody.
pub async fn apart<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    const LARGE: usize = 128 << 10;
    if bytes < LARGE {
        return Ok(work());
    }
    let (answer, answered) = oneshot::channel();
    // Of one type, so that the runtime's machinery is compiled once and not for each document.
    let work: Box<dyn FnOnce() + Send> = Box::new(move || {
        // Nobody may wait for it any more.
        let _ = answer.send(work());
    });
    drop(tokio::task::spawn_blocking(work));
    answered.await.map_err(|error| Problem::bug(&error))
}

async fn read(memory: Hold, bounds: Bounds, headers: &HeaderMap, body: Body) -> Result<Document, Problem> {
    let whole = collect(memory, bounds, headers, body);
    match bounds.whole {
        Some(time) => within(time, whole).await.map_err(|_| late(time))?,
        None => whole.await,
    }
}

async fn collect(
    mut memory: Hold,
    Bounds { document: limit, idle, .. }: Bounds,
    headers: &HeaderMap,
    body: Body,
) -> Result<Document, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = next(&mut chunks, idle).await? {
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit));
        }
        memory.grow(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(Document { bytes: bytes.into(), memory })
}

/// The next piece of a body, if it comes in time; `None` = it is complete.
pub async fn next(chunks: &mut BodyDataStream, idle: Duration) -> Result<Option<Bytes>, Problem> {
    let chunk = within(idle, chunks.next()).await.map_err(|_| late(idle))?;
    chunk.transpose().map_err(|_| Problem::bad_request("the body broke off"))
}

fn late(time: Duration) -> Problem {
    let detail = format!("the body was not there within {} s: send it without pauses", time.as_secs());
    Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
}

/// Refuses a body of another media type.
pub fn require(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let detail = format!("send the body with `Content-Type: {wanted}`");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

/// Why a body is no JSON that is taken.
fn unread(bad: &Bad) -> Problem {
    let message = format!("the body does not fit: {bad}");
    match bad.code() {
        code if code == code::TOO_MANY_VALUES => Why { code, message }.into(),
        _ => Problem::bad_request(message),
    }
}

/// Why a body does not have its shape, without the value that stands in the wrong place: it may be a secret.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let harmless =
        ["unknown field", "missing field", "duplicate field"].iter().any(|start| text.starts_with(start));
    match text.rsplit_once("expected ") {
        Some((_, expected)) if !harmless => {
            format!("the body does not fit: expected {expected}")
        }
        _ if !harmless => "a value in the body does not fit".to_owned(),
        _ => format!("the body does not fit: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::net::Ipv4Addr;

    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn a_stranger_has_so_much_time_for_all_of_it() {
        let whole = Some(Duration::from_millis(100));
        let bounds = Bounds { document: 1000, idle: Duration::from_mins(1), whole };
        let begun = stream::iter([Ok::<_, Infallible>("name=")]).chain(stream::pending());
        let memory = Pool::own(1000).at(Ipv4Addr::LOCALHOST.into());
        let problem = read(memory, bounds, &HeaderMap::new(), Body::from_stream(begun)).await.unwrap_err();
        assert_eq!(problem.status, 408);
    }
}
