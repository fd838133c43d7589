//! Which hubs are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use journal::Nodes;

use crate::state::core::Core;

/// A hub that is not among those that are there for so long is gone. One that has just come is not seen at once.
const GONE: Duration = Duration::from_secs(3);

/// Since when hubs are missing that are named somewhere.
#[derive(Default)]
pub(crate) struct Missing(BTreeMap<String, Instant>);

impl Missing {
    /// Those of the named lives that are over.
    pub(crate) fn over(&mut self, core: &Core, nodes: &Nodes, named: BTreeSet<String>) -> BTreeSet<String> {
        let (now, own) = (core.clock.instant(), core.journal.life().to_string());
        let living: BTreeSet<String> = nodes.all.iter().map(|node| node.life.to_string()).collect();
        self.0.retain(|life, _| named.contains(life) && !living.contains(life));
        for life in named.into_iter().filter(|life| *life != own && !living.contains(life)) {
            self.0.entry(life).or_insert(now);
        }
        let gone = self.0.iter().filter(|(_, since)| now.duration_since(**since) >= GONE);
        gone.map(|(life, _)| life.clone()).collect()
    }
}
