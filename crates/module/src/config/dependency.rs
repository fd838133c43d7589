//! What is asked over HTTP, as the file says it.

use model::Dependency;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::value::{Value, instead};

/// A list, one line for each.
impl Value for Vec<Dependency> {
    fn parse(text: &str) -> Result<Self, String> {
        Err(instead(text, "a list of name, url and why"))
    }

    fn show(&self) -> String {
        self.iter().map(|needed| format!("{} ({})", needed.name, needed.url)).collect::<Vec<_>>().join(", ")
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Entry {
            name: String,
            url: String,
            why: String,
        }
        let entries = Option::<Vec<Entry>>::deserialize(deserializer)?.unwrap_or_default();
        let checked = entries.into_iter().map(|Entry { name, url, why }| {
            if url.starts_with("http://") || url.starts_with("https://") {
                Ok(Dependency { name, url, why })
            } else {
                Err(D::Error::custom(instead(&url, "an address that begins with https:// or http://")))
            }
        });
        checked.collect()
    }
}
