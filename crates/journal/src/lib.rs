//! The journal: the only durable memory of the hub.
//!
//! [`Journal`] is the interface, in domain words; SQLite or PostgreSQL is behind it, and both pass the
//! conformance suite in `tests/`. Every write is durable (fsynced) before its future resolves. Writes of a moment
//! are committed together; one that fails does not fail its neighbours. No SQL is spoken outside this crate.
#![forbid(unsafe_code)]

mod aad;
mod address;
mod api;
mod carry;
mod change;
mod code;
mod crash;
mod damage;
mod entry;
mod error;
mod folder;
mod health;
mod hubs;
mod key;
mod life;
mod lock;
mod look;
mod node;
mod open;
mod opened;
mod options;
#[cfg(feature = "postgres")]
mod postgres;
mod random;
mod renewal;
mod report;
mod rules;
mod seal;
mod sealed;
mod sqlite;
mod text;
mod unlock;
mod way;

pub use address::Address;
pub use api::{
    Acceptance, Answer, AttemptOutput, BoxFuture, CauseTally, Committed, Count, DeadTally, DeliveryFilter,
    Due, EntityFilter, EntityPage, Filter, Journal, Keep, Listing, Match, Naming, Observer, OpenAttempt,
    Order, Page, Prepared, Read, RecordBody, RecordFilter, Renewal, Tally, Waiting, Whose, Write,
};
pub use carry::{Carried, Progress, carry};
pub use change::{
    AttemptEnd, AttemptStart, Change, EffectSet, Expect, ExternalId, Fate, JobChange, Mark, NewEvent, NewJob,
    NewRecord, NewStep, Over, Pruned, Retention, Scrub, StepChange, is_name, is_named,
};
pub use crash::crash_point;
pub use damage::{Burial, Damaged, Grave, Spot};
pub use entry::Entry;
pub use error::Error;
pub use hubs::{Differences, Drain, Hubs, Told};
pub use key::{Key, Keys};
pub use life::Life;
pub use look::Look;
pub use node::{End, LeadsReceiver, Node, NodeRole, Nodes, NodesReceiver, Standing, StandingReceiver};
pub use open::{identify, open};
pub use options::Options;
#[cfg(feature = "postgres")]
pub use postgres::{Database, Promises, promises};
pub use report::{Difference, Report};
pub use rules::dead::id_of as cause_id;
pub use sqlite::{Restored, restore};
