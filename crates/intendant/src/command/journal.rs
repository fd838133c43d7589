//! `intendant journal move`: the journal to another place, a database or a folder.

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use journal::{Address, Carried, Progress};
use serde_json::{Map, Value, json};

use crate::address;
use crate::cli::MoveJournal;
use crate::compose::journal_error;
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::render::{Mark, text};
use module::terminal::Screen;

/// Carries the journal over; one that was interrupted goes on.
pub async fn carry(args: MoveJournal, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let named = |text: &str| address::named(text, &loaded.config, context.environment());
    let from = args.from.as_deref().map_or_else(|| context.address(&loaded.config), named)?;
    let to = named(&args.to)?;
    if from == to {
        return Err(misuse(format!("the journal is in {from}: name another place, or say --from as well")));
    }
    let keys = context.keys(&loaded.config, false)?;
    let bar = bar(&context.screen, args.json);
    let shown = bar.clone();
    let (source, destination) = (from.clone(), to.clone());
    let carrying = tokio::task::spawn_blocking(move || {
        journal::carry(&source, &destination, &keys, |progress| show(progress, &shown))
    });
    let carried = carrying.await.context("moving the journal")?.map_err(journal_error)?;
    bar.finish_and_clear();
    if let Some(marker) = context.marker(&loaded) {
        marker.note(&to, carried.id)?;
    }
    told(&carried, &from, &to, args.json, &context.screen)
}

fn show(progress: Progress, bar: &ProgressBar) {
    bar.set_length(progress.of);
    bar.set_position(progress.done);
    bar.set_message(progress.table);
}

fn bar(screen: &Screen, json: bool) -> ProgressBar {
    if json || !screen.live {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template("  {bar:40} {percent} %  {msg}  {eta}") {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}

fn told(carried: &Carried, from: &Address, to: &Address, json: bool, screen: &Screen) -> Result<Exit> {
    if json {
        let rows: Map<String, Value> =
            carried.tables.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
        let (from, to) = (from.to_string(), to.to_string());
        screen.json(&json!({ "journal": carried.id, "from": from, "to": to, "rows": rows }))?;
        return Ok(Exit::Done);
    }
    let of = |wanted: &[&str]| -> usize {
        let rows = carried.tables.iter().filter(|(table, _)| wanted.contains(table)).map(|(_, rows)| rows);
        usize::try_from(rows.sum::<u64>()).unwrap_or(usize::MAX)
    };
    let all: u64 = carried.tables.iter().map(|(_, rows)| rows).sum();
    screen.marked(
        Mark::Good,
        format!("{} and all that belongs to them are in {to}", text::count(of(&["live", "done"]), "job")),
    )?;
    let rows = text::count(usize::try_from(all).unwrap_or(usize::MAX), "row");
    screen.remark(format!("{rows}, counted at both ends"));
    screen.remark(match to.folder() {
        Some(folder) => format!(
            "start the hub without journal.url and with data.folder {}: the journal in {from} is left and does not open any \
             more",
            folder.display()
        ),
        None => format!(
            "give the hub this place as journal.url before it is started: the journal in {from} is left and does not open \
             any more"
        ),
    });
    Ok(Exit::Done)
}
