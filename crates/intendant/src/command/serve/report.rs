//! What this machine's files tell its hub, said to the other hubs of its journal: whoever takes over works with what its own
//! machine has, and nobody should learn then that it was something else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use journal::{Hubs, Key, Report};
use serde_json::{Value, json};

use crate::config::Loaded;
use crate::context::Context;
use crate::exit::sentence;

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
                    tracing::warn!(
                        "the hub in {} has not the backends and settings of the one that leads: {difference}",
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
    let key = context.key(&loaded.config.key, false)?;
    let documents = context.modules.documents(&context.told(&loaded));
    let backends = documents.iter().filter_map(|document| backend(document, &key)).collect();
    Ok(Report { key: key.name(), backends, settings: settings(&loaded, &key) })
}

fn settings(loaded: &Loaded, key: &Key) -> BTreeMap<String, String> {
    let is_of_all = |key: &str| !OF_EACH.iter().any(|own| key.starts_with(own));
    let shown = loaded.view().into_iter().filter(|shown| is_of_all(&shown.key));
    shown.map(|shown| (shown.key, key.digest(shown.value.as_bytes()))).collect()
}

/// Its name, and the digest of its configuration and scripts.
fn backend(document: &Value, key: &Key) -> Option<(String, String)> {
    let name = document.get("name")?.as_str()?.to_owned();
    let mut configured = document.clone();
    // Where it lies is of each machine.
    let folder = configured.as_object_mut().and_then(|members| members.remove("path"));
    let scripts =
        folder.as_ref().and_then(Value::as_str).map(|folder| scripts(&Path::new(folder).join("bin"), key));
    let all = json!([configured, scripts.unwrap_or_default()]).to_string();
    Some((name, key.digest(all.as_bytes())))
}

/// Each in its folder. One that cannot be read is like none.
fn scripts(folder: &Path, key: &Key) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let script = |file: fs::DirEntry| {
        let (name, about) = (file.file_name().into_string().ok()?, fs::metadata(file.path()).ok()?);
        if !about.is_file() {
            return None;
        }
        if about.len() > LARGEST {
            return Some((name, about.len().to_string()));
        }
        Some((name, key.digest(&fs::read(file.path()).ok()?)))
    };
    files.filter_map(script).collect()
}
