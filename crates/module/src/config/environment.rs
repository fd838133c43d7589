//! The environment: what overrides the file.

use std::collections::BTreeMap;

use super::error::{Error, nearest};

/// Ours, and no keys: which file to read, which hub to talk to, and what scripts are given.
const RESERVED: [&str; 7] = ["CONFIG", "SERVER", "TOKEN", "ACTION", "JOB_ID", "ATTEMPT", "RUN"];
const PREFIX: &str = "INTENDANT_";

/// The environment of a process, as an argument so that tests can have their own.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// That of this process.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable that is set, even to nothing: for older programs, to which that says something.
    pub fn set(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The names of the variables that begin so.
    pub fn names<'e>(&'e self, prefix: &'e str) -> impl Iterator<Item = &'e str> {
        self.variables.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }

    /// The variables that override a key: variable, key, text. One that looks like it and names no key is an error;
    /// one that is empty says nothing.
    pub fn overrides<'e>(&'e self, keys: &[String]) -> Result<Vec<(&'e str, String, &'e str)>, Error> {
        let mut overrides = Vec::new();
        for (variable, text) in self.variables.iter().filter(|(_, text)| !text.is_empty()) {
            let Some(name) = variable.strip_prefix(PREFIX).filter(|name| !RESERVED.contains(name)) else {
                continue;
            };
            let key = name.replace("__", ".").to_lowercase();
            if keys.contains(&key) {
                overrides.push((variable.as_str(), key, text.as_str()));
            } else if let Some(what) = unknown(&key, keys) {
                return Err(Error::Variable { variable: variable.clone(), what });
            }
        }
        Ok(overrides)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Environment { variables: variables.into_iter().collect() }
    }
}

/// What to say of a name that is no key; `None` = it is probably not meant for us.
fn unknown(key: &str, keys: &[String]) -> Option<String> {
    let variable = |key: &str| format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
    let section = key.split('.').next().unwrap_or_default();
    if section == "actions" {
        return Some("actions are given in the file only".to_owned());
    }
    let has_names =
        |other: &String| other.strip_prefix(section).is_some_and(|rest| rest.starts_with(".NAME."));
    if keys.iter().any(has_names) {
        return Some("it has names of its own, and is given in the file only".to_owned());
    }
    if let Some(inside) = keys.iter().find(|other| other.starts_with(&format!("{key}."))) {
        return Some(format!("{key} is a section: name one of its keys, such as {}", variable(inside)));
    }
    if let Some(near) = nearest(key, keys.iter().map(String::as_str)) {
        return Some(format!("there is no key {key}, did you mean {}?", variable(near)));
    }
    key.contains('.').then(|| format!("there is no key {key}: see the list in docs/en/configuration.md"))
}
