//! The ports: what the modules above implement, and what they are handed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::mask::Mask;
use model::{
    BreakerRule, Delivery, Dependency, Effects, Entity, EntityKey, Job, JobId, OnError, Outcome, Progress,
    Rate, Request, RunMark, Subject, Windows,
};

use crate::intake::Why;
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a backend is asked to do: one attempt of one step.
#[derive(Clone, Debug)]
pub struct Call {
    /// The mark of this execution: journal, job, step, attempt.
    pub mark: RunMark,
    /// What is asked.
    pub action: Arc<str>,
    /// The document with its secrets back in place, nulls treated as the action wants it. Never logged.
    pub body: Arc<Value>,
    /// Finds the job's secrets in what a backend prints. Empty when the job has none.
    pub mask: Arc<Mask>,
    /// The job's deadline, for backends that pass it on.
    pub deadline: Option<Timestamp>,
    /// What the job is about.
    pub subject: Option<Subject>,
    /// The job of which this one is the replay.
    pub replay_of: Option<JobId>,
    /// How many attempts of this step have come to their own end here, before this one; one that ended in a wait has not.
    pub tried: u32,
    /// How often others had tried the job before it came here, as its source says.
    pub tried_before: u32,
    /// Nothing may be changed: only what would be done is asked. Never set for a backend that does not declare that it
    /// can do that ([`BackendEntry::dry_run`]).
    pub dry_run: bool,
}

impl Call {
    /// A first attempt of a job about nobody: what callers change is what they know better.
    pub fn new(mark: RunMark, action: impl Into<Arc<str>>, body: Value) -> Self {
        Call {
            mark,
            action: action.into(),
            body: Arc::new(body),
            mask: Arc::new(Mask::default()),
            deadline: None,
            subject: None,
            replay_of: None,
            tried: 0,
            tried_before: 0,
            dry_run: false,
        }
    }
}

/// How the engine reaches an attempt while it runs.
#[derive(Clone, Debug)]
pub struct Control {
    /// The attempt must be over after this long; the backend's own limit may be shorter.
    pub limit: Option<Duration>,
    /// Becomes `Some` when the attempt is to be ended by force, and why.
    pub stop: watch::Receiver<Option<Stop>>,
    /// Says how far it has come.
    pub progress: Reporter,
}

/// Says how far an attempt has come, as often as one likes: what is shown is the last word, a few times a second, within
/// bounds and without the job's secrets. Cheap to clone; what is said when the attempt is over is heard by nobody.
#[derive(Clone, Debug)]
pub struct Reporter(watch::Sender<Option<Progress>>);

impl Reporter {
    /// One that is heard.
    pub fn new() -> (Self, watch::Receiver<Option<Progress>>) {
        let (sender, heard) = watch::channel(None);
        (Reporter(sender), heard)
    }

    /// One that nobody hears.
    pub fn unheard() -> Self {
        Reporter::new().0
    }

    /// Says it.
    pub fn report(&self, progress: Progress) {
        self.0.send_replace(Some(progress));
    }
}

/// Why an attempt is ended by force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// An operator cancelled the job.
    Cancelled,
    /// The hub stops, and the grace period is over.
    Stopping,
    /// Another worker has taken the request over.
    TakenOver,
    /// The hub is not sure any more that the journal is its own: another one may be about to begin the same. There is no time
    /// to lose.
    Unsure,
}

/// Something that implements actions.
pub trait Backend: Send + Sync {
    /// Runs one attempt. Never an error: what goes wrong is an outcome. The engine turns a panic into a soft one.
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome>;

    /// What it asks over HTTP meanwhile, as it declares.
    fn depends_on(&self) -> &[Dependency] {
        &[]
    }

    /// Whether it is a part of the program: there is no folder of it.
    fn is_native(&self) -> bool {
        false
    }

    /// Looks at what it stands on, and says what keeps it from working, or may. It need not have been started.
    fn check(&self) -> BoxFuture<'_, Vec<Fault>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Gives back what it holds, as soon as nothing runs on it any more: the hub ends, or a reload has left it out.
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Something that a backend finds wrong with what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// It cannot work like this.
    pub severe: bool,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// What a backend does for an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapping {
    /// What its failure means for later steps.
    pub on_error: OnError,
    /// Its retry policy for soft failures, if it has one.
    pub retry: Option<model::RetryPolicy>,
    /// Its time limit; `None` = it may take as long as it wants.
    pub limit: Option<Duration>,
}

/// Whether a backend takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Active,
    /// An administrator set it aside: no part in new plans, skipped in frozen ones.
    Inactive,
    /// It should, and cannot be used at all (its map cannot be read): a failed step in every job (invariant 10).
    Broken,
}

/// What bounds the work of a backend beside the number of its slots. A job that waits for any of it holds no slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// How many attempts may begin in a span of time; `None` = as many as can.
    pub rate: Option<Rate>,
    /// When attempts may begin; `None` = at any time.
    pub windows: Option<Arc<Windows>>,
    /// When it is left alone because it keeps failing; `None` = as the hub does with all.
    pub breaker: Option<BreakerRule>,
}

/// A backend with what the engine needs to know to plan with it.
#[derive(Clone)]
pub struct BackendEntry {
    /// Its name, unique; also what steps are frozen under.
    pub name: Arc<str>,
    /// Its place in the order of all: the name of its folder, or its own.
    pub place: Arc<str>,
    /// Whether it takes part.
    pub standing: Standing,
    /// Why it is broken, in a sentence that names file and remedy; of one that takes part, what operators must know of it.
    pub trouble: Option<String>,
    /// How many attempts may run at once; `None` = only the global limit.
    pub concurrency: Option<usize>,
    /// What bounds its work besides.
    pub bounds: Bounds,
    /// It declares that it can be asked what it would do, and changes nothing then. One that does not is never started for
    /// a dry run.
    pub dry_run: bool,
    /// Runs attempts.
    pub backend: Arc<dyn Backend>,
    /// The actions it maps.
    pub actions: std::collections::BTreeMap<String, Mapping>,
}

