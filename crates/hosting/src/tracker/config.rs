//! `hosting.follow:` and `hosts:`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use module::config::{Instance, SecretSource};
use module::section;

section! {
    /// When schools that are followed are looked at.
    Follow {
        /// While work is under way for a school, its host is asked at these times, a cron pattern: `*/15 * * * *` is every
        /// quarter of an hour. Schools are spread over the minute that follows.
        busy: String = "*/15 * * * *".to_owned(),
        /// When nothing is under way: `0 6 * * *` is every morning at six. Schools are spread over the ten minutes that follow.
        quiet: String = "0 6 * * *".to_owned(),
        /// The time zone of both, `Europe/Paris`. Without it that of the machine.
        time_zone: Option<String> = None,
        /// So many schools are asked for at once.
        at_once: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7),
        /// How long a host may take to answer.
        timeout: Duration = Duration::from_secs(20),
    }
}

section! {
    /// A host of library servers whose schools are followed. The one in this hub needs no entry: it is called `here`.
    RemoteHost {
        /// Where it is, `https://host.example`. Without encryption only on this machine.
        url: Option<String> = None,
        /// The client key, a token that the host has made, best as `file:PATH`, `env:NAME` or `credential:NAME`.
        key: Option<SecretSource> = None,
        /// Certificates of the authorities that may have signed that of the host, in PEM, beside those of the system.
        authorities: Option<PathBuf> = None,
    }
}

impl Instance for RemoteHost {
    const SECTION: &'static str = "hosts";
}

/// Keys that are read at start only.
pub(crate) const COLD: &[&str] = &["NAME.url", "NAME.key", "NAME.authorities"];
