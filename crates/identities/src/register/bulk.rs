//! What is done to one identity, to a selection, or to all that fit a filter.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use engine::{Accepted, Actor, AuditEntry};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use model::word::code;
use model::{Code, Effects, JobId, Subject};
use serde_json::json;

use super::begun::Begun;
use super::{Filter, Found, Register, TRIES, name};
use crate::error::Error;
use crate::identity::Identity;
use crate::request;
use crate::run::{self, Run};
use crate::state::{Deed, Hindrance, State};

/// Identities that are worked on at once.
const AT_ONCE: usize = 64;
/// Identities read at once: each may be a document of megabytes.
pub(super) const ROWS: usize = 100;
/// No more jobs than these are named in a report.
const NAMED: usize = 100;

/// Which identities something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, by id.
    Ids(Vec<String>),
    /// All that fit.
    Filter(Filter),
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// To how many it was done, or for how many there is a job now.
    pub done: u64,
    /// The first of the jobs.
    pub jobs: Vec<JobId>,
    /// How many were left as they are.
    pub left: u64,
    /// The first of them.
    pub examples: Vec<Left>,
    /// The run that it is in the history, when it was asked of the backends for many.
    pub run: Option<String>,
}

/// An identity that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// Why, as a word.
    pub code: String,
    /// In words.
    pub message: String,
}

/// What came of it for one identity: its job, if it has one, or why not.
type Outcome = Result<Option<JobId>, (String, String)>;

/// What is to be done to each.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// Moved by a person.
    Move(State),
    /// Asked of the backends.
    Ask(Deed),
}

impl Want {
    fn code(self) -> &'static str {
        match self {
            Want::Move(state) => state.as_str(),
            Want::Ask(deed) => deed.as_str(),
        }
    }
}

/// What is done to each of many.
struct Task {
    want: Want,
    /// Nobody else loses anything.
    agreed: Option<BTreeSet<String>>,
    /// The run that it is in the history.
    run: Option<String>,
    begun: Arc<Begun>,
}

impl Register {
    /// Moves identities to a state.
    pub async fn move_to(&self, selection: Selection, state: State, actor: &Actor) -> Result<Report, Error> {
        self.to_each(selection, Want::Move(state), None, actor).await
    }

    /// Asks the backends for something about identities: one job each. What has one under way gets no second one.
    pub async fn carry_out(&self, selection: Selection, deed: Deed, actor: &Actor) -> Result<Report, Error> {
        self.to_each(selection, Want::Ask(deed), None, actor).await
    }

    /// The same for those alone of a selection who were `agreed` to, by id ([`Register::fitting`]): whoever has come to be one
    /// of them since is left.
    pub async fn carry_out_agreed(
        &self,
        selection: Selection,
        deed: Deed,
        agreed: BTreeSet<String>,
        actor: &Actor,
    ) -> Result<Report, Error> {
        self.to_each(selection, Want::Ask(deed), Some(agreed), actor).await
    }

