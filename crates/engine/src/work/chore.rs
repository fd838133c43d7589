//! Chores: what is done at times, from the hub's start until it takes no more work.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use model::chore::{Asker, Begun, Past, Turn};
use model::effect::EntityContent;
use model::{Effects, EntityKey, EntityWrite, Times};
use serde_json::json;

use crate::error::Error;
use crate::lasting::Lasting;
use crate::state::chores::{ChoreView, Failing};
use crate::state::core::Core;

/// The clock may be set: it is looked at so often at least.
const LOOK: Duration = Duration::from_mins(1);

/// Why a chore came to nothing: what the log says of it, once until it works again.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Does what is done at times until it is dropped, or the hub stops: of several hubs the one that leads does it. `kept`: the entity that keeps when it was done last.
pub(crate) async fn keep<F: Future<Output = Result<(), Trouble>> + Send>(
    core: Arc<Core>,
    name: &'static str,
    kept: Option<EntityKey>,
    times: Times,
    act: impl Fn() -> F + Sync,
) {
    if let Some(told) = times.at_change_of_clocks(core.clock.now()) {
        tracing::info!(chore = name, "{name}: {told}");
    }
    if core.leads().await {
        Work { core, name, kept, times, act, trouble: Lasting::default() }.go().await;
    }
}

/// A chore of the engine's own that only looks at how things stand: on each hub.
pub(crate) async fn sweep<F: Future<Output = Result<(), journal::Error>> + Send>(
    core: Arc<Core>,
    name: &'static str,
    every: Duration,
    act: impl Fn(Arc<Core>) -> F + Sync,
) {
    let own = Arc::clone(&core);
    let act = move || act(Arc::clone(&own)).map(|done| done.map_err(Trouble::from));
    Work { core, name, kept: None, times: Times::Every(every), act, trouble: Lasting::default() }.go().await;
}

struct Work<A> {
    core: Arc<Core>,
    name: &'static str,
    kept: Option<EntityKey>,
    times: Times,
    act: A,
    trouble: Lasting,
}

impl<F: Future<Output = Result<(), Trouble>> + Send, A: Fn() -> F + Sync> Work<A> {
    async fn go(&self) {
        while !self.core.is_stopping() {
            let turned = match &self.kept {
                Some(key) => self.turn(key).await,
                None => self.sweep().await,
            };
            match turned {
                Ok(()) => {}
                Err(Error::Stopping | Error::Journal(journal::Error::Closed)) => return,
                Err(error) => {
                    self.came_to(Err(&error.into()));
                    self.core.clock.sleep(LOOK).await;
                }
            }
        }
    }

    // === what owes nothing ===

    async fn sweep(&self) -> Result<(), Error> {
        let begun = self.core.clock.now();
        let ended = self.act().await;
        let view = self.view();
        match ended {
            Ok(()) => {
                self.came_to(Ok(()));
                let next = self.times.after(begun).filter(|_| matches!(self.times, Times::At(..)));
                self.show(ChoreView { last: Some(begun), next, ..view });
            }
            Err(trouble) => {
                if is_closed(&trouble) {
                    return Err(journal::Error::Closed.into());
                }
                self.came_to(Err(&trouble));
                let before = self.core.chores.of(self.name);
                let tries = before.as_ref().and_then(|view| Some(view.failing.as_ref()?.tries)).unwrap_or(0);
                let failing = Failing { tries: tries + 1, error: whole(&*trouble) };
                let last = before.and_then(|view| view.last);
                self.show(ChoreView { last, failing: Some(failing), ..view });
            }
        }
        match self.times {
            Times::Every(pause) => self.core.clock.sleep(pause).await,
            Times::At(..) => self.rest(begun).await,
        }
        Ok(())
    }

    /// Waits for the first time after this one. A clock that is set back brings it nearer.
    async fn rest(&self, begun: Timestamp) {
        let after = |at| self.times.after(at).unwrap_or(Timestamp::MAX);
        let mut next = after(begun);
        loop {
            let now = self.core.clock.now();
            if now >= next || self.core.is_stopping() {
                return;
            }
            next = next.min(after(now));
            self.core.clock.sleep_until(next, LOOK).await;
        }
    }

    // === what is kept ===

    /// Does what is due, or waits for the next time, or a minute.
    async fn turn(&self, key: &EntityKey) -> Result<(), Error> {
        let now = self.core.clock.now();
        let (rev, past) = self.read(key).await?;
        let life = self.core.journal.life();
        let (name, seat) = (life.to_string(), life.seat().to_owned());
        let asker = Asker { life: &name, seat: &seat };
        let until = match past.turn(&self.times, now, asker) {
            Turn::Count => return self.write(key, rev, &past.counted(now)).await.map(drop),
            Turn::Due { lost } => {
                if let Some(at) = lost {
                    tracing::warn!(
                        chore = self.name,
                        "{} was begun at {at} by a hub that is gone, and its end is not recorded: it is done again",
                        self.name
                    );
                }
                let begun = past.begin(now, asker);
                // Otherwise somebody else was first.
                return if self.write(key, rev, &begun).await? {
                    self.carry_out(key, begun).await
                } else {
                    Ok(())
                };
            }
            Turn::Held(until) => Some(until),
            Turn::Wait(next) => {
                self.show(self.seen(&past, next));
                next
            }
        };
        self.core.clock.sleep_until(until.unwrap_or(Timestamp::MAX), LOOK).await;
        Ok(())
    }

