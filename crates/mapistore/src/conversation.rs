//! What is said over one connection, from its greeting to the end of its process.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

use engine::clock::within;
use http::Closing;
use http::listen::{Connection, Socket};
use mapistore_wire::{Frames, FromHub, FromProcess, Hello, Reason, WireError, agreed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::live::{Live, Settings};
use crate::process::{ended, start_of};
use crate::registry::{Epoch, Process};
use crate::session::{Answer, OUTGOING, Session};

/// How long a process may take for its first word, and for reading one of ours.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are read at once.
const READ: usize = 4096;
/// How many times a process may ask at once to be told when all is on disk.
const SYNCS: usize = 16;

/// Why a conversation has ended.
#[derive(Debug)]
enum End {
    /// The connection is lost.
    Lost,
    /// The process ends.
    Goodbye,
    /// Another connection of the same process goes on.
    Replaced,
    /// The hub stops.
    Stopping,
    /// It cannot go on like this.
    Refused(Reason, String),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        End::Lost
    }
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        End::Refused(Reason::NotUnderstood, error.to_string())
    }
}

impl Settings {
    /// Whether processes of this user may speak.
    fn let_in(&self, uid: u32) -> bool {
        uid == 0 || uid == rustix::process::geteuid().as_raw() || self.users.contains(&uid)
    }
}

