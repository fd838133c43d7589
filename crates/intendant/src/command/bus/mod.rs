//! `intendant bus …`.

mod catalogue;
mod moving;

use anyhow::{Result, anyhow};
use bus::envelope::{Kind, Message, Version};
use bus::route::{Pattern, Routes};
use bus::{RawMessage, Settings};
use model::json;
use serde_json::json;

use crate::buses;
use crate::cli::{Bus, BusDeclare, BusPublish, BusTail, BusWhich};
use crate::config::Loaded;
use crate::context::Context;
use crate::document;
use crate::exit::{Exit, misuse};
use crate::render::Mark;

/// Carries out one of them.
pub async fn run(command: Bus, context: &Context) -> Result<Exit> {
    match command {
        Bus::Declare(args) => declare(args, context).await,
        Bus::Publish(args) => publish(args, context).await,
        Bus::Tail(args) => tail(args, context).await,
        Bus::Catalogue(args) => catalogue::run(args, context).await,
        Bus::Move(args) => moving::run(args, context).await,
    }
}

/// The bus that is meant.
fn chosen(which: &BusWhich, loaded: &Loaded, context: &Context) -> Result<(Settings, Routes)> {
    let mut all = buses::configured(&loaded.config, context.environment())?;
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

async fn declare(args: BusDeclare, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let (settings, routes) = chosen(&args.which, &loaded, context)?;
    let notes = bus::declare(&settings, &routes).await?;
    let is_whole = notes.iter().all(|note| !note.is_missing);
    if args.which.json {
        let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        context.screen.json(&json!({ "bus": settings.name, "complete": is_whole, "notes": texts }))?;
        return Ok(Exit::of(is_whole));
    }
    for note in &notes {
        context.screen.marked(if note.is_missing { Mark::Bad } else { Mark::Warn }, &note.text)?;
    }
    if is_whole {
        let queue = settings.queue();
        context
            .screen
            .marked(Mark::Good, format!("{queue} is there, on RabbitMQ at {}", settings.address))?;
    } else {
        context.screen.remark("`intendant doctor` says which rights are lacking, and how they are granted");
    }
    Ok(Exit::of(is_whole))
}

async fn publish(args: BusPublish, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let (settings, routes) = chosen(&args.which, &loaded, context)?;
    let text = document::read(&args.file, loaded.config.requests.max_size.0)?;
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
            context.screen.remark(format!("no route of ours takes {}: its data is not checked", args.key));
        }
    }
    let now = context.clock.now();
    let message = Message {
        version,
        id: Some(context.clock.delivery_id(now).0.to_string()),
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
    bus::publish(&settings, exchange, &message).await?;
    let id = message.id.unwrap_or_default();
    if args.which.json {
        context
            .screen
            .json(&json!({ "id": id, "exchange": exchange, "routing_key": message.routing_key }))?;
    } else {
        context
            .screen
            .marked(Mark::Good, format!("{} published on {exchange} as {id}", message.routing_key))?;
    }
    Ok(Exit::Done)
}

async fn tail(args: BusTail, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let (settings, _) = chosen(&args.which, &loaded, context)?;
    let pattern = Pattern::new(&args.key);
    let mut tail = bus::Tail::open(&settings).await?;
    context.screen.remark(format!("listening on {} at {}", settings.log_exchange, settings.address));
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
            context.screen.json(&json!({ "raw": raw, "message": message, "error": error }))?;
        } else {
            context.screen.line(line(&raw, read))?;
        }
    }
    Ok(Exit::Done)
}

/// A message in one line, for people.
fn line(raw: &RawMessage, read: Result<Message, bus::envelope::Poison>) -> String {
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
