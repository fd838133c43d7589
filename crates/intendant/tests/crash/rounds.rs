//! Many crashes at random moments, with much going on at each.

use std::time::{Duration, Instant};

use api::dto::{Attempt, Story};
use model::JobState;
use model::word::code;

use crate::bed::{Bed, LONG, Watch};
use crate::dice::Dice;

/// The hub is killed while at least so many scripts run.
const RUNNING: usize = 16;

/// So many requests more than its share are handed in with each round, so that there is always enough to do.
const AHEAD: usize = 100;

/// A backend whose target is often asleep, and one that often refuses. What they do depends on the job's id alone.
const BACKENDS: &[(&str, &str, &str)] = &[
    (
        "10asleep",
        "    onError: 'stop'\n    retries: {max: 20, initial: 50ms, max_delay: 200ms}\n",
        "sleep 0.1\ncase $JOB in *[0-3]) [ \"$ATTEMPT\" -gt 2 ] || status=75;; esac",
    ),
    ("20refuses", "    onError: 'continue'\n", "sleep 0.1\ncase $JOB in *[7-8]) status=3;; esac"),
];

/// A request, and the job that was acknowledged for it.
struct Request {
    id: String,
    subject: u64,
    job: Option<String>,
}

fn knob(name: &str, default: u64) -> u64 {
    std::env::var(format!("INTENDANT_CRASH_{name}")).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_repeated_or_out_of_order_over_many_crashes() {
    let rounds = usize::try_from(knob("ROUNDS", 100)).unwrap();
    let jobs = usize::try_from(knob("JOBS", 5000)).unwrap();
    let subjects = knob("SUBJECTS", 500);
    let mut dice = Dice::new(knob("SEED", 20_261_121));
    let mut bed = Bed::new(BACKENDS);
    let mut requests: Vec<Request> = (0..jobs)
        .map(|n| Request { id: format!("request-{n}"), subject: dice.roll(subjects), job: None })
        .collect();
    let mut resumed = Vec::new();

    for round in 1..=rounds {
        let mut watch = bed.watch();
        let begun = Instant::now();
        bed.start().await;
        let share = (jobs * round / rounds + AHEAD).min(jobs);
        let mut answers = Vec::new();
        for (place, request) in requests.iter().enumerate().take(share).filter(|(_, r)| r.job.is_none()) {
            answers.push((place, tokio::spawn(bed.submit(&request.id, request.subject))));
        }
        busy(&mut watch, &bed).await;
        resumed.push(watch.first().expect("something was started") - begun);
        tokio::time::sleep(Duration::from_millis(dice.roll(150))).await;
        busy(&mut watch, &bed).await;
        bed.crash();
        for (place, answer) in answers {
            requests[place].job = answer.await.unwrap().map(|job| job.to_string());
        }
    }

    bed.start().await;
    for request in requests.iter_mut().filter(|request| request.job.is_none()) {
        let job = bed.submit(&request.id, request.subject).await;
        request.job = Some(job.expect("acknowledged").to_string());
    }
    bed.drain().await;

    let acknowledged: Vec<String> = requests.into_iter().filter_map(|request| request.job).collect();
    let stories = bed.stories().await;
    let violations = bed.verdict(&stories, &acknowledged);
    let first: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{} violations, first:\n{}", violations.len(), first.join("\n"));
    assert_eq!(stories.len(), jobs, "a request became two jobs");
    resumed.sort();
    println!("{rounds} crashes, {subjects} subjects; {}", figures(&stories));
    println!(
        "from start to the first script: median {:?}, longest {:?}",
        resumed[rounds / 2],
        resumed[rounds - 1]
    );
}

/// Waits until so much runs that a crash hurts.
async fn busy(watch: &mut Watch, bed: &Bed) {
    let enough = async {
        while watch.running() < RUNNING {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(LONG, enough).await;
    assert!(waited.is_ok(), "too little runs; the log:\n{}", bed.log());
}

fn figures(stories: &[Story]) -> String {
    let failed = stories.iter().filter(|story| story.job.state == JobState::Failed).count();
    let attempts: Vec<&Attempt> = stories.iter().flat_map(|story| &story.attempts).collect();
    let cut_off = attempts.iter().filter(|attempt| attempt.code == Some(code::INTERRUPTED)).count();
    format!(
        "{} jobs, of which {failed} failed as they should; {} attempts, of which {cut_off} were cut off",
        stories.len(),
        attempts.len()
    )
}
