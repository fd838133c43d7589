//! The listener of a double: a thread with a runtime of its own, so that it serves whatever the test does.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use testkit::port::Port;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::desk::{Call, Desk, Moment, Order, Then, Told};
use crate::reply::Reply;

/// No client of ours sends more.
const BODY: usize = 4 << 20;

/// What was asked, taken apart.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    /// The segments of its path, decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) bytes: Vec<u8>,
    /// The body; null = none, or no JSON.
    pub(crate) body: Value,
}

impl Asked {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The last value of that name in the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The body as a form.
    pub(crate) fn form(&self) -> BTreeMap<String, String> {
        form_urlencoded::parse(&self.bytes).into_owned().collect()
    }
}

/// How an answer departs from the truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) short: usize,
    pub(crate) stale: bool,
    pub(crate) hidden: bool,
}

/// What stands behind a listener.
pub(crate) trait Site: Send + Sync + 'static {
    /// What is called, and about whom.
    fn name(&self, asked: &Asked) -> (String, String);
    /// Does it.
    fn serve(&self, asked: &Asked, call: &Call, view: View) -> Reply;
    /// What was ordered, decided and counted.
    fn desk(&self) -> &Desk;
}

/// A listener. It ends when dropped.
pub(crate) struct Server {
    port: Port,
    up: watch::Sender<State>,
    down: watch::Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Down,
    Over,
}

impl Server {
    /// Starts one; it listens when this returns.
    pub(crate) fn start(site: Arc<dyn Site>) -> Server {
        let port = Port::take().unwrap();
        let (up, state) = watch::channel(State::Up);
        let (tell, listens) = watch::channel(false);
        let number = port.number();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(listen(number, &site, state, &tell));
            runtime.shutdown_background();
        });
        let server = Server { port, up, down: listens, thread: Some(thread) };
        server.until(true);
        server
    }

    /// Its address as a URL, with a last slash.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port.number())
    }

    /// Closes the listener and every connection, until [`Server::up`].
    pub(crate) fn down(&self) {
        self.up.send_replace(State::Down);
        self.until(false);
    }

    /// Listens again.
    pub(crate) fn up(&self) {
        self.up.send_replace(State::Up);
        self.until(true);
    }

    fn until(&self, listens: bool) {
        let limit = std::time::Duration::from_mins(2);
        let so = testkit::wait::until(limit, || (*self.down.borrow() == listens).then_some(()));
        assert!(so.is_some(), "the double did not do as it was told");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.up.send_replace(State::Over);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn listen(
    port: u16,
    site: &Arc<dyn Site>,
    mut state: watch::Receiver<State>,
    tell: &watch::Sender<bool>,
) {
    loop {
        let now = *state.borrow_and_update();
        if now == State::Over {
            return;
        }
        if now == State::Up {
            // The port is leased: a failure can only be somebody who looks whether it is free.
            let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await else {
                tokio::task::yield_now().await;
                continue;
            };
            tell.send_replace(true);
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        let _ = stream.set_nodelay(true);
                        connections.spawn(connection(stream, Arc::clone(site)));
                        while connections.try_join_next().is_some() {}
                    }
                    _ = state.changed() => break,
                }
            }
        }
        if *state.borrow() != State::Up {
            tell.send_replace(false);
        }
        if *state.borrow() == State::Down && state.changed().await.is_err() {
            return;
        }
    }
}

async fn connection(stream: TcpStream, site: Arc<dyn Site>) {
    let written = Arc::<Written>::default();
    let wire = Wire { stream, written: Arc::clone(&written), site: Arc::clone(&site) };
    let serve = service_fn(move |request| {
        let task = tokio::spawn(answer(request, Arc::clone(&site), Arc::clone(&written)));
        async move { task.await.ok().flatten().ok_or(io::Error::from(io::ErrorKind::ConnectionAborted)) }
    });
    // A client that goes away has nothing more to be told; an error is how the double hangs up.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(wire), serve).await;
}

/// The answer to a request; `None` = the connection is closed.
async fn answer(
    request: Request<Incoming>,
    site: Arc<dyn Site>,
    written: Arc<Written>,
) -> Option<Response<Full<Bytes>>> {
    let asked = read(request).await?;
    let (method, key) = site.name(&asked);
    let desk = site.desk();
    let (query, at) = (asked.query.iter().cloned().collect(), desk.now());
    let call = Call { number: 0, method, key, query, body: asked.body.clone(), at, status: None };
    let mut call = desk.arrived(call);
    if tell(desk, &call, Moment::Arrived).await == Then::HangUp {
        return None;
    }
    let order = desk.ordered(&call).unwrap_or_else(|| Order::on(""));
    tokio::time::sleep(order.delay).await;
    let view = match order.told {
        Told::Short(short) => View { short, ..View::default() },
        Told::Stale => View { stale: true, ..View::default() },
        Told::Hidden => View { hidden: true, ..View::default() },
        _ => View::default(),
    };
    let truth = order.effect.then(|| site.serve(&asked, &call, view));
    if tell(desk, &call, Moment::Done).await == Then::HangUp {
        return None;
    }
    let reply = match order.told {
        Told::Instead(reply) => reply,
        Told::HangUp => return None,
        Told::Nothing => pending().await,
        _ => truth?,
    };
    call.status = Some(reply.status);
    desk.answered(&call);
    if desk.watcher().is_some() {
        written.lock().push(call);
    }
    Some(response(reply))
}

/// Calls the test, where it may block.
async fn tell(desk: &Desk, call: &Call, moment: Moment) -> Then {
    let Some(watcher) = desk.watcher() else { return Then::GoOn };
    let call = call.clone();
    tokio::task::spawn_blocking(move || watcher(&call, moment)).await.unwrap_or(Then::HangUp)
}

async fn read(request: Request<Incoming>) -> Option<Asked> {
    let (parts, body) = request.into_parts();
    let bytes = Limited::new(body, BODY).collect().await.ok()?.to_bytes().to_vec();
    let path = parts.uri.path().strip_prefix('/').unwrap_or_default();
    let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned();
    Some(Asked {
        verb: parts.method.to_string(),
        path: path.split('/').map(decoded).collect(),
        query: query.collect(),
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        bytes,
    })
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(reply.body))).unwrap()
}

/// Calls whose answers are on their way to the network.
#[derive(Default)]
struct Written(Mutex<Vec<Call>>);

impl Written {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that says when an answer has been handed to the network.
struct Wire {
    stream: TcpStream,
    written: Arc<Written>,
    site: Arc<dyn Site>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        for call in std::mem::take(&mut *self.written.lock()) {
            let site = Arc::clone(&self.site);
            tokio::spawn(async move { tell(site.desk(), &call, Moment::Answered).await });
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
