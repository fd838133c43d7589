//! The hub: the one handle that sources, HTTP and commands hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use journal::{Acceptance, EffectSet, Journal, Keep, NewJob, NewRecord, Read};
use model::word::code;
use model::{Effects, Event, Job, JobId, NewDelivery, Refusal, Request};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::clock::{Clock, within};
use crate::desk::audit::AuditEntry;
use crate::desk::debt::Debt;
use crate::desk::errand;
use crate::desk::link::Link;
use crate::desk::operate::{LIMIT, PAUSE};
use crate::desk::retired::Retired;
use crate::error::Error;
use crate::intake::table::{Action, ActionTable};
use crate::intake::{self, Taken, Why};
use crate::port::{BoxFuture, Catalogue, Moment, Stop};
use crate::state::copies::Follower;
use crate::state::core::{Core, Limits, Setup, Snapshot};
use crate::state::errands::{ERRAND, Errands};
use crate::state::failsafe;
use crate::state::failures::FAILURES;
use crate::state::opened::BREAKER;
use crate::state::running::Report;
use crate::state::shares::SHARE;
use crate::state::slots::{Bounded, SharedBreakers, SharedFailures, SharedOut};
use crate::state::stats::named;
use crate::state::wiring::Wiring;
use crate::work::breakers;
use crate::work::dispatcher::{self, Dispatcher};
use crate::work::expiry::expire;
use crate::work::follow::{Aside, FOLLOW_UP, FollowUps, Met};
use crate::work::holds;
use crate::work::keeper;
use crate::work::lead;
use crate::work::recover;
use crate::work::settle::JobSnapshot;
use crate::work::{shares, standing, statistics};

/// So often a request is offered to the journal while others write what the reactors want to write: each time one of all
/// who try comes through.
const TRIES: usize = 1024;

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// A new job, on disk.
    New(JobId),
    /// The same request came before: its job as it stands; `None` = so long ago that only its id is remembered.
    Known(JobId, Option<Box<Job>>),
    /// Not accepted. The source decides whether it is kept as a refusal ([`Hub::refuse`]).
    Refused(Why),
    /// It merely told something, and nobody here wants to know (an `optional` action without backend).
    Unclaimed,
}

/// A request that takes so many bytes of memory is checked apart from the threads on which all else runs.
const LARGE: usize = 512 << 10;
/// How long answers that are due may take to leave when the hub stops.
const LAST_CALL: Duration = Duration::from_secs(5);
/// How long a forced end may take when the hub stops.
const FORCED: Duration = Duration::from_secs(10);

/// The hub. Cheap to clone; the work goes on until [`Hub::stop`].
#[derive(Clone)]
pub struct Hub {
    pub(crate) core: Arc<Core>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
    unclaimed: Arc<Mutex<BTreeMap<String, u64>>>,
    pub(crate) links: Arc<Mutex<Vec<Arc<Link>>>>,
    retired: Arc<Retired>,
}

impl Hub {
    /// Starts the work: ends what a lost hub left running, then takes up what waits.
    pub async fn start(
        journal: Arc<dyn Journal>,
        wiring: Arc<Wiring>,
        clock: Clock,
        setup: Setup,
    ) -> Result<Self, Error> {
        Hub::start_after(journal, wiring, clock, setup, |_| {}).await
    }

