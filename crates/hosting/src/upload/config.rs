//! `hosting.uploads:`.

use module::config::Bytes;
use module::section;

section! {
    /// What schools may upload.
    Uploads {
        /// How large one file may be.
        file_size: Bytes = Bytes(2 << 30),
    }
}
