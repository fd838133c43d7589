//! Request bodies, read within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use engine::Why;
use futures_util::StreamExt as _;
use model::json::{self, Bad};
use model::word::code;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::Problem;

/// Sizes and times of request bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// Bytes of one document: a body, or a line of a batch.
    pub document: usize,
    /// Bytes of all documents that are being read at once, and of what they become.
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

/// Reads bodies.
#[derive(Clone, Debug)]
pub struct Bodies {
    pub(crate) limits: BodyLimits,
    memory: Arc<Semaphore>,
}

/// A document, and the memory it takes while it is in use.
#[derive(Debug)]
pub struct Document {
    /// What it says.
    pub bytes: Bytes,
    memory: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// Within these bounds, which all its bodies share.
    pub fn new(limits: BodyLimits) -> Self {
        // One of the largest at least.
        let one = limits.document.saturating_add(json::room(limits.document));
        let memory = limits.memory.max(one).min(u32::MAX as usize);
        Bodies { limits, memory: Arc::new(Semaphore::new(memory)) }
    }

    /// Reads a whole body. One that says beforehand that it is too long is not read at all.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Document, Problem> {
        let limit = self.limits.document;
        let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > limit as u64) {
            return Err(Problem::too_large(limit));
        }
        let mut chunks = body.into_data_stream();
        let mut bytes = Vec::new();
        let mut memory: Option<OwnedSemaphorePermit> = None;
        while let Some(chunk) = next(&mut chunks, self.limits.idle).await? {
            if bytes.len() + chunk.len() > limit {
                return Err(Problem::too_large(limit));
            }
            let more = self.reserve(chunk.len())?;
            match &mut memory {
                Some(memory) => memory.merge(more),
                None => memory = Some(more),
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Document { bytes: bytes.into(), memory })
    }

    fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| Problem::later("busy", 1, "the hub is reading as many documents as it has memory for");
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        Arc::clone(&self.memory).try_acquire_many_owned(permits).map_err(full)
    }

    /// Reads a JSON body. None at all counts as one that says nothing.
    pub async fn json<T>(&self, headers: &HeaderMap, body: Body) -> Result<T, Problem>
    where
        T: DeserializeOwned + Default,
    {
        let document = self.document(headers, body).await?;
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
    pub async fn document(&self, headers: &HeaderMap, body: Body) -> Result<Document, Problem> {
        let mut document = self.read(headers, body).await?;
        let becomes = self.reserve(becomes(&document.bytes))?;
        match &mut document.memory {
            Some(memory) => memory.merge(becomes),
            None => document.memory = Some(becomes),
        }
        Ok(document)
    }
}

/// Bytes of memory that a JSON document becomes. One that becomes more is not read.
pub(crate) fn becomes(document: &[u8]) -> usize {
    json::weight(document).min(json::room(document.len()))
}

/// Does what takes long for a document of so many bytes: a large one apart from the threads that serve everybody.
pub(crate) async fn apart<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    const LARGE: usize = 128 << 10;
    if bytes < LARGE {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::bug(&error))
}

/// The next piece of a body, if it comes in time; `None` = it is complete.
pub(crate) async fn next(chunks: &mut BodyDataStream, idle: Duration) -> Result<Option<Bytes>, Problem> {
    let late = |_| {
        let detail = format!("nothing more of the body came for {} s", idle.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
    };
    let chunk = timeout(idle, chunks.next()).await.map_err(late)?;
    chunk.transpose().map_err(|_| Problem::bad_request("the body broke off"))
}

/// Refuses a body of another media type.
pub(crate) fn require(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
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
