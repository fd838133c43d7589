//! The action table: filled by modules, extended by configuration, read by everyone.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::ActionSpec;
use schema::Schema;
use serde_json::Value;

/// An entry with its schema compiled.
#[derive(Debug)]
pub struct Action {
    /// The name or pattern it was entered under; empty for the default entry.
    pub name: String,
    /// What is known of the action.
    pub spec: ActionSpec,
    schema: Option<Schema>,
}

/// A schema that cannot be compiled.
#[derive(Debug, thiserror::Error)]
#[error("action {action}: its schema is not a valid JSON Schema: {why}")]
pub struct BadSchema {
    /// The entry.
    pub action: String,
    /// What is wrong with it.
    pub why: String,
}

impl Action {
    fn new(name: String, spec: ActionSpec) -> Result<Self, BadSchema> {
        let schema = spec.schema.as_ref().map(Schema::new).transpose();
        let schema = schema.map_err(|why| BadSchema { action: name.clone(), why })?;
        Ok(Action { name, spec, schema })
    }

    /// What in this body does not fit the schema: places and rules, never the values themselves.
    pub fn violations(&self, body: &Value) -> Vec<String> {
        self.schema.as_ref().map(|schema| schema.violations(body)).unwrap_or_default()
    }
}

/// All entries. A name ending in `*` matches what begins with the rest; the longest match wins.
#[derive(Debug)]
pub struct ActionTable {
    exact: BTreeMap<String, Arc<Action>>,
    patterns: Vec<Arc<Action>>,
    default: Arc<Action>,
}

impl ActionTable {
    /// Builds the table; a later entry of the same name replaces an earlier one.
    pub fn new(entries: impl IntoIterator<Item = (String, ActionSpec)>) -> Result<Self, BadSchema> {
        let mut exact = BTreeMap::new();
        let mut patterns: BTreeMap<String, Arc<Action>> = BTreeMap::new();
        for (name, spec) in entries {
            let action = Arc::new(Action::new(name.clone(), spec)?);
            match name.strip_suffix('*') {
                Some(_) => patterns.insert(name, action),
                None => exact.insert(name, action),
            };
        }
        let mut patterns: Vec<_> = patterns.into_values().collect();
        patterns.sort_by_key(|a| std::cmp::Reverse(a.name.len()));
        let default = Arc::new(Action::new(String::new(), ActionSpec::default())?);
        Ok(ActionTable { exact, patterns, default })
    }

    /// The entry for an action; the default one when there is none.
    pub fn get(&self, action: &str) -> &Arc<Action> {
        let matching = |a: &&Arc<Action>| action.starts_with(a.name.trim_end_matches('*'));
        self.exact.get(action).or_else(|| self.patterns.iter().find(matching)).unwrap_or(&self.default)
    }

    /// Every entry but the default one, by name.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Action>> {
        self.exact.values().chain(&self.patterns)
    }
}
