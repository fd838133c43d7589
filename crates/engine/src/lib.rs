//! The road of a request (design §2): intake, dispatcher, transitions, outbox, and the ports that modules implement.
//!
//! [`Hub`] is the one handle that sources, HTTP and commands hold. It is made from an open journal and a [`Setup`]
//! that modules fill with backends, actions, reactors and couriers.
#![forbid(unsafe_code)]

mod audit;
mod backends;
mod breaker;
mod bury;
mod cache;
mod carry;
mod catalogue;
pub mod clock;
mod copies;
mod core;
mod deliveries;
mod dispatcher;
mod ending;
mod error;
mod expiry;
mod failsafe;
mod follow;
mod hub;
mod intake;
mod keeper;
mod lasting;
mod link;
mod list;
mod log;
mod long;
mod moved;
mod operate;
mod outbox;
pub mod port;
mod progress;
mod read_back;
mod recover;
mod refusal;
mod replay;
mod report;
mod runner;
mod running;
mod settle;
mod shortage;
mod slots;
mod stats;
mod story;
mod table;
mod window;
mod wiring;
mod write;

pub use audit::{Actor, AuditEntry, CHANGED, Changed};
pub use backends::{BackendView, PING};
pub use carry::carry;
pub use catalogue::ActionView;
pub use clock::Clock;
pub use copies::Follower;
pub use core::{Keep, Limits, Setup};
pub use deliveries::Dead;
pub use error::Error;
pub use failsafe::{Decided, Decision, FailsafeView, HeldSet, Verdict};
pub use hub::{Accepted, Hub};
pub use intake::Why;
pub use lasting::Lasting;
pub use link::{Link, LinkView, Pacer, Up};
pub use list::WaitsFor;
pub use log::JOBS;
pub use long::LongRun;
pub use moved::{Letter, Moved};
pub use operate::Cancelled;
pub use replay::{Replay, Retried};
pub use report::report;
pub use stats::{BOUNDS, BackendStats, DeliveryStats, Failure, Histogram, Minute, Stats};
pub use story::{JobResult, Story};
pub use table::{Action, ActionTable, BadSchema, Schema};
pub use wiring::{Wiring, wiring};
pub use write::{Edit, Writes};
