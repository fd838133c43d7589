//! Why something is not taken. Each reason is a sentence that a librarian understands, in every language of the pages; it
//! stands in `texts/upload.en.ftl` and `texts/upload.fr.ftl` under its code.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

/// Declares the reasons: the code, which is kept and also names the sentence, and the status of the answer.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident;)*) => {
        /// A reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $code)] $name,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// For programs; its meaning does not change.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Reason::$name => StatusCode::$status,)* }
            }
        }
    };
}

reasons! {
    /// A name with a folder in it, or one that leads out of it.
    NameFolder = "name_folder", UNPROCESSABLE_ENTITY;
    /// A name with characters that are not seen, or change the order of others.
    NameHidden = "name_hidden", UNPROCESSABLE_ENTITY;
    /// No name at all, or one that is too long.
    NameLength = "name_length", UNPROCESSABLE_ENTITY;
    /// A name that some system keeps to itself, or begins or ends oddly.
    NameReserved = "name_reserved", UNPROCESSABLE_ENTITY;
    /// An ending that is not taken.
    Extension = "extension", UNPROCESSABLE_ENTITY;
    /// Two endings, the first of which is one of programs or pages.
    DoubleExtension = "double_extension", UNPROCESSABLE_ENTITY;
    /// A file of that name is there.
    Twice = "twice", CONFLICT;
    /// Nothing is in the file.
    Empty = "empty", UNPROCESSABLE_ENTITY;
    /// The file is larger than one may be.
    FileSize = "file_size", PAYLOAD_TOO_LARGE;
    /// The set would be larger than all may be.
    Total = "total", PAYLOAD_TOO_LARGE;
    /// The set has as many files as it may have.
    Files = "files", CONFLICT;
    /// There is no room on the disk.
    Room = "room", INSUFFICIENT_STORAGE;
    /// More came than was announced.
    Longer = "longer", PAYLOAD_TOO_LARGE;
    /// The content is not what the ending says.
    Content = "content", UNPROCESSABLE_ENTITY;
    /// The content is a program, a page or a picture.
    Active = "active", UNPROCESSABLE_ENTITY;
    /// An XML file that takes in other files, or grows when it is read.
    Entities = "entities", UNPROCESSABLE_ENTITY;
    /// It is packed by a program other than ZIP.
    OtherArchive = "other_archive", UNPROCESSABLE_ENTITY;
    /// The archive is damaged, incomplete or contradicts itself.
    ArchiveBroken = "archive_broken", UNPROCESSABLE_ENTITY;
    /// The archive has no file in it.
    ArchiveEmpty = "archive_empty", UNPROCESSABLE_ENTITY;
    /// The archive has too many entries.
    ArchiveEntries = "archive_entries", UNPROCESSABLE_ENTITY;
    /// The archive becomes too large.
    ArchiveUnpacked = "archive_unpacked", UNPROCESSABLE_ENTITY;
    /// The archive becomes suspiciously much larger.
    ArchiveRatio = "archive_ratio", UNPROCESSABLE_ENTITY;
    /// Entries of the archive share their bytes.
    ArchiveOverlap = "archive_overlap", UNPROCESSABLE_ENTITY;
    /// A name in the archive leads out of it, or cannot be a name everywhere.
    ArchiveName = "archive_name", UNPROCESSABLE_ENTITY;
    /// Two names in the archive are one on other systems.
    ArchiveTwice = "archive_twice", UNPROCESSABLE_ENTITY;
    /// A link or a device is in the archive.
    ArchiveLink = "archive_link", UNPROCESSABLE_ENTITY;
    /// The archive has a password.
    ArchiveEncrypted = "archive_encrypted", UNPROCESSABLE_ENTITY;
    /// The archive is packed in a rare way.
    ArchiveMethod = "archive_method", UNPROCESSABLE_ENTITY;
    /// The archive has too many archives in it.
    ArchiveNested = "archive_nested", UNPROCESSABLE_ENTITY;
    /// The file that was chosen again is another one.
    OtherFile = "other_file", CONFLICT;
    /// Nothing is there to be handed over.
    NothingYet = "nothing_yet", CONFLICT;
    /// A file is not complete.
    Incomplete = "incomplete", CONFLICT;
    /// The list of files is not the one that is there.
    OtherList = "other_list", CONFLICT;
    /// The school cannot upload in the state in which it is.
    NotNow = "not_now", CONFLICT;
    /// All has been handed over already.
    HandedOver = "handed_over", CONFLICT;
    /// Too much goes on at once.
    Busy = "busy", SERVICE_UNAVAILABLE;
    /// The address leads nowhere any more.
    Gone = "gone", NOT_FOUND;
    /// There is no such file.
    NoFile = "no_file", NOT_FOUND;
}

/// Why, and what it is about: the name of a file, or of one in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// What it is about; as it was sent, so that it is escaped wherever it is shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
}

/// So much of a name is shown, in characters.
const SHOWN: usize = 80;

impl Refusal {
    /// With what it is about. Characters that are not seen are shown as such, and long names are cut.
    pub fn about(reason: Reason, what: &str) -> Self {
        let mut shown: String = what.chars().take(SHOWN).map(visible).collect();
        if what.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Refusal { reason, what: shown }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Refusal { reason, what: String::new() }
    }
}

/// A character as it may be shown in the middle of a sentence.
fn visible(c: char) -> char {
    if is_hidden(c) { '\u{fffd}' } else { c }
}

/// Whether a character is not seen, or changes how others are shown.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_what_would_deceive() {
        let refusal = Refusal::about(Reason::NameHidden, "base\u{202e}piz.exe\0");
        assert_eq!(refusal.what, "base\u{fffd}piz.exe\u{fffd}");
        let long = Refusal::about(Reason::NameLength, &"é".repeat(5_000));
        assert_eq!(long.what.chars().count(), SHOWN + 1);
    }
}
