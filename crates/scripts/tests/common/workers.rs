//! A backend whose worker is a shell script.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use engine::port::{Call, Control, Reporter, Stop};
use intendant_scripts::Loaded;
use model::{Outcome, Progress};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Folder, call, run_entry, unstopped};

/// How a worker begins that is a shell script; `id` takes the id out of a line, quoted as it is there.
pub(crate) const READY: &str =
    r#"id() { rest=${1#*\"id\":}; printf '%s' "${rest%%,*}"; }; echo '{"ready":1}'"#;

/// A worker of its own hub, ready to be asked.
pub(crate) struct Bench {
    folder: Folder,
    loaded: Loaded,
    journal: Uuid,
}

impl Bench {
    pub(crate) fn new(keys: &str, script: &str) -> Bench {
        let folder = Folder::new();
        folder.backend("10test", &format!("    mode: worker\n{keys}"), script);
        Bench { loaded: folder.load(), folder, journal: Uuid::new_v4() }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("10test").join(name)
    }

    /// A call of this hub.
    pub(crate) fn call(&self) -> Call {
        let mut call = call(json!({"concernedTo": "1"}));
        call.mark.journal = self.journal;
        call
    }

    pub(crate) fn run(&self) -> Outcome {
        self.run_call(&self.call(), None)
    }

    pub(crate) fn run_call(&self, call: &Call, limit: Option<Duration>) -> Outcome {
        let mut call = call.clone();
        call.mark.journal = self.journal;
        run_entry(&self.loaded.entries[0], call, limit)
    }

    /// Stops an attempt once its worker has written `ready` into the file of that name.
    pub(crate) fn interrupted(&self, reason: Stop) -> Outcome {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let ready = self.file("ready");
        let _ = fs::remove_file(&ready);
        runtime.block_on(async {
            let (sender, control) = unstopped(None);
            let (entry, call) = (self.loaded.entries[0].clone(), self.call());
            let attempt = tokio::spawn(async move { entry.backend.run(call, control).await });
            let file = ready.clone();
            let is_there = move || fs::read(&file).is_ok_and(|text| text == b"ready\n").then_some(());
            tokio::task::spawn_blocking(move || testkit::wait::until(Duration::from_mins(1), is_there))
                .await
                .unwrap()
                .unwrap();
            sender.send(Some(reason)).unwrap();
            attempt.await.unwrap()
        })
    }

    /// Runs an attempt that is stopped before it has a thread.
    pub(crate) fn stopped_before(&self, reason: Stop) -> Outcome {
        let (sender, control) = unstopped(None);
        sender.send(Some(reason)).unwrap();
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            // The only thread for it is busy until the attempt has been told.
            let (release, busy) = std::sync::mpsc::channel::<()>();
            let blocker = tokio::task::spawn_blocking(move || busy.recv());
            let mut attempt = std::pin::pin!(self.loaded.entries[0].backend.run(self.call(), control));
            tokio::select! {
                biased;
                _ = &mut attempt => panic!("it ran"),
                () = tokio::task::yield_now() => {}
            }
            release.send(()).unwrap();
            blocker.await.unwrap().unwrap();
            attempt.await
        })
    }

    pub(crate) fn rewrite(&self, script: &str) {
        self.folder.script("10test/bin/run.sh", format!("#!/bin/sh\n{script}\n"));
    }

    /// Reads the folder anew, as a hub does.
    pub(crate) fn reload(&mut self) {
        self.loaded = self.folder.load();
    }

    /// Lets the backend go.
    pub(crate) fn close(self) -> (Folder, Uuid) {
        drop(self.loaded);
        (self.folder, self.journal)
    }
}

/// The outcome of an attempt, and how far it said that it had come.
pub(crate) fn told(bench: &Bench) -> (Outcome, Option<Progress>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_sender, stop) = watch::channel(None);
    let (progress, heard) = Reporter::new();
    let outcome = runtime.block_on(async {
        bench.loaded.entries[0].backend.run(bench.call(), Control { limit: None, stop, progress }).await
    });
    let said = heard.borrow().clone();
    (outcome, said)
}

/// The processes of workers of a hub.
pub(crate) fn of(journal: Uuid) -> Vec<i32> {
    let wanted = format!("INTENDANT_RUN={journal}/worker/");
    let carries = |folder: &PathBuf| {
        fs::read(folder.join("environ"))
            .is_ok_and(|e| e.split(|b| *b == 0).any(|v| v.starts_with(wanted.as_bytes())))
    };
    let folders = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    folders.filter(carries).filter_map(|f| f.file_name()?.to_str()?.parse().ok()).collect()
}

/// The same of a bench.
pub(crate) fn carriers(bench: &Bench) -> Vec<i32> {
    of(bench.journal)
}

/// Whether they are all gone, now or soon.
pub(crate) fn gone(bench: &Bench) -> bool {
    testkit::wait::until(Duration::from_mins(1), || carriers(bench).is_empty().then_some(())).is_some()
}
