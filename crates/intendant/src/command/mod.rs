//! What the subcommands do, one module for each group.

pub mod backends;
pub mod backup;
mod batch;
pub mod check;
pub mod completions;
pub mod config;
pub mod dead;
pub mod deliveries;
pub mod doctor;
pub mod failsafe;
pub(crate) mod find;
mod follow;
pub mod jobs;
pub mod journal;
pub mod key;
pub mod login;
pub mod manual;
pub mod nodes;
pub(crate) mod offline;
pub mod refusals;
mod reload;
pub mod retry;
pub mod run;
pub mod serve;
pub mod submit;
pub mod token;
pub mod watch;