/// Talks with a process until it has ended.
pub(crate) async fn talk(live: Live, connection: Connection<Socket>) {
    let Connection { stream, peer, mut closing, .. } = connection;
    let pid = stream.peer_cred().ok().and_then(|peer| peer.pid()).and_then(|pid| u32::try_from(pid).ok());
    let mut line = Line { stream, frames: Frames::default(), buffer: vec![0; READ] };
    let greeted = async {
        if !live.settings().let_in(peer.0) {
            live.count("refused");
            let why = format!("user {} is not among registry.users", peer.0);
            tracing::warn!(uid = peer.0, "a process was not let in: {why}");
            return Err(End::Refused(Reason::NotAllowed, why));
        }
        let hello = within(PATIENCE, line.hello()).await.unwrap_or(Err(End::Lost))?;
        let Some(version) = agreed(hello.lowest, hello.highest) else {
            let why = "no version of this conversation is known to both sides".to_owned();
            return Err(End::Refused(Reason::Version, why));
        };
        Ok((hello, version))
    };
    let (hello, version) = match greeted.await {
        Ok(greeted) => greeted,
        Err(end) => return line.close(&end).await,
    };
    let start = pid.and_then(start_of);
    let process = Process {
        pid: pid.unwrap_or_default(),
        start: start.or_else(|| pid.map(|_| hello.started)).unwrap_or_default(),
        instance: Uuid::from_bytes(hello.instance),
    };
    let epoch = live.epoch();
    if !live.change(|table| table.greet(process, epoch)) {
        live.count("refused");
        let why = format!("process {} has too many tables at once", process.pid);
        return line.close(&End::Refused(Reason::TooMany, why)).await;
    }
    let (out, outgoing) = mpsc::channel(OUTGOING);
    let session = Session::new(epoch, peer.0, &hello.program, out);
    let replaced = std::sync::Arc::clone(&session.replaced);
    if let Some(before) = live.sessions().insert(process, session) {
        before.replaced.notify_one();
    }
    live.count("connected");
    let mut talk = Talk { live: &live, process, epoch, syncs: VecDeque::new() };
    let end = tokio::select! {
        end = talk.run(&mut line, version, outgoing, &mut closing) => end,
        () = replaced.notified() => End::Replaced,
    };
    line.close(&end).await;
    drop(line);
    match end {
        End::Goodbye => live.change(|table| table.end(process, epoch)),
        End::Lost | End::Refused(..) => {
            if let Some(session) = live.sessions().get_mut(&process).filter(|session| session.epoch == epoch)
            {
                session.lose();
            }
            if live.change(|table| table.lose(process, epoch, live.now())) {
                live.watch();
            }
            // Whoever was killed has not said good-bye, whoever comes back goes on.
            let dead = async {
                match pid {
                    Some(pid) => ended(pid, start, live.clock()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = dead => live.change(|table| table.end(process, epoch)),
                () = replaced.notified() => {}
                () = closing.begun() => {}
                () = live.clock().sleep(live.settings().rules.grace) => {}
            }
        }
        End::Replaced | End::Stopping => {}
    }
    let mut sessions = live.sessions();
    if sessions.get(&process).is_some_and(|session| session.epoch == epoch) {
        sessions.remove(&process);
    }
}

/// The first word, apart from the bytes in which it came.
struct Greeting {
    lowest: u16,
    highest: u16,
    instance: [u8; 16],
    started: u64,
    program: String,
}

/// A connection.
struct Line {
    stream: UnixStream,
    frames: Frames,
    buffer: Vec<u8>,
}

impl Line {
    /// Reads what has come; `false` = nothing comes any more. May be dropped at any time.
    async fn read(&mut self) -> io::Result<bool> {
        let read = self.stream.read(&mut self.buffer).await?;
        self.frames.push(self.buffer.get(..read).unwrap_or_default());
        Ok(read > 0)
    }

    async fn write(&mut self, frame: &[u8]) -> Result<(), End> {
        within(PATIENCE, self.stream.write_all(frame))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        Ok(())
    }

    async fn say(&mut self, said: FromHub<'_>) -> Result<(), End> {
        let mut frame = Vec::new();
        said.encode(&mut frame)?;
        self.write(&frame).await
    }

    async fn hello(&mut self) -> Result<Greeting, End> {
        loop {
            if let Some(frame) = self.frames.next_frame()? {
                let Some(FromProcess::Hello(hello)) = FromProcess::decode(frame)? else {
                    return Err(WireError::Magic.into());
                };
                let Hello { lowest, highest, instance, started, program, .. } = hello;
                return Ok(Greeting { lowest, highest, instance, started, program: program.to_owned() });
            }
            if !self.read().await? {
                return Err(End::Lost);
            }
        }
    }

    /// Says why it is closed, as far as there is something to say.
    async fn close(&mut self, end: &End) {
        let (reason, why) = match end {
            End::Refused(reason, why) => (*reason, why.as_str()),
            End::Stopping => (Reason::Stopping, "the hub stops"),
            End::Lost | End::Goodbye | End::Replaced => return,
        };
        // Whoever does not hear it finds the connection closed.
        let _ = self.say(FromHub::Refused { reason, why }).await;
    }
}

/// A conversation after its greeting.
struct Talk<'a> {
    live: &'a Live,
    process: Process,
    epoch: Epoch,
    /// What is to be told when all up to a version of the table is on disk.
    syncs: VecDeque<(u64, u64)>,
}

impl Talk<'_> {
    async fn run(
        &mut self,
        line: &mut Line,
        version: u16,
        mut outgoing: mpsc::Receiver<Vec<u8>>,
        closing: &mut Closing,
    ) -> End {
        let talked = async {
            line.say(FromHub::Welcome(version)).await?;
            let mut written = self.live.written();
            loop {
                while let Some(frame) = line.frames.next_frame()? {
                    if let Some(said) = FromProcess::decode(frame)? {
                        self.take(said)?;
                    }
                }
                let wanted = self.syncs.front().map(|(version, _)| *version);
                let synced = async {
                    match wanted {
                        Some(wanted) => written.wait_for(|written| *written >= wanted).await.is_ok(),
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    read = line.read() => if !read? {
                        return Err(End::Lost);
                    },
                    Some(frame) = outgoing.recv() => line.write(&frame).await?,
                    on_disk = synced => match self.syncs.pop_front() {
                        Some((_, token)) if on_disk => line.say(FromHub::Synced(token)).await?,
                        _ => return Err(End::Stopping),
                    },
                    () = closing.begun() => return Err(End::Stopping),
                }
            }
        };
        let talked: Result<Infallible, End> = talked.await;
        let Err(end) = talked;
        if let End::Refused(_, why) = &end {
            self.live.count("not_understood");
            tracing::warn!(
                pid = self.process.pid,
                "the connection of process {} is closed: {why}",
                self.process.pid
            );
        }
        end
    }

    /// Takes one word.
    fn take(&mut self, said: FromProcess<'_>) -> Result<(), End> {
        let Talk { live, process, epoch, .. } = *self;
        let current = match said {
            FromProcess::Hello(_) => return Err(WireError::Magic.into()),
            FromProcess::Goodbye => return Err(End::Goodbye),
            FromProcess::Snapshot => live.change(|table| table.begin(process, epoch)),
            FromProcess::SnapshotEnd => live.change(|table| table.finish(process, epoch)),
            FromProcess::Set { triple, count } => {
                live.count("events");
                live.change(|table| table.set(process, epoch, triple.into(), count))
            }
            FromProcess::Anomalies(times) => {
                live.change(|table| table.complain(process, epoch, times));
                true
            }
            FromProcess::Manager { backend, present } => {
                let mut sessions = live.sessions();
                let session = sessions.get_mut(&process).filter(|session| session.epoch == epoch);
                if session.is_some_and(|session| !session.set_manager(backend, present)) {
                    let why = "it makes URIs for too many backends".to_owned();
                    return Err(End::Refused(Reason::TooMany, why));
                }
                true
            }
            FromProcess::Answer { id, code, uri } => {
                let answer = Answer { code, uri: uri.map(str::to_owned) };
                if let Some(session) = live.sessions().get_mut(&process) {
                    session.answer(id, answer);
                }
                true
            }
            FromProcess::Sync(token) => {
                if self.syncs.len() >= SYNCS {
                    let why = "it asks too often at once whether all is on disk".to_owned();
                    return Err(End::Refused(Reason::TooMany, why));
                }
                self.syncs.push_back((live.table().version(), token));
                true
            }
        };
        if current { Ok(()) } else { Err(End::Replaced) }
    }
}
