//! The failures that a message of version 1 carries along.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Poison;
use super::check::{is_iso_8601, uuid_in};

/// One failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorEntry {
    /// `debug`, `info`, `warning`, `softerror` or `harderror`.
    pub error_type: String,
    /// Its own id.
    pub error_uuid: String,
    /// Who failed.
    pub error_sender: String,
    /// A code of the sender's own.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub error_code: Option<String>,
    /// What went wrong.
    pub error_message: String,
    /// When, as ISO 8601.
    pub timestamp: String,
    /// What helps to find out why.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "there")]
    pub error_debug: Option<Map<String, Value>>,
}

impl ErrorEntry {
    /// The word for a failure that is tried again.
    pub const SOFT: &str = "softerror";
    /// The word for one that is not.
    pub const HARD: &str = "harderror";

    /// Whether it was tried again.
    pub fn is_soft(&self) -> bool {
        self.error_type == ErrorEntry::SOFT
    }

    pub(super) fn check(&self) -> Result<(), Poison> {
        let known = ["debug", "info", "warning", ErrorEntry::SOFT, ErrorEntry::HARD];
        if !known.contains(&self.error_type.as_str()) {
            return Err(Poison::new(format!("an error_type is none of {}", known.join(", "))));
        }
        if uuid_in(&self.error_uuid).is_none() {
            return Err(Poison::new("an error_uuid is no UUID"));
        }
        if !is_iso_8601(&self.timestamp) {
            return Err(Poison::new("the timestamp of an error is no time in ISO 8601"));
        }
        Ok(())
    }
}

/// What is optional and may not be null.
pub(super) fn there<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
