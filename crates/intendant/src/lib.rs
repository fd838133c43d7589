//! The command: reads configuration, composes the modules, and carries out the subcommands.
#![forbid(unsafe_code)]

pub mod address;
pub mod assembly;
pub mod carry_out;
pub mod cli;
pub mod command;
pub mod compose;
pub mod config;
pub mod context;
mod keyring;
pub mod logging;
pub mod marker;
pub mod modules;
pub mod noop;

mod oidc;
pub mod plan;
mod profile;
#[cfg(feature = "postgres")]
mod promises;
pub mod render;
pub mod role;
mod signals;
mod systemd;

use module::document;

/// What becomes of the hub's own messages in French.
pub const FRENCH: [&str; 4] = [
    include_str!("../texts/help.fr.po"),
    include_str!("../texts/output.fr.po"),
    include_str!("../texts/errors.fr.po"),
    include_str!("../texts/settings.fr.po"),
];
pub use module::exit;
