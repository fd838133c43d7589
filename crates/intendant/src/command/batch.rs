//! `intendant submit --ndjson`: many requests, one on each line.

use std::io;
use std::path::Path;
use std::pin::pin;

use anyhow::{Context as _, Result};
use api::Client;
use api::dto::{Acceptance, BatchLine};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::watch;

use crate::cli::Submit;
use crate::context::Context;
use crate::document::{self, STDIN};
use crate::exit::{Exit, misuse};
use crate::render::Mark;
use module::interrupt::Interrupts;
use module::terminal::{Screen, progress};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// Refused lines that are listed; the others are counted.
const LISTED: usize = 1000;

/// Hands a file in and lists what was refused at the end. Ctrl-C ends the file behind the line that is being handed in, and
/// the answers to what was sent still come: so it is known where to go on. A second one ends at once.
pub(super) async fn submit(
    file: &Path,
    args: &Submit,
    client: &Client,
    interrupts: &mut Interrupts,
    context: &Context,
) -> Result<Exit> {
    let screen = &context.screen;
    let bar = progress(count_lines(file).await?, screen, args.json);
    let (stop, stopped) = watch::channel(false);
    let lines = whole_lines(open(file).await?, stopped);
    let mut asked = pin!(client.batch(lines, args.action.as_deref()));
    let mut tally = Tally::default();
    let mut interrupted = false;
    let answers = loop {
        tokio::select! {
            answers = &mut asked => break answers?,
            () = interrupts.next() => {
                if interrupted {
                    return Ok(tally.break_off(file, screen));
                }
                interrupted = end(&stop, screen);
            }
        }
    };
    let mut answers = pin!(answers);
    loop {
        let answer = tokio::select! {
            answer = answers.next() => answer,
            () = interrupts.next() => {
                if interrupted {
                    return Ok(tally.break_off(file, screen));
                }
                interrupted = end(&stop, screen);
                continue;
            }
        };
        let Some(answer) = answer else { break };
        let answer = answer
            .with_context(|| format!("after {} lines of {}", tally.answered(), document::name(file)))?;
        if args.json {
            screen.json(&answer)?;
        }
        bar.set_position(tally.take(answer));
    }
    bar.finish_and_clear();
    if !args.json {
        tally.print(file, screen)?;
    }
    if interrupted {
        screen.fail(format!(
            "interrupted after line {} of {}: all lines up to it were answered, and none after it was handed in; go on \
             with `tail -n +{} {} | intendant submit --ndjson -`",
            tally.last,
            document::name(file),
            tally.last + 1,
            file.display()
        ));
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::of(tally.refused == 0))
}

/// Hands in no more lines.
fn end(stop: &watch::Sender<bool>, screen: &Screen) -> bool {
    screen.remark("interrupted: the hub is about to answer what was sent; Ctrl-C once more ends at once");
    stop.send_replace(true);
    true
}

/// What became of the lines.
#[derive(Debug, Default)]
struct Tally {
    new: usize,
    known: usize,
    unclaimed: usize,
    refused: usize,
    /// The number of the last line that was answered.
    last: u64,
    /// The first of them: line and reason.
    reasons: Vec<(u64, String)>,
}

impl Tally {
    /// Counts an answer and returns the number of its line.
    fn take(&mut self, answer: BatchLine) -> u64 {
        self.last = match answer {
            BatchLine::Accepted { line, submitted } => {
                match submitted.accepted {
                    Acceptance::New => self.new += 1,
                    Acceptance::Known => self.known += 1,
                    Acceptance::Unclaimed => self.unclaimed += 1,
                }
                line
            }
            BatchLine::Refused { line, problem } => {
                self.refused += 1;
                if self.reasons.len() < LISTED {
                    self.reasons.push((line, problem.detail.into()));
                }
                line
            }
        };
        self.last
    }

    /// Says what is known when the answers to what was sent are not waited for.
    fn break_off(&self, file: &Path, screen: &Screen) -> Exit {
        screen.fail(format!(
            "interrupted: {} lines of {} were answered, the last of them line {}; whether lines after it were accepted \
             `intendant jobs list --since 5m` shows",
            self.answered(),
            document::name(file),
            self.last
        ));
        Exit::Interrupted
    }

    fn answered(&self) -> usize {
        self.new + self.known + self.unclaimed + self.refused
    }

    fn print(&self, file: &Path, screen: &Screen) -> Result<()> {
        for (line, reason) in &self.reasons {
            screen.marked(Mark::Bad, format!("{}, line {line}: {reason}", document::name(file)))?;
        }
        let mut parts = vec![format!("{} accepted", self.new)];
        let others = [
            (self.known, "known already"),
            (self.unclaimed, "wanted by no backend"),
            (self.refused, "refused"),
        ];
        parts.extend(
            others.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        let mark = if self.refused == 0 { Mark::Good } else { Mark::Warn };
        screen.marked(mark, parts.join(", "))
    }
}

/// The pieces, until it is told to stop: then up to the end of the line that has begun, so that the hub is given none that
/// is cut off.
fn whole_lines(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    stopped: watch::Receiver<bool>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let begin = (Box::pin(pieces), stopped, true);
    stream::try_unfold(begin, |(mut pieces, mut stopped, at_end)| async move {
        let told = |stopped: &watch::Receiver<bool>| *stopped.borrow();
        let piece = tokio::select! {
            biased;
            Ok(_) = stopped.wait_for(|told| *told), if at_end => None,
            piece = pieces.next() => piece.transpose()?,
        };
        let Some(mut piece) = piece else { return Ok(None) };
        if told(&stopped) {
            let end = piece.iter().position(|byte| *byte == b'\n').map_or(piece.len(), |end| end + 1);
            piece.truncate(end);
        }
        let at_end = piece.ends_with(b"\n");
        Ok(Some((piece, (pieces, stopped, at_end))))
    })
}

/// The file's lines, for the bar; `None` = nobody knows how many there will be.
async fn count_lines(file: &Path) -> Result<Option<u64>> {
    if file == Path::new(STDIN) {
        return Ok(None);
    }
    let mut lines = 0;
    let mut chunks = pin!(open(file).await?);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.with_context(|| format!("reading {}", file.display()))?;
        lines += chunk.split(|byte| *byte == b'\n').count() - 1;
    }
    Ok(Some(lines as u64))
}

/// The file in pieces.
async fn open(file: &Path) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
    let source: Box<dyn AsyncRead + Send + Unpin> = if file == Path::new(STDIN) {
        Box::new(tokio::io::stdin())
    } else {
        let opened = tokio::fs::File::open(file).await;
        Box::new(
            opened.map_err(|error| misuse(format!("{}: {}", file.display(), document::explain(&error))))?,
        )
    };
    Ok(stream::try_unfold(source, |mut source| async {
        let mut chunk = Vec::with_capacity(CHUNK);
        // What is there: the next line of a pipe may be long in coming.
        let read = source.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (Bytes::from(chunk), source)))
    }))
}
