//! Hubs that all work at once: each subject has one of them, and what holds for one hub holds for all of them together.

use std::collections::BTreeSet;
use std::time::Instant;

use api::client::{Client, Submission};
use api::dto::Decide;
use model::{JobId, JobState};
use serde_json::json;
use testkit::oracle::Edge;

use crate::bed::{Bed, LONG};
use crate::dice::Dice;
use crate::doors::status;
use crate::hub::ACTION;
use crate::judge::judge;
use crate::load::Load;
use crate::rounds::{knob, shuffled};

/// So many subjects.
const MANY: usize = 24;

/// Hands a request about this subject over to a hub.
pub(crate) async fn submit(hub: &Client, subject: &str, id: &str) -> JobId {
    let document = json!({"concernedTo": subject, "payload": {}}).to_string();
    let submission = Submission { action: Some(ACTION.to_owned()), id: Some(id.to_owned()), wait: None };
    hub.submit(document, &submission).await.unwrap().job.expect("a job")
}

async fn state(hub: &Client, job: JobId) -> JobState {
    hub.job(job).await.unwrap().job.state
}

/// The hubs whose scripts ran.
fn workers(bed: &Bed) -> usize {
    bed.nodes.iter().filter(|node| !node.runs().is_empty()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_repeated_or_out_of_order_where_all_work() {
    let mut dice = Dice::new(knob("SEED", 20_261_128));
    let mut bed = Bed::together(3).await;
    let load = Load::start(&bed.hubs(), "together");
    bed.wait_until("all of them run something", async |bed| workers(bed) == 3).await;
    for fault in shuffled(&mut dice) {
        println!("{}", fault.strike(&mut bed, &load, &mut dice).await);
    }
    let acknowledged = load.end().await;
    bed.drain().await;
    println!("{}", judge(&bed, 0, &acknowledged).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_hub_is_asked_a_job_is_the_same() {
    // What is told to end does so only when its time has come.
    let bed = Bed::together_with(3, &[("10work", "    onError: 'stop'\n", "sleep 15")], "").await;
    let hubs = bed.hubs();
    let mut jobs = Vec::new();
    for number in 0..MANY {
        let (subject, id) = (format!("s{number}"), format!("id-{number}"));
        let first = submit(&hubs[number % 3], &subject, &id).await;
        // The same request elsewhere, and one that waits behind it.
        assert_eq!(submit(&hubs[(number + 1) % 3], &subject, &id).await, first);
        let behind = submit(&hubs[(number + 2) % 3], &subject, &format!("behind-{number}")).await;
        jobs.push((first, behind));
    }
    // Two of three are asked of a hub that does not own them.
    let cancel = jobs.iter().enumerate().map(async |(number, (_, behind))| {
        hubs[number % 3].cancel(*behind).await.unwrap();
        assert_eq!(state(&hubs[(number + 1) % 3], *behind).await, JobState::Cancelled);
        assert!(hubs[number % 3].cancel(*behind).await.is_err(), "it has ended");
    });
    futures_util::future::join_all(cancel).await;
    for (number, (first, _)) in jobs.iter().enumerate() {
        let ended = hubs[(number + 2) % 3].wait(*first, 60).await.unwrap();
        assert_eq!(ended.job.state, JobState::Succeeded);
    }
    assert_eq!(bed.lines(), 2 * MANY);
    assert_eq!(workers(&bed), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_run_on_a_backend_than_may_whoever_runs_them() {
    let limited = [("10work", "    onError: 'stop'\nconcurrency: 2\n", "sleep 0.3")];
    let bed = Bed::together_with(3, &limited, "").await;
    let hubs = bed.hubs();
    for number in 0..MANY {
        submit(&hubs[number % 3], &format!("s{number}"), &format!("id-{number}")).await;
    }
    bed.drain().await;
    let (mut runs, mut most) = (0_i32, 0);
    for line in bed.witness() {
        runs += if line.edge == Edge::Start { 1 } else { -1 };
        most = most.max(runs);
    }
    assert_eq!((most, bed.lines()), (2, 2 * MANY));
    assert_eq!(workers(&bed), 3, "everybody had a turn");
}

/// How many hubs have a large part of the subjects.
const LARGE_PARTS: &str =
    "SELECT count(*) FROM (SELECT owner FROM shard GROUP BY owner HAVING count(*) > 50) AS large";

#[tokio::test(flavor = "multi_thread")]
async fn the_failsafe_counts_over_all_hubs_and_is_decided_on_at_any() {
    let cap = format!(
        "actions:\n  {ACTION}:\n    destructive: delete\nfailsafe:\n  sources: ['*']\n  delete: 5\n  window: 1h\n"
    );
    let bed = Bed::together_with(3, &[("10work", "    onError: 'stop'\n", "")], &cap).await;
    bed.wait_until("each has a large part", async |bed| bed.sql(LARGE_PARTS) == "3").await;
    let hubs = bed.hubs();
    let jobs = (0..MANY)
        .map(async |number| submit(&hubs[number % 3], &format!("s{number}"), &format!("id-{number}")).await);
    futures_util::future::join_all(jobs).await;
    let held = async || hubs[0].failsafe().await.unwrap().sets.into_iter().map(|set| set.jobs).sum::<u64>();
    bed.wait_until("each has run or is held", async |bed| {
        let ran = bed.lines() as u64 / 2;
        ran + held().await == MANY as u64
    })
    .await;
    assert_eq!(bed.lines(), 10, "five ran");
    // One that does not lead is asked.
    let leader = bed.settle().await;
    let hub = &hubs[(leader + 1) % 3];
    for set in hub.failsafe().await.unwrap().sets {
        let decide = Decide { through: set.through, expected: Some(set.jobs) };
        hub.decide(&set.name, true, &decide).await.unwrap();
        assert!(hub.decide(&set.name, true, &decide).await.is_err(), "it works once");
    }
    bed.drain().await;
    assert_eq!(bed.lines(), 2 * MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_at_one_hub_is_refused_by_all() {
    let bed = Bed::together_with(3, &[("10work", "", "")], "").await;
    let token = bed.nodes[0].command(&["token", "make", "crm", "--scope", "submit"]).trim().to_owned();
    let all =
        |bed: &Bed| bed.nodes.iter().map(|node| status(&node.url(), &token)).collect::<BTreeSet<String>>();
    bed.wait_until("all know it", async |bed| all(bed) == BTreeSet::from(["201".to_owned()])).await;
    let begun = Instant::now();
    bed.nodes[1].command(&["token", "revoke", "crm"]);
    bed.wait_until("all refuse it", async |bed| all(bed) == BTreeSet::from(["401".to_owned()])).await;
    println!("refused by all after {:?}", begun.elapsed());
    assert!(begun.elapsed() < LONG);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_at_one_hub_is_paused_at_all() {
    let bed = Bed::together_with(3, &[("10work", "    onError: 'stop'\n", "")], "").await;
    let hubs = bed.hubs();
    hubs[0].pause("10work").await.unwrap();
    let paused = async |hub: &Client| hub.backends().await.unwrap().iter().all(|backend| backend.paused);
    bed.wait_until("all know it", async |_| {
        paused(&hubs[0]).await && paused(&hubs[1]).await && paused(&hubs[2]).await
    })
    .await;
    for number in 0..MANY {
        submit(&hubs[number % 3], &format!("s{number}"), &format!("id-{number}")).await;
    }
    // Whoever owns them has seen them by then.
    let last = submit(&hubs[0], "last", "last").await;
    hubs[1].cancel(last).await.unwrap();
    assert_eq!(bed.lines(), 0);
    hubs[2].resume("10work").await.unwrap();
    bed.drain().await;
    assert_eq!(bed.lines(), 2 * MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leads_another_one_does_when_it_is_gone() {
    let mut bed = Bed::together(3).await;
    let load = Load::start(&bed.hubs(), "lead");
    let first = bed.settle().await;
    bed.nodes[first].lose();
    let other_leads = async |bed: &Bed| {
        for node in bed.nodes.iter().filter(|node| node.lives) {
            if node.own().await.is_some_and(|own| own.leads) {
                return true;
            }
        }
        false
    };
    bed.wait_until("another one leads", other_leads).await;
    bed.nodes[first].spawn();
    let second = bed.settle().await;
    assert_ne!(first, second);
    assert_eq!(bed.nodes[second].stop().await, Some(0), "{}", bed.nodes[second].log());
    bed.nodes[second].spawn();
    assert_ne!(bed.settle().await, second);
    let acknowledged = load.end().await;
    bed.drain().await;
    println!("{}", judge(&bed, 0, &acknowledged).await);
}
