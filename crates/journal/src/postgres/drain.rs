//! Telling a hub to lay down its work, or that it may take work again: it stands in its pen, where the hub finds it.

use super::database::Database;
use super::held::Held;
use super::open::together;
use super::schema;
use super::session::Session;
use crate::error::Error;
use crate::hubs::{Drain, Told};

/// See [`crate::Hubs::tell`].
pub(crate) async fn tell(database: &Database, drain: &Drain) -> Result<Told, Error> {
    let session = Session::open(database).await?;
    together(&session, async || {
        // Of two that are told at once not both may count on the other one.
        schema::alone(&session).await?;
        let living = Held::living(&session).await?;
        let Some(held) = living.iter().find(|held| held.is_life(&drain.life)) else {
            return Ok(Told::Unknown);
        };
        let can_work = |other: &Held| other.node != held.node && !other.drained;
        if drain.drained && !drain.force && !living.iter().any(can_work) {
            return Ok(Told::NobodyElse);
        }
        let tell = "UPDATE pen SET drained = $2, told_by = $3 WHERE node = $1 AND NOT over";
        let told = session.execute(tell, &[&held.node, &drain.drained, &drain.by]).await?;
        Ok(if told > 0 { Told::Done } else { Told::Unknown })
    })
    .await
}
