//! Log records: on standard error or output, for people or as JSON, at a level that a reload may change.

use std::fmt;
use std::io;
use std::panic::PanicHookInfo;

use anyhow::{Context as _, Result};
use engine::Clock;
use http::page::Lang;
use jiff::tz::TimeZone;
use module::terminal::Tongue;
use tracing::field::Field;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

use crate::cli::Common;
use crate::config::{self, Output};
use crate::context::Context;
use crate::render::text;

/// What the names of our own crates begin with.
const OURS: [&str; 2] = ["intendant", "engine"];

/// How records look.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// Lines for people, in colour or not, in this language.
    Human(bool, Tongue),
    /// One JSON document per record.
    Json,
}

/// Changes the level of a running process.
#[derive(Clone, Debug)]
pub struct Level {
    handle: reload::Handle<Targets, Registry>,
}

impl Level {
    /// From now on records of this level and above.
    pub fn set(&self, level: LevelFilter) -> Result<()> {
        self.handle.modify(|targets| *targets = wanted(level)).context("changing the log level")
    }
}

/// Starts logging. Once per process.
pub fn start(format: Format, output: Output, level: LevelFilter) -> Result<Level> {
    start_with(format, output, wanted(level))
}

fn start_with(format: Format, output: Output, wanted: Targets) -> Result<Level> {
    let (filter, handle) = reload::Layer::new(wanted);
    let lines = tracing_subscriber::fmt::layer().with_writer(move || Lines { format, output });
    let lines = match format {
        Format::Human(colour, tongue) => {
            let time = Local { clock: Clock::system(), zone: TimeZone::system() };
            let lines = lines.with_ansi(colour).with_target(false).with_timer(time);
            match tongue.lang() {
                Lang::En => lines.boxed(),
                // The sentence only: fields are for searches.
                Lang::Fr => lines.fmt_fields(debug_fn(in_tongue(tongue)).delimited(" ")).boxed(),
            }
        }
        Format::Json => lines.json().flatten_event(true).with_timer(Utc { clock: Clock::system() }).boxed(),
    };
    let subscriber = Registry::default().with(filter).with(lines);
    tracing::subscriber::set_global_default(subscriber).context("starting the log")?;
    std::panic::set_hook(Box::new(report_panic));
    Ok(Level { handle })
}

/// Writes the field of a record, its sentence in this language.
fn in_tongue(
    tongue: Tongue,
) -> impl Fn(&mut Writer<'_>, &Field, &dyn fmt::Debug) -> fmt::Result + Clone + Send + Sync + 'static {
    move |writer, field, value| match field.name() {
        "message" => write!(writer, "{}", tongue.say(&format!("{value:?}"))),
        name => write!(writer, "{name}={value:?}"),
    }
}

/// Starts logging for a command that a person calls: warnings, and more with `-v`. What becomes of its job is shown by
/// the command itself.
pub fn start_quietly(context: &Context) -> Result<Level> {
    let asked = by_option(&context.common);
    let wanted = wanted(asked.unwrap_or(LevelFilter::WARN));
    let wanted = if asked.is_none() { wanted.with_target(engine::JOBS, LevelFilter::OFF) } else { wanted };
    start_with(Format::Human(context.screen.err.is_on(), context.screen.tongue), Output::Stderr, wanted)
}

/// A level of the configuration.
pub fn level(level: config::Level) -> LevelFilter {
    match level {
        config::Level::Off => LevelFilter::OFF,
        config::Level::Error => LevelFilter::ERROR,
        config::Level::Warn => LevelFilter::WARN,
        config::Level::Info => LevelFilter::INFO,
        config::Level::Debug => LevelFilter::DEBUG,
        config::Level::Trace => LevelFilter::TRACE,
    }
}

/// The level that `-v` or `-q` asks for.
pub fn by_option(common: &Common) -> Option<LevelFilter> {
    match (common.quiet, common.verbose) {
        (true, _) => Some(LevelFilter::ERROR),
        (false, 0) => None,
        (false, 1) => Some(LevelFilter::INFO),
        (false, 2) => Some(LevelFilter::DEBUG),
        (false, _) => Some(LevelFilter::TRACE),
    }
}

/// One record, one line, whatever others put into it: nobody makes up a record, and nobody steers a terminal.
struct Lines {
    format: Format,
    output: Output,
}

impl io::Write for Lines {
    /// Takes a record whole, as it is handed over.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = match self.format {
            Format::Json => text::escaped(line).replace('\n', " "),
            // Colours of others were taken out before ours were put in.
            Format::Human(..) => text::printable(&line.replace(['\n', '\r'], " ")).into_owned(),
        };
        let line = format!("{line}\n");
        match self.output {
            Output::Stderr => io::stderr().lock().write_all(line.as_bytes())?,
            Output::Stdout => io::stdout().lock().write_all(line.as_bytes())?,
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.output {
            Output::Stderr => io::stderr().flush(),
            Output::Stdout => io::stdout().flush(),
        }
    }
}

/// The client of RabbitMQ: it calls an error what is the broker's answer to a question, says so of each try, and prints
/// whole messages as warnings. What matters of it our own records say; its errors are shown to who asks for everything.
const RABBITMQ: [&str; 5] = ["lapin", "amq_protocol", "tcp_stream", "async_rs", "async_global_executor"];

/// Our own records from this level on; of what we build upon, only warnings.
fn wanted(level: LevelFilter) -> Targets {
    let quiet = if level == LevelFilter::TRACE { LevelFilter::ERROR } else { LevelFilter::OFF };
    Targets::new()
        .with_targets(OURS.map(|name| (name, level)))
        .with_targets(RABBITMQ.map(|target| (target, quiet)))
        .with_default(level.min(LevelFilter::WARN))
}

/// A panic is a bug. Its message is shown when it is a fixed text: what is made up at run time may hold a payload.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("a panic");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(place, "bug: {what}, at {place}; please report it");
}

/// `14:05:30.123` in the local time zone.
struct Local {
    clock: Clock,
    zone: TimeZone,
}

impl FormatTime for Local {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", self.clock.now().to_zoned(self.zone.clone()).strftime("%H:%M:%S.%3f"))
    }
}

/// RFC 3339 in UTC, with milliseconds.
struct Utc {
    clock: Clock,
}

impl FormatTime for Utc {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{:.3}", self.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn records_of_all_our_crates_are_ours() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut looked_at = 0;
        for entry in fs::read_dir(crates).unwrap() {
            let Ok(manifest) = fs::read_to_string(entry.unwrap().path().join("Cargo.toml")) else { continue };
            let of = |section: &str| {
                let lines =
                    manifest.split(section).nth(1)?.lines().skip(1).take_while(|line| !line.starts_with('['));
                lines
                    .into_iter()
                    .find_map(|line| Some(line.strip_prefix("name = ")?.trim_matches('"').replace('-', "_")))
            };
            let name = of("[lib]").or_else(|| of("[package]")).unwrap();
            let target = format!("{name}::somewhere");
            assert!(wanted(LevelFilter::DEBUG).would_enable(&target, &tracing::Level::DEBUG), "{name}");
            looked_at += 1;
        }
        assert!(looked_at > 5);
        assert!(wanted(LevelFilter::DEBUG).would_enable(engine::JOBS, &tracing::Level::INFO));
    }

    #[test]
    fn of_what_we_build_upon_only_warnings_are_shown() {
        let wanted = wanted(LevelFilter::TRACE);
        assert!(wanted.would_enable("hyper", &tracing::Level::WARN));
        assert!(!wanted.would_enable("hyper", &tracing::Level::INFO));
    }
}
