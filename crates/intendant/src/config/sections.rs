//! The sections and keys of `intendant.yml`, but for those of an action.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use module::config::{Actions, Bytes, SecretSource};
use module::{section, words};

use super::net::{Listen, Networks, Site};
use super::oidc::Oidc;

/// Keys of the hub itself that are read at start only.
pub const NEED_RESTART: [&str; 32] = [
    "data.folder",
    "journal.durable",
    "journal.url",
    "journal.user",
    "journal.password",
    "journal.authorities",
    "journal.certificate",
    "journal.key",
    "journal.require_synchronous",
    "journal.all_work",
    "key",
    "key_before",
    "socket",
    "http.listen",
    "http.url",
    "http.certificate",
    "http.key",
    "http.trusted_proxies",
    "http.session",
    "http.token_rate",
    "http.address_rate",
    "http.oidc.issuer",
    "http.oidc.client_id",
    "http.oidc.client_secret",
    "http.oidc.scopes",
    "http.oidc.name_claim",
    "http.oidc.role_claim",
    "http.oidc.roles",
    "http.oidc.default_role",
    "http.oidc.label",
    "log.format",
    "log.output",
];

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

section! {
    /// The whole configuration.
    Config {
        /// The key that seals the journal: `file:PATH` (made at first start), `env:NAME`, `credential:NAME` (systemd),
        /// or 64 hexadecimal digits. Without it the file `intendant.key` beside the configuration file, or in the
        /// configuration folder. Never in the data folder, never in a backup.
        key: SecretSource = SecretSource::File(PathBuf::new()),
        /// The key before, while the journal is sealed anew with another one that does not come from a file:
        /// `intendant key rotate` keeps it beside a file by itself.
        key_before: Option<SecretSource> = None,
        /// The socket on which the hub answers the commands. Without it `intendant.sock` in `$XDG_RUNTIME_DIR`, or
        /// `/run/intendant/intendant.sock` for root.
        socket: PathBuf = PathBuf::new(),
        /// Jobs that run at once, on all backends together.
        concurrency: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255),
        ../// Where the journal lives.
        data: Data,
        ../// The journal, where it is not in the data folder, and what is promised of it.
        journal: Journal,
        ../// What comes in.
        requests: Requests,
        ../// The API and the console over TCP.
        http: Http,
        ../// The end of the hub.
        stop: Stop,
        ../// Caps on jobs that delete or disable.
        failsafe: Failsafe,
        ../// Leaving backends alone that keep failing.
        breaker: Breaker,
        ../// Failed jobs.
        dead_letters: DeadLetters,
        ../// How much is kept, and for how long.
        retention: Retention,
        ../// The hub's own log.
        log: Log,
        ../// What is known of actions beside what the modules say.
        actions: Actions,
    }
}

section! {
    /// Where the journal lives.
    Data {
        /// The folder of the journal. Without it `$XDG_STATE_HOME/intendant` or `~/.local/state/intendant`, and
        /// `/var/lib/intendant` for root.
        folder: PathBuf = PathBuf::new(),
    }
}

section! {
    /// The journal, where it is not in the data folder, and what is promised of it.
    Journal {
        /// Whether what the journal holds is there at the next start. With `false` a message of a bus is acknowledged only
        /// when all that it led to is done, and a journal that is gone is begun anew. Where the variable `DYNO` is set, as on
        /// Heroku, it is `false` unless somebody says otherwise or names a `url`.
        durable: bool = true,
        /// The PostgreSQL database that holds the journal: `postgres://[user[:password]@]host[:port][,host…]/database`, of
        /// several hosts the one that may be written to. `?sslmode=` is `disable`, `prefer`, `require` or `verify-full`;
        /// without it a certificate that is good is demanded of every host but this machine. Without a url the journal is in
        /// the data folder.
        url: Option<SecretSource> = None,
        /// The role to sign in as, before the one in `url`.
        user: Option<String> = None,
        /// Its password, before the one in `url`.
        password: Option<SecretSource> = None,
        /// Certificates of the authorities that PostgreSQL's own may be signed by, in PEM, beside those of the system.
        authorities: Option<PathBuf> = None,
        /// A certificate in PEM to sign in with over TLS.
        certificate: Option<PathBuf> = None,
        /// The certificate's private key in PEM.
        key: Option<PathBuf> = None,
        /// Refuses to start unless PostgreSQL writes each commit to a second machine before it confirms it: without a
        /// synchronous standby a failover loses what was acknowledged last.
        require_synchronous: bool = false,
        /// All hubs on the database in `url` work at once, each on a part of the subjects, and one of them leads: it has the
        /// queues of the buses, what leaves, and what is done at times. Without it one works, and the others stand by. The
        /// same on all of them.
        all_work: bool = false,
    }
}

section! {
    /// What comes in.
    Requests {
        /// Larger requests are refused.
        max_size: Bytes = Bytes(10 << 20),
        /// For how long a step waits at most, in all, whose backend says "not now"; then it fails.
        longest_wait: Duration = 7 * DAY,
    }
}

