//! Two hubs with journals of their own on one queue: one serves, the other stands by (design §5, invariant 11).

use std::time::Duration;

/// How long the right to serve holds without being renewed. A restart takes less; then nobody takes over.
pub(crate) const TERM: Duration = Duration::from_secs(15);
