//! JSON Schemas and what does not fit them.
//!
//! A crate of its own, since the library's validators are generic: they are compiled with whoever names them, and took a
//! quarter of what the engine took.

#![forbid(unsafe_code)]

use serde_json::Value;

/// A compiled JSON Schema (drafts 4 to 2020-12).
#[derive(Debug)]
pub struct Schema(jsonschema::Validator);

impl Schema {
    /// Compiles one. An error is what is wrong with it.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let compiled = jsonschema::options().should_validate_formats(true).build(schema);
        compiled.map(Schema).map_err(|error| error.to_string())
    }

    /// What in this document does not fit: places and rules, never the values themselves.
    pub fn violations(&self, document: &Value) -> Vec<String> {
        let shown = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { "/".to_owned() } else { place };
            format!("{place}: {}", error.masked())
        };
        self.0.iter_errors(document).map(shown).collect()
    }
}
