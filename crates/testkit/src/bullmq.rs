//! BullMQ as the orchestrator of Sesame uses it: the npm package, driven by a small program (`bullmq/driver.js`).

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::Error;
use crate::npm::{self, NODE};
use crate::packages::{Need, require};

/// The programs it is made of.
pub const NEEDS: &[Need] = npm::NEEDS;

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../bullmq/package.json")),
    ("package-lock.json", include_str!("../bullmq/package-lock.json")),
    ("driver.js", include_str!("../bullmq/driver.js")),
];

/// Which of the two lines that are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 5.69.3, the orchestrator's own.
    V5,
    /// The newest.
    V6,
}

impl Version {
    /// Both.
    pub const ALL: [Version; 2] = [Version::V5, Version::V6];

    fn package(self) -> &'static str {
        match self {
            Version::V5 => "bullmq5",
            Version::V6 => "bullmq6",
        }
    }
}

/// Puts the packages into a folder of the user's cache, once for each state of the lock file, and says where.
///
/// # Errors
/// [`Error::Missing`] without Node or npm; otherwise what npm said as it failed.
pub fn install() -> Result<PathBuf, Error> {
    npm::install("bullmq", &FILES)
}

/// An orchestrator, as far as the queue can tell. It ends when dropped.
#[derive(Debug)]
pub struct Orchestrator {
    child: Child,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
    asked: u64,
    answers: HashMap<u64, Answer>,
}

/// What was asked for, or the message of the error that was thrown.
pub type Answer = Result<Value, String>;

/// Something that was asked and is answered later.
#[derive(Debug)]
#[must_use = "the answer is fetched with it"]
pub struct Asked(u64);

impl Orchestrator {
    /// Starts one on a queue.
    ///
    /// # Errors
    /// As [`install`]; also when it cannot be started.
    pub fn start(version: Version, url: &str, queue: &str) -> Result<Orchestrator, Error> {
        let folder = install()?;
        let mut child = Command::new(require(NODE)?)
            .arg(folder.join("driver.js"))
            .args([version.package(), url, queue])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::io("starting Node"))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (says, hears) = pipes.ok_or_else(|| broken("it has no pipes"))?;
        let (hears, answers) = (BufReader::new(hears), HashMap::new());
        Ok(Orchestrator { child, says, hears, asked: 0, answers })
    }

    /// Asks for something, see `bullmq/driver.js`, and goes on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn begin(&mut self, what: &str, arguments: Value) -> Result<Asked, Error> {
        self.asked += 1;
        let mut line = json!({ "n": self.asked, "what": what });
        if let (Value::Object(line), Value::Object(arguments)) = (&mut line, arguments) {
            line.extend(arguments);
        }
        writeln!(self.says, "{line}").map_err(Error::io(format!("asking Node to {what}")))?;
        Ok(Asked(self.asked))
    }

    /// Waits for an answer.
    ///
    /// # Errors
    /// When it ends before.
    pub fn end(&mut self, asked: &Asked) -> Result<Answer, Error> {
        loop {
            if let Some(answer) = self.answers.remove(&asked.0) {
                return Ok(answer);
            }
            let mut line = String::new();
            let length = self.hears.read_line(&mut line).map_err(Error::io("hearing from Node"))?;
            if length == 0 {
                return Err(broken("it ended"));
            }
            let mut said: Value = serde_json::from_str(&line).map_err(|_| broken(&line))?;
            let answer = match said.get("error").and_then(Value::as_str) {
                Some(error) => Err(error.to_owned()),
                None => Ok(said.get_mut("value").map(Value::take).unwrap_or_default()),
            };
            self.answers.insert(said.get("n").and_then(Value::as_u64).unwrap_or_default(), answer);
        }
    }

    /// Asks for something and waits for it.
    ///
    /// # Errors
    /// When it has ended, or threw an error.
    pub fn ask(&mut self, what: &str, arguments: Value) -> Result<Value, Error> {
        let asked = self.begin(what, arguments)?;
        self.end(&asked)?.map_err(|error| broken(&error))
    }

    /// Ends it as a crash would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn broken(why: &str) -> Error {
    Error::Tool { what: "the orchestrator".to_owned(), log: why.to_owned() }
}
