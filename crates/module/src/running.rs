//! A module while the hub runs.

use access::Access;
use anyhow::Result;
use axum::Router;
use engine::port::BoxFuture;
use engine::{Clock, Hub};
use http::page::{Kit, Part, Visit};
use model::{Dependency, Job};
use utoipa_axum::router::OpenApiRouter;

use crate::about::Told;
use crate::finder::Finder;

/// A module's part of a hub that runs. All of it has a default: each does what it has to.
pub trait Running: Send + Sync {
    /// Begins to work: the hub has started.
    fn start(&self, _hub: &Hub) {}

    /// What it brings to the pages: its places in the navigation, and its words.
    fn pages(&self) -> Option<Part> {
        None
    }

    /// What it answers.
    fn serve(&self, _around: &Around<'_>) -> Served {
        Served::default()
    }

    /// Reads what it is told anew. The answer swaps it, whole, once every module has read; an error keeps all as it was.
    fn reload(&self, _told: &Told) -> Result<Swap<'_>> {
        Ok(Box::new(|| {}))
    }

    /// What is asked over HTTP meanwhile, as it is now.
    fn depends_on(&self) -> Vec<Dependency> {
        Vec::new()
    }

    /// Takes no more work. What was taken is still answered.
    fn quiesce(&self) {}

    /// Ends, once the hub has stopped.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Puts what was read in the place of what held before.
pub type Swap<'a> = Box<dyn FnOnce() + 'a>;

/// What routes are made from.
pub struct Around<'a> {
    /// The hub.
    pub hub: &'a Hub,
    /// Who may come in.
    pub access: &'a Access,
    /// What all pages share.
    pub kit: &'a Kit,
    /// The time.
    pub clock: &'a Clock,
    /// Where people reach the hub, without a `/` at its end; `None` = only over its socket.
    pub url: Option<&'a str>,
}

/// What a module answers. Paths are whole.
#[derive(Default)]
pub struct Served {
    /// Routes for programs, described.
    pub api: Vec<OpenApiRouter>,
    /// Pages.
    pub pages: Router,
    /// What it shows on the page of a job.
    pub panels: Vec<Box<dyn Panel>>,
    /// What it finds when somebody types what he remembers.
    pub finders: Vec<Box<dyn Finder>>,
    /// Codes of failures that are grave: a person has to decide, and they stand first among the dead letters.
    pub grave: Vec<&'static str>,
    /// Paths below which its routes know who asks by keys that it gave out itself ([`http::KeyedPaths`]), each with `/` at
    /// its end.
    pub keyed: Vec<&'static str>,
}

/// Something that is shown on the page of a job. It is made anew whenever the page is read anew: when something happens to
/// the job, and every few seconds while somebody looks.
pub trait Panel: Send + Sync {
    /// HTML about the job, if there is anything to say of this one, in the language of the visit with the words that the
    /// module brings ([`Running::pages`]). What is not ours in it is escaped.
    fn show<'a>(&'a self, visit: &'a Visit, job: &'a Job) -> BoxFuture<'a, Option<String>>;
}
