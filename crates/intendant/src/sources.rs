//! The sources of a hub that serves, beside its own API: what configuration says of them, put to work.

use std::fs;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use engine::door::Sources as Instances;
use engine::port::Standing;
use engine::{Clock, Hub, Setup};
use http::dependency::Watch;
use model::Dependency;
use serde_json::{Map, Value, json};
use sesame::{Address, BuiltIn, Settings, Source};
use uuid::Uuid;

use crate::buses;
use crate::cli::VERSION;
use crate::config::{Config, Environment, SecretSource, SesameSource};
use crate::exit::misuse;

/// Where Redis is when nobody says.
const REDIS: &str = "redis://localhost:6379/0";
/// A variable that names certificates of authorities to trust, in PEM, beside those of the system.
const MORE_AUTHORITIES: &str = "NODE_EXTRA_CA_CERTS";
/// Names of sources that are not configured.
const TAKEN: [&str; 3] = [api::SOURCE, crate::compose::RUN, identities::SOURCE];

/// What the sources of a hub are told.
#[derive(Default)]
pub struct Configured {
    /// Queues of Sesame's orchestrator.
    pub sesame: Vec<Settings>,
    /// Applications on a message bus.
    pub buses: Vec<(bus::Settings, bus::route::Routes)>,
}

/// The sources that the configuration names, with their secrets fetched.
pub fn configured(config: &Config, environment: &Environment) -> Result<Configured> {
    check_names(config)?;
    let sesame = config.sesame.0.iter().map(|(name, source)| settings(name, source, environment));
    let mut sesame = sesame.collect::<Result<Vec<Settings>>>()?;
    let names: Vec<String> = sesame.iter().map(|source| source.name.clone()).collect();
    for source in &mut sesame {
        source.siblings = names.iter().filter(|name| **name != source.name).cloned().collect();
    }
    Ok(Configured { sesame, buses: buses::configured(config, environment)? })
}

/// Refuses two sources that are one queue: each job would run twice.
pub async fn refuse_twins(configured: &Configured) -> Result<()> {
    match sesame::twins(&configured.sesame).await {
        Some(twins) => Err(misuse(twins)),
        None => Ok(()),
    }
}

/// Sources of every kind share their names: each is the source of its jobs.
fn check_names(config: &Config) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let named = config.sesame.0.keys().map(|name| ("sesame", name));
    for (section, name) in named.chain(config.bus.0.keys().map(|name| ("bus", name))) {
        if name.is_empty() || !name.chars().all(plain) || TAKEN.contains(&name.as_str()) {
            return Err(misuse(format!(
                "{section}.{name}: a source is named by letters, digits, - and _, and not {}",
                TAKEN.join(" or ")
            )));
        }
        if section == "bus" && config.sesame.0.contains_key(name) {
            return Err(misuse(format!("bus.{name}: a source of sesame has this name too: choose another")));
        }
    }
    Ok(())
}

fn settings(name: &str, source: &SesameSource, environment: &Environment) -> Result<Settings> {
    if source.keep_count == 0 || source.keep_age.as_secs() == 0 {
        return Err(misuse(format!(
            "sesame.{name}: keep_age and keep_count must be above zero: who waits for an answer reads it from Redis"
        )));
    }
    if source.max_size.is_some_and(|size| size.0 == 0) {
        return Err(misuse(format!(
            "sesame.{name}.max_size: no job could ever be accepted: write a size above zero"
        )));
    }
    let fetch = |secret: &Option<SecretSource>| secret.as_ref().map(|s| s.fetch(environment)).transpose();
    let uri = fetch(&source.redis).map_err(misuse)?;
    let password = fetch(&source.password).map_err(misuse)?;
    let uri = uri.as_ref().map_or(REDIS, |uri| uri.expose());
    let password = password.as_ref().map(|password| password.expose().as_str());
    let address = Address::new(uri, source.user.as_deref(), password)
        .map_err(|error| misuse(format!("sesame.{name}.redis: {error}")))?;
    let address = match &source.authorities {
        None => trusting_more(address, name, environment),
        Some(file) => {
            let wrong = |why: String| misuse(format!("sesame.{name}.authorities: {}: {why}", file.display()));
            let authorities = fs::read(file).map_err(|error| wrong(error.to_string()))?;
            address.trusting(authorities).map_err(|error| wrong(error.to_string()))?
        }
    };
    Ok(Settings {
        queue: source.queue.clone(),
        prefix: source.prefix.clone(),
        hold: source.hold.get(),
        answer_after: source.answer_after,
        keep_age: source.keep_age,
        keep_count: source.keep_count,
        ..Settings::new(name, address)
    })
}

