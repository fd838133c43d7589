//! Puts the hub together: what configuration and modules say becomes an [`engine::Setup`] on an open journal.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use api::Documents;
use engine::port::{BackendEntry, BoxFuture, Catalogue, Reclaim};
use engine::{ActionTable, Clock, Hub, Keep, Limits, Setup};
use journal::{Keys, Options};
use model::{ActionSpec, BreakerRule, FailsafeRule, RetryPolicy, RunMark};
use module::{Declaration, Ground};
use rustix::process::geteuid;
use uuid::Uuid;

use crate::assembly::{Assembly, Modules};
use crate::config::{Config, Loaded, Origin};
use crate::exit::misuse;
use serde_json::{Map, Value};

/// The name under which requests come that `intendant run` is given.
pub const RUN: &str = "run";

/// Where Sesame's daemon has its backends.
const SESAME: &str = "/var/lib/sesame-daemon";

/// Backends, actions and limits as they are read: what a reload swaps.
pub struct Parts {
    /// The backends, and what is wrong with their folders.
    pub backends: scripts::Loaded,
    /// What is known of each action.
    pub actions: ActionTable,
    /// Sizes and times.
    pub limits: Limits,
    /// Backends that lie in no folder.
    pub others: Vec<BackendEntry>,
}

impl Parts {
    /// Reads the backends of a folder and everything else that the configuration names.
    pub fn read(loaded: &Loaded, folder: &Path, modules: &Modules) -> Result<Self> {
        let config = &loaded.config;
        let defaults = scripts::Defaults {
            style: loaded.style,
            limit: config.backends.timeout.0,
            concurrency: config.backends.concurrency.get(),
            shell: config.backends.shell.clone(),
            owners: owners(&config.backends.owners)?,
            known: identities::actions().into_iter().map(|(name, _)| name).collect(),
            ..scripts::Defaults::default()
        };
        Ok(Parts {
            backends: scripts::load(folder, &defaults),
            actions: Parts::actions(config, modules)?,
            limits: limits(config),
            others: Vec::new(),
        })
    }

    /// With a backend that lies in no folder.
    #[must_use]
    pub fn beside(mut self, other: Option<BackendEntry>) -> Self {
        self.others.extend(other);
        self
    }

    /// With what modules want of the hub.
    #[must_use]
    pub fn with(mut self, said: &mut Declaration) -> Self {
        self.others.append(&mut said.backends);
        self.limits.max_sizes.extend(said.max_sizes.drain(..));
        self
    }

    /// Each backend that lies in a folder: its configuration as its file says it, with its `path`.
    pub fn listed(&self) -> Vec<Value> {
        let of = |backend: &scripts::ScriptBackend| {
            let text = fs::read_to_string(backend.folder().join("config.yml")).unwrap_or_default();
            // A file that cannot be read is reported where backends are checked; here its name is what is known.
            let mut members: Map<String, Value> = serde_saphyr::from_str(&text).unwrap_or_default();
            members.entry("name").or_insert_with(|| backend.name().into());
            members.insert("path".to_owned(), backend.folder().display().to_string().into());
            Value::Object(members)
        };
        self.backends.backends.iter().map(|backend| of(backend)).collect()
    }

    /// All backends.
    pub fn catalogue(&self) -> Catalogue {
        let mut catalogue = self.backends.catalogue();
        catalogue.entries.extend(self.others.iter().cloned());
        catalogue
    }

    /// What the modules know of actions, and what the configuration adds.
    pub fn actions(config: &Config, modules: &Modules) -> Result<ActionTable> {
        let mut entries: BTreeMap<String, ActionSpec> = modules.actions().into_iter().collect();
        for (name, entry) in &config.actions.0 {
            let base = entries.remove(name).unwrap_or_default();
            entries.insert(name.clone(), entry.over(base));
        }
        ActionTable::new(entries).map_err(misuse)
    }

    /// For a job that is run once and whose journal is thrown away: nothing waits for a retry, or for somebody's approval.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        for entry in &mut self.backends.entries {
            entry.actions.values_mut().for_each(|mapping| mapping.retry = Some(RetryPolicy::NONE));
        }
        self.limits.failsafe = FailsafeRule::off();
        self
    }

    fn setup(self, clock: &Clock) -> Setup {
        Setup {
            catalogue: self.catalogue(),
            actions: self.actions,
            reactors: Vec::new(),
            couriers: HashMap::new(),
            decoders: HashMap::from([(
                api::SOURCE.to_owned(),
                Arc::new(Documents { clock: clock.clone() }) as Arc<dyn engine::port::Decoder>,
            )]),
            reclaim: vec![Arc::new(Carriers)],
            retry: HashMap::from([(RUN.to_owned(), RetryPolicy::NONE.into())]),
            limits: self.limits,
        }
    }
}

/// Where the journal is.
pub struct Home {
    /// The data folder.
    pub folder: PathBuf,
    /// What opens it.
    pub keys: Keys,
    /// The journal that has to be there; `None` = it is made when there is none.
    pub expected: Option<Uuid>,
}

/// Opens the journal of a data folder, starts the hub on it, and lets its modules work.
pub async fn start(
    home: Home,
    parts: Parts,
    mut said: Declaration,
    clock: &Clock,
) -> Result<(Hub, Assembly)> {
    let (observer, wiring) = engine::wiring();
    let Home { folder, keys, expected } = home;
    let options = Options { expected, ..Options::new(folder, keys) };
    let journal = journal::open(options, observer).map_err(journal_error)?;
    let mut setup = parts.with(&mut said).setup(clock);
    let joined = said.join(&Ground { journal: journal.id(), clock }, &mut setup)?;
    let assembly = Assembly::new(joined, clock);
    let hub = Hub::start(journal, wiring, clock.clone(), setup).await.context("starting the hub")?;
    assembly.start(&hub);
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
        | E::Occupied { .. } => misuse(error),
        other => other.into(),
    }
}

/// The folder of backends that is used, and one that was passed over.
pub fn backends_folder(loaded: &Loaded) -> scripts::Folder {
    let configured = loaded.config.backends.folder.clone();
    let as_it_is = |used: PathBuf| scripts::Folder { used, passed_over: None };
    if loaded.origin("backends.folder") != Origin::Default || configured.is_dir() {
        return as_it_is(configured);
    }
    let sesame = scripts::choose_folder(Path::new(SESAME));
    // Root of a new machine is told of the place that the guide names.
    if sesame.used.is_dir() || geteuid().is_root() { sesame } else { as_it_is(configured) }
}

/// The users that are named as owners of backends.
fn owners(named: &[String]) -> Result<Vec<u32>> {
    let names = named.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let number = |name| {
        let unknown =
            || misuse(format!("backends.owners: there is no user {name} in /etc/passwd: give their number"));
        scripts::user(name).ok_or_else(unknown)
    };
    names.map(number).collect()
}

fn limits(config: &Config) -> Limits {
    let kept = &config.retention;
    Limits {
        concurrency: config.concurrency.get(),
        max_size: config.requests.max_size.0,
        attempt: config.backends.timeout.0,
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
        ..Limits::default()
    }
}

/// Ends the scripts that a lost hub left running.
struct Carriers;

impl Reclaim for Carriers {
    fn reclaim(&self, marks: Vec<RunMark>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || scripts::kill_carriers(&marks)).await {
                Ok(ended) if ended.is_empty() => {}
                Ok(ended) => tracing::warn!(
                    gone = ended.gone.len(),
                    left = ended.left.len(),
                    "processes that a lost hub left running were ended"
                ),
                Err(error) => tracing::error!("ending what a lost hub left running: {error}"),
            }
        })
    }
}
