//! The actions as forms and the catalogue show them.

use std::collections::BTreeMap;

use model::ActionSpec;

use crate::desk::hub::Hub;
use crate::port::Standing;

/// An action that the hub knows of.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionView {
    /// Its name, or the beginning of names followed by `*`.
    pub name: String,
    /// What is known of it; the defaults when a backend maps it and nobody describes it.
    pub spec: ActionSpec,
    /// The active backends that map it, in the order in which they run. For a pattern none: see the actions it stands
    /// for.
    pub backends: Vec<String>,
}

impl Hub {
    /// Every action that somebody describes or maps, by name.
    pub fn actions(&self) -> Vec<ActionView> {
        let snapshot = self.core.snapshot();
        let mut views: BTreeMap<String, ActionView> = BTreeMap::new();
        let view = |name: &str, spec: &ActionSpec| ActionView {
            name: name.to_owned(),
            spec: spec.clone(),
            backends: Vec::new(),
        };
        for action in snapshot.actions.entries() {
            views.insert(action.name.clone(), view(&action.name, &action.spec));
        }
        for entry in snapshot.catalogue.entries.iter().filter(|entry| entry.standing == Standing::Active) {
            for name in entry.actions.keys() {
                let spec = &snapshot.actions.get(name).spec;
                let view = views.entry(name.clone()).or_insert_with(|| view(name, spec));
                view.backends.push(entry.name.to_string());
            }
        }
        views.into_values().collect()
    }
}
