//! The configuration: `intendant.yml`, overridden by `INTENDANT_SECTION__KEY` in the environment.
//!
//! Every key is declared once, with its type, its default and its meaning: those of the hub in [`sections`], those of a
//! module by the module. The file, the environment, the view of what holds and the table in `docs/en/configuration.md` all
//! follow from that.

mod file;
mod load;
mod named;
mod net;
mod oidc;
mod place;
mod sections;

#[cfg(test)]
mod tests;

pub use file::parse;
pub use load::{Loaded, Origin, Shown, cold_keys, keys, load};
pub use module::config::{
    ActionEntry, Actions, Bytes, Environment, Error, Key, Named, Schema, SecretSource, Section, SectionKind,
    Sections, Value,
};
pub use net::{Listen, Networks, Site};
pub use oidc::{Oidc, Roles};
pub use place::Places;
pub use sections::{
    Config, Data, DeadLetters, Failsafe, Format, Http, Journal, Level, Log, NEED_RESTART, Output, Requests,
    Retention, Stop,
};
