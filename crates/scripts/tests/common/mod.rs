//! A folder of backends with real scripts, and a hub's way of running them.

#![allow(dead_code)]

pub(crate) mod workers;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::port::{BackendEntry, Call, Control, Reporter, Stop};
use intendant_scripts::{Defaults, Loaded};
use model::{JobId, Outcome, RunMark};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// The action that the tests use.
pub(crate) const ACTION: &str = "IDENTITY_UPDATE";

/// A folder of backends of its own.
pub(crate) struct Folder {
    temp: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder { temp: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.temp.path()
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        file
    }

    /// Writes a script that may be run.
    pub(crate) fn script(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.write(file, content);
        chmod(&file, 0o755);
        file
    }

    /// A backend whose update action runs a shell script, with further keys of the action.
    pub(crate) fn backend(&self, name: &str, keys: &str, script: &str) {
        self.write(
            &format!("{name}/config.yml"),
            format!(
                "_version: 1\nname: '{name}'\ndescription: 'a test'\nactive: true\nactions:\n  {ACTION}:\n    script: 'run.sh'\n{keys}"
            ),
        );
        self.script(&format!("{name}/bin/run.sh"), format!("#!/bin/sh\n{script}\n"));
    }

    pub(crate) fn load(&self) -> Loaded {
        intendant_scripts::load(self.path(), &Defaults::default())
    }

    pub(crate) fn load_with(&self, defaults: &Defaults) -> Loaded {
        intendant_scripts::load(self.path(), defaults)
    }
}

pub(crate) fn chmod(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

/// A mark that no other test has.
pub(crate) fn mark() -> RunMark {
    RunMark { journal: Uuid::new_v4(), job: JobId(Uuid::new_v4()), step: 0, attempt: 1 }
}

pub(crate) fn call(body: Value) -> Call {
    Call::new(mark(), ACTION, body)
}

/// The control of an attempt that nobody stops.
pub(crate) fn unstopped(limit: Option<Duration>) -> (watch::Sender<Option<Stop>>, Control) {
    let (sender, stop) = watch::channel(None);
    (sender, Control { limit, stop, progress: Reporter::unheard() })
}

/// Runs one attempt of the only backend of a folder.
pub(crate) fn run(folder: &Folder, body: Value) -> Outcome {
    let loaded = folder.load();
    run_entry(&loaded.entries[0], call(body), None)
}

/// Runs the only backend of a folder, with a small document.
pub(crate) fn answer(folder: &Folder) -> Outcome {
    run(folder, json!({"concernedTo": "1"}))
}

pub(crate) fn run_entry(entry: &BackendEntry, call: Call, limit: Option<Duration>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_sender, control) = unstopped(limit);
    runtime.block_on(entry.backend.run(call, control))
}

/// The outcome of a script, given as shell text.
pub(crate) fn outcome_of(script: &str) -> Outcome {
    let folder = Folder::new();
    folder.backend("10test", "", script);
    answer(&folder)
}
