//! The seam between the hub and its modules.
//!
//! A [`Module`] is one crate that says all of itself in one place: what it is, whatever is configured ([`About`]); what jobs
//! run on ([`Offer`]); what the configuration makes of it ([`Declaration`]); and how it lives while the hub runs
//! ([`Running`]). The command has a list
//! of modules, and everything that concerns all of them walks that list.
//!
//! Here is also what every module that is configured or typed at needs: sections of the configuration ([`config`]), the
//! terminal ([`terminal`]) and how a command ends ([`exit`]).
#![forbid(unsafe_code)]

// Macros name it so, also within this crate.
extern crate self as module;

mod about;
mod command;
pub mod config;
mod declaration;
pub mod document;
pub mod exit;
mod finder;
mod finding;
pub mod interrupt;
mod native;
mod offer;
mod order;
pub mod patience;
mod role;
mod running;
pub mod terminal;

pub use about::{About, Module, Program, Told};
pub use command::{Answer, Command, Desk, Ended};
pub use declaration::{Declaration, Ground, SourceName};
pub use engine::Chore;
pub use finder::{Finder, Found};
pub use finding::{Finding, Level};
pub use native::{Native, native};
pub use offer::{Needed, Offer};
pub use role::{Place, Put, Role, Said, Settings};
pub use running::{Around, Panel, Running, Served, Swap};
