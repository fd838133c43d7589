//! Rates of the queue, as RabbitMQ's own management plugin tells them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use intendant_bus::{Access, Address, Settings, rates};
use model::Secret;
use serde_json::json;
use support::{Bed, KEY, Neighbour, Plan, broker, v2};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rates_are_what_the_broker_says() {
    let broker = broker();
    broker.rabbitmq_plugins(&["enable", "rabbitmq_management"]).unwrap();
    let backend = support::done();
    let plan = Plan::new(&broker, "rated", &backend);
    assert_eq!(rates(&plan.settings).await, None, "nobody is asked who is not named");
    let asked = Settings { management: broker.management(), ..plan.settings.clone() };

    let absent = rates(&asked).await.unwrap().unwrap_err();
    assert!(absent.contains("knows no such queue"), "{absent}");
    let bed = Bed::new(&plan).await;
    let mut peer = Neighbour::of(&broker, &plan.settings);
    let mut n = 0;
    bed.until("messages to be seen to come and go", async |_| {
        n += 1;
        peer.publish(".request", KEY, &json!({ "uuid": "u" }), Some(v2(n, None)));
        // The queue is told of some seconds after it was made.
        let Ok(told) = rates(&asked).await.unwrap() else { return false };
        told.published > 0.0 && told.delivered > 0.0 && told.acknowledged > 0.0
    })
    .await;
    bed.stop().await;

    let password = Some(Secret::new("wrong".to_owned()));
    let address = Address::new(broker.url(), Access { password, ..Access::default() }).unwrap();
    let stranger = rates(&Settings { address, ..asked.clone() }).await.unwrap().unwrap_err();
    assert!(stranger.contains("refuses the user"), "{stranger}");
    let nowhere = Settings { management: Some("http://127.0.0.1:1".to_owned()), ..asked };
    assert!(rates(&nowhere).await.unwrap().is_err());
}
