//! The road of a request: intake, dispatcher, transitions, outbox, and the ports that modules implement.
//!
//! [`Hub`] is the one handle that sources, HTTP and commands hold. It is made from an open journal and a [`Setup`]
//! that modules fill with backends, actions, reactors and couriers.
#![forbid(unsafe_code)]

mod carry;
pub mod clock;
mod desk;
pub mod door;
mod error;
mod intake;
mod lasting;
pub mod port;
mod state;
mod work;

pub use carry::carry;
pub use clock::Clock;
pub use desk::aside::Refusals;
pub use desk::audit::{Actor, AuditEntry, CHANGED, Changed};
pub use desk::backends::{BackendView, WindowsView};
pub use desk::catalogue::ActionView;
pub use desk::chore::Chore;
pub use desk::debt::Debt;
pub use desk::deliveries::Dead;
pub use desk::failsafe::{Decided, FailsafeView, HeldSet};
pub use desk::hub::{Accepted, Hub};
pub use desk::letters::{LetterCause, LetterCauses};
pub use desk::link::{Link, LinkView, Pacer, Up};
pub use desk::list::WaitsFor;
pub use desk::many::{Cancellations, Retried, Which};
pub use desk::matters::{BackendMatter, Matter};
pub use desk::moved::{Letter, Moved};
pub use desk::name::Names;
pub use desk::operate::Cancelled;
pub use desk::refusals::Resubmitted;
pub use desk::replay::Replay;
pub use desk::story::{JobResult, Story};
pub use desk::write::Writes;
pub use error::Error;
pub use intake::Why;
pub use intake::table::{Action, ActionTable, BadSchema};
pub use lasting::Lasting;
pub use schema::Schema;
pub use state::chores::{ChoreView, Failing};
pub use state::copies::Follower;
pub use state::core::{Keep, Limits, Setup};
pub use state::edit::Edit;
pub use state::failsafe::{Decision, Verdict};
pub use state::long::LongRun;
pub use state::running::Report;
pub use state::stats::{BOUNDS, BackendStats, DeliveryStats, Failure, Histogram, Range, Stats, Stretch};
pub use state::wiring::{Wiring, wiring};
pub use work::chore::Trouble;
pub use work::log::JOBS;
pub use work::ping::PING;
