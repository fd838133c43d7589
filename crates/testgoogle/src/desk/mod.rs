//! What a test decides of a double, and reads of it: the same for both.

mod order;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

pub use order::Order;
pub(crate) use order::Told;

/// One call of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// From 1, in the order of arrival.
    pub number: usize,
    /// What was called: `users.insert`, `users.aliases.delete`, `token`, `authorize`; `accounts.get`, `accounts.list` and
    /// `accounts.update` of GrAM; empty for what does not exist.
    pub method: String,
    /// About whom: the key in the path, or the address of the account that is to be made; empty = nobody.
    pub key: String,
    /// Its query.
    pub query: BTreeMap<String, String>,
    /// Its body; null = none, or no JSON.
    pub body: Value,
    /// When it arrived.
    pub at: Timestamp,
    /// What it was answered; `None` = nothing yet, or the connection was closed.
    pub status: Option<u16>,
}

/// A moment in the life of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// It has arrived, and nothing has come of it.
    Arrived,
    /// It has taken effect, and nothing is answered yet.
    Done,
    /// The answer has been handed to the network.
    Answered,
}

/// What is to follow upon a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The call goes on.
    GoOn,
    /// The connection is closed: upon [`Moment::Arrived`] nothing has come of the call, upon [`Moment::Done`] its answer
    /// is lost.
    HangUp,
}

type Watcher = dyn Fn(&Call, Moment) -> Then + Send + Sync;
type Clock = dyn Fn() -> Timestamp + Send + Sync;

/// What a test decides of a double, and reads of it.
pub struct Desk {
    state: Mutex<State>,
}

struct State {
    orders: Vec<Order>,
    calls: Vec<Call>,
    strange: Vec<String>,
    watcher: Option<Arc<Watcher>>,
    clock: Arc<Clock>,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        let clock: Arc<Clock> = Arc::new(Timestamp::now);
        let (orders, calls, strange) = (Vec::new(), Vec::new(), Vec::new());
        Desk { state: Mutex::new(State { orders, calls, strange, watcher: None, clock }) }
    }

    /// Orders something for the calls to come. Orders that were given before come first.
    pub fn order(&self, order: Order) {
        self.lock().orders.push(order);
    }

    /// Takes back what was ordered and has not been done.
    pub fn countermand(&self) {
        self.lock().orders.clear();
    }

    /// Is called at each moment of each call, on a thread on which it may block. What it returns is done.
    pub fn watch(&self, watcher: impl Fn(&Call, Moment) -> Then + Send + Sync + 'static) {
        self.lock().watcher = Some(Arc::new(watcher));
    }

    /// Is called no more.
    pub fn unwatch(&self) {
        self.lock().watcher = None;
    }

    /// Goes by this clock from now on.
    pub fn go_by(&self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) {
        self.lock().clock = Arc::new(clock);
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let clock = Arc::clone(&self.lock().clock);
        clock()
    }

    /// The calls that came so far.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Those of one method.
    pub fn calls_of(&self, method: &str) -> Vec<Call> {
        self.lock().calls.iter().filter(|call| call.method == method).cloned().collect()
    }

    /// The methods that were called, in their order.
    pub fn methods(&self) -> Vec<String> {
        self.lock().calls.iter().map(|call| call.method.clone()).collect()
    }

    /// Begins to count anew.
    pub fn forget_calls(&self) {
        self.lock().calls.clear();
    }

    /// What was asked, or answered, and is not in the description; with this it is forgotten.
    pub fn take_strange(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().strange)
    }

    /// Fails when anything was asked, or answered, that is not in the description.
    pub fn assert_nothing_strange(&self) {
        let strange = self.take_strange();
        assert!(strange.is_empty(), "outside of the description:\n{}", strange.join("\n"));
    }

    pub(crate) fn strange(&self, what: String) {
        self.lock().strange.push(what);
    }

    /// Writes down a call that has arrived.
    pub(crate) fn arrived(&self, mut call: Call) -> Call {
        let mut state = self.lock();
        call.number = state.calls.len() + 1;
        state.calls.push(call.clone());
        call
    }

    pub(crate) fn answered(&self, call: &Call) {
        if let Some(noted) = self.lock().calls.get_mut(call.number - 1).filter(|noted| noted.at == call.at) {
            noted.status = call.status;
        }
    }

    /// What is ordered for a call, once less from now on.
    pub(crate) fn ordered(&self, call: &Call) -> Option<Order> {
        let mut state = self.lock();
        let place = state.orders.iter_mut().position(|order| order.concerns(call))?;
        let order = state.orders[place].clone();
        if state.orders[place].used_up() {
            state.orders.remove(place);
        }
        Some(order)
    }

    pub(crate) fn watcher(&self) -> Option<Arc<Watcher>> {
        self.lock().watcher.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
