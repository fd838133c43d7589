//! Native backends: those that are a part of the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use engine::clock::within;
use engine::port::{Backend, BoxFuture, Call, Control, Fault};
use model::word::code;
use model::{Dependency, Outcome};
use tokio::sync::{Mutex, Notify};

use crate::exit::whole;

/// A start that takes longer has failed.
const START: Duration = Duration::from_mins(1);

/// A backend that is a part of the program. It stands in the catalogue like a folder: its entry has name and place, standing,
/// actions and bounds. A reload makes a new one of what is configured then, and ends the one before.
pub trait Native: Send + Sync {
    /// Runs one attempt. Never an error: what goes wrong is an outcome.
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome>;

    /// What it asks over HTTP meanwhile.
    fn depends_on(&self) -> &[Dependency] {
        &[]
    }

    /// Makes ready what attempts stand on, before the first one; of several that come at once the others wait. After an
    /// error the attempt has failed softly, and the next one starts it again. It may be dropped half-way: a job is cancelled.
    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Gives back what it holds. Nothing runs on it then.
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Looks at what it stands on, for `backends check` and `doctor`, without being started.
    fn check(&self) -> BoxFuture<'_, Vec<Fault>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

/// What runs on it as a backend of the catalogue: started before its first attempt, stopped after its last one.
pub fn native(backend: impl Native + 'static) -> Arc<dyn Backend> {
    Arc::new(Kept {
        native: backend,
        started: Mutex::new(false),
        running: AtomicUsize::new(0),
        idle: Notify::new(),
        retired: AtomicBool::new(false),
    })
}

struct Kept<N> {
    native: N,
    /// Held while it is started or stopped.
    started: Mutex<bool>,
    /// Attempts that run on it, or are about to.
    running: AtomicUsize,
    /// Told when there are none.
    idle: Notify,
    /// It was to stop: an attempt that comes late still runs, and leaves it stopped.
    retired: AtomicBool,
}

/// An attempt on it, until it is over in whatever way.
struct Attempt<'a, N>(&'a Kept<N>);

impl<N> Drop for Attempt<'_, N> {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl<N: Native> Kept<N> {
    async fn begin(&self) -> Result<(), Outcome> {
        let mut started = self.started.lock().await;
        if !*started {
            let why = match within(START, self.native.start()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(whole(&error)),
                Err(_) => Some(format!("it was not ready within {} s", START.as_secs())),
            };
            if let Some(why) = why {
                return Err(Outcome::soft(1, code::LOST, format!("the backend could not be started: {why}")));
            }
            *started = true;
        }
        Ok(())
    }

    /// Stops it, unless something runs on it.
    async fn end(&self) {
        let mut started = self.started.lock().await;
        if *started && self.running.load(Ordering::Acquire) == 0 {
            self.native.stop().await;
            *started = false;
        }
    }

    async fn attempt(&self, call: Call, mut control: Control) -> Outcome {
        let running = Attempt(self);
        self.running.fetch_add(1, Ordering::AcqRel);
        let begun = tokio::select! {
            begun = self.begin() => begun,
            _ = control.stop.wait_for(Option::is_some) => {
                Err(Outcome::soft(1, code::INTERRUPTED, "it was told to stop before the backend was ready"))
            }
        };
        let outcome = match begun {
            Ok(()) => self.native.run(call, control).await,
            Err(outcome) => outcome,
        };
        drop(running);
        if self.retired.load(Ordering::Acquire) {
            self.end().await;
        }
        outcome
    }
}

impl<N: Native> Backend for Kept<N> {
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(self.attempt(call, control))
    }

    fn depends_on(&self) -> &[Dependency] {
        self.native.depends_on()
    }

    fn is_native(&self) -> bool {
        true
    }

    fn check(&self) -> BoxFuture<'_, Vec<Fault>> {
        self.native.check()
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.retired.store(true, Ordering::Release);
            loop {
                let idle = self.idle.notified();
                if self.running.load(Ordering::Acquire) == 0 {
                    break;
                }
                idle.await;
            }
            self.end().await;
        })
    }
}
