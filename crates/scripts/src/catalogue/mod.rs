//! The folder of backends, read into a catalogue (contracts/sesame.md §3.0–3.2, design §7).

mod config;
mod files;
mod problem;
mod scripts;
mod search;
mod settings;
mod value;
mod yaml;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::port::{BackendEntry, Catalogue, Standing};

use crate::backend::{Handle, ScriptBackend};
use crate::environment::{self, Variables};
use crate::run::Sweeper;

use config::Config;
pub(crate) use config::nearest;
pub(crate) use files::{inspect, inspect_interpreter};
use problem::Report;
pub use problem::{Problem, Severity};
pub use search::{Folder, choose_folder};

/// What counts where a backend does not say.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Time limit of an attempt, over writing, running and reading.
    pub limit: Duration,
    /// How many bytes of each of a script's streams are kept; its answer must be among the last ones.
    pub output: usize,
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults { limit: Duration::from_mins(1), output: 1024 * 1024 }
    }
}

/// A folder of backends as it was read.
#[derive(Clone)]
pub struct Loaded {
    /// The backends as the engine takes them, in the order in which they run.
    pub entries: Vec<BackendEntry>,
    /// The same backends, to be shown and tried.
    pub backends: Vec<Arc<ScriptBackend>>,
    /// All that is wrong with the folder. A problem of one backend is never one of another.
    pub problems: Vec<Problem>,
}

impl Loaded {
    /// The entries as one snapshot.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue { entries: self.entries.clone() }
    }

    /// The backend of that name, or in the folder of that name.
    pub fn backend(&self, name: &str) -> Option<&Arc<ScriptBackend>> {
        let by_name = self.backends.iter().find(|backend| backend.name() == name);
        by_name.or_else(|| self.backends.iter().find(|b| b.folder().file_name().is_some_and(|f| f == name)))
    }
}

/// Everything that is wrong with a folder of backends, all at once.
pub fn check(folder: &Path) -> Vec<Problem> {
    load(folder, &Defaults::default()).problems
}

/// Reads a folder of backends: each direct child folder with a `config.yml`, in byte order of their names. Never
/// fails as a whole: what is wrong is among the problems, and a backend that cannot be used is [`Standing::Broken`].
pub fn load(folder: &Path, defaults: &Defaults) -> Loaded {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = search::search(&folder);
    let loader = Loader { root: &folder, defaults, variables: environment::base(), sweeper: Arc::default() };
    let mut loaded = Loaded { entries: Vec::new(), backends: Vec::new(), problems: found.problems };
    let mut names = BTreeSet::new();
    for folder in found.backends {
        loader.read(&folder, &mut names, &mut loaded);
    }
    loaded
}

struct Loader<'a> {
    root: &'a Path,
    defaults: &'a Defaults,
    variables: Variables,
    sweeper: Arc<Sweeper>,
}

impl Loader<'_> {
    fn read(&self, folder: &Path, names: &mut BTreeSet<String>, loaded: &mut Loaded) {
        let file = folder.join("config.yml");
        let mut report = Report::new(&file);
        let mut config = read_config(&file, &mut report);
        let name = self.name(&mut config, folder, names, &mut report);
        let backend = Arc::new(self.backend(name, folder, &config, &mut report));
        loaded.entries.push(entry(&backend, &config));
        loaded.backends.push(backend);
        loaded.problems.extend(report.into_problems());
    }

    /// The backend's own name, if it has one and nobody had it before; else its folder's.
    fn name(
        &self,
        config: &mut Config,
        folder: &Path,
        names: &mut BTreeSet<String>,
        report: &mut Report,
    ) -> Arc<str> {
        if let Some(name) = &config.name {
            if names.insert(name.clone()) {
                return name.as_str().into();
            }
            let mark = report.mark();
            let what = format!("another backend before this one is already called {name}");
            report.error(None, what, "give each backend a `name` of its own");
            config.trouble = config.trouble.take().or_else(|| report.trouble_since(mark));
        }
        let mut name = folder.strip_prefix(self.root).unwrap_or(folder).to_string_lossy().into_owned();
        while !names.insert(name.clone()) {
            name.push('+');
        }
        name.into()
    }

    fn backend(&self, name: Arc<str>, folder: &Path, config: &Config, report: &mut Report) -> ScriptBackend {
        let home = config.path.as_ref().map_or_else(|| folder.to_owned(), |path| folder.join(path));
        let bin = home.join("bin");
        let actions = config.actions.iter().flatten();
        let actions = actions
            .map(|action| {
                let script = scripts::script(action, &bin, self.defaults, &self.variables);
                scripts::check(action, &bin, &script, self.root, report);
                (action.name.clone(), script)
            })
            .collect();
        ScriptBackend {
            name,
            description: config.description.clone(),
            folder: folder.to_owned(),
            bin,
            trouble: config.trouble.clone(),
            actions,
            sweeper: Arc::clone(&self.sweeper),
        }
    }
}

fn read_config(file: &Path, report: &mut Report) -> Config {
    let start = report.mark();
    for path in [file.parent().unwrap_or(file), file] {
        if let Err(fault) = files::refuse_open(path) {
            report.push(fault.into_problem());
        }
    }
    let open = report.trouble_since(start);
    let mut config = match fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => Config::read(&text, report),
        Ok(Err(_)) => {
            report.error(None, "it is not UTF-8", "save it as UTF-8");
            Config::default()
        }
        Err(error) => {
            report.error(None, format!("it cannot be read: {error}"), "let the hub's user read it");
            Config::default()
        }
    };
    if config.actions.is_none() {
        config.trouble = config.trouble.or_else(|| report.trouble_since(start));
    }
    config.trouble = open.or(config.trouble);
    config
}

fn entry(backend: &Arc<ScriptBackend>, config: &Config) -> BackendEntry {
    let standing = match (&config.trouble, config.inactive) {
        (_, true) => Standing::Inactive,
        (Some(_), false) => Standing::Broken,
        (None, false) => Standing::Active,
    };
    BackendEntry {
        name: Arc::clone(&backend.name),
        standing,
        trouble: config.trouble.clone(),
        concurrency: config.concurrency,
        backend: Arc::new(Handle(Arc::clone(backend))),
        actions: backend.actions.iter().map(|(name, script)| (name.clone(), script.mapping)).collect(),
    }
}
