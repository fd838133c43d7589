//! The bare baseline of uploads: a hyper server, in a process of its own, that writes each body to a file on another thread,
//! with what is surely on the disk noted every 8 MiB and at the end; asked for it, with a SHA-256 of all, too.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ring::digest;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, channel};

use super::program;

/// After so many bytes what was written is made durable.
const STEP: usize = 8 << 20;
/// Where a digest is made, too.
const DIGEST: &str = "/digest";
/// Pieces that wait to be written.
const WAITING: usize = 4;

/// The sink as its client sees it.
pub(super) struct Sink {
    child: Child,
    folder: PathBuf,
    address: String,
}

impl Sink {
    pub(super) fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("hosting-sink")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("the sink has no output")?).read_line(&mut line)?;
        Ok(Sink { child, folder: folder.to_owned(), address: line.trim().to_owned() })
    }

    /// Sends so many bytes, of which it may make a digest; how long that takes.
    pub(super) async fn send(&self, size: usize, digest: bool) -> Result<Duration> {
        let path = if digest { DIGEST } else { "/" };
        let request = Request::builder().method("PATCH").uri(path).header("host", &self.address);
        let request = request.header("content-length", size).body(program::body(size, None))?;
        let begun = Instant::now();
        program::call(&self.address, request).await?;
        Ok(begun.elapsed())
    }

    pub(super) fn clear(&self) -> Result<()> {
        fs::remove_file(self.folder.join("part"))?;
        Ok(fs::remove_file(self.folder.join("at"))?)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process of the sink: prints where it is, and takes bodies until it is killed.
pub(crate) fn serve(folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let folder = folder.to_owned();
            let service = service_fn(move |request| take(folder.clone(), request));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

async fn take(folder: PathBuf, request: Request<Incoming>) -> io::Result<Response<Empty<Bytes>>> {
    let (sender, pieces) = channel(WAITING);
    let digest = (request.uri().path() == DIGEST).then(|| digest::Context::new(&digest::SHA256));
    let writing = tokio::task::spawn_blocking(move || write(&folder, digest, pieces));
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.map_err(io::Error::other)?.into_data() {
            sender.send(piece).await.map_err(io::Error::other)?;
        }
    }
    drop(sender);
    writing.await.map_err(io::Error::other)??;
    Ok(Response::new(Empty::new()))
}

fn write(folder: &Path, mut digest: Option<digest::Context>, mut pieces: Receiver<Bytes>) -> io::Result<()> {
    let (mut part, at) = (File::create(folder.join("part"))?, File::create(folder.join("at"))?);
    let (mut written, mut durable) = (0, 0);
    let flush = |part: &File, written: usize| {
        part.sync_data()?;
        at.write_all_at(&(written as u64).to_le_bytes(), 0)?;
        at.sync_data()
    };
    while let Some(piece) = pieces.blocking_recv() {
        part.write_all(&piece)?;
        if let Some(digest) = &mut digest {
            digest.update(&piece);
        }
        written += piece.len();
        if written - durable >= STEP {
            flush(&part, written)?;
            durable = written;
        }
    }
    std::hint::black_box(digest.map(digest::Context::finish));
    flush(&part, written)
}
