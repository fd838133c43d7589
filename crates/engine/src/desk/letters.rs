//! Refusals and deliveries that were given up, by what they have in common: source or courier, code, and the message
//! without names and numbers. They are grouped when somebody asks, over a bounded number of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use journal::{BoxFuture, DeliveryFilter, Listing, RecordFilter, cause_id};
use model::{Cause, CauseId, Delivery, DeliveryState, Record, RecordKind};

use crate::desk::hub::Hub;
use crate::desk::list::PATIENCE;
use crate::error::Error;

/// So many are looked at when they are grouped: the newest.
const GROUPED: u64 = 10_000;
/// Read at once.
pub(crate) const CHUNK: usize = 500;

/// What letters have in common, and how many have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterCause {
    /// Its name.
    pub id: CauseId,
    /// The cause; in the place of a backend stands the source of refusals, the courier of deliveries.
    pub cause: Cause,
    /// How many have it.
    pub letters: u64,
    /// When the first of them came.
    pub first: Timestamp,
    /// When the last one did.
    pub last: Timestamp,
    /// What the last one says, as it says it.
    pub sample: String,
}

/// Letters by cause, those of most first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterCauses {
    /// The causes.
    pub causes: Vec<LetterCause>,
    /// How many letters were looked at, the newest.
    pub looked_at: u64,
    /// There are older ones that were not.
    pub more: bool,
}

/// Something that did not come or go, for a reason.
pub(crate) trait Caused {
    fn cause(&self) -> Cause;
    fn at(&self) -> Timestamp;
    fn message(&self) -> &str;
    /// Its place in a listing, by which that goes on.
    fn place(&self) -> i64;
}

impl Caused for Record {
    fn cause(&self) -> Cause {
        Cause::new(Some(&self.who), Some(&self.code), Some(&self.message), &[])
    }

    fn at(&self) -> Timestamp {
        self.at
    }

    fn message(&self) -> &str {
        &self.message
    }

    fn place(&self) -> i64 {
        self.seq
    }
}

impl Caused for Delivery {
    fn cause(&self) -> Cause {
        Cause::new(Some(&self.to.courier), None, self.message.as_deref(), &[&self.to.address])
    }

    fn at(&self) -> Timestamp {
        self.id.made_at().unwrap_or(self.due_at)
    }

    fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    fn place(&self) -> i64 {
        self.seq.number()
    }
}

/// Leaves on a page those of a cause, at most so many.
pub(crate) fn keep<T: Caused>(page: &mut Listing<T>, cause: Option<CauseId>, at_most: usize) {
    let Some(id) = cause else { return };
    page.rows.retain(|letter| cause_id(&letter.cause()) == id);
    if page.rows.len() > at_most {
        page.rows.truncate(at_most);
        page.next = page.rows.last().map(Caused::place);
    }
}

/// Gathers letters, the newest first.
#[derive(Default)]
struct Groups {
    causes: BTreeMap<CauseId, LetterCause>,
    looked_at: u64,
}

impl Groups {
    fn add<T: Caused>(&mut self, letter: &T) {
        let (cause, at) = (letter.cause(), letter.at());
        let id = cause_id(&cause);
        self.looked_at += 1;
        let group = self.causes.entry(id).or_insert_with(|| LetterCause {
            id,
            cause,
            letters: 0,
            first: at,
            last: at,
            sample: letter.message().to_owned(),
        });
        group.letters += 1;
        group.first = group.first.min(at);
        group.last = group.last.max(at);
    }

    fn told(self, more: bool) -> LetterCauses {
        let mut causes: Vec<LetterCause> = self.causes.into_values().collect();
        causes.sort_by_key(|group| (std::cmp::Reverse(group.letters), group.id));
        LetterCauses { causes, looked_at: self.looked_at, more }
    }
}

impl Hub {
    /// What refusals that nothing has settled have in common.
    pub async fn refusal_causes(&self) -> Result<LetterCauses, Error> {
        let dead = RecordFilter { dead: true, ..RecordFilter::of(RecordKind::Refusal) };
        self.grouped(|before| self.core.journal.records(dead.clone(), before, CHUNK)).await
    }

