//! `identities:`, the register.

use std::path::PathBuf;

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
        /// A folder of YAML files, one for each further class of members that the form of a person asks for
        /// (`supannPerson.yml`). Without it those of `inetOrgPerson`.
        schemas: Option<PathBuf> = None,
    }
}

impl Root for Identities {
    const NAME: &'static str = "identities";
}

/// Keys that are read at start only.
pub(super) const COLD: &[&str] = &["schedule", "time_zone", "schemas"];
