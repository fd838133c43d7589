//! A Unix socket, and who is on the other side of its connections.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::clock::within;
use tokio::net::{UnixListener, UnixStream};

use super::Listener;
use crate::error::Error;

/// A hub that was killed while it started a script lives on in it, with all its descriptors, until the script begins.
const PATIENCE: Duration = Duration::from_secs(1);

/// A socket that is listened on. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    _file: Option<SocketFile>,
}

/// Who can connect to a socket at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Its owner (mode 0600, its folder 0700).
    Owner,
    /// Its owner and a group, by its number; without one the group of whoever makes it (mode 0660, its folder 0755).
    Group(Option<u32>),
}

/// The file, as we made it.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    made: Option<(u64, u64)>,
}

impl Socket {
    /// Makes the socket for its owner and, where it is missing, its folder. A socket file on which nobody answers was left
    /// behind by a hub that was killed, and is replaced.
    pub async fn bind(path: &Path) -> Result<Self, Error> {
        Socket::bind_for(path, Open::Owner).await
    }

    /// The same for whoever is to connect.
    pub async fn bind_for(path: &Path, open: Open) -> Result<Self, Error> {
        let (mode, folder_mode) = match open {
            Open::Owner => (0o600, 0o700),
            Open::Group(_) => (0o660, 0o755),
        };
        if let Some(folder) = path.parent() {
            let made = DirBuilder::new().recursive(true).mode(folder_mode).create(folder);
            made.map_err(failed("making the folder", folder))?;
        }
        remove_stale(path).await?;
        let listener = UnixListener::bind(path).map_err(failed("making the socket", path))?;
        let file = SocketFile { path: path.to_owned(), made: identity(path) };
        if let Open::Group(Some(group)) = open {
            chown(path, None, Some(group)).map_err(failed("giving to its group", path))?;
        }
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed("closing to others", path))?;
        Ok(Socket { listener, _file: Some(file) })
    }

    /// One that somebody else made, and removes: the service manager.
    pub fn adopt(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Socket { listener: UnixListener::from_std(listener)?, _file: None })
    }
}

impl Listener for Socket {
    type Raw = UnixStream;
    type Stream = UnixStream;
    type Peer = Uid;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }

    async fn greet(&self, stream: UnixStream) -> io::Result<(UnixStream, Uid)> {
        let uid = stream.peer_cred()?.uid();
        Ok((stream, Uid(uid)))
    }
}

/// The user on the other side, as the kernel names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uid(pub u32);

impl Uid {
    /// Whether it is root or our own user.
    pub fn is_ours(self) -> bool {
        self.0 == 0 || self.0 == rustix::process::geteuid().as_raw()
    }
}

async fn remove_stale(path: &Path) -> Result<(), Error> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("looking at", path)(error)),
    };
    if !found.file_type().is_socket() {
        return Err(Error::Occupied { socket: path.to_owned() });
    }
    match within(PATIENCE, nobody_listens(path)).await {
        Ok(Ok(())) => fs::remove_file(path).map_err(failed("removing the socket left behind,", path)),
        Ok(Err(error)) => Err(failed("asking who listens on", path)(error)),
        Err(_) => Err(Error::InUse { socket: path.to_owned() }),
    }
}

/// Ends when nobody listens any more.
async fn nobody_listens(path: &Path) -> io::Result<()> {
    loop {
        match UnixStream::connect(path).await {
            // A hub says nothing before it is asked: what comes is the end of whoever held the socket.
            Ok(stream) => stream.readable().await?,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let what = format!("{what} {}", path.display());
    move |source| Error::Io { what, source }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another hub may have put its own there in the meantime.
        if self.made.is_some() && identity(&self.path) == self.made {
            let _ = fs::remove_file(&self.path);
        }
    }
}
