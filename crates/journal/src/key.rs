//! The key that seals the journal. It never lies in the data folder and never goes into a backup.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::random;

const LENGTH: usize = 32;

/// The master key. Debug does not show it.
#[derive(Clone)]
pub struct Key {
    bytes: Zeroizing<[u8; LENGTH]>,
    origin: String,
}

impl Key {
    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; LENGTH]) -> Self {
        Key { bytes: Zeroizing::new(bytes), origin: "the key given as bytes".to_owned() }
    }

    /// A new one from the operating system's random source, kept nowhere: for a journal that ends with the process.
    pub fn generate() -> Result<Self, Error> {
        Ok(Key { bytes: Zeroizing::new(random::bytes()?), origin: "a key made for this run".to_owned() })
    }

    /// Reads a key from text: 64 hexadecimal digits, or base64 of 32 bytes. `origin` says where it came from, for
    /// messages (`the credential "journal.key"`).
    pub fn from_text(text: &str, origin: impl Into<String>) -> Result<Self, Error> {
        let origin = origin.into();
        let text = text.trim();
        let bytes = if text.len() == 2 * LENGTH { from_hex(text) } else { from_base64(text) };
        match bytes.and_then(|b| <[u8; LENGTH]>::try_from(b.as_slice()).ok()) {
            Some(bytes) => Ok(Key { bytes: Zeroizing::new(bytes), origin }),
            None => Err(Error::BadKey {
                origin,
                why: "a key is 64 hexadecimal digits, or 32 bytes in base64 (make one with `openssl rand -hex 32`)"
                    .to_owned(),
            }),
        }
    }

    /// Reads a key file. Nobody but its owner may read or write it (mode 0600 or 0400).
    pub fn load(path: &Path) -> Result<Self, Error> {
        let origin = format!("the key file {}", path.display());
        let mode = fs::metadata(path).map_err(Error::io("reading the key file", path))?.permissions().mode();
        if mode & 0o077 != 0 {
            let why = format!("others may read it (mode {:04o}): chmod 0600 it", mode & 0o7777);
            return Err(Error::BadKey { origin, why });
        }
        let text = Zeroizing::new(fs::read(path).map_err(Error::io("reading the key file", path))?);
        Key::from_text(&String::from_utf8_lossy(&text), origin)
    }

    /// Reads the key file, or makes it (mode 0600, durable) when there is none.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        match create(path) {
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => Key::load(path),
            Err(error) => Err(error),
            Ok(()) => Key::load(path),
        }
    }

    /// Where it came from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A short name of it that tells nothing of it: eight hexadecimal digits.
    pub fn name(&self) -> String {
        let [a, b, c, d, ..] = blake3::derive_key("intendant key: name", &*self.bytes);
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }

    /// A digest, in 16 hexadecimal digits, that tells nothing to whoever does not have the key.
    pub fn digest(&self, bytes: &[u8]) -> String {
        let key = blake3::derive_key("intendant key: digests that hubs compare", &*self.bytes);
        blake3::keyed_hash(&key, bytes).to_hex().chars().take(16).collect()
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.bytes
    }
}

/// The key of a journal, and others that it may still need: that before the last change of key, while rows are left that
/// have it, and those of older backups.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The key that the journal is to be sealed with.
    pub now: Key,
    /// The others. A journal that is sealed with one of them is turned to `now` when it is opened.
    pub others: Vec<Key>,
}

impl Keys {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.now).chain(&self.others)
    }
}

impl From<Key> for Keys {
    fn from(now: Key) -> Self {
        Keys { now, others: Vec::new() }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Key::from_text(text, "the key given as text")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Writes a new key beside the path and links it there: the path never names half a key, and no key is overwritten.
fn create(path: &Path) -> Result<(), Error> {
    if path.exists() {
        return Err(Error::io("creating the key file", path)(ErrorKind::AlreadyExists.into()));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io("creating the folder", folder))?;
    let suffix = u64::from_le_bytes(random::bytes()?);
    let draft = path.with_extension(format!("{suffix:016x}.new"));
    let key: Zeroizing<[u8; LENGTH]> = Zeroizing::new(random::bytes()?);
    let text = Zeroizing::new(STANDARD.encode(*key) + "\n");
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    })();
    // Linked or not, the draft has served.
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(Error::io("creating the key file", path))?;
    fs::File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io("syncing", folder))
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = Zeroizing::new(digits?);
    Some(Zeroizing::new(
        digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.last()?)).collect(),
    ))
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_hex_and_base64_is_read() {
        let hex = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
        let key = hex.parse::<Key>().unwrap();
        assert_eq!(key.bytes().first(), Some(&0x00));
        assert_eq!(key.bytes().last(), Some(&0xff));
        let same = STANDARD.encode(key.bytes()).parse::<Key>().unwrap();
        assert_eq!(key.bytes(), same.bytes());
        let same = STANDARD_NO_PAD.encode(key.bytes()).parse::<Key>().unwrap();
        assert_eq!(key.bytes(), same.bytes());
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "abc", &"0".repeat(63), &"g".repeat(64), "é", &STANDARD.encode([1; 31])] {
            assert!(matches!(text.parse::<Key>(), Err(Error::BadKey { .. })), "{text:?}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("etc").join("key");
        let made = Key::load_or_create(&path).unwrap();
        let read = Key::load_or_create(&path).unwrap();
        assert_eq!(made.bytes(), read.bytes());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Key::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("0640") && error.contains("chmod 0600"), "{error}");
    }

    #[test]
    fn debug_does_not_show_it() {
        let key = Key::from_bytes([0xab; 32]);
        assert_eq!(format!("{key:?}"), r#"Key { origin: "the key given as bytes", .. }"#);
    }
}
