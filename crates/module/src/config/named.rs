//! Instances of one kind, each under a name that the administrator chose.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use super::section::{Key, Section};

/// Sections by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<S>(pub BTreeMap<String, S>);

impl<S> Default for Named<S> {
    fn default() -> Self {
        Named(BTreeMap::new())
    }
}

/// One that is named and empty has the defaults.
impl<'de, S: Section + Deserialize<'de>> Deserialize<'de> for Named<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, Option<S>>::deserialize(deserializer)?;
        Ok(Named(named.into_iter().map(|(name, section)| (name, section.unwrap_or_default())).collect()))
    }
}

impl<S: Section> Section for Named<S> {
    fn keys() -> Vec<Key> {
        let named = |key: Key| Key { name: format!("NAME.{}", key.name), ..key };
        S::keys().into_iter().map(named).collect()
    }

    fn values(&self) -> Vec<(String, String)> {
        let values = self.0.iter().flat_map(|(name, section)| {
            section.values().into_iter().map(move |(key, value)| (format!("{name}.{key}"), value))
        });
        values.collect()
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), String> {
        Err("it has names of its own, and is given in the file only".to_owned())
    }

    fn anchor(&mut self, folder: &Path) {
        self.0.values_mut().for_each(|section| section.anchor(folder));
    }
}
