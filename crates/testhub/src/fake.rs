//! A backend whose every answer the test decides.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use engine::port::{Backend, BoxFuture, Call, Control};
use model::word::code;
use model::{JobId, Outcome, RunMark};
use serde_json::Value;
use tokio::sync::Semaphore;

type Answer = dyn Fn(Call, Control) -> BoxFuture<'static, Outcome> + Send + Sync;

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Called {
    /// Of which attempt.
    pub mark: RunMark,
    /// Which action.
    pub action: String,
    /// With which document.
    pub body: Value,
}

/// A backend that keeps a list of its calls and answers as the test says.
pub struct Fake {
    /// Its calls, in their order.
    pub calls: Mutex<Vec<Called>>,
    answer: Box<Answer>,
}

impl Fake {
    /// Answers at once.
    pub fn new(answer: impl Fn(&Call) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Fake::with(move |call, _| {
            let outcome = answer(&call);
            Box::pin(async move { outcome })
        })
    }

    /// Answers when it likes.
    pub fn with(
        answer: impl Fn(Call, Control) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Fake { calls: Mutex::default(), answer: Box::new(answer) })
    }

    /// Succeeds.
    pub fn done() -> Arc<Self> {
        Fake::new(|_| Outcome::done())
    }

    /// Answers in this order, then succeeds.
    pub fn answers(outcomes: Vec<Outcome>) -> Arc<Self> {
        let left = Mutex::new(VecDeque::from(outcomes));
        Fake::new(move |_| left.lock().unwrap().pop_front().unwrap_or_else(Outcome::done))
    }

    /// Waits for a permit of the semaphore before each success; what is told to stop meanwhile is interrupted.
    pub fn gated(gate: &Arc<Semaphore>) -> Arc<Self> {
        let gate = Arc::clone(gate);
        Fake::with(move |_, mut control| {
            let gate = Arc::clone(&gate);
            Box::pin(async move {
                tokio::select! {
                    permit = gate.acquire() => { permit.unwrap().forget(); Outcome::done() }
                    _ = control.stop.wait_for(Option::is_some) => interrupted(),
                }
            })
        })
    }

    /// How often it was asked.
    pub fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// The jobs of its calls.
    pub fn jobs(&self) -> Vec<JobId> {
        self.calls.lock().unwrap().iter().map(|call| call.mark.job).collect()
    }

    /// The documents of its calls.
    pub fn bodies(&self) -> Vec<Value> {
        self.calls.lock().unwrap().iter().map(|call| call.body.clone()).collect()
    }

    /// Whom its calls were about.
    pub fn about(&self) -> Vec<String> {
        let about = |body: Value| body["concernedTo"].as_str().unwrap_or_default().to_owned();
        self.bodies().into_iter().map(about).collect()
    }
}

impl Backend for Fake {
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome> {
        let (mark, action) = (call.mark.clone(), call.action.to_string());
        self.calls.lock().unwrap().push(Called { mark, action, body: (*call.body).clone() });
        (self.answer)(call, control)
    }
}

/// What an attempt comes to that was ended by force.
pub fn interrupted() -> Outcome {
    Outcome::soft(2, code::INTERRUPTED, "ended by force")
}