section! {
    /// The API and the console over TCP.
    Http {
        /// Address and port, or `off`. Others than this machine reach it when the address is not a loopback one: then
        /// give a certificate too, or put a proxy that has one in front.
        listen: Listen = Listen::On(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8470)),
        /// Where people reach it, `https://hub.example.org`, without a path: the base of links. Without it the address.
        url: Option<Site> = None,
        /// A certificate chain in PEM: makes it `https`. What stands in the file is read again at a reload.
        certificate: Option<PathBuf> = None,
        /// The certificate's private key in PEM.
        key: Option<PathBuf> = None,
        /// Addresses and networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        trusted_proxies: Networks = Networks::default(),
        /// People are signed out after so long without use; after a week in any case.
        session: Duration = Duration::from_hours(12),
        /// Requests a second that one token may make.
        token_rate: NonZeroU32 = NonZeroU32::MIN.saturating_add(4999),
        /// Requests a second that may come from one address (IPv6: /64) without a token or a session.
        address_rate: NonZeroU32 = NonZeroU32::MIN.saturating_add(49),
        ../// Where people may sign in instead.
        oidc: Oidc,
    }
}

section! {
    /// The end of the hub.
    Stop {
        /// How long running steps may go on once the hub is told to stop; then they are ended by force and run again
        /// at the next start.
        grace: Duration = Duration::from_secs(30),
    }
}

section! {
    /// Caps on jobs that delete or disable. What exceeds them is held until somebody approves or rejects it.
    Failsafe {
        /// The sources whose jobs are guarded: our own register, or others by name. `http` also stands for its callers
        /// (`http/token:crm`), `*` for every source, and `[]` switches the failsafe off.
        sources: Vec<String> = Vec::new(),
        /// How far back jobs are counted. They count when they start, once for each backend of their plan; what
        /// somebody approved does not count.
        window: Duration = HOUR,
        /// So many jobs of actions with `destructive: delete` may start on one backend within the window; the others
        /// are held, and one that has a deadline fails with `failsafe_held`. `0` holds each, left empty there is no cap.
        delete: Option<u32> = Some(20),
        /// The same for actions with `destructive: disable`.
        disable: Option<u32> = Some(100),
    }
}

section! {
    /// Leaving backends alone that keep failing: no work is sent there for a while, and none of it counts as an attempt.
    /// Then `PING_TARGET` is asked where the backend maps it; else a single job decides.
    Breaker {
        /// So many jobs must fail softly in a row on one backend: time-outs, and answers that ask for a retry. `0`
        /// switches it off.
        failures: u32 = 10,
        /// How long the backend is left alone at first; twice as long after each probe that fails.
        pause: Duration = Duration::from_secs(10),
        /// How long it is left alone at most.
        longest: Duration = Duration::from_mins(5),
    }
}

section! {
    /// Failed jobs.
    DeadLetters {
        /// How long the secrets of a failed job without a deadline are kept for a replay. Later each must be given
        /// again. `0s` keeps none. Refused messages keep theirs as long.
        keep_secrets: Duration = 3 * DAY,
    }
}

section! {
    /// How much is kept, and for how long. Live jobs are always kept. What an ended job still owes when it has to go is given
    /// up: it stays listed with the dead letters, as long as an ended job would.
    Retention {
        /// Age at which ended jobs are removed.
        jobs: Duration = 90 * DAY,
        /// No more ended jobs than this are kept.
        jobs_max: u64 = 1_000_000,
        /// How long the callers' own ids are remembered, also those of removed jobs: a repetition is recognised for
        /// so long.
        ids: Duration = 30 * DAY,
        /// Age at which records (refusals, audit) are removed.
        records: Duration = 365 * DAY,
        /// No more refusals, and no more audit records, than this are kept.
        records_max: u64 = 100_000,
        /// Age at which messages are removed that supervision has seen on a bus.
        messages: Duration = 7 * DAY,
        /// No more of them than this are kept.
        messages_max: u64 = 100_000,
        /// No more events than this are kept: how far back a live stream can resume.
        events_max: u64 = 200_000,
        /// When more than this of the journal's file is in use, the oldest ended jobs, refusals and messages are removed,
        /// whatever the numbers above say. The file does not become smaller: its room is used again.
        size_max: Bytes = Bytes(32 << 30),
    }
}

section! {
    /// The hub's own log, on standard error.
    Log {
        /// What is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`.
        level: Level = Level::Info,
        /// How it looks: `human` or `json`.
        format: Format = Format::Human,
        /// Where it goes: `stderr` or `stdout`.
        output: Output = Output::Stderr,
    }
}

/// From which level on records are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    Off,
    /// Somebody must act.
    Error,
    /// Something went wrong, and the hub deals with it.
    Warn,
    /// What an operator wants to see of a normal day.
    Info,
    /// Each step.
    Debug,
    /// Each write and each line that a backend prints.
    Trace,
}
/// Where records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To standard error.
    Stderr,
    /// To standard output, where the platform of an older program looks for them.
    Stdout,
}
words!(Output { Stderr = "stderr", Stdout = "stdout" });
words!(Level { Off = "off", Error = "error", Warn = "warn", Info = "info", Debug = "debug", Trace = "trace" });

/// How log records look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Human,
    /// One JSON document per record.
    Json,
}
words!(Format { Human = "human", Json = "json" });
