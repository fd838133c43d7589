//! One crash at each point where a promise could break.

use model::JobState;
use testkit::shadow::Event::{Spawn, Sync};
use testkit::shadow::Point::{self, After, Before};

use crate::bed::Bed;

/// A job of one step makes three commits: accepted, started, settled.
const ACCEPT: u64 = 1;
const START: u64 = 2;
const SETTLE: u64 = 3;

/// What is left of one job after a crash, once the hub has run again.
struct Left {
    acknowledged: bool,
    /// Attempts of which the script wrote the begin.
    starts: usize,
    /// Attempts that the journal knows.
    attempts: usize,
}

/// Lets the hub die while it takes, runs and settles one job; then it starts again, and the caller, if it got no
/// answer, asks again.
async fn crash_at(point: Point) -> Left {
    let mut bed = Bed::new(&[("witness", "", "")]);
    bed.start().await;
    // The first writes after a start are of another kind: the log's header.
    bed.submit("warm-up", 0).await.expect("acknowledged");
    bed.drain().await;

    bed.arm(point);
    let acknowledged = bed.submit("the-one", 1).await;
    bed.died();
    bed.start().await;
    let job = bed.submit("the-one", 1).await.expect("acknowledged now");
    assert!(acknowledged.is_none_or(|before| before == job), "{point:?}: it became another job");
    bed.drain().await;

    let stories = bed.stories().await;
    assert_eq!(bed.verdict(&stories, &[job.to_string()]), [], "{point:?}; the log:\n{}", bed.log());
    assert_eq!(stories.len(), 2, "{point:?}");
    let story = stories.iter().find(|story| story.job.id == job).unwrap();
    assert_eq!(story.job.state, JobState::Succeeded, "{point:?}");
    let name = job.to_string();
    let starts =
        |line: &&testkit::oracle::Line| line.run.job == name && line.edge == testkit::oracle::Edge::Start;
    Left {
        acknowledged: acknowledged.is_some(),
        starts: bed.witness().iter().filter(starts).count(),
        attempts: story.attempts.len(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_it_is_on_disk() {
    let left = crash_at(Before(Sync, ACCEPT)).await;
    assert!(!left.acknowledged);
    assert_eq!((left.starts, left.attempts), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_disk_runs_although_nobody_was_told() {
    let left = crash_at(After(Sync, ACCEPT)).await;
    assert!(!left.acknowledged);
    assert_eq!((left.starts, left.attempts), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_before_its_attempt_is_on_disk() {
    let left = crash_at(Before(Sync, START)).await;
    assert_eq!((left.starts, left.attempts), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_on_disk_keeps_its_number_although_it_never_ran() {
    for point in [After(Sync, START), Before(Spawn, 1)] {
        let left = crash_at(point).await;
        assert_eq!((left.starts, left.attempts), (1, 2), "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_end_is_not_on_disk_runs_again_with_the_next_number() {
    let left = crash_at(After(Spawn, 1)).await;
    // The script itself may have been ended before it wrote anything.
    assert!((1..=2).contains(&left.starts));
    assert_eq!(left.attempts, 2);

    let left = crash_at(Before(Sync, SETTLE)).await;
    assert_eq!((left.starts, left.attempts), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_end_is_on_disk_never_runs_again() {
    let left = crash_at(After(Sync, SETTLE)).await;
    assert!(left.acknowledged);
    assert_eq!((left.starts, left.attempts), (1, 1));
}

/// Without any crash point: what was acknowledged is there after the power was cut.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut() {
    let mut bed = Bed::new(&[("witness", "", "")]);
    bed.start().await;
    let mut acknowledged = Vec::new();
    for n in 0..50 {
        acknowledged.push(bed.submit(&format!("id-{n}"), n % 5).await.expect("acknowledged").to_string());
    }
    bed.crash();
    bed.start().await;
    bed.drain().await;
    assert_eq!(bed.verdict(&bed.stories().await, &acknowledged), []);
}
