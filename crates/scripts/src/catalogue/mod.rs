//! The folder of backends, read into a catalogue.

mod config;
mod crawl;
mod dependency;
mod files;
mod fingerprint;
mod problem;
mod scripts;
mod search;
mod settings;
mod trust;
mod value;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::port::{BackendEntry, Catalogue, Standing};
use model::Dependency;

use crate::backend::{Handle, Script, ScriptBackend};
use crate::environment::{self, Variables};
use crate::run::{Leavings, Sweeper};
use crate::worker::{Key, Pool};

use config::Config;
use files::Fault;
pub(crate) use files::{inspect, inspect_interpreter};
use fingerprint::fingerprint;
use problem::Report;
pub use problem::{Problem, Severity};
pub use search::{Folder, choose_folder};
pub(crate) use trust::{Trust, user};

/// What counts where a backend does not say.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Whose habits they follow.
    pub style: Style,
    /// Time limit of an attempt, over running and reading; `None` = none.
    pub limit: Option<Duration>,
    /// How many bytes of each of a script's streams are kept; its answer must be among the last ones.
    pub output: usize,
    /// How many scripts of one backend run at once.
    pub concurrency: usize,
    /// The shell that reads command lines in which there is something for a shell to do.
    pub shell: PathBuf,
    /// Users beside root and the hub's own to whom what is run may belong. It counts where the hub runs as root.
    pub owners: Vec<u32>,
    /// Names of actions that the hub knows: one that is nearly like it is probably a slip.
    pub known: Vec<String>,
}

/// Whose habits count where a backend does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Ours: each direct child of the folder is a backend, and what a script leaves running ends with it.
    #[default]
    Own,
    /// Those of the program whose place the hub takes: folders at any depth are backends, what a script leaves running
    /// lives on, and what holds its output is waited for.
    Original,
}

impl Style {
    pub(crate) fn leavings(self) -> Leavings {
        match self {
            Style::Own => Leavings::Ended,
            Style::Original => Leavings::Awaited,
        }
    }
}

impl Default for Defaults {
    fn default() -> Self {
        Defaults {
            style: Style::Own,
            limit: Some(Duration::from_mins(1)),
            output: 1024 * 1024,
            concurrency: 16,
            shell: PathBuf::from("/bin/sh"),
            owners: Vec::new(),
            known: Vec::new(),
        }
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

/// Reads a folder of backends, in the order in which they run ([`Style`] says which of its folders those are). Never
/// fails as a whole: what is wrong is among the problems, and a backend that cannot be used is [`Standing::Broken`].
pub fn load(folder: &Path, defaults: &Defaults) -> Loaded {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = find(&folder, defaults.style);
    let trust = Trust::new(&folder, &defaults.owners);
    let open = trust.inspect(&folder).err();
    let drafts = found.backends.iter().map(|file| Draft::read(file, &trust, &defaults.known));
    let (drafts, skipped): (Vec<Draft>, Vec<Draft>) =
        drafts.partition(|draft| !draft.is_skipped(defaults.style));
    let loader = Loader {
        root: &folder,
        trust: trust.clone(),
        open: open.clone().map(Fault::sentence),
        defaults,
        variables: environment::base(defaults.style),
        sweeper: Arc::default(),
    };
    let mut loaded = Loaded { entries: Vec::new(), backends: Vec::new(), problems: found.problems };
    loaded.problems.extend(skipped.iter().map(Draft::skipped));
    let names = names(&drafts);
    for (draft, name) in drafts.into_iter().zip(names) {
        loader.take(draft, &name, &mut loaded);
    }
    loaded.problems.extend(open.map(Fault::into_problem));
    loaded.problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    // What is wrong with a folder above them all was found by each.
    loaded.problems.dedup();
    loaded
}

/// The files that configure the backends of a folder.
pub(crate) fn files(folder: &Path, style: Style) -> Vec<PathBuf> {
    find(&std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()), style).backends
}

fn find(folder: &Path, style: Style) -> search::Found {
    match style {
        Style::Own => search::search(folder),
        Style::Original => crawl::crawl(folder),
    }
}

/// A folder whose configuration was read.
struct Draft {
    folder: PathBuf,
    config: Config,
    report: Report,
}

impl Draft {
    fn read(file: &Path, trust: &Trust, known: &[String]) -> Draft {
        let mut report = Report::new(file);
        let config = read_config(file, trust, known, &mut report);
        Draft { folder: file.parent().unwrap_or(file).to_owned(), config, report }
    }

    /// Whether the original passes it over: it looks so for files that are no configuration of a backend.
    fn is_skipped(&self, style: Style) -> bool {
        style == Style::Original && self.config.lacks.is_some()
    }

