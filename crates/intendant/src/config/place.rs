//! Where things are when nobody says.

use std::path::PathBuf;

use module::config::Environment;

/// The default places of a user, or of the whole machine for root.
#[derive(Clone, Debug)]
pub struct Places {
    environment: Environment,
    root: bool,
}

impl Places {
    /// The places of a process with this environment; `root` when it runs as root.
    pub fn new(environment: Environment, root: bool) -> Self {
        Places { environment, root }
    }

    /// The environment that they follow.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Where `intendant.yml` is looked for, in order, unless a file is named.
    pub fn files(&self) -> [PathBuf; 2] {
        [PathBuf::from("intendant.yml"), PathBuf::from("/etc/intendant/intendant.yml")]
    }

    /// The configuration folder.
    pub fn configuration(&self) -> PathBuf {
        self.folder("CONFIGURATION_DIRECTORY", "XDG_CONFIG_HOME", ".config", "/etc/intendant")
    }

    /// The folder of what a user has told the command, root too; `None` = nobody knows where the user is at home.
    pub fn own(&self) -> Option<PathBuf> {
        let base = self.path("XDG_CONFIG_HOME").or_else(|| Some(self.path("HOME")?.join(".config")))?;
        Some(base.join("intendant"))
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder("STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state", "/var/lib/intendant")
    }

    /// The socket.
    pub fn socket(&self) -> PathBuf {
        let own = if self.root { None } else { self.path("XDG_RUNTIME_DIR") };
        let folder = self.path("RUNTIME_DIRECTORY").or(own);
        folder.unwrap_or_else(|| PathBuf::from("/run/intendant")).join("intendant.sock")
    }

    /// What systemd gives its units; the machine's folder for root; the user's by the XDG base directories.
    fn folder(&self, systemd: &str, xdg: &str, home: &str, machine: &str) -> PathBuf {
        let of_user = || {
            let base = self.path(xdg).or_else(|| Some(self.path("HOME")?.join(home)))?;
            Some(base.join("intendant"))
        };
        self.path(systemd)
            .or_else(|| if self.root { None } else { of_user() })
            .unwrap_or_else(|| PathBuf::from(machine))
    }

    /// An absolute path from the environment; others are ignored, as the XDG specification wants it.
    fn path(&self, variable: &str) -> Option<PathBuf> {
        // systemd separates several folders by colons; the first is the unit's own.
        let first = self.environment.get(variable)?.split(':').next()?;
        Some(PathBuf::from(first)).filter(|path| path.is_absolute())
    }
}
