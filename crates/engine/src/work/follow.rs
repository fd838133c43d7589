//! What a move brings about besides itself: what the reactors want to happen, the requests that follow from it, and what
//! follows from those. All of it is one commit.

use std::collections::VecDeque;
use std::sync::Arc;

use journal::{EffectSet, Error, NewJob};
use model::{Code, Effects, Entity, EntityWrite, RecordKind, Refusal, Request};

use crate::intake::{self, Taken, Why};
use crate::port::{Moment, Reactor};
use crate::state::core::Core;
use crate::work::settle::JobSnapshot;

/// What stands before the source of a refused request that no source had received.
pub(crate) const FOLLOW_UP: &str = "follow-up";
/// Requests that follow from each other are accepted up to this depth.
const DEPTH: usize = 8;

/// Who is told when a request that follows is refused.
type Asker<'a> = Option<(&'a Arc<dyn Reactor>, Arc<JobSnapshot>, Moment)>;

/// A request that follows from something.
struct FollowUp<'a> {
    request: Request,
    asker: Asker<'a>,
    /// So many requests are before it.
    depth: usize,
}

/// What a move brings about, as far as it is known.
#[derive(Default)]
struct Gathered<'a> {
    set: EffectSet,
    open: VecDeque<FollowUp<'a>>,
    /// Of these ids the journal knows something.
    met: &'a [Met],
}

impl Core {
    /// What is to be written with the move that makes a job look so: what was `given`, and what the reactors want.
    pub(crate) async fn effects<'a>(
        &'a self,
        given: Effects,
        told: Option<(Arc<JobSnapshot>, Moment)>,
        met: &'a [Met],
    ) -> Result<EffectSet, Error> {
        let mut gathered = Gathered { met, ..Gathered::default() };
        gathered.take(self, given, &None, 0);
        // A dry run changes nothing, and nobody may take its end for that of a real one.
        if let Some((shown, moment)) = told.filter(|(shown, _)| !shown.job.dry_run) {
            self.tell(&mut gathered, shown, moment, 0).await?;
        }
        while let Some(next) = gathered.open.pop_front() {
            self.follow(&mut gathered, next).await?;
        }
        Ok(gathered.set)
    }

    /// Asks all reactors what they want to happen at this moment.
    async fn tell<'a>(
        &'a self,
        gathered: &mut Gathered<'a>,
        shown: Arc<JobSnapshot>,
        moment: Moment,
        depth: usize,
    ) -> Result<(), Error> {
        for reactor in &self.reactors {
            let entities = self.seen_by(reactor, &shown, moment, &gathered.set.entities).await?;
            let wanted = reactor.react(&shown.view(), moment, &entities);
            gathered.take(self, wanted, &Some((reactor, Arc::clone(&shown), moment)), depth);
        }
        Ok(())
    }

    /// Accepts a request that follows, or keeps it with the refused ones and tells whoever asked for it.
    async fn follow<'a>(&'a self, gathered: &mut Gathered<'a>, next: FollowUp<'a>) -> Result<(), Error> {
        let FollowUp { request, asker, depth } = next;
        let met = gathered.met.iter().find(|met| met.is_of(&request));
        let taken = match met.and_then(|met| met.why.as_ref()) {
            Some(why) => Err(why.clone()),
            None => self.take_follow_up(request.clone(), depth),
        };
        let why = match taken {
            Ok(None) => return Ok(()),
            // It is no new job, and nobody is told of one.
            Ok(Some(Taken { new, .. })) if met.is_some() || gathered.has(&new) => {
                gathered.set.joins.push(new);
                return Ok(());
            }
            Ok(Some(Taken { new, loaded })) => {
                gathered.set.follow_ups.push(new);
                let shown = Arc::new(JobSnapshot::accepted(&loaded));
                return self.tell(gathered, shown, Moment::Accepted, depth + 1).await;
            }
            Err(why) => why,
        };
        gathered.set.records.push(crate::work::refusal::record(refusal(&request, &why), self.clock.now()));
        if let Some((reactor, shown, moment)) = asker
            && depth < DEPTH
        {
            let entities = self.seen_by(reactor, &shown, moment, &gathered.set.entities).await?;
            let wanted = reactor.refused(&shown.view(), &request, &why, &entities);
            gathered.take(self, wanted, &Some((reactor, shown, moment)), depth + 1);
        }
        Ok(())
    }

    /// `None`: it merely tells something, and nobody here wants to know.
    fn take_follow_up(&self, request: Request, depth: usize) -> Result<Option<Taken>, Why> {
        let snapshot = self.snapshot();
        let action = snapshot.actions.get(&request.action);
        if snapshot.is_unclaimed(action, &request.action) {
            return Ok(None);
        }
        if depth >= DEPTH {
            let message =
                format!("{} follows from too many requests that follow from each other", request.action);
            return Err(Why { code: model::word::code::TOO_LARGE, message });
        }
        let (now, max) = (self.clock.now(), snapshot.limits.max_size_of(&request.source));
        let weight = intake::weigh(&request)?;
        intake::take(request, weight, action, max, now, self.clock.job_id(now)).map(Some)
    }

    /// The entities that a reactor wants to see, as they are after what is to be written already.
    async fn seen_by(
        &self,
        reactor: &Arc<dyn Reactor>,
        shown: &JobSnapshot,
        moment: Moment,
        writes: &[EntityWrite],
    ) -> Result<Vec<Entity>, Error> {
        let mut seen = Vec::new();
        for key in reactor.entities(&shown.view(), moment) {
            if let Some(write) = writes.iter().rev().find(|write| write.key == key) {
                seen.extend(write.clone().written());
                continue;
            }
            match self.journal.entity(key).await {
                // As if it were not there: it must not hold up the job.
                Err(Error::Damaged(_)) => {}
                found => seen.extend(found?),
            }
        }
        Ok(seen)
    }

    /// It is written.
    pub(crate) fn noted(&self, aside: &Aside) {
        for source in &aside.accepted {
            self.stats.accepted(source);
        }
        for (source, code, message) in &aside.refused {
            tracing::warn!(source, %code, "refused: {message}");
            self.stats.refused(source, code);
        }
    }
}

