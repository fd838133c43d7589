//! From what a script prints and how it ends to an outcome.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use common::{Folder, answer, outcome_of};
use model::word::{Code, code};
use model::{Outcome, OutcomeKind, Until, Wait, WaitFor};
use serde_json::json;

fn verdict(outcome: &Outcome) -> (OutcomeKind, i32, Option<Code>) {
    (outcome.kind, outcome.status, outcome.code.clone())
}

fn message(outcome: &Outcome) -> &str {
    outcome.message.as_deref().unwrap_or_default()
}

#[test]
fn success_needs_exit_zero_and_status_zero() {
    let outcome =
        outcome_of(r#"cat >/dev/null; echo '{"status": 0, "message": "server alive", "extra": [1]}'"#);
    assert_eq!(verdict(&outcome), (OutcomeKind::Done, 0, None));
    assert_eq!(message(&outcome), "server alive");
    assert_eq!(outcome.data, Some(json!({"status": 0, "message": "server alive", "extra": [1]})));
    assert_eq!(outcome.log, None);
}

#[test]
fn the_exit_code_decides_over_the_answer() {
    let outcome = outcome_of(r#"echo '{"status": 0, "message": "half done"}'; exit 3"#);
    assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 3, Some(code::FAILED)));
    assert_eq!(message(&outcome), "half done");
}

#[test]
fn exit_zero_with_another_status_fails_with_that_status_and_message() {
    for status in [1, 3, 16, 77] {
        let outcome = outcome_of(&format!(r#"echo '{{"status": {status}, "message": "no such user"}}'"#));
        assert_eq!(verdict(&outcome), (OutcomeKind::Hard, status, Some(code::FAILED)));
        assert_eq!(message(&outcome), "no such user");
    }
}

#[test]
fn exit_zero_without_an_answer_is_32_and_shows_the_last_line() {
    let outcome = outcome_of("echo all is well");
    assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)));
    assert!(
        message(&outcome).contains(r#"{"status": 0"#) && message(&outcome).contains("all is well"),
        "{outcome:?}"
    );
    assert_eq!(verdict(&outcome_of("true")), (OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)));
}

#[test]
fn an_answer_without_a_usable_status_keeps_its_message() {
    for status in [r#""0""#, "null", "true", "[]"] {
        let outcome = outcome_of(&format!(r#"echo '{{"status": {status}, "message": "entry added"}}'"#));
        assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)), "{status}");
        assert!(message(&outcome).starts_with("entry added"), "{outcome:?}");
    }
    assert_eq!(outcome_of(r#"echo '{"message": "m"}'"#).status, 32);
}

#[test]
fn a_failure_with_no_message_quotes_the_last_line_of_its_complaints() {
    let outcome =
        outcome_of("echo Traceback: >&2; echo \"ModuleNotFoundError: No module named 'ldap'\" >&2; exit 1");
    assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 1, Some(code::FAILED)));
    assert!(
        message(&outcome).contains("exit code 1") && message(&outcome).contains("No module named 'ldap'"),
        "{outcome:?}"
    );
    assert!(outcome.log.unwrap().contains("Traceback:"));
}

