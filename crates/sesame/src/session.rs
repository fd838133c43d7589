//! What is done while both connections stand: take, hold, look after what others lost, and say who serves.

mod holding;
mod looking;
mod taking;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use engine::door::{Patience, Stopped};
use engine::{Hub, Link, PING};
use redis::{RedisError, RedisResult};
use tokio::sync::watch;

use crate::built_in::BuiltIn;
use crate::connection::{Pair, is_lost, said};
use crate::error::Error;
use crate::source::Shared;

/// First and longest pause before something is asked again that Redis refused.
const REFUSED: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// One life of the connections.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) built_in: BuiltIn,
    pub(crate) hub: Hub,
    pub(crate) link: Arc<Link>,
    pub(crate) stopped: Stopped,
    pub(crate) pair: Pair,
    pub(crate) patience: Patience,
}

impl Session {
    /// Works until a connection is lost, and says why.
    pub(crate) async fn run(&self) -> Error {
        let (serving, serves) = watch::channel(false);
        let (behind, is_behind) = watch::channel(true);
        let work = async {
            self.unless_lost(self.shared.queue.prepare(self.pair.calls.clone()).await)?;
            if self.ask_to_serve(&serving).await? {
                self.obeyed();
            }
            let granted = *serves.borrow();
            self.resume(granted).await?;
            tokio::try_join!(
                self.keep_serving(&serving),
                self.keep_holding(serves.clone()),
                self.take_care_of_stalled(serves.clone()),
                self.take(serves.clone(), &behind),
                self.take_first(&BuiltIn::ACTIONS, serves.clone(), is_behind.clone()),
                // Apart: it is journaled, which may take its time.
                self.take_first(&[PING], serves.clone(), is_behind.clone()),
            )
        };
        match work.await {
            Err(error) => error,
            Ok(never) => match never.0 {},
        }
    }

    /// Keeps the right to serve, or waits for it.
    async fn keep_serving(&self, serving: &watch::Sender<bool>) -> Result<Infallible, Error> {
        loop {
            self.shared.clock.sleep(self.shared.settings.term / 3).await;
            // While we serve, taking jobs shows whether Redis does what it is asked for.
            if self.ask_to_serve(serving).await? && !*serving.borrow() {
                self.obeyed();
            }
        }
    }

    /// Says whether Redis answered, and there is anything to be done with it.
    async fn ask_to_serve(&self, serving: &watch::Sender<bool>) -> Result<bool, Error> {
        let shared = &self.shared;
        if shared.twin.get().is_some() {
            return Ok(false);
        }
        let us = shared.server();
        let answer = shared.queue.lease(self.pair.calls.clone(), &us, shared.life.seat()).await;
        let Some(owner) = self.unless_lost(answer)? else { return Ok(false) };
        let twin =
            owner.source.as_ref().filter(|name| owner.life == us.life && **name != shared.settings.name);
        if let Some(twin) = twin.filter(|name| shared.settings.siblings.contains(name)) {
            self.is_twin_of(twin);
            return Ok(false);
        }
        let ours = owner == us;
        let note =
            (!ours).then(|| format!("stands by: {} serves {}", owner.described(&us), shared.settings.queue));
        if self.link.note(note.clone()) {
            let source = &shared.settings.name;
            let news = note.unwrap_or_else(|| format!("serves queue {} from now on", shared.settings.queue));
            tracing::info!(source, "{news}");
        }
        serving.send_replace(ours);
        Ok(true)
    }

    /// Another source of this hub serves the same queue: each job would run twice. This one never serves.
    fn is_twin_of(&self, twin: &str) {
        let Shared { settings, clock, twin: found, .. } = &*self.shared;
        // Set once: it is asked for before.
        let _ = found.set(twin.to_owned());
        let source = &settings.name;
        let why = format!(
            "takes nothing: source {twin} of this hub has the same queue {} on the same Redis; remove one of the two",
            settings.queue
        );
        tracing::error!(source, "source {source} {why}");
        self.link.down(clock.now(), why);
    }

    /// Puts jobs back into the queue whose worker is gone, ours among them if we were away for too long.
    async fn take_care_of_stalled(&self, mut serves: watch::Receiver<bool>) -> Result<Infallible, Error> {
        loop {
            granted(&mut serves).await;
            let now = self.shared.clock.now();
            let released = self.shared.queue.release_stalled(self.pair.calls.clone(), now).await;
            let released = self.unless_lost(released)?.unwrap_or_default();
            if !released.is_empty() {
                let (source, jobs) = (&self.shared.settings.name, released.len());
                tracing::warn!(source, jobs, "{jobs} jobs whose worker was gone went back into the queue");
            }
            self.shared.clock.sleep(self.shared.settings.stalled_every).await;
        }
    }

    /// What Redis answered; `None` = it refused, which is noted; an error = the connection is lost.
    pub(crate) fn unless_lost<T>(&self, answer: RedisResult<T>) -> Result<Option<T>, Error> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => self.refused(&error).map(|()| None),
        }
    }

    /// Notes that Redis refused something; an error = the connection is lost.
    fn refused(&self, error: &RedisError) -> Result<(), Error> {
        let lost = is_lost(error);
        let error = said(&self.shared.settings.address, error);
        if lost {
            return Err(error);
        }
        if self.link.down(self.shared.clock.now(), error.to_string()) {
            tracing::warn!(
                source = self.shared.settings.name,
                "Redis refuses, and is asked again until it does not: {error}"
            );
        }
        Ok(())
    }

    /// Notes that Redis does what it is asked for.
    fn obeyed(&self) {
        let Shared { settings, clock, .. } = &*self.shared;
        if let Some(up) = self.link.up(clock.now()) {
            let (source, address) = (&settings.name, &settings.address);
            tracing::info!(source, "{source}: {up} Redis at {address}");
        }
    }
}

/// Waits until we serve.
async fn granted(serves: &mut watch::Receiver<bool>) {
    if serves.wait_for(|serves| *serves).await.is_err() {
        // The session is over: its end is noticed elsewhere.
        std::future::pending::<()>().await;
    }
}
