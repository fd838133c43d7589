//! Where a row lies. Of a row that is written in every commit old versions pile up while somebody holds an old snapshot, and each
//! search by its key walks over all of them; whoever knows where the last one lies goes there.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use model::JobState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type Failed = Box<dyn StdError + Sync + Send>;

/// The place of a version of a row (`ctid`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tid([u8; 6]);

/// Where those rows of a life lie that its batches write.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    pub(super) pen: Option<Tid>,
    /// What it has counted, by the codes of states.
    pub(super) tallies: [Option<Tid>; JobState::ALL.len()],
}

impl Places {
    /// Those of what is counted for these states, if all are known.
    pub(super) fn of(&self, states: impl Iterator<Item = i16>) -> Option<Vec<Tid>> {
        states.map(|state| *self.tallies.get(usize::try_from(state).ok()?)?).collect()
    }

    /// What was counted for a state lies here.
    pub(super) fn set(&mut self, state: i16, place: Tid) {
        let tally = usize::try_from(state).ok().and_then(|state| self.tallies.get_mut(state));
        if let Some(tally) = tally {
            *tally = Some(place);
        }
    }
}

impl ToSql for Tid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(TID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Tid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Failed> {
        Ok(Tid(raw.try_into()?))
    }

    accepts!(TID);
}
