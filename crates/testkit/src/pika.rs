//! A client of a message bus in another language: Python's pika, driven by a small program (`bus/driver.py`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::packages::{Need, require};
use crate::{Error, pip};

/// The programs it is made of.
pub const NEEDS: &[Need] = pip::NEEDS;
const REQUIREMENTS: &str = include_str!("../python/bus.txt");
const DRIVER: &str = include_str!("../bus/driver.py");

/// A program on the bus. It ends when dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
}

impl Peer {
    /// Connects one.
    ///
    /// # Errors
    /// [`Error::Missing`] without Python; otherwise what pip or Python said.
    pub fn connect(url: &str) -> Result<Peer, Error> {
        let mut child = Command::new(require(pip::PYTHON)?)
            .env("PYTHONPATH", pip::install("pika", REQUIREMENTS)?)
            .args(["-c", DRIVER, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::io("starting Python"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (says, hears) = pipes.ok_or_else(|| broken("it has no pipes"))?;
        Ok(Peer { child, says, hears: BufReader::new(hears) })
    }

    /// Asks it for something, see `bus/driver.py`, and waits for the answer.
    ///
    /// # Errors
    /// When it has ended, or could not do it.
    pub fn ask(&mut self, what: &str, arguments: Value) -> Result<Value, Error> {
        let mut line = json!({ "what": what });
        if let (Value::Object(line), Value::Object(arguments)) = (&mut line, arguments) {
            line.extend(arguments);
        }
        writeln!(self.says, "{line}").map_err(Error::io(format!("asking pika to {what}")))?;
        let mut answer = String::new();
        let length = self.hears.read_line(&mut answer).map_err(Error::io("hearing from pika"))?;
        if length == 0 {
            return Err(broken("it ended"));
        }
        let mut said: Value = serde_json::from_str(&answer).map_err(|_| broken(&answer))?;
        match said.get("error").and_then(Value::as_str) {
            Some(error) => Err(broken(error)),
            None => Ok(said.get_mut("value").map(Value::take).unwrap_or_default()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn broken(why: &str) -> Error {
    Error::Tool { what: "pika".to_owned(), log: why.to_owned() }
}
