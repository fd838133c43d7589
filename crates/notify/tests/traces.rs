//! Traces of a real hub, posted to a collector that reads them with OpenTelemetry's own types.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use engine::port::{Backend, BoxFuture, Call, Catalogue, Control, Courier, Delivered, Moment, Reactor, View};
use engine::{Accepted, ActionTable, Clock, Hub, Setup};
use intendant_notify::trace::{Collector, Telling, Traces};
use model::{
    Delivery, DeliveryTo, Effects, Entity, JobId, NewDelivery, OnError, Outcome, Request, RetryPolicy, Secret,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as Code;
use prost::Message as _;
use serde_json::{Value, json};
use tempfile::TempDir;

const LONG: Duration = Duration::from_mins(1);
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What a collector got.
#[derive(Clone, Default)]
struct Got(Arc<Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>>);

impl Got {
    async fn listen() -> (Self, String) {
        let got = Got::default();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(got.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (got, url)
    }

    fn spans(&self) -> Vec<Span> {
        let got = self.0.lock().unwrap();
        let scopes = got.iter().flat_map(|(_, request)| &request.resource_spans).flat_map(|r| &r.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// All spans, by name, once there are so many.
    async fn all(&self, count: usize) -> BTreeMap<String, Span> {
        let waited = tokio::time::timeout(LONG, async {
            while self.spans().len() < count {
                tokio::task::yield_now().await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{:?}", self.spans()));
        self.spans().into_iter().map(|span| (name(&span), span)).collect()
    }
}

/// Its name, and of attempts the number.
fn name(span: &Span) -> String {
    match attribute(span, "intendant.attempt") {
        Some(Any::IntValue(number)) => format!("{} {number}", span.name),
        _ => span.name.clone(),
    }
}

fn attribute(span: &Span, key: &str) -> Option<Any> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.clone()
}

async fn take(State(got): State<Got>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = ExportTraceServiceRequest::decode(body).expect("the body is what OTLP says");
    got.0.lock().unwrap().push((headers, request));
    StatusCode::OK
}

/// Fails once for now, then succeeds; fails for good when it is asked to.
#[derive(Default)]
struct Moody(Mutex<u32>);

impl Backend for Moody {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            if call.body["payload"]["fail"] == true {
                return Outcome::hard(3, model::Code::from_static("refused"), "no such group");
            }
            let mut runs = self.0.lock().unwrap();
            *runs += 1;
            if *runs == 1 { Outcome::soft(75, model::word::code::RETRY, "not now") } else { Outcome::done() }
        })
    }
}

/// Says something when a job has ended; what it says is delivered at once.
struct Says;

impl Reactor for Says {
    fn react(&self, _: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        let to = DeliveryTo { courier: "mail".to_owned(), address: "secret-address".to_owned() };
        let said = NewDelivery { to, body: Value::Null, due_at: None };
        let deliveries = if moment == Moment::Settled { vec![said] } else { Vec::new() };
        Effects { deliveries, ..Effects::default() }
    }
}

impl Courier for Says {
    fn deliver(&self, _: Delivery) -> BoxFuture<'_, Delivered> {
        Box::pin(std::future::ready(Delivered::Done))
    }
}

struct Bed {
    hub: Hub,
    telling: Telling,
    _folder: TempDir,
}

async fn hub(url: &str) -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let tick = Duration::from_millis(1);
    let retry = RetryPolicy { max: 3, initial: tick, max_delay: tick, ..RetryPolicy::NONE };
    let mapping = testhub::mapping(OnError::Continue, Some(retry));
    let entry = testhub::entry("10ldap", Arc::new(Moody::default()), &["IDENTITY_UPDATE"], mapping);
    let collector = Collector {
        url: url.to_owned(),
        headers: vec![("x-tenant".to_owned(), Secret::new("school".to_owned()))],
        service: "hub-1".to_owned(),
    };
    let traces = Traces::new(collector, Clock::system()).unwrap();
    let mut couriers = HashMap::from([("mail".to_owned(), Arc::new(Says) as Arc<dyn Courier>)]);
    traces.watch(&mut couriers);
    let catalogue = Catalogue { entries: vec![entry] };
    let setup = Setup {
        reactors: vec![Arc::new(Says)],
        couriers,
        ..Setup::new(catalogue, ActionTable::new([]).unwrap())
    };
    let hub = testhub::start(testhub::open(folder.path()), setup).await;
    Bed { telling: traces.start(hub.clone()), hub, _folder: folder }
}

impl Bed {
    async fn ended(&self, fail: bool, trace: Option<&str>) -> JobId {
        let body = json!({"concernedTo": "alice", "payload": {"fail": fail, "password": "hunter2-hunter2"}});
        let request = Request {
            trace: trace.map(str::to_owned),
            ..Request::new("http".to_owned(), "IDENTITY_UPDATE".to_owned(), body)
        };
        let Accepted::New(job) = self.hub.accept(request, Effects::default()).await.unwrap() else {
            panic!("not new")
        };
        assert!(self.hub.wait(job, LONG).await.unwrap().state.is_terminal());
        job
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_one_tree_in_the_trace_of_its_caller() {
    let (got, url) = Got::listen().await;
    let bed = hub(&url).await;
    let job = bed.ended(false, Some(CALLER)).await;
    let spans = got.all(5).await;
    let names: Vec<&str> = spans.keys().map(String::as_str).collect();
    let expected =
        ["accept", "attempt 10ldap 1", "attempt 10ldap 2", "deliver mail 1", "job IDENTITY_UPDATE"];
    assert_eq!(names, expected);
    let root = &spans["job IDENTITY_UPDATE"];
    assert_eq!(root.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
    assert_eq!(root.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert_eq!(root.kind(), SpanKind::Consumer);
    assert_eq!(attribute(root, "intendant.job"), Some(Any::StringValue(job.to_string())));
    for (name, span) in spans.iter().filter(|(name, _)| !name.starts_with("job")) {
        assert_eq!((&span.trace_id, &span.parent_span_id), (&root.trace_id, &root.span_id), "{name}");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{name}");
        assert!(span.start_time_unix_nano >= root.start_time_unix_nano, "{name}");
    }
    let first = &spans["attempt 10ldap 1"];
    let status = first.status.as_ref().unwrap();
    assert_eq!((status.code(), status.message.as_str()), (Code::Error, "not now"));
    assert_eq!(attribute(first, "intendant.outcome"), Some(Any::StringValue("soft".to_owned())));
    assert!(spans["attempt 10ldap 2"].status.is_none() && root.status.is_none());
    let (headers, request) = got.0.lock().unwrap()[0].clone();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(headers["x-tenant"], "school");
    let resource = request.resource_spans[0].resource.clone().unwrap();
    assert!(format!("{resource:?}").contains("hub-1"));
    let all = format!("{:?}", got.spans());
    assert!(!all.contains("hunter2") && !all.contains("secret-address"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_caller_the_job_is_the_root_and_one_that_is_not_sampled_is_not_told() {
    let (got, url) = Got::listen().await;
    let bed = hub(&url).await;
    bed.ended(true, Some(&CALLER.replace("-01", "-00"))).await;
    let job = bed.ended(true, Some("ticket 4711")).await;
    let spans = got.all(4).await;
    let root = &spans["job IDENTITY_UPDATE"];
    assert_eq!(root.trace_id, job.0.as_bytes());
    assert!(root.parent_span_id.is_empty());
    let status = root.status.as_ref().unwrap();
    assert_eq!(status.code(), Code::Error);
    assert!(status.message.contains("no such group"), "{status:?}");
    assert!(got.spans().iter().all(|span| span.trace_id == root.trace_id), "the other is not told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_is_in_nobodys_way() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    // It accepts connections and never answers.
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let bed = hub(&url).await;
    for _ in 0..50 {
        bed.ended(false, None).await;
    }
    bed.hub.stop(LONG).await;
    tokio::time::timeout(LONG, bed.telling.close()).await.expect("the end does not wait for the collector");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_is_told_when_the_hub_stops() {
    let (got, url) = Got::listen().await;
    let bed = hub(&url).await;
    bed.ended(false, None).await;
    got.all(5).await;
    let Bed { hub, telling, _folder } = bed;
    hub.stop(LONG).await;
    drop(hub);
    tokio::time::timeout(LONG, telling.close()).await.expect("it ends");
    assert_eq!(got.spans().len(), 5, "each span is told once");
}
