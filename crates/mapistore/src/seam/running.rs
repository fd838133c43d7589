//! The registry of a hub that runs.

use std::sync::OnceLock;

use engine::port::BoxFuture;
use engine::{Clock, Hub};
use http::page::Part;
use module::{Around, Running, Served};

use crate::api::{self, Api};
use crate::live::{Live, Place, Settings};
use crate::pages::{self, Pages};
use crate::socket;
use crate::work::Work;

/// The registry, at work.
pub(super) struct Open {
    live: Option<Live>,
    work: OnceLock<Work>,
}

/// What the log says of it when the hub starts.
pub(super) fn introduction(settings: &Settings) -> String {
    let socket = match &settings.socket {
        Some(socket) => Some(format!("socket {}", socket.display())),
        None => socket::is_inherited().then(|| "the socket of the service manager".to_owned()),
    };
    let queues = settings.queues.iter().map(|(_, name)| format!("queue {name}"));
    let places: Vec<String> = socket.into_iter().chain(queues).collect();
    format!("users registered by processes of OpenChange on {}", places.join(", "))
}

impl Open {
    pub(super) fn new(settings: Option<Settings>, clock: &Clock, place: &Place) -> Self {
        let live = settings.map(|settings| Live::new(settings, clock.clone()));
        place.put(live.clone());
        Open { live, work: OnceLock::new() }
    }
}

impl Running for Open {
    fn start(&self, hub: &Hub) {
        if let Some(live) = &self.live {
            self.work.get_or_init(|| Work::begin(live.clone(), hub.clone()));
        }
    }

    /// Without a registry there is no place for it in the navigation.
    fn pages(&self) -> Option<Part> {
        let nav = if self.live.is_some() { pages::PART.nav } else { &[] };
        Some(Part { nav, ..pages::PART })
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        let api = Api::new(around.hub.clone(), self.live.clone());
        let pages = pages::routes().with_state(Pages { api: api.clone(), kit: around.kit.clone() });
        Served { api: vec![api::routes(api)], pages, ..Served::default() }
    }

    fn quiesce(&self) {
        if let Some(work) = self.work.get() {
            work.quiesce();
        }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(work) = self.work.get() {
                work.close().await;
            }
        })
    }
}
