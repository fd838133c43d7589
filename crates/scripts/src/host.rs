//! What a process does once, before it runs scripts.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getpid, getrlimit, set_child_subreaper, set_dumpable_behavior,
    setrlimit,
};

/// Descriptors from here on are not the three that every program has.
const FIRST: i32 = 3;

/// How many descriptors scripts may open: what this process was given, when it then helped itself to more.
static FILES: OnceLock<Rlimit> = OnceLock::new();

/// Processes that lose their parents are handed to this one.
static ADOPTS: AtomicBool = AtomicBool::new(false);

/// Makes this process one that runs scripts: they inherit no descriptor of whoever started it, it leaves no memory
/// with secrets behind when it breaks down, it may open as many files as it is allowed to, and processes that lose
/// their parents are handed to it, so that it finds them. What the system refuses of that is done without.
pub fn host() {
    close_fds::set_fds_cloexec(FIRST, &[]);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // The soft limit only, which scripts inherit: whoever debugs one raises it with `ulimit -c`.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..getrlimit(Resource::Core) });
    let given = getrlimit(Resource::Nofile);
    if given.current != given.maximum {
        let raised = Rlimit { current: given.maximum, ..given };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            let _ = FILES.set(given);
        }
    }
    ADOPTS.store(set_child_subreaper(Some(getpid())).is_ok(), Ordering::Release);
}

/// Whether processes that lose their parents are handed to this one.
pub(crate) fn adopts() -> bool {
    ADOPTS.load(Ordering::Acquire)
}

/// The limit that a script gets back: many programs count on a small one.
pub(crate) fn files() -> Option<Rlimit> {
    FILES.get().copied()
}
