//! A hub that only listens: what it was told, process by process.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use mapistore_wire::{Frames, FromHub, FromProcess, agreed};

/// How long something that must happen may take, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// Backend, username, vuser.
pub type Triple = (String, String, String);

/// One connection, and what was said over it.
#[derive(Debug, Default)]
pub struct Peer {
    pub instance: [u8; 16],
    pub pid: u32,
    pub started: u64,
    pub program: String,
    pub table: BTreeMap<Triple, u64>,
    pub managers: BTreeSet<String>,
    pub anomalies: u64,
    pub answers: BTreeMap<u64, (i32, Option<String>)>,
    pub has_snapshot: bool,
    /// How many counts it was told.
    pub sets: usize,
    pub said_goodbye: bool,
    pub is_open: bool,
    stream: Option<UnixStream>,
}

impl Peer {
    /// How often the triple is registered.
    pub fn count(&self, backend: &str, username: &str, vuser: &str) -> u64 {
        self.table.get(&triple(backend, username, vuser)).copied().unwrap_or_default()
    }

    /// What is registered at all.
    pub fn total(&self) -> u64 {
        self.table.values().sum()
    }

    /// Whether the conversation goes on, and what is registered is known.
    pub fn is_live(&self) -> bool {
        self.is_open && self.has_snapshot
    }
}

pub fn triple(backend: &str, username: &str, vuser: &str) -> Triple {
    (backend.to_owned(), username.to_owned(), vuser.to_owned())
}

#[derive(Default)]
struct Shared {
    peers: Mutex<Vec<Peer>>,
    changed: Condvar,
}

impl Shared {
    fn change(&self, at: usize, change: impl FnOnce(&mut Peer)) {
        change(&mut self.peers.lock().unwrap()[at]);
        self.changed.notify_all();
    }
}

/// Listens until it is dropped; then everything is closed, as when the hub is killed.
pub struct Daemon {
    shared: Arc<Shared>,
    path: PathBuf,
    accepting: Option<thread::JoinHandle<()>>,
}

impl Daemon {
    pub fn start(path: &Path) -> Self {
        Self::listen(path, |stream, shared| {
            let at = begin(&shared, &stream);
            let _ = serve(stream, &shared, at);
            shared.change(at, |peer| peer.is_open = false);
        })
    }

    /// One that takes connections, says welcome and never reads again.
    pub fn stalled(path: &Path) -> Self {
        Self::listen(path, |mut stream, shared| {
            begin(&shared, &stream);
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).unwrap();
            let _ = stream.write_all(&said(&FromHub::Welcome(1)));
        })
    }

    fn listen(path: &Path, serve: fn(UnixStream, Arc<Shared>)) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = {
            let shared = shared.clone();
            // It ends when the path is gone: then `drop` has connected once more.
            let path = path.to_owned();
            thread::spawn(move || {
                for stream in listener.incoming().map_while(Result::ok).take_while(|_| path.exists()) {
                    let shared = shared.clone();
                    thread::spawn(move || serve(stream, shared));
                }
            })
        };
        Self { shared, path: path.to_owned(), accepting: Some(accepting) }
    }

    /// Waits until this is so, and says what it looks like then.
    pub fn wait<T>(&self, what: &str, mut look: impl FnMut(&[Peer]) -> Option<T>) -> T {
        let mut found = None;
        let peers = self.shared.peers.lock().unwrap();
        let waited = self.shared.changed.wait_timeout_while(peers, PATIENCE, |peers| {
            found = look(peers);
            found.is_none()
        });
        let peers = waited.unwrap().0;
        found.unwrap_or_else(|| panic!("never: {what}; {:?}", *peers))
    }

    /// Waits until the only process that is connected has exactly this registered.
    pub fn wait_for(&self, expected: &[(Triple, u64)]) {
        let expected: BTreeMap<Triple, u64> = expected.iter().cloned().collect();
        self.wait(&format!("{expected:?}"), |peers| {
            let live: Vec<_> = peers.iter().filter(|peer| peer.is_live()).collect();
            (live.len() == 1 && live[0].table == expected).then_some(())
        });
    }

    /// What is known now.
    pub fn look<T>(&self, look: impl FnOnce(&[Peer]) -> T) -> T {
        look(&self.shared.peers.lock().unwrap())
    }

    /// Says something to the process that connected last.
    pub fn say(&self, message: &FromHub<'_>) {
        self.try_say(message).unwrap();
    }

    /// The same to one that may have gone.
    pub fn try_say(&self, message: &FromHub<'_>) -> std::io::Result<()> {
        let peers = self.shared.peers.lock().unwrap();
        let peer = peers.iter().rev().find(|peer| peer.is_live());
        let mut stream =
            peer.and_then(|peer| peer.stream.as_ref()).ok_or(std::io::ErrorKind::NotConnected)?;
        stream.write_all(&said(message))
    }
}

