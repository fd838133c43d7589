//! What stands in a list and cannot be read.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row of the journal that cannot be read. All others are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Damaged {
    /// Which: `job number 7`, `identity 66c2…`.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
}

impl From<journal::Damaged> for Damaged {
    fn from(row: journal::Damaged) -> Self {
        Damaged { what: row.spot.to_string(), why: row.why }
    }
}

/// Several of them.
pub fn damaged(rows: Vec<journal::Damaged>) -> Vec<Damaged> {
    rows.into_iter().map(Damaged::from).collect()
}