    /// The same; `first` is given the hub before any job runs. What backends and couriers want of their hub they have by then:
    /// a job that a lost hub had begun runs at once.
    pub async fn start_after(
        journal: Arc<dyn Journal>,
        wiring: Arc<Wiring>,
        clock: Clock,
        setup: Setup,
        first: impl FnOnce(&Hub),
    ) -> Result<Self, Error> {
        let mut setup = setup;
        setup.decoders.insert(FOLLOW_UP.to_owned(), Arc::new(FollowUps));
        let core = Arc::new(Core::new(journal, wiring, clock, setup));
        core.keep_copy(PAUSE, Arc::new(core.slots.clone())).await?;
        if core.journal.is_shared() {
            core.slots.share_as(core.journal.life().to_string());
            core.keep_copy(SHARE, Arc::new(SharedOut(core.slots.clone()))).await?;
            core.keep_copy(BREAKER, Arc::new(SharedBreakers(core.slots.clone()))).await?;
            core.slots.hears_of_breakers();
            core.keep_copy(FAILURES, Arc::new(SharedFailures(core.slots.clone()))).await?;
        }
        core.keep_copy(LIMIT, Arc::new(Bounded(core.slots.clone()))).await?;
        core.keep_copy(ERRAND, Arc::<Errands>::clone(&core.errands)).await?;
        failsafe::load(&core).await?;
        statistics::load(&core).await?;
        let interrupted = recover::recover(&core).await?;
        if interrupted > 0 {
            tracing::warn!(
                interrupted,
                "attempts that a lost hub left running were ended and will run again"
            );
        }
        dispatcher::set_back(&core).await?;
        if core.is_leading() {
            recover::withdraw_lost(&core).await?;
        }
        holds::load(&core).await?;
        let hub = Hub {
            core,
            tasks: Arc::default(),
            unclaimed: Arc::default(),
            links: Arc::default(),
            retired: Arc::default(),
        };
        first(&hub);
        hub.begin();
        Ok(hub)
    }

    /// Begins what the engine does by itself. It awaits nothing, so that all of it is compiled here, as much optimised as this
    /// crate, and not with whoever starts a hub.
    fn begin(&self) {
        let core = &self.core;
        let mut tasks = keeper::sweeps(core);
        tasks.extend([
            tokio::spawn(Dispatcher::new(Arc::clone(core)).run()),
            tokio::spawn(expire(Arc::clone(core))),
            tokio::spawn(keeper::watch(Arc::clone(core))),
            tokio::spawn(standing::follow(Arc::clone(core))),
            tokio::spawn(lead::begin(Arc::clone(core))),
            tokio::spawn(shares::share(Arc::clone(core))),
            tokio::spawn(breakers::share(Arc::clone(core))),
            tokio::spawn(errand::carry_out(self.clone())),
            // The last one: it is the last to end.
            tokio::spawn(lead::deliver(Arc::clone(core))),
        ]);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
    }

    // === accepting ===

