//! What the hubs on a journal were told by their files, so that those are found which were told something else.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// What a hub was told: digests, by the names of what they stand for. They are made with its key ([`crate::Key::digest`]), so that
/// nobody finds out contents by trying who reads the database alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The name of the key ([`crate::Key::name`]): what was made with another one cannot be compared.
    pub key: String,
    /// Of each backend, by its name.
    pub backends: BTreeMap<String, String>,
    /// Of each setting that has to be the same everywhere, by its key.
    pub settings: BTreeMap<String, String>,
}

/// What a hub was told otherwise than the one that leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Backends that only one of them has, or that are others.
    pub backends: Vec<String>,
    /// Settings that have other values.
    pub settings: Vec<String>,
}

impl Report {
    /// As it is kept.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "only several hubs have something to compare")
    )]
    pub(crate) fn to_text(&self) -> String {
        json!({"key": self.key, "backends": self.backends, "settings": self.settings}).to_string()
    }

    /// From what is kept; of what another version says otherwise nothing is known.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "only several hubs have something to compare")
    )]
    pub(crate) fn of_text(text: &str) -> Self {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let digests = |member: &str| {
            let members = said.get(member).and_then(Value::as_object).into_iter().flatten();
            members.filter_map(|(name, digest)| Some((name.clone(), digest.as_str()?.to_owned()))).collect()
        };
        let key = said.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        Report { key, backends: digests("backends"), settings: digests("settings") }
    }

    /// What is otherwise here than with the one that `leads`. Settings that only one of them knows are those of another version.
    pub fn difference(&self, leads: &Report) -> Difference {
        if self.key != leads.key {
            return Difference { backends: Vec::new(), settings: vec!["key".to_owned()] };
        }
        let is_other = |name: &&String| self.backends.get(*name) != leads.backends.get(*name);
        let all = self
            .backends
            .keys()
            .chain(leads.backends.keys().filter(|name| !self.backends.contains_key(*name)));
        let mut backends: Vec<String> = all.filter(is_other).cloned().collect();
        backends.sort();
        let known =
            self.settings.iter().filter_map(|(key, digest)| Some((key, digest, leads.settings.get(key)?)));
        let settings = known.filter(|(_, own, theirs)| own != theirs).map(|(key, ..)| key.clone()).collect();
        Difference { backends, settings }
    }
}

impl Difference {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.backends.is_empty() && self.settings.is_empty()
    }
}

/// The names of all that is otherwise.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&[&self.backends[..], &self.settings].concat().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(backends: &[(&str, &str)], settings: &[(&str, &str)]) -> Report {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect()
        };
        Report { key: "one".to_owned(), backends: map(backends), settings: map(settings) }
    }

    #[test]
    fn what_is_other_or_missing_is_named() {
        let leads = report(&[("10ldap", "a"), ("20ad", "b"), ("30mail", "c")], &[("breaker.failures", "x")]);
        assert!(leads.difference(&leads).is_none());
        let other = report(&[("10ldap", "a"), ("20ad", "z"), ("40new", "d")], &[("breaker.failures", "y")]);
        let difference = other.difference(&leads);
        assert_eq!(difference.backends, ["20ad", "30mail", "40new"]);
        assert_eq!(difference.settings, ["breaker.failures"]);
    }

    #[test]
    fn where_the_key_is_another_one_nothing_else_is_compared() {
        let one = report(&[("10ldap", "a")], &[]);
        let other = Report { key: "other".to_owned(), ..report(&[("10ldap", "b")], &[]) };
        assert_eq!(other.difference(&one).settings, ["key"]);
        assert!(other.difference(&one).backends.is_empty());
    }

    #[test]
    fn a_setting_that_only_one_version_knows_is_no_difference() {
        let (newer, older) = (report(&[], &[("a", "1"), ("new", "2")]), report(&[], &[("a", "1")]));
        assert!(newer.difference(&older).is_none());
        assert!(older.difference(&newer).is_none());
    }

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else_believed() {
        let kept = report(&[("10ldap", "a")], &[("a", "1")]);
        assert_eq!(Report::of_text(&kept.to_text()), kept);
        for text in ["", "[]", "{\"backends\": 1}", "{\"backends\": {\"a\": 1}}"] {
            assert_eq!(Report::of_text(text), Report::default(), "{text}");
        }
    }
}
