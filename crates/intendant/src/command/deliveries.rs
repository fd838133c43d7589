//! `intendant jobs deliveries …`.

use std::collections::BTreeSet;

use anyhow::Result;
use api::dto::{self, Delivery, DeliveryQuery, RecordQuery};
use model::DeliveryState;
use uuid::Uuid;

use super::pages;
use crate::cli::{Deliveries, DeliveryList, DropDeliveries, Resend, WhichDeliveries};
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{Align, Mark, Table};

/// Carries out one of them.
pub async fn run(command: Deliveries, context: &Context) -> Result<Exit> {
    match command {
        Deliveries::List(args) => list(args, context).await,
        Deliveries::Causes(args) => {
            let told = context.client()?.delivery_causes().await?;
            super::dead::letter_causes(&told, "COURIER", args.json, context)
        }
        Deliveries::Retry(args) => retry(args, context).await,
        Deliveries::Drop(args) => discard(args, context).await,
    }
}

async fn list(args: DeliveryList, context: &Context) -> Result<Exit> {
    let DeliveryList { limit, before, state, courier, address, cause, json } = args;
    let which = DeliveryQuery { state: Some(state), courier, address, cause };
    let client = context.client()?;
    let page =
        async |before, limit| client.deliveries(&which, &RecordQuery { before, limit: Some(limit) }).await;
    let page = pages::whole(limit, before, context, page).await?;
    let screen = &context.screen;
    if json {
        screen.json(&page)?;
        return Ok(Exit::Done);
    }
    for row in &page.damaged {
        screen.marked(Mark::Bad, format!("{} cannot be read: {}", row.what, row.why))?;
    }
    if !page.deliveries.is_empty() {
        screen.table(&table(&page.deliveries, context))?;
    } else if page.damaged.is_empty() {
        screen.remark("no delivery fits");
    }
    if let Some(next) = page.next {
        screen.remark(format!("older ones: the same with --before {next}"));
    }
    Ok(Exit::Done)
}

fn table(deliveries: &[Delivery], context: &Context) -> Table {
    let mut table = Table::new([
        ("DELIVERY", Align::Left),
        ("COURIER", Align::Left),
        ("ADDRESS", Align::Left),
        ("STATE", Align::Left),
        ("TRIES", Align::Right),
        ("WHY", Align::Left),
    ]);
    for delivery in deliveries {
        let why = delivery.message.as_deref().filter(|_| delivery.state != DeliveryState::Delivered);
        table.row([
            delivery.id.to_string().into(),
            (&delivery.courier).into(),
            (&delivery.address).into(),
            context.screen.say(delivery.state.as_str()).into(),
            delivery.attempts.to_string().into(),
            context.screen.say(why.unwrap_or("-")).into(),
        ]);
    }
    table
}

async fn retry(args: Resend, context: &Context) -> Result<Exit> {
    let WhichDeliveries { ids, all, courier, address, cause } = args.which;
    let named = distinct(&ids);
    let asked = dto::Resend { ids, all, courier, address, cause };
    let settled = context.client()?.retry_deliveries(&asked).await?;
    told(settled, named, "to be sent again", args.json, context)
}

async fn discard(args: DropDeliveries, context: &Context) -> Result<Exit> {
    let WhichDeliveries { ids, all, courier, address, cause } = args.which;
    let named = distinct(&ids);
    let asked = dto::DropDeliveries { ids, all, courier, address, cause, reason: args.reason };
    let settled = context.client()?.drop_deliveries(&asked).await?;
    told(settled, named, "dropped", args.json, context)
}

fn distinct(ids: &[Uuid]) -> u64 {
    ids.iter().collect::<BTreeSet<_>>().len() as u64
}

/// Says for how many it was done; where fewer than were `named`, some are not there or have not been given up.
fn told(
    settled: dto::DeliveriesSettled,
    named: u64,
    words: &str,
    json: bool,
    context: &Context,
) -> Result<Exit> {
    let left = named.saturating_sub(settled.deliveries);
    let screen = &context.screen;
    if json {
        screen.json(&settled)?;
    } else if left == 0 || settled.deliveries > 0 {
        let counted = match settled.deliveries {
            1 => "1 delivery".to_owned(),
            n => format!("{n} deliveries"),
        };
        screen.marked(Mark::Good, format!("{counted} {words}"))?;
    }
    if left > 0 {
        screen.fail(format!(
            "{left} of those named are not there, or have not been given up: nothing was done to them"
        ));
    }
    Ok(Exit::of(left == 0))
}
