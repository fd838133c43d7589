//! `intendant backends check`: what is wrong with backends, here or where a hub runs.

use std::path::PathBuf;

use anyhow::Result;
use api::Client;
use api::dto::{CheckReport, Finding, Reached, Severity};
use futures_util::future::join_all;
use http::dependency::reach;

use crate::cli::Check;
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{Mark, text};

/// Checks the folder that is named, else that of the hub, named or of this machine, else the configured one.
pub async fn run(args: Check, context: &Context) -> Result<Exit> {
    let report = match context.remote()? {
        Some(hub) if args.folder.is_none() => hub.check().await?,
        _ => of_this_machine(args.folder, context).await?,
    };
    let (errors, warnings) = report.counted();
    if args.json {
        context.screen.json(&report)?;
        return Ok(Exit::of(errors == 0));
    }
    for finding in &report.problems {
        show(finding, context)?;
    }
    for needed in &report.dependencies {
        answers(needed, context)?;
    }
    let (mark, found) = match (errors, warnings) {
        (0, 0) => (Mark::Good, "no problem".to_owned()),
        (0, _) => (Mark::Warn, text::count(warnings, "warning")),
        (_, 0) => (Mark::Bad, text::count(errors, "error")),
        _ => (Mark::Bad, format!("{}, {}", text::count(errors, "error"), text::count(warnings, "warning"))),
    };
    let native = match report.native {
        0 => String::new(),
        native => format!(" and {native} of the program itself"),
    };
    let counted = text::count(report.backends, "backend");
    context.screen.marked(mark, format!("{counted} in {}{native}: {found}", report.folder))?;
    Ok(Exit::of(errors == 0))
}

/// Asks the hub of this machine, which knows best how it was started. Where none runs or a folder is named, files are
/// read here.
async fn of_this_machine(named: Option<PathBuf>, context: &Context) -> Result<CheckReport> {
    let loaded = context.configuration_of_hub().await?;
    if named.is_none()
        && let Ok(report) = Client::new(&loaded.config.socket).check().await
    {
        return Ok(report);
    }
    let mut told = context.told(&loaded);
    told.folder = named;
    let mut report = context.modules.offer(&told)?.report().await;
    ask(&mut report).await;
    Ok(report)
}

/// Asks all that backends depend on, at once.
pub(super) async fn ask(report: &mut CheckReport) {
    join_all(report.dependencies.iter_mut().map(async |needed| {
        needed.error = reach(&needed.dependency.url).await.err();
        needed.reachable = needed.error.is_none();
    }))
    .await;
}

fn answers(needed: &Reached, context: &Context) -> Result<()> {
    let Reached { backend, dependency: api::dto::Dependency { name, url, why }, error, .. } = needed;
    let what = format!("{backend} depends on {name} at {url} ({why})");
    match error {
        None => context.screen.marked(Mark::Good, text::one_line(&format!("{what}: it answers"))),
        Some(error) => context.screen.marked(Mark::Warn, text::one_line(&format!("{what}: {error}"))),
    }
}

fn show(finding: &Finding, context: &Context) -> Result<()> {
    let screen = &context.screen;
    let mark = match finding.severity {
        Severity::Error => Mark::Bad,
        Severity::Warning => Mark::Warn,
    };
    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = text::one_line(&format!("{}{line}", finding.file));
    screen.line(format!("{} {}", mark.paint(screen.out, mark.sign()), screen.out.bold(&place)))?;
    let said = screen.say(&text::one_line(&format!("{}; {}", finding.what, finding.remedy)));
    for line in text::wrap(&said, screen.width.saturating_sub(4)) {
        screen.line(format!("    {line}"))?;
    }
    Ok(())
}
