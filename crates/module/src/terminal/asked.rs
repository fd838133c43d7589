//! A number that a person types to say that it is meant.

use std::io::{self, IsTerminal as _};

use anyhow::Result;

use super::Screen;
use crate::document;
use crate::exit::misuse;

/// Asks on the terminal for a number; `None` = standard input is no terminal.
pub fn ask_number(screen: &Screen, words: &str) -> Result<Option<u64>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    screen.ask(words);
    let line = document::lines().next().transpose()?.unwrap_or_default();
    let digits: String = line.chars().filter(|letter| !letter.is_whitespace()).collect();
    digits.parse().map(Some).map_err(|_| misuse("no number was typed: nothing was changed"))
}