/// Over TLS also to those whom Node is told to trust beside its own: Sesame's daemon was a program of Node.
fn trusting_more(address: Address, name: &str, environment: &Environment) -> Address {
    let Some(file) = environment.get(MORE_AUTHORITIES).filter(|_| address.is_tls()) else { return address };
    let read = fs::read(file).map_err(|error| error.to_string());
    match read.and_then(|more| address.clone().trusting_also(&more).map_err(|error| error.to_string())) {
        Ok(address) => address,
        Err(why) => {
            // As Node does: it may be set for others.
            tracing::warn!(source = name, "{MORE_AUTHORITIES} says {file}, which is not used: {why}");
            address
        }
    }
}

/// The sources of a hub.
pub struct Sources {
    /// Queues of Sesame's orchestrator.
    sesame: Instances<Source>,
    built_in: BuiltIn,
    clock: Clock,
    /// Looks at what routes and backends depend on, while the hub serves.
    dependencies: Mutex<Option<Watch>>,
    /// Applications on a message bus.
    pub buses: Instances<bus::Source>,
}

impl Sources {
    pub(crate) fn new(
        configured: Configured,
        journal: Uuid,
        clock: &Clock,
        backends: &scripts::Loaded,
    ) -> Self {
        let built_in = BuiltIn::new(json!({
            "name": "intendant",
            "version": VERSION,
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "license": env!("CARGO_PKG_LICENSE"),
        }));
        built_in.set_backends(listed(backends));
        let queues = configured.sesame.into_iter();
        let queues = queues.map(|settings| Source::new(settings, journal, clock.clone(), built_in.clone()));
        let buses = configured.buses.into_iter();
        let buses = buses.map(|(settings, routes)| bus::Source::new(settings, routes, clock.clone()));
        Sources {
            sesame: Instances::new(queues),
            buses: Instances::new(buses),
            built_in,
            clock: clock.clone(),
            dependencies: Mutex::default(),
        }
    }

    /// Gives the hub what it needs of them before it starts.
    pub(crate) fn join(&self, setup: &mut Setup) {
        self.sesame.join(setup);
        self.buses.join(setup);
    }

    /// Begins to take requests.
    pub(crate) fn open(&self, hub: &Hub) {
        self.sesame.start(hub);
        self.buses.start(hub);
    }

    /// Looks from time to time at what routes and backends depend on, as they are now.
    pub fn watch_dependencies(&self, hub: &Hub) {
        let active = hub.backends().into_iter().filter(|backend| backend.standing == Standing::Active);
        let mut declared: Vec<Dependency> = active.flat_map(|backend| backend.depends_on).collect();
        for source in self.buses.all() {
            declared.extend(source.routes().iter().flat_map(|route| route.spec.depends_on.clone()));
        }
        let mut watch = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
        match &*watch {
            Some(watch) => watch.set(declared),
            None => *watch = Some(Watch::start(hub.clone(), self.clock.clone(), declared)),
        }
    }

    /// What is told of the backends from now on.
    pub fn list(&self, backends: &scripts::Loaded) {
        self.built_in.set_backends(listed(backends));
    }

    /// Takes no more requests. What was taken is still answered.
    pub fn quiesce(&self) {
        self.sesame.quiesce();
        self.buses.quiesce();
    }

    /// Ends them, once the hub has stopped.
    pub async fn close(&self) {
        self.dependencies.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.sesame.close().await;
        self.buses.close().await;
    }
}

/// Each backend's configuration as its file says it, with its `path`.
fn listed(backends: &scripts::Loaded) -> Vec<Value> {
    let of = |backend: &scripts::ScriptBackend| {
        let text = fs::read_to_string(backend.folder().join("config.yml")).unwrap_or_default();
        // A file that cannot be read is reported where backends are checked; here its name is what is known.
        let mut members: Map<String, Value> = serde_saphyr::from_str(&text).unwrap_or_default();
        members.entry("name").or_insert_with(|| backend.name().into());
        members.insert("path".to_owned(), backend.folder().display().to_string().into());
        Value::Object(members)
    };
    backends.backends.iter().map(|backend| of(backend)).collect()
}
