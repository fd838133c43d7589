//! A hub in a temporary folder on the real disk, with default settings.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use engine::port::{Backend, BackendEntry, BoxFuture, Call, Catalogue, Control, Mapping};
use engine::{Accepted, ActionTable, Clock, Hub, Limits, Setup, wiring};
use futures_util::future::try_join_all;
use journal::{Address, Key, Options};
use model::{Effects, JobId, OnError, Outcome, Request};
use serde_json::json;

/// Does nothing, at once.
struct Noop;

impl Backend for Noop {
    fn run(&self, _: Call, _: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::done() })
    }
}

/// A catalogue of one backend that does nothing, for one action.
pub(crate) fn noop(action: &str) -> Catalogue {
    let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
    let entry = BackendEntry::new("noop", Arc::new(Noop), [(action.to_owned(), mapping)]);
    Catalogue { entries: vec![entry] }
}

/// The script backends of a folder.
pub(crate) fn scripts(folder: &Path) -> Catalogue {
    scripts::load(folder, &scripts::Defaults::default()).catalogue()
}

/// Starts a hub on this folder, with no source.
pub(crate) async fn start(folder: &Path, catalogue: Catalogue) -> Result<Hub> {
    begin(folder, setup(catalogue)?).await
}

/// Starts a hub whose journal is there.
pub(crate) async fn begin(at: impl Into<Address>, setup: Setup) -> Result<Hub> {
    begin_with(Options::new(at, Key::from_bytes([1; 32])), setup).await
}

/// Starts a hub whose journal is opened so.
pub(crate) async fn begin_with(options: Options, setup: Setup) -> Result<Hub> {
    let (observer, wires) = wiring();
    let journal = journal::open(options, observer)?;
    Ok(Hub::start(journal, wires, Clock::system(), setup).await?)
}

/// What a hub without sources is made of.
pub(crate) fn setup(catalogue: Catalogue) -> Result<Setup> {
    let keep = engine::Keep { jobs_max: 10_000_000, ..Limits::default().keep };
    let limits = Limits { keep, ..Limits::default() };
    Ok(Setup { limits, ..Setup::new(catalogue, ActionTable::new(identities::actions())?) })
}

/// A request of the size of a small identity, about one of 500 subjects.
pub(crate) fn request(n: u64) -> Request {
    let subject = format!("66c22991bdc3c9a7563a{:04x}", n % 500);
    let identity = json!({
        "_id": subject, "state": 2, "inetOrgPerson": {
            "cn": "DUPONT Alain", "displayName": "Alain Dupont", "givenName": "Alain", "sn": "DUPONT",
            "mail": "ad@lmondomaine.com", "uid": "adupont", "employeeNumber": n.to_string(), "employeeType": "TAIGA",
        }
    });
    let body = json!({
        "concernedTo": subject,
        "payload": { "identity": { "action": "IDENTITY_UPDATE", "identity": identity } }
    });
    Request::new("bench", "IDENTITY_UPDATE", body)
}

/// Hands in `total` requests from so many submitters, each awaiting its own durable accept.
pub(crate) async fn submit(hub: &Hub, total: u64, submitters: usize) -> Result<Vec<JobId>> {
    let next = Arc::new(AtomicU64::new(0));
    let one = |hub: Hub, next: Arc<AtomicU64>| async move {
        let mut ids = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= total {
                return Ok(ids);
            }
            match hub.accept(request(n), Effects::default()).await? {
                Accepted::New(id) => ids.push(id),
                other => bail!("not accepted: {other:?}"),
            }
        }
    };
    let submitters = (0..submitters).map(|_| tokio::spawn(one(hub.clone(), Arc::clone(&next))));
    let parts = try_join_all(submitters).await?;
    Ok(parts.into_iter().collect::<Result<Vec<_>>>()?.concat())
}

/// Waits until nothing is left to do, and fails when a job failed.
pub(crate) async fn drain(hub: &Hub) -> Result<()> {
    loop {
        let tallies = hub.journal().tallies().await?;
        let jobs = |state| tallies.iter().filter(|t| t.state == state).map(|t| t.jobs).sum::<u64>();
        if jobs(model::JobState::Failed) > 0 {
            bail!("{} jobs failed", jobs(model::JobState::Failed));
        }
        if tallies.iter().filter(|t| !t.state.is_terminal()).all(|t| t.jobs == 0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Resident memory of this process in MiB.
pub(crate) fn resident(pid: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default();
    kib / 1024.0
}
