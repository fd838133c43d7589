//! `hosting.uploads`, what schools may send.

use module::config::Bytes;
use module::section;

use super::limits::{ArchiveLimits, Limits};

section! {
    /// What schools may send.
    Uploads {
        /// How large a file may be.
        file_size: Bytes = Bytes(2 << 30),
        /// Files of one set.
        files: u64 = 20,
        /// How large all files of a set may be together.
        total_size: Bytes = Bytes(8 << 30),
        /// Endings that names may have. What begins a file has to fit: `.zip`, `.mdb`, `.accdb`, `.xml`, `.txt` and `.csv`
        /// are known, and of others it is only known what they are not: programs, pages, pictures, archives.
        extensions: Vec<String> = [".zip", ".bdd", ".mdb", ".txt", ".xml"].map(str::to_owned).to_vec(),
        /// What stays free on the disk, whatever is sent.
        reserve: Bytes = Bytes(512 << 20),
        /// Entries of an archive.
        archive_entries: u64 = 10_000,
        /// How large an archive may become when it is unpacked.
        archive_size: Bytes = Bytes(16 << 30),
        /// So many times its own size may become of an archive.
        archive_ratio: u64 = 200,
        /// Archives within an archive. They are counted, and never entered.
        archive_nested: u64 = 16,
    }
}

impl Uploads {
    /// The bounds that it says.
    pub fn limits(&self) -> Limits {
        let extensions = self.extensions.iter().map(|one| one.trim_start_matches('.').to_ascii_lowercase());
        Limits {
            file: self.file_size.0 as u64,
            files: usize::try_from(self.files).unwrap_or(usize::MAX),
            total: self.total_size.0 as u64,
            extensions: extensions.collect(),
            reserve: self.reserve.0 as u64,
            archive: ArchiveLimits {
                entries: self.archive_entries,
                unpacked: self.archive_size.0 as u64,
                ratio: self.archive_ratio,
                nested: self.archive_nested,
            },
            ..Limits::default()
        }
    }
}
