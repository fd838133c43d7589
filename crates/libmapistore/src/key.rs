//! The names of a triple, in one piece of memory and copied at once: what a caller hands over is only borrowed.

use std::ffi::CStr;

use mapistore_wire::Triple;
use mapistore_wire::code;

/// Names that are not longer than this altogether need no memory of their own.
const USUAL: usize = 512;

/// The names, each followed by U+0000.
pub(crate) struct Key {
    usual: [u8; USUAL],
    long: Vec<u8>,
    length: usize,
}

impl Key {
    /// Copies the names; the code that the caller is told otherwise.
    pub(crate) fn new(names: [&CStr; 3]) -> Result<Self, i32> {
        let names = names.map(CStr::to_bytes_with_nul);
        let length = names.iter().map(|name| name.len()).sum();
        let mut key = Self { usual: [0; USUAL], long: Vec::new(), length };
        if length > USUAL {
            key.long.try_reserve_exact(length).map_err(|_| code::NO_MEMORY)?;
            for name in names {
                key.long.extend_from_slice(name);
            }
        } else {
            let mut place = key.usual.as_mut_slice();
            for name in names {
                let Some((here, rest)) = place.split_at_mut_checked(name.len()) else { break };
                here.copy_from_slice(name);
                place = rest;
            }
        }
        let text = str::from_utf8(key.bytes()).map_err(|_| code::INVALID_DATA)?;
        triple(text).ok_or(code::MSG_SEND)?;
        Ok(key)
    }

    fn bytes(&self) -> &[u8] {
        if self.length > USUAL { &self.long } else { self.usual.get(..self.length).unwrap_or_default() }
    }

    /// The names as one text.
    pub(crate) fn text(&self) -> &str {
        // SAFETY: `new` has looked, and the bytes do not change.
        unsafe { str::from_utf8_unchecked(self.bytes()) }
    }
}

/// The triple that a key consists of, if its names may be sent.
pub(crate) fn triple(key: &str) -> Option<Triple<'_>> {
    let mut names = key.split_terminator('\0');
    Triple::new(names.next()?, names.next()?, names.next()?).ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::*;

    fn key(backend: &CStr, username: &CStr, vuser: &CStr) -> Result<Key, i32> {
        Key::new([backend, username, vuser])
    }

    #[test]
    fn names_come_back_as_they_were() {
        let key = key(c"SOGo", c"", c"jérôme").unwrap();
        let triple = triple(key.text()).unwrap();
        assert_eq!((triple.backend(), triple.username(), triple.vuser()), ("SOGo", "", "jérôme"));
    }

    #[test]
    fn long_names_are_kept_and_too_long_ones_are_not_sent() {
        let long = |n| CString::new("u".repeat(n)).unwrap();
        assert_eq!(key(c"SOGo", &long(2000), &long(2000)).unwrap().text().len(), 4 + 2000 + 2000 + 3);
        assert_eq!(key(c"SOGo", &long(2030), &long(2030)).err(), Some(code::MSG_SEND));
        for length in [USUAL - 7, USUAL - 6, USUAL - 5] {
            assert_eq!(key(c"SOGo", &long(length), c"").unwrap().text().len(), length + 7);
        }
    }

    #[test]
    fn what_is_no_text_is_invalid_data() {
        assert_eq!(key(c"SOGo", c"a", c"bad\xff\xfe").err(), Some(code::INVALID_DATA));
        // Not even when two names together would be one.
        assert_eq!(key(c"SOGo", c"a\xc3", c"\xa9").err(), Some(code::INVALID_DATA));
    }
}
