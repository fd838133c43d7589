//! The API over TCP: submitting and waiting, lists of a journal with a million jobs, many open streams of events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use access::{Access, Rules};
use anyhow::{Result, ensure};
use api::Installation;
use api::dto::{CheckReport, NewToken, ReloadReport, Setting};
use api::{self, Api};
use engine::port::BoxFuture;
use engine::{Clock, Hub};
use futures_util::future::try_join_all;
use http::listen::tcp::Tcp;
use http::{BodyLimits, Caller, ConnectionLimits, KeyedPaths, KnownScopes, Scope, frame};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use model::Effects;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::bed;

const CONNECTIONS: u64 = 64;
const JOBS: u64 = 20_000;
const LISTED: u64 = 1_000_000;
const LOOKS: usize = 300;
const STREAMS: usize = 1000;

pub(crate) fn run() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hub = bed::start(folder.path(), bed::noop("IDENTITY_UPDATE")).await?;
    let served = Served::start(hub.clone()).await?;
    submit_and_wait(&hub, &served).await?;
    streams(&hub, &served).await?;
    lists(&hub, &served).await?;
    served.stop().await?;
    hub.stop(Duration::from_secs(10)).await;
    Ok(())
}

/// The API, being served.
struct Served {
    address: String,
    token: String,
    stop: oneshot::Sender<()>,
    server: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn start(hub: Hub) -> Result<Self> {
        let most = 10_000_000.try_into()?;
        let rules = Rules {
            session: Duration::from_hours(1),
            trusted_proxies: Vec::new(),
            token_rate: most,
            address_rate: most,
            scopes: KnownScopes::default(),
            oidc: None,
        };
        let access = Access::open(hub.clone(), rules).await.map_err(api::Error::from)?;
        let new =
            NewToken { name: "bench".to_owned(), scopes: vec![Scope::ADMIN.to_string()], expires_at: None };
        let token = access.make_token(new, &Caller::of_socket(0)).await.map_err(api::Error::from)?.secret;
        let tcp = Tcp::bind("127.0.0.1:0".parse()?, None).await?;
        let url = tcp.url()?;
        let parts = api::Parts {
            hub,
            access: access.clone(),
            installation: Arc::new(Nothing),
            bodies: BodyLimits::default(),
            version: "bench",
            url: None,
            lost_commits: 0,
        };
        let (routes, _) = api::routes(Api::new(parts), Vec::new());
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let stopped = Box::pin(async { drop(stopped.await) });
            // All of them come from here.
            let limits = ConnectionLimits { of_one: 4 * STREAMS, ..ConnectionLimits::default() };
            tcp.serve(frame(access.layer(routes, KeyedPaths::default())), limits, &Clock::system(), stopped)
                .await;
        });
        let address = url.strip_prefix("http://").unwrap_or(&url).to_owned();
        Ok(Served { address, token, stop, server })
    }

    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        Ok(self.server.await?)
    }

    async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address, format!("Bearer {}", self.token)).await
    }
}

/// A hub without files.
struct Nothing;

impl Installation for Nothing {
    fn reload(&self) -> BoxFuture<'_, Result<ReloadReport, String>> {
        Box::pin(async { Err("there are no files here".to_owned()) })
    }

    fn check(&self) -> BoxFuture<'_, Result<CheckReport, String>> {
        Box::pin(async { Err("there are no files here".to_owned()) })
    }

    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }
}

/// One connection that is kept.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    bearer: String,
}

impl Connection {
    /// To a server, with what is said to it in `Authorization`.
    pub(crate) async fn open(address: &str, bearer: String) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // Small, so that what is measured is the server's memory.
        let (sender, connection) =
            Builder::new().max_buf_size(16 * 1024).handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Connection { sender, host: address.to_owned(), bearer })
    }

    async fn send(&mut self, method: &str, path: &str, body: Bytes) -> Result<hyper::Response<Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("authorization", &self.bearer)
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        ensure!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        Ok(answer)
    }

    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: Bytes) -> Result<Bytes> {
        Ok(self.send(method, path, body).await?.into_body().collect().await?.to_bytes())
    }
}

