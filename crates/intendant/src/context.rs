//! What every command works with: the common options, the terminal, the clock, and the configuration once it is read.

use std::path::Path;

use anyhow::Result;
use api::Client;
use api::dto::Setting;
use engine::port::Catalogue;
use engine::{ActionTable, Clock};
use journal::{Address, Key, Keys};
use model::JobId;
use module::config::{Sections, refuse_foreign};
use module::terminal::{Screen, Tongue};
use module::{Answer, Desk, Program, Told};
use rustix::process::geteuid;
use serde_json::Value;

use crate::address;
use crate::assembly::Modules;
use crate::cli::{Common, VERSION};
use crate::command::{find, offline};
use crate::compose::Parts;
use crate::config::{self, Config, Environment, Loaded, Places, SecretSource};
use crate::exit::{Exit, misuse};
use crate::keyring;
use crate::logging;
use crate::marker::Marker;
use crate::profile::Profile;
use crate::role::Taken;

/// What every command works with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The common options.
    pub common: Common,
    /// Where it prints.
    pub screen: Screen,
    /// The time.
    pub clock: Clock,
    /// What the program is made of.
    pub modules: Modules,
    /// Actions for which the hub has a backend of its own that does nothing.
    pub noop: Vec<String>,
    places: Places,
    role: Option<Taken>,
}

impl Context {
    /// From the common options and the environment, in this language.
    pub fn new(common: Common, modules: Modules, tongue: Tongue) -> Self {
        let screen = Screen::new(common.color, common.quiet, tongue);
        let places = Places::new(Environment::of_process(), geteuid().is_root());
        Context { common, screen, clock: Clock::system(), modules, noop: Vec::new(), places, role: None }
    }

    /// The same for a hub that has a backend which does nothing for these actions.
    #[must_use]
    pub fn with_noop(&self, actions: Vec<String>) -> Self {
        Context { noop: actions, ..self.clone() }
    }

    /// The same for a hub that stands in the place of an older program.
    #[must_use]
    pub fn in_the_place_of(&self, role: Taken) -> Self {
        Context { role: Some(role), ..self.clone() }
    }

    /// The role in which it serves.
    pub fn role(&self) -> Option<&Taken> {
        self.role.as_ref()
    }

    /// Whether it is one that stands in another program's place.
    pub fn stands_in(&self) -> bool {
        self.role.is_some()
    }

    /// Reads the configuration.
    pub fn configuration(&self) -> Result<Loaded> {
        self.read(self.role.as_ref())
    }

    fn read(&self, role: Option<&Taken>) -> Result<Loaded> {
        let kinds = self.modules.sections();
        let loaded =
            config::load(self.common.config.as_deref(), &self.places, &kinds, role).map_err(misuse)?;
        loaded.file.as_deref().map_or(Ok(()), refuse_foreign)?;
        Ok(loaded)
    }

    /// The configuration, with what the hub of this machine has been told of its backends: it may know that by variables
    /// that this process does not have. Where none runs, those of an older program count if they are there.
    pub async fn configuration_of_hub(&self) -> Result<Loaded> {
        let mut loaded = self.configuration()?;
        let roles = self.modules.roles();
        match Client::new(&loaded.config.socket).settings().await {
            Ok(settings) => {
                for setting in settings.iter().filter(|setting| setting.key.starts_with("backends.")) {
                    loaded.as_the_hub_has_it(&setting.key, &setting.value);
                }
                let holds = |(key, value): &(&str, &str)| {
                    let is = |s: &Setting| s.key == *key && s.value == *value && s.origin == "default";
                    settings.iter().any(is)
                };
                // What holds there by default is none of our own defaults: the hub has that role.
                loaded.stands_in |=
                    roles.iter().any(|role| role.has_folders && role.defaults.iter().any(holds));
            }
            Err(api::Error::NoHub { .. }) => {
                if let Some(role) = Taken::if_told(&roles, self.environment()) {
                    loaded = self.read(Some(&role))?;
                }
            }
            // Who may not ask has the files.
            Err(_) => {}
        }
        Ok(loaded)
    }

    /// What modules are told by the configuration.
    pub fn told(&self, loaded: &Loaded) -> Told {
        let program = Program {
            version: VERSION,
            description: env!("CARGO_PKG_DESCRIPTION"),
            license: env!("CARGO_PKG_LICENSE"),
        };
        Told {
            sections: loaded.sections.clone(),
            given: loaded.given(),
            environment: self.environment().clone(),
            clock: self.clock.clone(),
            program,
            actions: self.modules.actions().into_iter().map(|(name, _)| name).collect(),
            stands_in: loaded.stands_in,
            durable: loaded.config.journal.durable,
            folder: None,
            socket: loaded.config.socket.clone(),
            data: loaded.config.data.folder.clone(),
            backends: Vec::new(),
        }
    }

