//! The register of identities: documents with a state, imported and edited, and the button
//! that synchronises them with the backends.
//!
//! Documents are passed through. What moves a state is a person, an edit, or the end of a job, which [`Follow`] tells
//! in the same commit. [`Register`] is the handle that the API, the pages and the schedule hold.
#![forbid(unsafe_code)]

mod actions;
pub mod api;
pub mod client;
pub mod directory;
pub mod document;
mod error;
pub mod fingerprint;
pub mod form;
pub mod identity;
pub mod import;
pub mod pages;
mod reactor;
pub mod register;
pub mod request;
mod right;
pub mod run;
pub mod schedule;
pub mod schema;
mod seam;
pub mod state;

pub use actions::actions;
pub use error::Error;
pub use reactor::Follow;
pub use register::Register;
pub use request::{RETRY, SOURCE};
pub use right::{READ, ReadIdentities, SCOPE};
pub use seam::Identities;
