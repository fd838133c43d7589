//! What this machine lacks at times, and nobody's backend is to blame for.

use std::io;

use model::Outcome;
use rustix::io::Errno;

/// Whether an error says that there is no descriptor, memory or process left: it passes by itself, or somebody makes
/// room.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let lacking = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN, Errno::NOBUFS, Errno::NOSPC];
    error.raw_os_error().is_some_and(|number| lacking.contains(&Errno::from_raw_os_error(number)))
}

/// What a look for something came to: `None` = it is not there, or not ours to see. An error = the machine lacks what
/// looking takes.
pub(crate) fn seen<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Err(error) if is_shortage(&error) => Err(error),
        looked => Ok(looked.ok()),
    }
}

/// The outcome of an attempt that could not begin because of it.
pub(crate) fn outcome(what: &str, error: &io::Error) -> Outcome {
    Outcome::shortage(format!("{what}: {error} (this machine is short of it: no backend is to blame)"))
}
