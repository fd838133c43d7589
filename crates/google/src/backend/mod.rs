//! The backend: what is done for each request.

mod addresses;
mod aliases;
mod attempt;
mod busy;
mod create;
mod delete;
mod diff;
mod link;
mod memory;
mod over;
mod owner;
mod shelf;
mod update;

use std::sync::Arc;
use std::time::Duration;

use engine::Clock;
use engine::clock::within;
use engine::port::{BoxFuture, Call, Control, Fault, Reporter};
use engine::{Actor, AuditEntry, PING, port::Stop};
use model::word::code;
use model::{Code, Dependency, Outcome, WaitFor};
use module::Native;
use serde_json::Value;

use crate::account::Adopt;
use crate::directory::{Directory, Pace};
use crate::gram::{Gram, GramTrouble};
use crate::identity::Mapping;
use crate::request::{self, Asked, DIFF, Deed, Named, is_by_hand};
use crate::told::{Codes, Failure, Front, Notices};

pub use addresses::{Addresses, BadTemplate, Service, Template};
pub(crate) use attempt::said;
pub use memory::{KIND, Kept, Ties};
pub(crate) use over::Over;

use attempt::{Attempt, Step, forgetful, waits};
use busy::Busy;
use memory::Memory;
use owner::Owner;

/// No attempt takes longer.
const LONGEST: Duration = Duration::from_hours(1);

/// How the backend behaves.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Which accounts are taken as those that were to be made.
    pub adopt: Adopt,
    /// Whose codes failures have.
    pub codes: Codes,
    /// Who hears of what happened.
    pub notices: Notices,
    /// When a password goes along with an update.
    pub password: Pushed,
    /// What becomes of an account that is to be deleted.
    pub on_delete: OnDelete,
    /// For how long what we wrote may not be seen everywhere.
    pub settle: Duration,
    /// For how long an attempt waits within itself, in all.
    pub patience: Duration,
}

/// When a password goes along with an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pushed {
    /// With each write.
    #[default]
    Always,
    /// When it is another one than was written last.
    Changed,
}

/// What becomes of an account that is to be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// It is deleted.
    #[default]
    Delete,
    /// It is suspended, and the referential goes on knowing it.
    Suspend,
}

/// What attempts work with.
pub struct Work {
    /// Its name among the backends.
    pub name: &'static str,
    /// Google.
    pub directory: Directory,
    /// The referential.
    pub gram: Option<Gram>,
    /// Where addresses come from that a request does not say.
    pub addresses: Addresses,
    /// How identities become accounts.
    pub mapping: Option<Mapping>,
    /// How it behaves.
    pub rules: Rules,
    /// The administrator in whose name it works.
    pub subject: String,
    /// What is asked over HTTP.
    pub depends_on: Vec<Dependency>,
    /// The time.
    pub clock: Clock,
    ties: Ties,
    memory: Memory,
    busy: Busy,
}

/// What the configuration makes of it.
pub struct Parts {
    /// See [`Work::directory`].
    pub directory: Directory,
    /// See [`Work::gram`].
    pub gram: Option<Gram>,
    /// See [`Work::addresses`].
    pub addresses: Addresses,
    /// See [`Work::mapping`].
    pub mapping: Option<Mapping>,
    /// See [`Work::rules`].
    pub rules: Rules,
    /// See [`Work::subject`].
    pub subject: String,
    /// See [`Work::depends_on`].
    pub depends_on: Vec<Dependency>,
    /// The time.
    pub clock: Clock,
}

/// The backend. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(pub Arc<Work>);

impl Accounts {
    /// Of these parts, tied to the hub that runs.
    pub fn new(name: &'static str, parts: Parts, ties: Ties, shared: &Shared) -> Self {
        let Parts { directory, gram, addresses, mapping, rules, subject, depends_on, clock } = parts;
        let memory = Memory::new(ties.clone(), rules.settle);
        let busy = shared.busy.clone();
        Accounts(Arc::new(Work {
            name,
            directory,
            gram,
            addresses,
            mapping,
            rules,
            subject,
            depends_on,
            clock,
            ties,
            memory,
            busy,
        }))
    }
}

