//! File, environment and defaults become one configuration that knows where each value comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use module::config::{Error, Homes, Key, SecretSource, Section as _, SectionKind, Sections, Unfit};
use module::{Place, Said};

use super::file;
use super::named;
use super::place::Places;
use super::sections::{Config, NEED_RESTART};
use crate::role::Taken;

/// The key that says whether the journal lasts, and the variable of a platform on whose disks nothing does.
const DURABLE: &str = "journal.durable";
const DYNO: &str = "DYNO";

/// The configuration that holds.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its values. Paths are complete: relative ones were taken from the file's folder.
    pub config: Config,
    /// The sections of modules.
    pub sections: Sections,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Whether the hub stands in the place of an older program, whose habits count where nobody says otherwise.
    pub stands_in: bool,
    origins: BTreeMap<String, Origin>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of the file.
    File(PathBuf, u64),
    /// An environment variable.
    Variable(String),
    /// The hub that runs.
    Hub,
}

impl From<Place> for Origin {
    fn from(place: Place) -> Self {
        match place {
            Place::Variable(name) => Origin::Variable(name),
            Place::File(path, line) => Origin::File(path, line),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Variable(name) => write!(f, "${name}"),
            Origin::Hub => f.write_str("the hub that runs"),
        }
    }
}

/// A key as it holds, free of secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub key: String,
    /// Its value as it would be written in the file.
    pub value: String,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Reads the configuration: the named file, else `$INTENDANT_CONFIG`, else the first of [`Places::files`] that is
/// there; then the environment; then what an older program is told in whose place the hub stands; then what nobody gave.
pub fn load(
    named: Option<&Path>,
    places: &Places,
    kinds: &[SectionKind],
    role: Option<&Taken>,
) -> Result<Loaded, Error> {
    let variable = places.environment().get("INTENDANT_CONFIG").map(PathBuf::from);
    let file = named
        .map(Path::to_path_buf)
        .or(variable)
        .or_else(|| places.files().into_iter().find(|file| file.exists()))
        .map(|file| std::path::absolute(&file).unwrap_or(file));
    assemble(file.as_deref(), places, kinds, role)
}

/// Reads this file, or none.
pub(super) fn assemble(
    file: Option<&Path>,
    places: &Places,
    kinds: &[SectionKind],
    role: Option<&Taken>,
) -> Result<Loaded, Error> {
    let mut loaded = match file {
        Some(file) => Loaded::from_file(file, kinds)?,
        None => Loaded {
            config: Config::default(),
            sections: Sections::defaults(kinds),
            file: None,
            stands_in: false,
            origins: BTreeMap::new(),
        },
    };
    loaded.override_by(places, kinds)?;
    for kind in kinds {
        loaded.set_defaults(kind.name, kind.elsewhere)?;
    }
    if let Some(role) = role {
        loaded.lay_over(role, kinds)?;
    }
    loaded.fill(places);
    loaded.complete()?;
    Ok(loaded)
}

/// All keys, the hub's own and those of modules.
pub fn keys(kinds: &[SectionKind]) -> Vec<Key> {
    let mut keys: Vec<Key> =
        Config::keys().into_iter().chain(kinds.iter().flat_map(SectionKind::keys)).collect();
    for (name, default) in kinds.iter().flat_map(|kind| kind.elsewhere) {
        if let Some(key) = keys.iter_mut().find(|key| key.name == *name) {
            (*default).clone_into(&mut key.default);
        }
    }
    keys
}

/// Those that are read at start only. A reload that finds them changed says that a restart is needed; all others hold at
/// once.
pub fn cold_keys(kinds: &[SectionKind]) -> Vec<String> {
    let own = NEED_RESTART.into_iter().map(str::to_owned);
    own.chain(kinds.iter().flat_map(SectionKind::cold_keys)).collect()
}

impl Loaded {
    /// Every key with its value and where it comes from.
    pub fn view(&self) -> Vec<Shown> {
        let shown = |(key, value): (String, String)| Shown { origin: self.origin(&key), key, value };
        self.values().into_iter().map(shown).collect()
    }

    fn values(&self) -> Vec<(String, String)> {
        let mut values = self.config.values();
        values.extend(self.sections.values());
        values
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        match self.sections.set(key, text) {
            Some(set) => set,
            None => self.config.set(key, text),
        }
    }

    /// Where a key's value comes from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// The keys that somebody gave.
    pub fn given(&self) -> BTreeSet<String> {
        self.origins.keys().cloned().collect()
    }

    /// Lets a setting count as the hub that runs has it. What cannot be read back from how it is shown stays as it is.
    pub fn as_the_hub_has_it(&mut self, key: &str, shown: &str) {
        let known = self.values().into_iter().any(|(name, value)| name == key && value == shown);
        let is_list = shown.contains(", ");
        if !known && !shown.is_empty() && !is_list && self.set(key, shown).is_ok() {
            self.origins.insert(key.to_owned(), Origin::Hub);
        }
    }

    /// Keys that a newer configuration changes and that hold only after a restart.
    pub fn needs_restart(&self, newer: &Loaded, cold: &[String]) -> Vec<String> {
        let values = |loaded: &Loaded, key: &str| -> Vec<(String, String)> {
            loaded.values().into_iter().filter(|(name, _)| is_named(name, key)).collect()
        };
        cold.iter().filter(|key| values(self, key) != values(newer, key)).cloned().collect()
    }

