//! One attempt: asks Google and the referential, waits where that helps, and says how it ended where it does not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::port::Call;
use model::word::code;
use model::{JobId, MASK, Outcome, Secret, Until, Wait, WaitFor};
use serde_json::{Map, Value};

use crate::account::{Person, User};
use crate::gram::{Account, GramTrouble};
use crate::told::{Failure, Front, in_the_way, on_the_way};
use crate::trouble::{Op, Trouble, Verdict, verdict};

use super::Work;
use super::busy::Hold;
use super::memory::Forgetful;

/// How an attempt ends before its end.
pub(super) type Step<T> = Result<T, Box<Outcome>>;

/// What a call came to that is no failure of the attempt.
pub(super) enum Said<T> {
    /// It is done.
    Done(T),
    /// There is no such thing.
    Absent,
    /// Somebody holds the address, or held it a moment ago.
    Held,
}

/// Pauses within an attempt, in seconds; each a little longer.
const PAUSES: [u64; 3] = [1, 2, 4];
/// Whom somebody else works on is asked for again after so long.
const BUSY: Duration = Duration::from_secs(1);
/// How long all wait when there are no credentials. A key that was changed is tried soon.
const NO_CREDENTIALS: Duration = Duration::from_secs(15);
/// How long all wait when the quota of the day is used up.
const DAILY: Duration = Duration::from_hours(1);

/// An attempt.
pub(super) struct Attempt<'a> {
    pub(super) work: &'a Work,
    pub(super) call: &'a Call,
    pub(super) front: Front,
    /// Jobs in whose stead it runs, itself first.
    pub(super) line: Vec<JobId>,
    /// An attempt of this job, or of one that it replays, was there before.
    pub(super) before: bool,
    state: Mutex<State>,
}

struct State {
    hold: Hold,
    /// Pauses that it made, and how long they took.
    pauses: usize,
    paused: Duration,
    /// What is known, for those who are told of a failure.
    uuid: Option<String>,
    user: Option<User>,
    gram: Option<Value>,
    /// The hash of the person's password: nothing that is told has it.
    hash: Option<Secret<String>>,
}

