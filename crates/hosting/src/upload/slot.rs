//! A file that comes in: one request at a time, and the newest one counts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use engine::clock::within;
use futures_util::StreamExt as _;
use http::{Closing, Problem};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Mutex as Turn, MutexGuard, mpsc, watch};

use super::check::{Bad, extension, fits, look};
use super::error::Error;
use super::limits::{ArchiveLimits, Limits};
use super::refusal::{Reason, Refusal};
use super::set::{FileDocument, State};
use super::store::Place;
use super::tus::Part;
use super::writer::{self, Progress, Wrote};

/// Pieces that wait to be written.
const WAITING: usize = 4;

/// A file of a set, as it is worked on.
pub(super) struct Slot {
    pub(super) id: String,
    pub(super) place: Place,
    document: Mutex<FileDocument>,
    /// Whoever holds it may change the file.
    turn: Turn<Progress>,
    offset: AtomicU64,
    newest: watch::Sender<u64>,
    removed: AtomicBool,
}

impl Slot {
    pub(super) fn new(id: String, place: Place, document: FileDocument, offset: u64) -> Self {
        Slot {
            id,
            place,
            document: Mutex::new(document),
            turn: Turn::new(Progress::at(offset)),
            offset: AtomicU64::new(offset),
            newest: watch::channel(0).0,
            removed: AtomicBool::new(false),
        }
    }

    /// How it is now.
    pub(super) fn document(&self) -> FileDocument {
        self.document.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes that are surely there.
    pub(super) fn offset(&self) -> u64 {
        self.offset.load(Ordering::Acquire)
    }

    /// Bytes that are still to come.
    pub(super) fn missing(&self) -> u64 {
        let file = self.document();
        if file.state == State::Coming { file.size.saturating_sub(self.offset()) } else { 0 }
    }

    /// Ends what an older request does with it, and waits until that is over.
    pub(super) async fn take(&self) -> Taken<'_> {
        let mut mine = 0;
        self.newest.send_modify(|number| {
            *number += 1;
            mine = *number;
        });
        Taken { slot: self, turn: self.turn.lock().await, newest: self.newest.subscribe(), mine }
    }
}

/// A file that only this request may change.
pub(super) struct Taken<'s> {
    slot: &'s Slot,
    turn: MutexGuard<'s, Progress>,
    newest: watch::Receiver<u64>,
    mine: u64,
}

