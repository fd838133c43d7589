//! Reading everything anew while the hub runs: one snapshot, or nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use api::dto::{ReloadReport, Setting};
use engine::Hub;
use http::listen::tcp::Tls;
use module::{Declaration, Offer};

use crate::assembly::Assembly;
use crate::compose::Parts;
use crate::config::{self, Loaded, Shown};
use crate::context::Context;
use crate::exit::{misuse, sentence};
use crate::logging::{self, Level};
use crate::noop;
use crate::plan::Plan;

/// Swaps what a running hub has been told.
pub(super) struct Reloader {
    context: Context,
    hub: Hub,
    assembly: Arc<Assembly>,
    level: Level,
    tls: Option<Tls>,
    /// What cold settings are compared with: they hold until the hub is started anew.
    started: Loaded,
    /// What holds now.
    current: Mutex<Loaded>,
}

impl Reloader {
    /// For a hub that was started with this configuration.
    pub(super) fn new(
        context: Context,
        hub: Hub,
        assembly: Arc<Assembly>,
        level: Level,
        tls: Option<Tls>,
        started: Loaded,
    ) -> Arc<Self> {
        let current = Mutex::new(started.clone());
        Arc::new(Reloader { context, hub, assembly, level, tls, started, current })
    }

    /// Reads configuration and backends and swaps them, whole. On an error all stays as it was.
    pub(super) fn reload(&self) -> Result<ReloadReport> {
        let loaded = self.context.configuration()?;
        let mut said = Declaration::new();
        let Plan { parts, told } = Plan::read(&loaded, &self.context, &mut said)?;
        refuse_missing(&parts.offer)?;
        let swaps = self.assembly.reload(&told)?;
        let report = ReloadReport {
            backends: parts.offer.backends.len(),
            warnings: parts.offer.problems.iter().map(ToString::to_string).collect(),
            needs_restart: self.cold(&loaded),
        };
        let parts = parts.with(&mut said);
        if let Some(tls) = &self.tls {
            tls.reload().map_err(misuse)?;
        }
        let Parts { offer, actions, limits } = parts;
        for swap in swaps {
            swap();
        }
        self.hub.reload(offer.catalogue(), actions, limits);
        self.assembly.watch_dependencies(&self.hub);
        if logging::by_option(&self.context.common).is_none() {
            self.level.set(logging::level(loaded.config.log.level))?;
        }
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(report)
    }

    /// What [`Reloader::reload`] would find, with nothing swapped.
    pub(super) fn offer(&self) -> Result<Offer> {
        let told = self.context.told(&self.context.configuration()?);
        let offer = self.context.modules.offer(&told)?;
        refuse_missing(&offer)?;
        Ok(offer.and(noop::offer(&self.context.noop)))
    }

    /// How long running steps may go on once the hub is told to stop.
    pub(super) fn grace(&self) -> Duration {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).config.stop.grace
    }

    /// The settings as they hold, with where each comes from and what it means.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let kinds = self.context.modules.sections();
        let keys: HashMap<String, String> =
            config::keys(&kinds).into_iter().map(|key| (key.name, key.meaning)).collect();
        let cold = config::cold_keys(&kinds);
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let setting = |Shown { key, value, origin }: Shown| Setting {
            meaning: keys.get(&key).cloned().unwrap_or_default(),
            needs_restart: cold.contains(&key),
            origin: origin.to_string(),
            key,
            value,
        };
        current.view().into_iter().map(setting).collect()
    }

    /// Settings that were changed and hold after a restart.
    fn cold(&self, newer: &Loaded) -> Vec<String> {
        let cold = config::cold_keys(&self.context.modules.sections());
        let mut keys = self.started.needs_restart(newer, &cold);
        // The socket was told at start how long a document may be.
        if newer.config.requests.max_size > self.started.config.requests.max_size {
            keys.push("requests.max_size".to_owned());
        }
        keys
    }
}

/// A folder of backends that is gone is no folder without backends.
fn refuse_missing(offer: &Offer) -> Result<()> {
    match offer.folder.as_ref().filter(|folder| !folder.is_dir()) {
        Some(folder) => Err(misuse(format!("there is no folder of backends {}", folder.display()))),
        None => Ok(()),
    }
}

/// Logs what a reload came to.
pub(super) fn log(reloaded: &Result<ReloadReport>) {
    match reloaded {
        Ok(report) => {
            tracing::info!(backends = report.backends, "configuration and backends were read anew");
            report.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            for key in &report.needs_restart {
                tracing::warn!(key, "{key} was changed and needs a restart of the hub to hold");
            }
        }
        Err(error) => tracing::error!("the reload is refused and all stays as it was: {}", sentence(error)),
    }
}
