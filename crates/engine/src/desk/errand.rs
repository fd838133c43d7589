//! What other hubs ask of this one: it is done, and what it came to is written over what was asked.

use std::collections::BTreeSet;
use std::time::Duration;

use journal::EffectSet;
use model::{Code, JobId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::desk::audit::Actor;
use crate::desk::failsafe::moved;
use crate::desk::hub::Hub;
use crate::error::Error;
use crate::state::errands::{Open, Outcome};
use crate::work::admit::{Admission, Wanted, admit};
use crate::work::errand::{Errand, Refusal};
use crate::work::runner::Said;

/// What nobody has done is looked at again so often: its job may have come to us.
const LOOK: Duration = Duration::from_secs(2);

/// Does what others ask for until the hub stops.
pub(crate) async fn carry_out(hub: Hub) {
    let (mut under_way, mut tasks) = (BTreeSet::new(), JoinSet::new());
    while !hub.core.is_stopping() {
        let open = hub.core.errands.open();
        let is_idle = open.is_empty() && tasks.is_empty();
        for one in open {
            if !under_way.contains(&one.key) && hub.is_asked(&one.errand).await {
                under_way.insert(one.key.clone());
                let hub = hub.clone();
                tasks.spawn(async move {
                    hub.do_and_say(&one).await;
                    one.key
                });
            }
        }
        tokio::select! {
            () = hub.core.errands.news.notified() => {}
            () = hub.core.stops() => return,
            () = hub.core.clock.sleep(LOOK), if !is_idle => {}
            Some(done) = tasks.join_next() => {
                _ = done.is_ok_and(|key: String| under_way.remove(&key));
            }
        }
    }
}

impl Hub {
    /// Has a job's owner do something with it. `None` = that was not done, since the job has moved on.
    pub(crate) async fn ask_owner<T: DeserializeOwned>(&self, errand: Errand) -> Result<Option<T>, Error> {
        match self.core.ask(errand).await? {
            Some(Ok(made)) => serde_json::from_value(made).map(Some).map_err(|_| Error::Unanswered(OWNER)),
            Some(Err(_)) => Ok(None),
            None => Err(Error::Unanswered(OWNER)),
        }
    }

    /// Has the hub that leads do something.
    pub(crate) async fn ask_leader<T: DeserializeOwned>(
        &self,
        errand: Errand,
    ) -> Result<Result<T, Refusal>, Error> {
        match self.core.ask(errand).await? {
            Some(Ok(made)) => serde_json::from_value(made).map(Ok).map_err(|_| Error::Unanswered(LEADER)),
            Some(Err(refusal)) => Ok(Err(refusal)),
            None => Err(Error::Unanswered(LEADER)),
        }
    }

    /// Whether this hub is the one that does it. Of a job that is not there any more the one that leads says so.
    async fn is_asked(&self, errand: &Errand) -> bool {
        let core = &self.core;
        if !core.is_sure() {
            return false;
        }
        let Some(job) = errand.job() else { return core.is_leading() };
        match core.journal.job(job).await {
            Ok(Some(job)) => core.journal.owns(job.id, job.subject.as_ref()),
            Ok(None) => core.is_leading(),
            Err(_) => false,
        }
    }

    async fn do_and_say(&self, open: &Open) {
        let outcome = match &open.errand {
            Errand::Admit { .. } => return self.admit_and_say(open).await,
            Errand::Cancel { job, by } => made(self.cancel(*job, &Actor(by.clone())).await),
            Errand::Withdraw { job } => made(self.withdraw(*job).await),
            Errand::Hurry { job, by } => made(self.hurry_now(*job, &Actor(by.clone())).await),
            Errand::Regroup { job, set } => made(self.regroup(*job, set).await),
            Errand::Decide { set, through, approve, by } => {
                let by = Actor(by.clone());
                made(if *approve {
                    self.approve(set, *through, &by).await
                } else {
                    self.reject(set, *through, &by).await
                })
            }
        };
        if let Some(outcome) = outcome {
            self.say(open, outcome, EffectSet::default()).await;
        } else {
            // It is done at the next look.
            tracing::debug!(errand = ?open.errand, "not done yet");
        }
    }

    async fn hurry_now(&self, job: JobId, actor: &Actor) -> Result<(), Error> {
        let job = self.job(job).await?;
        self.hurry(&job, actor).await
    }

    async fn regroup(&self, job: JobId, set: &str) -> Result<(), Error> {
        let job = self.job(job).await?;
        Ok(self.core.journal.change(moved(job, set, self.core.clock.now())).await?)
    }

    /// Says what becomes of a job that wants to start, in the commit that makes its start count, or that opens its set.
    async fn admit_and_say(&self, open: &Open) {
        let Errand::Admit { job, kind, plan, cap, may_wait } = open.errand.clone() else { return };
        let wanted = Wanted { job, kind, plan, cap, may_wait };
        match admit(&self.core, &wanted).await {
            Admission::Again => _ = self.say(open, Ok(said(&Said::Start)), EffectSet::default()).await,
            Admission::TooLate(why) => {
                self.say(open, Ok(said(&Said::TooLate(why))), EffectSet::default()).await;
            }
            Admission::Start(ticket) => {
                let entities = ticket.write().into_iter().collect();
                let effects = EffectSet { entities, ..EffectSet::default() };
                if self.say(open, Ok(said(&Said::Start)), effects).await {
                    ticket.keep();
                }
            }
            Admission::Hold(place, opening) => {
                let entities = opening.write.iter().cloned().collect();
                let effects = EffectSet { entities, ..EffectSet::default() };
                self.say(open, Ok(said(&Said::Hold(place))), effects).await;
            }
        }
    }

    /// Writes what it came to, with what follows. Says whether that is written: nobody may wait for it any more.
    async fn say(&self, open: &Open, outcome: Outcome, mut effects: EffectSet) -> bool {
        effects.entities.push(open.done(outcome));
        match self.core.journal.apply(effects, None, self.core.clock.now()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(errand = ?open.errand, "what it came to is not written: {error}");
                false
            }
        }
    }
}

/// Who was asked.
const OWNER: &str = "the hub that runs its jobs";
const LEADER: &str = "the hub that leads";

fn said(said: &Said) -> Value {
    serde_json::to_value(said).unwrap_or_default()
}

/// What is said of it. `None` = it is to be done again: it could not be written, or is another's by now.
fn made<T: serde::Serialize>(done: Result<T, Error>) -> Option<Outcome> {
    match done {
        Ok(made) => Some(Ok(serde_json::to_value(made).unwrap_or_default())),
        Err(Error::Stopping | Error::Unanswered(_)) => None,
        Err(Error::Journal(error)) if error.is_told() || matches!(error, journal::Error::NotOurs(_)) => None,
        Err(error) => {
            let code = match &error {
                Error::Refused { code, .. } => code.clone(),
                _ => Code::from_static("refused"),
            };
            Some(Err(Refusal { code, message: error.to_string() }))
        }
    }
}
