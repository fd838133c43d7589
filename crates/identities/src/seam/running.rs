//! The register of a hub that runs.

use std::sync::{Mutex, PoisonError};

use engine::{Clock, Hub};
use http::page::Part;
use module::{Around, Running, Served};
use tokio::task::JoinHandle;

use crate::Register;
use crate::api::{self, Api};
use crate::pages::{self, Pages};
use crate::schedule::Schedule;

/// The register, at work.
pub(super) struct Open {
    schedule: Schedule,
    clock: Clock,
    scheduled: Mutex<Option<JoinHandle<()>>>,
}

impl Open {
    pub(super) fn new(schedule: Schedule, clock: &Clock) -> Self {
        Open { schedule, clock: clock.clone(), scheduled: Mutex::default() }
    }
}

impl Running for Open {
    /// Begins to keep the schedule.
    fn start(&self, hub: &Hub) {
        let keeping = self.schedule.clone().run(Register::new(hub.clone()), self.clock.clone());
        *self.scheduled.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokio::spawn(keeping));
    }

    fn pages(&self) -> Option<Part> {
        Some(pages::PART)
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        let register = Register::new(around.hub.clone());
        let schedule = self.schedule.clone();
        let pages = pages::routes(Pages {
            register: register.clone(),
            schedule: schedule.clone(),
            kit: around.kit.clone(),
        });
        Served { api: vec![api::routes(Api::new(register, schedule))], pages, ..Served::default() }
    }

    /// Keeps it no longer.
    fn quiesce(&self) {
        if let Some(scheduled) = self.scheduled.lock().unwrap_or_else(PoisonError::into_inner).take() {
            scheduled.abort();
        }
    }
}
