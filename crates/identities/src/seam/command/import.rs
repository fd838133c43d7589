//! `intendant identities import`.

use std::path::Path;
use std::pin::pin;

use crate::api::{ImportLine, ImportReport};
use crate::client::{self, File};
use crate::import::Format;
use crate::register::Options;
use anyhow::{Context as _, Result, bail};
use futures_util::StreamExt as _;
use model::text;
use tokio::io::AsyncReadExt as _;

use super::super::typed::Import;
use module::document::STDIN;
use module::exit::{Exit, misuse};
use module::interrupt::Interrupts;
use module::terminal::{Mark, Screen, progress};
use module::{Desk, document};

/// Imports a file, and lists every record that could not be used.
pub(super) async fn run(args: &Import, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    let named = || args.file.to_str().and_then(Format::of_name);
    let format = args.format.or_else(named).ok_or_else(|| {
        misuse("the name of the file does not say its format: give --format json, ndjson, csv or ldif")
    })?;
    let mapping = match &args.mapping {
        Some(path) => text::read(&read(path).await?)
            .map_err(|error| misuse(format!("{}: {error}", path.display())))?
            .into_owned(),
        None => String::new(),
    };
    let file = File { content: read(&args.file).await?, format, encoding: args.encoding, mapping };
    let options = Options { dry_run: args.dry_run, validated: args.validated };
    let (mut bar, mut handled) = (None, (0, 0));
    let mut interrupts = Interrupts::listen()?;
    let hub = desk.client()?;
    let lines = tokio::select! {
        lines = client::import(&hub, &file, options) => lines?,
        () = interrupts.next() => {
            tell_interrupted(handled, args.dry_run, screen);
            return Ok(Exit::Interrupted);
        }
    };
    let mut lines = pin!(lines);
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = interrupts.next() => {
                tell_interrupted(handled, args.dry_run, screen);
                return Ok(Exit::Interrupted);
            }
        };
        let Some(line) = line else { break };
        match line? {
            ImportLine::Handled { records, of } => {
                handled = (records, of);
                bar.get_or_insert_with(|| progress(Some(of), screen, args.json)).set_position(records);
            }
            ImportLine::Report(report) => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return tell(&report, args, desk);
            }
            ImportLine::Broken(problem) => {
                bail!("the import broke off: {}; the same command goes on with it", problem.detail)
            }
        }
    }
    bail!("the hub went away before the end: the same command goes on with the import")
}

/// Says how far an import has come that is not waited for any more.
fn tell_interrupted((records, of): (u64, u64), dry_run: bool, screen: &Screen) {
    screen.fail(match (dry_run, of) {
        (true, _) => "interrupted: nothing was changed".to_owned(),
        (false, 0) => "interrupted before the hub said how far it is; the same command goes on with the import, whatever \
                       was imported"
            .to_owned(),
        (false, of) => format!(
            "interrupted: the hub has handled {records} of {of} records at least; the same command goes on with the import"
        ),
    });
}

fn tell(report: &ImportReport, args: &Import, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    if args.json {
        screen.json(report)?;
        return Ok(Exit::of(report.bad.is_empty()));
    }
    for bad in &report.bad {
        let same = if bad.others.is_empty() {
            String::new()
        } else {
            format!(" (and {} more: lines {})", bad.count - 1, bad.lines())
        };
        screen.marked(
            Mark::Bad,
            format!("{}:{}: {}{same}", document::name(&args.file), bad.line, bad.reason),
        )?;
    }
    let would = if report.dry_run { "would be " } else { "" };
    let mut parts = vec![
        format!("{} {would}new", report.new),
        format!("{} {would}changed", report.changed),
        format!("{} unchanged", report.unchanged),
    ];
    if report.refused > 0 {
        parts.push(format!("{} cannot be used", report.refused));
    }
    let mark = if report.bad.is_empty() { Mark::Good } else { Mark::Warn };
    screen.marked(mark, parts.join(", "))?;
    if report.dry_run {
        changes(report, screen)?;
    }
    remarks(report, screen);
    if !report.dry_run && report.new + report.changed > report.aside {
        screen.remark(if args.validated {
            "next: `intendant identities sync`"
        } else {
            "next: look at them, then `intendant identities validate`"
        });
    }
    Ok(Exit::of(report.bad.is_empty()))
}

/// Who would be changed, and in what.
fn changes(report: &ImportReport, screen: &Screen) -> Result<()> {
    for change in &report.changes {
        let names: Vec<&str> = change.members.iter().map(|member| member.name.as_str()).collect();
        let back = if change.back { "was deleted, and would come back; " } else { "" };
        screen.marked(Mark::Idle, format!("{}: {back}{}", change.label, names.join(", ")))?;
    }
    let more = report.changed.saturating_sub(report.changes.len() as u64);
    if more > 0 {
        screen.remark(format!("and {more} more would be changed"));
    }
    if report.changed > 1 {
        let members = report.members.iter().map(|(name, n)| format!("{name} of {n}"));
        screen.remark(format!("members that would change: {}", members.collect::<Vec<_>>().join(", ")));
    }
    Ok(())
}

fn remarks(report: &ImportReport, screen: &Screen) {
    if report.incomplete > 0 {
        screen.remark(format!(
            "{} of them are to be completed: see `intendant identities list --in to_complete`",
            report.incomplete
        ));
    }
    if report.aside > 0 {
        screen.remark(format!("{} of them are set aside, and stay so", report.aside));
    }
    if !report.unused.is_empty() {
        screen.remark(format!(
            "columns that are not used: {}; a mapping (--mapping FILE) says what becomes what",
            report.unused.join(", ")
        ));
    }
    if report.passwords > 0 {
        screen.remark(format!("{} passwords were left out: the register keeps none", report.passwords));
    }
}

async fn read(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new(STDIN) {
        let mut content = Vec::new();
        tokio::io::stdin().read_to_end(&mut content).await.context("reading standard input")?;
        return Ok(content);
    }
    let read = tokio::fs::read(path).await;
    read.map_err(|error| misuse(format!("{}: {}", path.display(), document::explain(&error))))
}