impl Taken<'_> {
    /// Bytes that are surely there, once what was complete is looked at.
    pub(super) async fn offset(&mut self, limits: &Limits) -> Result<u64, Error> {
        if self.slot.removed.load(Ordering::Acquire) {
            return Err(Reason::NoFile.into());
        }
        let file = self.slot.document();
        match file.state {
            State::Refused { why } => Err(why.into()),
            State::There { .. } => Ok(file.size),
            State::Coming if self.turn.offset == file.size => self.settle(file, limits).await,
            State::Coming => Ok(self.turn.offset),
        }
    }

    /// Nobody changes it any more: it is about to be removed.
    pub(super) fn give_up(&self) {
        self.slot.removed.store(true, Ordering::Release);
    }

    /// Makes a file of what is there, however long it was meant to be.
    pub(super) async fn end_here(&mut self, limits: &Limits) -> Result<u64, Error> {
        let file = self.slot.document();
        if file.state == State::Coming {
            if self.turn.offset == 0 {
                return Err(Refusal::about(Reason::Empty, &file.name).into());
            }
            let (place, file) = (self.slot.place.clone(), FileDocument { size: self.turn.offset, ..file });
            self.now(file.clone());
            let kept = tokio::task::spawn_blocking(move || place.keep(&file)).await;
            kept.map_err(|error| Problem::bug(&error))??;
        }
        self.offset(limits).await
    }

    /// Takes a part in. What comes before it breaks off is kept.
    pub(super) async fn append(
        &mut self,
        part: Part,
        body: Body,
        closing: Closing,
        limits: &Limits,
    ) -> Result<u64, Error> {
        let have = self.offset(limits).await?;
        let file = self.slot.document();
        if part.offset != have || file.state != State::Coming {
            // The answer to the last part may have been lost: said again, it is there.
            let is_there = part.offset == have && part.length == Some(0);
            return if is_there { Ok(have) } else { Err(Error::Offset { have }) };
        }
        if part.length.is_some_and(|length| length > file.size - have) {
            return Err(Refusal::about(Reason::Longer, &file.name).into());
        }
        let (sender, pieces) = mpsc::channel(WAITING);
        let writing = {
            let (place, file, from) = (self.slot.place.clone(), file.clone(), self.turn.clone());
            tokio::task::spawn_blocking(move || {
                writer::write(&place, &file, from, part.checksum.as_ref(), pieces)
            })
        };
        let received = self.receive(body, sender, closing, limits.idle).await;
        let Wrote { progress, error } = writing.await.map_err(|error| Problem::bug(&error))?;
        self.slot.offset.store(progress.offset, Ordering::Release);
        *self.turn = progress;
        match error {
            Some(Error::Refused(why)) if is_final(why.reason) => return self.refuse(file, why).await,
            Some(error) => return Err(error),
            None => received?,
        }
        self.offset(limits).await
    }

    /// Passes on what comes.
    async fn receive(
        &mut self,
        body: Body,
        sender: Sender<Bytes>,
        mut closing: Closing,
        idle: Duration,
    ) -> Result<(), Error> {
        let mut pieces = body.into_data_stream();
        let (newest, mine) = (&mut self.newest, self.mine);
        loop {
            let piece = tokio::select! {
                biased;
                _ = newest.wait_for(|number| *number != mine) => return Err(Error::Superseded),
                () = closing.begun() => return Err(Problem::stopping().into()),
                piece = within(idle, pieces.next()) => piece.map_err(|_| Error::Idle(idle.as_secs()))?,
            };
            match piece {
                // The writer says why it takes no more.
                Some(Ok(piece)) => {
                    if sender.send(piece).await.is_err() {
                        return Ok(());
                    }
                }
                Some(Err(_)) => return Err(Error::Broke),
                None => return Ok(()),
            }
        }
    }

    /// All of it is there: looks at it as a whole, and makes the file of it.
    async fn settle(&mut self, file: FileDocument, limits: &Limits) -> Result<u64, Error> {
        let (place, progress, archive) = (self.slot.place.clone(), self.turn.clone(), limits.archive);
        let settled = tokio::task::spawn_blocking(move || settle(&place, file, progress, &archive)).await;
        let (file, why) = settled.map_err(|error| Problem::bug(&error))??;
        if let Some(why) = why {
            return self.refuse(file, why).await;
        }
        let size = file.size;
        self.now(file);
        Ok(size)
    }

    /// Removes what is there, and remembers why.
    async fn refuse(&mut self, file: FileDocument, why: Refusal) -> Result<u64, Error> {
        let place = self.slot.place.clone();
        let refused = FileDocument { state: State::Refused { why: why.clone() }, ..file };
        let kept = refused.clone();
        let done = tokio::task::spawn_blocking(move || place.keep(&kept).and_then(|()| place.empty())).await;
        done.map_err(|error| Problem::bug(&error))??;
        *self.turn = Progress::at(0);
        self.slot.offset.store(0, Ordering::Release);
        self.now(refused);
        Err(why.into())
    }

    fn now(&self, file: FileDocument) {
        *self.slot.document.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }
}

/// Whether a file will never be taken for this reason, however often it is sent.
fn is_final(reason: Reason) -> bool {
    !matches!(reason, Reason::Room | Reason::Longer)
}

/// Looks at a whole file; the answer says why it is not taken, if it is not.
fn settle(
    place: &Place,
    file: FileDocument,
    progress: Progress,
    limits: &ArchiveLimits,
) -> Result<(FileDocument, Option<Refusal>), Error> {
    let (extension, mut part) =
        (extension(&file.name).unwrap_or_default(), std::fs::File::open(place.part())?);
    if let Err(reason) = fits(&extension, &writer::head(&part, &file)?) {
        let why = Refusal::about(reason, &file.name);
        return Ok((file, Some(why)));
    }
    if extension == "zip" {
        match look(&mut part, file.size, limits) {
            Ok(_) => {}
            Err(Bad::Unread(error)) => return Err(error.into()),
            Err(Bad::Refused(why)) => {
                // What is wrong with all of it is said of the file.
                let why = if why.what.is_empty() { Refusal::about(why.reason, &file.name) } else { why };
                return Ok((file, Some(why)));
            }
        }
    }
    let sha256 = writer::sha256(place, progress)?;
    let file = FileDocument { state: State::There { sha256 }, ..file };
    place.complete(&file)?;
    Ok((file, None))
}
