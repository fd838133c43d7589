//! The hub and its backends.

use std::collections::BTreeMap;
use std::fmt;

use model::{Class, Code, Destructive, JobId, JobState, Outcome, OutcomeKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema;
use http::dependency::DEPENDENCY;
use http::words;
use serde_json::Value;
use uuid::Uuid;

use http::Time;

/// How the hub is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// The journal's own id.
    #[schema(value_type = String, format = "uuid")]
    pub journal: Uuid,
    /// When the hub started.
    pub started_at: Time,
    /// Seconds since then.
    pub uptime: u64,
    /// How many jobs are in each state.
    pub jobs: Vec<Tally>,
    /// How many jobs are being run at this moment.
    pub running: usize,
    /// The job that could run and has been due for the longest time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_waiting: Option<Oldest>,
    /// The connections that the hub keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// A connection to another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// The configured instance that it belongs to.
    pub name: String,
    /// What is at the other end: `redis`, …
    pub kind: String,
    /// Whether it is up.
    pub connected: bool,
    /// Since when it is, or is not.
    pub since: Time,
    /// What else is to be known, such as that another hub serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it was lost the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What went over it since start, by name.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

impl From<engine::LinkView> for Link {
    fn from(view: engine::LinkView) -> Self {
        let engine::LinkView { name, kind, connected, since, note, last_error, counters } = view;
        Link {
            name,
            kind: kind.to_owned(),
            connected,
            since: since.into(),
            note,
            last_error,
            counters: counters.into_iter().map(|(what, number)| (what.to_owned(), number)).collect(),
        }
    }
}

/// How many jobs are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// The state.
    #[schema(value_type = schema::JobState)]
    pub state: JobState,
    /// How many.
    pub jobs: u64,
}

/// A job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Oldest {
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// Since when it could have run.
    pub due_at: Time,
}

/// A backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backend {
    /// Its name.
    pub name: String,
    /// Whether it is a part of the program: there is no folder of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub native: bool,
    /// Whether it takes part.
    pub standing: Standing,
    /// Why it is broken, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How many attempts may run at once; absent = only the hub's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// The same as it is configured, where an operator has set another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configured_concurrency: Option<usize>,
    /// How many attempts run.
    pub running: usize,
    /// How many dead letters there are whose failing step was on it.
    #[serde(default)]
    pub dead: u64,
    /// Whether an operator paused it.
    pub paused: bool,
    /// Until when it is left alone because it kept failing; then it is probed. Absent = it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_alone_until: Option<Time>,
    /// Until when it wants not to be asked, as it said. Absent = it said nothing like that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Time>,
    /// Why, in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_because: Option<String>,
    /// How many attempts may begin in a span of time, `40/s`; absent = as many as can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// When attempts may begin; absent = at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    /// Whether it can be asked for a dry run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The actions it maps.
    pub actions: Vec<String>,
    /// What it asks over HTTP meanwhile, as it declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// What it did since the hub started; absent = nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<BackendFigures>,
}

impl From<engine::BackendView> for Backend {
    fn from(view: engine::BackendView) -> Self {
        let engine::BackendView {
            name,
            native,
            standing,
            trouble,
            concurrency,
            configured,
            running,
            paused,
            left_alone_until,
            held,
            rate,
            windows,
            dry_run,
            actions,
            depends_on,
        } = view;
        let (held_until, held_because) = held.map(|(until, said)| (Time(until), said)).unzip();
        let windows = windows.map(Windows::from);
        let depends_on = depends_on.into_iter().map(Dependency::from).collect();
        let (standing, figures) = (standing.into(), None);
        let left_alone_until = left_alone_until.map(Time);
        Backend {
            name,
            native,
            standing,
            trouble,
            concurrency,
            configured_concurrency: configured.filter(|_| configured != concurrency),
            running,
            dead: 0,
            paused,
            left_alone_until,
            held_until,
            held_because,
            rate,
            windows,
            dry_run,
            actions,
            depends_on,
            figures,
        }
    }
}

/// How many attempts may run at once on a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Concurrency {
    /// From 1 to 1000; null = as many as configured.
    #[schema(minimum = 1, maximum = 1000, example = 4)]
    pub concurrency: Option<usize>,
}

/// The windows of a backend as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Windows {
    /// Cron patterns of the minutes in which attempts may begin, and whose clocks they mean.
    pub pattern: String,
    /// Whether one is open.
    pub open: bool,
    /// When the next one opens, while none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Time>,
    /// What the next change of the clocks means for them, in a sentence; absent = nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_of_clocks: Option<String>,
}

impl From<engine::WindowsView> for Windows {
    fn from(view: engine::WindowsView) -> Self {
        let engine::WindowsView { pattern, open, opens_at, change_of_clocks } = view;
        Windows { pattern, open, opens_at: opens_at.map(Time), change_of_clocks }
    }
}

/// What a backend did since the hub started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackendFigures {
    /// Attempts that succeeded.
    pub done: u64,
    /// Attempts that failed for now.
    pub soft: u64,
    /// Attempts that failed for good.
    pub hard: u64,
    /// Attempts that ended because the backend said: not now.
    #[serde(default)]
    pub wait: u64,
    /// Half of the attempts took no longer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<u64>,
    /// 95 of a hundred attempts took no longer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<u64>,
    /// The last one that did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Failure>,
    /// When the last one succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Time>,
}

