//! Posting spans to the collector.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::{Clock, Hub};
use model::JobId;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, redirect};
use tokio::sync::mpsc::Receiver;

use super::span::{self, Span};
use super::{Collector, Note, resource, wire};

/// How long the collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Notes that become one post, at most.
const BATCH: usize = 256;
/// Pauses between tries of one post; then its spans are dropped.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15)];

/// Makes spans of notes, and posts them.
pub(super) struct Exporter {
    client: Client,
    url: String,
    service: String,
    dropped: Arc<AtomicU64>,
    clock: Clock,
    /// The last post did not get through.
    troubled: bool,
}

impl Exporter {
    pub(super) fn new(
        collector: Collector,
        dropped: Arc<AtomicU64>,
        clock: Clock,
    ) -> Result<Self, reqwest::Error> {
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"))]);
        for (name, value) in &collector.headers {
            let name = HeaderName::try_from(name.as_str());
            if let (Ok(name), Ok(mut value)) = (name, HeaderValue::try_from(value.expose().as_str())) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .default_headers(headers)
            .user_agent(concat!("intendant/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let Collector { url, service, .. } = collector;
        Ok(Exporter { client, url, service, dropped, clock, troubled: false })
    }

    /// Tells until nobody can put a note in any more and all are told.
    pub(super) async fn run(mut self, mut queue: Receiver<Note>, hub: Hub) {
        let resource = resource(&self.service);
        let mut notes = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut notes, BATCH).await > 0 {
            let mut spans = Vec::new();
            for note in notes.drain(..) {
                spans.extend(self.spans(&hub, note).await);
            }
            if !spans.is_empty() {
                self.post(wire::request(&resource, &spans), spans.len()).await;
            }
        }
    }

    async fn spans(&self, hub: &Hub, note: Note) -> Vec<Span> {
        let job: JobId = match &note {
            Note::Ended(job, _) => *job,
            Note::Tried(tried) => tried.job,
        };
        let Ok(story) = hub.story(job).await else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return Vec::new();
        };
        match note {
            Note::Ended(_, accepted) => span::of_job(&story, accepted),
            Note::Tried(tried) => span::of_delivery(&tried, story.trace.as_deref()).into_iter().collect(),
        }
    }

    async fn post(&mut self, body: Vec<u8>, spans: usize) {
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            let (soft, why) = match self.client.post(&self.url).body(body.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return self.through(),
                Ok(answer) => (is_soft(answer.status()), format!("it answers {}", answer.status())),
                Err(error) => (true, crate::post::cause(&error.without_url())),
            };
            if !self.troubled {
                self.troubled = true;
                tracing::warn!("traces do not get through to {}: {why}; jobs are not affected", self.url);
            }
            let Some(pause) = pause.filter(|_| soft) else { break };
            self.clock.sleep(pause).await;
        }
        self.dropped.fetch_add(spans as u64, Ordering::Relaxed);
    }

    fn through(&mut self) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "traces: {dropped} spans or notes were dropped");
        }
        if std::mem::take(&mut self.troubled) {
            tracing::info!("traces get through to {} again", self.url);
        }
    }
}

/// Whether the same post may get through later (OTLP 1.x, "Failures").
fn is_soft(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}
