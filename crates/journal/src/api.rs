//! The journal's operations, split by use.

mod answer;
mod ask;
mod keep;
mod read;
mod told;
mod write;

use std::future::Future;
use std::pin::Pin;

pub use answer::{
    Acceptance, Answer, AttemptOutput, CauseTally, Count, DeadTally, EntityPage, Listing, OpenAttempt,
    Prepared, RecordBody, Renewal, Tally,
};
pub use ask::{
    DeliveryFilter, EntityFilter, Filter, Match, Naming, Order, Page, RecordFilter, Waiting, Whose,
};
pub use keep::Keep;
pub use read::Read;
pub use told::{Committed, Due, Observer};
pub use write::Write;

/// A boxed future, so that the trait can be used as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The durable memory, whole. Whoever needs a part of it takes that: [`Read`], [`Write`] or [`Keep`].
pub trait Journal: Read + Write + Keep {}

impl<J: Read + Write + Keep> Journal for J {}
