//! `intendant bus …`.

mod catalogue;
mod moving;

use crate::envelope::{Kind, Message, Version};
use crate::route::{Pattern, Routes};
use crate::{RawMessage, Settings};
use anyhow::{Result, anyhow};
use model::json;
use serde_json::json;

use super::settings;
use super::typed::{Bus, Declare, Publish, Tail as TailOf, Which};
use module::exit::{Exit, misuse};
use module::terminal::Mark;
use module::{Desk, document};

/// Carries out one of them.
pub(super) async fn run(command: Bus, desk: &dyn Desk) -> Result<Exit> {
    match command {
        Bus::Declare(args) => declare(args, desk).await,
        Bus::Publish(args) => publish(args, desk).await,
        Bus::Tail(args) => tail(args, desk).await,
        Bus::Catalogue(args) => catalogue::run(args, desk).await,
        Bus::Move(args) => moving::run(args, desk).await,
    }
}

/// The bus that is meant.
async fn chosen(which: &Which, desk: &dyn Desk) -> Result<(Settings, Routes)> {
    let mut all = settings::of(&desk.told().await?)?;
    let names: Vec<String> = all.iter().map(|(settings, _)| settings.name.clone()).collect();
    let place = match &which.bus {
        Some(name) => names.iter().position(|known| known == name),
        None if names.len() == 1 => Some(0),
        None => None,
    };
    match place {
        Some(place) => Ok(all.swap_remove(place)),
        None if names.is_empty() => Err(misuse(anyhow!("no bus is configured: see docs/en/bus.md"))),
        None => Err(misuse(anyhow!("name the bus with --bus: there are {}", names.join(", ")))),
    }
}

async fn declare(args: Declare, desk: &dyn Desk) -> Result<Exit> {
    let (settings, routes) = chosen(&args.which, desk).await?;
    let notes = crate::declare(&settings, &routes).await?;
    let is_whole = notes.iter().all(|note| !note.is_missing);
    if args.which.json {
        let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        desk.screen().json(&json!({ "bus": settings.name, "complete": is_whole, "notes": texts }))?;
        return Ok(Exit::of(is_whole));
    }
    for note in &notes {
        desk.screen().marked(if note.is_missing { Mark::Bad } else { Mark::Warn }, &note.text)?;
    }
    if is_whole {
        let queue = settings.queue();
        desk.screen().marked(Mark::Good, format!("{queue} is there, on RabbitMQ at {}", settings.address))?;
    } else {
        desk.screen().remark("`intendant doctor` says which rights are lacking, and how they are granted");
    }
    Ok(Exit::of(is_whole))
}

async fn publish(args: Publish, desk: &dyn Desk) -> Result<Exit> {
    let (settings, routes) = chosen(&args.which, desk).await?;
    let text = document::read(&args.file, desk.max_size()?)?;
    let data = json::read(&text).map_err(|bad| misuse(anyhow!("the data cannot be read as JSON: {bad}")))?;
    let version = if args.v2 { Version::V2 } else { Version::V1 };
    if version == Version::V1 && !data.is_object() {
        return Err(misuse(anyhow!("the data of version 1 is an object: give one, or say --v2")));
    }
    match routes.find(&args.key) {
        Some(route) => {
            let violations = route.violations(&data);
            if !violations.is_empty() {
                let violations = violations.join("; ");
                return Err(misuse(anyhow!(
                    "the data does not fit the schema of {}: {violations}",
                    args.key
                )));
            }
        }
        None => {
            desk.screen().remark(format!("no route of ours takes {}: its data is not checked", args.key));
        }
    }
    let now = desk.clock().now();
    let message = Message {
        version,
        id: Some(desk.clock().delivery_id(now).0.to_string()),
        kind: if args.key.starts_with("request.") { Kind::Request } else { Kind::Event },
        routing_key: args.key,
        sender: Some(settings.application_id.clone()),
        created: (version == Version::V1).then(|| now.to_string()),
        reply_to: args.reply_to,
        correlation_id: None,
        data,
        errors: Vec::new(),
        softfails: 0,
        headers: serde_json::Map::new(),
    };
    let exchange = args.exchange.as_deref().unwrap_or(&settings.event_exchange);
    crate::publish(&settings, exchange, &message).await?;
    let id = message.id.unwrap_or_default();
    if args.which.json {
        desk.screen().json(&json!({ "id": id, "exchange": exchange, "routing_key": message.routing_key }))?;
    } else {
        desk.screen()
            .marked(Mark::Good, format!("{} published on {exchange} as {id}", message.routing_key))?;
    }
    Ok(Exit::Done)
}

async fn tail(args: TailOf, desk: &dyn Desk) -> Result<Exit> {
    let (settings, _) = chosen(&args.which, desk).await?;
    let pattern = Pattern::new(&args.key);
    let mut tail = crate::Tail::open(&settings).await?;
    desk.screen().remark(format!("listening on {} at {}", settings.log_exchange, settings.address));
    let mut left = args.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let raw = tail.next().await?;
        if !pattern.matches(&raw.routing_key) {
            continue;
        }
        left -= 1;
        let read = raw.decode();
        if args.which.json {
            let message = read.as_ref().ok();
            let error = read.as_ref().err().map(ToString::to_string);
            desk.screen().json(&json!({ "raw": raw, "message": message, "error": error }))?;
        } else {
            desk.screen().line(line(&raw, read))?;
        }
    }
    Ok(Exit::Done)
}

/// A message in one line, for people.
fn line(raw: &RawMessage, read: Result<Message, crate::envelope::Poison>) -> String {
    let head = format!("{}  {}", raw.exchange, raw.routing_key);
    match read {
        Ok(message) => {
            let id = message.id.or(message.correlation_id).unwrap_or_else(|| "-".to_owned());
            let sender = message.sender.unwrap_or_else(|| "-".to_owned());
            format!("{head}  {} {id} from {sender}  {}", message.kind.as_str(), message.data)
        }
        Err(poison) => format!("{head}  {poison}"),
    }
}