    fn skipped(&self) -> Problem {
        let lacks = self.config.lacks.unwrap_or_default();
        Problem {
            file: self.report.file().to_owned(),
            line: None,
            severity: Severity::Warning,
            what: format!("it has no `{lacks}`, so it is no backend's and is passed over"),
            remedy: format!("write `{lacks}` at the top if it is meant as one"),
        }
    }
}

/// The names of the backends, each used once: steps are frozen under them. The original lets several folders share
/// one (an installer that is run twice makes such); all of those then go by their folders' names.
fn names(drafts: &[Draft]) -> Vec<String> {
    let claims = |name: &str| drafts.iter().filter(|d| d.config.name.as_deref() == Some(name)).count();
    let mut taken = BTreeSet::new();
    drafts
        .iter()
        .map(|draft| {
            let own = draft.config.name.clone().filter(|name| claims(name) == 1);
            let folder = draft.folder.file_name().unwrap_or_default().to_string_lossy();
            let mut name = own.unwrap_or_else(|| folder.into_owned());
            while !taken.insert(name.clone()) {
                name.push('+');
            }
            name
        })
        .collect()
}

struct Loader<'a> {
    root: &'a Path,
    trust: Trust,
    /// Why no backend of the folder may be run: anyone may put one there.
    open: Option<String>,
    defaults: &'a Defaults,
    variables: Variables,
    sweeper: Arc<Sweeper>,
}

impl Loader<'_> {
    fn take(&self, draft: Draft, name: &str, loaded: &mut Loaded) {
        let Draft { folder, mut config, mut report } = draft;
        config.trouble = self.open.clone().or(config.trouble);
        if let Some(own) = config.name.as_deref().filter(|own| *own != name) {
            let what = format!("`name: {own}` is taken by another backend, so this one is called {name}");
            report.warning(None, what, "give each backend a `name` of its own");
        }
        let backend = Arc::new(self.backend(name.into(), &folder, &config, &mut report));
        loaded.entries.push(entry(&backend, &config, self.defaults));
        loaded.backends.push(backend);
        loaded.problems.extend(report.into_problems());
    }

    fn backend(&self, name: Arc<str>, folder: &Path, config: &Config, report: &mut Report) -> ScriptBackend {
        let home = config.path.as_ref().map_or_else(|| folder.to_owned(), |path| folder.join(path));
        let bin = home.join("bin");
        let actions = config.actions.iter().flatten();
        let actions: BTreeMap<String, Script> = actions
            .map(|action| {
                let script = scripts::script(action, &bin, self.defaults, &self.variables);
                scripts::check(action, &bin, &script, self, report);
                (action.name.clone(), script)
            })
            .collect();
        let pool = actions.values().any(|script| script.worker.is_some()).then(|| {
            let key = Key {
                backend: Arc::clone(&name),
                folder: folder.to_owned(),
                fingerprint: fingerprint(folder, &home),
                slots: config.concurrency.unwrap_or(self.defaults.concurrency),
            };
            Pool::of(key, &self.sweeper)
        });
        ScriptBackend {
            name,
            description: config.description.clone(),
            folder: folder.to_owned(),
            bin,
            trust: self.trust.clone(),
            trouble: config.trouble.clone(),
            actions,
            depends_on: dependencies(config),
            sweeper: Arc::clone(&self.sweeper),
            pool,
        }
    }
}

/// Those of each action, which has those of all.
fn dependencies(config: &Config) -> Vec<Dependency> {
    let mut once = Vec::new();
    for declared in config.actions.iter().flatten().flat_map(|action| &action.settings.depends_on) {
        if !once.contains(declared) {
            once.push(declared.clone());
        }
    }
    once
}

fn read_config(file: &Path, trust: &Trust, known: &[String], report: &mut Report) -> Config {
    let start = report.mark();
    if let Err(fault) = trust.inspect(file) {
        report.push(fault.into_problem());
    }
    let open = report.trouble_since(start);
    let mut config = match fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => Config::read(&text, known, report),
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

fn entry(backend: &Arc<ScriptBackend>, config: &Config, defaults: &Defaults) -> BackendEntry {
    let standing = match (&config.trouble, config.inactive) {
        (_, true) => Standing::Inactive,
        (Some(_), false) => Standing::Broken,
        (None, false) => Standing::Active,
    };
    BackendEntry {
        name: Arc::clone(&backend.name),
        place: backend.folder.file_name().unwrap_or_default().to_string_lossy().into(),
        standing,
        trouble: config.trouble.clone(),
        concurrency: Some(config.concurrency.unwrap_or(defaults.concurrency)),
        bounds: config.bounds.clone(),
        dry_run: config.dry_run,
        backend: Arc::new(Handle(Arc::clone(backend))),
        actions: backend.actions.iter().map(|(name, script)| (name.clone(), script.mapping)).collect(),
    }
}
