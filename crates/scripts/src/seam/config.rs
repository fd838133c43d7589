//! `backends:`, folders with scripts.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use module::config::{Homes, Root, TimeLimit, Unfit};
use module::section;

use super::read::of_original;

section! {
    /// Backend folders.
    Backends {
        /// The folder that holds the backend folders. Without it `backends` in the data folder's default place if that
        /// is there, else `/var/lib/sesame-daemon/backends` or `/var/lib/sesame-daemon/backend` if one is.
        folder: PathBuf = PathBuf::new(),
        /// How many scripts of one backend run at once when its `config.yml` does not say.
        concurrency: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15),
        /// How long one attempt may take when neither the backend nor the action's mapping says; `none` for as long as
        /// it wants, which is what holds in the place of Sesame's daemon when nothing is said here.
        timeout: TimeLimit = TimeLimit(Some(Duration::from_mins(1))),
        /// The shell that reads those command lines in which there is something for a shell to do.
        shell: PathBuf = PathBuf::from("/bin/sh"),
        /// Where the hub runs as root, what it runs and the folders above belong to root, or to these users, whom you
        /// trust with root: names or numbers. Their own groups (those of the same number) may write there too.
        owners: Vec<String> = Vec::new(),
    }
}

impl Root for Backends {
    const NAME: &'static str = "backends";

    fn fill(&mut self, homes: &Homes) {
        if self.folder.as_os_str().is_empty() {
            self.folder = if homes.stands_in { of_original().used } else { homes.data.join("backends") };
        }
    }

    fn complete(&mut self) -> Result<(), Unfit> {
        if self.timeout.0.is_some_and(|limit| limit.is_zero()) {
            let why = "no attempt could ever run: write a length of time above zero";
            return Err(("backends.timeout".to_owned(), why.to_owned()));
        }
        Ok(())
    }
}
