//! The establishments of a hub that runs.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Hub;
use engine::port::BoxFuture;
use http::page::Part;
use model::{Dependency, EventKind, JobState};
use module::{Around, Running, Served};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use crate::api::{self, Api};
use crate::host::{Doors, Host};
use crate::pages::{self, Pages};
use crate::request::SOURCE;
use crate::settings::Settings;
use crate::state::Work;
use crate::tracker::{self, Following, Tracker};
use crate::upload::{self, Uploads};

use super::tracking::Tracking;

/// Hosting, at work.
pub(super) struct Open {
    settings: Arc<Settings>,
    uploads: Uploads,
    doors: Doors,
    following: Following,
    tracking: Tracking,
    watching: Mutex<Option<JoinHandle<()>>>,
}

impl Open {
    pub(super) fn new(
        settings: Arc<Settings>,
        uploads: Uploads,
        doors: Doors,
        following: Following,
        tracking: Tracking,
    ) -> Self {
        Open { settings, uploads, doors, following, tracking, watching: Mutex::default() }
    }
}

impl Running for Open {
    fn start(&self, hub: &Hub) {
        let host = Host::new(hub.clone(), Arc::clone(&self.settings));
        self.doors.open(host.clone());
        let task = tokio::spawn(watch(host));
        *self.watching.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    fn pages(&self) -> Option<Part> {
        Some(pages::PART)
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        let settings =
            Settings { url: around.url.unwrap_or_default().to_owned(), ..(*self.settings).clone() };
        let host = Host::new(around.hub.clone(), Arc::new(settings));
        let tracker =
            Tracker::new(host.clone(), self.uploads.clone(), self.following.clone(), around.clock.clone());
        let tracker = self.tracking.get_or_init(|| tracker).clone();
        let sites = &self.settings.sites;
        let hosts = around.url.into_iter().chain(self.following.hosts.remotes().map(|(_, url)| url));
        let of_schools = Pages::new(tracker.clone(), around.kit.clone(), sites, hosts);
        let of_uploads = upload::routes(self.uploads.clone(), around.kit.clone(), sites.clone());
        Served {
            pages: of_uploads.merge(pages::routes(of_schools)),
            api: vec![
                api::routes(Api::new(host, self.uploads.clone())),
                tracker::api::routes(tracker::api::Api::new(tracker)),
            ],
            keyed: vec!["/hosting/v1/"],
            ..Served::default()
        }
    }

    fn depends_on(&self) -> Vec<Dependency> {
        let needed = super::tracking::needed(&self.following.hosts);
        needed.into_iter().map(|needed| needed.dependency).collect()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let task = self.watching.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if let Some(task) = task {
                task.abort();
            }
        })
    }
}

/// Finds out what was exported as soon as a school is removed. What it misses a chore does.
async fn watch(host: Host) {
    let mut events = host.hub().events();
    if let Err(error) = host.wake().await {
        tracing::warn!("the servers of schools could not be asked whether they are there: {error}");
    }
    loop {
        let job = match events.recv().await {
            Ok(event) if event.kind == EventKind::Succeeded => event.job,
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let Some(id) = job else { continue };
        let Ok(job) = host.hub().job(id).await else { continue };
        let removed =
            job.source == SOURCE && job.action == Work::Delete.action() && job.state == JobState::Succeeded;
        let school = job.subject.filter(|_| removed).and_then(|subject| subject.value().parse().ok());
        let Some(rne) = school else { continue };
        if let Err(error) = host.measure(&rne).await {
            tracing::warn!("what was exported of {rne} could not be read: {error}");
        }
    }
}
