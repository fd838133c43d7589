//! A requester on the bus: what it publishes is confirmed, and it waits for the replies.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::peer::{Language, Peer};
use testkit::service::Service;
use testkit::wait;

use crate::bed::LONG;
use crate::dice::Dice;

/// The routing key of its requests.
pub(crate) const KEY: &str = "request.soak.update";

/// So many at once.
const BATCH: usize = 5;

pub(crate) struct Requester {
    url: String,
    address: SocketAddr,
    peer: Option<Peer>,
    /// Handed in.
    pub(crate) asked: Vec<String>,
}

impl Requester {
    pub(crate) fn new(broker: &Service) -> Requester {
        Requester { url: broker.url().to_owned(), address: broker.address(), peer: None, asked: Vec::new() }
    }

    /// Publishes until it is over, whatever happens to the broker.
    pub(crate) fn publish(
        mut self,
        round: u64,
        mut dice: Dice,
        pause: Duration,
        over: &Arc<AtomicBool>,
    ) -> Requester {
        while !over.load(Ordering::Relaxed) {
            let ids: Vec<String> = (0..BATCH).map(|n| id(round, self.asked.len() + n)).collect();
            let messages: Vec<Value> =
                ids.iter().map(|id| message(id, dice.roll(crate::round::SUBJECTS))).collect();
            self.insist("publish", &json!({ "messages": messages }));
            self.asked.extend(ids);
            thread::sleep(pause * u32::try_from(BATCH).unwrap());
        }
        self
    }

    /// Waits until each request is answered.
    pub(crate) fn collect(&mut self) {
        let mut open: BTreeSet<String> = self.asked.iter().cloned().collect();
        let end = Instant::now() + LONG;
        while !open.is_empty() {
            assert!(
                Instant::now() < end,
                "{} requests of the bus are not answered, {:?} first",
                open.len(),
                open.first()
            );
            let taken =
                self.insist("get", &json!({ "queue": "soak-replies", "count": open.len(), "seconds": 5 }));
            for reply in taken.as_array().into_iter().flatten() {
                // One whose confirmation was lost may come again.
                open.remove(reply["properties"]["correlation_id"].as_str().unwrap_or_default());
            }
        }
    }

    /// Asks, over a new connection if need be, until it is done.
    fn insist(&mut self, what: &str, arguments: &Value) -> Value {
        let end = Instant::now() + LONG;
        loop {
            match self.attempt(what, arguments) {
                Ok(value) => return value,
                Err(error) => assert!(Instant::now() < end, "the bus: {error}"),
            }
            self.peer = None;
            thread::sleep(Duration::from_millis(300));
        }
    }

    fn attempt(&mut self, what: &str, arguments: &Value) -> Result<Value, testkit::Error> {
        // A client that cannot connect says so at length.
        wait::until(LONG, || TcpStream::connect(self.address).ok()).expect("the broker to be back");
        let peer = match &mut self.peer {
            Some(peer) => peer,
            none => {
                let mut peer = Peer::connect(Language::Python, &self.url)?;
                peer.ask("exchange", json!({ "name": "soak-replies" }))?;
                peer.ask("queue", json!({ "name": "soak-replies", "bindings": [["soak-replies", "#"]] }))?;
                none.insert(peer)
            }
        };
        peer.ask(what, arguments.clone())
    }
}

fn id(round: u64, n: usize) -> String {
    format!("5eed0000-{round:04x}-4000-8000-{n:012x}")
}

fn message(id: &str, subject: u64) -> Value {
    let properties = json!({
        "message_id": id, "app_id": "soak", "reply_to": "soak-replies", "delivery_mode": 2,
        "headers": { "soa-version": "2.0" },
    });
    let body = json!({ "who": format!("s{subject}") }).to_string();
    json!({ "exchange": "soak.request", "key": KEY, "properties": properties, "body": body })
}
