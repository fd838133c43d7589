//! What is typed and not shown: passwords and other secrets.

use std::io::{self, Read};

use anyhow::Result;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::Screen;
use crate::exit::misuse;

/// Asks for a secret on the terminal, without showing what is typed; `None` = standard input is no terminal.
pub fn ask_secret(screen: &Screen, words: &str) -> Result<Option<String>> {
    let Some(hidden) = Hidden::begin() else { return Ok(None) };
    screen.ask(words);
    let typed = typed(io::stdin().lock().bytes())?;
    drop(hidden);
    typed.map(Some).ok_or_else(|| misuse("it was broken off: nothing was changed"))
}

/// Reads what is typed up to Enter, with the keys that take back: backspace, Ctrl-U. `None` = Ctrl-C, or the end.
fn typed(bytes: impl Iterator<Item = io::Result<u8>>) -> Result<Option<String>> {
    let mut line = Vec::new();
    for byte in bytes {
        match byte? {
            b'\r' | b'\n' => {
                let text = String::from_utf8(line);
                return text.map(Some).map_err(|_| misuse("what was typed is not UTF-8"));
            }
            0x03 => return Ok(None),
            0x04 if line.is_empty() => return Ok(None),
            0x15 => line.clear(),
            0x08 | 0x7f => {
                // A character may be several bytes: all but its first begin with the bits 10.
                while line.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
            }
            byte => line.push(byte),
        }
    }
    Ok(None)
}

/// While it lives the terminal does not show what is typed, and hands over each key: Ctrl-C, too, so that nobody is left
/// with a terminal that shows nothing.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &silent).ok()?;
        Some(Hidden { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[u8]) -> Option<String> {
        typed(keys.iter().copied().map(Ok)).unwrap()
    }

    #[test]
    fn keys_that_take_back_are_understood() {
        assert_eq!(keys(b"abc\r").as_deref(), Some("abc"));
        assert_eq!(keys("aé\u{7f}\u{7f}b\n".as_bytes()).as_deref(), Some("b"));
        assert_eq!(keys(b"wrong\x15right\nmore").as_deref(), Some("right"));
        assert_eq!(keys(b"\x7f\x08\n").as_deref(), Some(""));
        for broken_off in [&b"abc\x03\n"[..], b"\x04", b"abc"] {
            assert_eq!(keys(broken_off), None, "{broken_off:?}");
        }
        assert!(typed([0xff, b'\n'].into_iter().map(Ok)).is_err());
    }
}
