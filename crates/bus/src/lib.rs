//! The front door for a message bus on RabbitMQ.
//!
//! A [`Source`] takes messages of one application's queue, hands each to the hub, and acknowledges it once it is on
//! disk. What runs when is the hub's matter, retries included. Replies, notifications and what supervision is told
//! leave through the outbox with the broker's confirmation. [`envelope`] reads and writes messages, [`route`] says
//! which action serves a routing key; both are pure.
#![forbid(unsafe_code)]

mod amiss;
pub mod api;
pub mod catalogue;
pub mod client;
mod connection;
mod courier;
pub mod envelope;
mod error;
mod failure;
mod frames;
mod hold;
mod intake;
mod management;
mod moved;
pub mod pages;
mod publisher;
mod raw;
mod reactor;
mod request;
mod rights;
pub mod route;
mod seam;
mod seen;
mod session;
mod settings;
mod source;
mod tell;
mod tool;
mod topology;
mod unreached;
mod watch;
mod wire;

pub use error::Error;
pub use management::{Rates, rates};
pub use raw::{Body, RawMessage};
pub use request::{History, Origin, Refused, request};
pub use seam::Bus;
pub use settings::{Access, Address, LogBody, QueueType, RETRY, Settings};
pub use source::{KIND, Source};
pub use tell::Outgoing;
pub use tool::{Examined, Lacking, Tail, declare, examine, examine_with_rights, publish};
pub use topology::Note;
