//! A hub that stands still while its script goes on: the one thing that nobody can exclude, and that has to be seen.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use api::client::Submission;
use model::JobState;
use model::word::code;
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use testkit::oracle::{self, Edge, Run, Violation};

use crate::bed::Bed;
use crate::hub::ACTION;
use crate::judge::{Pause, judge};
use crate::views::{stories, view};

/// Hubs of which the one at work runs one script, until it may end.
struct Scene {
    bed: Bed,
    hub: usize,
    job: String,
    go: PathBuf,
    _folder: TempDir,
}

impl Scene {
    async fn begin() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let go = folder.path().join("go");
        // Without its mark it is not found by another hub, as if that were on another machine.
        let work = format!(
            "exec env -u INTENDANT_RUN sh -c 'while ! [ -e \"$0\" ]; do sleep 0.05; done; printf \"{{\\\"status\\\": 0}}\"; \
             echo \"$1 end\" >> \"$2\"' '{}' \"$JOB $STEP $ATTEMPT\" \"$WITNESS\"",
            go.display()
        );
        let bed = Bed::with(3, &[("10waits", "    onError: 'stop'\n", &work)], "").await;
        let hub = bed.settle().await;
        let document = json!({"concernedTo": "s1", "payload": {}}).to_string();
        let submission =
            Submission { action: Some(ACTION.to_owned()), id: Some("one".to_owned()), wait: None };
        let job = bed.nodes[hub].client.submit(document, &submission).await.unwrap().job.expect("a job");
        let scene = Scene { bed, hub, job: job.to_string(), go, _folder: folder };
        scene.wait_for(1, Edge::Start).await;
        scene
    }

    /// Whether this attempt has come so far.
    fn has(&self, attempt: u32, edge: Edge) -> bool {
        let run = Run { job: self.job.clone(), step: 0, attempt };
        self.bed.witness().iter().any(|line| line.run == run && line.edge == edge)
    }

    async fn wait_for(&self, attempt: u32, edge: Edge) {
        let what = format!("attempt {attempt} comes to its {edge:?}");
        self.bed.wait_until(&what, async |_| self.has(attempt, edge)).await;
    }

    fn signal(&self, signal: Signal) {
        self.bed.nodes[self.hub].signal(signal);
    }

    /// Lets the hub stand still for at least so long, until another one runs the same step.
    async fn stand_still(&self, at_least: Duration) {
        self.signal(Signal::STOP);
        tokio::time::sleep(at_least).await;
        self.wait_for(2, Edge::Start).await;
        assert!(!self.has(1, Edge::End), "the first one goes on");
    }

    /// So many attempts were seen beside the next one; the job has ended once, and nothing of the hub that stood still was
    /// written.
    async fn judge(mut self, overlaps: usize) {
        let next = self.bed.settle().await;
        assert_ne!(next, self.hub, "it was taken over");
        self.bed.drain().await;
        let stories = stories(&self.bed.nodes[next].client, 0).await;
        let [story] = &stories[..] else { panic!("{stories:?}") };
        assert_eq!(story.job.state, JobState::Succeeded);
        let attempts: Vec<(u32, bool)> = story
            .attempts
            .iter()
            .map(|attempt| (attempt.number, attempt.code == Some(code::INTERRUPTED)))
            .collect();
        assert_eq!(attempts, [(1, true), (2, false)], "{:?}", story.attempts);
        let lines = self.bed.witness();
        let seen = oracle::verify(&lines, std::slice::from_ref(&self.job), &[view(story)], true);
        let is_overlap = |violation: &Violation| matches!(violation, Violation::Overlap { .. });
        assert!(seen.len() == overlaps && seen.iter().all(is_overlap), "{seen:?}");
        self.bed.pauses.push(Pause { node: self.hub, from: 0, to: lines.len() });
        let verdict = judge(&self.bed, 0, &[self.job]).await;
        assert_eq!(verdict.overlaps, overlaps);
        println!("{verdict}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_stands_still_for_a_moment_is_not_taken_over() {
    let mut scene = Scene::begin().await;
    scene.bed.pulse.longest();
    scene.signal(Signal::STOP);
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.signal(Signal::CONT);
    let next = scene.bed.settle().await;
    // Where this machine stood still as well nobody can say for how long the hub did.
    if scene.bed.pulse.longest() < Duration::from_secs(1) {
        assert_eq!(next, scene.hub, "{}", scene.bed.logs());
        assert!(!scene.has(2, Edge::Start), "what ran goes on");
    }
    fs::write(&scene.go, "").unwrap();
    scene.bed.drain().await;
    scene.bed.pauses.push(Pause { node: scene.hub, from: 0, to: scene.bed.lines() });
    println!("{}", judge(&scene.bed, 0, &[scene.job]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_wakes_up_behind_the_next_ends_its_script_and_writes_nothing() {
    let scene = Scene::begin().await;
    scene.stand_still(Duration::from_secs(7)).await;
    scene.signal(Signal::CONT);
    let scripts = async |_: &Bed| scene.bed.nodes[scene.hub].runs_nothing();
    scene.bed.wait_until("its script is ended", scripts).await;
    fs::write(&scene.go, "").unwrap();
    scene.wait_for(2, Edge::End).await;
    assert!(!scene.has(1, Edge::End), "it was ended by force");
    scene.judge(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_while_its_hub_stood_still_is_not_written_behind_the_next() {
    let scene = Scene::begin().await;
    scene.stand_still(Duration::from_secs(20)).await;
    fs::write(&scene.go, "").unwrap();
    scene.wait_for(1, Edge::End).await;
    scene.wait_for(2, Edge::End).await;
    scene.bed.drain().await;
    scene.signal(Signal::CONT);
    scene.judge(1).await;
}
