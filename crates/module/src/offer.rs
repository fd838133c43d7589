//! What jobs run on.

use std::path::PathBuf;
use std::sync::Arc;

use api::dto::{CheckReport, Finding, Reached};
use engine::port::{BackendEntry, Catalogue, Reclaim};
use model::{ActionSpec, Dependency};
use serde_json::Value;

/// What jobs run on, as files and configuration have it now. Each module says what it has; the rest stays empty.
#[derive(Clone, Default)]
pub struct Offer {
    /// Backends in the order in which they run.
    pub backends: Vec<BackendEntry>,
    /// What the configuration makes of actions, by name or pattern: it stands in the place of what the module knows of
    /// them.
    pub actions: Vec<(String, ActionSpec)>,
    /// All that is wrong with the backends.
    pub problems: Vec<Finding>,
    /// How backends are configured that lie in folders: each one's file, with its `name` and `path`.
    pub documents: Vec<Value>,
    /// Where these lie.
    pub folder: Option<PathBuf>,
    /// What backends ask over HTTP meanwhile, and where it is declared.
    pub depends_on: Vec<Needed>,
    /// Asked at start to end what a lost hub left running.
    pub reclaim: Vec<Arc<dyn Reclaim>>,
}

/// Something that is asked over HTTP, and the place that declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// What is asked.
    pub dependency: Dependency,
    /// Where that can be corrected.
    pub place: String,
}

impl Offer {
    /// With what another module has, behind its own.
    #[must_use]
    pub fn and(mut self, other: Offer) -> Self {
        self.backends.extend(other.backends);
        self.actions.extend(other.actions);
        self.problems.extend(other.problems);
        self.documents.extend(other.documents);
        self.folder = self.folder.or(other.folder);
        self.depends_on.extend(other.depends_on);
        self.reclaim.extend(other.reclaim);
        self
    }

    /// The backends as one snapshot.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue { entries: self.backends.clone() }
    }

    /// What is found in it. What backends depend on has not been asked yet.
    pub fn report(self) -> CheckReport {
        let unasked = |entry: &BackendEntry, needed: &Dependency| Reached {
            backend: entry.name.to_string(),
            dependency: needed.clone().into(),
            reachable: false,
            error: None,
        };
        let needed = self
            .backends
            .iter()
            .flat_map(|entry| entry.backend.depends_on().iter().map(move |needed| unasked(entry, needed)));
        CheckReport {
            dependencies: needed.collect(),
            backends: self.backends.len(),
            folder: self.folder.map(|folder| folder.display().to_string()).unwrap_or_default(),
            problems: self.problems,
        }
    }
}
