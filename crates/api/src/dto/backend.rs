//! Backends, and the actions that they implement.

use model::{Class, Code, Destructive, JobId, Outcome, OutcomeKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::schema;
use http::Time;

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
