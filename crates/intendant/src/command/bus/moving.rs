//! `intendant bus move`: dead letters go back to the bus.

use anyhow::{Context as _, Result, anyhow, bail};
use bus::{RawMessage, Settings};
use model::{JobId, JobState, RecordKind, SecretSet, masked_pointers, put_back};
use serde::Deserialize;
use serde_json::{Value, json};

use super::chosen;
use crate::cli::{BusDead, BusMove};
use crate::command::offline;
use crate::config::Loaded;
use crate::context::Context;
use crate::exit::{Exit, sentence};
use crate::render::Mark;

/// Where they go.
struct Way<'a> {
    settings: &'a Settings,
    exchange: &'a str,
    key: Option<&'a str>,
    loaded: &'a Loaded,
    context: &'a Context,
}

pub(super) async fn run(args: BusMove, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let (settings, _) = chosen(&args.which, &loaded, context)?;
    let exchange = args.exchange.as_deref().unwrap_or(&settings.event_exchange);
    let way = Way { settings: &settings, exchange, key: args.key.as_deref(), loaded: &loaded, context };
    let mut exit = Exit::Done;
    for dead in args.dead {
        let moved = match dead {
            BusDead::Job(job) => way.job(job).await.map(|id| (format!("job {job}"), Some(id))),
            BusDead::Refusal(number) => {
                way.refusal(number).await.map(|()| (format!("refusal {number}"), None))
            }
        };
        match moved {
            Ok((what, id)) if args.which.json => {
                context.screen.json(&json!({ "moved": what, "exchange": exchange, "id": id }))?;
            }
            Ok((what, id)) => {
                let new = id.map(|id| format!(" as {id}")).unwrap_or_default();
                context.screen.marked(Mark::Good, format!("{what} published on {exchange}{new}"))?;
            }
            Err(error) => {
                context.screen.fail(sentence(&error));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}

impl Way<'_> {
    /// A failed job, as a new message. Returns its id.
    async fn job(&self, job: JobId) -> Result<String> {
        /// What the engine keeps as a job's body.
        #[derive(Deserialize)]
        struct Envelope {
            body: Value,
        }

        let look = offline::look(self.loaded, self.context)?;
        let prepared = look.job(job)?.ok_or_else(|| anyhow!("there is no job {job}"))?;
        if !matches!(prepared.job.state, JobState::Failed | JobState::Cancelled) {
            bail!("job {job} is {}: only failed and cancelled ones are moved", prepared.job.state.as_str());
        }
        let unreadable = || format!("job {job} cannot be read back");
        let Envelope { mut body } = serde_json::from_slice(&prepared.body).with_context(unreadable)?;
        if let Some(secrets) = &prepared.secrets {
            put_back(&mut body, &SecretSet::from_bytes(secrets)?);
        }
        let missing = masked_pointers(&body);
        if !missing.is_empty() {
            let missing = missing.join(", ");
            bail!("the secrets of job {job} are no longer kept ({missing}): retry it with --set instead");
        }
        let replies: Vec<Value> =
            prepared.replies.iter().filter_map(|reply| serde_json::from_slice(reply).ok()).collect();
        let now = self.context.clock.now();
        let id = self.context.clock.delivery_id(now).0;
        let moved = bus::moved(self.settings, &prepared.job, &body, &replies, id, now);
        let mut message = moved.ok_or_else(|| anyhow!("job {job} came from no message of a bus"))?;
        message.routing_key = self.key.map_or(message.routing_key, str::to_owned);
        bus::publish(self.settings, self.exchange, &[message]).await?;
        Ok(id.to_string())
    }

    /// A refused message, as it came.
    async fn refusal(&self, number: i64) -> Result<()> {
        let found = offline::look(self.loaded, self.context)?.record(number)?;
        let (_, raw) = found
            .filter(|(record, _)| record.kind == RecordKind::Refusal)
            .ok_or_else(|| anyhow!("there is no refusal {number}"))?;
        let mut raw =
            RawMessage::from_bytes(&raw).map_err(|why| anyhow!("refusal {number}: {}", why.message))?;
        raw.routing_key = self.key.map_or(raw.routing_key, str::to_owned);
        Ok(bus::publish_raw(self.settings, self.exchange, &raw).await?)
    }
}