/// Defect 8 of the original: complaints hid the message.
#[test]
fn the_answer_is_looked_for_on_stdout_first_then_on_stderr() {
    let both = outcome_of(
        r#"echo '{"status": 4, "message": "out"}'; echo '{"status": 8, "message": "err"}' >&2; exit 4"#,
    );
    assert_eq!(message(&both), "out");
    let warned = outcome_of(r#"echo 'a warning "' >&2; echo '{"status": 4, "message": "kept"}'; exit 4"#);
    assert_eq!(message(&warned), "kept");
    let complained = outcome_of(r#"echo progress; echo '{"status": 8, "message": "err"}' >&2; exit 8"#);
    assert_eq!((complained.status, message(&complained)), (8, "err"));
    let remark = outcome_of(r#"echo '{"message": "remark"}'; echo '{"status": 0, "message": "err"}' >&2"#);
    assert_eq!((remark.kind, message(&remark)), (OutcomeKind::Done, "err"));
}

#[test]
fn ex_tempfail_and_the_answers_own_wish_are_soft() {
    let tempfail = outcome_of("exit 75");
    assert_eq!(verdict(&tempfail), (OutcomeKind::Soft, 75, Some(code::RETRY)));
    let wished = outcome_of(r#"echo '{"status": 4, "message": "busy", "retry": true}'; exit 1"#);
    assert_eq!(verdict(&wished), (OutcomeKind::Soft, 1, Some(code::RETRY)));
    let dated = outcome_of(r#"echo '{"status": 4, "message": "busy", "retry_after": 90}'"#);
    assert_eq!(verdict(&dated), (OutcomeKind::Soft, 4, Some(code::RETRY)));
    assert_eq!((message(&dated), dated.retry_after), ("busy", Some(Duration::from_secs(90))));
    let not_done = outcome_of(r#"echo '{"status": 0, "message": "later", "retry": true}'"#);
    assert_eq!(verdict(&not_done), (OutcomeKind::Soft, 75, Some(code::RETRY)));
    assert_eq!(outcome_of(r#"echo '{"status": 4, "retry": false}'"#).kind, OutcomeKind::Hard);
}

#[test]
fn exit_codes_of_the_configuration_are_soft() {
    let folder = Folder::new();
    folder.backend("10test", "    retries: {max: 1, on_exit: [111, 5]}\n", "exit 5");
    assert_eq!(verdict(&answer(&folder)), (OutcomeKind::Soft, 5, Some(code::RETRY)));
    folder.backend("10test", "    retries: {max: 1, on_exit: [111]}\n", "exit 5");
    assert_eq!(verdict(&answer(&folder)), (OutcomeKind::Hard, 5, Some(code::FAILED)));
}

#[test]
fn a_signal_is_soft_and_128_more() {
    for (signal, status) in [("KILL", 137), ("TERM", 143), ("SEGV", 139), ("ABRT", 134)] {
        let outcome = outcome_of(&format!(
            "ulimit -c 0; echo '{{\"status\": 0, \"message\": \"almost\"}}'; kill -{signal} $$"
        ));
        assert_eq!(verdict(&outcome), (OutcomeKind::Soft, status, Some(code::KILLED)), "{signal}");
        assert!(message(&outcome).contains("almost"), "{outcome:?}");
    }
}

/// Defect of the original: a killed shell gave no code, and no code counted as success.
#[test]
fn a_signal_behind_a_shell_is_the_same() {
    let folder = Folder::new();
    folder.backend("10test", "", "kill -9 $$");
    let config = std::fs::read_to_string(folder.path().join("10test/config.yml")).unwrap();
    folder.write("10test/config.yml", config.replace("'run.sh'", "'run.sh; exit $?'"));
    assert_eq!(verdict(&answer(&folder)), (OutcomeKind::Soft, 137, Some(code::KILLED)));
    folder.write("10test/config.yml", config.replace("'run.sh'", "'run.sh | kill -9 $$'"));
    assert_eq!(verdict(&answer(&folder)), (OutcomeKind::Soft, 137, Some(code::KILLED)));
}

/// Defects 7 and 9 of the original.
#[test]
fn braces_and_quotes_outside_the_answer_do_no_harm() {
    let noise = r#"cat <<'END'
{'status': 1, 'it"s': a python dict}
} an odd " quote {
END
printf '\357\273\277{\r\n "status": 0,\r\n "message": "found",\r\n "x": NaN\r\n}\r\n'
echo 'done }'"#;
    let outcome = outcome_of(noise);
    assert_eq!((outcome.kind, message(&outcome)), (OutcomeKind::Done, "found"));
    let log = outcome.log.unwrap();
    assert!(log.contains("a python dict") && log.contains("done }") && !log.contains("found"), "{log}");
}

/// Defect 16 of the original: characters were cut where a pipe was.
#[test]
fn a_megabyte_of_characters_arrives_whole() {
    let unit = "é€😀ééé€€😀😀ééé€€€€€€€€€€€€€€€€€€€€€€€€€€€€";
    let script = format!(
        r#"printf '{{"status": 0, "message": "'; i=0; while [ $i -lt 5000 ]; do printf '{unit}'; i=$((i+1)); done; echo '"}}'"#
    );
    let folder = Folder::new();
    folder.backend("10test", "    limits: {output: 2MiB}\n", &script);
    let outcome = answer(&folder);
    assert_eq!(outcome.kind, OutcomeKind::Done);
    let text = message(&outcome);
    assert_eq!(text.chars().count(), 5000 * unit.chars().count());
    assert!(!text.contains('\u{fffd}'));
}

#[test]
fn output_in_any_encoding_survives() {
    let outcome =
        outcome_of(r#"printf '{"status": 1, "message": "\351t\351 \000 \377"}'; printf 'caf\351\n' >&2"#);
    assert_eq!((outcome.status, message(&outcome)), (1, "\u{fffd}t\u{fffd} \0 \u{fffd}"));
    assert_eq!(outcome.log.as_deref(), Some("caf\u{fffd}\n"));
}

#[test]
fn an_answer_that_is_nested_too_deep_fails_the_step() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let said = |levels| {
        outcome_of(&format!(r#"echo '{{"status": 0, "message": "all", "data": {}}}'"#, deep(levels)))
    };
    assert_eq!(verdict(&said(95)), (OutcomeKind::Done, 0, None));
    let outcome = said(96);
    assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)));
    let words = message(&outcome);
    assert!(words.contains("nested deeper than 96 levels") && words.contains("all"), "{words}");
}

#[test]
fn ten_megabytes_in_one_text_are_no_answer_but_no_harm() {
    let outcome = outcome_of(
        r#"printf '{"status": 0, "message": "'; head -c 10000000 /dev/zero | tr '\0' x; echo '"}'"#,
    );
    assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)));
    let log = outcome.log.unwrap();
    assert!(log.len() <= 64 * 1024, "{}", log.len());
}

#[test]
fn an_answer_after_a_flood_is_found() {
    let outcome = outcome_of(
        r#"head -c 50000000 /dev/zero; head -c 50000000 /dev/zero >&2; echo '{"status": 0, "message": "dry"}'"#,
    );
    assert_eq!((outcome.kind, message(&outcome)), (OutcomeKind::Done, "dry"));
    assert!(outcome.log.unwrap().len() <= 64 * 1024);
}

#[test]
fn a_script_may_say_not_now() {
    let wait = |pause, scope| Some(Wait { until: Until::After(Duration::from_secs(pause)), scope });
    let outcome = outcome_of(r#"echo '{"status": 0, "wait": 90, "message": "the quota is used up"}'"#);
    assert_eq!(verdict(&outcome), (OutcomeKind::Wait, 75, Some(code::WAIT)));
    assert_eq!((outcome.wait, message(&outcome)), (wait(90, WaitFor::Job), "the quota is used up"));
    let all = outcome_of(r#"echo '{"wait": "30", "wait_for": "backend"}'; exit 1"#);
    assert_eq!(verdict(&all), (OutcomeKind::Wait, 75, Some(code::WAIT_BACKEND)));
    assert_eq!(all.wait, wait(30, WaitFor::Backend));
    let none = outcome_of(r#"echo '{"status": 0, "wait": null}'"#);
    assert_eq!(verdict(&none), (OutcomeKind::Done, 0, None));
}

#[test]
fn a_wait_that_cannot_be_understood_is_told() {
    for (asked, told) in [
        (r#""wait": "soon""#, "`wait` is no number"),
        (r#""wait": -1"#, "`wait` is no number"),
        (r#""wait": 5, "wait_for": "all""#, "`wait_for` is neither"),
    ] {
        let outcome = outcome_of(&format!(r#"echo '{{"status": 0, {asked}}}'"#));
        assert_eq!(verdict(&outcome), (OutcomeKind::Hard, 32, Some(code::INVALID_ANSWER)));
        assert!(message(&outcome).contains(told), "{outcome:?}");
    }
}
