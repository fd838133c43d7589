//! Where the directory of an archive is: its end, with Zip64 where that is used.

use std::io::{Read, Seek, SeekFrom};

use super::Bad;
use crate::upload::refusal::Reason;

/// Bytes of the record at the end, without its comment.
const END: u64 = 22;
/// Bytes of a comment, at most.
const COMMENT: u64 = 0xffff;
/// Bytes of the record that says where the one of Zip64 is.
const LOCATOR: u64 = 20;
/// Bytes of the record of Zip64, without what others add to it.
const END64: u64 = 56;

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    /// Entries.
    pub(super) entries: u64,
    /// Where it begins.
    pub(super) start: u64,
    /// Its bytes.
    pub(super) length: u64,
}

impl Directory {
    /// Finds it in an archive of so many bytes.
    pub(super) fn find(file: &mut (impl Read + Seek), length: u64) -> Result<Self, Bad> {
        let tail = length.min(END + COMMENT + LOCATOR + END64);
        file.seek(SeekFrom::Start(length - tail))?;
        let mut bytes = Vec::new();
        file.take(tail).read_to_end(&mut bytes)?;
        let at = end(&bytes).ok_or(Reason::ArchiveBroken)?;
        let record = bytes.get(at..).unwrap_or_default();
        let end = Fields(record);
        let said = Directory {
            entries: end.u16(10)?.into(),
            length: end.u32(12)?.into(),
            start: end.u32(16)?.into(),
        };
        // Archives in several pieces.
        if end.u16(4)? != 0 || end.u16(6)? != 0 || end.u16(8)? != end.u16(10)? {
            return Err(Reason::ArchiveBroken.into());
        }
        let end_at = length - tail + at as u64;
        let locator = at.checked_sub(usize::try_from(LOCATOR).unwrap_or_default());
        let locator = locator.and_then(|at| bytes.get(at..)).filter(|bytes| bytes.starts_with(b"PK\x06\x07"));
        let (directory, ends) = match locator {
            Some(locator) => Directory::find64(file, said, Fields(locator), end_at - LOCATOR)?,
            None => (said, end_at),
        };
        // It ends where its end begins: nothing can be hidden between the two, and nothing before the first entry.
        if directory.start.checked_add(directory.length) != Some(ends) {
            return Err(Reason::ArchiveBroken.into());
        }
        Ok(directory)
    }

    /// The same by Zip64, whose record ends where its locator begins, and contradicts nothing of what was said.
    fn find64(
        file: &mut (impl Read + Seek),
        said: Directory,
        locator: Fields<'_>,
        ends: u64,
    ) -> Result<(Self, u64), Bad> {
        let at = locator.u64(8)?;
        if locator.u32(4)? != 0 || locator.u32(16)? != 1 || at.checked_add(END64) != Some(ends) {
            return Err(Reason::ArchiveBroken.into());
        }
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(END64).read_to_end(&mut bytes)?;
        let record = Fields(&bytes);
        let found = Directory { entries: record.u64(32)?, length: record.u64(40)?, start: record.u64(48)? };
        let same = |short: u64, all: u64, long: u64| short == all || short == long;
        let agrees = same(said.entries, 0xffff, found.entries)
            && same(said.length, 0xffff_ffff, found.length)
            && same(said.start, 0xffff_ffff, found.start)
            && record.u64(24)? == found.entries
            && record.u64(4)? == END64 - 12
            && record.u32(16)? == 0
            && record.u32(20)? == 0;
        if !bytes.starts_with(b"PK\x06\x06") || !agrees {
            return Err(Reason::ArchiveBroken.into());
        }
        Ok((found, at))
    }
}

/// Where the record at the end begins. Its comment ends with the archive; a second place where that would be so is one too
/// many.
fn end(tail: &[u8]) -> Option<usize> {
    let mut found = (0..tail.len().saturating_sub(21)).filter(|at| {
        let record = tail.get(*at..).unwrap_or_default();
        record.starts_with(b"PK\x05\x06")
            && Fields(record).u16(20).is_ok_and(|comment| record.len() == 22 + usize::from(comment))
    });
    found.next().filter(|_| found.next().is_none())
}

/// Numbers in a record, the lowest byte first.
#[derive(Clone, Copy)]
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl Fields<'_> {
    pub(super) fn u16(self, at: usize) -> Result<u16, Bad> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    pub(super) fn u32(self, at: usize) -> Result<u32, Bad> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    pub(super) fn u64(self, at: usize) -> Result<u64, Bad> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(self, at: usize) -> Result<[u8; N], Bad> {
        let bytes = at.checked_add(N).and_then(|end| self.0.get(at..end));
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| Reason::ArchiveBroken.into())
    }
}