    async fn carry_out(&self, key: &EntityKey, past: Past) -> Result<(), Error> {
        let Some(begun) = past.begun.clone() else { return Ok(()) };
        self.show(ChoreView { running: true, ..self.seen(&past, None) });
        let mut acting = std::pin::pin!(self.act());
        let ended = loop {
            tokio::select! {
                ended = &mut acting => break ended,
                () = self.core.clock.sleep(LOOK) => {
                    // Should it fail, the next look says so, or somebody takes it over.
                    _ = self.change(key, &begun, Past::held).await;
                }
            }
        };
        if self.core.is_stopping() && ended.is_err() {
            return Err(Error::Stopping);
        }
        self.came_to(ended.as_ref().map(drop));
        let why = ended.err().map(|trouble| whole(&*trouble));
        // Done and not recorded would be done again.
        loop {
            let end = |past: &Past, now| match &why {
                None => past.done(now),
                Some(why) => past.failed(why, &self.times, now),
            };
            match self.change(key, &begun, end).await {
                Ok(()) => return Ok(()),
                Err(error @ (Error::Stopping | Error::Journal(journal::Error::Closed))) => return Err(error),
                Err(error) => self.came_to(Err(&error.into())),
            }
            self.core.clock.sleep(LOOK).await;
        }
    }

    async fn read(&self, key: &EntityKey) -> Result<(u64, Past), Error> {
        let journal = &self.core.journal;
        let stored = match journal.entity(key.clone()).await {
            Err(journal::Error::Damaged(_)) => {
                journal.erase(key.clone(), journal::EffectSet::default()).await?;
                None
            }
            stored => stored?,
        };
        Ok(stored.map_or((0, Past::default()), |entity| (entity.rev, past_of(entity.body))))
    }

    /// Over exactly what was read: of several who want it, one writes. Says whether that was this one.
    async fn write(&self, key: &EntityKey, rev: u64, past: &Past) -> Result<bool, Error> {
        let write = EntityWrite { key: key.clone(), expected_rev: rev, content: Some(self.content(past)) };
        let effects = Effects { entities: vec![write], ..Effects::default() };
        match self.core.apply(effects, None, None).await {
            Err(journal::Error::Conflict { .. }) => Ok(false),
            applied => Ok(applied.map(|()| true)?),
        }
    }

    /// Changes what was begun here, unless somebody has taken it over.
    async fn change(
        &self,
        key: &EntityKey,
        begun: &Begun,
        change: impl Fn(&Past, Timestamp) -> Past + Send + Sync,
    ) -> Result<(), Error> {
        loop {
            let (rev, past) = self.read(key).await?;
            if !past.is_of(begun) {
                tracing::warn!(chore = self.name, "{} was taken over while it was done here", self.name);
                return Ok(());
            }
            if self.write(key, rev, &change(&past, self.core.clock.now())).await? {
                return Ok(());
            }
        }
    }

    fn content(&self, past: &Past) -> EntityContent {
        let state = match past {
            Past { begun: Some(_), .. } => "begun",
            Past { again: Some(_), .. } => "failing",
            _ => "done",
        };
        let body = serde_json::to_value(past).unwrap_or_else(|_| json!({}));
        EntityContent { state: state.to_owned(), label: self.name.to_owned(), body }
    }

    // === what all have ===

    /// Does it. A panic is a failure.
    async fn act(&self) -> Result<(), Trouble> {
        let ended = AssertUnwindSafe((self.act)()).catch_unwind().await;
        ended.unwrap_or_else(|_| Err("it broke down (a bug: please report it)".into()))
    }

    /// Tells of a trouble once when it begins and once when it ends.
    fn came_to(&self, ended: Result<(), &Trouble>) {
        let name = self.name;
        match ended {
            Ok(()) => {
                if self.trouble.ended() {
                    tracing::info!(chore = name, "{name}: it works again");
                }
            }
            // What the journal's writer tells itself is not told a second time.
            Err(trouble) if is_told(trouble) => tracing::debug!(chore = name, "{name}: {trouble}"),
            Err(trouble) => {
                if self.trouble.began() {
                    let why = whole(&**trouble);
                    tracing::error!(chore = name, "{name}: {why}; it is tried again until it works");
                }
            }
        }
    }

    fn view(&self) -> ChoreView {
        ChoreView { name: self.name, times: self.times.to_string(), ..ChoreView::default() }
    }

    fn seen(&self, past: &Past, next: Option<Timestamp>) -> ChoreView {
        let error = past.error.clone().filter(|_| past.tries > 0);
        let failing = error.map(|error| Failing { tries: past.tries, error });
        ChoreView { last: past.last, next, failing, ..self.view() }
    }

    fn show(&self, view: ChoreView) {
        self.core.chores.put(view);
    }
}

/// What nobody can make sense of counts as nothing.
fn past_of(body: serde_json::Value) -> Past {
    serde_json::from_value(body).unwrap_or_default()
}

fn journal_s(trouble: &Trouble) -> Option<&journal::Error> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&**trouble);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(Error::Journal(found)) => return Some(found),
            _ if error.is::<journal::Error>() => return error.downcast_ref(),
            _ => next = error.source(),
        }
    }
    None
}

fn is_told(trouble: &Trouble) -> bool {
    journal_s(trouble).is_some_and(journal::Error::is_told)
}

fn is_closed(trouble: &Trouble) -> bool {
    matches!(journal_s(trouble), Some(journal::Error::Closed))
}

/// An error with its causes.
fn whole(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    causes.fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.ends_with(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}
