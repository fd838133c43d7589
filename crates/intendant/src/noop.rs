//! A backend of the hub's own that does nothing, at once: what is measured with it is the road of a request itself.

use std::sync::Arc;

use engine::port::{Backend, BackendEntry, BoxFuture, Call, Control, Mapping};
use model::{OnError, Outcome};

/// Its name among the backends.
const NAME: &str = "noop";

struct Noop;

impl Backend for Noop {
    fn run(&self, _: Call, _: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::done() })
    }
}

/// The backend for these actions; `None` = there are none.
pub fn entry(actions: &[String]) -> Option<BackendEntry> {
    let trouble = trouble(actions)?;
    let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
    let mapped = actions.iter().map(|action| (action.clone(), mapping));
    Some(BackendEntry { trouble: Some(trouble), ..BackendEntry::new(NAME, Arc::new(Noop), mapped) })
}

/// What everybody is told who looks.
pub fn trouble(actions: &[String]) -> Option<String> {
    let named = (!actions.is_empty()).then(|| actions.join(", "))?;
    Some(format!(
        "{named}: the hub was started with --noop, for measurements; a backend of its own answers that this is done, and \
         nothing is"
    ))
}
