//! A mail server that keeps what it is sent, and that can refuse, wait or hang up.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::Error;

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Header and body as they came, lines ended by CRLF.
    pub text: String,
}

/// What the server does with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it.
    Take,
    /// Refuses each recipient in these words, `550 no such user` or `451 try later`.
    Refuse(String),
    /// Says nothing at the end of the mail until the manner is another one.
    Hold,
    /// Closes the connection at the end of the mail without a word, and does not keep it.
    HangUp,
}

/// A running mail server on loopback. It is stopped when dropped.
#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    mails: Vec<Mail>,
    /// Those that are being served, to be cut off at the end.
    clients: Vec<TcpStream>,
    stopped: bool,
}

impl Sink {
    /// Starts one that takes every mail.
    pub fn start() -> Result<Sink, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(Error::io("listening for mail on loopback"))?;
        let address = listener.local_addr().map_err(Error::io("listening for mail on loopback"))?;
        let state = State { manner: Manner::Take, mails: Vec::new(), clients: Vec::new(), stopped: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Sink { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Behaves like this from now on.
    pub fn behave(&self, manner: Manner) {
        self.shared.lock().manner = manner;
        self.shared.changed.notify_all();
    }

    /// The mails that came so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.lock().mails.clone()
    }

    /// The mails, once there are so many; fewer when `limit` is over.
    pub fn wait_for(&self, count: usize, limit: Duration) -> Vec<Mail> {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, limit, |state| state.mails.len() < count);
        waited.unwrap_or_else(PoisonError::into_inner).0.mails.clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        for client in state.clients.drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the acceptor, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a mail as the manner says; false = hang up.
    fn keep(&self, mail: Mail) -> bool {
        let held = |state: &mut State| state.manner == Manner::Hold && !state.stopped;
        let mut state = self.changed.wait_while(self.lock(), held).unwrap_or_else(PoisonError::into_inner);
        if state.manner == Manner::HangUp || state.stopped {
            return false;
        }
        state.mails.push(mail);
        drop(state);
        self.changed.notify_all();
        true
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut servants = Vec::new();
    for client in listener.incoming().flatten() {
        let mut state = shared.lock();
        if state.stopped {
            break;
        }
        if let Ok(again) = client.try_clone() {
            state.clients.push(again);
        }
        drop(state);
        let shared = Arc::clone(shared);
        servants.push(thread::spawn(move || {
            // A client that goes away in the middle has nothing more to be told.
            let _ = serve(&client, &shared);
            let _ = client.shutdown(Shutdown::Both);
        }));
    }
    for servant in servants {
        let _ = servant.join();
    }
}

fn serve(client: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut input = BufReader::new(client);
    let say = |words: &str| { client }.write_all(format!("{words}\r\n").as_bytes());
    let mut from = String::new();
    let mut to = Vec::new();
    say("220 sink ESMTP")?;
    while let Some(line) = read_line(&mut input)? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "HELO" | "NOOP" => say("250 sink")?,
            "MAIL" => {
                from = address(&line);
                say("250 go on")?;
            }
            "RCPT" => {
                let manner = shared.lock().manner.clone();
                if let Manner::Refuse(words) = manner {
                    say(&words)?;
                } else {
                    to.push(address(&line));
                    say("250 go on")?;
                }
            }
            "DATA" if to.is_empty() => say("503 no recipient")?,
            "DATA" => {
                say("354 until a lone dot")?;
                let text = read_text(&mut input)?;
                let mail = Mail { from: std::mem::take(&mut from), to: std::mem::take(&mut to), text };
                if !shared.keep(mail) {
                    return Ok(());
                }
                say("250 taken")?;
            }
            "RSET" => {
                to.clear();
                say("250 forgotten")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("502 not known here")?,
        }
    }
    Ok(())
}

/// Longer lines are cut: no client of ours sends them.
const LINE: u64 = 64 * 1024;

/// A line without its end; `None` = the client is gone.
fn read_line(input: &mut BufReader<&TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.take(LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&line);
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_text(input: &mut BufReader<&TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    while let Some(line) = read_line(input)? {
        if line == "." {
            return Ok(text);
        }
        // A line that begins with a dot was sent with two.
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push_str("\r\n");
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// What is between the angle brackets.
fn address(line: &str) -> String {
    let after = line.split_once('<').map_or("", |(_, after)| after);
    after.split_once('>').map_or("", |(address, _)| address).to_owned()
}
