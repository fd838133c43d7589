//! Backends of all modules in one order, each name once.

use std::sync::Arc;

use api::dto::{Finding, Severity};
use engine::port::{Backend, BackendEntry, BoxFuture, Call, Control, Standing};
use model::Outcome;
use model::word::code;

/// By their places, as folders are. Steps are kept under the name of their backend: those that share one are one backend
/// that is broken, unless all but one are inactive. What is found in that is told.
pub(crate) fn in_order(backends: impl Iterator<Item = BackendEntry>) -> (Vec<BackendEntry>, Vec<Finding>) {
    let (mut named, mut found): (Vec<BackendEntry>, Vec<Finding>) = (Vec::new(), Vec::new());
    for entry in backends {
        let Some(other) = named.iter_mut().find(|other| other.name == entry.name) else {
            named.push(entry);
            continue;
        };
        found.push(meet(other, entry));
    }
    // By code units, as folders are.
    named.sort_by_cached_key(|entry| entry.place.encode_utf16().collect::<Vec<u16>>());
    (named, found)
}

/// What becomes of a backend when another one has its name.
fn meet(first: &mut BackendEntry, second: BackendEntry) -> Finding {
    let name = Arc::clone(&first.name);
    let (of_first, of_second) = (whose(first), whose(&second));
    let what = format!("two backends are called {name}: {of_first} and {of_second}");
    let finding = |severity, what, remedy: &str| {
        let remedy = remedy.to_owned();
        Finding { file: name.to_string(), line: None, severity, what, remedy }
    };
    let (standing, other) = (first.standing, second.standing);
    if standing == Standing::Inactive || other == Standing::Inactive {
        if standing == Standing::Inactive {
            *first = second;
        }
        let what = format!("{what}; one of them is inactive, and left out");
        return finding(Severity::Warning, what, "remove it, or give it another name");
    }
    let remedy = "give one of them another name: steps are kept under the name of their backend";
    let why = format!("{what}; {remedy}");
    let mut actions = second.actions;
    actions.append(&mut first.actions);
    *first = BackendEntry {
        standing: if other == Standing::Broken { other } else { standing },
        trouble: Some(why.clone()),
        place: Arc::clone(&first.place),
        ..BackendEntry::new(Arc::clone(&name), Arc::new(Clash(why)), actions)
    };
    finding(Severity::Error, what, remedy)
}

fn whose(entry: &BackendEntry) -> &'static str {
    if entry.backend.is_native() { "one of the program" } else { "one in a folder" }
}

/// Stands where nobody knows which of two is meant.
struct Clash(String);

impl Backend for Clash {
    fn run(&self, _: Call, _: Control) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::hard(1, code::BACKEND_BROKEN, self.0.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use engine::port::Mapping;
    use model::OnError;

    use super::*;
    use crate::native::{Native, native};

    struct Nothing;

    impl Backend for Nothing {
        fn run(&self, _: Call, _: Control) -> BoxFuture<'_, Outcome> {
            Box::pin(async { Outcome::done() })
        }
    }

    impl Native for Nothing {
        fn run(&self, _: Call, _: Control) -> BoxFuture<'_, Outcome> {
            Box::pin(async { Outcome::done() })
        }
    }

    fn folder(name: &str, place: &str, action: &str) -> BackendEntry {
        let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
        let entry = BackendEntry::new(name, Arc::new(Nothing), [(action.to_owned(), mapping)]);
        BackendEntry { place: place.into(), ..entry }
    }

    fn part(name: &str) -> BackendEntry {
        BackendEntry { backend: native(Nothing), ..folder(name, name, "DO") }
    }

    fn names(entries: &[BackendEntry]) -> Vec<&str> {
        entries.iter().map(|entry| &*entry.name).collect()
    }

    #[test]
    fn a_native_one_stands_between_folders_whatever_these_are_called() {
        let folders = [folder("zebra", "30x", "DO"), folder("50y", "50y", "DO")];
        let (entries, found) = in_order([part("40google")].into_iter().chain(folders));
        assert_eq!(names(&entries), ["zebra", "40google", "50y"]);
        assert_eq!(found, []);
    }

    #[test]
    fn two_of_one_name_are_one_that_is_broken_and_told() {
        let (entries, found) =
            in_order([folder("40google", "40google", "UNDO"), part("40google")].into_iter());
        assert_eq!(names(&entries), ["40google"]);
        assert_eq!(entries[0].actions.keys().collect::<Vec<_>>(), ["DO", "UNDO"], "jobs of both see it");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        let said = found[0].to_string();
        assert!(said.contains("one in a folder and one of the program"), "{said}");
        assert!(said.contains("give one of them another name"), "{said}");
        assert!(entries[0].trouble.is_some());
    }

    #[test]
    fn an_inactive_one_gives_way() {
        let aside = BackendEntry { standing: Standing::Inactive, ..folder("40google", "40google", "OLD") };
        for both in [[aside.clone(), part("40google")], [part("40google"), aside]] {
            let (entries, found) = in_order(both.into_iter());
            assert_eq!(entries[0].standing, Standing::Active);
            assert!(entries[0].backend.is_native());
            assert_eq!(found[0].severity, Severity::Warning);
        }
    }
}
