//! Puts the hub together: what configuration and modules say becomes an [`engine::Setup`] on an open journal.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use api::Documents;
use engine::port::Bounds;
use engine::{ActionTable, Clock, Hub, Keep, Limits, Setup};
use journal::{Address, Entry, Keys, Options};
use model::{ActionSpec, BreakerRule, FailsafeRule, RetryPolicy};
use module::{Declaration, Ground, Offer, Told};
use uuid::Uuid;

use crate::assembly::{Assembly, Modules};
use crate::config::Config;
use crate::exit::misuse;

/// The name under which requests come that `intendant run` is given.
pub const RUN: &str = "run";

/// Backends, actions and limits as they are read: what a reload swaps.
pub struct Parts {
    /// What jobs run on.
    pub offer: Offer,
    /// What is known of each action.
    pub actions: ActionTable,
    /// Sizes and times.
    pub limits: Limits,
}

impl Parts {
    /// Reads what jobs run on, and everything else that the configuration names.
    pub fn read(config: &Config, told: &Told, modules: &Modules) -> Result<Self> {
        let mut offer = modules.offer(told)?;
        let actions = actions(config, modules, std::mem::take(&mut offer.actions))?;
        Ok(Parts { offer, actions, limits: limits(config) })
    }

    /// With what the hub has of its own.
    #[must_use]
    pub fn beside(self, own: Offer) -> Self {
        Parts { offer: self.offer.and(own), ..self }
    }

    /// With what modules want of the hub.
    #[must_use]
    pub fn with(mut self, said: &mut Declaration) -> Self {
        self.limits.max_sizes.extend(said.max_sizes.drain(..));
        self
    }

    /// For a job that is run once and whose journal is thrown away: nothing waits for a retry, or for somebody's approval.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        for entry in &mut self.offer.backends {
            entry.actions.values_mut().for_each(|mapping| mapping.retry = Some(RetryPolicy::NONE));
            entry.bounds = Bounds::default();
        }
        self.limits.longest_wait = Duration::ZERO;
        self.limits.failsafe = FailsafeRule::off();
        self
    }

    fn setup(self, clock: &Clock) -> Setup {
        Setup {
            catalogue: self.offer.catalogue(),
            actions: self.actions,
            reactors: Vec::new(),
            couriers: HashMap::new(),
            decoders: HashMap::from([(
                api::SOURCE.to_owned(),
                Arc::new(Documents { clock: clock.clone() }) as Arc<dyn engine::port::Decoder>,
            )]),
            reclaim: self.offer.reclaim,
            retry: HashMap::from([(RUN.to_owned(), RetryPolicy::NONE.into())]),
            limits: self.limits,
        }
    }
}

/// What the modules know of actions; what the configuration makes of it for them (`offered`); what it adds.
pub fn actions(
    config: &Config,
    modules: &Modules,
    offered: Vec<(String, ActionSpec)>,
) -> Result<ActionTable> {
    let mut entries: BTreeMap<String, ActionSpec> = modules.actions().into_iter().chain(offered).collect();
    for (name, entry) in &config.actions.0 {
        let base = entries.remove(name).unwrap_or_default();
        entries.insert(name.clone(), entry.over(base));
    }
    ActionTable::new(entries).map_err(misuse)
}

/// Where the journal is.
pub struct Home {
    /// Its address.
    pub at: Address,
    /// What opens it.
    pub keys: Keys,
    /// The journal that has to be there; `None` = it is made when there is none.
    pub expected: Option<Uuid>,
}

impl Home {
    /// Takes the only place there.
    pub async fn enter(self) -> Result<Entry> {
        self.with(|options| options).await
    }

    /// Takes a place there: at work, or behind whoever is, and where it is `drained`. With `beside` all who have it work.
    pub async fn stand_by(self, drained: bool, beside: bool) -> Result<Entry> {
        self.with(|options| Options { stand_by: true, beside, drained, ..options }).await
    }

    async fn with(self, how: impl FnOnce(Options) -> Options) -> Result<Entry> {
        let Home { at, keys, expected } = self;
        let options = how(Options { expected, ..Options::new(at, keys) });
        let entering = tokio::task::spawn_blocking(move || Entry::take(options));
        entering.await.context("opening the journal")?.map_err(journal_error)
    }
}

/// Opens the journal, starts the hub on it, and lets its modules work.
pub async fn start(
    entry: Entry,
    parts: Parts,
    mut said: Declaration,
    clock: &Clock,
) -> Result<(Hub, Assembly)> {
    let (observer, wiring) = engine::wiring();
    let journal = entry.open(observer).map_err(journal_error)?;
    let mut setup = parts.with(&mut said).setup(clock);
    let joined = said.join(&Ground { journal: journal.id(), life: journal.life(), clock }, &mut setup)?;
    let assembly = Assembly::new(joined, said.chores, clock);
    let hub = Hub::start_after(journal, wiring, clock.clone(), setup, |hub| assembly.start(hub));
    let hub = hub.await.context("starting the hub")?;
    Ok((hub, assembly))
}

/// An error of the journal. What the administrator has to put right is an error of configuration.
pub fn journal_error(error: journal::Error) -> anyhow::Error {
    use journal::Error as E;
    match error {
        E::Locked { .. }
        | E::Gone { .. }
        | E::Another { .. }
        | E::WrongKey { .. }
        | E::KeyBefore { .. }
        | E::Turning
        | E::BadKey { .. }
        | E::Newer { .. }
        | E::BadDatabase(_)
        | E::Moved { .. }
        | E::Moving { .. }
        | E::Uncarried(_)
        | E::NoBackup
        | E::Occupied { .. } => misuse(error),
        other => other.into(),
    }
}

fn limits(config: &Config) -> Limits {
    let kept = &config.retention;
    Limits {
        concurrency: config.concurrency.get(),
        max_size: config.requests.max_size.0,
        keep_secrets: config.dead_letters.keep_secrets,
        keep: Keep {
            jobs: kept.jobs,
            jobs_max: kept.jobs_max,
            ids: kept.ids,
            records: kept.records,
            records_max: kept.records_max,
            messages: kept.messages,
            messages_max: kept.messages_max,
            events_max: kept.events_max,
            bytes_max: u64::try_from(kept.size_max.0).unwrap_or(u64::MAX),
        },
        failsafe: FailsafeRule {
            sources: config.failsafe.sources.clone(),
            window: config.failsafe.window,
            delete: config.failsafe.delete,
            disable: config.failsafe.disable,
        },
        breaker: BreakerRule {
            failures: config.breaker.failures,
            pause: config.breaker.pause,
            longest: config.breaker.longest.max(config.breaker.pause),
        },
        longest_wait: config.requests.longest_wait,
        ..Limits::default()
    }
}
