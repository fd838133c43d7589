//! The register of identities: what the configuration says of it, put to work.

use std::sync::Arc;

use anyhow::Result;
use engine::{Clock, Hub, Setup};
use http::KnownScopes;
use identities::api::Api;
use identities::schedule::Schedule;
use identities::{Follow, Register, SOURCE};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::exit::misuse;

/// When the configuration wants identities to be synchronised by themselves.
pub fn schedule(config: &Config) -> Result<Schedule> {
    let identities = &config.identities;
    let Some(pattern) = &identities.schedule else { return Ok(Schedule::never()) };
    Schedule::parse(pattern, identities.time_zone.as_deref())
        .map_err(|error| misuse(format!("identities.schedule: {error}")))
}

/// Gives the hub what it needs of the register before it starts.
pub(crate) fn join(setup: &mut Setup) {
    setup.reactors.push(Arc::new(Follow));
    setup.retry.insert(SOURCE.to_owned(), identities::RETRY);
}

/// The register of a hub, at work.
pub(crate) struct Open {
    /// What routes and pages are made from.
    pub(crate) api: Api,
    scheduled: JoinHandle<()>,
}

impl Open {
    /// Begins to keep the schedule.
    pub(crate) fn new(hub: &Hub, schedule: Schedule, clock: &Clock) -> Self {
        let register = Register::new(hub.clone());
        let api = Api::new(register.clone(), schedule.clone());
        Open { api, scheduled: tokio::spawn(schedule.run(register, clock.clone())) }
    }

    /// Keeps it no longer.
    pub(crate) fn close(&self) {
        self.scheduled.abort();
    }
}

/// All that callers may be allowed to do.
pub fn scopes() -> KnownScopes {
    KnownScopes::with([identities::SCOPE])
}

/// The OpenAPI document of the whole program, as the text of a file.
pub fn openapi() -> String {
    api::document_text(&api::document(vec![identities::api::document(), bus::api::document()], &scopes()))
}
