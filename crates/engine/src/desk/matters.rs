//! What needs a person now.

use jiff::{SignedDuration, Timestamp};
use journal::{DeliveryFilter, Hubs, Node};
use model::{DeliveryState, JobId};

use crate::desk::backends::BackendView;
use crate::desk::failsafe::HeldSet;
use crate::desk::hub::Hub;
use crate::error::Error;
use crate::port::Standing;
use crate::state::long::LongRun;

/// A job that could run and does not for so long deserves a look.
const LONG: SignedDuration = SignedDuration::from_mins(1);
/// Deliveries that are counted.
const COUNTED: usize = 1_000;
/// Jobs that are named because they run for too long.
const NAMED: usize = 10;

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// The failsafe holds jobs, and nobody has decided yet.
    Held(HeldSet),
    /// So many jobs failed, and nothing has settled them.
    Failed(u64),
    /// So many deliveries were given up; they are counted up to 1,000.
    GivenUp(u64),
    /// A backend does not work as it should.
    Backend(BackendMatter, BackendView),
    /// A source is not connected, by its name; why, as far as that is known.
    Source(String, Option<String>),
    /// A chore fails, by its name, and why.
    Chore(&'static str, String),
    /// The hub on this host was told something else by its files than the one that leads: backends and settings, by their names.
    Differs(String, String),
    /// So many rows of the journal cannot be read, and what is said of the first.
    Damaged(u64, String),
    /// Attempts cannot begin on this machine, because.
    Shortage(String),
    /// An attempt that nothing ends runs for very long.
    Long(LongRun),
    /// A job could run since this time, and does not.
    Waiting(JobId, Timestamp),
}

/// What is the matter with a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendMatter {
    /// Its folder or configuration is wrong.
    Broken,
    /// It kept failing, and is left alone for a while.
    LeftAlone,
    /// An operator paused it.
    Paused,
    /// It wants not to be asked, as it said.
    Held,
    /// It cannot be used, though it takes part.
    Idle,
}

impl BackendMatter {
    fn of(backend: &BackendView) -> Option<Self> {
        match backend.standing {
            Standing::Broken => Some(BackendMatter::Broken),
            _ if backend.paused => Some(BackendMatter::Paused),
            _ if backend.left_alone_until.is_some() => Some(BackendMatter::LeftAlone),
            Standing::Active if backend.held.is_some() => Some(BackendMatter::Held),
            Standing::Active if backend.trouble.is_some() => Some(BackendMatter::Idle),
            _ => None,
        }
    }
}

impl Matter {
    /// Whether something is lost, or nothing goes on, until somebody acts; else it deserves a look.
    pub fn is_pressing(&self) -> bool {
        match self {
            Matter::Held(_)
            | Matter::Failed(_)
            | Matter::GivenUp(_)
            | Matter::Source(..)
            | Matter::Damaged(..)
            | Matter::Shortage(_) => true,
            Matter::Backend(what, _) => matches!(what, BackendMatter::Broken | BackendMatter::LeftAlone),
            Matter::Chore(..) | Matter::Differs(..) | Matter::Long(_) | Matter::Waiting(..) => false,
        }
    }

    /// What it is about: the same for as long as it is the same matter.
    pub fn about(&self) -> String {
        match self {
            Matter::Held(set) => format!("failsafe/{}", set.name),
            Matter::Failed(_) => "failed".to_owned(),
            Matter::GivenUp(_) => "deliveries".to_owned(),
            Matter::Backend(what, backend) => format!("backend/{}/{what:?}", backend.name),
            Matter::Source(name, _) => format!("source/{name}"),
            Matter::Chore(name, _) => format!("chore/{name}"),
            Matter::Differs(host, _) => format!("node/{host}"),
            Matter::Damaged(..) => "damaged".to_owned(),
            Matter::Shortage(_) => "shortage".to_owned(),
            Matter::Long(run) => format!("long/{}", run.job),
            Matter::Waiting(..) => "waiting".to_owned(),
        }
    }

    /// What the hub or a backend says of it.
    pub fn words(&self) -> Option<&str> {
        match self {
            Matter::Backend(_, backend) => {
                backend.held.as_ref().map(|(_, said)| said.as_str()).or(backend.trouble.as_deref())
            }
            Matter::Source(_, why) => why.as_deref(),
            Matter::Chore(_, words)
            | Matter::Differs(_, words)
            | Matter::Damaged(_, words)
            | Matter::Shortage(words) => Some(words),
            Matter::Held(_)
            | Matter::Failed(_)
            | Matter::GivenUp(_)
            | Matter::Long(_)
            | Matter::Waiting(..) => None,
        }
    }
}

impl Hub {
    /// All that needs a person now, the most pressing first.
    pub async fn matters(&self) -> Result<Vec<Matter>, Error> {
        let mut matters: Vec<Matter> = Vec::new();
        let held = self.held_sets().await?.into_iter().filter(|set| set.decision.is_none());
        matters.extend(held.map(Matter::Held));
        let failed = self.core.journal.dead_letters().await?.jobs;
        matters.extend((failed > 0).then_some(Matter::Failed(failed)));
        let given_up =
            DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
        let given_up = self.deliveries(given_up, None, COUNTED).await?.rows.len() as u64;
        matters.extend((given_up > 0).then_some(Matter::GivenUp(given_up)));
        let backends = self.backends().into_iter();
        matters.extend(
            backends.filter_map(|backend| Some(Matter::Backend(BackendMatter::of(&backend)?, backend))),
        );
        let away = self.links().into_iter().filter(|link| !link.connected && !link.waits);
        matters.extend(away.map(|link| Matter::Source(link.name, link.last_error)));
        let failing = self.chores().into_iter().filter_map(|chore| Some((chore.name, chore.failing?.error)));
        matters.extend(failing.map(|(name, error)| Matter::Chore(name, error)));
        matters.extend(self.keeping().hubs().as_ref().map(differing).unwrap_or_default());
        let damaged = self.core.journal.damaged();
        matters.extend(damaged.first().map(|first| Matter::Damaged(damaged.len() as u64, first.to_string())));
        matters.extend(self.shortage().map(Matter::Shortage));
        matters.extend(self.long_runs().into_iter().take(NAMED).map(Matter::Long));
        let now = self.now();
        let waiting = self.oldest_due(now).await?;
        matters.extend(
            waiting
                .filter(|(_, since)| now.duration_since(*since) >= LONG)
                .map(|(job, since)| Matter::Waiting(job, since)),
        );
        matters.sort_by_key(|matter| !matter.is_pressing());
        Ok(matters)
    }

    /// Of the jobs that nothing holds but a slot or a pause, the one that is due for the longest time, whoever has to run it.
    async fn oldest_due(&self, now: Timestamp) -> Result<Option<(JobId, Timestamp)>, Error> {
        let journal = &self.core.journal;
        let mut oldest: Option<(JobId, Timestamp)> = None;
        for lane in journal.all_lanes().await? {
            let first = journal.lane(lane, Timestamp::MIN, 1).await?.pop().filter(|job| job.due_at <= now);
            let first = first.map(|job| (job.id, job.due_at));
            oldest = oldest.into_iter().chain(first).min_by_key(|(_, since)| *since);
        }
        Ok(oldest)
    }
}

/// Hubs that were told something else than the one that leads.
fn differing(hubs: &Hubs) -> Vec<Matter> {
    let (now, differences) = (hubs.now(), hubs.differences());
    let differs = |node: &Node| {
        let difference = differences.get(&node.life.to_string())?;
        Some(Matter::Differs(node.host().to_owned(), difference.to_string()))
    };
    now.all.iter().filter_map(differs).collect()
}