impl<'a> Attempt<'a> {
    pub(super) async fn begin(work: &'a Work, call: &'a Call, front: Front) -> Step<Self> {
        let replayed = work.memory.line_of(call.mark.job, call.replay_of).await.map_err(forgetful)?;
        let mut before = call.mark.attempt > 1;
        for job in replayed.iter().skip(1) {
            before = before || work.memory.has_attempts(*job, work.name).await.map_err(forgetful)?;
        }
        let state = State {
            hold: work.busy.hold(),
            pauses: 0,
            paused: Duration::ZERO,
            uuid: None,
            user: None,
            gram: None,
            hash: None,
        };
        Ok(Attempt { work, call, front, line: replayed, before, state: Mutex::new(state) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a name of the account until the attempt ends; when somebody else does, the job waits without a slot.
    pub(super) fn hold(&self, kind: &str, name: &str) -> Step<()> {
        if self.state().hold.take(format!("{kind}:{}", name.to_lowercase())) {
            return Ok(());
        }
        Err(waits(WaitFor::Job, BUSY, "another job is at work on the same account"))
    }

    /// The account of the referential that it is about.
    pub(super) fn is_about(&self, uuid: &str) {
        self.state().uuid = Some(uuid.to_owned());
    }

    /// That account, as it is called.
    pub(super) fn uuid(&self) -> String {
        self.state().uuid.clone().unwrap_or_default()
    }

    /// That account as the referential has it, for those who are told of a failure.
    pub(super) fn is_of(&self, account: &Account) {
        const TOLD: [&str; 7] = ["uuid", "hruid", "id_soce", "firstname", "lastname", "email", "gapps_id"];
        let told =
            TOLD.iter().filter_map(|name| Some(((*name).to_owned(), account.shown().get(*name)?.clone())));
        self.state().gram = Some(Value::Object(told.collect()));
    }

    /// What is told of an account that is in the way.
    pub(super) fn in_the_way(&self, user: Option<&User>) -> Map<String, Value> {
        let mut data = in_the_way(&self.uuid(), user);
        if let Some(gram) = self.state().gram.clone() {
            data.insert("gram_account".to_owned(), gram);
        }
        data
    }

    /// The account at Google as it is known now.
    pub(super) fn knows(&self, user: &User) {
        self.state().user = Some(user.clone());
    }

    /// Whose password hash is not told, whoever repeats it.
    pub(super) fn hides(&self, person: &Person) {
        let hash = person.password.as_ref().map(|hash| Secret::new(hash.expose().to_owned()));
        self.state().hash = hash;
    }

    /// A text without that hash.
    pub(super) fn hidden(&self, text: String) -> String {
        let hash = self.state().hash.clone();
        let Some(hash) = hash else { return text };
        let (lower, upper) = (hash.expose().to_lowercase(), hash.expose().to_uppercase());
        [hash.expose(), &lower, &upper].into_iter().fold(text, |text, hash| text.replace(hash, MASK))
    }

    /// A document without that hash.
    pub(super) fn hidden_in(&self, document: &Value) -> Value {
        serde_json::from_str(&self.hidden(document.to_string())).unwrap_or_default()
    }

    // === how it ends ===

    /// For good.
    pub(super) fn fails(&self, failure: Failure, message: impl Into<String>) -> Box<Outcome> {
        let state = self.state();
        let data = on_the_way(state.uuid.as_deref(), state.user.as_ref());
        Box::new(failure.hard(self.work.rules.codes, message, data))
    }

    /// For now.
    pub(super) fn again(&self, failure: Failure, message: impl Into<String>) -> Box<Outcome> {
        let state = self.state();
        let data = on_the_way(state.uuid.as_deref(), state.user.as_ref());
        Box::new(failure.soft(self.work.rules.codes, message, data))
    }

    /// What we wrote is not seen yet: a quarter of a minute to a minute, never the same for two.
    pub(super) fn unsettled(&self, message: impl Into<String>) -> Box<Outcome> {
        let pause = Duration::from_secs(15).mul_f64(1.0 + 3.0 * self.work.clock.chance());
        // What was written so long ago is seen, or is not there.
        let pause = pause.min(self.work.rules.settle);
        waits(WaitFor::Job, pause, message)
    }

    /// A short pause, as long as there is patience left.
    pub(super) async fn pause(&self) -> bool {
        let seconds = {
            let state = self.state();
            PAUSES.get(state.pauses).or(PAUSES.last()).copied().unwrap_or(1)
        };
        let pause = Duration::from_secs(seconds).mul_f64(1.0 + 0.25 * self.work.clock.chance());
        self.pause_for(pause).await
    }

    async fn pause_for(&self, pause: Duration) -> bool {
        {
            let mut state = self.state();
            if state.paused + pause > self.work.rules.patience {
                return false;
            }
            state.pauses += 1;
            state.paused += pause;
        }
        self.work.clock.sleep(pause).await;
        true
    }

    // === Google ===

    /// Asks Google, as often as a short pause may help. `settling` = we wrote to this account a moment ago.
    pub(super) async fn ask<T, F: Future<Output = Result<T, Trouble>> + Send>(
        &self,
        op: Op,
        settling: bool,
        call: impl Fn() -> F + Send,
    ) -> Step<Said<T>> {
        loop {
            let trouble = match call().await {
                Ok(value) => {
                    self.work.ties.google(self.work.clock.now(), None);
                    return Ok(Said::Done(value));
                }
                Err(trouble) => trouble,
            };
            let verdict = verdict(op, &trouble, settling);
            match verdict {
                Verdict::Absent => return Ok(Said::Absent),
                Verdict::Held => return Ok(Said::Held),
                Verdict::Unsettled if self.pause().await => {}
                Verdict::Slower if self.is_over_soon(&trouble).await => {}
                _ => return Err(self.ends(verdict, &trouble)),
            }
        }
    }

    /// Waits here for a quota that has room in a moment.
    async fn is_over_soon(&self, trouble: &Trouble) -> bool {
        match trouble {
            Trouble::Quota(pause) => self.pause_for(*pause).await,
            _ => false,
        }
    }

    fn ends(&self, verdict: Verdict, trouble: &Trouble) -> Box<Outcome> {
        let said = self.hidden(said(trouble));
        match verdict {
            Verdict::Invited => self.fails(
                Failure::Google,
                "Google has sent an invitation instead of making the account: a person outside has this address",
            ),
            Verdict::Unsettled => self.unsettled(format!("Google does not yet see what was written: {said}")),
            Verdict::Slower => {
                let asked = match trouble {
                    Trouble::Answer(answer) => answer.retry_after,
                    _ => None,
                };
                let pause = match trouble {
                    Trouble::Quota(pause) => *pause,
                    _ => self.work.directory.slower(asked),
                };
                waits(WaitFor::Backend, pause, format!("the quota is used up: {said}"))
            }
            Verdict::Daily => {
                waits(WaitFor::Backend, DAILY, format!("the quota of the day is used up: {said}"))
            }
            Verdict::Unauthorized | Verdict::Credentials => self.locked_out(&said),
            Verdict::Forbidden => self.fails(
                Failure::Google,
                format!("Google does not allow it: the domain is not one of this account, or the administrator lacks the right ({said})"),
            ),
            Verdict::Refused => self.fails(Failure::Google, format!("Google refuses it: {said}")),
            Verdict::Again => self.again(Failure::Unreachable, format!("Google cannot be asked: {said}")),
            Verdict::Done | Verdict::Absent | Verdict::Held | Verdict::Unknown => self.again(
                Failure::Unknown,
                format!("the answer was lost ({said}): whether it was done is looked at first next time"),
            ),
        }
    }

    /// There are no credentials: one thing is wrong, and not all that waits. It is told once, and everybody waits.
    fn locked_out(&self, why: &str) -> Box<Outcome> {
        self.work.ties.google(self.work.clock.now(), Some(why));
        waits(WaitFor::Backend, NO_CREDENTIALS, format!("Google does not let us in: {why}"))
    }

    /// The account with this id, primary address or alias, if one is seen.
    pub(super) async fn user(&self, key: &str) -> Step<Option<User>> {
        let said = self.ask(Op::Get, false, || self.work.directory.user(key)).await?;
        Ok(match said {
            Said::Done(user) => Some(user),
            Said::Absent | Said::Held => None,
        })
    }

    /// The account with this id. One that was written to a moment ago may be seen by its address only, or a little later.
    pub(super) async fn user_by_id(
        &self,
        id: &str,
        address: Option<&str>,
        settling: bool,
    ) -> Step<Option<User>> {
        loop {
            if let Some(user) = self.user(id).await? {
                return Ok(Some(user));
            }
            if !settling {
                return Ok(None);
            }
            if let Some(address) = address
                && let Some(user) = self.user(address).await?.filter(|user| user.id == id)
            {
                return Ok(Some(user));
            }
            if !self.pause().await {
                return Err(self.unsettled(format!("Google does not yet show the account {id}")));
            }
        }
    }

    // === the referential ===

    /// What the referential said, or how the attempt ends over it.
    pub(super) fn of_gram<T>(&self, said: Result<T, GramTrouble>) -> Step<T> {
        let trouble = match said {
            Ok(value) => {
                self.work.ties.gram(self.work.clock.now(), None);
                return Ok(value);
            }
            Err(trouble) => trouble,
        };
        Err(match trouble {
            GramTrouble::NotFound => self.fails(Failure::AccountNotFound, "GrAM has no such account"),
            GramTrouble::Several(several) => self.fails(
                Failure::AccountNotFound,
                format!("{several} accounts of GrAM have this number: which one is meant cannot be told"),
            ),
            GramTrouble::NotLetIn(why) => {
                self.work.ties.gram(self.work.clock.now(), Some(&why));
                waits(WaitFor::Backend, NO_CREDENTIALS, format!("GrAM does not let us in: {why}"))
            }
            GramTrouble::Refused(errors) => {
                self.fails(Failure::SaveRefused, self.hidden(format!("GrAM does not take it: {errors}")))
            }
            GramTrouble::Away(why) => {
                self.again(Failure::Referential, format!("GrAM cannot be asked: {why}"))
            }
        })
    }
}

/// What is said of a call that brought no success.
pub(crate) fn said(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Answer(answer) => {
            let reason = answer.reason.as_deref().map(|reason| format!(", {reason}")).unwrap_or_default();
            format!("{} ({}{reason})", answer.message, answer.status)
        }
        Trouble::Unsent(why) | Trouble::Lost(why) => why.clone(),
        Trouble::Credentials(credentials) => credentials.why.clone(),
        Trouble::Quota(_) => "as many calls were made in a minute as google.quota allows".to_owned(),
    }
}

/// Not now.
pub(super) fn waits(scope: WaitFor, pause: Duration, message: impl Into<String>) -> Box<Outcome> {
    Box::new(Outcome::wait(Wait { until: Until::After(pause), scope }, message))
}

/// The journal is in trouble: nothing is done then.
#[allow(clippy::needless_pass_by_value, reason = "it is what errors are mapped with")]
pub(super) fn forgetful(error: Forgetful) -> Box<Outcome> {
    Box::new(Outcome::soft(
        1,
        code::LOST,
        format!("what is remembered of the account cannot be read or kept: {error}"),
    ))
}