async fn submit_and_wait(hub: &Hub, served: &Served) -> Result<()> {
    let one = |n: u64| async move {
        let mut connection = served.connect().await?;
        let mut times = Vec::new();
        for k in 0..JOBS / CONNECTIONS {
            let request = bed::request(n + k * CONNECTIONS);
            let body = Bytes::from(serde_json::to_vec(&request.body)?);
            let begun = Instant::now();
            connection.ask("POST", "/api/v1/jobs?wait=60&action=IDENTITY_UPDATE", body).await?;
            times.push(begun.elapsed());
        }
        anyhow::Ok(times)
    };
    let begun = Instant::now();
    let mut times = try_join_all((0..CONNECTIONS).map(one)).await?.concat();
    let over_http = rate(times.len(), begun);
    let bare = |n: u64| async move {
        for k in 0..JOBS / CONNECTIONS {
            let accepted = hub.accept(bed::request(n + k * CONNECTIONS), Effects::default()).await?;
            if let engine::Accepted::New(job) = accepted {
                hub.wait(job, Duration::from_mins(1)).await?;
            }
        }
        anyhow::Ok(())
    };
    let begun = Instant::now();
    try_join_all((0..CONNECTIONS).map(bare)).await?;
    let in_process = rate(times.len(), begun);
    println!(
        "submit and wait, {CONNECTIONS} connections: {over_http:6.0}/s, p50 {:.1} ms, p99 {:.1} ms; ratio to the same \
         without HTTP ({in_process:.0}/s): {:.2}",
        at(&mut times, 500),
        at(&mut times, 990),
        over_http / in_process
    );
    Ok(())
}

async fn lists(hub: &Hub, served: &Served) -> Result<()> {
    bed::submit(hub, LISTED, 512).await?;
    bed::drain(hub).await?;
    println!("a journal of {LISTED} jobs, first page of 100:");
    let mut connection = served.connect().await?;
    for filter in [
        "",
        "state=failed",
        "state=succeeded",
        "action=IDENTITY_UPDATE",
        "action=NEVER",
        "subject=identity:66c22991bdc3c9a7563a0007",
        "source=bench",
        "backend=noop",
        "waiting_on=retry",
        "text=563a0007",
        "text=nowhere",
    ] {
        let path = format!("/api/v1/jobs?limit=100&{filter}");
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            let begun = Instant::now();
            connection.ask("GET", &path, Bytes::new()).await?;
            times.push(begun.elapsed());
        }
        let (p50, p99) = (at(&mut times, 500), at(&mut times, 990));
        println!("  {filter:45} p50 {p50:6.2} ms, p99 {p99:6.2} ms (goal 20)");
    }
    Ok(())
}

async fn streams(hub: &Hub, served: &Served) -> Result<()> {
    let before = bed::resident("self");
    let open = |_| async move {
        let mut connection = served.connect().await?;
        let answer = connection.send("GET", "/api/v1/events", Bytes::new()).await?;
        anyhow::Ok((connection, answer.into_body()))
    };
    let streams = try_join_all((0..STREAMS).map(open)).await?;
    let opened = bed::resident("self");
    let (mut readers, mut kept) = (Vec::new(), Vec::new());
    for (connection, mut body) in streams {
        kept.push(connection);
        readers.push(tokio::spawn(async move {
            let mut bytes = 0;
            while let Some(Ok(frame)) = body.frame().await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
            }
            bytes
        }));
    }
    let mut sizes = Vec::new();
    for _ in 0..6 {
        bed::submit(hub, 2000, 64).await?;
        bed::drain(hub).await?;
        sizes.push(bed::resident("self"));
    }
    let sizes: Vec<String> = sizes.iter().map(|size| format!("{size:.0}")).collect();
    println!(
        "{STREAMS} streams of events: {before:.0} MiB before, {opened:.0} open (both ends are in it), {} after each \
         2000 jobs that they were all told of",
        sizes.join(", ")
    );
    drop(kept);
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

pub(crate) fn rate(count: usize, begun: Instant) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / begun.elapsed().as_secs_f64()
}

/// So many of a thousand took no longer, in milliseconds.
pub(crate) fn at(times: &mut [Duration], share: usize) -> f64 {
    times.sort_unstable();
    times.get(times.len() * share / 1000).copied().unwrap_or_default().as_secs_f64() * 1e3
}
