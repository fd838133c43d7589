#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use jiff::Timestamp;
use model::word::code;
use model::{Class, JobId, OnError, Seq, StepState};
use proptest::prelude::*;

use super::*;

fn job(state: JobState, status: i32, message: Option<&str>) -> Job {
    let at = Timestamp::UNIX_EPOCH;
    Job {
        id: JobId::from_parts(at, [0; 10]),
        seq: Seq(1),
        source: "main".to_owned(),
        external_id: None,
        action: "IDENTITY_UPDATE".to_owned(),
        subject: None,
        class: Class::Bulk,
        state,
        head: true,
        lane: String::new(),
        due_at: at,
        deadline: None,
        not_before: None,
        dry_run: false,
        status,
        code: None,
        message: message.map(str::to_owned),
        accepted_at: at,
        started_at: None,
        attempted_at: None,
        ended_at: None,
        replay_of: None,
        cancelled_by: None,
        failed: None,
    }
}

fn step(backend: &str, state: StepState, status: i32) -> Step {
    let (code, message) = if state == StepState::Failed {
        (Some(code::FAILED), Some("no such user".to_owned()))
    } else {
        (None, None)
    };
    Step { state, attempts: 1, status, code, message, ..Step::new(0, backend.to_owned(), OnError::Stop) }
}

#[test]
fn success_is_told_as_the_original_tells_it() {
    let output = json!({ "status": 0, "message": "added", "x": 1 });
    let outcome = Outcome { data: Some(output.clone()), ..Outcome::done() };
    let steps = [(step("10ldap", StepState::Succeeded, 0), Some(outcome))];
    let options = json!({ "async": true, "task": "t" });
    let answer = of_job(&job(JobState::Succeeded, 0, None), &steps, "abc", Some(&options));
    assert_eq!(
        answer.to_string(),
        json!({
            "jobId": "abc",
            "status": 0,
            "data": [{ "backend": "10ldap", "status": 0, "output": output }],
            "jobName": "IDENTITY_UPDATE",
            "options": options,
        })
        .to_string()
    );
}

#[test]
fn a_failure_names_its_backend_in_the_message() {
    let steps = [(step("10ldap", StepState::Failed, 4), None)];
    let answer = of_job(&job(JobState::Failed, 4, Some("no such user")), &steps, "abc", None);
    assert_eq!(answer["status"], 4);
    assert_eq!(answer["data"][0]["error"]["message"], "10ldap: no such user");
    assert!(answer.get("options").is_none());
}

#[test]
fn what_ended_before_any_backend_was_asked_is_an_error_with_a_message() {
    for state in [JobState::Failed, JobState::Cancelled, JobState::Superseded] {
        let answer = of_job(&job(state, 0, Some("its deadline passed")), &[], "abc", None);
        assert_eq!(answer["status"], 1);
        assert_eq!(answer["data"][0]["error"]["message"], "intendant: its deadline passed");
    }
}

#[test]
fn one_that_was_too_late_to_start_changes_nothing_at_the_orchestrator() {
    for code in [code::EXPIRED, code::BLOCKED_BY, code::FAILSAFE_HELD] {
        let late = Job { code: Some(code), ..job(JobState::Failed, 1, Some("its deadline passed")) };
        let answer = of_job(&late, &[], "abc", None);
        assert_eq!((&answer["status"], &answer["jobName"]), (&json!(1), &json!("DUMP_PACKAGE_CONFIG")));
        assert_eq!(answer["data"][0]["error"]["message"], "its deadline passed");
        let begun = Job { started_at: Some(Timestamp::UNIX_EPOCH), ..late };
        assert_eq!(
            of_job(&begun, &[], "abc", None)["jobName"],
            "IDENTITY_UPDATE",
            "a backend may have changed"
        );
    }
    let failed = Job { code: Some(code::FAILED), ..job(JobState::Failed, 1, None) };
    assert_eq!(of_job(&failed, &[], "abc", None)["jobName"], "IDENTITY_UPDATE");
}

proptest! {
    #[test]
    fn the_status_is_never_negative_and_zero_only_for_success(
        status in any::<i32>(),
        state in prop::sample::select(JobState::ALL.as_slice()),
        failed in any::<bool>(),
    ) {
        let state_of_step = if failed { StepState::Failed } else { StepState::Succeeded };
        let steps = [(step("a", state_of_step, status), None)];
        let answer = of_job(&job(state, status, None), &steps, "id", None);
        let said = answer["status"].as_i64().unwrap();
        prop_assert!(said >= 0);
        prop_assert!(state == JobState::Succeeded || said > 0);
        for entry in answer["data"].as_array().unwrap() {
            prop_assert!(entry["status"].as_i64().unwrap() >= 0);
        }
    }
}
