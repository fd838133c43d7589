//! `intendant key rotate`: another key for the journal, also while the hub works.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use api::Client;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use journal::{Look, Options, Renewal};
use serde_json::json;

use super::offline;
use crate::cli::RotateKey;
use crate::compose::journal_error;
use crate::config::{Loaded, SecretSource, Value as _};
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::keyring;
use crate::render::Mark;
use module::terminal::Screen;

/// How often the hub's progress is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Puts a new key in the place of the journal's, unless that was done before and is not at its end, and waits until all
/// rows are sealed with it.
pub async fn rotate(args: RotateKey, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let path = file(&loaded)?;
    let bar = bar(&context.screen, args.json);
    if offline::look(&loaded, context)?.is_of_older_version() {
        // That is another reason to seal anew: it comes to its end first.
        seal_anew(&loaded, context, &bar).await?;
    }
    let look = offline::look(&loaded, context)?;
    let keys = context.keys(&loaded.config, false)?;
    let under_way = look.renewal().map_err(journal_error)?.is_some() || !look.is_sealed_with(&keys.now);
    drop(look);
    if !under_way {
        keyring::exchange(&path)?;
    }
    seal_anew(&loaded, context, &bar).await?;
    bar.finish_and_clear();
    told(&path, args.json, &context.screen)
}

/// Has everything sealed anew that has to be, by the hub or, for want of one, in this process.
async fn seal_anew(loaded: &Loaded, context: &Context, bar: &ProgressBar) -> Result<()> {
    match Client::new(&loaded.config.socket).reload().await {
        Ok(_) => follow(loaded, context, bar).await,
        Err(api::Error::NoHub { .. }) => renew(loaded, context, bar).await,
        Err(error) => {
            Err(anyhow!("the hub takes over the key in its place when it is told to reload: {error}"))
        }
    }
}

/// The key's file.
fn file(loaded: &Loaded) -> Result<PathBuf> {
    match &loaded.config.key {
        SecretSource::File(path) => Ok(path.clone()),
        source => Err(misuse(format!(
            "the key comes from {}, which this command cannot write: give the hub the new key as `key` and this one as \
             `key_before`, restart it, and remove `key_before` once `intendant doctor` says that all rows are sealed anew",
            source.show()
        ))),
    }
}

/// Watches the hub seal everything anew.
async fn follow(loaded: &Loaded, context: &Context, bar: &ProgressBar) -> Result<()> {
    loop {
        let keys = context.keys(&loaded.config, false)?;
        let found = Look::open(context.address(&loaded.config)?, &keys).map_err(journal_error)?;
        let look = found.ok_or_else(|| anyhow!("the journal is not there any more"))?;
        match look.renewal().map_err(journal_error)? {
            Some(renewal) => show(renewal, bar, context),
            None if look.is_sealed_with(&keys.now) => return Ok(()),
            None => return Err(anyhow!("the hub has not taken over the new key: its log says why")),
        }
        drop(look);
        context.clock.sleep(LOOK).await;
    }
}

/// Seals everything anew in this process.
async fn renew(loaded: &Loaded, context: &Context, bar: &ProgressBar) -> Result<()> {
    let at = context.address(&loaded.config)?;
    let keys = context.keys(&loaded.config, false)?;
    let journal = journal::open(Options::new(at, keys), Arc::new(|_| {})).map_err(journal_error)?;
    let renewed = loop {
        match journal.renew().await {
            Ok(Renewal::Done) => break Ok(()),
            Ok(renewal) => show(renewal, bar, context),
            Err(error) => break Err(journal_error(error)),
        }
    };
    journal.close().await;
    renewed
}

fn show(renewal: Renewal, bar: &ProgressBar, context: &Context) {
    if let Renewal::Under { percent, again } = renewal {
        bar.set_position(percent.into());
        let words = if again { "looking for what was left" } else { "sealing anew" };
        bar.set_message(context.screen.say(words));
    }
}

fn bar(screen: &Screen, json: bool) -> ProgressBar {
    if json || !screen.live {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos} %  {msg}") {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}

fn told(path: &Path, json: bool, screen: &Screen) -> Result<Exit> {
    let older = keyring::older(path);
    if json {
        screen.json(&json!({ "key": path, "older": older }))?;
        return Ok(Exit::Done);
    }
    screen.marked(Mark::Good, format!("all rows are sealed with the new key in {}", path.display()))?;
    screen.remark("a backup does not contain it: keep a copy elsewhere");
    let shown: Vec<String> = older.iter().map(|path| path.display().to_string()).collect();
    if !shown.is_empty() {
        screen.remark(format!(
            "backups made before need the older key: remove it when you keep none of them ({})",
            shown.join(", ")
        ));
    }
    Ok(Exit::Done)
}
