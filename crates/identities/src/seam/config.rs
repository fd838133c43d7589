//! `identities:`, the register.

use module::config::Root;
use module::section;

section! {
    /// The register of identities.
    Identities {
        /// When the identities to synchronise are synchronised by themselves, as a cron pattern: `0 2 * * *` is every
        /// night at two. A time that passed while the hub was away is made up for at its start. Without it never.
        schedule: Option<String> = None,
        /// The time zone of the schedule, `Europe/Paris`. Without it that of the machine.
        time_zone: Option<String> = None,
    }
}

impl Root for Identities {
    const NAME: &'static str = "identities";
}

/// Keys that are read at start only.
pub(super) const COLD: &[&str] = &["schedule", "time_zone"];
