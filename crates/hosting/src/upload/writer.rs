//! Writes the parts of a file: on a thread of its own, digesting as it goes, with what is surely on the disk written down
//! every so often.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;

use axum::body::Bytes;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use tokio::sync::mpsc::Receiver;

use super::check::{HEAD, extension, fits};
use super::error::Error;
use super::refusal::{Reason, Refusal};
use super::set::FileDocument;
use super::store::{Opened, Place};
use super::tus::{Algorithm, Checksum};

/// After so many bytes what was written is made durable.
const STEP: u64 = 8 << 20;
/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// How far a file has come.
#[derive(Clone)]
pub(super) struct Progress {
    /// Bytes that are surely on the disk.
    pub(super) offset: u64,
    /// The digest of these bytes; `None` = they were written by an earlier life.
    digest: Option<Context>,
}

/// What came of the bytes of a part.
pub(super) struct Wrote {
    pub(super) progress: Progress,
    /// Why not all of it was taken.
    pub(super) error: Option<Error>,
}

impl Progress {
    /// Of a file of which so many bytes are there.
    pub(super) fn at(offset: u64) -> Self {
        Progress { offset, digest: (offset == 0).then(|| Context::new(&SHA256)) }
    }
}

/// Writes a part, whose pieces come until their sender is gone.
pub(super) fn write(
    place: &Place,
    file: &FileDocument,
    from: Progress,
    checksum: Option<&Checksum>,
    mut pieces: Receiver<Bytes>,
) -> Wrote {
    let written = place.open(from.offset).map(|opened| Writing::new(opened, file, from.clone(), checksum));
    match written {
        Ok(mut writing) => {
            let error = writing.all(&mut pieces).err();
            writing.end(from, checksum, error)
        }
        Err(error) => Wrote { progress: from, error: Some(error.into()) },
    }
}

struct Writing<'f> {
    opened: Opened,
    file: &'f FileDocument,
    progress: Progress,
    durable: u64,
    /// The digest of the part, where it came with one: until it is right nothing of it counts.
    part: Option<Context>,
}

impl<'f> Writing<'f> {
    fn new(opened: Opened, file: &'f FileDocument, from: Progress, checksum: Option<&Checksum>) -> Self {
        let part = checksum.map(|checksum| {
            Context::new(match checksum.algorithm {
                Algorithm::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
                Algorithm::Sha256 => &SHA256,
            })
        });
        Writing { opened, file, durable: from.offset, progress: from, part }
    }

    fn all(&mut self, pieces: &mut Receiver<Bytes>) -> Result<(), Error> {
        io::Seek::seek(&mut self.opened.part, io::SeekFrom::Start(self.progress.offset))?;
        while let Some(piece) = pieces.blocking_recv() {
            let end = self.progress.offset + piece.len() as u64;
            if end > self.file.size {
                return Err(Refusal::about(Reason::Longer, &self.file.name).into());
            }
            self.opened.part.write_all(&piece)?;
            let before = std::mem::replace(&mut self.progress.offset, end);
            self.progress.digest.iter_mut().for_each(|digest| digest.update(&piece));
            self.part.iter_mut().for_each(|digest| digest.update(&piece));
            let head = self.file.size.min(HEAD as u64);
            if before < head && end >= head {
                self.look_at_head()?;
            }
            if self.part.is_none() && end - self.durable >= STEP {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// What is something else is refused at its beginning, not when all of it is there.
    fn look_at_head(&self) -> Result<(), Error> {
        let extension = extension(&self.file.name).unwrap_or_default();
        let head = head(&self.opened.part, self.file)?;
        fits(&extension, &head).map_err(|reason| Refusal::about(reason, &self.file.name).into())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.opened.flush(self.progress.offset)?;
        self.durable = self.progress.offset;
        Ok(())
    }

    fn end(mut self, from: Progress, checksum: Option<&Checksum>, error: Option<Error>) -> Wrote {
        let is_right = match (self.part.take(), checksum) {
            (Some(part), Some(checksum)) => error.is_none() && part.finish().as_ref() == checksum.digest,
            _ => true,
        };
        // More than was announced is not this file, and a part with a wrong digest is not what was sent.
        let is_other = matches!(&error, Some(Error::Refused(refusal)) if refusal.reason == Reason::Longer);
        if !is_right || is_other {
            let undone = self.opened.part.set_len(from.offset).and_then(|()| self.opened.flush(from.offset));
            let error = error.or_else(|| undone.err().map(Error::from)).unwrap_or(Error::Mismatch);
            return Wrote { progress: from, error: Some(error) };
        }
        if self.progress.offset != self.durable
            && let Err(failed) = self.flush()
        {
            // What was flushed before is there in any case.
            let progress = if self.durable == from.offset {
                from
            } else {
                Progress { offset: self.durable, digest: None }
            };
            return Wrote { progress, error: Some(error.unwrap_or_else(|| failed.into())) };
        }
        Wrote { progress: self.progress, error }
    }
}

/// The SHA-256 of a file that is complete, in hexadecimal. What an earlier life wrote is read again.
pub(super) fn sha256(place: &Place, progress: Progress) -> io::Result<String> {
    let digest = match progress.digest {
        Some(digest) => digest,
        None => read_again(place)?,
    };
    Ok(hex(digest.finish().as_ref()))
}

fn read_again(place: &Place) -> io::Result<Context> {
    let mut file = File::open(place.part())?;
    let (mut digest, mut piece) = (Context::new(&SHA256), vec![0; PIECE]);
    loop {
        let read = io::Read::read(&mut file, &mut piece)?;
        if read == 0 {
            return Ok(digest);
        }
        digest.update(piece.get(..read).unwrap_or_default());
    }
}

/// The beginning of a file.
pub(super) fn head(part: &File, file: &FileDocument) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD.min(usize::try_from(file.size).unwrap_or(HEAD))];
    part.read_exact_at(&mut head, 0)?;
    Ok(head)
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}
