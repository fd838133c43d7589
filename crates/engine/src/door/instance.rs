//! The configured instances of a source: what the hub is given of them, and how they begin and end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::desk::hub::Hub;
use crate::port::BoxFuture;
use crate::state::core::Setup;

/// A configured instance of a source. Nothing is connected before it is started.
pub trait Source: Send + Sync {
    /// What a reload may replace while it runs.
    type Told;

    /// Its name among all sources of the hub.
    fn name(&self) -> &str;

    /// Gives the hub what it needs of it before it starts: reactor, courier, decoder, retry.
    fn join(&self, setup: &mut Setup);

    /// Begins to take requests.
    fn start(&self, hub: Hub) -> Running;

    /// Replaces what it was told, for every request from now on.
    fn reload(&self, _told: Self::Told) {}
}

/// A source at work. It goes on until [`Running::end`].
pub struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    first: Option<BoxFuture<'static, ()>>,
    last: Option<BoxFuture<'static, ()>>,
}

/// Tells a source that it is to take no more.
#[derive(Clone, Debug)]
pub struct Stopped(watch::Receiver<bool>);

impl Running {
    /// The tasks that `start` spawns, and what is done when they have ended.
    pub fn new(start: impl FnOnce(&Stopped) -> Vec<JoinHandle<()>>) -> Self {
        let (stop, stopped) = watch::channel(false);
        Running { stop, tasks: start(&Stopped(stopped)), first: None, last: None }
    }

    /// Does this once the hub has stopped, before its tasks are ended.
    #[must_use]
    pub fn at_first(self, first: impl Future<Output = ()> + Send + 'static) -> Self {
        Running { first: Some(Box::pin(first)), ..self }
    }

    /// Does this last of all.
    #[must_use]
    pub fn at_last(self, last: impl Future<Output = ()> + Send + 'static) -> Self {
        Running { last: Some(Box::pin(last)), ..self }
    }

    /// Takes no more requests. What was taken is still answered.
    pub fn quiesce(&self) {
        self.stop.send_replace(true);
    }

    /// Ends, once the hub has stopped.
    pub async fn end(self) {
        if let Some(first) = self.first {
            first.await;
        }
        self.tasks.iter().for_each(JoinHandle::abort);
        for task in self.tasks {
            // It ends by being aborted, and in no other way.
            let _ = task.await;
        }
        if let Some(last) = self.last {
            last.await;
        }
    }
}

impl Stopped {
    /// Waits until it is told so.
    pub async fn told(&self) {
        if self.0.clone().wait_for(|stopped| *stopped).await.is_err() {
            // The source is gone, and this with it.
            std::future::pending::<()>().await;
        }
    }

    /// Goes on only while it is not told so.
    pub async fn unless_told(&self) {
        if *self.0.borrow() {
            std::future::pending::<()>().await;
        }
    }
}

/// All instances of one kind of source.
pub struct Sources<S> {
    all: Vec<S>,
    running: Mutex<Vec<Running>>,
}

impl<S: Source> Sources<S> {
    /// These.
    pub fn new(all: impl IntoIterator<Item = S>) -> Self {
        Sources { all: all.into_iter().collect(), running: Mutex::default() }
    }

    /// Each of them.
    pub fn all(&self) -> &[S] {
        &self.all
    }

    /// Gives the hub what it needs of them before it starts.
    pub fn join(&self, setup: &mut Setup) {
        self.all.iter().for_each(|source| source.join(setup));
    }

    /// Begins to take requests.
    pub fn start(&self, hub: &Hub) {
        let running = self.all.iter().map(|source| source.start(hub.clone())).collect();
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// Replaces what those were told that are named; new ones need a restart.
    pub fn reload(&self, mut told: BTreeMap<String, S::Told>) {
        for source in &self.all {
            if let Some(told) = told.remove(source.name()) {
                source.reload(told);
            }
        }
    }

    /// Takes no more requests. What was taken is still answered.
    pub fn quiesce(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Running::quiesce);
    }

    /// Ends them, once the hub has stopped.
    pub async fn close(&self) {
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for source in running {
            source.end().await;
        }
    }
}
