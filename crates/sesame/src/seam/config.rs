//! `sesame:`, queues of Sesame's orchestrator.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use module::config::{Bytes, Instance, SecretSource};
use module::section;

const DAY: Duration = Duration::from_hours(24);

section! {
    /// A queue of Sesame's orchestrator: BullMQ on Redis or Valkey.
    SesameSource {
        /// Where Redis is: `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS. Without it
        /// `redis://localhost:6379/0`.
        redis: Option<SecretSource> = None,
        /// The user to sign in as, before the one in the address.
        user: Option<String> = None,
        /// Their password, before the one in the address.
        password: Option<SecretSource> = None,
        /// Certificates of the authorities that may have signed that of Redis, in PEM, instead of those of the system:
        /// for `rediss://`.
        authorities: Option<PathBuf> = None,
        /// The queue's name.
        queue: String = "sesame".to_owned(),
        /// What the names of the queue's keys begin with.
        prefix: String = "bull".to_owned(),
        /// Jobs taken and held at once; more wait in Redis.
        hold: NonZeroUsize = NonZeroUsize::MIN.saturating_add(19_999),
        /// Larger jobs are refused. Without it what `requests.max_size` says.
        max_size: Option<Bytes> = None,
        /// An answer about somebody leaves no earlier than this after the job was added: the orchestrator must have
        /// written the job down before. `0s` holds nothing back.
        answer_after: Duration = Duration::from_millis(10),
        /// Age at which answered jobs are removed from Redis.
        keep_age: Duration = 7 * DAY,
        /// No more answered jobs than this stay in Redis.
        keep_count: u64 = 2_500,
    }
}

impl Instance for SesameSource {
    const SECTION: &'static str = "sesame";
}

/// Keys that are read at start only.
pub(super) const COLD: &[&str] = &[
    "NAME.redis",
    "NAME.user",
    "NAME.password",
    "NAME.authorities",
    "NAME.queue",
    "NAME.prefix",
    "NAME.hold",
    "NAME.answer_after",
    "NAME.keep_age",
    "NAME.keep_count",
];
