//! `intendant sesame-daemon`: serves in the place of Sesame's daemon.

use anyhow::{Result, anyhow};

use super::serve;
use crate::cli::Serve;
use crate::context::Context;
use crate::exit::{Exit, whole};
use crate::role::SesameDaemon;

/// Serves until told to stop. What is wrong with the settings ends it with 1, as it ends the original: its unit knows
/// no other code.
pub async fn run(args: Serve, context: &Context) -> Result<Exit> {
    let served = match SesameDaemon::read(context.environment()) {
        Ok(daemon) => serve::run(args, &context.in_the_place_of(daemon)).await,
        Err(error) => Err(error),
    };
    served.map_err(|error| anyhow!(whole(&error)))
}
