//! Setting dead letters aside: nobody has to do anything about them, for a reason that the audit keeps.

use journal::{EffectSet, RecordFilter};
use model::word::code;
use model::{CauseId, Code, JobId, RecordKind};
use serde_json::json;

use crate::carry::carry;
use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::Hub;
use crate::desk::letters;
use crate::desk::many::Which;
use crate::error::Error;

/// Dead letters set aside in one commit, with one record of the audit.
const CHUNK: usize = 500;
/// Letters that a reason has at most.
const REASON: usize = 1000;
/// Refusals that one call sets aside at most.
const MANY: usize = 100_000;

/// Which refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// These, by their records.
    These(Vec<i64>),
    /// All that fit, of a cause only ([`Hub::refusal_causes`]) where one is named.
    All(RecordFilter, Option<CauseId>),
}

impl Hub {
    /// Sets failed jobs aside: these, or all dead letters that fit. Returns how many; those that are none are left alone.
    pub async fn set_aside(&self, which: impl Into<Which>, why: &str, actor: &Actor) -> Result<u64, Error> {
        let why = reason(why)?;
        let jobs = self.oldest_first(which.into().unsettled()).await?;
        let jobs: Vec<JobId> = jobs.into_iter().filter(model::Job::is_dead).map(|job| job.id).collect();
        let (hub, actor) = (self.clone(), actor.clone());
        carry(async move {
            let mut aside = 0;
            for jobs in jobs.chunks(CHUNK) {
                let effects = hub.reasoned("job", jobs, "dead letters", &why, &actor);
                aside += hub.core.journal.set_aside(jobs.to_vec(), Vec::new(), effects).await?;
            }
            Ok(aside)
        })
        .await
    }

    /// Sets refused messages aside. Returns how many; those that are settled are left alone.
    pub async fn set_aside_refusals(&self, which: Refusals, why: &str, actor: &Actor) -> Result<u64, Error> {
        let why = reason(why)?;
        let refusals = self.dead_refusals(which).await?;
        let (hub, actor) = (self.clone(), actor.clone());
        carry(async move {
            let mut aside = 0;
            for records in refusals.chunks(CHUNK) {
                let effects = hub.reasoned("refusal", records, "refusals", &why, &actor);
                aside += hub.core.journal.set_aside(Vec::new(), records.to_vec(), effects).await?;
            }
            Ok(aside)
        })
        .await
    }

    /// Those that are named, or all that fit and that nothing has settled, newest first.
    pub(crate) async fn dead_refusals(&self, which: Refusals) -> Result<Vec<i64>, Error> {
        let (filter, cause) = match which {
            Refusals::These(records) => return Ok(records),
            Refusals::All(filter, cause) => (filter, cause),
        };
        let filter = RecordFilter { kind: RecordKind::Refusal, dead: true, ..filter };
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let mut page = self.core.journal.records(filter.clone(), before, CHUNK).await?;
            letters::keep(&mut page, cause, CHUNK);
            found.extend(page.rows.into_iter().map(|record| record.seq));
            before = page.next.filter(|_| found.len() < MANY);
            if before.is_none() {
                return Ok(found);
            }
        }
    }

    /// What the audit says of letters that are set aside.
    fn reasoned<L: std::fmt::Display + serde::Serialize>(
        &self,
        one: &str,
        letters: &[L],
        many: &str,
        why: &str,
        actor: &Actor,
    ) -> EffectSet {
        let (what, message) = match letters {
            [letter] => (format!("{one} {letter}"), format!("set aside: {why}")),
            letters => (many.to_owned(), format!("{} {many} set aside: {why}", letters.len())),
        };
        AuditEntry::new(actor, what, Code::from_static("set_aside"), message)
            .before(json!({ "letters": letters }))
            .after(json!({ "why": why }))
            .recorded(self.now())
    }
}

/// A reason as it is kept.
pub(crate) fn reason(why: &str) -> Result<String, Error> {
    let why = why.trim();
    let refused = |message: String| Err(Error::Refused { code: code::INVALID_PAYLOAD, message });
    match why.chars().count() {
        0 => refused("the reason is missing: say why nobody has to do anything about them".to_owned()),
        1..=REASON => Ok(why.to_owned()),
        letters => refused(format!("the reason has {letters} letters, more than {REASON}: shorten it")),
    }
}
