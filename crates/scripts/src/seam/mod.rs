//! What the hub sees of this module.

mod carriers;
mod command;
mod config;
mod examine;
mod read;

use std::time::Duration;

use anyhow::Result;
use module::config::SectionKind;
use module::{About, Command, Declaration, Module, Offer, Told};
use serde_json::Value;

use command::debug::Debug;
use command::new::New;

use crate::worker;

pub use config::Backends;

/// The hub's own subcommand beside whose subcommands ours stand.
const BACKENDS: &str = "backends";

/// How long the workers may take to be gone when all else has ended: each has a grace, and is then ended by force.
const LAST_WAIT: Duration = Duration::from_mins(1);

/// Script backends.
#[derive(Clone, Copy, Debug)]
pub struct Scripts;

impl Module for Scripts {
    fn launch(&self) {
        crate::host();
    }

    fn leave(&self) {
        if !worker::close(LAST_WAIT) {
            tracing::error!("workers could not be ended");
        }
    }

    fn about(&self) -> About {
        let new = "Make the folder of a new backend that works and can be filled in";
        let debug = "Run one script exactly as the hub does, and show everything it was given and said";
        About {
            sections: vec![SectionKind::of::<Backends>(&[])],
            commands: vec![
                Command::one(BACKENDS, "new", new, |typed: New, desk| {
                    Box::pin(command::new::run(typed, desk))
                }),
                Command::one(BACKENDS, "debug", debug, |typed: Debug, desk| {
                    Box::pin(command::debug::run(typed, desk))
                }),
            ],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn offer(&self, told: &Told) -> Result<Offer> {
        read::offer(told)
    }

    fn documents(&self, told: &Told) -> Vec<Value> {
        read::documents(told)
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        say.checks.push(Box::pin(examine::all(told.clone())));
        Ok(())
    }
}