/// What outlives a reload.
#[derive(Clone, Default)]
pub struct Shared {
    /// The calls of the last minute.
    pub pace: Arc<Pace>,
    /// Who is at work on which account.
    busy: Busy,
}

impl Work {
    async fn run(&self, call: &Call, progress: &Reporter) -> Step<Outcome> {
        if &*call.action == PING {
            return self.ping(call).await;
        }
        if let Err(pause) = self.directory.has_room() {
            return Err(waits(WaitFor::Backend, pause, "google.quota is used up for this minute"));
        }
        if &*call.action == DIFF {
            return self.diff(call, progress).await;
        }
        let payload = call.body.get("payload").unwrap_or(&Value::Null);
        match request::read(&call.action, payload) {
            Some(Ok(asked)) => self.of_the_referential(call, asked).await,
            Some(Err(wrong)) => Err(self.invalid(&wrong)),
            None => self.of_an_identity(call).await,
        }
    }

    /// The request is not as it has to be.
    fn invalid(&self, wrong: &[String]) -> Box<Outcome> {
        let message = format!("the data cannot be carried out: {}", wrong.join("; "));
        let data = serde_json::Map::from_iter([("errors".to_owned(), wrong.into())]);
        Box::new(Failure::Payload.hard(self.rules.codes, message, data))
    }

    async fn of_the_referential(&self, call: &Call, asked: Asked) -> Step<Outcome> {
        let attempt = Attempt::begin(self, call, asked.front).await?;
        let Some(gram) = &self.gram else {
            return Err(
                attempt.fails(Failure::Referential, "no referential is configured: set google.gram.url")
            );
        };
        let uuid = match asked.named {
            Named::Google(key) => return attempt.delete_by_key(gram, &key).await,
            Named::Uuid(uuid) => uuid,
            Named::Number(number) => attempt.of_gram(gram.uuid_of_number(&number).await)?.to_lowercase(),
        };
        attempt.is_about(&uuid);
        attempt.hold("account", &uuid)?;
        // It is read when nobody else can be at work on it any more.
        let account = attempt.of_gram(gram.account(&uuid).await)?;
        attempt.is_of(&account);
        let wish = match asked.deed {
            Deed::Create | Deed::Update => {
                self.addresses.wish(&attempt, &account, asked.wish, asked.deed).await?
            }
            _ => asked.wish,
        };
        let owner = Owner::Gram(gram, &account);
        let person = || {
            account.person().map_err(|bad| {
                let why = format!(
                    "GrAM gives no password hash ({bad}): its client needs the role password_hash_reader"
                );
                attempt.fails(Failure::NoPasswordHash, why)
            })
        };
        let outcome = match asked.deed {
            Deed::Create => attempt.create(owner, &person()?, wish).await,
            Deed::Update => attempt.update(owner, &person()?, wish, None).await,
            Deed::Suspend => attempt.suspend(owner, &account.uuid, account.number(), true).await,
            Deed::Reactivate => attempt.suspend(owner, &account.uuid, account.number(), false).await,
            Deed::Delete => attempt.delete(owner, &account.uuid, account.number()).await,
            Deed::Link => attempt.link(gram, &account, &person()?, asked.google_id).await,
            Deed::Unlink => attempt.unlink(gram, &account).await,
        }?;
        if is_by_hand(&call.action) && !call.dry_run {
            self.audit(call, &account.uuid, &outcome).await?;
        }
        Ok(outcome)
    }

    /// What people do by hand stands in the audit, whichever way they asked for it.
    async fn audit(&self, call: &Call, uuid: &str, outcome: &Outcome) -> Step<()> {
        let Some(hub) = self.memory.hub() else { return Ok(()) };
        let job = hub.job(call.mark.job).await.map_err(forgetful)?;
        let said = outcome.message.clone().unwrap_or_default();
        let entry = AuditEntry::new(
            &Actor(job.source),
            format!("account {uuid}"),
            Code::from_static("by_hand"),
            format!("{}, job {}: {said}", call.action, call.mark.job),
        );
        hub.audit(entry).await.map(drop).map_err(forgetful)
    }

