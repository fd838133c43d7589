//! Whether the server has room: found out by taking some, for a moment.

use super::tx::Tx;
use crate::error::Error;

/// As much as a group has at most, 4 MiB, in a table that is gone with the commit. Nothing of it is logged or replicated.
const TAKE: &str = "CREATE TEMPORARY TABLE intendant_room ON COMMIT DROP AS
    SELECT repeat('x', 1000) AS taken FROM generate_series(1, 4096)";

/// Fails with [`Error::Unwritable`] where there is none, and with [`Error::Engine`] where we may not.
pub(super) async fn take(tx: &mut Tx) -> Result<(), Error> {
    Ok(tx.session().client().batch_execute(TAKE).await?)
}
