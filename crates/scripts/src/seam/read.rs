//! The folder of backends, as the configuration has it read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use module::exit::misuse;
use module::{Needed, Offer, Told};
use rustix::process::geteuid;
use serde_json::{Map, Value};

use super::carriers::Carriers;
use super::config::Backends;
use crate::backend::ScriptBackend;
use crate::catalogue::{Defaults, Folder, Loaded, Style, choose_folder, files, load, user};

/// Where the program whose place the hub may take has its backends.
const ORIGINAL: &str = "/var/lib/sesame-daemon";

/// Where a backend is configured, in its folder.
const CONFIG: &str = "config.yml";

/// The original's folder of backends.
pub(super) fn of_original() -> Folder {
    choose_folder(Path::new(ORIGINAL))
}

/// The folder of backends that is used, and one that was passed over.
pub(super) fn folder(told: &Told) -> Folder {
    let as_it_is = |used: PathBuf| Folder { used, passed_over: None };
    if let Some(named) = &told.folder {
        return as_it_is(named.clone());
    }
    let configured = told.sections.get::<Backends>().folder;
    if told.given.contains("backends.folder") || configured.is_dir() {
        return as_it_is(configured);
    }
    let original = of_original();
    // Root of a new machine is told of the place that the guide names.
    if original.used.is_dir() || geteuid().is_root() { original } else { as_it_is(configured) }
}

/// Reads it. What is wrong with a backend is among the problems.
pub(super) fn read(told: &Told) -> Result<Loaded> {
    let section: Backends = told.sections.get();
    let defaults = Defaults {
        style: style(told),
        limit: section.timeout.0,
        concurrency: section.concurrency.get(),
        shell: section.shell,
        owners: owners(&section.owners)?,
        known: told.actions.iter().filter(|name| !name.ends_with('*')).cloned().collect(),
        ..Defaults::default()
    };
    Ok(load(&folder(told).used, &defaults))
}

/// What jobs run on.
pub(super) fn offer(told: &Told) -> Result<Offer> {
    let Loaded { entries, backends, problems } = read(told)?;
    Ok(Offer {
        backends: entries,
        problems: problems.into_iter().map(Into::into).collect(),
        documents: backends.iter().map(|backend| document(backend.folder(), backend.name())).collect(),
        folder: Some(folder(told).used),
        depends_on: backends.iter().flat_map(|backend| needed(backend)).collect(),
        reclaim: vec![Arc::new(Carriers)],
        ..Offer::default()
    })
}

/// How they are configured; none is made of it.
pub(super) fn documents(told: &Told) -> Vec<Value> {
    let named = |file: PathBuf| {
        let folder = file.parent()?;
        Some(document(folder, &folder.file_name()?.to_string_lossy()))
    };
    files(&folder(told).used, style(told)).into_iter().filter_map(named).collect()
}

/// A backend's configuration as its file says it, with its `path`, and the `name` that it has where it says none.
fn document(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join(CONFIG)).unwrap_or_default();
    // A file that cannot be read is reported where backends are checked; here its name is what is known.
    let mut members: Map<String, Value> = serde_saphyr::from_str(&text).unwrap_or_default();
    members.entry("name").or_insert_with(|| name.into());
    members.insert("path".to_owned(), folder.display().to_string().into());
    Value::Object(members)
}

fn style(told: &Told) -> Style {
    if told.stands_in { Style::Original } else { Style::Own }
}

fn needed(backend: &ScriptBackend) -> impl Iterator<Item = Needed> {
    let place = file(backend).display().to_string();
    let needed = backend.depends_on().iter().cloned();
    needed.map(move |dependency| Needed { dependency, place: place.clone() })
}

fn file(backend: &ScriptBackend) -> PathBuf {
    backend.folder().join(CONFIG)
}

/// The users that are named as owners of backends.
fn owners(named: &[String]) -> Result<Vec<u32>> {
    let names = named.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let number = |name| {
        let unknown =
            || misuse(format!("backends.owners: there is no user {name} in /etc/passwd: give their number"));
        user(name).ok_or_else(unknown)
    };
    names.map(number).collect()
}