fn said(message: &FromHub<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.encode(&mut out).unwrap();
    out
}

fn begin(shared: &Shared, stream: &UnixStream) -> usize {
    let mut peers = shared.peers.lock().unwrap();
    peers.push(Peer { is_open: true, stream: stream.try_clone().ok(), ..Peer::default() });
    peers.len() - 1
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path.with_extension("gone"));
        let aside = self.path.with_extension("gone");
        let _ = std::fs::rename(&self.path, &aside);
        let _ = UnixStream::connect(&aside);
        let _ = self.accepting.take().unwrap().join();
        let _ = std::fs::remove_file(&aside);
        let mut peers = self.shared.peers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for stream in peers.iter_mut().filter_map(|peer| peer.stream.take()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Listens to one process.
fn serve(mut stream: UnixStream, shared: &Shared, at: usize) -> Option<()> {
    let (mut frames, mut buffer) = (Frames::default(), [0; 8192]);
    // A snapshot counts as a whole, when it is whole.
    let mut snapshot = None;
    loop {
        let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
        frames.push(&buffer[..length]);
        while let Some(frame) = frames.next_frame().unwrap() {
            let message = FromProcess::decode(frame).unwrap().unwrap();
            match message {
                FromProcess::Hello(hello) => {
                    let version = agreed(hello.lowest, hello.highest).unwrap();
                    stream.write_all(&said(&FromHub::Welcome(version))).ok()?;
                }
                FromProcess::Snapshot => snapshot = Some(Peer::default()),
                _ => {}
            }
            match (message, &mut snapshot) {
                (FromProcess::SnapshotEnd, whole) => {
                    let whole = whole.take().unwrap();
                    shared.change(at, |peer| {
                        peer.table = whole.table;
                        peer.managers = whole.managers;
                        peer.has_snapshot = true;
                    });
                }
                (message, Some(part)) => note(part, message),
                (message, None) => shared.change(at, |peer| note(peer, message)),
            }
        }
    }
}

fn note(peer: &mut Peer, message: FromProcess<'_>) {
    match message {
        FromProcess::Hello(hello) => {
            peer.instance = hello.instance;
            peer.pid = hello.pid;
            peer.started = hello.started;
            hello.program.clone_into(&mut peer.program);
        }
        FromProcess::Set { triple: t, count } => {
            peer.sets += 1;
            let key = triple(t.backend(), t.username(), t.vuser());
            if count == 0 {
                peer.table.remove(&key)
            } else {
                peer.table.insert(key, count)
            };
        }
        FromProcess::Manager { backend, present } => {
            if present {
                peer.managers.insert(backend.to_owned())
            } else {
                peer.managers.remove(backend)
            };
        }
        FromProcess::Anomalies(number) => peer.anomalies = number,
        FromProcess::Answer { id, code, uri } => {
            peer.answers.insert(id, (code, uri.map(str::to_owned)));
        }
        FromProcess::Goodbye => peer.said_goodbye = true,
        FromProcess::Snapshot | FromProcess::SnapshotEnd | FromProcess::Sync(_) => {}
    }
}
