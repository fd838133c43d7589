//! An address that is dead holds up no other, is tried once for all that wait, and has what is too old given up at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::Clock;
use engine::port::{BoxFuture, Courier, Delivered};
use journal::DeliveryFilter;
use model::{Delivery, DeliveryState, DeliveryTo, NewDelivery};
use serde_json::json;

use crate::support::{Bed, setup};

/// Delivers to all addresses but `dead`, until that one lives.
#[derive(Default)]
struct Post {
    lives: AtomicBool,
    patience: Duration,
    pause: Duration,
    arrived: Mutex<Vec<(String, u64)>>,
    failed: Mutex<Vec<u64>>,
}

impl Courier for Post {
    fn longest_wait(&self) -> Duration {
        self.patience
    }

    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        let number = delivery.body["n"].as_u64().unwrap();
        let dead = delivery.to.address == "dead" && !self.lives.load(Ordering::SeqCst);
        if dead {
            self.failed.lock().unwrap().push(number);
        } else {
            self.arrived.lock().unwrap().push((delivery.to.address, number));
        }
        let how = if dead {
            Delivered::Later(Some(Clock::system().now() + self.pause), "nobody answers".to_owned())
        } else {
            Delivered::Done
        };
        Box::pin(std::future::ready(how))
    }
}

fn to(address: &str, numbers: std::ops::Range<u64>) -> Vec<NewDelivery> {
    let to = DeliveryTo { courier: "post".to_owned(), address: address.to_owned() };
    numbers.map(|n| NewDelivery { to: to.clone(), body: json!({ "n": n }), due_at: None }).collect()
}

async fn bed(post: Post) -> (Bed, Arc<Post>) {
    let post = Arc::new(post);
    let mut parts = setup(Vec::new());
    parts.couriers.insert("post".to_owned(), Arc::<Post>::clone(&post));
    (Bed::new(parts).await, post)
}

async fn undeliverable(bed: &Bed) -> Vec<Delivery> {
    let filter = DeliveryFilter { state: Some(DeliveryState::Undeliverable), courier: None, address: None };
    bed.hub.deliveries(filter, None, 9_999).await.unwrap().rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_address_holds_up_no_other() {
    let hour = Duration::from_hours(1);
    let (bed, post) = bed(Post { pause: hour, patience: hour, ..Post::default() }).await;
    // More than is held in memory for a courier.
    bed.hub.tell(to("dead", 0..5_000)).await.unwrap();
    bed.until(async || !post.failed.lock().unwrap().is_empty()).await;
    bed.hub.tell(to("alive", 0..3)).await.unwrap();
    bed.until(async || post.arrived.lock().unwrap().len() == 3).await;
    assert_eq!(*post.failed.lock().unwrap(), [0], "one try for all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_comes_back_gets_everything_in_order() {
    let (bed, post) =
        bed(Post { pause: Duration::from_millis(20), patience: Duration::from_hours(1), ..Post::default() })
            .await;
    bed.hub.tell(to("dead", 0..5_000)).await.unwrap();
    bed.until(async || post.failed.lock().unwrap().len() > 2).await;
    assert!(post.failed.lock().unwrap().iter().all(|n| *n == 0));
    post.lives.store(true, Ordering::SeqCst);
    bed.until(async || post.arrived.lock().unwrap().len() == 5_000).await;
    let numbers: Vec<u64> = post.arrived.lock().unwrap().iter().map(|(_, number)| *number).collect();
    assert!(numbers.iter().copied().eq(0..5_000), "each one once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_too_long_is_given_up_together_and_says_so() {
    let (bed, post) = bed(Post { pause: Duration::from_secs(2), ..Post::default() }).await;
    bed.hub.tell(to("dead", 0..3_000)).await.unwrap();
    bed.until(async || undeliverable(&bed).await.len() == 3_000).await;
    let tries = post.failed.lock().unwrap().len();
    assert!(tries < 10, "{tries} tries for all of them");
    let message = undeliverable(&bed).await.remove(0).message.unwrap();
    assert!(message.contains("nobody answers") && message.contains("given up"), "{message}");
}