    /// What deliveries that were given up have in common.
    pub async fn delivery_causes(&self) -> Result<LetterCauses, Error> {
        let dead = DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
        self.grouped(|before| self.core.journal.outbox(dead.clone(), before, CHUNK)).await
    }

    /// Refusals that nothing has settled and that fit, of this cause, newest first, before this place; as patient as
    /// [`Hub::jobs`].
    pub async fn refusals_of(
        &self,
        cause: CauseId,
        filter: RecordFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Listing<Record>, Error> {
        let filter = &RecordFilter { kind: RecordKind::Refusal, dead: true, ..filter };
        self.look(before, limit, |before, left| {
            Box::pin(async move {
                let mut page = self.core.journal.records(filter.clone(), before, CHUNK).await?;
                keep(&mut page, Some(cause), left);
                Ok(page)
            })
        })
        .await
    }

    /// The same of deliveries that were given up.
    pub async fn deliveries_of(
        &self,
        cause: CauseId,
        filter: DeliveryFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Listing<Delivery>, Error> {
        let filter = &DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..filter };
        self.look(before, limit, |before, left| {
            Box::pin(async move {
                let mut page = self.core.journal.outbox(filter.clone(), before, CHUNK).await?;
                keep(&mut page, Some(cause), left);
                Ok(page)
            })
        })
        .await
    }

    /// Groups page after page, for as long as somebody waits for a page.
    async fn grouped<'a, T: Caused>(
        &'a self,
        page: impl Fn(Option<i64>) -> BoxFuture<'a, Result<Listing<T>, journal::Error>>,
    ) -> Result<LetterCauses, Error> {
        let begun = self.core.clock.instant();
        let (mut groups, mut before) = (Groups::default(), None);
        loop {
            let found = page(before).await?;
            found.rows.iter().for_each(|letter| groups.add(letter));
            before = found.next;
            let enough =
                groups.looked_at >= GROUPED || self.core.clock.instant().duration_since(begun) > PATIENCE;
            if before.is_none() || enough {
                return Ok(groups.told(before.is_some()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Code;

    use super::*;

    fn refusal(seq: i64, who: &str, message: &str) -> Record {
        Record {
            seq,
            kind: RecordKind::Refusal,
            at: Timestamp::from_second(seq).unwrap(),
            who: who.to_owned(),
            what: None,
            code: Code::from_static("unreadable"),
            message: message.to_owned(),
        }
    }

    #[test]
    fn groups_are_told_with_their_number_and_their_last_words() {
        let mut groups = Groups::default();
        let letters = [
            refusal(9, "bus", "line 7 is no JSON"),
            refusal(8, "http", "line 1 is no JSON"),
            refusal(3, "bus", "line 12 is no JSON"),
        ];
        for letter in &letters {
            groups.add(letter);
        }
        let told = groups.told(false);
        assert_eq!((told.looked_at, told.causes.len()), (3, 2));
        let first = &told.causes[0];
        assert_eq!((first.letters, first.cause.backend.as_deref()), (2, Some("bus")));
        assert_eq!((&*first.sample, &*first.cause.shape), ("line 7 is no JSON", "line … is no JSON"));
        assert_eq!((first.first.as_second(), first.last.as_second()), (3, 9));
    }

    #[test]
    fn a_page_of_one_cause_goes_on_behind_its_last_row() {
        let rows = vec![refusal(9, "bus", "no"), refusal(8, "http", "no"), refusal(7, "bus", "no")];
        let id = cause_id(&rows[0].cause());
        let page = |next| Listing { rows: rows.clone(), next, damaged: Vec::new() };
        let (mut whole, mut short) = (page(Some(5)), page(None));
        keep(&mut whole, Some(id), 9);
        assert_eq!((whole.rows.len(), whole.next), (2, Some(5)));
        keep(&mut short, Some(id), 1);
        assert_eq!((short.rows.len(), short.next), (1, Some(9)));
    }
}
