//! A backend of the hub's own that does nothing, at once: what is measured with it is the road of a request itself.

use engine::port::{BackendEntry, BoxFuture, Call, Control, Mapping};
use model::{OnError, Outcome};
use module::{Native, Offer, native};

/// Its name among the backends.
const NAME: &str = "noop";

struct Noop;

impl Native for Noop {
    fn run(&self, _: Call, _: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::done() })
    }
}

/// The backend for these actions, if there are any.
pub fn offer(actions: &[String]) -> Offer {
    let trouble = trouble(actions);
    if trouble.is_none() {
        return Offer::default();
    }
    let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
    let mapped = actions.iter().map(|action| (action.clone(), mapping));
    let entry = BackendEntry { trouble, ..BackendEntry::new(NAME, native(Noop), mapped) };
    Offer { backends: vec![entry], ..Offer::default() }
}

/// What everybody is told who looks.
pub fn trouble(actions: &[String]) -> Option<String> {
    let named = (!actions.is_empty()).then(|| actions.join(", "))?;
    Some(format!(
        "{named}: the hub was started with --noop, for measurements; a backend of its own answers that this is done, and \
         nothing is"
    ))
}