impl BackendEntry {
    /// A backend that takes part, bounded by nothing, with these actions.
    pub fn new(
        name: impl Into<Arc<str>>,
        backend: Arc<dyn Backend>,
        actions: impl IntoIterator<Item = (String, Mapping)>,
    ) -> Self {
        let name = name.into();
        BackendEntry {
            place: Arc::clone(&name),
            name,
            standing: Standing::Active,
            trouble: None,
            concurrency: None,
            bounds: Bounds::default(),
            dry_run: false,
            backend,
            actions: actions.into_iter().collect(),
        }
    }
}

/// All backends in the order in which they run. One snapshot, swapped whole on reload.
#[derive(Clone, Default)]
pub struct Catalogue {
    /// In order.
    pub entries: Vec<BackendEntry>,
}

/// A moment in a job's life at which reactors are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It was accepted.
    Accepted,
    /// An attempt failed softly; the job will be tried again.
    Soft,
    /// It reached a terminal state.
    Settled,
}

/// What a reactor sees of a job: how it stands after the transition, its request, what each step answered.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The job, in its new state.
    pub job: &'a Job,
    /// The masked body.
    pub body: &'a Value,
    /// Where the answer goes, in the source's own terms; one entry for each caller that joined.
    pub reply: &'a [Value],
    /// Its steps in their new states, each with its last outcome, where one is known.
    pub steps: &'a [(model::Step, Option<Outcome>)],
}

/// Pure, called inside every transition; sources build their replies here, modules move their entities.
pub trait Reactor: Send + Sync {
    /// Whether a request may come in by whatever door: a module keeps to itself what only it may ask for, and says where to
    /// turn instead. What reactors want to follow is not asked about.
    fn admits(&self, _request: &Request) -> Result<(), Why> {
        Ok(())
    }

    /// The entities it wants to see for this job.
    fn entities(&self, _view: &View<'_>, _moment: Moment) -> Vec<EntityKey> {
        Vec::new()
    }

    /// How often others had tried a job's steps before it came here: so many tries fewer are left to us.
    fn tried_before(&self, _view: &View<'_>) -> u32 {
        0
    }

    /// What the transition brings about. Called again when one of the entities changed in the meantime. The entities are as
    /// they will be after what others want in the same transition.
    fn react(&self, view: &View<'_>, moment: Moment, entities: &[Entity]) -> Effects;

    /// What it brings about that a request which this reactor wanted to follow, at the moment seen, is not accepted. It is
    /// kept with the refused messages in any case. The entities are as they will be after what this reactor wanted.
    fn refused(&self, _view: &View<'_>, _request: &Request, _why: &Why, _entities: &[Entity]) -> Effects {
        Effects::default()
    }
}

/// Ends what a lost hub left running, before any of it runs again.
pub trait Reclaim: Send + Sync {
    /// Kills every carrier of these marks, and what else a lost hub with this journal left running, and resolves when
    /// none is left. Asked at every start: the attempts of which nothing is known are often none.
    fn reclaim(&self, journal: Uuid, marks: Vec<RunMark>) -> BoxFuture<'_, ()>;

    /// Live jobs that somebody else took over while this hub was away: they end as `taken_over` before anything
    /// runs. A source that cannot find out in a few seconds names none.
    fn lost<'a>(&'a self, _journal: &'a dyn journal::Read) -> BoxFuture<'a, Vec<JobId>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// Reads a source's raw message: pure. Used again when a refused message is resubmitted.
pub trait Decoder: Send + Sync {
    /// The request in it, or why there is none.
    fn decode(&self, raw: &[u8]) -> Result<Request, Why>;

    /// The raw message with the documents in it masked; `None` = they cannot be read. What is no JSON document by itself
    /// but holds one says where.
    fn masked(&self, raw: &[u8], mask: &dyn Fn(&mut Value)) -> Option<Vec<u8>> {
        let mut document = serde_json::from_slice(raw).ok()?;
        mask(&mut document);
        serde_json::to_vec(&document).ok()
    }
}

/// How a delivery went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Confirmed by the other side.
    Done,
    /// Not now; again at this time (`None` = the outbox's own back-off), because.
    Later(Option<Timestamp>, String),
    /// Never, because.
    Never(String),
}

/// A delivery that is tried again waits no longer than this, unless its courier says otherwise.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// An address that fails is tried for so long, unless its courier says otherwise.
pub const LONGEST_WAIT: Duration = Duration::from_hours(7 * 24);

/// How replies, notifications, mails and webhooks leave. Named in [`model::DeliveryTo::courier`].
pub trait Courier: Send + Sync {
    /// Whether anything can leave at all just now. While it is `false` nothing is tried and nothing counts as an
    /// attempt; [`crate::Hub::wake_outbox`] says that it has become `true`.
    fn is_open(&self) -> bool {
        true
    }

    /// How many deliveries it may have under way, each to another address.
    fn lanes(&self) -> usize {
        64
    }

    /// How long a delivery waits at most before it is tried again.
    fn longest_pause(&self) -> Duration {
        LONGEST_PAUSE
    }

    /// For how long a delivery is tried: when a try fails after that, all that waits for the address for as long is given up.
    fn longest_wait(&self) -> Duration {
        LONGEST_WAIT
    }

    /// Sends one delivery. The same one may come again after a crash, with the same id.
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered>;
}
