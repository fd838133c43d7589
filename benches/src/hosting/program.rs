//! The hub as a program of its own, and what clients ask of it.

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use futures_util::{Stream, StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Request;
use hyper::body::{Body, Bytes, Frame};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use testkit::port::Port;
use tokio::net::TcpStream;
use tokio::sync::Barrier;

use super::PIECE;
use crate::http::Connection;
use crate::process;

/// How long the program may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// A hub that runs.
pub(super) struct Hub {
    child: Child,
    folder: PathBuf,
    address: String,
    token: String,
    _port: Port,
}

/// A school that waits for its databases.
pub(super) struct School {
    rne: String,
}

/// A file that was announced.
pub(super) struct Upload {
    /// Its path.
    place: String,
}

impl School {
    /// Where it is asked for.
    pub(super) fn path(&self) -> String {
        format!("/hosting/v1/establishments/{}", self.rne)
    }
}

impl Hub {
    /// Starts one in this folder, with a backend that does nothing, and without limits of how often somebody may ask.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        Hub::start_with(folder, "  address_rate: 10000000\n  token_rate: 10000000\n")
    }

    /// The same, with these lines about HTTP.
    pub(super) fn start_with(folder: &Path, limits: &str) -> Result<Self> {
        fs::create_dir_all(folder.join("backends"))?;
        let port = Port::take()?;
        let address = format!("127.0.0.1:{}", port.number());
        let at = |name: &str| folder.join(name).display().to_string();
        let text = format!(
            "data:\n  folder: {}\nkey: file:{}\nsocket: {}\nbackends:\n  folder: {}\nlog:\n  level: error\nhttp:\n  listen: {address}\n{limits}\
             hosting:\n  uploads:\n    reserve: 1MiB\n",
            at("data"),
            at("key"),
            at("hub.sock"),
            at("backends"),
        );
        let config = folder.join("intendant.yml");
        fs::write(&config, text)?;
        let program = process::program()?;
        let command = |args: &[&str]| {
            let mut command = Command::new(&program);
            command.arg("--config").arg(&config).args(args).stdin(Stdio::null());
            command
        };
        let child = command(&["serve", "--noop", "HOSTING_CREATE"]).spawn()?;
        let hub = |token| Hub { child, folder: folder.to_owned(), address, token, _port: port };
        let begun = Instant::now();
        loop {
            let made = command(&["token", "make", "bench", "--scope", "hosting:client"])
                .stderr(Stdio::null())
                .output()?;
            if made.status.success() {
                return Ok(hub(String::from_utf8(made.stdout)?.trim().to_owned()));
            }
            ensure!(begun.elapsed() < PATIENCE, "the hub does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(super) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    pub(super) async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address, format!("Bearer {}", self.token)).await
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The client key.
    pub(super) fn token(&self) -> String {
        self.token.clone()
    }

    /// Asks for so many schools, over so many connections, and waits until all wait for their databases.
    pub(super) async fn schools(&self, count: usize, connections: usize) -> Result<Vec<School>> {
        let one = async |first: usize| {
            let mut connection = self.connect().await?;
            let mut schools = Vec::new();
            for number in (first..count).step_by(connections) {
                let rne = rne(number);
                let asked =
                    json!({"rne": rne, "griffe": "Lycée", "code": "licence", "version": "CL"}).to_string();
                connection.ask("POST", "/hosting/v1/establishments", asked.into()).await?;
                schools.push(School { rne });
            }
            anyhow::Ok(schools)
        };
        let schools = try_join_all((0..connections).map(one)).await?;
        let mut connection = self.connect().await?;
        loop {
            let begun =
                connection.ask("GET", "/hosting/v1/establishments?state=START&limit=1", Bytes::new()).await?;
            let begun: Value = serde_json::from_slice(&begun)?;
            if begun.get("establishments").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                return Ok(schools.into_iter().flatten().collect());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Leads a school to the announcement of a file of so many bytes.
    pub(super) async fn announce(&self, school: &School, size: usize) -> Result<Upload> {
        let mut connection = self.connect().await?;
        let ticket =
            connection.ask("POST", &format!("{}/upload-tickets", school.path()), Bytes::new()).await?;
        let link = text_of(&ticket, "url")?;
        let ticket = link.find("/hosting/").and_then(|at| link.get(at..)).context("a link elsewhere")?;
        let redeemed = self.request("POST", ticket).header("accept", "application/json").body(none())?;
        let (_, session) = self.call(redeemed).await?;
        let announced = self
            .request("POST", &text_of(&session, "files")?)
            .header("tus-resumable", "1.0.0")
            .header("upload-length", size)
            // base.txt
            .header("upload-metadata", "filename YmFzZS50eHQ=")
            .body(none())?;
        let (place, _) = self.call(announced).await?;
        Ok(Upload { place })
    }

    /// Sends a file in one part, half of it before a barrier; how long that takes.
    pub(super) async fn send(
        &self,
        upload: &Upload,
        size: usize,
        halfway: Option<Arc<Barrier>>,
    ) -> Result<Duration> {
        let request = self
            .request("PATCH", &upload.place)
            .header("tus-resumable", "1.0.0")
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", 0)
            .header("content-length", size)
            .body(body(size, halfway))?;
        let begun = Instant::now();
        self.call(request).await?;
        Ok(begun.elapsed())
    }

    /// Removes what was sent: only the room on the disk is wanted back.
    pub(super) fn clear(&self) -> Result<()> {
        for set in fs::read_dir(self.folder.join("data/hosting/uploads/sets"))? {
            for file in fs::read_dir(set?.path())? {
                let file = file?.path();
                if file.extension().is_none() {
                    fs::remove_file(file)?;
                }
            }
        }
        Ok(())
    }

    fn request(&self, method: &str, path: &str) -> hyper::http::request::Builder {
        Request::builder().method(method).uri(path).header("host", &self.address)
    }

    /// Asks over a connection of its own; where the answer leads, and what it says.
    async fn call<B>(&self, request: Request<B>) -> Result<(String, Bytes)>
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        call(&self.address, request).await
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number of a school.
pub(super) fn rne(number: usize) -> String {
    let letter = b"ABCDEFGHJKLMNPRSTUVWXYZ".get(number % 23).copied().unwrap_or_default();
    format!("{number:07}{}", char::from(letter))
}

/// Asks somebody over a connection of its own.
pub(super) async fn call<B>(address: &str, request: Request<B>) -> Result<(String, Bytes)>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let what = format!("{} {}", request.method(), request.uri().path());
    let answer = sender.send_request(request).await?;
    let (head, body) = answer.into_parts();
    let said = body.collect().await?.to_bytes();
    connection.abort();
    ensure!(head.status.is_success(), "{what}: {} {}", head.status, String::from_utf8_lossy(&said));
    let place = head.headers.get("location").and_then(|place| place.to_str().ok()).unwrap_or_default();
    Ok((place.to_owned(), said))
}

fn none() -> http_body_util::Empty<Bytes> {
    http_body_util::Empty::new()
}

fn text_of(said: &[u8], name: &str) -> Result<String> {
    let said: Value = serde_json::from_slice(said)?;
    Ok(said.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in {said}"))?.to_owned())
}

/// So many bytes of text, in pieces.
pub(super) fn text(size: usize) -> impl Iterator<Item = Bytes> {
    let piece = Bytes::from(b"Germinal;Zola;1885;Charpentier\n\n".repeat(PIECE / 32));
    (0..size).step_by(PIECE).map(move |at| piece.slice(..PIECE.min(size - at)))
}

/// The same as a body.
pub(super) fn body(
    size: usize,
    halfway: Option<Arc<Barrier>>,
) -> impl Body<Data = Bytes, Error = Infallible> + Send {
    let pieces: std::pin::Pin<Box<dyn Stream<Item = Bytes> + Send>> = match halfway {
        None => Box::pin(stream::iter(text(size))),
        Some(barrier) => {
            let waits = stream::once(async move {
                let _ = barrier.wait().await;
            })
            .filter_map(async |()| None);
            Box::pin(stream::iter(text(size / 2)).chain(waits).chain(stream::iter(text(size - size / 2))))
        }
    };
    StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece))))
}
