//! `hosting:`.

use std::time::Duration;

use module::config::Root;
use module::{section, words};

use crate::tracker::config::Follow;
use crate::upload::config::Uploads;

/// How the ready state is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadyCode {
    /// As it is meant.
    Ready,
    /// As it was misspelt.
    Redady,
}

words! { ReadyCode { Ready = "BCDIREADY", Redady = "BCDIREDADY" } }

section! {
    /// Hosted library servers.
    Hosting {
        /// Whether a POST without the client key, or with a wrong one, is answered with 404 as every other refusal is.
        /// Otherwise with 401.
        strict_404: bool = false,
        /// How the code of the ready state is spelt: `BCDIREADY` or `BCDIREDADY`. Callers find the other one in
        /// `state_aliases`.
        ready_code: ReadyCode = ReadyCode::Ready,
        /// How long the exports of a school that was removed can be downloaded, and how long it is known that it was there.
        retention: Duration = Duration::from_hours(30 * 24),
        /// How long a school waits until its server is open, as long as nothing is known of earlier ones.
        estimate: Duration = Duration::from_mins(15),
        /// Sites whose pages may show the pages of uploads and schools in a frame, `https://shop.example`; one or more.
        sites: Vec<String> = Vec::new(),
        /// The programs that schools install, each as a version and a system, and the path of a file or a URL:
        /// `CL/windows=/srv/bcdi/setup.exe`; one or more.
        clients: Vec<String> = Vec::new(),
        ../// What schools may upload.
        uploads: Uploads,
        ../// When schools that are followed are looked at.
        follow: Follow,
    }
}

impl Root for Hosting {
    const NAME: &'static str = "hosting";
}

/// Keys that are read at start only.
pub(super) const COLD: &[&str] = &[
    "strict_404",
    "ready_code",
    "retention",
    "estimate",
    "sites",
    "clients",
    "uploads.file_size",
    "uploads.files",
    "uploads.total_size",
    "uploads.extensions",
    "uploads.reserve",
    "uploads.archive_entries",
    "uploads.archive_size",
    "uploads.archive_ratio",
    "uploads.archive_nested",
    "follow.busy",
    "follow.quiet",
    "follow.time_zone",
    "follow.at_once",
    "follow.timeout",
];
