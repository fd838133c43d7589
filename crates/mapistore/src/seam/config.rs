//! `registry:`, where processes of OpenChange say whom they have registered.

use std::path::PathBuf;
use std::time::Duration;

use module::config::Root;
use module::section;

section! {
    /// Who has a mailbox open, as processes of OpenChange say it.
    Registry {
        /// The socket on which processes say whom they have registered, `/run/intendant/mapistore.sock`. Without it there is
        /// none, unless the service manager has made one under the name `mapistore`.
        socket: Option<PathBuf> = None,
        /// The group whose members can connect, by name or number; without it that of the hub. The queues are opened to it
        /// too.
        group: Option<String> = None,
        /// Users whose processes are listened to, by name or number, beside root and the hub's own.
        users: Vec<String> = Vec::new(),
        /// How long somebody is still believed to be there whose process is not heard: after a restart of the hub, or while
        /// the process reconnects.
        grace: Duration = Duration::from_mins(1),
        /// System users are compared without regard to capitals, as directories do.
        fold_case: bool = false,
        /// The queues of 2011 that are read, too: `a` is `/mapistore_users`, `b` is `/mapistore_ipc`.
        legacy: Vec<String> = Vec::new(),
    }
}

impl Root for Registry {
    const NAME: &'static str = "registry";
}

/// Keys that are read at start only.
pub(super) const COLD: &[&str] = &["socket", "group", "users", "grace", "fold_case", "legacy"];
