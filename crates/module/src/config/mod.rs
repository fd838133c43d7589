//! Sections of the configuration, as everybody declares and reads them.
//!
//! Every key is declared once, with its type, its default and its meaning ([`crate::section!`]); the file, the environment,
//! the view of what holds and the table in the guide all follow from that.

mod action;
mod dependency;
mod environment;
mod error;
mod foreign;
mod held;
mod named;
mod secret;
pub mod section;
pub mod value;

pub use action::{ActionEntry, Actions, RetryRule, Schema, SubjectRule};
pub use environment::Environment;
pub use error::{Error, nearest};
pub use foreign::refuse_foreign;
pub use held::{Homes, Instance, Root, SectionKind, Sections, Unfit};
pub use named::Named;
pub use secret::SecretSource;
pub use section::{Key, Section};
pub use value::{Bytes, TimeLimit, Value, instead};
