//! What may be uploaded.

use std::time::Duration;

/// Bounds of what a school uploads. All of them are shown before the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file: u64,
    /// Files of one set.
    pub files: usize,
    /// Bytes of all files of one set.
    pub total: u64,
    /// Endings that names may have, in small letters and without the point.
    pub extensions: Vec<String>,
    /// Bytes that stay free on the disk whatever is uploaded: the journal needs them.
    pub reserve: u64,
    /// How long nothing may come of what is being sent.
    pub idle: Duration,
    /// Bounds of archives.
    pub archive: ArchiveLimits,
}

/// Bounds of one archive, by what it says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Entries.
    pub entries: u64,
    /// Bytes of all entries once they are unpacked.
    pub unpacked: u64,
    /// So many bytes may become of one, for all entries together.
    pub ratio: u64,
    /// Archives within the archive. None of them is ever entered.
    pub nested: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            file: 2 << 30,
            files: 20,
            total: 8 << 30,
            extensions: ["zip", "bdd", "mdb", "txt", "xml"].map(str::to_owned).to_vec(),
            reserve: 512 << 20,
            idle: Duration::from_mins(1),
            archive: ArchiveLimits::default(),
        }
    }
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        ArchiveLimits { entries: 10_000, unpacked: 16 << 30, ratio: 200, nested: 16 }
    }
}
