//! What leaves otherwise than a backend told it, or not at all: counted with the connection, and said in the log.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use engine::Link;

use crate::tell::Amiss;

/// Names that are remembered as said, at most: they are made up by backends.
const SAID: usize = 1_000;

/// Says each trouble once, and counts all.
#[derive(Default)]
pub(crate) struct SaidAmiss {
    said: Mutex<BTreeSet<Amiss>>,
    link: OnceLock<Arc<Link>>,
}

impl SaidAmiss {
    /// Where they are counted.
    pub(crate) fn count_with(&self, link: &Arc<Link>) {
        // A source starts once.
        let _ = self.link.set(Arc::clone(link));
    }

    pub(crate) fn say(&self, source: &str, job: &str, amiss: Amiss) {
        let (counter, words) = match &amiss {
            Amiss::Dropped { notice, route } => (
                "notices_dropped",
                format!("notice {notice} is not sent: `notices` of {route} do not name it"),
            ),
            Amiss::Returning { notice, route } => (
                "notices_dropped",
                format!(
                    "notice {notice} is not sent: it would come back here as a message; name it in `notices` of \
                     {route} if that is wanted"
                ),
            ),
            Amiss::Wrapped { key } => (
                "data_wrapped",
                format!(
                    "{key} is sent with {{\"value\": …}}: data of version 1 is an object, and what the backend answered is none"
                ),
            ),
        };
        if let Some(link) = self.link.get() {
            link.count(counter, 1);
        }
        if self.is_news(amiss) {
            tracing::warn!(source, job, "{words}");
        } else {
            tracing::debug!(source, job, "{words}");
        }
    }

    fn is_news(&self, amiss: Amiss) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.len() < SAID && said.insert(amiss)
    }
}
