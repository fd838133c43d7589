//! The words of Intendant as types, and the engine's own pure rules.
//!
//! Nothing here does I/O, waits, reads a clock or draws a random number: time, ids and jitter are arguments.
//! The words are those of the field (design §3) and mean the same in code, API, console and documentation.
#![forbid(unsafe_code)]

pub mod action;
pub mod effect;
pub mod id;
pub mod job;
pub mod mask;
pub mod outcome;
pub mod plan;
pub mod request;
pub mod state;
pub mod word;

pub use action::{ActionSpec, Destructive, RetryPolicy};
pub use effect::{Delivery, DeliveryId, DeliveryTo, Effects, Entity, EntityKey, EntityWrite, NewDelivery};
pub use id::{JobId, RunMark, Seq};
pub use job::{Attempt, Event, EventKind, Job, Record, RecordKind, Step};
pub use outcome::{Notice, Outcome, OutcomeKind};
pub use plan::{Next, OnError};
pub use request::{Refusal, Request};
pub use state::{DeliveryState, JobState, StepState};
pub use word::{Class, Code, Subject};
