//! The Lua scripts that are run in Redis: BullMQ's own where the queue changes, ours where only a lock does, or the place
//! of a job that BullMQ's own then takes.

use redis::Script;

/// All of them, hashed once.
pub(crate) struct Scripts {
    /// Takes the next job.
    pub(crate) take: Script,
    /// Completes a job.
    pub(crate) finish: Script,
    /// Puts a job that was taken back to where it came from.
    pub(crate) give_back: Script,
    /// Puts jobs whose worker is gone back into the queue.
    pub(crate) release_stalled: Script,
    /// Keeps jobs ours.
    pub(crate) hold: Script,
    /// Lists what is ours.
    pub(crate) ours: Script,
    /// Serves the queue, or says who does.
    pub(crate) lease: Script,
    /// Takes the jobs of some names before all others.
    pub(crate) first: Script,
    /// Takes secrets out of a job that is over.
    pub(crate) mask: Script,
}

/// BullMQ's own script for taking the next job.
const TAKE: &str = include_str!("lua/bullmq/moveToActive-11.lua");

impl Scripts {
    pub(crate) fn new() -> Self {
        Scripts {
            take: Script::new(TAKE),
            finish: Script::new(include_str!("lua/bullmq/moveToFinished-14.lua")),
            give_back: Script::new(include_str!("lua/bullmq/moveJobFromActiveToWait-9.lua")),
            release_stalled: Script::new(include_str!("lua/bullmq/moveStalledJobsToWait-9.lua")),
            hold: Script::new(include_str!("lua/hold.lua")),
            ours: Script::new(include_str!("lua/ours.lua")),
            lease: Script::new(include_str!("lua/lease.lua")),
            first: Script::new(&format!(
                "local function take(KEYS, ARGV)\n{TAKE}\nend\n{}",
                include_str!("lua/first.lua")
            )),
            mask: Script::new(include_str!("lua/mask.lua")),
        }
    }
}
