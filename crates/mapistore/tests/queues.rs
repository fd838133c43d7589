//! The queues of 2011, over real POSIX queues: what other programs write there is counted, in whichever order it is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod support;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use intendant_mapistore::Settings;
use intendant_mapistore::legacy::{Mq, Way};
use intendant_mapistore::registry::{Filter, Queue};
use mapistore_wire::Triple;
use mapistore_wire::legacy::{Generation, UserCommand, status};
use serde_json::Value;
use support::{Bed, until};

const VECTORS: &str = include_str!("../../mapistore-wire/tests/openchange-vectors.json");

/// A queue of this test, removed with it. Nine at most may be there at once: these tests run one after the other.
struct Name(String);

impl Name {
    /// `None` = this machine has no queues: that is said, and not allowed where it is required.
    fn take() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("/intendant-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        match Mq::open(&name, Way::Write) {
            Ok(_) => Some(Name(name)),
            Err(error) if error.is_unsupported() => {
                assert!(
                    std::env::var_os("INTENDANT_REQUIRE_QUEUES").is_none(),
                    "queues are required: {error}"
                );
                eprintln!("left out, since this machine has no POSIX queues: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn settings(&self, queue: Queue) -> Settings {
        Settings { queues: vec![(queue, self.0.clone())], ..Settings::default() }
    }

    fn send(&self, generation: Generation, wanted: u16, names: [&str; 3]) {
        let [backend, user, vuser] = names;
        let triple = Triple::new(backend, user, vuser).unwrap();
        let message = UserCommand::new(wanted, triple).encode(generation);
        let queue = Mq::open(&self.0, Way::Write).unwrap();
        queue.send(&message, generation.priority(wanted)).unwrap();
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = nix::mqueue::mq_unlink(self.0.as_str());
    }
}

const ALICE: [&str; 3] = ["SOGo", "alice", "alice"];
const BOB: [&str; 3] = ["SOGo", "bob", "alice"];

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_on_a_queue_whose_end_overtook_its_beginning_is_counted_right() {
    for (generation, queue) in [(Generation::A, Queue::A), (Generation::B, Queue::B)] {
        let Some(name) = Name::take() else { return };
        // Nobody reads yet. The original leaks a reference of each.
        for (what, whom) in [
            (status::REGISTER, ALICE),
            (status::UNREGISTER, ALICE),
            (status::REGISTER, BOB),
            (status::REGISTER, BOB),
            (status::UNREGISTER, BOB),
        ] {
            name.send(generation, what, whom);
        }
        let bed = Bed::with(name.settings(queue)).await;
        bed.until_registered(&["SOGo|bob|alice=1"]).await;
        name.send(generation, status::UNREGISTER, BOB);
        bed.until_registered(&[]).await;
        bed.until_heard(&["+bob", "-bob"]).await;
        assert_eq!(bed.live.table().anomalies.below_zero, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_foreign_program_writes_to_a_queue_is_understood_byte_for_byte() {
    let Some(name) = Name::take() else { return };
    let bed = Bed::with(name.settings(Queue::B)).await;
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    // mq_open and mq_send of the system, from Python.
    let program = "import ctypes,os,sys\n\
        librt=ctypes.CDLL(None,use_errno=True)\n\
        q=librt.mq_open(sys.argv[1].encode(),os.O_WRONLY)\n\
        assert q>=0,os.strerror(ctypes.get_errno())\n\
        b=bytes.fromhex(sys.argv[2])\n\
        assert librt.mq_send(q,b,len(b),int(sys.argv[3]))==0,os.strerror(ctypes.get_errno())";
    let mut wanted = 0;
    for vector in vectors["user_command_vectors"].as_array().unwrap() {
        let fields = &vector["fields"];
        let all = ["backend", "username", "vuser"].iter().all(|field| fields[*field].is_string());
        let Some(hex) = vector["B"]["hex"].as_str() else { continue };
        if fields["status"] != 1 || !all {
            continue;
        }
        let output = Command::new("python3").args(["-c", program, &name.0, hex, "30"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        wanted += 1;
        until("the message", async || {
            bed.live
                .table()
                .list(&Filter::default(), None, 1000)
                .rows
                .iter()
                .map(|seen| seen.count)
                .sum::<u64>()
                == wanted
        })
        .await;
        let field = |name: &str| fields[name].as_str().unwrap().to_owned();
        let triple = intendant_mapistore::registry::Triple::new(
            &field("backend"),
            &field("username"),
            &field("vuser"),
        );
        assert!(bed.live.table().find(&triple.unwrap()).is_some(), "{}", vector["id"]);
    }
    assert!(wanted >= 8, "{wanted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_on_a_queue_is_counted_and_stops_nobody() {
    let Some(name) = Name::take() else { return };
    let bed = Bed::with(name.settings(Queue::B)).await;
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let mut rejected = 0;
    for case in vectors["decoder_cases_generation_B"].as_array().unwrap() {
        // A message without any byte cannot be told from a bare one, nor can one that ends before it says what it is.
        if case["samba_result"] != "reject" {
            continue;
        }
        let hex = case["hex"].as_str().unwrap();
        let bytes: Vec<u8> =
            (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
        rejected += 1;
        until("room", async || Mq::open(&name.0, Way::Write).unwrap().send(&bytes, 30).is_ok()).await;
    }
    name.send(Generation::B, status::REGISTER, ALICE);
    bed.until_registered(&["SOGo|alice|alice=1"]).await;
    let counted = async || {
        let links = bed.hub.links();
        let link = links.iter().find(|link| link.kind == "queue").unwrap();
        link.counters.get("rejected").copied().unwrap_or(0)
    };
    until("all of them", async || counted().await == rejected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_on_a_queue_outlives_the_hub_and_so_does_the_queue() {
    let Some(name) = Name::take() else { return };
    let bed = Bed::with(name.settings(Queue::B)).await;
    name.send(Generation::B, status::REGISTER, ALICE);
    name.send(Generation::B, status::REGISTER, ALICE);
    bed.until_registered(&["SOGo|alice|alice=2"]).await;
    bed.until_heard(&["+alice"]).await;
    let bed = bed.again().await;
    // Nobody has to say again what came on a queue.
    bed.until_registered(&["SOGo|alice|alice=2"]).await;
    name.send(Generation::B, status::UNREGISTER, ALICE);
    bed.until_registered(&["SOGo|alice|alice=1"]).await;
    assert_eq!(bed.ear.heard(), ["+alice"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_somebody_replaced_is_read_and_so_is_the_one_before() {
    let Some(name) = Name::take() else { return };
    let old = Mq::open(&name.0, Way::Write).unwrap();
    let bed = Bed::with(name.settings(Queue::B)).await;
    name.send(Generation::B, status::REGISTER, ALICE);
    bed.until_registered(&["SOGo|alice|alice=1"]).await;
    // As the original's consumer does when it ends.
    nix::mqueue::mq_unlink(name.0.as_str()).unwrap();
    until("another queue", async || Mq::open(&name.0, Way::Look).is_ok()).await;
    name.send(Generation::B, status::REGISTER, ALICE);
    bed.until_registered(&["SOGo|alice|alice=2"]).await;
    let triple = Triple::new("SOGo", "alice", "alice").unwrap();
    old.send(&UserCommand::new(status::REGISTER, triple).encode(Generation::B), 30).unwrap();
    bed.until_registered(&["SOGo|alice|alice=3"]).await;
}
