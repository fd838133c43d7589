//! How the hub does.

use crate::desk::hub::Hub;
use crate::state::chores::ChoreView;
use crate::state::long::LongRun;
use crate::state::stats::{Range, Stats, Stretch};

impl Hub {
    /// What happened since start.
    pub fn stats(&self) -> Stats {
        self.core.stats.view()
    }

    /// What happened in a range up to now: to jobs, or of attempts on a backend. It lasts over restarts.
    pub fn history(&self, range: Range, backend: Option<&str>) -> Vec<Stretch> {
        self.core.stats.history(range, backend, self.now())
    }

    /// Why attempts cannot begin on this machine just now, if so.
    pub fn shortage(&self) -> Option<String> {
        self.core.shortage.current(self.core.clock.now())
    }

    /// Attempts without a time limit that have been running for longer than ten minutes, the oldest first.
    pub fn long_runs(&self) -> Vec<LongRun> {
        self.core.long_runs.all()
    }

    /// What is done at times, as it stands.
    pub fn chores(&self) -> Vec<ChoreView> {
        self.core.chores.all()
    }
}
