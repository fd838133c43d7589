//! Single values: written as text, in the file or in a variable, and read by the same rules.

use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Role;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value of the configuration.
pub trait Value: Sized {
    /// Reads it from text. An error is a sentence that says what would be right.
    fn parse(text: &str) -> Result<Self, String>;

    /// As it would be written in the file; empty = not set.
    fn show(&self) -> String;

    /// What an empty value in the file means; `None` = it is not allowed.
    fn unset() -> Option<Self> {
        None
    }

    /// Makes a relative path start from a folder.
    fn anchor(&mut self, _folder: &Path) {}

    /// Reads it from the file.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            Some(text) => Self::parse(&text).map_err(D::Error::custom),
            None => Self::unset().ok_or_else(|| D::Error::custom("a value is missing")),
        }
    }
}

/// Says that a text is not what is wanted, and what would be.
pub fn instead(text: &str, write: &str) -> String {
    format!("{text:?} is not understood here: write {write}")
}

impl<T: Value> Value for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }

    fn unset() -> Option<Self> {
        Some(None)
    }

    fn anchor(&mut self, folder: &Path) {
        if let Some(value) = self {
            value.anchor(folder);
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Reads what is there with [`Value::read`].
        struct There<T>(T);
        impl<'de, T: Value> Deserialize<'de> for There<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                T::read(deserializer).map(There)
            }
        }
        Ok(Option::<There<T>>::deserialize(deserializer)?.map(|there| there.0))
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| instead(text, "true or false"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for u32 {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| instead(text, "a whole number such as 5"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for u64 {
    fn parse(text: &str) -> Result<Self, String> {
        text.replace('_', "").parse().map_err(|_| instead(text, "a whole number such as 100000"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for NonZeroUsize {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| instead(text, "a whole number above zero such as 16"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for NonZeroU32 {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| instead(text, "a whole number above zero such as 100"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for Role {
    fn parse(text: &str) -> Result<Self, String> {
        let words = Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
        text.parse().map_err(|_| instead(text, &format!("one of {words}")))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err(instead(text, "a text")) } else { Ok(text.to_owned()) }
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err(instead(text, "a path")) } else { Ok(PathBuf::from(text)) }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }

    fn anchor(&mut self, folder: &Path) {
        // An empty path stands for a default that is found later.
        if !self.as_os_str().is_empty() {
            *self = folder.join(&*self);
        }
    }
}

/// One text or a list of them.
impl Value for Vec<String> {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(vec![text.to_owned()])
    }

    fn show(&self) -> String {
        self.join(", ")
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
                Ok(vec![text.to_owned()])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// Texts by name; in a variable a JSON object.
impl Value for BTreeMap<String, String> {
    fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|_| instead(text, "an object such as {\"uuid\": \"/key\"}"))
    }

    fn show(&self) -> String {
        if self.is_empty() { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }
}

/// A length of time: whole numbers with `ms`, `s`, `m`, `h` or `d`, also one after the other (`1h30m`); a number alone
/// is seconds.
impl Value for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        duration(text.trim()).ok_or_else(|| instead(text, "a length of time such as 30s, 5m, 2h or 7d"))
    }

    fn show(&self) -> String {
        if self.subsec_nanos() > 0 {
            return format!("{}ms", self.as_millis());
        }
        let seconds = self.as_secs();
        match [("d", 86_400), ("h", 3_600), ("m", 60)]
            .into_iter()
            .find(|(_, unit)| seconds.is_multiple_of(*unit))
        {
            Some((unit, length)) if seconds > 0 => format!("{}{unit}", seconds / length),
            _ => format!("{seconds}s"),
        }
    }
}

/// A length of time after which something is ended, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit(pub Option<Duration>);

impl Value for TimeLimit {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "none" => Ok(TimeLimit(None)),
            text => Duration::parse(text).map(|limit| TimeLimit(Some(limit))),
        }
    }

    fn show(&self) -> String {
        self.0.map_or("none".to_owned(), |limit| limit.show())
    }
}

fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let millis = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let part = Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(millis)?);
        sum = sum.checked_add(part)?;
        rest = after.trim_start();
    }
    (!text.is_empty()).then_some(sum)
}

/// A size in bytes: a whole number with `B`, `kB`, `MB`, `GB` (powers of 1000), `KiB`, `MiB` or `GiB` (powers of
/// 1024); a number alone is bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

const UNITS: [(&str, usize); 8] = [
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
    ("", 1),
];

impl Value for Bytes {
    fn parse(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        let size = || {
            let (number, unit) =
                UNITS.iter().find_map(|(unit, size)| Some((lower.strip_suffix(unit)?, size)))?;
            number.trim_end().parse::<usize>().ok()?.checked_mul(*unit)
        };
        size().map(Bytes).ok_or_else(|| instead(text, "a size such as 64KiB or 10MB"))
    }

    fn show(&self) -> String {
        match [("GiB", 1_usize << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
            .into_iter()
            .find(|(_, u)| self.0.is_multiple_of(*u))
        {
            Some((unit, size)) if self.0 > 0 => format!("{}{unit}", self.0 / size),
            _ => format!("{}B", self.0),
        }
    }
}

/// Gives an enum its words, for [`Value`].
#[macro_export]
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $crate::config::value::Value for $type {
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($type::$variant),)*
                    _ => Err($crate::config::value::instead(text, &format!("one of {}", [$($word),*].join(", ")))),
                }
            }

            fn show(&self) -> String {
                match self { $($type::$variant => $word,)* }.to_owned()
            }
        }
    };
}
