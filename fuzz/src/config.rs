//! The hub's own configuration.

use std::path::Path;

use intendant::assembly::Modules;
use intendant::config::{Section as _, parse};

/// A text is understood, and what it says can be shown; or it is refused in words, without a copy of the text.
pub(crate) fn run(bytes: &[u8]) {
    /// No sentence needs more, beside the line that is shown.
    const ROOM: usize = 2000;
    let text = String::from_utf8_lossy(bytes);
    let kinds = Modules::new(intendant::modules::all()).sections();
    match parse(Path::new("intendant.yml"), &text, &kinds) {
        Ok((config, sections)) => {
            for (key, value) in config.values().into_iter().chain(sections.values()) {
                assert!(!key.is_empty() && value.len() <= 8 * text.len() + ROOM, "{key} is shown at length");
            }
        }
        Err(why) => {
            let said = why.to_string();
            let line = text.lines().map(str::len).max().unwrap_or_default();
            assert!(!said.is_empty(), "refused without a word");
            assert!(said.len() <= 4 * line + ROOM, "refused with {} bytes", said.len());
        }
    }
}
