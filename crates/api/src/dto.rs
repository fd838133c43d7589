//! What goes over the wire, for server and client alike. Nothing secret is in it.

mod ask;
mod backend;
mod check;
mod damaged;
mod dead;
mod failsafe;
mod hub;
mod job;
mod letters;
mod node;
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
    CancelMany, DeliveryQuery, EventQuery, ExportFormat, Filter, JobOrder, JobQuery, RecordQuery,
    RefusalQuery, Replay, ReplayMany, WaitingFor,
};
pub use backend::{
    ActionView, Backend, BackendFigures, Concurrency, Dependency, Failure, Pong, Standing, Windows,
};
pub use check::{CheckReport, Finding, Reached, ReloadReport, Severity};
pub use damaged::{Damaged, damaged};
pub use dead::{Aside, AsideMany, AsideRefusals, Cause, Causes, Failed};
pub use failsafe::{Audited, Count, Decide, Decided, Decision, Failsafe, HeldJobs, HeldSet, Setting};
pub use http::Time;
pub use hub::{Health, Link, Oldest, Part, Readiness, Status, Tally};
pub use job::{Event, Exported, Job, JobCount, JobPage, Record, RecordPage, Refused};
pub use letters::{
    DeliveriesSettled, DropDeliveries, LetterCause, LetterCauses, RefusedAgain, Resend, ResubmitMany,
    ResubmittedMany,
};
pub use node::{Node, NodeRole, Nodes};
pub use progress::{News, Progress, ProgressKind};
pub use story::{Attempt, Delivery, DeliveryPage, Moved, Step, Story, Waiting};
pub use submit::{
    Acceptance, BatchLine, CancelReport, CancelledMany, Cancelling, RefusedReplay, Replayed, ReplayedMany,
    Submitted, Waited,
};
