//! From a job of the queue to one of the journal.
//!
//! Only what is in the journal is held. What could not be put there goes back to the queue; what never can be becomes
//! a refusal, and is answered.

use engine::Why;
use engine::door::{Entered, by_subject, was_taken_over};
use futures_util::future::{join, join_all};
use model::take_secrets;
use model::word::code;
use model::{Refusal, Request};
use redis::RedisResult;
use serde_json::Value;

use crate::answer;
use crate::decode::{Message, decode, external_id};
use crate::error::Error;
use crate::queue::Finished;
use crate::reactor::masked;
use crate::session::Session;

/// How often a job may have been taken over and come back before that is no accident any more.
const ROUNDS: u32 = 50;

/// A job of the queue, and what it asks for.
struct Incoming {
    job: Message,
    request: Result<Request, Why>,
}

impl Session {
    /// Takes in what was taken. Jobs about the same subject go one after the other, so that the journal has them in
    /// the order of the queue. Says whether the journal took all of them; an error = the connection is lost.
    pub(crate) async fn take_in(&self, jobs: Vec<Message>) -> Result<bool, Error> {
        let (mut asked, mut incoming) = (Vec::new(), Vec::new());
        for job in jobs {
            match self.built_in.answer(&job.name) {
                Some(data) => asked.push((job, data)),
                None => incoming.push(self.read(job)),
            }
        }
        let subject = |incoming: &Incoming| self.hub.subject_of(incoming.request.as_ref().ok()?);
        let lines = by_subject(incoming, subject);
        let told = join_all(asked.into_iter().map(|(job, data)| self.tell(job, data)));
        let accepted = join_all(lines.into_iter().map(|line| self.take_in_line(line)));
        let (told, accepted) = join(told, accepted).await;
        told.into_iter().collect::<Result<Vec<()>, Error>>()?;
        let accepted = accepted.into_iter().collect::<Result<Vec<bool>, Error>>()?;
        Ok(accepted.into_iter().all(|accepted| accepted))
    }

    /// Answers what only the daemon itself knows, from memory.
    async fn tell(&self, job: Message, data: Vec<Value>) -> Result<(), Error> {
        self.link.count("answered_from_memory", 1);
        let options = job.options();
        self.complete(&job, &answer::told(&job.id, &job.name, data, options.as_ref())).await
    }

    fn read(&self, job: Message) -> Incoming {
        let settings = &self.shared.settings;
        let request = decode(&job, &settings.name, settings.answer_after, self.shared.clock.now());
        Incoming { job, request }
    }

    async fn take_in_line(&self, line: Vec<Incoming>) -> Result<bool, Error> {
        let mut left = line.into_iter();
        while let Some(Incoming { job, request }) = left.next() {
            if !self.take_in_one(&job, request).await? {
                // Nothing behind it may be taken in before it. Each goes to the head of the queue: the last one first.
                let mut back: Vec<Message> =
                    std::iter::once(job).chain(left.map(|incoming| incoming.job)).collect();
                while let Some(job) = back.pop() {
                    self.give_back(&job).await?;
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `false`: the journal did not take it.
    async fn take_in_one(&self, job: &Message, request: Result<Request, Why>) -> Result<bool, Error> {
        match request {
            Ok(request) => self.hand_over(job, request).await,
            Err(why) => self.refuse(job, why).await,
        }
    }

    async fn hand_over(&self, job: &Message, request: Request) -> Result<bool, Error> {
        for round in 1..=ROUNDS {
            let id = Some(external_id(&job.id, job.timestamp, round));
            let request = Request { external_id: id, ..request.clone() };
            let options = || job.options();
            let value = match self.hub.enter(request).await {
                Ok(Entered::New(id)) => {
                    self.link.count("accepted", 1);
                    self.patience.took();
                    self.shared.held.insert(job.id.clone(), id);
                    return Ok(true);
                }
                Ok(Entered::Live(id)) => {
                    self.link.count("known", 1);
                    self.shared.held.insert(job.id.clone(), id);
                    return Ok(true);
                }
                Ok(Entered::Ended(story)) if was_taken_over(&story.job) => continue,
                Ok(Entered::Ended(story)) => {
                    self.link.count("known", 1);
                    answer::of_job(&story.job, &story.answered(), &job.id, story.body.get("options"))
                }
                Ok(Entered::Forgotten) => {
                    self.link.count("known", 1);
                    answer::forgotten(&job.id, &job.name, options().as_ref())
                }
                Ok(Entered::Unclaimed) => answer::told(&job.id, &job.name, Vec::new(), options().as_ref()),
                Ok(Entered::Refused(why)) => return self.refuse(job, why).await,
                Err(error) => return Ok(self.journal_refuses(&error)),
            };
            return self.complete(job, &value).await.map(|()| true);
        }
        let message = format!("job {} was taken over {ROUNDS} times and came back each time", job.id);
        self.refuse(job, Why { code: code::TAKEN_OVER, message }).await
    }

    /// Keeps what cannot be accepted with the dead letters, and says so to whoever added it.
    async fn refuse(&self, job: &Message, why: Why) -> Result<bool, Error> {
        let refusal = Refusal {
            source: self.shared.settings.name.clone(),
            external_id: Some(job.id.clone()),
            action: Some(job.name.clone()).filter(|name| !name.is_empty()),
            code: why.code.clone(),
            message: why.message.clone(),
            raw: job.to_bytes(),
        };
        if let Err(error) = self.hub.refuse(refusal).await {
            return Ok(self.journal_refuses(&error));
        }
        self.link.count("refused", 1);
        let value = answer::refused(&job.id, &job.name, &why, job.options().as_ref());
        self.complete(job, &value).await.map(|()| true)
    }

    /// Completes a job that is not in the journal, or has ended there. If that fails the queue gives it to us again.
    async fn complete(&self, job: &Message, value: &Value) -> Result<(), Error> {
        let (shared, calls) = (&self.shared, || self.pair.calls.clone());
        let done =
            shared.queue.finish(calls(), &job.id, &value.to_string(), job.keep, shared.clock.now()).await;
        if self.unless_lost(done)? == Some(Finished::Yes)
            && let Some(data) = without_secrets(job)
        {
            self.unless_lost(shared.queue.mask(calls(), &job.id, &data.to_string()).await)?;
        }
        Ok(())
    }

    /// Notes that the journal could not be used. What was taken goes back to the queue: `false`, it was not taken in.
    fn journal_refuses(&self, error: &engine::Error) -> bool {
        self.patience.refused(error);
        false
    }

    async fn give_back(&self, job: &Message) -> Result<(), Error> {
        let given: RedisResult<()> = self.shared.queue.give_back(self.pair.calls.clone(), &job.id).await;
        self.unless_lost(given).map(drop)
    }
}

/// The data of a job that never came to the action table, without what its names say is secret.
fn without_secrets(job: &Message) -> Option<Value> {
    let mut body = job.body().ok()?;
    take_secrets(&mut body, &[]);
    masked(&body)
}
