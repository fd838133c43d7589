//! The front door for Sesame's orchestrator: a BullMQ worker on Redis or Valkey that journals before it works.
//!
//! A [`Source`] takes jobs eagerly, hands each to the hub, and holds it in Redis as *active* under a lock that it
//! keeps renewing. What runs when is the hub's matter. The result goes back as a delivery, which completes the BullMQ
//! job. Whatever is lost in between, connection, Redis or hub, the journal knows what was accepted, and the queue what
//! was not answered; both meet again by the job's id.
#![forbid(unsafe_code)]

mod answer;
mod built_in;
mod connection;
mod courier;
mod decode;
mod error;
mod examine;
mod held;
mod intake;
mod keep;
mod keys;
mod live;
mod queue;
mod reactor;
mod reclaim;
mod script;
mod seam;
mod server;
mod session;
mod settings;
mod source;
mod twins;

pub use built_in::BuiltIn;
pub use error::Error;
pub use examine::{Examined, examine};
pub use seam::{Sesame, SesameSource};
pub use settings::{Address, Settings};
pub use source::Source;
pub use twins::{Twins, twins};
