//! The queues of 2011, over real POSIX queues: what other programs write there is counted, in whichever order it is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use intendant_mapistore::Settings;
use intendant_mapistore::legacy::{Mq, Way};
use intendant_mapistore::registry::{Filter, Queue};
use mapistore_wire::Triple;
use mapistore_wire::legacy::{Generation, UserCommand, status};
use serde_json::{Value, json};
use support::{Bed, Speaker, until};

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
async fn who_came_on_a_queue_that_is_not_read_any_more_goes() {
    let Some(name) = Name::take() else { return };
    let bed = Bed::with(Settings { queues: name.settings(Queue::B).queues, ..support::quick() }).await;
    name.send(Generation::B, status::REGISTER, ALICE);
    bed.until_heard(&["+alice"]).await;
    let bed = bed.again_with(|settings| settings.queues.clear()).await;
    bed.until_heard(&["+alice", "-alice"]).await;
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

/// A program that has never seen our code: it encodes what it is told as the description of the format says, and puts it
/// into a queue, line by line.
const WRITER: &str = r"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
name, generation = sys.argv[1].encode(), sys.argv[2]
queue = libc.mq_open(name, os.O_WRONLY)
assert queue >= 0, os.strerror(ctypes.get_errno())

def aligned(message):
    return message + b'\0' * (-len(message) % 4)

for line in sys.stdin:
    status, priority, *names = line.rstrip('\n').split(' ')
    message = struct.pack('<HH', 1, 1) if generation == 'b' else b''
    message = aligned(message + struct.pack('<H', int(status)))
    message += struct.pack('<III', *[0x20000 + 4 * n for n in range(3)])
    for text in names:
        units = (text + '\0').encode('utf-16-le')
        message = aligned(message) + struct.pack('<III', len(units) // 2, 0, len(units) // 2) + units
    assert libc.mq_send(queue, message, len(message), int(priority)) == 0, os.strerror(ctypes.get_errno())
    print('.', flush=True)
";

/// That program, at work.
struct Writer {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    generation: Generation,
}

impl Writer {
    fn start(name: &Name, queue: Queue) -> Self {
        // It is there as soon as somebody has opened it to write.
        drop(Mq::open(&name.0, Way::Write).unwrap());
        let mut python = Command::new("python3");
        python.args(["-c", WRITER, &name.0, queue.as_str()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Writer { child, to, from, generation: queue.generation() }
    }

    /// Writes the command that a trace calls so.
    fn write(&mut self, letter: &str) {
        let names = match letter {
            "r" | "u" => "SOGo bob alice",
            "X" | "x" => "Other alice alice",
            "V" => "SOGo alice alice2",
            _ => "SOGo alice alice",
        };
        let wanted = match letter {
            "Z" => 0,
            "U" | "u" | "x" => status::UNREGISTER,
            _ => status::REGISTER,
        };
        writeln!(self.to, "{wanted} {} {names}", self.generation.priority(wanted)).unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        assert_eq!(answer, ".\n");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How many messages were read.
fn read(bed: &Bed) -> u64 {
    let links = bed.hub.links();
    let link = links.iter().find(|link| link.kind == "queue");
    link.and_then(|link| link.counters.get("messages").copied()).unwrap_or(0)
}

fn counts(bed: &Bed) -> BTreeMap<String, u64> {
    let split = |line: String| {
        let (name, count) = line.rsplit_once('=').unwrap();
        (name.to_owned(), count.parse().unwrap())
    };
    bed.registered().into_iter().map(split).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_counted_is_counted_over_real_queues_and_right_where_it_was_wrong() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for (queue, trace) in Queue::ALL.into_iter().flat_map(|queue| {
        vectors["consumer_traces"].as_array().unwrap().iter().map(move |trace| (queue, trace))
    }) {
        let Some(name) = Name::take() else { return };
        let mut writer = Writer::start(&name, queue);
        let letters = trace["commands"].as_array().unwrap().iter().map(|letter| letter.as_str().unwrap());
        let (id, expected) = (&trace["id"], |state: &Value| -> BTreeMap<String, u64> {
            serde_json::from_value(state.clone()).unwrap()
        });
        let Some(states) = trace["states"].as_array() else {
            // Written while nobody reads; the queue hands over what is more urgent first.
            letters.clone().for_each(|letter| writer.write(letter));
            let bed = Bed::with(name.settings(queue)).await;
            let all = u64::try_from(letters.len()).unwrap();
            until("all of it", async || read(&bed) == all).await;
            let state = expected(&trace["correct_final_state"]);
            until(&format!("{id}: {state:?}"), async || counts(&bed) == state).await;
            assert_eq!(bed.live.table().anomalies.below_zero, 0, "{id}");
            continue;
        };
        let bed = Bed::with(name.settings(queue)).await;
        for ((letter, state), written) in letters.zip(states).zip(1_u64..) {
            writer.write(letter);
            let state = expected(state);
            until(&format!("{id} at {letter}: {state:?}"), async || {
                read(&bed) == written && counts(&bed) == state
            })
            .await;
        }
    }
}

fn query(names: [&str; 3]) -> String {
    let mut query = http::Query::new("/api/v1/registrations");
    for (name, value) in ["backend", "user", "vuser"].iter().zip(names) {
        query.add(name, Some(value));
    }
    query.finish()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_came_on_a_queue_from_a_program_that_died_can_be_removed() {
    let Some(name) = Name::take() else { return };
    let bed = Bed::with(name.settings(Queue::B)).await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set("SOGo|bob|alice", 4).set("SOGo|eve|eve", 1).sync().await;
    for whom in [ALICE, ALICE, BOB] {
        name.send(Generation::B, status::REGISTER, whom);
    }
    bed.until_registered(&["SOGo|alice|alice=2", "SOGo|bob|alice=5", "SOGo|eve|eve=1"]).await;
    bed.until_heard(&["+alice", "+bob", "+eve"]).await;

    let (status, removed) = bed.ask("DELETE", &query(ALICE), None).await;
    assert_eq!((status.as_u16(), &removed["references"], &removed["left"]), (200, &json!(2), &json!(0)));
    assert_eq!(bed.registered(), ["SOGo|bob|alice=5", "SOGo|eve|eve=1"]);
    bed.until_heard(&["+alice", "+bob", "+eve", "-alice"]).await;
    let audit = journal::RecordFilter::of(model::RecordKind::Audit);
    let audit = bed.hub.journal().records(audit, None, 10).await.unwrap().rows;
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert_eq!(
        (audit[0].what.as_deref(), audit[0].code.as_str()),
        (Some("registration alice as SOGo/alice"), "removed")
    );

    // What a process holds stays, and so does whoever is held by one.
    let (status, removed) = bed.ask("DELETE", &query(BOB), None).await;
    assert_eq!((status.as_u16(), &removed["references"], &removed["left"]), (200, &json!(1), &json!(4)));
    assert_eq!(bed.registered(), ["SOGo|bob|alice=4", "SOGo|eve|eve=1"]);
    let refused = async |names, status: u16, code: &str| {
        let (answered, problem) = bed.ask("DELETE", &query(names), None).await;
        assert_eq!((answered.as_u16(), problem["code"].as_str()), (status, Some(code)), "{problem}");
    };
    refused(BOB, 409, "held_by_processes").await;
    refused(["SOGo", "eve", "eve"], 409, "held_by_processes").await;
    refused(ALICE, 404, "not_registered").await;
    assert_eq!(bed.ask("DELETE", "/api/v1/registrations?backend=SOGo", None).await.0, 400);

    // It is on disk; and a program that lives all the same changes nothing.
    drop(samba);
    let bed = bed.again().await;
    name.send(Generation::B, status::UNREGISTER, ALICE);
    until("the message", async || bed.live.table().anomalies.below_zero == 1).await;
    let mut samba = Speaker::new(&bed, 1).await;
    samba.set("SOGo|bob|alice", 4).sync().await;
    assert!(bed.registered().contains(&"SOGo|bob|alice=4".to_owned()), "{:?}", bed.registered());
    assert!(!bed.ear.heard().contains(&"-bob".to_owned()), "{:?}", bed.ear.heard());
}
