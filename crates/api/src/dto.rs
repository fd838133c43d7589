//! What goes over the wire, for server and client alike. Nothing secret is in it.

mod ask;
mod damaged;
mod dead;
mod failsafe;
mod hub;
mod job;
mod progress;
pub(crate) mod schema;
mod story;
mod submit;

pub use access::dto::{
    AccountChange, AccountView, MadeLink, MadeToken, Me, NewAccount, NewLink, NewToken, TokenView,
};
pub(crate) use ask::PAGE;
pub(crate) use ask::which;
pub use ask::{
    CancelMany, EventQuery, ExportFormat, Filter, JobQuery, RecordQuery, Replay, ReplayMany, WaitingFor,
};
pub use damaged::{Damaged, damaged};
pub use dead::{Aside, AsideMany, AsideRefusals, Cause, Causes, Failed};
pub use failsafe::{Audited, Count, Decide, Decided, Decision, Failsafe, HeldJobs, HeldSet, Setting};
pub use http::Time;
pub use hub::{
    ActionView, Backend, BackendFigures, CheckReport, Concurrency, Dependency, Failure, Finding, Health,
    Link, Oldest, Part, Pong, Reached, Readiness, ReloadReport, Severity, Standing, Status, Tally,
};
pub use job::{Event, Exported, Job, JobCount, JobPage, Record, RecordPage, Refused};
pub use progress::{News, Progress, ProgressKind};
pub use story::{Attempt, DeliveriesSettled, Delivery, DeliveryPage, Moved, Settle, Step, Story, Waiting};
pub use submit::{
    Acceptance, BatchLine, CancelReport, CancelledMany, Cancelling, RefusedReplay, Replayed, ReplayedMany,
    Submitted, Waited,
};
