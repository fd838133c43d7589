//! Figures for Prometheus: names and units by its conventions.

use std::fmt::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, header};
use engine::{BOUNDS, BackendView, ChoreView, Histogram, LinkView, Stats};
use jiff::Timestamp;
use journal::{Node, NodeRole, Nodes, Tally};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::Api;
use http::Problem;
use http::{May, Read};

/// The media type of the text.
pub(super) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "hub",
    operation_id = "metrics",
    responses((
        status = 200,
        description = "Done",
        body = String,
        content_type = "application/openmetrics-text"
    )),
    security(("token" = ["read"])),
)]
pub(super) async fn metrics(
    State(api): State<Api>,
    _: May<Read>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let figures = Figures {
        version: api.version,
        started_at: api.started_at,
        stats: api.hub.stats(),
        tallies: api.hub.journal().tallies().await?,
        running: api.hub.running(),
        backends: api.hub.backends(),
        links: api.hub.links(),
        chores: api.hub.chores(),
        nodes: api.hub.keeping().hubs().map(|hubs| hubs.now()),
        lost_commits: api.lost_commits,
    };
    let mut registry = Registry::with_prefix("intendant");
    registry.register_collector(Box::new(figures));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).map_err(|e| Problem::bug(&e))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text))
}

/// Which hub it is that works.
const AT_WORK: &str = "at_work";
const AT_WORK_HELP: &str = "Whether this hub works on its journal (1) or stands by (0)";

/// What a hub shows that stands by.
pub(super) fn standing_by() -> String {
    format!(
        "# HELP intendant_{AT_WORK} {AT_WORK_HELP}.\n# TYPE intendant_{AT_WORK} gauge\nintendant_{AT_WORK} 0\n# EOF\n"
    )
}

/// All that is shown, of one moment.
#[derive(Debug)]
struct Figures {
    version: &'static str,
    started_at: Timestamp,
    stats: Stats,
    tallies: Vec<Tally>,
    running: usize,
    backends: Vec<BackendView>,
    links: Vec<LinkView>,
    chores: Vec<ChoreView>,
    nodes: Option<Arc<Nodes>>,
    lost_commits: u64,
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut out = Out(&mut encoder);
        self.hub(&mut out)?;
        self.jobs(&mut out)?;
        self.backends(&mut out)?;
        self.chores(&mut out)?;
        self.outside(&mut out)
    }
}

impl Figures {
    fn hub(&self, out: &mut Out<'_, '_>) -> Result<(), Error> {
        out.gauges("build", "What is running", [(vec![("version", self.version)], 1.0)])?;
        #[allow(clippy::cast_precision_loss, reason = "seconds of this century fit")]
        let started = self.started_at.as_millisecond() as f64 / 1000.0;
        out.gauges("start_time_seconds", "When the hub started, since the epoch", [(vec![], started)])?;
        // Whoever stands by shows 0 for the first, and nothing else: see [`standing_by`].
        out.gauges(AT_WORK, AT_WORK_HELP, [(vec![], 1.0)])?;
        #[allow(clippy::cast_precision_loss, reason = "counts fit")]
        let lost = self.lost_commits as f64;
        let help = "Confirmed commits that the database has lost since the process began";
        out.gauges("journal_lost_commits", help, [(vec![], lost)])?;
        let Some(nodes) = &self.nodes else { return Ok(()) };
        let could_work = |node: &&Node| node.role == NodeRole::StandsBy && !node.drained;
        let standing_by = nodes.all.iter().filter(could_work).count();
        out.gauges(
            "nodes_standing_by",
            "Hubs that stand by on the journal and are not drained",
            [(vec![], count(standing_by))],
        )
    }

    fn chores(&self, out: &mut Out<'_, '_>) -> Result<(), Error> {
        let tries = self.chores.iter().map(|chore| {
            let tries = chore.failing.as_ref().map_or(0, |failing| failing.tries);
            (vec![("chore", chore.name)], f64::from(tries))
        });
        out.gauges("chore_failures", "How often a chore has failed since it was done last", tries)?;
        #[allow(clippy::cast_precision_loss, reason = "seconds of this century fit")]
        let done = self.chores.iter().filter_map(|chore| {
            Some((vec![("chore", chore.name)], chore.last?.as_millisecond() as f64 / 1000.0))
        });
        out.gauges("chore_last_seconds", "When what a chore did last was begun, since the epoch", done)
    }

