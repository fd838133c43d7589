//! What this machine's files tell its hub, said to the other hubs of its journal: whoever takes over works with what its own
//! machine has, and nobody should learn then that it was something else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use journal::{Hubs, Report};
use module::Offer;
use serde_json::Value;

use crate::config::Loaded;
use crate::context::Context;
use crate::exit::sentence;
use crate::noop;

/// It is looked at so often.
const EVERY: Duration = Duration::from_secs(10);
/// What machines have each for itself: keys, or the beginnings of keys.
const OF_EACH: [&str; 12] = [
    "key",
    "socket",
    "concurrency",
    "data.",
    "journal.",
    "http.listen",
    "http.certificate",
    "http.key",
    "http.trusted_proxies",
    "log.",
    "backends.folder",
    "telemetry.",
];
/// Of a larger script only the size is compared.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Says it to the others, and looks at what they say, for as long as it is asked to.
pub(super) async fn keep(context: Context, hubs: Hubs) {
    let mut told = None;
    loop {
        if let Err(error) = compare(&context, &hubs).await {
            tracing::debug!("the hubs are not compared: {}", sentence(&error));
        }
        let differences = hubs.differences();
        if told.as_ref() != Some(&differences) {
            for node in &hubs.now().all {
                if let Some(difference) = differences.get(&node.life.to_string()) {
                    let names = [&difference.backends[..], &difference.settings].concat().join(", ");
                    tracing::warn!(
                        "the hub in {} has not the backends and settings of the one that leads: {names}",
                        node.who()
                    );
                }
            }
            told = Some(differences);
        }
        context.clock.sleep(EVERY).await;
    }
}

async fn compare(context: &Context, hubs: &Hubs) -> Result<()> {
    let reader = context.clone();
    let report = tokio::task::spawn_blocking(move || read(&reader)).await.context("reading files")??;
    Ok(hubs.compare(&report).await?)
}

/// What the files say now.
fn read(context: &Context) -> Result<Report> {
    let loaded = context.configuration()?;
    let offer = context.modules.offer(&context.told(&loaded))?.and(noop::offer(&context.noop));
    Ok(Report { backends: backends(&offer), settings: settings(&loaded) })
}

fn settings(loaded: &Loaded) -> BTreeMap<String, String> {
    let is_of_all = |key: &str| !OF_EACH.iter().any(|own| key.starts_with(own));
    let shown = loaded.view().into_iter().filter(|shown| is_of_all(&shown.key));
    shown.map(|shown| (shown.key, digest(shown.value.as_bytes()))).collect()
}

/// The configuration of each, and its scripts.
fn backends(offer: &Offer) -> BTreeMap<String, String> {
    let text = |document: &Value, member: &str| document.get(member)?.as_str().map(str::to_owned);
    let backend = |document: &Value| {
        let mut hasher = blake3::Hasher::new();
        let mut configured = document.clone();
        // Where it lies is of each machine.
        configured.as_object_mut().and_then(|members| members.remove("path"));
        hasher.update(configured.to_string().as_bytes());
        let scripts =
            text(document, "path").map(|folder| scripts(&Path::new(&folder).join("bin"))).unwrap_or_default();
        for (name, script) in scripts {
            hasher.update(name.as_bytes()).update(&[0]).update(script.as_bytes());
        }
        Some((text(document, "name")?, short(hasher.finalize())))
    };
    offer.documents.iter().filter_map(backend).collect()
}

/// Each in its folder. One that cannot be read is like none.
fn scripts(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let script = |file: fs::DirEntry| {
        let (name, about) = (file.file_name().into_string().ok()?, fs::metadata(file.path()).ok()?);
        if !about.is_file() {
            return None;
        }
        if about.len() > LARGEST {
            return Some((name, about.len().to_string()));
        }
        Some((name, digest(&fs::read(file.path()).ok()?)))
    };
    files.filter_map(script).collect()
}

fn digest(bytes: &[u8]) -> String {
    short(blake3::hash(bytes))
}

/// So much of it that nobody makes two alike by accident.
fn short(hash: blake3::Hash) -> String {
    hash.to_hex().chars().take(16).collect()
}
