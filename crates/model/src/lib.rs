//! The words of Intendant as types, and the engine's own pure rules.
//!
//! Nothing here does I/O, waits, reads a clock or draws a random number: time, ids and jitter are arguments.
//! The words are those of the field and mean the same in code, API, console and documentation.
#![forbid(unsafe_code)]

pub mod action;
pub mod believe;
pub mod body;
pub mod breaker;
pub mod cause;
pub mod chore;
pub mod composed;
pub mod cursor;
pub mod dependency;
pub mod diff;
pub mod effect;
pub mod failsafe;
pub mod hold;
pub mod id;
pub mod job;
pub mod json;
pub mod mask;
pub mod name;
pub mod order;
pub mod outcome;
pub mod patience;
pub mod plan;
pub mod progress;
pub mod rate;
pub mod redact;
pub mod request;
pub mod retry;
pub mod secret;
pub mod source;
pub mod state;
pub mod text;
pub mod times;
pub mod trace;
pub mod wait;
pub mod windows;
pub mod word;

pub use action::{ActionSpec, Destructive, RetryPolicy};
pub use body::null_to_empty;
pub use breaker::{Breaker, BreakerRule};
pub use cause::{Cause, CauseId};
pub use cursor::{EventSeq, EventsCursor, OutboxPlace};
pub use dependency::Dependency;
pub use effect::{Delivery, DeliveryId, DeliveryTo, Effects, Entity, EntityKey, EntityWrite, NewDelivery};
pub use failsafe::FailsafeRule;
pub use hold::Hold;
pub use id::{JobId, RunMark, Seq};
pub use job::{Attempt, Event, EventKind, Failed, Job, Record, RecordKind, Settled, Step};
pub use mask::Mask;
pub use name::Name;
pub use order::heads;
pub use outcome::{Notice, Outcome, OutcomeKind, Until, Wait, WaitFor};
pub use plan::{Next, OnError};
pub use progress::Progress;
pub use rate::{Bucket, Rate};
pub use redact::{SecretSet, masked_pointers, put_back, take_secrets};
pub use request::{Refusal, Request};
pub use retry::{SourceRetry, fits_deadline};
pub use secret::{MASK, Secret};
pub use state::{DeliveryState, JobState, StepState};
pub use times::{BadTimes, Times};
pub use wait::{Facts, Later, WaitingOn, waiting_on};
pub use windows::{BadWindow, Opening, Windows};
pub use word::{Class, Code, Subject};
