//! An OpenID Connect provider: the npm package, certified by the OpenID Foundation, with pages on which any name signs
//! in.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::Error;
use crate::daemon::Daemon;
use crate::npm::{self, NODE};
use crate::packages::{Need, require};
use crate::port::Port;

/// The programs it is made of.
pub const NEEDS: &[Need] = npm::NEEDS;

/// Under which id and with which secret the hub is registered.
pub const CLIENT: (&str, &str) = ("hub", "a secret: with % and +");

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../oidc/package.json")),
    ("package-lock.json", include_str!("../oidc/package-lock.json")),
    ("provider.js", include_str!("../oidc/provider.js")),
];
/// How long a busy machine may take to start it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A provider. It ends when dropped.
#[derive(Debug)]
pub struct Provider {
    daemon: Daemon,
    port: Port,
    _folder: TempDir,
}

impl Provider {
    /// Starts one that sends people back to this address. `groups` holds the groups of each name, as lists.
    ///
    /// # Errors
    /// [`Error::Missing`] without Node or npm; otherwise what npm or Node said.
    pub fn start(redirect_uri: &str, groups: &Value) -> Result<Provider, Error> {
        let packages = npm::install("oidc", &FILES)?;
        let port = Port::take()?;
        let folder = tempfile::tempdir().map_err(Error::io("making a folder"))?;
        let mut command = Command::new(require(NODE)?);
        command.arg(packages.join("provider.js")).arg(port.number().to_string()).arg(redirect_uri);
        command.arg(groups.to_string());
        let mut daemon = Daemon::start("oidc-provider", &mut command, folder.path(), Signal::TERM)?;
        daemon.ready(PATIENCE, || TcpStream::connect(("127.0.0.1", port.number())).is_ok())?;
        Ok(Provider { daemon, port, _folder: folder })
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// Ends it; its port stays taken.
    pub fn stop(&mut self) {
        self.daemon.stop();
    }
}
