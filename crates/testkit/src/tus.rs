//! Resumable uploads by those who wrote the protocol: npm's tus-js-client and uppy, `PyPI`'s tuspy, and npm's server.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::npm::{self, NODE};
use crate::packages::{Need, require};
use crate::port::Port;
use crate::{Error, pip};

/// The programs it is made of.
pub const NEEDS: &[Need] = &[NODE, npm::NPM, pip::PYTHON, pip::PIP];

const FILES: [(&str, &str); 4] = [
    ("package.json", include_str!("../tus/package.json")),
    ("package-lock.json", include_str!("../tus/package-lock.json")),
    ("client.js", include_str!("../tus/client.js")),
    ("server.js", include_str!("../tus/server.js")),
];
const REQUIREMENTS: &str = include_str!("../python/tus.txt");
const PYTHON_CLIENT: &str = include_str!("../tus/client.py");

/// A client that sends a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// tus-js-client, in Node.
    Node,
    /// tuspy.
    Python,
}

impl Client {
    /// All of them.
    pub const ALL: [Client; 2] = [Client::Node, Client::Python];

    /// The command that sends a file under a name to where files are announced. It prints where the file is then.
    ///
    /// # Errors
    /// [`Error::Missing`] without the language; otherwise what its tools said.
    pub fn sends(self, endpoint: &str, file: &Path, name: &str) -> Result<Command, Error> {
        let mut command = match self {
            Client::Node => {
                let mut node = Command::new(require(NODE)?);
                node.arg(install()?.join("client.js"));
                node
            }
            Client::Python => {
                let mut python = Command::new(require(pip::PYTHON)?);
                python.env("PYTHONPATH", pip::install("tuspy", REQUIREMENTS)?).args(["-c", PYTHON_CLIENT]);
                python
            }
        };
        command.arg(endpoint).arg(file).arg(name);
        Ok(command)
    }
}

/// Puts the packages of npm into a folder of the user's cache, once for each state of the lock file, and says where.
///
/// # Errors
/// [`Error::Missing`] without npm; otherwise what npm said as it failed.
pub fn install() -> Result<PathBuf, Error> {
    npm::install("tus", &FILES)
}

/// The server. It ends when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where files are announced.
    pub endpoint: String,
}

impl Server {
    /// Starts one that keeps files in a folder.
    ///
    /// # Errors
    /// [`Error::Missing`] without Node; otherwise what its tools said.
    pub fn start(folder: &Path) -> Result<Self, Error> {
        let port = Port::take()?;
        let mut child = Command::new(require(NODE)?)
            .arg(install()?.join("server.js"))
            .arg(port.number().to_string())
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::io("starting the server of uploads"))?;
        let mut line = String::new();
        let said = child.stdout.take().map(|says| BufReader::new(says).read_line(&mut line));
        let server = Server { child, endpoint: format!("http://127.0.0.1:{}/files", port.number()) };
        match said {
            Some(Ok(length)) if length > 0 => Ok(server),
            _ => Err(Error::Tool { what: "the server of uploads".to_owned(), log: "it ended".to_owned() }),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
