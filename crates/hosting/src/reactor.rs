//! Moves establishments in the same commit in which their jobs move. Pure.

use engine::Why;
use engine::port::{Moment, Reactor, View};
use jiff::{SignedDuration, Timestamp};
use model::word::code;
use model::{Code, Effects, Entity, EntityKey, Job, JobState, Request};

use crate::answer::Answer;
use crate::establishment::{Establishment, Happening, KIND, Moved};
use crate::pace::{self, Pace};
use crate::request::{self, SOURCE, export_dir};
use crate::state::Work;

/// No work takes longer than this: a clock did.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What is wrong with an answer that says that all is well.
const NO_WAY_IN: &str = "the server was opened, and no backend said how to connect to it (`connection`)";
const NO_EXPORT: &str = "it was removed, and no backend named what it exported of its databases (`downloads`): what was \
                         uploaded is still here";

/// Why a request is not taken by any other door.
const ASKED_HERE: Code = Code::from_static("asked_by_its_lifecycle");

/// Follows the jobs that establishments wait for, and lets nobody else ask for them.
#[derive(Clone, Debug)]
pub struct Follow {
    /// The folder of all exports.
    pub exports: String,
}

impl Reactor for Follow {
    fn admits(&self, request: &Request) -> Result<(), Why> {
        let own = request.source == SOURCE && request.external_id.is_some() && request.replay_of.is_none();
        if Work::of_action(&request.action).is_none() || own {
            return Ok(());
        }
        let named = request.subject.as_ref().map(model::Subject::value);
        let school = named.or_else(|| request.body.get("concernedTo")?.as_str()).unwrap_or("RNE");
        let message = format!(
            "{} is asked for by the establishment itself, with what holds now: use `intendant hosting retry {school}`",
            request.action
        );
        Err(Why { code: ASKED_HERE, message })
    }

    fn entities(&self, view: &View<'_>, moment: Moment) -> Vec<EntityKey> {
        let job = view.job;
        let work = Work::of_action(&job.action).filter(|_| job.source == SOURCE && moment != Moment::Soft);
        let (Some(work), Some(subject)) = (work, job.subject.as_ref()) else { return Vec::new() };
        let establishment = EntityKey { kind: KIND.to_owned(), key: subject.value().to_owned() };
        let measured = moment == Moment::Settled && matches!(work, Work::Mount | Work::Open);
        std::iter::once(establishment).chain(measured.then(pace::key)).collect()
    }

    fn react(&self, view: &View<'_>, moment: Moment, entities: &[Entity]) -> Effects {
        // None: the job is not ours, or nothing is kept of the school any more.
        let Some(mut found) = establishment(entities) else { return Effects::default() };
        let job = view.job;
        let Some(awaited) =
            found.kept.awaited.as_mut().filter(|awaited| Some(&awaited.id) == job.external_id.as_ref())
        else {
            return Effects::default();
        };
        match moment {
            Moment::Accepted => {
                awaited.job = Some(job.id);
                Effects { entities: vec![found.write()], ..Effects::default() }
            }
            Moment::Soft => Effects::default(),
            Moment::Settled => {
                let at = job.ended_at.unwrap_or(job.accepted_at);
                let mut effects = self.moved(&found, ended(view, &found, &self.exports), at);
                effects.entities.extend(measured(job, &found, entities));
                effects
            }
        }
    }

    fn refused(&self, _: &View<'_>, request: &Request, why: &Why, entities: &[Entity]) -> Effects {
        let Some(found) = establishment(entities) else { return Effects::default() };
        let awaited = found
            .kept
            .awaited
            .as_ref()
            .is_some_and(|awaited| Some(&awaited.id) == request.external_id.as_ref());
        if !awaited {
            return Effects::default();
        }
        self.moved(&found, Happening::Failed(why.message.clone()), found.kept.since)
    }
}

impl Follow {
    /// What a move of an establishment brings about.
    fn moved(&self, found: &Establishment, what: Happening, at: Timestamp) -> Effects {
        let Ok(Moved { now, ask, changed: true }) = found.happen(what, at) else { return Effects::default() };
        let write = now.as_ref().map_or_else(|| found.erase(), Establishment::write);
        let asked = now.filter(|_| ask.is_some()).and_then(|now| request::request(&now, &self.exports));
        Effects { entities: vec![write], follow_ups: asked.into_iter().collect(), ..Effects::default() }
    }
}

/// How long the work took, if it was done; `None` also when the clock was set meanwhile, by as much as can be told.
fn measured(job: &Job, found: &Establishment, entities: &[Entity]) -> Option<model::EntityWrite> {
    let took = job.ended_at?.duration_since(job.started_at?);
    let seconds = Some(took).filter(|took| !took.is_negative() && *took <= LONGEST)?.as_secs_f64();
    let entity = entities.iter().find(|entity| entity.key.kind == pace::KIND);
    let mut pace = Pace::read(entity);
    let mean = match Work::of_action(&job.action)? {
        Work::Mount => &mut pace.mount,
        Work::Open => &mut pace.open,
        _ => return None,
    };
    if job.state != JobState::Succeeded {
        return None;
    }
    *mean = mean.and(seconds, found.size());
    Some(pace.write(entity.map_or(0, |entity| entity.rev)))
}

fn establishment(entities: &[Entity]) -> Option<Establishment> {
    let entity = entities.iter().find(|entity| entity.key.kind == KIND)?;
    Establishment::read(entity.clone()).ok()
}

/// What the end of a job is to its establishment.
fn ended(view: &View<'_>, found: &Establishment, exports: &str) -> Happening {
    let job = view.job;
    let why = || job.message.clone().unwrap_or_else(|| format!("{} came to nothing", job.action));
    match job.state {
        JobState::Succeeded => done(found, Answer::of(view.steps, &export_dir(found, exports))),
        JobState::Cancelled => Happening::Cancelled(match &job.cancelled_by {
            Some(by) => format!("cancelled by {by}"),
            None => why(),
        }),
        JobState::Superseded => Happening::Dropped(why()),
        _ if job.code.as_ref().is_some_and(|code| *code == code::EXPIRED || *code == code::BLOCKED_BY) => {
            Happening::Dropped(why())
        }
        _ => Happening::Failed(why()),
    }
}

/// What it is that backends say that they have done what is waited for. What they owe with it has to be there: nobody could
/// use an open school without it, and what is left of a removed one would be lost.
fn done(found: &Establishment, answer: Answer) -> Happening {
    let work = found.kept.awaited.as_ref().map(|awaited| awaited.work);
    match work {
        Some(Work::Open) if answer.connection.is_none() => Happening::Failed(NO_WAY_IN.to_owned()),
        Some(Work::Delete) if answer.exported.is_empty() && found.was_mounted() => {
            Happening::Failed(NO_EXPORT.to_owned())
        }
        _ => Happening::Done(answer),
    }
}
