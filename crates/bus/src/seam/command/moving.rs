//! `intendant bus move`: dead letters go back to the bus.

use crate::api::Move;
use crate::client;
use anyhow::Result;

use super::super::typed::{Dead, Move as Typed};
use module::Desk;
use module::exit::{Exit, sentence};
use module::terminal::Mark;

/// Has the hub send them, one after the other: it marks each, and its audit says who wanted it.
pub(super) async fn run(args: Typed, desk: &dyn Desk) -> Result<Exit> {
    let hub = desk.client()?;
    let mut exit = Exit::Done;
    for dead in args.dead {
        let (job, refusal) = match dead {
            Dead::Job(job) => (Some(job), None),
            Dead::Refusal(number) => (None, Some(number)),
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
            Ok(gone) if args.which.json => desk.screen().json(&gone)?,
            Ok(gone) => {
                let new = gone.id.map(|id| format!(" as {id}")).unwrap_or_default();
                let told =
                    format!("{} published on {} under {}{new}", gone.moved, gone.exchange, gone.routing_key);
                desk.screen().marked(Mark::Good, told)?;
            }
            Err(error) => {
                desk.screen().fail(sentence(&error.into()));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
