//! Telling others what happened. Webhooks: each event of a job that somebody wants to know of is a delivery of the
//! outbox, posted as JSON and signed as the Standard Webhooks specification describes, until the other side has it.
//! Mail: letters of any module, handed to a relay.
//! Alerts: mails to those who look after the hub, about what needs a person.
//! Traces: the story of each job as spans, posted to a collector of OpenTelemetry.
#![forbid(unsafe_code)]

mod alert;
mod event;
mod hook;
pub mod mail;
mod post;
mod seam;
mod sign;
pub mod trace;

pub use event::EventType;
pub use hook::{COURIER, Hook, Webhooks};
pub use seam::Notify;
pub use sign::{BadSecret, SigningKey};
