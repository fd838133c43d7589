//! `intendant doctor`: is everything as it should be? One line for each check.

mod checks;
mod dependencies;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::cli::Doctor;
use crate::context::Context;
use crate::exit::Exit;
use crate::render::{Mark, text};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Error,
}

/// What a check found.
#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    level: Level,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Finding { name, level: Level::Ok, what: what.into(), remedy: None }
    }

    fn warning(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { name, level: Level::Warning, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn error(name: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Finding { name, level: Level::Error, what: what.into(), remedy: Some(remedy.into()) }
    }
}

/// Examines everything, and says what to do where something is wrong.
pub async fn run(args: Doctor, context: &Context) -> Result<Exit> {
    let findings = checks::all(context).await;
    let well = findings.iter().all(|finding| finding.level != Level::Error);
    let screen = &context.screen;
    if args.json {
        screen.json(&json!({ "ok": well, "checks": findings }))?;
        return Ok(Exit::of(well));
    }
    for finding in &findings {
        let mark = match finding.level {
            Level::Ok => Mark::Good,
            Level::Warning => Mark::Warn,
            Level::Error => Mark::Bad,
        };
        let indent = 2 + 14;
        let room = screen.width.saturating_sub(indent);
        let head = format!("{} {}", mark.paint(screen.out, mark.sign()), text::pad(finding.name, 14));
        let mut words = text::wrap(&text::one_line(&finding.what), room).into_iter();
        screen.line(format!("{head}{}", words.next().unwrap_or_default()))?;
        words.try_for_each(|line| screen.line(format!("{}{line}", " ".repeat(indent))))?;
        for line in finding.remedy.iter().flat_map(|remedy| text::wrap(&text::one_line(remedy), room)) {
            screen.line(format!("{}{}", " ".repeat(indent), mark.paint(screen.out, &line)))?;
        }
    }
    Ok(Exit::of(well))
}