    async fn of_an_identity(&self, call: &Call) -> Step<Outcome> {
        let attempt = Attempt::begin(self, call, Front::GoogleApps).await?;
        let found = self.mapping.as_ref().and_then(|mapping| mapping.read(&call.action, &call.body));
        let identity = match found {
            Some(Ok(identity)) => identity,
            Some(Err(wrong)) => return Err(self.invalid(&wrong)),
            None => {
                let message = format!("google.mapping says nothing of {}", call.action);
                return Err(Box::new(Outcome::hard(1, code::FAILED, message)));
            }
        };
        let key = identity.person.key.clone();
        attempt.is_about(&key);
        attempt.hold("account", &key)?;
        let kept = self.memory.of(&key).await.map_err(forgetful)?;
        let owner = Owner::Own(kept.id.clone().filter(|_| !kept.deleted));
        match identity.deed {
            Deed::Create | Deed::Update | Deed::Link | Deed::Unlink => {
                attempt.create_or_update(owner, &identity).await
            }
            Deed::Suspend => attempt.suspend(owner, &key, None, true).await,
            Deed::Reactivate => attempt.suspend(owner, &key, None, false).await,
            Deed::Delete => attempt.delete(owner, &key, None).await,
        }
    }

    /// Looks at doors that are shut, and says how they stand.
    pub(crate) async fn look(&self) {
        let now = || self.clock.now();
        if self.ties.is_google_down() {
            match self.directory.tokens().get().await {
                Ok(_) => self.ties.google(now(), None),
                Err(trouble) => self.ties.google(now(), Some(&said(&trouble))),
            }
        }
        if let Some(gram) = self.gram.as_ref().filter(|_| self.ties.is_gram_down()) {
            match gram.look().await {
                Ok(()) | Err(GramTrouble::NotFound) => self.ties.gram(now(), None),
                Err(GramTrouble::NotLetIn(why) | GramTrouble::Away(why)) => self.ties.gram(now(), Some(&why)),
                Err(other) => self.ties.gram(now(), Some(&format!("an odd answer: {other:?}"))),
            }
        }
    }

    /// Whether Google lets us in.
    async fn ping(&self, call: &Call) -> Step<Outcome> {
        let attempt = Attempt::begin(self, call, Front::GoogleApps).await?;
        attempt.user(&self.subject).await?;
        Ok(Outcome { message: Some(format!("Google answers {}", self.subject)), ..Outcome::done() })
    }
}

impl Native for Accounts {
    fn run(&self, call: Call, mut control: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let progress = control.progress.clone();
            let limit = control.limit.unwrap_or(LONGEST);
            let work = within(limit, self.0.run(&call, &progress));
            let ended = tokio::select! {
                ended = work => ended.unwrap_or_else(|_| Err(late(limit))).unwrap_or_else(|outcome| *outcome),
                stop = stopped(&mut control) => Outcome::soft(1, code::INTERRUPTED, stop),
            };
            masked(ended, &call)
        })
    }

    fn depends_on(&self) -> &[Dependency] {
        &self.0.depends_on
    }

    fn check(&self) -> BoxFuture<'_, Vec<Fault>> {
        Box::pin(crate::check::faults(&self.0))
    }
}

fn late(limit: Duration) -> Box<Outcome> {
    let message = format!("it was not done within {} s", limit.as_secs());
    Box::new(Outcome::soft(1, code::TIMEOUT, message))
}

async fn stopped(control: &mut Control) -> &'static str {
    match control.stop.wait_for(Option::is_some).await.ok().and_then(|stop| *stop) {
        Some(Stop::Cancelled) => "the job was cancelled while it was at work",
        Some(Stop::TakenOver) => "the request was taken over while it was at work",
        Some(Stop::Unsure) => "the hub lost its journal while it was at work",
        Some(Stop::Stopping) | None => "the hub stopped while it was at work",
    }
}

/// Without the job's secrets, whatever Google repeats of what it was told.
fn masked(mut outcome: Outcome, call: &Call) -> Outcome {
    outcome.message = outcome.message.map(|message| call.mask.text(&message).into_owned());
    if let Some(data) = &mut outcome.data {
        call.mask.value(data);
    }
    outcome
}
