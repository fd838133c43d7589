//! `intendant identities runs`, and waiting for one to end.

use std::time::Duration;

use anyhow::Result;
use api::Client;
use api::dto::Waited;
use indicatif::ProgressBar;
use model::{JobId, JobState};
use module::Desk;
use module::exit::Exit;
use module::interrupt::Interrupts;
use module::patience::{self, Patience};
use module::terminal::{Align, Cell, Mark, Screen, Table, Times, progress};

use super::super::typed::ListRuns;
use crate::api::{Report, RunView};
use crate::client;
use crate::run::Stage;

/// A run is looked at so often, and no more often than it takes four times as long to look.
const EVERY: Duration = Duration::from_millis(500);
/// How long the hub is asked to wait for one job, in seconds.
const ONE: u32 = 30;

/// Lists runs, or shows one.
pub(super) async fn run(args: &ListRuns, desk: &dyn Desk) -> Result<Exit> {
    let (hub, screen) = (desk.client()?, desk.screen());
    let Some(id) = &args.run else {
        let page = client::runs(&hub, args.limit).await?;
        if args.json {
            screen.json(&page)?;
        } else if page.runs.is_empty() {
            screen.remark("nothing was asked for many identities yet; `intendant identities sync` does");
        } else {
            screen.table(&table(&page.runs, desk))?;
        }
        return Ok(Exit::Done);
    };
    if args.wait {
        return wait(&hub, id, args.json, desk).await;
    }
    let run = client::run(&hub, id).await?;
    tell(&run, args.json, screen)
}

fn table(runs: &[RunView], desk: &dyn Desk) -> Table {
    let (times, now) = (Times::local(), desk.clock().now());
    let mut table = Table::new([
        ("RUN", Align::Left),
        ("BEGUN", Align::Left),
        ("BY", Align::Left),
        ("WHAT", Align::Left),
        ("STAGE", Align::Left),
        ("OF", Align::Right),
        ("SUCCEEDED", Align::Right),
        ("FAILED", Align::Right),
    ]);
    for run in runs {
        table.row([
            Cell::from(&run.id),
            Cell::from(times.short(run.begun.0, now)),
            Cell::from(&run.by),
            Cell::from(run.deed.as_str()),
            Cell::marked(mark(run), stage(run.stage)),
            Cell::from(run.jobs.map_or("-".to_owned(), |jobs| jobs.to_string())),
            Cell::from(run.succeeded.to_string()),
            Cell::from(run.failed.to_string()),
        ]);
    }
    table
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::UnderWay => "under way",
        Stage::Ended => "ended",
        Stage::Interrupted => "interrupted",
    }
}

fn mark(run: &RunView) -> Mark {
    match run.stage {
        Stage::UnderWay => Mark::Busy,
        Stage::Interrupted => Mark::Warn,
        Stage::Ended if run.failed > 0 => Mark::Bad,
        Stage::Ended => Mark::Good,
    }
}

/// Waits until what was asked has ended, and says how.
pub(super) async fn wait_for(
    hub: &Client,
    report: &Report,
    json: bool,
    desk: &dyn Desk,
) -> Result<Option<Exit>> {
    match (&report.run, report.jobs.as_slice()) {
        (Some(run), _) => wait(hub, run, json, desk).await.map(Some),
        (None, [job]) => {
            let screen = desk.screen();
            let found = ended(hub, *job, desk).await?;
            let good = found.job.state == JobState::Succeeded;
            if json {
                screen.json(&found)?;
            } else {
                let why = found.job.message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                let mark = if good { Mark::Good } else { Mark::Bad };
                screen.marked(mark, format!("{}{why}", found.job.state.as_str()))?;
                screen.remark(format!("what each backend said: intendant jobs show {job}"));
            }
            Ok(Some(Exit::of(good)))
        }
        (None, _) => Ok(None),
    }
}

/// Waits until a job of the hub has ended, also where the hub goes away meanwhile.
async fn ended(hub: &Client, job: JobId, desk: &dyn Desk) -> Result<Waited> {
    let mut patience = Patience::default();
    // It has said which job it is.
    patience.answered();
    loop {
        match hub.wait(job, ONE).await {
            Ok(found) => {
                patience.answered().into_iter().for_each(|words| desk.screen().remark(words));
                if found.job.state.is_terminal() {
                    return Ok(found);
                }
            }
            Err(error) => {
                patience.bear(Some(error))?.into_iter().for_each(|words| desk.screen().remark(words));
                desk.clock().sleep(patience::PAUSE).await;
            }
        }
    }
}

async fn wait(hub: &Client, id: &str, json: bool, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    let mut bar: Option<ProgressBar> = None;
    let mut interrupts = Interrupts::listen()?;
    let mut patience = Patience::default();
    let (mut ended, mut of) = (0, 0);
    loop {
        let looked = desk.clock().instant();
        let words = match client::run(hub, id).await {
            Ok(run) if run.stage != Stage::UnderWay => {
                bar.iter().for_each(ProgressBar::finish_and_clear);
                return tell(&run, json, screen);
            }
            Ok(run) => {
                (ended, of) = (run.ended(), run.jobs.unwrap_or_default());
                if let Some(jobs) = run.jobs {
                    bar.get_or_insert_with(|| progress(Some(jobs), screen, json)).set_position(ended);
                }
                patience.answered().map(str::to_owned)
            }
            Err(error) => patience.bear(Some(error))?,
        };
        if let Some(words) = words {
            bar.as_ref().map_or_else(|| screen.remark(&words), |bar| bar.suspend(|| screen.remark(&words)));
        }
        let pause = EVERY.max((desk.clock().instant() - looked) * 4);
        tokio::select! {
            () = desk.clock().sleep(pause) => {}
            () = interrupts.next() => {
                bar.iter().for_each(ProgressBar::finish_and_clear);
                screen.fail(format!(
                    "interrupted: {ended} of {of} jobs have ended, and the others go on; \
                     `intendant identities runs {id} --wait` comes back to them"
                ));
                return Ok(Exit::Interrupted);
            }
        }
    }
}

/// How a run stands, and why of it failed what failed.
fn tell(run: &RunView, json: bool, screen: &Screen) -> Result<Exit> {
    let good = run.stage == Stage::Ended && run.failed == 0;
    if json {
        screen.json(run)?;
        return Ok(Exit::of(good));
    }
    let mut parts = vec![format!("{} succeeded", run.succeeded), format!("{} failed", run.failed)];
    let others = [
        (run.cancelled, "cancelled"),
        (run.under_way, "under way"),
        (run.left.unwrap_or_default(), "left as they are"),
    ];
    parts.extend(others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    screen.marked(mark(run), format!("{} {}: {}", run.deed.as_str(), stage(run.stage), parts.join(", ")))?;
    for cause in &run.causes {
        let backend = cause.backend.as_ref().map(|backend| format!("{backend}: ")).unwrap_or_default();
        screen.marked(Mark::Bad, format!("{} × {backend}{}", cause.count, cause.message))?;
        screen.remark(format!("for example: intendant jobs show {}", cause.job));
    }
    if run.failed > 0 {
        screen.remark(format!("all of them: intendant jobs list --state failed --text {}", run.id));
    }
    if run.stage == Stage::Interrupted {
        screen.remark("the hub was stopped in the middle: ask again for those that are left");
    }
    Ok(Exit::of(good))
}
