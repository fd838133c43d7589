//! A tracker of a hub, and a host that is reached over TCP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use intendant_hosting::host::Doors;
use intendant_hosting::tracker::{Following, Hosts, NewSchool, Remote, Schedule, Tracker};
use intendant_hosting::upload::{Limits, Uploads};
use intendant_hosting::values::Contact;
use intendant_hosting::{Hidden, Rne, Values, Version};
use model::{Delivery, Secret, Times};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::support::{Bed, SECRET, client};

/// The client key of hosts.
pub const CLIENT_KEY: &str = "client-key-1";

/// When schools are looked at: nobody waits in these tests, and what is seen once is not due again.
fn schedule(every: Duration) -> Schedule {
    Schedule { busy: Times::Every(every), quiet: Times::Every(every), spread: (ALWAYS, ALWAYS) }
}

/// A tracker of this hub.
pub fn tracker(bed: &Bed, hosts: &[(&str, &str)], every: Duration) -> Tracker {
    let remote =
        |url| Remote::new(url, Secret::new(CLIENT_KEY.to_owned()), None, Duration::from_secs(5)).unwrap();
    let hosts: BTreeMap<_, _> = hosts.iter().map(|(name, url)| ((*name).to_owned(), remote(url))).collect();
    let doors = Doors::default();
    doors.open(bed.host.clone());
    let folder = bed.folder.path().join("uploads-of-the-tracker");
    let uploads = Uploads::open(&folder, Limits::default(), Arc::new(doors), bed.clock.clone()).unwrap();
    let following =
        Following { hosts: Hosts::new(hosts), schedule: schedule(every), at_once: 8, relayed: true };
    Tracker::new(bed.host.clone(), uploads, following, bed.clock.clone())
}

/// Looked at whenever somebody asks.
pub const ALWAYS: Duration = Duration::ZERO;

pub fn rne(text: &str) -> Rne {
    text.parse().unwrap()
}

pub fn contact(language: &str) -> Contact {
    Contact { mail: "cdi@lycee.example".to_owned(), language: language.to_owned() }
}

pub fn values() -> Values {
    Values {
        griffe: "Lycée Jean Moulin".to_owned(),
        code: Hidden::new(SECRET),
        version: Version::Cl,
        contact: None,
    }
}

/// A school that is to be created at a host.
pub fn new_school(number: &str, host: &str) -> NewSchool {
    NewSchool {
        rne: rne(number),
        host: host.to_owned(),
        values: Some(values()),
        key: None,
        contact: Some(contact("fr")),
        tell: false,
    }
}

/// The mails that were written, oldest first.
pub async fn mails(bed: &Bed) -> Vec<Delivery> {
    let rows = bed.hub.journal().outbox(journal::DeliveryFilter::default(), None, 1_000).await.unwrap().rows;
    rows.into_iter().filter(|delivery| delivery.to.courier == "mail").rev().collect()
}

pub async fn subjects(bed: &Bed) -> Vec<String> {
    mails(bed).await.iter().map(|mail| mail.body["subject"].as_str().unwrap().to_owned()).collect()
}

/// A host over TCP, until it is dropped.
pub struct Far {
    pub url: String,
    pub counts: Arc<Counts>,
    port: u16,
    task: JoinHandle<()>,
}

/// What came to a host.
#[derive(Default)]
pub struct Counts {
    pub requests: AtomicUsize,
    pub refused_keys: AtomicUsize,
    now: AtomicUsize,
    pub most_at_once: AtomicUsize,
}

impl Far {
    /// The establishments of this hub. Whoever has the client key is a client; the keys of schools are looked at as ever.
    pub async fn of(bed: &Bed) -> Self {
        Far::serve(bed.routes.clone(), 0).await
    }

    pub async fn serve(routes: Router, port: u16) -> Self {
        let counts = Arc::<Counts>::default();
        let counted = Arc::clone(&counts);
        let routes = routes.layer(from_fn(move |mut request: Request, next: Next| {
            let counts = Arc::clone(&counted);
            async move {
                let said = request.headers().get("authorization").map(|value| value.as_bytes().to_vec());
                if said.as_deref() == Some(format!("Bearer {CLIENT_KEY}").as_bytes()) {
                    request.extensions_mut().insert(client());
                }
                counts.requests.fetch_add(1, Ordering::SeqCst);
                let now = counts.now.fetch_add(1, Ordering::SeqCst) + 1;
                counts.most_at_once.fetch_max(now, Ordering::SeqCst);
                let answer: Response = next.run(request).await;
                counts.now.fetch_sub(1, Ordering::SeqCst);
                let refused = answer.status() == StatusCode::UNAUTHORIZED;
                counts.refused_keys.fetch_add(usize::from(refused), Ordering::SeqCst);
                answer
            }
        }));
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Far { url: format!("http://127.0.0.1:{port}"), counts, port, task }
    }

    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    pub fn refused_keys(&self) -> usize {
        self.counts.refused_keys.load(Ordering::SeqCst)
    }

    /// It goes away; its port.
    pub async fn stop(self) -> u16 {
        self.task.abort();
        let port = self.port;
        drop(self);
        testhub::until("the port is free", async || TcpListener::bind(("127.0.0.1", port)).await.is_ok())
            .await;
        port
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Everything that is kept, as text: for what must not be in it.
pub async fn audit(bed: &Bed) -> Value {
    let filter = journal::RecordFilter::of(model::RecordKind::Audit);
    let rows = bed.hub.journal().records(filter, None, 1_000).await.unwrap().rows;
    rows.iter().map(|record| Value::from(format!("{record:?}"))).collect()
}
