//! Mails about what needs a person: each matter once, when it has lasted; again when there is twice as much of it; and when
//! it is over. What is told of is kept in the journal, so that a restart repeats nothing. Only that the journal cannot be
//! written is told past it, straight to the relay.

mod letter;
mod pages;
mod quiet;
mod rule;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use pages::{PART, Pages, described, routes};
pub(crate) use quiet::Quiet;
pub(crate) use work::{Alerts, digest_key};

use std::time::Duration;

use http::page::Lang;
use model::Times;

/// What the configuration says of alerts.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// To whom.
    pub(crate) to: Vec<String>,
    /// In which language.
    pub(crate) lang: Lang,
    /// What has lasted for so long is told of.
    pub(crate) after: Duration,
    /// Of so many failed jobs nobody is told.
    pub(crate) dead_letters: u64,
    /// When nothing is sent.
    pub(crate) quiet: Option<Quiet>,
    /// When all of it is told of again.
    pub(crate) digest: Option<Times>,
}
