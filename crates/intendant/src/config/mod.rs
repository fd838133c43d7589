//! The configuration: `intendant.yml`, overridden by `INTENDANT_SECTION__KEY` in the environment.
//!
//! Every key is declared once, in [`sections`] or [`action`], with its type, its default and its meaning; the file,
//! the environment, the view of what holds and the table in `docs/en/configuration.md` all follow from that.

mod action;
mod bus;
mod environment;
mod error;
mod file;
mod load;
mod named;
mod net;
mod oidc;
mod place;
mod secret;
mod section;
mod sections;
mod value;

#[cfg(test)]
mod tests;

pub use action::{ActionEntry, Actions, RetryRule, Schema, SubjectRule};
pub use bus::{BusRoute, BusSource, Sasl};
pub use environment::Environment;
pub use error::Error;
pub use file::parse;
pub use load::{Loaded, Origin, Shown, load};
pub use named::Named;
pub use net::{Listen, Networks, Site};
pub use oidc::{Oidc, Roles};
pub use place::Places;
pub use secret::SecretSource;
pub use section::{Key, Section};
pub use sections::{
    Backends, Config, Data, DeadLetters, Failsafe, Format, Http, Level, Log, NEED_RESTART, Requests,
    Retention, SesameSource, Stop, Telemetry, Webhook,
};
pub use value::{Bytes, TimeLimit, Value};