    /// The environment of the process.
    pub fn environment(&self) -> &Environment {
        self.places.environment()
    }

    /// A client of the hub that is named by `--server`, the environment or the profile, else of the configured one.
    pub fn client(&self) -> Result<Client> {
        match self.remote()? {
            Some(client) => Ok(client),
            None => Ok(Client::new(self.configuration()?.config.socket)),
        }
    }

    /// A client of the hub that is named by `--server`, the environment or the profile.
    pub fn remote(&self) -> Result<Option<Client>> {
        let named = self.profile().hub(self.common.server.as_deref(), self.places.environment())?;
        named.map(|(url, token)| Client::remote(&url, token.expose()).map_err(misuse)).transpose()
    }

    /// The hubs that this user has signed in to.
    pub fn profile(&self) -> Profile {
        Profile::at(&self.places)
    }

    /// The key of the journal, and older ones that it may still need: those beside a key file, and `key_before`. Only a
    /// hub that starts makes a missing key file.
    pub fn keys(&self, config: &Config, make: bool) -> Result<Keys> {
        let now = self.key(&config.key, make)?;
        let mut others = Vec::new();
        if let SecretSource::File(path) = &config.key {
            for older in keyring::older(path) {
                match Key::load(&older) {
                    Ok(key) => others.push(key),
                    Err(error) => tracing::warn!("an older key is passed over: {error}"),
                }
            }
        }
        if let Some(source) = &config.key_before {
            others.push(self.key(source, false)?);
        }
        Ok(Keys { now, others })
    }

    /// The key of this source; `make` it where its file is not there.
    pub fn key(&self, source: &SecretSource, make: bool) -> Result<Key> {
        let key = match source {
            SecretSource::File(path) if make => Key::load_or_create(path),
            SecretSource::File(path) => Key::load(path),
            source => {
                let text = source.fetch(self.places.environment()).map_err(misuse)?;
                Key::from_text(text.expose(), config::Value::show(source))
            }
        };
        key.map_err(misuse)
    }

    /// Where the journal is.
    pub fn address(&self, config: &Config) -> Result<Address> {
        address::configured(config, self.places.environment())
    }

    /// What says which journal is where: beside the key's file, else beside the configuration, else in the
    /// configuration folder. `None` = nothing does: no journal is missed where none lasts, or there is no such place.
    pub fn marker(&self, loaded: &Loaded) -> Option<Marker> {
        if !loaded.config.journal.durable {
            return None;
        }
        let beside = |path: &Path| path.parent().map(Path::to_path_buf);
        let key = match &loaded.config.key {
            SecretSource::File(path) => beside(path),
            _ => None,
        };
        let file = loaded.file.as_deref().and_then(beside);
        let folders = key.into_iter().chain(file).chain([self.places.configuration()]);
        Marker::new(folders, &loaded.config.data.folder)
    }

    /// Says why the command failed, if it did, and how it ends.
    pub fn end(&self, ended: Result<Exit>) -> Exit {
        ended.unwrap_or_else(|error| {
            let exit = Exit::from_error(&error);
            if exit != Exit::Done {
                self.screen.error(&error);
            }
            exit
        })
    }
}

impl Desk for Context {
    fn screen(&self) -> &Screen {
        &self.screen
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn environment(&self) -> &Environment {
        self.places.environment()
    }

    fn sections(&self) -> Result<Sections> {
        Ok(self.configuration()?.sections)
    }

    fn max_size(&self) -> Result<usize> {
        Ok(self.configuration()?.config.requests.max_size.0)
    }

    fn backends(&self) -> Result<Catalogue> {
        Ok(self.modules.offer(&Context::told(self, &self.configuration()?))?.catalogue())
    }

    fn actions(&self) -> Result<ActionTable> {
        let loaded = self.configuration()?;
        let told = Context::told(self, &loaded);
        Ok(Parts::read(&loaded.config, &told, &self.modules)?.actions)
    }

    fn client(&self) -> Result<Client> {
        Context::client(self)
    }

    fn told(&self) -> Answer<'_, Told> {
        Box::pin(async { Ok(Context::told(self, &self.configuration_of_hub().await?)) })
    }

    fn job<'a>(&'a self, name: &'a str) -> Answer<'a, (JobId, Value)> {
        Box::pin(async move {
            let Ok(name) = name.parse();
            let job = find::named(name, self).await?;
            let loaded = self.configuration_of_hub().await?;
            offline::document(job, &loaded, self).map(|(_, body)| (job, body))
        })
    }

    fn start_log(&self) -> Result<()> {
        logging::start_quietly(self).map(drop)
    }
}
