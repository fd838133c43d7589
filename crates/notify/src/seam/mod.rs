//! What the hub sees of this module.

mod alerts;
mod config;
mod mail;
mod traces;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use engine::port::BoxFuture;
use engine::{Clock, Hub};
use http::page::Part;
use module::config::{Named, SectionKind};
use module::{About, Around, Declaration, Module, Running, Served, Told};

use crate::alert::{self, Alerts, Pages};
use crate::mail::Mail;
use crate::trace::{self, Traces};
use crate::{COURIER, Webhooks};
use alerts::Alerting;
use config::{Alerts as AlertsSection, Mail as MailSection, Telemetry, Webhook};

/// Webhooks, mail, alerts, and traces for a collector. Joins last: traces follow whatever leaves, by whichever courier.
#[derive(Clone, Copy, Debug)]
pub struct Notify;

impl Module for Notify {
    fn about(&self) -> About {
        About {
            sections: vec![
                SectionKind::of::<AlertsSection>(config::ALERTS_COLD),
                SectionKind::of::<MailSection>(config::MAIL_COLD),
                SectionKind::of::<Telemetry>(config::TELEMETRY_COLD),
                SectionKind::of::<Named<Webhook>>(config::WEBHOOKS_COLD),
            ],
            pages: alert::described().table(),
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let hooks = webhooks::configured(&told.sections.get(), &told.environment)?;
        let collector = traces::collector(&told.sections.get(), &told.environment)?;
        let relay = mail::relay(&told.sections.get(), &told.environment)?;
        let settings = alerts::settings(&told.sections.get(), relay.is_some())?;
        let alerting = Alerting::default();
        say.chores.extend(settings.iter().flat_map(|settings| alerts::chores(&alerting, settings)));
        say.on_start(move |ground, setup| {
            let clock: &Clock = ground.clock;
            let mail = Arc::new(Mail::new(relay));
            setup.couriers.insert(crate::mail::COURIER.to_owned(), Arc::clone(&mail) as _);
            let alerts = settings.map(|settings| Arc::new(Alerts::new(settings, mail, clock.clone())));
            if let Some(alerts) = &alerts {
                // It starts once.
                let _ = alerting.set(Arc::clone(alerts));
            }
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
            Ok(Telling { alerts, traces: Mutex::new(traces), sending: Mutex::default() })
        });
        Ok(())
    }
}

/// Whom a hub tells that runs.
struct Telling {
    alerts: Option<Arc<Alerts>>,
    traces: Mutex<Option<Traces>>,
    sending: Mutex<Option<trace::Telling>>,
}

impl Running for Telling {
    fn start(&self, hub: &Hub) {
        let traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner).take();
        *self.sending.lock().unwrap_or_else(PoisonError::into_inner) =
            traces.map(|traces| traces.start(hub.clone()));
    }

    fn pages(&self) -> Option<Part> {
        Some(alert::PART)
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        if let Some(alerts) = &self.alerts {
            alerts.reached_at(around.url);
        }
        let (hub, alerts, kit) = (around.hub.clone(), self.alerts.clone(), around.kit.clone());
        Served { pages: alert::routes(Pages { hub, alerts, kit }), ..Served::default() }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async {
            if let Some(sending) = sending {
                sending.close().await;
            }
        })
    }
}
