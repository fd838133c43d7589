//! The register of a hub that runs.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Hub;
use http::page::Part;
use module::{Around, Finder, Running, Served};
use tokio::task::JoinSet;

use crate::Register;
use crate::api::{self, Api};
use crate::pages::{self, Pages, Waiting};
use crate::schedule::Schedule;
use crate::schema::Schema;

/// The register, at work.
pub(super) struct Open {
    pub(super) schedule: Schedule,
    pub(super) schemas: Arc<[Schema]>,
    /// Removes files that nobody has imported.
    pub(super) tidying: Mutex<JoinSet<()>>,
}

impl Running for Open {
    fn start(&self, hub: &Hub) {
        let (mut tidying, hub) = (self.tidying.lock().unwrap_or_else(PoisonError::into_inner), hub.clone());
        match crate::schedule::files(&hub) {
            Some(chore) => tidying.spawn(chore.run(hub)),
            None => tidying.spawn(async move {
                if let Err(error) = pages::clear(&hub).await {
                    tracing::warn!("files that waited for an import stay in the journal: {error}");
                }
            }),
        };
    }

    fn pages(&self) -> Option<Part> {
        Some(pages::PART)
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        let register = Register::new(around.hub.clone());
        let (schedule, everybody) = (self.schedule.clone(), register.clone());
        // Whoever looks at the list first does not wait until everybody was read.
        tokio::spawn(async move {
            if let Err(error) = everybody.directory().await {
                tracing::warn!("the list of identities is made when somebody looks: {error}");
            }
        });
        let parts = Pages {
            register: register.clone(),
            schedule: schedule.clone(),
            schemas: Arc::clone(&self.schemas),
            waiting: Waiting::default(),
            kit: around.kit.clone(),
        };
        let finders: Vec<Box<dyn Finder>> = vec![Box::new(pages::People(parts.clone()))];
        let pages = pages::routes().with_state(parts);
        Served { api: vec![api::routes(Api::new(register, schedule))], pages, finders, ..Served::default() }
    }

    fn quiesce(&self) {
        self.tidying.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}
