//! Pure modules do no I/O, do not wait, and read neither clock nor chance: what they need is an argument.

use super::Source;
use super::names;

/// Folders and files that must be pure.
const PURE: &[&str] = &[
    "crates/bus/src/envelope/",
    "crates/bus/src/failure.rs",
    "crates/bus/src/moved.rs",
    "crates/bus/src/raw.rs",
    "crates/bus/src/reactor.rs",
    "crates/bus/src/request.rs",
    "crates/bus/src/route/",
    "crates/bus/src/tell.rs",
    "crates/engine/src/state/window.rs",
    "crates/engine/src/work/outbox/queue.rs",
    "crates/engine/src/work/progress.rs",
    "crates/api/src/decode",
    "crates/google/src/account/",
    "crates/google/src/diff/",
    "crates/google/src/identity.rs",
    "crates/google/src/request.rs",
    "crates/google/src/template.rs",
    "crates/google/src/told.rs",
    "crates/google/src/trouble.rs",
    "crates/journal/src/rules",
    "crates/mapistore/src/registry/",
    "crates/mapistore/src/request.rs",
    "crates/mapistore/src/stored.rs",
    "crates/model/src/",
    "crates/scripts/src/answer/",
    "crates/scripts/src/worker/lines.rs",
    "crates/scripts/src/worker/protocol.rs",
    "crates/hosting/src/answer.rs",
    "crates/hosting/src/establishment",
    "crates/hosting/src/lifecycle",
    "crates/hosting/src/pace.rs",
    "crates/hosting/src/reactor.rs",
    "crates/hosting/src/request.rs",
    "crates/hosting/src/rne.rs",
    "crates/hosting/src/state.rs",
    "crates/hosting/src/tracker/followed",
    "crates/hosting/src/tracker/link.rs",
    "crates/hosting/src/tracker/reported.rs",
    "crates/hosting/src/tracker/table.rs",
    "crates/hosting/src/upload/check/",
    "crates/hosting/src/upload/set.rs",
    "crates/hosting/src/upload/ticket.rs",
    "crates/hosting/src/upload/tus",
    "crates/hosting/src/values.rs",
    "crates/identities/src/document",
    "crates/identities/src/fingerprint",
    "crates/identities/src/identity",
    "crates/identities/src/import/",
    "crates/identities/src/reactor",
    "crates/identities/src/request",
    "crates/identities/src/state",
    "crates/sesame/src/answer",
    "crates/sesame/src/decode/",
    "crates/sesame/src/reactor.rs",
];

/// What a pure module must not name.
const IMPURE: &[&str] = &[
    "getrandom",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "rand",
    "rusqlite",
    "rustix",
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "uuid::Uuid::new_v4",
    "uuid::Uuid::now_v7",
];

/// Lists what the pure modules name and must not, with file and line. Their tests are free.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let missing = PURE.iter().filter(|pure| !sources.iter().any(|s| s.path.starts_with(**pure)));
    let missing = missing.map(|pure| format!("{pure} is on the list of pure modules and does not exist"));
    let is_pure = |s: &&Source| s.is_rust() && PURE.iter().any(|pure| s.path.starts_with(pure));
    missing.chain(sources.iter().filter(is_pure).flat_map(impurities)).collect()
}

fn impurities(source: &Source) -> Vec<String> {
    let named = match names::of(&source.text) {
        Ok(named) => named,
        Err(error) => return vec![format!("{}: {error}", source.path)],
    };
    let impure = |path: &str| path == names::ASYNC || IMPURE.iter().any(|impure| is_named(path, impure));
    let mut found: Vec<_> = named.into_iter().filter(|(_, path)| impure(path)).collect();
    found.dedup_by_key(|(line, _)| *line);
    found.iter().map(|(line, what)| format!("{}:{line} uses {what}", source.path)).collect()
}

/// Whether a path names the impure thing: begins with it, or ends a longer path that was shortened by a `use` of the
/// type (`Timestamp::now` for `jiff::Timestamp::now`).
fn is_named(path: &str, impure: &str) -> bool {
    let begins = path.strip_prefix(impure).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let shortened =
        impure.split("::").count() > 2 && path.contains("::") && impure.ends_with(&format!("::{path}"));
    begins || shortened
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn check_text(text: &str) -> Vec<String> {
        impurities(&source("crates/model/src/a.rs", text))
    }

    #[test]
    fn impure_names_are_found_however_they_come_in() {
        for (text, what) in [
            ("use std::fs::File;", "std::fs::File"),
            ("use std::{io, net::{IpAddr, TcpStream}};", "std::net::IpAddr"),
            ("use tokio as t;", "tokio"),
            ("use std::time::*; fn f() -> std::time::Instant { g() }", "std::time::Instant"),
            ("fn f() { let _ = jiff::Timestamp::now(); }", "jiff::Timestamp::now"),
            ("use jiff::Timestamp; fn f() { let _ = Timestamp::now(); }", "Timestamp::now"),
            ("fn f() { println!(\"{:?}\", std::env::args()); }", "std::env"),
            ("async fn f() {}", "async"),
        ] {
            let findings = check_text(text);
            let expected = format!("crates/model/src/a.rs:1 uses {what}");
            assert!(findings.contains(&expected), "{text}: {findings:?}");
        }
    }

    #[test]
    fn pure_code_its_comments_and_its_tests_are_free() {
        let text = "//! Not std::fs, nor tokio.\nuse std::time::Duration;\nuse jiff::Timestamp;\n\
            fn random(environment: &str) -> String { format!(\"{environment} std::env\") }\n\
            #[cfg(test)] mod tests { use std::time::Instant; }";
        assert_eq!(check_text(text), Vec::<String>::new());
    }

    #[test]
    fn a_listed_module_must_exist_and_others_may_do_io() {
        assert_eq!(check(&[source("crates/journal/src/a.rs", "use std::fs;")]).len(), PURE.len());
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(check_text("fn f( {").len(), 1);
    }
}