    /// Does something to each, many at once. That it is done is in the audit with the first of them, and how many there
    /// were when it has ended.
    async fn to_each(
        &self,
        selection: Selection,
        want: Want,
        agreed: Option<BTreeSet<String>>,
        actor: &Actor,
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        let entry = |report: &Report, what: String| {
            let (code, Report { done, left, .. }) = (want.code(), report);
            let message = format!("{code}: done to {done}, {left} left as they are");
            AuditEntry::new(actor, what, Code::from_static(code), message)
                .after(json!({ "done": done, "left": left }))
        };
        let (many, begun) = match &selection {
            Selection::Ids(ids) if ids.len() == 1 => {
                let one = Report { done: 1, ..Report::default() };
                (false, entry(&one, format!("identity {}", ids.concat())))
            }
            selection => (true, opening(actor, want, selection)),
        };
        let run = self.new_run(want, many, actor).await?;
        let begun = Arc::new(Begun::with_run(begun, run.as_ref().map(Run::write)));
        let task = Arc::new(Task {
            want,
            agreed,
            run: run.as_ref().map(|run| run.id.clone()),
            begun: Arc::clone(&begun),
        });
        // After a first error nothing more is begun, and what is under way is waited for: it may be done all the same.
        let failed = AtomicBool::new(false);
        let going = self
            .ids(selection)
            .take_while(|_| std::future::ready(!failed.load(Ordering::Relaxed)))
            .map_ok(|id| self.clone().once(id, Arc::clone(&task)))
            .try_buffer_unordered(AT_ONCE);
        let mut going = std::pin::pin!(going);
        let mut done = Ok(());
        while let Some(one) = going.next().await {
            match one {
                Ok((id, outcome)) => report.add(id, outcome),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    done = done.and(Err(error));
                }
            }
        }
        self.name_left(&mut report.examples).await?;
        if let Some(run) = run.filter(|_| report.done > 0)
            && begun.is_said().await
        {
            report.run = Some(run.id.clone());
            // What is not kept of it because the journal refuses is told as an interrupted run.
            if let Err(error) = self.all_asked(run, &report).await {
                tracing::warn!(%error, "the history does not say for how many it was asked: {error}");
            }
        }
        // What was done before an error was done.
        let audited = if many && report.done > 0 {
            let entry = entry(&report, "identities".to_owned());
            self.hub.audit_when_possible(entry).await.map_err(Error::from)
        } else {
            Ok(())
        };
        match done.and(audited) {
            Ok(()) => Ok(report),
            Err(source) if report.done > 0 => {
                Err(Error::Halfway { done: report.done, left: report.left, source: Box::new(source) })
            }
            Err(error) => Err(error),
        }
    }

    /// Says what those are called that were left as they are.
    async fn name_left(&self, left: &mut [Left]) -> Result<(), Error> {
        let subject = |left: &Left| Subject::new("identity", &left.id);
        let subjects: Vec<Subject> = left.iter().filter_map(subject).collect();
        let names = self.hub.names(&subjects).await?;
        for left in left {
            left.name = names.of(subject(left).as_ref()).map(|name| name.as_str().to_owned());
        }
        Ok(())
    }

    /// Does it to an identity as it stands, again when somebody else changed it at the same moment.
    async fn once(self, id: String, task: Arc<Task>) -> Result<(String, Outcome), Error> {
        for _ in 0..TRIES {
            let identity = match self.find_meant(&id).await {
                Ok(Some(identity)) => identity,
                Ok(None) => return Ok((id, Err(Hindrance::Missing.into()))),
                Err(error @ Error::Damaged { .. }) => {
                    return Ok((id, Err((code::DAMAGED.to_string(), error.to_string()))));
                }
                Err(error) => return Err(error),
            };
            let done = match task.want {
                Want::Move(state) => self.move_one(identity, state, &task.begun).await,
                Want::Ask(deed) => self.ask(identity, deed, &task).await,
            };
            match done {
                Err(error) if error.is_conflict() => {}
                done => return Ok((id, done?)),
            }
        }
        Ok((id, Err(Hindrance::Changed.into())))
    }

    async fn move_one(&self, mut identity: Identity, state: State, begun: &Begun) -> Result<Outcome, Error> {
        if identity.state == state {
            return Ok(Err(Hindrance::AlreadySo.into()));
        }
        if !identity.state.may_become(state) {
            return Ok(Err(Hindrance::WrongState.into()));
        }
        identity.move_to(state);
        self.write_one(&identity, None, begun).await?;
        Ok(Ok(None))
    }

    /// Makes the job of one identity, in one commit with its new state.
    async fn ask(&self, mut identity: Identity, deed: Deed, task: &Task) -> Result<Outcome, Error> {
        let (run, begun) = (task.run.as_deref(), &task.begun);
        if let Err(why) = identity.situation().allows(deed) {
            return Ok(Err(why.into()));
        }
        if task.agreed.as_ref().is_some_and(|agreed| !agreed.contains(&identity.id)) {
            return Ok(Err(Hindrance::Changed.into()));
        }
        if deed == Deed::Delete && !identity.kept.reached && identity.kept.last.is_none() {
            // No backend ever heard of it.
            identity.state = State::Deleted;
            self.write_one(&identity, None, begun).await?;
            return Ok(Ok(None));
        }
        let request = request::bulk(&identity, deed, run);
        identity.begin(deed, request::key(&identity, deed, run));
        let effects = Effects { entities: vec![identity.write()], ..Effects::default() };
        let accepted = begun.write(async |opening| {
            let effects = opening.with(effects);
            let accepted = self.hub.accept_audited(request, effects, |_| opening.entry()).await?;
            Ok::<_, Error>((matches!(accepted, Accepted::New(_)), accepted))
        });
        Ok(match accepted.await? {
            Accepted::New(job) => Ok(Some(job)),
            Accepted::Known(..) => Err(Hindrance::UnderWay.into()),
            Accepted::Refused(why) => Err((why.code.to_string(), why.message)),
            Accepted::Unclaimed => Err(("unclaimed".to_owned(), "no backend implements this".to_owned())),
        })
    }

    /// The run that asking many begins; its id is nobody else's.
    async fn new_run(&self, want: Want, many: bool, actor: &Actor) -> Result<Option<Run>, Error> {
        /// When the newest run of this process was begun, in milliseconds: two that begin at once are two.
        static NEWEST: AtomicI64 = AtomicI64::new(i64::MIN);
        let (Want::Ask(deed), true) = (want, many) else { return Ok(None) };
        let now = self.hub.now().as_millisecond();
        let newest = NEWEST.fetch_max(now, Ordering::Relaxed);
        let mut at = if newest < now { now } else { NEWEST.fetch_add(1, Ordering::Relaxed) + 1 };
        loop {
            let run = Run::new(deed, name(actor), Timestamp::from_millisecond(at).unwrap_or(self.hub.now()));
            if self.hub.journal().entity(run::entity_key(&run.id)).await?.is_none() {
                return Ok(Some(run));
            }
            at += 1;
        }
    }

    /// The ids of a selection, read as they are needed.
    fn ids(&self, selection: Selection) -> impl Stream<Item = Result<String, Error>> + '_ {
        let pages = match selection {
            Selection::Ids(mut ids) => {
                ids.sort();
                ids.dedup();
                stream::once(std::future::ready(Ok(ids))).left_stream()
            }
            Selection::Filter(filter) => self
                .pages(filter)
                .map_ok(|page| {
                    let damaged = page.damaged.into_iter().map(|broken| broken.id);
                    page.identities.into_iter().map(|identity| identity.id).chain(damaged).collect::<Vec<_>>()
                })
                .right_stream(),
        };
        pages.map_ok(|ids| stream::iter(ids.into_iter().map(Ok))).try_flatten()
    }

    /// All that fit, page by page.
    pub(crate) fn pages(&self, filter: Filter) -> impl Stream<Item = Result<Found, Error>> + use<> {
        let register = self.clone();
        stream::try_unfold(Some(None), move |after| {
            let (register, filter) = (register.clone(), filter.clone());
            async move {
                let Some(after) = after else { return Ok(None) };
                let found = register.find(&filter, after, ROWS).await?;
                let next = found.next.clone().map(Some);
                Ok(Some((found, next)))
            }
        })
    }
}

/// What the audit says when something is begun that is done to many.
fn opening(actor: &Actor, want: Want, selection: &Selection) -> AuditEntry {
    let code = want.code();
    let which = match selection {
        Selection::Ids(ids) => json!({ "ids": ids.iter().take(NAMED).collect::<Vec<_>>(), "of": ids.len() }),
        Selection::Filter(Filter { states, text }) => {
            json!({ "states": states.iter().map(|state| state.as_str()).collect::<Vec<_>>(), "text": text })
        }
    };
    let message = format!("{code}: begun");
    AuditEntry::new(actor, "identities", Code::from_static(code), message).after(which)
}

impl Report {
    fn add(&mut self, id: String, outcome: Outcome) {
        match outcome {
            Ok(job) => {
                self.done += 1;
                self.jobs.extend(job.filter(|_| self.jobs.len() < NAMED));
            }
            Err((code, message)) => {
                self.left += 1;
                if self.examples.len() < NAMED {
                    self.examples.push(Left { id, name: None, code, message });
                }
            }
        }
    }
}

impl From<Hindrance> for (String, String) {
    fn from(why: Hindrance) -> Self {
        (why.as_str().to_owned(), why.sentence().to_owned())
    }
}
