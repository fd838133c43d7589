//! `actions:`, what the administrator adds to the action table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{ActionSpec, Class, Destructive, RetryPolicy};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use super::section::{Key, Section};
use super::value::{Value, instead};
use crate::{section, words};

/// Entries by the action's name, or by the beginning of names followed by `*`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Actions(pub BTreeMap<String, ActionEntry>);

section! {
    /// What is said of an action. What it does not say stays as the module that knows the action, or the default, has
    /// it.
    ActionEntry {
        /// JSON Schema of the request's body (`concernedTo`, `payload`, `options`): the path of a file, or the schema
        /// itself. What does not fit is refused.
        schema: Option<Schema> = None,
        /// `interactive` when somebody waits for the answer, else `bulk`.
        class: Option<Class> = None,
        /// JSON pointers to secrets in the body, beside the key names that count as secret everywhere; `*` stands for
        /// any member or element.
        secrets: Vec<String> = Vec::new(),
        /// What it does to accounts, for the failsafe: `delete` or `disable`.
        destructive: Option<Destructive> = None,
        /// It merely tells: no job, and no failure, when no backend maps it.
        optional: Option<bool> = None,
        /// Backends are given an empty text wherever the body has `null`, as Sesame's expect it.
        null_as_empty: Option<bool> = None,
        ../// What its requests are about.
        subject: SubjectRule,
        ../// When a soft failure is tried again.
        retry: RetryRule,
    }
}

section! {
    /// What an action's requests are about: the unit of order.
    SubjectRule {
        /// The kind of thing (`identity`, `account`), shared by all actions about it; `none` = the action's jobs have
        /// no order.
        kind: Option<String> = None,
        /// JSON pointer to the value in the body, or several of which the first that finds one counts.
        pointer: Vec<String> = Vec::new(),
    }
}

section! {
    /// When a soft failure is tried again.
    RetryRule {
        /// How many retries after the first attempt; `0` = none.
        max: Option<u32> = None,
        /// Pause before the first retry; each later one doubles it.
        initial: Option<Duration> = None,
        /// No pause is longer than this.
        max_delay: Option<Duration> = None,
        /// No retry begins later than this after the first attempt.
        max_age: Option<Duration> = None,
    }
}

words!(Class { Interactive = "interactive", Bulk = "bulk" });
words!(Destructive { Delete = "delete", Disable = "disable" });

impl ActionEntry {
    /// What is known of the action, where this entry says it; `base`, what is known without it, elsewhere. Secrets add
    /// to those of the base.
    pub fn over(&self, base: ActionSpec) -> ActionSpec {
        let mut spec = base;
        if let Some(Schema::Document(schema)) = &self.schema {
            spec.schema = Some(schema.clone());
        }
        if let Some(kind) = &self.subject.kind {
            spec.subject_kind = (kind != "none").then(|| kind.clone());
        }
        if !self.subject.pointer.is_empty() {
            spec.subject_pointers.clone_from(&self.subject.pointer);
        }
        spec.secrets.extend(self.secrets.iter().cloned());
        spec.class = self.class.unwrap_or(spec.class);
        spec.destructive = self.destructive.or(spec.destructive);
        spec.retry = self.retry.over(spec.retry);
        spec.optional = self.optional.unwrap_or(spec.optional);
        spec.null_as_empty = self.null_as_empty.unwrap_or(spec.null_as_empty);
        spec
    }
}

impl RetryRule {
    /// The policy, when anything is said of it; what is not said stays as the base, or the policy for requests over
    /// HTTP, has it.
    fn over(&self, base: Option<RetryPolicy>) -> Option<RetryPolicy> {
        if *self == RetryRule::default() {
            return base;
        }
        let base = base.unwrap_or(RetryPolicy::HTTP);
        Some(RetryPolicy {
            max: self.max.unwrap_or(base.max),
            initial: self.initial.unwrap_or(base.initial),
            max_delay: self.max_delay.unwrap_or(base.max_delay),
            max_age: self.max_age.or(base.max_age),
            jitter: base.jitter,
        })
    }
}

/// A JSON Schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Schema {
    /// In a file, JSON or YAML; read when the configuration is loaded.
    File(PathBuf),
    /// Itself.
    Document(Json),
}

impl Schema {
    /// Replaces the name of a file by what is in it. An error is a sentence.
    pub fn load(&mut self) -> Result<(), String> {
        if let Schema::File(path) = self {
            *self = Schema::Document(read_schema(path).map_err(|why| format!("{}: {why}", path.display()))?);
        }
        Ok(())
    }
}

impl Value for Schema {
    fn parse(text: &str) -> Result<Self, String> {
        PathBuf::parse(text).map(Schema::File)
    }

    fn show(&self) -> String {
        match self {
            Schema::File(path) => path.show(),
            Schema::Document(document) => document.to_string(),
        }
    }

    fn anchor(&mut self, folder: &Path) {
        if let Schema::File(path) = self {
            path.anchor(folder);
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::String(path) => Schema::parse(&path).map_err(D::Error::custom),
            document @ Json::Object(_) => Ok(Schema::Document(document)),
            other => Err(D::Error::custom(instead(
                &other.to_string(),
                "a JSON Schema, or the path of a file with one",
            ))),
        }
    }
}

impl Actions {
    /// Replaces the names of schema files by what is in them, and checks names and pointers. An error is the key and a
    /// sentence.
    pub fn read_schemas(&mut self) -> Result<(), (String, String)> {
        for (name, entry) in &mut self.0 {
            check(name, entry).map_err(|(key, what)| (format!("actions.{name}{key}"), what))?;
            if let Some(schema) = &mut entry.schema {
                schema.load().map_err(|why| (format!("actions.{name}.schema"), why))?;
            }
        }
        Ok(())
    }
}

fn check(name: &str, entry: &ActionEntry) -> Result<(), (&'static str, String)> {
    if name.trim_end_matches('*').is_empty() || name.find('*').is_some_and(|star| star + 1 < name.len()) {
        return Err(("", instead(name, "an action's name, or how names begin with one `*` at the end")));
    }
    if let Some(kind) = entry.subject.kind.as_deref()
        && kind.contains(':')
    {
        return Err((".subject.kind", instead(kind, "a word without a colon, such as identity")));
    }
    for (key, pointers) in [(".secrets", &entry.secrets), (".subject.pointer", &entry.subject.pointer)] {
        if let Some(pointer) = pointers.iter().find(|pointer| !pointer.starts_with('/')) {
            return Err((key, instead(pointer, "a JSON pointer such as /payload/uid")));
        }
    }
    Ok(())
}

fn read_schema(path: &Path) -> Result<Json, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(&text).map_err(|error| error.without_snippet().to_string())
}

impl Section for Actions {
    fn keys() -> Vec<Key> {
        let named = |key: Key| Key { name: format!("NAME.{}", key.name), ..key };
        ActionEntry::keys().into_iter().map(named).collect()
    }

    fn values(&self) -> Vec<(String, String)> {
        let values = self.0.iter().flat_map(|(name, entry)| {
            entry.values().into_iter().map(move |(key, value)| (format!("{name}.{key}"), value))
        });
        values.filter(|(_, value)| !value.is_empty()).collect()
    }

    fn set(&mut self, _: &str, _: &str) -> Result<(), String> {
        Err("actions are given in the file only".to_owned())
    }

    fn anchor(&mut self, folder: &Path) {
        self.0.values_mut().for_each(|entry| entry.anchor(folder));
    }
}
