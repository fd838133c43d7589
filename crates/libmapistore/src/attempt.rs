//! What every function of the library promises to who calls it: `errno` stays, and nothing unwinds into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a function's work; `failed` is returned should it panic.
pub(crate) fn attempt<T>(failed: T, work: impl FnOnce() -> T) -> T {
    let _kept = Errno::keep();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(failed)
}

/// The caller's `errno`, which is put back.
struct Errno(i32);

impl Errno {
    fn keep() -> Self {
        // SAFETY: the place belongs to this thread and lives as long as it.
        Self(unsafe { *libc::__errno_location() })
    }
}

impl Drop for Errno {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = self.0 };
    }
}
