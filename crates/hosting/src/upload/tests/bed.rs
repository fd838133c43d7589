//! A server of uploads on a free port, and who talks to it byte by byte.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use engine::Clock;
use engine::port::BoxFuture;
use http::listen::tcp::Tcp;
use http::page::{Kit, Part};
use http::{ConnectionLimits, Problem};
use ring::hmac;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::texts::TEXTS;
use crate::upload::{Handed, Limits, School, Schools, Standing, Uploads, routes};

pub(super) const RNE: &str = "0750655E";
pub(super) const SITE: &str = "http://shop.example";

pub(super) static KIT: LazyLock<Kit> =
    LazyLock::new(|| Kit::new("0", &[Part { nav: &[], texts: &TEXTS, programs: &["/hosting/v1/"] }]));

/// The lifecycle of one school.
#[derive(Default)]
pub(super) struct Life(pub(super) Mutex<Lived>);

pub(super) struct Lived {
    pub(super) standing: Standing,
    pub(super) handed: Vec<Vec<Handed>>,
}

impl Default for Lived {
    fn default() -> Self {
        let standing = Standing { generation: 1, may_upload: true, sets: Vec::new() };
        Lived { standing, handed: Vec::new() }
    }
}

impl Schools for Life {
    fn secret(&self) -> BoxFuture<'_, Result<hmac::Key, Problem>> {
        Box::pin(async { Ok(hmac::Key::new(hmac::HMAC_SHA256, b"of this hub")) })
    }

    fn of_key<'a>(&'a self, rne: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<School>, Problem>> {
        let generation = self.0.lock().unwrap().standing.generation;
        let is_right = rne == RNE && key == "the-key";
        Box::pin(async move { Ok(is_right.then(|| School { rne: RNE.to_owned(), generation })) })
    }

    fn standing<'a>(&'a self, rne: &'a str) -> BoxFuture<'a, Result<Option<Standing>, Problem>> {
        let standing = self.0.lock().unwrap().standing.clone();
        Box::pin(async move { Ok((rne == RNE).then_some(standing)) })
    }

    fn hand_over<'a>(
        &'a self,
        _: &'a School,
        set: &'a str,
        files: Vec<Handed>,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        let mut lived = self.0.lock().unwrap();
        lived.handed.push(files);
        lived.standing.sets.push(set.to_owned());
        lived.standing.may_upload = false;
        Box::pin(async { Ok(()) })
    }
}

/// A server, and the folder that outlives it.
pub(super) struct Bed {
    folder: TempDir,
    pub(super) limits: Limits,
    pub(super) life: Arc<Life>,
    pub(super) clock: Clock,
    pub(super) uploads: Uploads,
    pub(super) url: String,
    serving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Bed {
    pub(super) async fn new() -> Self {
        Bed::with(Limits { reserve: 0, ..Limits::default() }).await
    }

    pub(super) async fn with(limits: Limits) -> Self {
        Bed::at(tempfile::tempdir().unwrap(), limits).await
    }

    pub(super) async fn at(folder: TempDir, limits: Limits) -> Self {
        let (life, clock) = (Arc::<Life>::default(), Clock::system());
        let uploads = open(folder.path(), &limits, &life, &clock);
        let url = String::new();
        let mut bed = Bed { folder, limits, life, clock, uploads, url, serving: None };
        bed.serve().await;
        bed
    }

    /// Comes back at the same address, and lets itself be shown by these sites.
    pub(super) async fn among(&mut self, sites: Vec<String>) {
        self.stop().await;
        let address = self.url.clone();
        self.serve_at(address.strip_prefix("http://").unwrap(), sites).await;
    }

    async fn serve(&mut self) {
        self.serve_at("127.0.0.1:0", vec![SITE.to_owned()]).await;
    }

    async fn serve_at(&mut self, address: &str, sites: Vec<String>) {
        let tcp = Tcp::bind(address.parse().unwrap(), None).await.unwrap();
        self.url = tcp.url().unwrap();
        let own = routes(self.uploads.clone(), KIT.clone(), sites);
        let routes = http::frame(own.merge(http::page::routes(KIT.clone())));
        let (stop, stopped) = oneshot::channel();
        let clock = self.clock.clone();
        let serving = tokio::spawn(async move {
            tcp.serve(routes, ConnectionLimits::default(), &clock, Box::pin(async { drop(stopped.await) }))
                .await;
        });
        self.serving = Some((stop, serving));
    }

    /// Stops in order and comes back, at another address.
    pub(super) async fn restart(&mut self) {
        self.stop().await;
        self.uploads = open(self.folder.path(), &self.limits, &self.life, &self.clock);
        self.serve().await;
    }

    pub(super) async fn stop(&mut self) {
        if let Some((stop, serving)) = self.serving.take() {
            let _ = stop.send(());
            serving.await.unwrap();
        }
    }

    /// The path of a session that a ticket led to.
    pub(super) async fn session(&self) -> String {
        let ticket = self.ticket().await;
        let answer = self.ask("POST", &ticket, &[("accept", "application/json")], b"").await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["session"].as_str().unwrap().to_owned()
    }

    pub(super) async fn ticket(&self) -> String {
        let generation = self.life.0.lock().unwrap().standing.generation;
        self.uploads.ticket(&School { rne: RNE.to_owned(), generation }).await.unwrap().path
    }

    /// Announces a file.
    pub(super) async fn create(&self, session: &str, name: &str, length: usize) -> Answer {
        let (length, name) = (length.to_string(), crate::upload::tus::metadata(name));
        let headers = [("tus-resumable", "1.0.0"), ("upload-length", &length), ("upload-metadata", &name)];
        self.ask("POST", &format!("{session}/files"), &headers, b"").await
    }

    /// Sends a part.
    pub(super) async fn patch(&self, file: &str, offset: u64, part: &[u8], more: &[(&str, &str)]) -> Answer {
        let offset = offset.to_string();
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", &offset),
        ];
        self.ask("PATCH", file, &[&headers, more].concat(), part).await
    }