    fn from_file(path: &Path, kinds: &[SectionKind]) -> Result<Self, Error> {
        let file::Read { mut config, mut sections, lines } = file::read(path, kinds)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        config.anchor(folder);
        sections.anchor(folder);
        let origin = |(key, line)| (key, Origin::File(path.to_path_buf(), line));
        Ok(Loaded {
            config,
            sections,
            file: Some(path.to_path_buf()),
            stands_in: false,
            origins: lines.into_iter().map(origin).collect(),
        })
    }

    fn override_by(&mut self, places: &Places, kinds: &[SectionKind]) -> Result<(), Error> {
        let keys: Vec<String> = keys(kinds).into_iter().map(|key| key.name).collect();
        for (variable, key, text) in places.environment().overrides(&keys)? {
            self.set(&key, text).map_err(|what| Error::Variable { variable: variable.to_owned(), what })?;
            self.origins.insert(key, Origin::Variable(variable.to_owned()));
        }
        Ok(())
    }

    /// What counts, because of `whose`, where nobody says anything.
    fn set_defaults(&mut self, whose: &str, defaults: &[(&str, &str)]) -> Result<(), Error> {
        for (key, text) in defaults {
            if self.origin(key) == Origin::Default {
                let unfit = |what| Error::Unfit { key: (*key).to_owned(), origin: whose.to_owned(), what };
                self.set(key, text).map_err(unfit)?;
            }
        }
        Ok(())
    }

    /// What the older program is told counts most; what it has by default counts where nobody says anything.
    fn lay_over(&mut self, taken: &Taken, kinds: &[SectionKind]) -> Result<(), Error> {
        let Taken { role, settings } = taken;
        self.stands_in = role.has_folders;
        self.set_defaults(role.name, role.defaults)?;
        let named = named::laid_over(self.file.as_deref(), kinds, taken)?;
        self.sections.replace_by(named);
        for Said { key, place, text } in &settings.said {
            if let Some(text) = text.as_ref().filter(|_| !named::is_in(&settings.named, key)) {
                self.set(key, text.expose()).map_err(|what| wrong(key, place, what))?;
            }
            self.origins.insert(key.clone(), Origin::from(place.clone()));
        }
        if let Some(put) = &settings.put {
            put(&mut self.sections);
        }
        Ok(())
    }

    /// Gives what nobody gave and that is not the same everywhere.
    fn fill(&mut self, places: &Places) {
        let is_elsewhere = self.config.journal.url.is_some();
        if self.origin(DURABLE) == Origin::Default
            && !is_elsewhere
            && places.environment().get(DYNO).is_some()
        {
            self.config.journal.durable = false;
            self.origins.insert(DURABLE.to_owned(), Origin::Variable(DYNO.to_owned()));
        }
        let beside = self.file.as_ref().and_then(|file| file.parent()).map(Path::to_path_buf);
        let config = &mut self.config;
        let or = |path: &mut PathBuf, default: &dyn Fn() -> PathBuf| {
            if path.as_os_str().is_empty() {
                *path = default();
            }
        };
        or(&mut config.data.folder, &|| places.data());
        or(&mut config.socket, &|| places.socket());
        if let SecretSource::File(path) = &mut config.key {
            or(path, &|| beside.clone().unwrap_or_else(|| places.configuration()).join("intendant.key"));
        }
        self.sections.fill(&Homes { data: places.data(), stands_in: self.stands_in });
    }

    /// Reads what the file only names, and refuses what is understood and cannot be.
    fn complete(&mut self) -> Result<(), Error> {
        let completed = self.config.actions.read_schemas().and_then(|()| self.sections.complete());
        if let Err((key, what)) = completed {
            let origin = match (self.origin(&key), &self.file) {
                (Origin::Default, Some(file)) => file.display().to_string(),
                (origin, _) => origin.to_string(),
            };
            return Err(Error::Unfit { key, origin, what });
        }
        self.check().map_err(|(key, what)| Error::Unfit { origin: self.origin(&key).to_string(), key, what })
    }

    fn check(&self) -> Result<(), Unfit> {
        let unfit = |key: &str, what: &str| Err((key.to_owned(), what.to_owned()));
        if let SecretSource::File(key) = &self.config.key
            && key.starts_with(&self.config.data.folder)
        {
            return unfit(
                "key",
                "the key must not lie in the data folder, which is backed up: name another place",
            );
        }
        if self.config.requests.max_size.0 == 0 {
            return unfit("requests.max_size", "no request could ever be accepted: write a size above zero");
        }
        Ok(())
    }
}

/// What an older program was told, and cannot be.
pub(super) fn wrong(key: &str, place: &Place, what: String) -> Error {
    match place {
        Place::Variable(variable) => Error::Variable { variable: variable.clone(), what },
        Place::File(..) => {
            Error::Unfit { key: key.to_owned(), origin: Origin::from(place.clone()).to_string(), what }
        }
    }
}

/// Whether this is the key, or one of a named section as the documentation names it: `sesame.NAME.queue`.
fn is_named(name: &str, key: &str) -> bool {
    let (name, key): (Vec<_>, Vec<_>) = (name.split('.').collect(), key.split('.').collect());
    name.len() == key.len() && name.iter().zip(key).all(|(name, key)| *name == key || key == "NAME")
}