/// Requests that follow from a move: the sources of those that are accepted; source, code and message of those that are not.
pub(crate) struct Aside {
    accepted: Vec<String>,
    refused: Vec<(String, Code, String)>,
}

impl Aside {
    /// What people hear of when this is written.
    pub(crate) fn of(effects: &EffectSet) -> Self {
        let refused = effects.records.iter().filter(|record| record.kind == RecordKind::Refusal);
        Aside {
            accepted: effects.follow_ups.iter().map(|job| job.source.clone()).collect(),
            refused: refused.map(|r| (r.who.clone(), r.code.clone(), r.message.clone())).collect(),
        }
    }
}

impl<'a> Gathered<'a> {
    /// Whether the same request follows already.
    fn has(&self, new: &NewJob) -> bool {
        let value = |job: &NewJob| job.external_id.as_ref().map(|id| id.value.clone());
        new.external_id.is_some()
            && self.set.follow_ups.iter().any(|job| job.source == new.source && value(job) == value(new))
    }

    /// Takes what somebody wants, with ids and times.
    fn take(&mut self, core: &Core, wanted: Effects, asker: &Asker<'a>, depth: usize) {
        if wanted.is_empty() {
            return;
        }
        let now = core.clock.now();
        self.set.entities.extend(wanted.entities);
        self.set.deliveries.extend(wanted.deliveries.into_iter().map(|delivery| {
            let body = serde_json::to_vec(&delivery.body).unwrap_or_default();
            (core.clock.delivery_id(now), delivery.to, delivery.due_at.unwrap_or(now), body)
        }));
        let follows = |request| FollowUp { request, asker: asker.clone(), depth };
        self.open.extend(wanted.follow_ups.into_iter().map(follows));
    }
}

/// What the journal knows of the id of a request that follows.
pub(crate) struct Met {
    from: String,
    value: String,
    /// Why it cannot be used; `None` = the same request was accepted before.
    why: Option<Why>,
}

impl Met {
    /// What the journal says of such an id; any other error comes back.
    pub(crate) fn of(error: Error) -> Result<Self, Error> {
        match error {
            Error::Known { from, value } => Ok(Met { from, value, why: None }),
            Error::IdReused { from, value, job } => Ok(Met { from, value, why: Some(Why::id_reused(job)) }),
            other => Err(other),
        }
    }

    fn is_of(&self, request: &Request) -> bool {
        self.from == request.source && request.external_id.as_ref() == Some(&self.value)
    }
}

/// A request that follows, as it is kept when it is refused.
fn refusal(request: &Request, why: &Why) -> Refusal {
    Refusal {
        source: format!("{FOLLOW_UP}/{}", request.source),
        external_id: request.external_id.clone(),
        action: Some(request.action.clone()),
        code: why.code.clone(),
        message: why.message.clone(),
        raw: serde_json::to_vec(request).unwrap_or_default(),
    }
}

/// Reads a refused request that had followed from another one.
pub(crate) struct FollowUps;

impl crate::port::Decoder for FollowUps {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        let unreadable = |error: serde_json::Error| Why {
            code: model::word::code::UNREADABLE,
            message: format!(
                "what is kept of a request that followed from another one cannot be read: {error}"
            ),
        };
        serde_json::from_slice(raw).map_err(unreadable)
    }
}