/// An attempt that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failure {
    /// When it ended.
    pub at: Time,
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// Why.
    #[schema(value_type = Option<String>)]
    pub code: Option<Code>,
    /// In the backend's words.
    pub message: Option<String>,
}

impl From<engine::BackendStats> for BackendFigures {
    fn from(stats: engine::BackendStats) -> Self {
        let millis =
            |share| stats.duration.quantile(share).and_then(|time| u64::try_from(time.as_millis()).ok());
        let failure =
            |engine::Failure { at, job, code, message }| Failure { at: Time(at), job, code, message };
        BackendFigures {
            done: stats.done,
            soft: stats.soft,
            hard: stats.hard,
            wait: stats.wait,
            p50: millis(0.5),
            p95: millis(0.95),
            last_failure: stats.last_failure.map(failure),
            last_success: stats.last_success.map(Time),
        }
    }
}

/// What is known of an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// JSON Schema of the request's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// What its jobs are about; absent = they have no order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_kind: Option<String>,
    /// How urgent its jobs are when the request does not say.
    #[schema(value_type = schema::Class)]
    pub class: Class,
    /// Where secrets are in the body, beside the key names that count as secret everywhere.
    pub secrets: Vec<String>,
    /// What it does to accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Destructive>)]
    pub destructive: Option<Destructive>,
    /// It merely tells: no job when no backend maps it.
    pub optional: bool,
    /// The active backends that map it, in order.
    pub backends: Vec<String>,
}

impl From<engine::ActionView> for ActionView {
    fn from(view: engine::ActionView) -> Self {
        let engine::ActionView { name, spec, backends } = view;
        ActionView {
            name,
            schema: spec.schema,
            subject_kind: spec.subject_kind,
            class: spec.class,
            secrets: spec.secrets,
            destructive: spec.destructive,
            optional: spec.optional,
            backends,
        }
    }
}

/// Whether a backend takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It does.
    Active,
    /// An administrator set it aside.
    Inactive,
    /// It should, and cannot be used.
    Broken,
}

impl From<engine::port::Standing> for Standing {
    fn from(standing: engine::port::Standing) -> Self {
        match standing {
            engine::port::Standing::Active => Standing::Active,
            engine::port::Standing::Inactive => Standing::Inactive,
            engine::port::Standing::Broken => Standing::Broken,
        }
    }
}

/// What a backend answered when it was asked whether its target is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pong {
    /// `done`: it is there.
    #[schema(value_type = schema::OutcomeKind)]
    pub kind: OutcomeKind,
    /// Numeric status.
    pub status: i32,
    /// What the backend said.
    pub message: Option<String>,
    /// Its answer, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The last part of what it wrote beside its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

impl From<Outcome> for Pong {
    fn from(outcome: Outcome) -> Self {
        let Outcome { kind, status, message, data, log, .. } = outcome;
        Pong { kind, status, message, data, log }
    }
}

/// What a reload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReloadReport {
    /// How many backends there are now.
    pub backends: usize,
    /// What is in use, and in trouble: one sentence each.
    pub warnings: Vec<String>,
    /// Settings that changed and take effect at the next start.
    pub needs_restart: Vec<String>,
}

impl fmt::Display for Finding {
    /// One sentence: file, line, what is wrong, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        write!(f, "{}{line}: {}; {}", self.file, self.what, self.remedy)
    }
}

/// What was found in the folder of backends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckReport {
    /// The folder.
    pub folder: String,
    /// How many backends lie there.
    pub backends: usize,
    /// How many beside these are a part of the program.
    #[serde(default)]
    pub native: usize,
    /// All that is wrong with them.
    pub problems: Vec<Finding>,
    /// What they ask over HTTP meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Reached>,
}

impl CheckReport {
    /// How many problems keep something from being used, and how many do not.
    pub fn counted(&self) -> (usize, usize) {
        let errors = self.problems.iter().filter(|finding| finding.severity == Severity::Error).count();
        (errors, self.problems.len() - errors)
    }
}

/// Something that is asked over HTTP meanwhile, as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dependency {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What it is needed for.
    pub why: String,
}

impl From<model::Dependency> for Dependency {
    fn from(declared: model::Dependency) -> Self {
        let model::Dependency { name, url, why } = declared;
        Dependency { name, url, why }
    }
}

/// What a backend depends on, and whether it answered just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reached {
    /// The backend.
    pub backend: String,
    /// What it depends on.
    #[serde(flatten)]
    pub dependency: Dependency,
    /// Whether it answered, whatever it said.
    pub reachable: bool,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Something wrong with a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// The file or folder it is about; of a backend that is a part of the program, its name.
    pub file: String,
    /// The line, from 1, where it is in a file that was read.
    pub line: Option<u64>,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

words! {
    /// How much a problem matters.
    Severity, "severity" {
        /// Something will not run.
        Error = "error",
        /// It runs, and perhaps not as meant.
        Warning = "warning",
    }
}

/// Whether the process answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// Whether the hub can take work, and which part of it cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Whether all parts are ready.
    pub ready: bool,
    /// The parts.
    pub parts: Vec<Part>,
}

/// A part of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it is ready.
    pub ready: bool,
    /// The hub does its work without it: it is shown, and does not count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Why it is not, or what else is to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl From<engine::LinkView> for Part {
    fn from(view: engine::LinkView) -> Self {
        let engine::LinkView { name, kind, connected, note, last_error, .. } = view;
        let why = if connected { note } else { last_error };
        Part { name: format!("{kind} {name}"), ready: connected, optional: kind == DEPENDENCY, why }
    }
}
