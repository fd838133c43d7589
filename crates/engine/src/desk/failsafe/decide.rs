//! Approving and rejecting.

use futures_util::future::join_all;
use jiff::Timestamp;
use journal::{Change, EffectSet, Expect};
use model::{Code, EventKind, Job};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::carry::carry;
use crate::desk::audit::{Actor, AuditEntry};
use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::core::Core;
use crate::state::failsafe::lane_of;
use crate::state::failsafe::store::{Decision, Set, Verdict, set_key};
use crate::work::errand::{Errand, Refusal};
use crate::work::progress::Progress;

/// Jobs named in the audit; the others are counted.
const NAMED: usize = 1000;
/// Jobs moved at once.
const MOVED: usize = 256;

/// What a decision came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// How many jobs it was made for.
    pub jobs: u64,
    /// The set that holds those that came after the caller had looked.
    pub rest: Option<String>,
}

impl Hub {
    /// Lets the jobs of a set run that were held up to `through`, the one of [`crate::HeldSet`] when the caller
    /// looked. Those held later stay held, in a set of their own. Works once.
    pub async fn approve(&self, set: &str, through: Timestamp, actor: &Actor) -> Result<Decided, Error> {
        self.decide_to_the_end(set, through, Verdict::Approved, actor).await
    }

    /// Cancels the jobs of a set, in the same manner.
    pub async fn reject(&self, set: &str, through: Timestamp, actor: &Actor) -> Result<Decided, Error> {
        self.decide_to_the_end(set, through, Verdict::Rejected, actor).await
    }

    /// Whoever decides may go away meanwhile: a set that was split is decided on all the same.
    async fn decide_to_the_end(
        &self,
        set: &str,
        through: Timestamp,
        verdict: Verdict,
        actor: &Actor,
    ) -> Result<Decided, Error> {
        let (hub, set, actor) = (self.clone(), set.to_owned(), actor.clone());
        if !hub.core.is_leading() {
            return hub.ask_to_decide(set, through, verdict, &actor).await;
        }
        carry(async move { hub.decide(&set, through, verdict, &actor).await }).await
    }

    /// The hub that leads decides, since it holds jobs for all.
    async fn ask_to_decide(
        &self,
        set: String,
        through: Timestamp,
        verdict: Verdict,
        actor: &Actor,
    ) -> Result<Decided, Error> {
        self.undecided(&set).await?;
        let approve = verdict == Verdict::Approved;
        let errand = Errand::Decide { set: set.clone(), through, approve, by: actor.0.clone() };
        match self.ask_leader(errand).await? {
            Ok(decided) => Ok(decided),
            Err(Refusal { code, message }) => {
                self.undecided(&set).await?;
                Err(Error::Refused { code, message })
            }
        }
    }

    /// A set that waits for a decision, as it is kept.
    async fn undecided(&self, name: &str) -> Result<(Set, u64), Error> {
        let missing = || Error::Missing(format!("set {name} that the failsafe holds"));
        let entity = self.core.journal.entity(set_key(name)).await?.ok_or_else(missing)?;
        let set = Set::read(&entity)?;
        match set.decision {
            Some(Decision { verdict, by, at, .. }) => {
                Err(Error::Decided { set: name.to_owned(), verdict, by, at })
            }
            None => Ok((set, entity.rev)),
        }
    }

    async fn decide(
        &self,
        name: &str,
        through: Timestamp,
        verdict: Verdict,
        actor: &Actor,
    ) -> Result<Decided, Error> {
        let core = &self.core;
        let _turn = core.failsafe.turn().await;
        let (mut set, rev) = self.undecided(name).await?;
        let rest = split(core, name, &set, through).await?;
        let (jobs, _) = core.journal.lane_size(lane_of(name)).await?;
        let members = core.journal.lane(lane_of(name), Timestamp::MIN, NAMED).await?;
        let named: Vec<_> = members.iter().map(|job| job.id).collect();
        let now = core.clock.now();
        let entry = AuditEntry::new(
            actor,
            format!("failsafe {name}"),
            Code::from_static(verdict.as_str()),
            format!("{jobs} jobs {}", verdict.as_str()),
        )
        .before(
            json!({ "state": "held", "since": set.since, "through": through, "jobs": jobs, "named": named }),
        )
        .after(json!({ "state": verdict }));
        set.decision = Some(Decision { verdict, by: actor.0.clone(), at: now, jobs, through: Some(through) });
        let effects = EffectSet {
            entities: vec![set.write(name, rev)],
            records: vec![entry.record(now)],
            ..EffectSet::default()
        };
        let event = match verdict {
            Verdict::Approved => EventKind::Approved,
            Verdict::Rejected => EventKind::Rejected,
        };
        core.journal.apply(effects, Some((event, name.to_owned())), now).await?;
        Ok(Decided { jobs, rest })
    }
}

/// Moves the jobs held after `through` to a new set, and says which.
async fn split(core: &Core, name: &str, set: &Set, through: Timestamp) -> Result<Option<String>, Error> {
    let mut rest = None;
    let mut after = through;
    loop {
        let jobs = core.journal.lane(lane_of(name), after, MOVED).await?;
        let (Some(first), Some(last)) = (jobs.first(), jobs.last()) else { return Ok(rest) };
        after = last.due_at;
        let to = match &rest {
            Some(rest) => rest,
            None => rest.insert(open(core, set, first.due_at).await?),
        };
        let moves = jobs.iter().map(|job| regroup(core, job, to));
        for outcome in join_all(moves).await {
            match outcome {
                // Somebody cancelled it just now.
                Ok(()) | Err(journal::Error::Fenced(_) | journal::Error::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Opens a set like this one.
async fn open(core: &Core, like: &Set, since: Timestamp) -> Result<String, Error> {
    let name = core.failsafe.lock().new_set(like.kind, &like.backend);
    let set = Set { since, ..like.clone() };
    let effects = EffectSet { entities: vec![set.write(&name, 0)], ..EffectSet::default() };
    core.journal.apply(effects, None, core.clock.now()).await?;
    Ok(name)
}

/// Moves a held job to another set, whoever owns it.
async fn regroup(core: &Core, job: &Job, set: &str) -> Result<(), journal::Error> {
    if core.journal.owns(job.id, job.subject.as_ref()) {
        return core.journal.change(moved(job.clone(), set, core.clock.now())).await;
    }
    // One that is not moved, since nobody answers, is held later than the decision holds for: it is looked at again.
    core.ask(Errand::Regroup { job: job.id, set: set.to_owned() }).await.map(drop)
}

pub(crate) fn moved(job: Job, set: &str, at: Timestamp) -> Change {
    let message = format!("held after somebody had looked: the set {set} waits for a decision");
    let place = job.due_at;
    Progress::new(job, Vec::new(), 0, Expect::Ready).hold(lane_of(set), place, message, at)
}
