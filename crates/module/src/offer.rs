//! What jobs run on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::dto::{CheckReport, Finding, Reached, Severity};
use engine::clock::within;
use engine::port::{BackendEntry, Catalogue, Fault, Reclaim, Standing};
use futures_util::future::join_all;
use model::{ActionSpec, Dependency};
use serde_json::Value;

use crate::order::in_order;

/// A backend that looks at what it stands on for longer is told of.
const LOOK: Duration = Duration::from_secs(30);

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
    /// With what another module has. Backends stand in one order, and those that share a name are one that is broken.
    #[must_use]
    pub fn and(mut self, other: Offer) -> Self {
        self.problems.extend(other.problems);
        let (backends, clashes) = in_order(self.backends.into_iter().chain(other.backends));
        self.backends = backends;
        self.problems.extend(clashes);
        self.actions.extend(other.actions);
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

    /// How many backends are a part of the program.
    pub fn native(&self) -> usize {
        self.backends.iter().filter(|entry| entry.backend.is_native()).count()
    }

    /// What native backends find when they look at what they stand on, each with its name.
    pub async fn faults(&self) -> Vec<Finding> {
        let taking_part = self.backends.iter().filter(|entry| entry.standing != Standing::Inactive);
        let looks = taking_part.map(async |entry| {
            let found = within(LOOK, entry.backend.check()).await.unwrap_or_else(|_| {
                vec![Fault {
                    severe: true,
                    what: format!("its check did not end within {} s", LOOK.as_secs()),
                    remedy: "look at what it stands on".to_owned(),
                }]
            });
            found.into_iter().map(|Fault { severe, what, remedy }| Finding {
                file: entry.name.to_string(),
                line: None,
                severity: if severe { Severity::Error } else { Severity::Warning },
                what,
                remedy,
            })
        });
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// What is found in it. What backends depend on has not been asked yet.
    pub async fn report(mut self) -> CheckReport {
        let unasked = |entry: &BackendEntry, needed: &Dependency| Reached {
            backend: entry.name.to_string(),
            dependency: needed.clone().into(),
            reachable: false,
            error: None,
        };
        self.problems.extend(self.faults().await);
        let native = self.native();
        let needed = self
            .backends
            .iter()
            .flat_map(|entry| entry.backend.depends_on().iter().map(move |needed| unasked(entry, needed)));
        CheckReport {
            dependencies: needed.collect(),
            backends: self.backends.len() - native,
            native,
            folder: self.folder.map(|folder| folder.display().to_string()).unwrap_or_default(),
            problems: self.problems,
        }
    }
}
