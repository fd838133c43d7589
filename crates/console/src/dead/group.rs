//! Dead letters by what they have in common.

use http::Problem;
use journal::CauseTally;

use crate::Console;
use crate::show::When;

/// A cause, in a list.
pub(crate) struct Group {
    pub(crate) tally: CauseTally,
    pub(crate) first: Option<When>,
    pub(crate) last: Option<When>,
}

impl From<CauseTally> for Group {
    fn from(tally: CauseTally) -> Self {
        Group { first: tally.first.map(Into::into), last: tally.last.map(Into::into), tally }
    }
}

impl Group {
    /// The causes on a backend, or on any, those of most jobs first.
    pub(crate) async fn all(
        console: &Console,
        backend: Option<&str>,
        at_most: usize,
    ) -> Result<Vec<Self>, Problem> {
        let causes = console.hub.journal().causes(backend.map(str::to_owned), at_most).await?;
        Ok(causes.into_iter().map(Group::from).collect())
    }
}
