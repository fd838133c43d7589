//! A hub that is drained hands over as at a stop, and takes no work until it may.

use std::time::{Duration, Instant};

use api::dto::{Node as Shown, NodeRole, Record, RecordPage};

use crate::bed::{Bed, LONG};
use crate::judge::judge;
use crate::load::Load;
use crate::node::Node;

/// What a hub says that takes over from one that was silent for too long.
const BURIED: &str = "writes no more: its life is over";

/// What a hub says of itself, once it has looked who is there.
async fn own(node: &Node) -> Shown {
    let begun = Instant::now();
    loop {
        let seen = node.client.nodes().await.map(|seen| seen.nodes).unwrap_or_default();
        if let Some(own) = seen.into_iter().find(|node| node.own) {
            return own;
        }
        assert!(begun.elapsed() < LONG, "it does not find itself; {}", node.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a command says that asks this hub.
fn says(node: &Node, args: &[&str]) -> String {
    tokio::task::block_in_place(|| node.command(args))
}

/// Waits until something runs, lets the hub hand over, and says how long after that the next one has acknowledged something.
async fn hand_over(bed: &mut Bed, load: &Load, how: impl AsyncFnOnce(&mut Node)) -> (usize, usize, Duration) {
    let hub = bed.settle().await;
    bed.wait_until("something runs", async |bed| !bed.under_way().is_empty()).await;
    let begun = Instant::now();
    how(&mut bed.nodes[hub]).await;
    let resumed = bed.first(load, begun, Some(hub)).await.at - begun;
    let next = bed.wait_for_one().await;
    assert_ne!(hub, next);
    assert!(
        bed.nodes.iter().all(|node| !node.has_said(BURIED)),
        "somebody waited for silence; {}",
        bed.logs()
    );
    (hub, next, resumed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_drained_hands_over_and_takes_no_work_until_it_is_resumed() {
    let mut bed = Bed::start(3).await;
    let load = Load::start(&bed.hubs(), "drain");
    let stop = async |node: &mut Node| assert_eq!(node.stop().await, Some(0), "{}", node.log());
    let (stopped, _, by_stop) = hand_over(&mut bed, &load, stop).await;
    bed.nodes[stopped].spawn();
    let drain = async |node: &mut Node| {
        let said = says(node, &["nodes", "drain"]);
        assert!(said.contains("is drained") && !said.contains("nobody"), "{said}");
    };
    let (first, second, by_drain) = hand_over(&mut bed, &load, drain).await;
    println!("from the word to the first request of the next hub: stop {by_stop:?}, drain {by_drain:?}");
    assert_eq!(bed.settle().await, second);
    let shown = own(&bed.nodes[first]).await;
    assert_eq!((shown.role, shown.drained), (NodeRole::StandsBy, true));

    // It does not follow: the third one does.
    bed.nodes[second].lose();
    let third = bed.wait_for_one().await;
    assert!(third != first && third != second);
    bed.nodes[second].spawn();
    assert_eq!(bed.settle().await, third);
    // One that stands by is drained from another machine; then nobody is left who could work instead of the third.
    let process = own(&bed.nodes[second]).await.process;
    let sees_it = async |bed: &Bed| {
        let seen = bed.nodes[first].client.nodes().await.unwrap().nodes;
        seen.iter().any(|node| node.process == process)
    };
    bed.wait_until("the first one sees the second", sees_it).await;
    says(&bed.nodes[first], &["nodes", "drain", &process.to_string()]);
    let refused = tokio::task::block_in_place(|| bed.nodes[third].run(&["nodes", "drain"]));
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"), "{refused:?}");
    assert_eq!(bed.settle().await, third);

    says(&bed.nodes[first], &["nodes", "resume"]);
    let said = says(&bed.nodes[third], &["nodes", "drain"]);
    assert!(!said.contains("nobody"), "{said}");
    assert_eq!(bed.settle().await, first);
    // One that starts anew is drained no more.
    bed.nodes[second].kill();
    bed.nodes[second].spawn();
    bed.wait_until("it stands by", async |bed| bed.nodes[second].stands_by().await).await;
    assert!(!own(&bed.nodes[second]).await.drained);

    let acknowledged = load.end().await;
    bed.drain().await;
    println!("{}", judge(&bed, 0, &acknowledged).await);
    let audit: RecordPage = serde_json::from_str(&bed.nodes[first].asked("/api/v1/audit")).unwrap();
    let told = |code: &str| {
        let is_told = |record: &&Record| record.code.as_str() == code && record.who.starts_with("uid:");
        audit.records.iter().filter(is_told).count()
    };
    assert_eq!((told("drained"), told("resumed")), (3, 1), "{audit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lays_down_its_work_can_be_stopped_meanwhile() {
    let mut bed = Bed::with(2, &[("10work", "    onError: 'stop'\n", "sleep 2")], "").await;
    let load = Load::start(&bed.hubs(), "stop");
    let stop = async |node: &mut Node| {
        let life = own(node).await.life;
        node.client.drain(&life, false).await.unwrap();
        // It takes nothing any more, and what runs may end.
        let begun = Instant::now();
        while node.client.ready().await.is_ok_and(|said| said.ready) {
            assert!(begun.elapsed() < LONG, "{}", node.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(node.stop().await, Some(0), "{}", node.log());
    };
    let (stopped, next, _) = hand_over(&mut bed, &load, stop).await;
    bed.nodes[stopped].spawn();
    assert_eq!(bed.settle().await, next);
    let acknowledged = load.end().await;
    bed.drain().await;
    println!("{}", judge(&bed, 0, &acknowledged).await);
}
