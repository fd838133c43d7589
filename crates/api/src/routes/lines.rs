//! A body of lines, one at a time and within bounds.

use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{Stream, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use http::Closing;
use http::Problem;
use http::body::Hold;
use http::body::Split;
use http::body::{self, BodyLimits};

/// Bytes of a batch's lines that are under way at once, and of what they become; a single line that takes more counts
/// as so many.
const UNDER_WAY: u32 = 32 << 20;

/// A line that is not empty. Its memory counts as long as it is held.
pub(super) struct Line {
    /// From 1; empty lines count.
    pub(super) number: u64,
    /// What stands in it, without its end.
    pub(super) content: Result<Bytes, Problem>,
    _turn: Option<OwnedSemaphorePermit>,
    _memory: Hold,
}

/// The lines of a body. One that is too long is an error of its own; after a body that breaks off, and when the server
/// is about to stop, nothing more comes.
pub(super) fn lines(
    limits: BodyLimits,
    memory: Hold,
    body: Body,
    closing: Closing,
) -> impl Stream<Item = Line> {
    let reader = Reader {
        limits,
        memory,
        closing,
        chunks: body.into_data_stream(),
        split: Split::default(),
        number: 0,
        over: false,
        under_way: Arc::new(Semaphore::new(UNDER_WAY as usize)),
    };
    stream::unfold(reader, |mut reader| async { Some((reader.next().await?, reader)) })
}

struct Reader {
    limits: BodyLimits,
    /// For what was read and not handed out.
    memory: Hold,
    closing: Closing,
    chunks: BodyDataStream,
    split: Split,
    number: u64,
    over: bool,
    under_way: Arc<Semaphore>,
}

impl Reader {
    async fn next(&mut self) -> Option<Line> {
        loop {
            let content = self.line().await?;
            let memory = self.memory.keep(self.split.held());
            if content.as_ref().is_ok_and(|bytes| bytes.trim_ascii().is_empty()) {
                continue;
            }
            let size = content.as_ref().map_or(0, |bytes| bytes.len() + body::becomes(bytes));
            let permits = u32::try_from(size).unwrap_or(UNDER_WAY).min(UNDER_WAY);
            let turn = Arc::clone(&self.under_way).acquire_many_owned(permits).await.ok();
            return Some(Line { number: self.number, content, _turn: turn, _memory: memory });
        }
    }

    /// The next line, empty or not.
    async fn line(&mut self) -> Option<Result<Bytes, Problem>> {
        if self.over {
            return None;
        }
        self.number += 1;
        let limit = self.limits.document;
        let mut too_long = false;
        loop {
            if let Some(line) = self.split.line() {
                too_long |= line.len() > limit;
                return Some(if too_long { Err(Problem::too_large(limit)) } else { Ok(line) });
            }
            if self.split.begun() > limit {
                too_long = true;
                self.split.rest();
                drop(self.memory.keep(0));
            }
            let begun = too_long || self.split.begun() > 0;
            let idle = if begun { self.limits.idle } else { self.limits.pause };
            let more = tokio::select! {
                more = body::next(&mut self.chunks, idle) => more,
                () = self.closing.begun() => Err(Problem::stopping()),
            };
            match more {
                Ok(Some(chunk)) => match self.memory.grow_in_time(chunk.len(), self.limits.idle).await {
                    Ok(()) => self.split.feed(chunk),
                    Err(problem) => {
                        self.over = true;
                        return Some(Err(problem));
                    }
                },
                Ok(None) => {
                    self.over = true;
                    let last = self.split.rest();
                    return Some(if too_long { Err(Problem::too_large(limit)) } else { Ok(last) });
                }
                // Nobody knows whether what has begun was to be a whole line.
                Err(problem) => {
                    self.over = true;
                    return Some(Err(problem));
                }
            }
        }
    }
}
