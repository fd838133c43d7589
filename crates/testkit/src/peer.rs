//! A client of a message bus in another language: Python's pika or Ruby's Bunny, driven by a small program each
//! (`bus/driver.py`, `bus/driver.rb`) that is told the same things.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::packages::{Need, need, require};
use crate::{Error, pip};

/// The programs it is made of.
pub const NEEDS: &[Need] = &[pip::PYTHON, pip::PIP, RUBY, BUNNY];
const RUBY: Need = need("ruby", "ruby");
/// It has no program: what each package has is taken for it.
const BUNNY: Need = need("/usr/share/doc/ruby-bunny/copyright", "ruby-bunny");

const REQUIREMENTS: &str = include_str!("../python/bus.txt");
const PYTHON_DRIVER: &str = include_str!("../bus/driver.py");
const RUBY_DRIVER: &str = include_str!("../bus/driver.rb");

/// Puts what pip brings into a folder of the user's cache, once for each state of its list, and says where.
///
/// # Errors
/// [`Error::Missing`] without Python; otherwise what pip said as it failed.
pub fn install() -> Result<PathBuf, Error> {
    pip::install("pika", REQUIREMENTS)
}

/// What a client is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python, with pika.
    Python,
    /// Ruby, with Bunny, as the older services of the bus.
    Ruby,
}

impl Language {
    fn library(self) -> &'static str {
        match self {
            Language::Python => "pika",
            Language::Ruby => "Bunny",
        }
    }

    fn driver(self) -> Result<Command, Error> {
        match self {
            Language::Python => {
                let mut python = Command::new(require(pip::PYTHON)?);
                python.env("PYTHONPATH", install()?).args(["-c", PYTHON_DRIVER]);
                Ok(python)
            }
            Language::Ruby => {
                require(BUNNY)?;
                let mut ruby = Command::new(require(RUBY)?);
                // It is read as UTF-8 wherever it runs.
                ruby.args(["-EUTF-8", "-e", RUBY_DRIVER]);
                Ok(ruby)
            }
        }
    }
}

/// A program on the bus. It ends when dropped.
#[derive(Debug)]
pub struct Peer {
    language: Language,
    child: Child,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
}

impl Peer {
    /// Connects one.
    ///
    /// # Errors
    /// [`Error::Missing`] without the language; otherwise what its tools said.
    pub fn connect(language: Language, url: &str) -> Result<Peer, Error> {
        let mut child = language
            .driver()?
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::io(format!("starting a client with {}", language.library())))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (says, hears) = pipes.ok_or_else(|| broken(language, "it has no pipes"))?;
        Ok(Peer { language, child, says, hears: BufReader::new(hears) })
    }

    /// Asks it for something, see the drivers, and waits for the answer.
    ///
    /// # Errors
    /// When it has ended, or could not do it.
    pub fn ask(&mut self, what: &str, arguments: Value) -> Result<Value, Error> {
        let broken = |why: &str| broken(self.language, why);
        let library = self.language.library();
        let mut line = json!({ "what": what });
        if let (Value::Object(line), Value::Object(arguments)) = (&mut line, arguments) {
            line.extend(arguments);
        }
        writeln!(self.says, "{line}").map_err(Error::io(format!("asking {library} to {what}")))?;
        let mut answer = String::new();
        let length =
            self.hears.read_line(&mut answer).map_err(Error::io(format!("hearing from {library}")))?;
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

fn broken(language: Language, why: &str) -> Error {
    Error::Tool { what: language.library().to_owned(), log: why.to_owned() }
}
