//! The verdict: what the scripts saw and what was acknowledged, against what the hub says in the end.

use std::collections::HashSet;
use std::fmt;

use api::dto::Story;
use model::word::code;
use testkit::oracle::{self, Edge, JobView, Line, Run, Violation};

use crate::bed::Bed;
use crate::views::view;

/// A hub stood still while these lines were written. What it runs knows nothing of that, so that another one's attempt may
/// overlap: the one thing that nobody can exclude, and that the guide says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    pub(crate) node: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

pub(crate) struct Verdict {
    jobs: usize,
    attempts: usize,
    cut_off: usize,
    pub(crate) overlaps: usize,
    /// Notices that came again, under the same id.
    told_again: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { jobs, attempts, cut_off, overlaps, told_again } = self;
        write!(
            f,
            "{jobs} jobs, {attempts} attempts, of which {cut_off} were cut off; 0 lost, 0 repeated in silence, \
             each subject in its order; {overlaps} overlapped, of a hub that was paused; {told_again} notices came again"
        )
    }
}

/// As [`judge`], of so many requests that came another way: each has an id of its own.
pub(crate) async fn judge_all(bed: &Bed, requests: usize) -> Verdict {
    let stories = bed.stories(0).await;
    let ids: HashSet<&str> = stories.iter().filter_map(|story| story.job.external_id.as_deref()).collect();
    assert_eq!((ids.len(), stories.len()), (requests, requests), "of so many requests and jobs");
    let jobs: Vec<String> = stories.iter().map(|story| story.job.id.to_string()).collect();
    verdict(bed, &stories, &jobs).await
}

/// Nothing is lost, nothing repeated in silence, nothing out of order, and each request is one job.
pub(crate) async fn judge(bed: &Bed, after: i64, acknowledged: &[String]) -> Verdict {
    verdict(bed, &bed.stories(after).await, acknowledged).await
}

async fn verdict(bed: &Bed, stories: &[Story], acknowledged: &[String]) -> Verdict {
    let journal: Vec<JobView> = stories.iter().map(view).collect();
    let lines = bed.witness();
    let paused = paused(bed, &lines);
    let (excused, violations): (Vec<Violation>, Vec<Violation>) =
        oracle::verify(&lines, acknowledged, &journal, true)
            .into_iter()
            .partition(|violation| is_of(violation, &paused));
    let first: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
    assert!(
        violations.is_empty(),
        "{} violations, first:\n{}\n{}",
        violations.len(),
        first.join("\n"),
        bed.logs()
    );
    let requests: HashSet<&String> = acknowledged.iter().collect();
    assert_eq!(requests.len(), acknowledged.len(), "two requests became one job");
    assert_eq!(stories.len(), acknowledged.len(), "a request became two jobs");
    bed.wait_until("all was told", async |bed| bed.sink.knows(acknowledged)).await;
    let told_again = bed.sink.judge(acknowledged);
    let attempts = || stories.iter().flat_map(|story: &Story| &story.attempts);
    Verdict {
        jobs: stories.len(),
        attempts: attempts().count(),
        cut_off: attempts().filter(|attempt| attempt.code == Some(code::INTERRUPTED)).count(),
        overlaps: excused.len(),
        told_again,
    }
}

/// The runs of a hub that stood still while they were under way.
fn paused(bed: &Bed, lines: &[Line]) -> HashSet<Run> {
    let place = |run: &Run, edge: Edge| lines.iter().position(|line| line.edge == edge && line.run == *run);
    let mut paused = HashSet::new();
    for pause in &bed.pauses {
        paused.extend(bed.nodes[pause.node].runs().into_iter().filter(|run| {
            let began = place(run, Edge::Start).is_some_and(|began| began < pause.to);
            began && place(run, Edge::End).is_none_or(|ended| ended >= pause.from)
        }));
    }
    paused
}

fn is_of(violation: &Violation, paused: &HashSet<Run>) -> bool {
    match violation {
        Violation::Overlap { run, other, .. } => paused.contains(run) || paused.contains(other),
        Violation::Backwards { run, .. } | Violation::Order { run, .. } => paused.contains(run),
        _ => false,
    }
}
