//! Each promise, kept and broken.

use super::*;

fn run(job: &str, step: u16, attempt: u32) -> Run {
    Run { job: job.to_owned(), step, attempt }
}

/// A job about `user`, whose one step made these attempts and succeeded with the last one whose end is recorded.
fn job(id: &str, seq: i64, attempts: &[(u32, bool)]) -> JobView {
    JobView {
        id: id.to_owned(),
        seq,
        subject: Some("user".to_owned()),
        ended: true,
        steps: vec![StepView { index: 0, ended: true, succeeded: true, attempts: attempts.to_vec() }],
    }
}

fn judge(log: &str, acknowledged: &[&str], journal: &[JobView]) -> Vec<Violation> {
    let acknowledged: Vec<String> = acknowledged.iter().map(ToString::to_string).collect();
    let lines = read(&log.replace(", ", "\n")).unwrap();
    verify(&lines, &acknowledged, journal, true)
}

#[test]
fn a_good_history_has_no_violation() {
    let log = "a 0 1 start, a 0 1 end, b 0 1 start, b 0 2 start, b 0 2 end";
    let journal = [job("a", 1, &[(1, true)]), job("b", 2, &[(1, false), (2, true)])];
    assert_eq!(judge(log, &["a", "b"], &journal), []);
}

#[test]
fn an_acknowledged_job_must_be_there() {
    assert_eq!(judge("", &["a"], &[]), [Violation::Lost("a".to_owned())]);
}

#[test]
fn every_job_must_have_ended_once_the_queue_is_empty() {
    let live = JobView { ended: false, steps: Vec::new(), ..job("a", 1, &[]) };
    assert_eq!(judge("", &["a"], std::slice::from_ref(&live)), [Violation::Unfinished("a".to_owned())]);
    assert_eq!(verify(&[], &[], &[live], false), []);
}

#[test]
fn an_attempt_is_recorded_before_it_starts() {
    let log = "a 0 1 start, a 0 1 end, a 0 2 start, a 0 2 end";
    let journal = [job("a", 1, &[(2, true)])];
    assert_eq!(judge(log, &[], &journal), [Violation::Unrecorded(run("a", 0, 1))]);
    assert_eq!(judge("x 0 1 start", &[], &[]), [Violation::Unrecorded(run("x", 0, 1))]);
}

#[test]
fn an_attempt_has_a_number_of_its_own() {
    let log = "a 0 1 start, a 0 1 start, a 0 1 end";
    assert_eq!(judge(log, &[], &[job("a", 1, &[(1, true)])]), [Violation::Repeated(run("a", 0, 1))]);
}

#[test]
fn numbers_only_grow() {
    let log = "a 0 2 start, a 0 1 start, a 0 1 end, a 0 3 start, a 0 3 end";
    let journal = [job("a", 1, &[(1, true), (2, false), (3, true)])];
    assert_eq!(judge(log, &[], &journal), [Violation::Backwards { run: run("a", 0, 1), after: 2 }]);
}

#[test]
fn a_step_that_ended_is_never_run_again() {
    let log = "a 0 1 start, a 0 1 end, a 0 2 start";
    let journal = [job("a", 1, &[(1, true), (2, false)])];
    assert_eq!(judge(log, &[], &journal), [Violation::RanAgain { run: run("a", 0, 2), ended: 1 }]);
}

#[test]
fn a_success_without_an_end_is_invented() {
    let journal = [job("a", 1, &[(1, true)])];
    assert_eq!(judge("a 0 1 start", &[], &journal), [Violation::Invented(run("a", 0, 1))]);
}

#[test]
fn the_jobs_of_a_subject_keep_their_order() {
    let log = "b 0 1 start, b 0 1 end, a 0 1 start, a 0 1 end";
    let journal = [job("a", 1, &[(1, true)]), job("b", 2, &[(1, true)])];
    let [Violation::Order { run: late, later, .. }] = &judge(log, &[], &journal)[..] else { panic!() };
    assert_eq!((late, later.as_str()), (&run("a", 0, 1), "b"));
}

#[test]
fn other_subjects_may_overtake() {
    let log = "b 0 1 start, a 0 1 start, a 0 1 end, b 0 1 end";
    let other = JobView { subject: Some("other".to_owned()), ..job("a", 1, &[(1, true)]) };
    assert_eq!(judge(log, &[], &[other, job("b", 2, &[(1, true)])]), []);
}

#[test]
fn two_attempts_of_one_subject_are_never_alive_together() {
    // The first attempt was thought dead, and wrote its end after the second had begun.
    let log = "a 0 1 start, a 0 2 start, a 0 1 end, a 0 2 end";
    let journal = [job("a", 1, &[(1, false), (2, true)])];
    let [Violation::Overlap { run: first, other, .. }] = &judge(log, &[], &journal)[..] else { panic!() };
    assert_eq!((first, other), (&run("a", 0, 1), &run("a", 0, 2)));
}

#[test]
fn a_line_says_what_is_wrong_with_it() {
    for bad in ["a 0 1", "a 0 1 begin", "a x 1 start", "a 0 1 start more"] {
        assert_eq!(read(bad), Err(BadLine(bad.to_owned())));
    }
}

#[test]
fn the_script_tells_of_its_begin_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = script(&log, "echo \"$ATTEMPT of $JOB\"; status=3");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .env("INTENDANT_RUN", "journal/job-1/0/2")
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"2 of job-1\n");
    assert_eq!(output.status.code(), Some(3));
    let lines = read(&std::fs::read_to_string(&log).unwrap()).unwrap();
    let edges: Vec<_> = lines.iter().map(|l| (l.run.clone(), l.edge)).collect();
    assert_eq!(edges, [(run("job-1", 0, 2), Edge::Start), (run("job-1", 0, 2), Edge::End)]);
}