    fn jobs(&self, out: &mut Out<'_, '_>) -> Result<(), Error> {
        let stats = &self.stats;
        let accepted = stats.accepted.iter().map(|(source, jobs)| (vec![("source", source.as_str())], *jobs));
        out.counters("jobs_accepted", "Jobs accepted since start", accepted)?;
        let ended = stats.ended.iter().flat_map(|(action, states)| {
            states
                .iter()
                .map(move |(state, jobs)| (vec![("action", action.as_str()), ("state", *state)], *jobs))
        });
        out.counters("jobs_ended", "Jobs ended since start", ended)?;
        out.histograms(
            "job_duration",
            "From the acceptance of a job to its end, since start",
            [(vec![], &stats.latency)],
        )?;
        #[allow(clippy::cast_precision_loss, reason = "counts fit")]
        let tallies =
            self.tallies.iter().map(|tally| (vec![("state", tally.state.as_str())], tally.jobs as f64));
        out.gauges("jobs", "Jobs in the journal", tallies)?;
        out.gauges("jobs_running", "Jobs that are being run", [(vec![], count(self.running))])?;
        let refused = stats.refused.iter().flat_map(|(source, codes)| {
            codes.iter().map(move |(code, times)| {
                (vec![("source", source.as_str()), ("code", code.as_str())], *times)
            })
        });
        out.counters("requests_refused", "Requests refused since start", refused)
    }

    fn backends(&self, out: &mut Out<'_, '_>) -> Result<(), Error> {
        let stats = &self.stats.backends;
        let attempts = stats.iter().flat_map(|(backend, did)| {
            [("done", did.done), ("soft", did.soft), ("hard", did.hard), ("wait", did.wait)]
                .map(|(outcome, times)| (vec![("backend", backend.as_str()), ("outcome", outcome)], times))
        });
        out.counters("attempts", "Attempts ended since start", attempts)?;
        let durations =
            stats.iter().map(|(backend, did)| (vec![("backend", backend.as_str())], &did.duration));
        out.histograms("attempt_duration", "How long attempts took, since start", durations)?;
        let each = |figure: fn(&BackendView) -> f64| {
            self.backends
                .iter()
                .map(move |backend| (vec![("backend", backend.name.as_str())], figure(backend)))
        };
        out.gauges("backend_running", "Attempts that run", each(|backend| count(backend.running)))?;
        out.gauges(
            "backend_left_alone",
            "Whether it is left alone because it kept failing",
            each(|backend| flag(backend.left_alone_until.is_some())),
        )?;
        out.gauges("backend_paused", "Whether an operator paused it", each(|backend| flag(backend.paused)))?;
        out.gauges(
            "backend_broken",
            "Whether it cannot be used",
            each(|backend| flag(backend.trouble.is_some())),
        )
    }

    fn outside(&self, out: &mut Out<'_, '_>) -> Result<(), Error> {
        let deliveries = self.stats.deliveries.iter().flat_map(|(courier, did)| {
            [("delivered", did.delivered), ("later", did.later), ("undeliverable", did.undeliverable)]
                .map(|(outcome, times)| (vec![("courier", courier.as_str()), ("outcome", outcome)], times))
        });
        out.counters("deliveries", "Tries to deliver since start", deliveries)?;
        let waiting = count(self.stats.waiting_to_leave);
        out.gauges("outbox_deliveries", "Deliveries that wait to leave", [(vec![], waiting)])?;
        let links = self
            .links
            .iter()
            .map(|link| (vec![("source", link.name.as_str()), ("kind", link.kind)], flag(link.connected)));
        out.gauges("link_up", "Whether a connection is up", links)?;
        let went = self.links.iter().flat_map(|link| {
            let labels = |what| vec![("source", link.name.as_str()), ("kind", link.kind), ("what", what)];
            link.counters.iter().map(move |(what, times)| (labels(*what), *times))
        });
        out.counters("link", "What went over a connection since start, by name", went)
    }
}

/// Writes metrics.
struct Out<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl Out<'_, '_> {
    fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, u64)>,
    ) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in rows {
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    fn gauges<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, f64)>,
    ) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in rows {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    fn histograms<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, &'l Histogram)>,
    ) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (labels, histogram) in rows {
            let bounds = BOUNDS.iter().map(|bound| f64::from(*bound) / 1000.0).chain([f64::MAX]);
            let buckets: Vec<(f64, u64)> =
                bounds.zip(histogram.buckets().iter().copied().map(u64::from)).collect();
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                histogram.sum().as_secs_f64(),
                histogram.count(),
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
