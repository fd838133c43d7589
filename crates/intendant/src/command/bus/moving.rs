//! `intendant bus move`: dead letters go back to the bus.

use anyhow::Result;
use bus::api::Move;
use bus::client;

use crate::cli::{BusDead, BusMove};
use crate::context::Context;
use crate::exit::{Exit, sentence};
use crate::render::Mark;

/// Has the hub send them, one after the other: it marks each, and its audit says who wanted it.
pub(super) async fn run(args: BusMove, context: &Context) -> Result<Exit> {
    let hub = context.client()?;
    let mut exit = Exit::Done;
    for dead in args.dead {
        let (job, refusal) = match dead {
            BusDead::Job(job) => (Some(job), None),
            BusDead::Refusal(number) => (None, Some(number)),
        };
        let asked = Move {
            job,
            refusal,
            bus: args.which.bus.clone(),
            exchange: args.exchange.clone(),
            routing_key: args.key.clone(),
            again: args.again,
        };
        match client::move_letter(&hub, &asked).await {
            Ok(gone) if args.which.json => context.screen.json(&gone)?,
            Ok(gone) => {
                let new = gone.id.map(|id| format!(" as {id}")).unwrap_or_default();
                let told =
                    format!("{} published on {} under {}{new}", gone.moved, gone.exchange, gone.routing_key);
                context.screen.marked(Mark::Good, told)?;
            }
            Err(error) => {
                context.screen.fail(sentence(&error.into()));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
