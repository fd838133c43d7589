//! Sections: groups of keys, each declared once.

use std::path::Path;

use serde::{Deserialize, Deserializer};

/// A key as documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its full name, `retention.jobs_max`.
    pub name: String,
    /// Its default as it would be written in the file; empty = none.
    pub default: String,
    /// What it means.
    pub meaning: String,
}

/// A group of keys.
pub trait Section: Default {
    /// Its keys, in the order in which they are declared; names as seen from here.
    fn keys() -> Vec<Key>;
    /// Its values as they would be written in the file, by key.
    fn values(&self) -> Vec<(String, String)>;
    /// Sets a key to what a text says. An error is a sentence that says what would be right.
    fn set(&mut self, key: &str, text: &str) -> Result<(), String>;
    /// Makes relative paths start from a folder.
    fn anchor(&mut self, folder: &Path);
}

/// A section that is there and empty (its keys are commented out) is as good as none.
pub fn read<'de, S, D>(deserializer: D) -> Result<S, D::Error>
where
    S: Section + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// How a file is read.
pub fn options() -> serde_saphyr::Options {
    serde_saphyr::options! { with_snippet: false, strict_booleans: true }
}

/// The doc comment of a key as one paragraph.
pub fn paragraph(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// Declares a section: `key: Type = default`, each with its meaning as a doc comment, then the sections in it.
#[macro_export]
macro_rules! section {
    (
        $(#[$about:meta])*
        $name:ident {
            $($(#[doc = $doc:literal])* $key:ident: $type:ty = $default:expr,)*
            $(..$(#[doc = $sub_doc:literal])* $sub:ident: $sub_type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                #[serde(deserialize_with = "module::config::value::Value::read")]
                pub $key: $type,
            )*
            $(
                $(#[doc = $sub_doc])*
                #[serde(deserialize_with = "module::config::section::read")]
                pub $sub: $sub_type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($key: $default,)* $($sub: Default::default(),)* }
            }
        }

        impl $crate::config::section::Section for $name {
            fn keys() -> Vec<$crate::config::section::Key> {
                use $crate::config::{section, value::Value as _};
                #[allow(unused_variables, reason = "a section may have no key of its own")]
                let default = $name::default();
                #[allow(unused_mut, reason = "a section may have no section in it")]
                let mut keys = vec![$(section::Key {
                    name: stringify!($key).to_owned(),
                    default: default.$key.show(),
                    meaning: section::paragraph(&[$($doc),*]),
                },)*];
                $(keys.extend(<$sub_type as section::Section>::keys().into_iter().map(|key| section::Key {
                    name: format!("{}.{}", stringify!($sub), key.name),
                    ..key
                }));)*
                keys
            }

            fn values(&self) -> Vec<(String, String)> {
                use $crate::config::value::Value as _;
                #[allow(unused_mut, reason = "a section may have no section in it")]
                let mut values = vec![$((stringify!($key).to_owned(), self.$key.show()),)*];
                $(values.extend(
                    self.$sub.values().into_iter().map(|(key, value)| (format!("{}.{key}", stringify!($sub)), value)),
                );)*
                values
            }

            fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
                match key.split_once('.').unwrap_or((key, "")) {
                    $((stringify!($key), "") => self.$key = $crate::config::value::Value::parse(text)?,)*
                    $((stringify!($sub), key) => self.$sub.set(key, text)?,)*
                    _ => return Err("there is no such key".to_owned()),
                }
                Ok(())
            }

            #[allow(unused_variables, reason = "a section may have no path in it")]
            fn anchor(&mut self, folder: &std::path::Path) {
                $($crate::config::value::Value::anchor(&mut self.$key, folder);)*
                $(self.$sub.anchor(folder);)*
            }
        }
    };
}
