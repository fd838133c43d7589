//! From what a script prints and how it ends to an outcome (contracts/sesame.md §3.0, §3.6, §6).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::outcome_of;
use model::OutcomeKind;
use model::word::code;

#[test]
fn success_needs_exit_zero_and_status_zero() {
    let outcome = outcome_of(r#"cat >/dev/null; echo '{"status": 0, "message": "server alive"}'"#);
    assert_eq!((outcome.kind, outcome.status, outcome.code), (OutcomeKind::Done, 0, None));
    assert_eq!(outcome.message.as_deref(), Some("server alive"));
    assert_eq!(outcome.log, None);
}

#[test]
fn the_exit_code_decides_over_the_answer() {
    let outcome = outcome_of(r#"echo '{"status": 0, "message": "half done"}'; exit 3"#);
    assert_eq!((outcome.kind, outcome.status, outcome.code), (OutcomeKind::Hard, 3, Some(code::FAILED)));
    assert_eq!(outcome.message.as_deref(), Some("half done"));
}
