//! Hubs whose machines have different files: it is said before one of them takes over.

use api::dto::Node as Shown;

use crate::bed::Bed;
use crate::node::Node;

/// What another hub is shown as by this one.
async fn shown(node: &Node, other: &Node) -> Option<Shown> {
    let process = other.own().await?.process;
    node.client.nodes().await.ok()?.nodes.into_iter().find(|node| node.process == process)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_other_backends_is_named_until_they_are_the_same() {
    let bed = Bed::with(2, &[], "").await;
    let works = bed.settle().await;
    let (works, stands_by) = (&bed.nodes[works], &bed.nodes[1 - works]);
    stands_by.give("30more");
    let others = async || shown(works, stands_by).await.map(|node| node.other_backends);
    bed.wait_until("it is named", async |_| others().await.is_some_and(|others| others == ["30more"])).await;
    let said = |node: &Node, args: &[&str]| {
        let ran = tokio::task::block_in_place(|| node.run(args));
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr))
    };
    let words = "has not the backends and settings of the hub that leads: 30more";
    for args in [["nodes", "list"].as_slice(), &["doctor"]] {
        let said = said(works, args);
        assert!(said.contains(words), "{said}");
    }
    bed.wait_until("the log says it", async |_| works.has_said("of the one that leads: 30more")).await;
    // Settings that are each machine's own, as its address and its folders, are no difference.
    let node = shown(works, stands_by).await.unwrap();
    assert!(node.other_settings.is_empty(), "{node:?}");
    stands_by.take_back("30more");
    bed.wait_until("they are the same", async |_| others().await.is_some_and(|others| others.is_empty()))
        .await;
    assert!(!said(works, &["nodes", "list"]).contains("has not"));
}
