//! What the hub sees of this module.

mod config;
mod mail;
mod traces;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use engine::port::BoxFuture;
use engine::{Clock, Hub};
use module::config::{Named, SectionKind};
use module::{About, Declaration, Module, Running, Told};

use crate::mail::Mail;
use crate::trace::{Telling, Traces};
use crate::{COURIER, Webhooks};
use config::{Mail as MailSection, Telemetry, Webhook};

/// Webhooks, mail, and traces for a collector. Joins last: traces follow whatever leaves, by whichever courier.
#[derive(Clone, Copy, Debug)]
pub struct Notify;

impl Module for Notify {
    fn about(&self) -> About {
        About {
            sections: vec![
                SectionKind::of::<MailSection>(config::MAIL_COLD),
                SectionKind::of::<Telemetry>(config::TELEMETRY_COLD),
                SectionKind::of::<Named<Webhook>>(config::WEBHOOKS_COLD),
            ],
            ..About::default()
        }
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let hooks = webhooks::configured(&told.sections.get(), &told.environment)?;
        let collector = traces::collector(&told.sections.get(), &told.environment)?;
        let relay = mail::relay(&told.sections.get(), &told.environment)?;
        say.on_start(move |ground, setup| {
            setup.couriers.insert(crate::mail::COURIER.to_owned(), Arc::new(Mail::new(relay)));
            let clock: &Clock = ground.clock;
            // What was to leave when the last one was taken out of the configuration is then given up, and seen.
            let webhooks = Arc::new(Webhooks::new(hooks, clock.clone()).context("preparing the webhooks")?);
            setup.reactors.push(Arc::clone(&webhooks) as _);
            setup.couriers.insert(COURIER.to_owned(), webhooks);
            let traces = match collector {
                Some(collector) => {
                    tracing::info!(url = collector.url, "traces go to {}", collector.url);
                    Some(Traces::new(collector, clock.clone()).context("preparing the traces")?)
                }
                None => None,
            };
            if let Some(traces) = &traces {
                traces.watch(&mut setup.couriers);
            }
            Ok(Tracing { traces: Mutex::new(traces), telling: Mutex::default() })
        });
        Ok(())
    }
}

/// The traces of a hub that runs.
struct Tracing {
    traces: Mutex<Option<Traces>>,
    telling: Mutex<Option<Telling>>,
}

impl Running for Tracing {
    fn start(&self, hub: &Hub) {
        let traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner).take();
        *self.telling.lock().unwrap_or_else(PoisonError::into_inner) =
            traces.map(|traces| traces.start(hub.clone()));
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async {
            if let Some(telling) = telling {
                telling.close().await;
            }
        })
    }
}