    /// Hands a request over. When this resolves to `New`, the job is on disk: only now may the source acknowledge.
    /// An error means that nothing was accepted and the source must keep the message.
    pub fn accept(&self, request: Request, effects: Effects) -> BoxFuture<'_, Result<Accepted, Error>> {
        // In a box it is compiled here and not with everyone who awaits it; so is `submit`.
        Box::pin(self.accept_audited(request, effects, |_| None))
    }

    /// The same with an audit record about the new job, in the same commit.
    pub async fn accept_audited(
        &self,
        request: Request,
        effects: Effects,
        audit: impl FnOnce(JobId) -> Option<AuditEntry>,
    ) -> Result<Accepted, Error> {
        self.accept_settling(request, effects, Vec::new(), audit).await
    }

    /// The same of what was refused before: these refusals are no dead letters any more.
    pub(crate) async fn accept_settling(
        &self,
        request: Request,
        effects: Effects,
        settles: Vec<i64>,
        audit: impl FnOnce(JobId) -> Option<AuditEntry>,
    ) -> Result<Accepted, Error> {
        let core = &self.core;
        if core.is_stopping() {
            return Err(Error::Stopping);
        }
        if let Some(why) = core.reactors.iter().find_map(|reactor| reactor.admits(&request).err()) {
            return Ok(Accepted::Refused(why));
        }
        let snapshot = core.snapshot();
        let action = snapshot.actions.get(&request.action);
        if snapshot.is_unclaimed(action, &request.action) {
            let mut unclaimed = self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner);
            *named(&mut unclaimed, &request.action) += 1;
            return Ok(Accepted::Unclaimed);
        }
        let now = core.clock.now();
        let (action, max) = (Arc::clone(action), snapshot.limits.max_size_of(&request.source));
        match check(request, action, max, now, core.clock.job_id(now)).await? {
            Ok(taken) => {
                let records = audit(taken.new.id).map(|entry| entry.record(now)).into_iter().collect();
                let beside = EffectSet { records, settles, ..EffectSet::default() };
                self.submit(taken, effects, beside).await
            }
            Err(why) => Ok(Accepted::Refused(why)),
        }
    }

    fn submit(
        &self,
        taken: Taken,
        effects: Effects,
        beside: EffectSet,
    ) -> BoxFuture<'_, Result<Accepted, Error>> {
        Box::pin(self.submitted(taken, effects, beside))
    }

    async fn submitted(&self, taken: Taken, effects: Effects, beside: EffectSet) -> Result<Accepted, Error> {
        let core = &self.core;
        let Taken { new, loaded } = taken;
        let (id, original) = (new.id, new.replay_of);
        let told =
            (!core.reactors.is_empty()).then(|| (Arc::new(JobSnapshot::accepted(&loaded)), Moment::Accepted));
        let source = new.source.clone();
        let is_ours = core.journal.owns(id, new.subject.as_ref());
        let cached = is_ours.then(|| core.cache.hold(loaded));
        let reads_own = !effects.entities.is_empty();
        let acceptance = match self.accept_with(new, effects, told, beside).await {
            Err(error @ journal::Error::NoName { .. }) => {
                let why = Why { code: code::INVALID_PAYLOAD, message: error.to_string() };
                return Ok(Accepted::Refused(why));
            }
            Err(journal::Error::Conflict { kind, key }) if !reads_own => {
                return Err(Error::Contended { kind, key });
            }
            acceptance => acceptance?,
        };
        Ok(match acceptance {
            Acceptance::New => {
                if let Some(cached) = cached {
                    cached.accepted();
                }
                core.stats.accepted(&source);
                Accepted::New(id)
            }
            Acceptance::Known(job, id) => Accepted::Known(id, job),
            Acceptance::Replayed(replay, state) => {
                return Err(Error::Replayed { job: original.unwrap_or(replay), replay, state });
            }
            Acceptance::IdReused(job) => Accepted::Refused(Why::id_reused(job)),
        })
    }

    /// Accepts with what the reactors want to happen; they are asked again when an entity of theirs changed, or when the
    /// journal knows a request that follows.
    async fn accept_with(
        &self,
        new: NewJob,
        given: Effects,
        told: Option<(Arc<JobSnapshot>, Moment)>,
        beside: EffectSet,
    ) -> Result<Acceptance, journal::Error> {
        let core = &self.core;
        let (mut met, mut tries) = (Vec::new(), TRIES);
        loop {
            tries -= 1;
            let all = core.effects(given.clone(), told.clone(), &met).await?;
            let aside = Aside::of(&all);
            match core.journal.accept(new.clone(), with(all, beside.clone())).await {
                Err(journal::Error::Conflict { .. }) if given.entities.is_empty() && tries > 0 => {}
                Err(error @ (journal::Error::IdReused { .. } | journal::Error::Known { .. }))
                    if tries > 0 =>
                {
                    met.push(Met::of(error)?);
                }
                accepted => {
                    if matches!(accepted, Ok(Acceptance::New)) {
                        core.noted(&aside);
                    }
                    return accepted;
                }
            }
        }
    }

    /// Keeps what could not be accepted with the dead letters. Only after this may the source acknowledge.
    pub async fn refuse(&self, refusal: Refusal) -> Result<i64, Error> {
        let core = &self.core;
        tracing::warn!(source = refusal.source, code = %refusal.code, "refused: {}", refusal.message);
        core.stats.refused(&refusal.source, &refusal.code);
        Ok(core.journal.record(crate::work::refusal::record(refusal, core.clock.now())).await?)
    }

    /// Keeps what could not be accepted, and has whoever sent it told so, in one commit. The answer follows what is told.
    pub async fn refuse_and_tell(
        &self,
        refusal: Refusal,
        deliveries: Vec<NewDelivery>,
    ) -> Result<Debt, Error> {
        let core = &self.core;
        tracing::warn!(source = refusal.source, code = %refusal.code, "refused: {}", refusal.message);
        core.stats.refused(&refusal.source, &refusal.code);
        let record = crate::work::refusal::record(refusal, core.clock.now());
        self.apply(deliveries, Some(record)).await
    }

    /// Has something told that belongs to no move of a job: the answer to a request that came again. The answer follows it
    /// until it has left.
    pub async fn tell(&self, deliveries: Vec<NewDelivery>) -> Result<Debt, Error> {
        self.apply(deliveries, None).await
    }

    async fn apply(&self, deliveries: Vec<NewDelivery>, record: Option<NewRecord>) -> Result<Debt, Error> {
        let core = &self.core;
        let effects = core.effects(Effects { deliveries, ..Effects::default() }, None, &[]).await?;
        let debt = Debt::of_deliveries(&core.wiring, effects.deliveries.iter().map(|(id, ..)| *id));
        let beside = EffectSet { records: record.into_iter().collect(), ..EffectSet::default() };
        core.journal.apply(with(effects, beside), None, core.clock.now()).await?;
        Ok(debt)
    }

    /// How often each optional action came that nobody here wants to know of, since start. Names beyond the first 500 are
    /// counted as `other`.
    pub fn unclaimed(&self) -> BTreeMap<String, u64> {
        self.unclaimed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of an action, as the table says now.
    pub fn action(&self, name: &str) -> Arc<Action> {
        Arc::clone(self.core.snapshot().actions.get(name))
    }

    // === following ===

    /// Waits until the job has ended, at most this long, and says how it stands then.
    pub async fn wait(&self, job: JobId, at_most: Duration) -> Result<Job, Error> {
        let mut ended = self.core.wiring.end_of(job);
        let found = self.job(job).await?;
        if found.state.is_terminal() {
            return Ok(found);
        }
        tokio::select! {
            () = ended.told() => {}
            () = self.core.clock.sleep(at_most) => {}
        }
        self.job(job).await
    }

    /// Events as they happen, also those of other hubs on the journal. Whoever falls behind reads [`journal::Read::events`].
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.core.wiring.events.subscribe()
    }

    /// Those that this hub itself writes. Of several hubs on a journal each hears its own here, and no other one's.
    pub fn own_events(&self) -> broadcast::Receiver<Event> {
        self.core.wiring.own_events.subscribe()
    }

    /// What running attempts report, as they do. Whoever falls behind misses some.
    pub fn reports(&self) -> broadcast::Receiver<Arc<Report>> {
        self.core.wiring.running.reports.subscribe()
    }

    /// How far the running attempt of a job says that it has come.
    pub fn report_of(&self, job: JobId) -> Option<Arc<Report>> {
        self.core.wiring.running.said(job)
    }

    /// Has a follower told of all entities of a kind: of those that are there, and of what commits do to them from now
    /// on, before whoever wrote is answered.
    pub async fn follow(&self, kind: &'static str, follower: Arc<dyn Follower>) -> Result<(), Error> {
        Ok(self.core.keep_copy(kind, follower).await?)
    }

    /// A job.
    pub async fn job(&self, job: JobId) -> Result<Job, Error> {
        self.core.journal.job(job).await?.ok_or_else(|| Error::Missing(format!("job {job}")))
    }

    /// What the journal holds. Nothing is written through it: see [`Hub::write`].
    pub fn journal(&self) -> &dyn Read {
        &*self.core.journal
    }

    /// For commands that maintain the journal: its check, its key, its age.
    pub fn keeping(&self) -> &dyn Keep {
        &*self.core.journal
    }

    /// The time, as the hub sees it.
    pub fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// How many jobs are being run.
    pub fn running(&self) -> usize {
        self.core.wiring.running.len()
    }

    // === reloading and stopping ===

    /// Replaces backends, actions and limits whole, for the next step of every job.
    pub fn reload(&self, catalogue: Catalogue, actions: ActionTable, limits: Limits) {
        let before = self.core.swap(Snapshot { catalogue, actions, limits });
        self.retired.leave(&before.catalogue, &self.core.snapshot().catalogue);
    }

    /// Ends at once, when the life of the journal is over: what runs is ended by force, and nothing of it is written.
    pub async fn abandon(&self) {
        self.core.set_stopping();
        self.core.wiring.running.signal_all(Stop::Unsure);
        self.idle_within(FORCED).await;
        self.stop(Duration::ZERO).await;
    }

    /// Says that [`Hub::stop`] comes soon: a script that is told to end from now on has not failed.
    pub fn announce_stop(&self) {
        self.core.set_leaving();
    }

    /// Stops: takes no new work, lets running steps end within `grace`, ends the rest by force, and closes the
    /// journal. What has not run stays in it.
    pub async fn stop(&self, grace: Duration) {
        let core = &self.core;
        core.set_stopping();
        if !self.idle_within(grace).await {
            tracing::warn!(
                jobs = self.running(),
                "the grace period is over: running steps are ended by force"
            );
            core.wiring.running.signal_all(Stop::Stopping);
            self.idle_within(FORCED).await;
        }
        if within(LAST_CALL, breakers::leave(core)).await.is_err() {
            tracing::warn!("other hubs are not told in time how backends do that kept failing");
        }
        self.retired.leave(&core.snapshot().catalogue, &Catalogue::default());
        if !self.retired.gone_within(&core.clock, LAST_CALL).await {
            tracing::warn!("a backend did not stop within {} s: it is left", LAST_CALL.as_secs());
        }
        core.wiring.outbox.notify_one();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(mut outbox) = tasks.pop() {
            tokio::select! {
                _ = &mut outbox => {}
                () = core.clock.sleep(LAST_CALL) => outbox.abort(),
            }
        }
        tasks.iter().for_each(JoinHandle::abort);
        join_all(tasks).await;
        if let Err(error) = statistics::keep(core).await {
            tracing::warn!("the statistics of the last minute could not be kept: {error}");
        }
        core.journal.close().await;
    }

    /// Whether all runners are gone within this time.
    async fn idle_within(&self, time: Duration) -> bool {
        let gone = async {
            loop {
                let idle = self.core.wiring.running.idle.notified();
                if self.running() == 0 {
                    return;
                }
                idle.await;
            }
        };
        tokio::select! {
            () = gone => true,
            () = self.core.clock.sleep(time) => false,
        }
    }

    /// The masked body of a job.
    pub async fn body(&self, job: JobId) -> Result<Value, Error> {
        let prepared =
            self.core.journal.prepare(job).await?.ok_or_else(|| Error::Missing(format!("job {job}")))?;
        serde_json::from_slice::<intake::Envelope>(&prepared.body)
            .map(|envelope| envelope.body)
            .map_err(|e| Error::Unreadable { job, why: e.to_string() })
    }
}

/// Checks a request; a large one apart from the threads on which all else runs.
async fn check(
    request: Request,
    action: Arc<Action>,
    max: usize,
    now: Timestamp,
    id: JobId,
) -> Result<Result<Taken, Why>, Error> {
    let weight = match intake::weigh(&request) {
        Ok(weight) => weight,
        Err(why) => return Ok(Err(why)),
    };
    let take = move || intake::take(request, weight, &action, max, now, id);
    if weight < LARGE {
        return Ok(take());
    }
    tokio::task::spawn_blocking(take).await.map_err(|_| Error::Stopping)
}

/// Effects, with the records and settlements of others.
fn with(mut effects: EffectSet, beside: EffectSet) -> EffectSet {
    effects.records.extend(beside.records);
    effects.settles.extend(beside.settles);
    effects
}
