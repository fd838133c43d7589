//! What the configuration makes of a module.

use anyhow::Result;
use engine::port::BoxFuture;
use engine::{Chore, Clock, Setup};
use journal::Life;
use uuid::Uuid;

use crate::finding::Finding;
use crate::offer::Needed;
use crate::running::Running;

/// What becomes of what the hub itself has taken.
const IF_LOST: &str = "the journal does not last (journal.durable is false), and begins anew when it is gone; with it go jobs \
                       that came over the API, from commands and pages, and are not done, dead letters, pauses and \
                       approvals, the audit, accounts and tokens";

/// What a module wants of a hub that serves. Each says what it has; the rest stays empty.
#[derive(Default)]
pub struct Declaration {
    /// Configured sources of requests.
    pub sources: Vec<SourceName>,
    /// Sources whose requests have a limit of their own, in bytes.
    pub max_sizes: Vec<(String, usize)>,
    /// What is asked over HTTP meanwhile.
    pub depends_on: Vec<Needed>,
    /// What the log says of it when the hub starts, a sentence each, with the name of the source.
    pub introduces: Vec<(String, String)>,
    /// What becomes of what it has taken when the journal is lost, a sentence each: said where the journal does not last.
    pub if_lost: Vec<String>,
    /// Why it needs a hub that works alone, a sentence each: what it keeps in files of one machine, say.
    pub alone: Vec<String>,
    /// Looks at what only others know before the hub starts: an error keeps it from starting.
    pub verify: Vec<BoxFuture<'static, Result<()>>>,
    /// Looks at the module's neighbours for `doctor`.
    pub checks: Vec<BoxFuture<'static, Vec<Finding>>>,
    /// What it wants done at times while the hub runs.
    pub chores: Vec<Chore>,
    start: Vec<Start>,
}

/// Joins the hub before it starts.
type Start = Box<dyn FnOnce(&Ground<'_>, &mut Setup) -> Result<Box<dyn Running>> + Send>;

/// The name of a source, and the section in which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceName {
    /// The section.
    pub section: &'static str,
    /// The name.
    pub name: String,
}

/// What a module that starts stands on.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The journal's id.
    pub journal: Uuid,
    /// This opening of it: what one hub at a time may hold is held in its name.
    pub life: &'a Life,
    /// The time.
    pub clock: &'a Clock,
}

impl Declaration {
    /// Nothing at all.
    pub fn new() -> Self {
        Declaration::default()
    }

    /// What becomes of all that a hub has taken when its journal is lost, a sentence each.
    pub fn if_lost(&self) -> impl Iterator<Item = &str> {
        std::iter::once(IF_LOST).chain(self.if_lost.iter().map(String::as_str))
    }

    /// What is done with it when the hub starts: reactors, couriers, decoders, reclaimers and retry policies go into the
    /// [`Setup`]; the answer is what lives as long as the hub.
    pub fn on_start<R: Running + 'static>(
        &mut self,
        start: impl FnOnce(&Ground<'_>, &mut Setup) -> Result<R> + Send + 'static,
    ) {
        self.start.push(Box::new(|ground, setup| Ok(Box::new(start(ground, setup)?))));
    }

    /// Joins the hub that is about to start.
    pub fn join(&mut self, ground: &Ground<'_>, setup: &mut Setup) -> Result<Vec<Box<dyn Running>>> {
        self.start.drain(..).map(|start| start(ground, setup)).collect()
    }
}
