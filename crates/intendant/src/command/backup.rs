//! `intendant backup` and `intendant restore`.

use std::fs;

use anyhow::Result;
use journal::Address;
use serde_json::json;

use super::offline;
use crate::cli::{Backup, Restore};
use crate::compose::journal_error;
use crate::config::Value as _;
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::render::{Mark, text};

/// `backup`: also while the hub works, without stopping it.
pub fn backup(args: &Backup, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    refuse_server(&context.address(&loaded.config)?, "backup")?;
    let look = offline::look(&loaded, context)?;
    look.backup(&args.file).map_err(journal_error)?;
    let turning = look.renewal().map_err(journal_error)?.is_some();
    let bytes = fs::metadata(&args.file).map_or(0, |found| found.len());
    let screen = &context.screen;
    if args.json {
        screen.json(&json!({ "file": args.file, "bytes": bytes }))?;
        return Ok(Exit::Done);
    }
    screen.marked(Mark::Good, format!("{} ({})", args.file.display(), text::size(bytes)))?;
    screen.remark(format!(
        "the key is not in it ({}): without a copy of the key the backup cannot be used",
        loaded.config.key.show()
    ));
    if turning {
        screen.remark("the key was changed and not all rows are sealed anew yet: this backup needs the key before as well");
    }
    Ok(Exit::Done)
}

/// The journal on a server is copied and put back with what that server has for it, which also knows of its other databases.
fn refuse_server(at: &Address, what: &str) -> Result<()> {
    if at.folder().is_none() {
        return Err(misuse(format!(
            "{at} is a database of PostgreSQL, and {what} is for journals in a folder: use PostgreSQL's own means \
             (pg_dump and pg_restore, pg_basebackup, pgBackRest, or the backups of its provider); the key is in none of \
             them, keep a copy of it elsewhere"
        )));
    }
    Ok(())
}

/// `restore`.
pub fn restore(args: &Restore, context: &Context) -> Result<Exit> {
    let loaded = context.configuration()?;
    let keys = context.keys(&loaded.config, false).map_err(|error| {
        misuse(format!("{error}; the key is not in a backup: put that of the original hub in place first"))
    })?;
    let journal::Restored { id, jobs, damaged } =
        journal::restore(&args.file, &args.data, &keys).map_err(journal_error)?;
    if args.data == loaded.config.data.folder
        && let Some(marker) = context.marker(&loaded)
    {
        marker.note(&Address::from(args.data.clone()), id)?;
    }
    let screen = &context.screen;
    if args.json {
        screen.json(&json!({ "folder": args.data, "jobs": jobs, "damaged": damaged }))?;
        return Ok(Exit::Done);
    }
    let jobs = text::count(usize::try_from(jobs).unwrap_or(usize::MAX), "job");
    screen.marked(Mark::Good, format!("{jobs} in {}", args.data.display()))?;
    if let Some(first) = damaged.first() {
        let rows = text::count(damaged.len(), "row");
        screen.marked(
            Mark::Warn,
            format!("{rows} in it were damaged when the backup was made; the first: {first}"),
        )?;
    }
    if args.data != loaded.config.data.folder {
        screen.remark(format!(
            "the hub's own folder is {}: give it this one as data.folder, or move it there",
            loaded.config.data.folder.display()
        ));
    }
    Ok(Exit::Done)
}