    pub(super) async fn head(&self, file: &str) -> Answer {
        self.ask("HEAD", file, &[("tus-resumable", "1.0.0")], b"").await
    }

    /// Sends a file in one go; the answer is that to its last part, or to its announcement.
    pub(super) async fn send(&self, session: &str, name: &str, content: &[u8]) -> Answer {
        let created = self.create(session, name, content.len()).await;
        if created.status != 201 {
            return created;
        }
        self.patch(created.header("location"), 0, content, &[]).await
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.ask_at(&self.url, method, path, headers, body).await
    }

    /// Asks another server.
    pub(super) async fn ask_at(
        &self,
        url: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = begin(url, method, path, headers, Some(body.len())).await;
        // An answer may come before all of it was sent.
        let _ = stream.write_all(body).await;
        answer(stream).await
    }

    /// Sends the head of a request.
    pub(super) async fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: Option<usize>,
    ) -> TcpStream {
        begin(&self.url, method, path, headers, length).await
    }

    /// All files that there are below the folder, but for documents and tickets.
    pub(super) fn left(&self) -> Vec<PathBuf> {
        let mut left = Vec::new();
        walk(&self.folder.path().join("sets"), &mut left);
        left.retain(|path| path.extension().is_none_or(|extension| extension != "json"));
        left
    }

    /// Waits until so much of a file was written, flushed or not. To ask for it would end who is writing.
    pub(super) async fn written(&self, bytes: u64) {
        let is_there =
            || self.left().iter().any(|path| std::fs::metadata(path).is_ok_and(|file| file.len() == bytes));
        testhub::until("what was sent is written", async || is_there()).await;
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

async fn begin(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    length: Option<usize>,
) -> TcpStream {
    let host = url.strip_prefix("http://").unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    match length {
        Some(length) => {
            let _ = write!(head, "content-length: {length}\r\n\r\n");
        }
        None => head += "transfer-encoding: chunked\r\n\r\n",
    }
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

fn open(folder: &Path, limits: &Limits, life: &Arc<Life>, clock: &Clock) -> Uploads {
    Uploads::open(folder, limits.clone(), Arc::clone(life) as _, clock.clone()).unwrap()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Why, for programs; empty when it is no problem.
    pub(super) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

/// Reads an answer to its end.
pub(super) async fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let read = testhub::in_time(stream.read_to_end(&mut bytes)).await.expect("no answer");
    assert!(read.is_ok() || !bytes.is_empty(), "{read:?}");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let header =
        |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Answer {
        status: status.expect(&text),
        headers: lines.filter_map(header).collect(),
        body: body.to_owned(),
    }
}

/// An archive with a database in it.
pub(super) fn archive(content: &[u8]) -> Vec<u8> {
    let (name, crc) = (b"base.mdb", [0; 4]);
    let length = (content.len() as u32).to_le_bytes();
    let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &crc, &length, &length, &[8, 0, 0, 0]].concat();
    let first = [b"PK\x03\x04", &common[..], name, content].concat();
    let listed = [b"PK\x01\x02\x14\x03", &common[..], &[0; 14], name].concat();
    let sizes = [(listed.len() as u32).to_le_bytes(), (first.len() as u32).to_le_bytes()].concat();
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &sizes[..], &[0; 2]].concat();
    [first, listed, end].concat()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    crate::upload::writer::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}
