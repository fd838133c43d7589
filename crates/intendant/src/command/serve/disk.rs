//! Configuration and backends on the disk of a hub that serves, off the threads that drive it.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::Installation;
use api::dto::{CheckReport, ReloadReport, Setting};
use engine::port::BoxFuture;

use super::super::check;
use super::super::reload::{self, Reloader};
use super::keys::Keys;
use crate::exit::sentence;

/// What the hub was told by its files.
pub(super) struct Disk(pub(super) Arc<Reloader>, pub(super) Arc<Keys>);

impl Disk {
    /// Reads everything anew and logs what it came to.
    pub(super) async fn read_anew(&self) -> Result<ReloadReport> {
        let reloaded = self.off(Reloader::reload).await;
        reload::log(&reloaded);
        if let Err(error) = self.1.follow().await {
            tracing::error!("{}", sentence(&error));
        }
        reloaded
    }

    async fn off<T: Send + 'static>(&self, ask: fn(&Reloader) -> Result<T>) -> Result<T> {
        let reloader = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || ask(&reloader)).await.context("reading files")?
    }
}

impl Installation for Disk {
    fn reload(&self) -> BoxFuture<'_, Result<ReloadReport, String>> {
        Box::pin(async { self.read_anew().await.map_err(|error| sentence(&error)) })
    }

    fn check(&self) -> BoxFuture<'_, Result<CheckReport, String>> {
        Box::pin(async {
            let offer = self.off(Reloader::offer).await.map_err(|error| sentence(&error))?;
            let mut report = offer.report().await;
            check::ask(&mut report).await;
            Ok(report)
        })
    }

    fn settings(&self) -> Vec<Setting> {
        self.0.settings()
    }
}
