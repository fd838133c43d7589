//! The terminal, or whatever stands in its place: what is printed where, how wide, in colour or not.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, LineWriter, Write};
use std::ops::RangeInclusive;

use anyhow::Result;
use serde::Serialize;

use clap::ValueEnum;

use super::{Look, Mark, Paint, Table, Times, Tongue, text};
use crate::exit::ReaderLeft;

/// Lines of words on a terminal are at least and at most so wide.
const WIDTHS: RangeInclusive<usize> = 40..=120;
/// Nothing is broken or cut in files and pipes: there it is searched.
pub(super) const UNBROKEN: usize = 10_000;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Not even on a terminal.
    Never,
}

/// Where a command prints. Results go to standard output, remarks and errors to standard error.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Colours of standard output.
    pub out: Paint,
    /// Colours of standard error.
    pub err: Paint,
    /// Columns of a line of words.
    pub width: usize,
    /// Columns of the terminal.
    pub columns: usize,
    /// Somebody watches: standard output and standard error are a terminal.
    pub live: bool,
    /// The language in which it speaks.
    pub tongue: Tongue,
    quiet: bool,
}

impl Screen {
    /// As the options and the environment want it.
    pub fn new(colour: Colour, quiet: bool, tongue: Tongue) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let wanted = |terminal: bool| match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        };
        Screen {
            out: Paint::new(wanted(out)),
            err: Paint::new(wanted(err)),
            width: columns().map_or(UNBROKEN, |columns| columns.clamp(*WIDTHS.start(), *WIDTHS.end())),
            columns: columns().unwrap_or(UNBROKEN).max(*WIDTHS.start()),
            live: out && err && !quiet,
            tongue,
            quiet,
        }
    }

    /// How results are shown.
    pub fn look(&self) -> Look {
        Look {
            paint: self.out,
            width: self.width,
            columns: self.columns,
            times: Times::local(),
            tongue: self.tongue,
        }
    }

    /// The text in the language of whoever reads it.
    pub fn say(&self, words: &str) -> String {
        self.tongue.say(words)
    }

    /// A sentence on one line, in the language of whoever reads it.
    fn sentence(&self, words: impl Display) -> String {
        self.say(&text::one_line(&words.to_string()))
    }

    /// Prints a line of the result.
    pub fn line(&self, line: impl Display) -> Result<()> {
        Ok(writeln!(io::stdout().lock(), "{}", text::printable(&line.to_string())).map_err(ReaderLeft::or)?)
    }

    /// Prints a sentence after a mark, over as many lines as it takes.
    pub fn marked(&self, mark: Mark, words: impl Display) -> Result<()> {
        let lines = text::wrap(&self.sentence(words), self.width.saturating_sub(2));
        for (place, line) in lines.iter().enumerate() {
            let margin = if place == 0 { mark.paint(self.out, mark.sign()) } else { " ".to_owned() };
            self.line(format!("{margin} {line}"))?;
        }
        Ok(())
    }

    /// Prints a document on one line.
    pub fn json(&self, document: &impl Serialize) -> Result<()> {
        self.line(text::escaped(&serde_json::to_string(document)?))
    }

    /// Prints a document over several lines.
    pub fn pretty(&self, document: &impl Serialize) -> Result<()> {
        self.line(text::escaped(&serde_json::to_string_pretty(document)?))
    }

    /// Where a document goes byte for byte; a terminal gets of it what is printable.
    pub fn stream(&self) -> Box<dyn Write> {
        if io::stdout().is_terminal() {
            return Box::new(LineWriter::new(Printable(io::stdout())));
        }
        Box::new(self.piped())
    }

    /// Where a document of our own goes byte for byte.
    pub fn piped(&self) -> impl Write + use<> {
        BufWriter::new(Piped(io::stdout()))
    }

    /// Prints a table.
    pub fn table(&self, table: &Table) -> Result<()> {
        table.lines(&self.look()).iter().try_for_each(|line| self.line(line))
    }

    /// Prints something a person may want to know, which is no result: not with `--quiet`.
    pub fn remark(&self, words: impl Display) {
        if !self.quiet {
            for line in text::wrap(&self.sentence(words), self.width.saturating_sub(2)) {
                self.complain(self.err.dim(&format!("  {line}")));
            }
        }
    }

    /// Prints on standard error, whatever happens. Where that fails there is nowhere left to say so.
    pub fn complain(&self, line: impl Display) {
        let _ = writeln!(io::stderr().lock(), "{}", text::printable(&line.to_string()));
    }

    /// Asks for something, or tells it to whoever is at the terminal.
    pub fn ask(&self, words: impl Display) {
        self.complain(self.sentence(words));
    }

    /// Says in one line why what was asked for did not come about.
    pub fn fail(&self, why: impl Display) {
        self.ended("failed", why);
    }

    /// Says in one line how something ended that did not succeed, and why.
    pub fn ended(&self, how: &str, why: impl Display) {
        let how = self.say(&format!("{how}:"));
        self.complain(format!("{} {}", self.err.red(&how), self.sentence(why)));
    }

    /// Says why the command ends in an error.
    pub fn error(&self, error: &anyhow::Error) {
        let said = crate::exit::whole(error);
        let mut lines = text::lines(&said);
        let first = self.say(&lines.next().unwrap_or_default());
        self.complain(format!("{} {first}", self.err.red(&self.say("error:"))));
        lines.for_each(|line| self.complain(format!("       {line}")));
    }

    /// Whether `--quiet` was given.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }
}

/// Knows when the reader leaves.
struct Piped<W>(W);

impl<W: Write> Write for Piped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(ReaderLeft::or)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(ReaderLeft::or)
    }
}

/// Lets through what is printable.
struct Printable<W>(W);

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(text::printable(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The columns of the terminal; `None` = standard output is none.
fn columns() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    told.or_else(asked).filter(|columns| *columns > 0)
}
