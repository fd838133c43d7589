//! ZIP archives, looked at before a byte of them is unpacked (APPNOTE 6.3.10). Only what every program reads in the same
//! way is taken: an archive that can be read in two ways is one that contradicts itself.

mod directory;
mod entry;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

use crate::upload::limits::ArchiveLimits;
use crate::upload::refusal::{Reason, Refusal, is_hidden};

use super::name::{extension, is_device};
use directory::Directory;
use entry::Entry;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Entries.
    pub entries: u64,
    /// Bytes of all of them once they are unpacked, as the archive says.
    pub unpacked: u64,
    /// Archives among them.
    pub nested: u64,
}

/// Why an archive is not taken.
#[derive(Debug)]
pub(crate) enum Bad {
    /// Something in it.
    Refused(Refusal),
    /// It could not be read, which is not its fault.
    Unread(io::Error),
}

impl From<Reason> for Bad {
    fn from(reason: Reason) -> Self {
        Bad::Refused(reason.into())
    }
}

impl From<io::Error> for Bad {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Reason::ArchiveBroken.into();
        }
        Bad::Unread(error)
    }
}

/// Bytes of a name in an archive.
const LONGEST: usize = 1024;
/// Folders within each other.
const DEEPEST: usize = 32;
/// Below this an archive may become as much larger as it wants, in bytes.
const SMALL: u64 = 16 << 20;
/// Endings of archives.
const ARCHIVES: [&str; 14] =
    ["zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz", "zst", "cab", "jar", "arj", "lzh", "iso"];

/// Looks at an archive of so many bytes.
pub(crate) fn look(
    file: &mut (impl Read + Seek),
    length: u64,
    limits: &ArchiveLimits,
) -> Result<Looked, Bad> {
    let directory = Directory::find(file, length)?;
    if directory.entries == 0 {
        return Err(Reason::ArchiveEmpty.into());
    }
    if directory.entries > limits.entries {
        return Err(Reason::ArchiveEntries.into());
    }
    let entries = entries(file, &directory)?;
    let looked = count(&entries, length, limits)?;
    let mut names = HashSet::new();
    for entry in &entries {
        harmless(entry, &mut names)?;
    }
    apart(file, &directory, &entries)?;
    Ok(looked)
}

/// All entries of the directory, which fill it.
fn entries(file: &mut (impl Read + Seek), directory: &Directory) -> Result<Vec<Entry>, Bad> {
    file.seek(SeekFrom::Start(directory.start))?;
    let mut listed = io::BufReader::new(file).take(directory.length);
    let entries: Vec<Entry> =
        (0..directory.entries).map(|_| Entry::read(&mut listed)).collect::<Result<_, Bad>>()?;
    if listed.limit() != 0 {
        return Err(Reason::ArchiveBroken.into());
    }
    Ok(entries)
}

/// How much it becomes, by its own word.
fn count(entries: &[Entry], length: u64, limits: &ArchiveLimits) -> Result<Looked, Bad> {
    let unpacked = entries.iter().try_fold(0_u64, |sum, entry| sum.checked_add(entry.unpacked));
    let unpacked = unpacked.filter(|unpacked| *unpacked <= limits.unpacked).ok_or(Reason::ArchiveUnpacked)?;
    if unpacked > SMALL && unpacked / limits.ratio.max(1) > length {
        return Err(Reason::ArchiveRatio.into());
    }
    let is_archive = |entry: &&Entry| {
        extension(&entry.name).is_some_and(|extension| ARCHIVES.contains(&extension.as_str()))
    };
    let nested = entries.iter().filter(is_archive).count() as u64;
    if nested > limits.nested {
        return Err(Reason::ArchiveNested.into());
    }
    if entries.iter().all(Entry::is_folder) {
        return Err(Reason::ArchiveEmpty.into());
    }
    Ok(Looked { entries: entries.len() as u64, unpacked, nested })
}

/// Whether what an entry becomes stays where it belongs.
fn harmless(entry: &Entry, names: &mut HashSet<String>) -> Result<(), Bad> {
    let refused = |reason| Err(Bad::Refused(Refusal::about(reason, &entry.name)));
    if entry.encrypted {
        return refused(Reason::ArchiveEncrypted);
    }
    if !entry.is_method_known() {
        return refused(Reason::ArchiveMethod);
    }
    if entry.is_special() {
        return refused(Reason::ArchiveLink);
    }
    if !is_inside(&entry.name) {
        return refused(Reason::ArchiveName);
    }
    let folded = entry.name.trim_end_matches('/').to_lowercase();
    // A file cannot be a folder too.
    if !names.insert(folded) {
        return refused(Reason::ArchiveTwice);
    }
    Ok(())
}

/// Whether a name means the same inside of the archive on every system.
fn is_inside(name: &str) -> bool {
    let parts: Vec<&str> = name.strip_suffix('/').unwrap_or(name).split('/').collect();
    let is_fine = |part: &&str| {
        !part.is_empty() && *part != "." && *part != ".." && !part.ends_with(['.', ' ']) && !is_device(part)
    };
    name.len() <= LONGEST
        && parts.len() <= DEEPEST
        && !name.contains(['\\', ':'])
        && !name.chars().any(is_hidden)
        && parts.iter().all(is_fine)
}

/// Each entry lies where the directory says, is what it says, and shares no byte with another one.
fn apart(file: &mut (impl Read + Seek), directory: &Directory, entries: &[Entry]) -> Result<(), Bad> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by_key(|entry| entry.at);
    let mut free = 0;
    for entry in order {
        if entry.at < free {
            return Err(Reason::ArchiveOverlap.into());
        }
        // Something before the first entry, or between two, is read by some programs and not by others.
        if entry.at - free > entry::DESCRIPTOR {
            return Err(Reason::ArchiveBroken.into());
        }
        free = entry.end(file)?;
    }
    if free > directory.start {
        return Err(Reason::ArchiveOverlap.into());
    }
    if directory.start - free > entry::DESCRIPTOR {
        return Err(Reason::ArchiveBroken.into());
    }
    Ok(())
}
