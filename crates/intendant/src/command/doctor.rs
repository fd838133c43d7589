//! `intendant doctor`: is everything as it should be? One line for each check.

mod checks;
mod dependencies;

use anyhow::Result;
use module::terminal::Screen;
use module::{Finding, Level};
use serde_json::json;

use crate::cli::Doctor;
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{Mark, text};

/// Examines everything, and says what to do where something is wrong.
pub async fn run(args: Doctor, context: &Context) -> Result<Exit> {
    let findings = checks::all(context).await;
    let well = findings.iter().all(|finding| finding.level != Level::Error);
    let screen = &context.screen;
    if args.json {
        screen.json(&json!({ "ok": well, "checks": findings }))?;
        return Ok(Exit::of(well));
    }
    show(&findings, screen)?;
    Ok(Exit::of(well))
}

/// One line for each, with what to do below it.
pub(super) fn show(findings: &[Finding], screen: &Screen) -> Result<()> {
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => Mark::Good,
            Level::Warning => Mark::Warn,
            Level::Error => Mark::Bad,
        };
        let indent = 2 + 14;
        let room = screen.width.saturating_sub(indent);
        let head =
            format!("{} {}", mark.paint(screen.out, mark.sign()), text::pad(&screen.say(finding.name), 14));
        let mut words = text::wrap(&screen.say(&text::one_line(&finding.what)), room).into_iter();
        screen.line(format!("{head}{}", words.next().unwrap_or_default()))?;
        words.try_for_each(|line| screen.line(format!("{}{line}", " ".repeat(indent))))?;
        for line in
            finding.remedy.iter().flat_map(|remedy| text::wrap(&screen.say(&text::one_line(remedy)), room))
        {
            screen.line(format!("{}{}", " ".repeat(indent), mark.paint(screen.out, &line)))?;
        }
    }
    Ok(())
}
