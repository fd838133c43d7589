//! The command: reads configuration, composes the modules, and carries out the subcommands.
#![forbid(unsafe_code)]

pub mod buses;
pub mod cli;
pub mod command;
pub mod compose;
pub mod config;
pub mod context;
mod document;
pub mod exit;
mod keyring;
pub mod logging;
pub mod marker;
pub mod noop;
mod notify;
mod oidc;
mod profile;
pub mod register;
pub mod render;
pub mod role;
pub mod screen;
mod signals;
pub mod sources;
mod telemetry;
pub mod webhooks;
