//! Real processes with the C library, and the whole hub.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "../../libmapistore/tests/library/program.rs"]
mod program;
mod support;

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use program::{Bench, Program};
use serde_json::{Value, json};
use support::{Ran, Serving, World, executable};
use testkit::peer::{Language, Peer};
use testkit::service::Kind;
use testkit::wait;

const LONG: Duration = Duration::from_mins(1);

/// A hub that listens to processes, with a backend that notes who comes and who goes.
fn world() -> World {
    world_with("registry:\n  socket: mapistore.sock\n")
}

fn world_with(config: &str) -> World {
    let world = World::new();
    world.configure(config);
    let home = world.path("backends/10notes");
    fs::create_dir_all(home.join("bin")).unwrap();
    let actions = ["USER_REGISTERED", "USER_UNREGISTERED"];
    let actions =
        actions.map(|action| format!("  {action}:\n    script: note.sh\n    onError: stop\n")).concat();
    let config = format!(
        "_version: 1\nname: notes\ndescription: of a test\nactive: true\noptions: {{}}\nactions:\n{actions}"
    );
    fs::write(home.join("config.yml"), config).unwrap();
    let note = format!(
        "#!/bin/sh\nname=$(sed 's/.*\"username\":\"\\([^\"]*\\)\".*/\\1/')\n\
         echo \"$INTENDANT_ACTION $name\" >>'{}'\necho '{{\"status\":0,\"message\":\"noted\"}}'\n",
        world.text("noted")
    );
    executable(&home.join("bin/note.sh"), &note);
    world
}

/// Builds and starts a program that finds this hub.
fn start(bench: &Bench, world: &World, name: &str, args: &[&str]) -> Program {
    let program = bench.build(name);
    Program::spawn(
        bench.command(program).env("INTENDANT_MAPISTORE_SOCKET", world.path("mapistore.sock")).args(args),
    )
}

fn registered(world: &World) -> Vec<Value> {
    let page = world.run(&["registry", "list", "--json"]).json();
    page["registrations"].as_array().unwrap().clone()
}

/// Waits until exactly these are registered, so often each; since when the first one is.
fn until_registered(world: &World, expected: &[(&str, u64)]) -> Value {
    let mut last = Vec::new();
    let found = wait::until(LONG, || {
        last = registered(world);
        let found: Vec<_> = last
            .iter()
            .map(|one| (one["user"].as_str().unwrap(), one["count"].as_u64().unwrap()))
            .filter(|(_, count)| *count > 0)
            .collect();
        let since = last.first().map_or(Value::Null, |one| one["since"].clone());
        (found == expected && (last.is_empty() || !since.is_null())).then_some(since)
    });
    found.unwrap_or_else(|| panic!("not {expected:?}: {last:?}"))
}

/// Waits until so many were noted; in the order of their names.
fn noted(world: &World, count: usize) -> Vec<String> {
    let found = wait::until(LONG, || {
        let text = fs::read_to_string(world.path("noted")).ok()?;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        (lines.len() >= count).then_some(lines)
    });
    found.unwrap_or_else(|| panic!("{:?}", fs::read_to_string(world.path("noted"))))
}

#[test]
fn who_is_registered_survives_the_hub_and_goes_with_the_process() {
    let (world, bench) = (world(), Bench::new());
    let hub = world.serve();
    let mut program = start(&bench, &world, "steps", &[]);
    program.says("step");
    let since = until_registered(&world, &[("alice", 1), ("bob", 1)]);
    program.go();
    program.says("step");
    until_registered(&world, &[("alice", 2)]);
    assert_eq!(noted(&world, 3), ["USER_REGISTERED alice", "USER_REGISTERED bob", "USER_UNREGISTERED bob"]);

    // The hub is killed. Meanwhile bob comes and goes again, and alice stays.
    hub.kill();
    for _ in 0..2 {
        program.go();
        program.says("step");
    }
    let hub = world.serve();
    assert_eq!(until_registered(&world, &[("alice", 4)]), since, "alice was never gone");

    // The process is killed: what it held goes with it.
    program.kill();
    until_registered(&world, &[]);
    let all = noted(&world, 4);
    assert_eq!(all[2..], ["USER_UNREGISTERED alice", "USER_UNREGISTERED bob"], "{all:?}");
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_notification_reaches_the_backend_and_its_uri_comes_back() {
    let (world, bench) = (world(), Bench::new());
    let hub = world.serve();
    let mut program = start(&bench, &world, "notify", &["poll"]);
    program.says("ready");
    wait::until(LONG, || registered(&world).iter().any(|one| one["manager"] == true).then_some(()))
        .expect("a manager interface");

    let notify = |backend: &str, vuser: &str| {
        let args =
            ["registry", "notify", backend, vuser, "--folder", "inbox", "--message-id", "42", "--json"];
        world.run(&args)
    };
    let told = notify("SOGo", "alice");
    assert_eq!(told.code, 0, "{told:?}");
    let uri = "sogo://alice:*@inbox/42.eml";
    assert!(told.stdout.contains(uri), "{told:?}");
    program.says(&format!("SOGo alice alice inbox 42 {uri}"));

    for (backend, vuser) in [("SOGo", "nobody"), ("Other", "alice")] {
        let refused = notify(backend, vuser);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(!refused.stderr.is_empty(), "{refused:?}");
    }
    program.go();
    program.says("taken back");
    program.ends_well();
    until_registered(&world, &[]);
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_notification_is_told_on_the_bus_where_that_is_configured() {
    let broker = Kind::RabbitMq.start().unwrap();
    let bench = Bench::new();
    let world = world_with(&format!(
        "registry:\n  socket: mapistore.sock\nbus:\n  mail:\n    url: {}\n    announce:\n      \
         USER_NOTIFICATION: {{notices: [notify.openchange.message]}}\n",
        broker.url()
    ));
    assert_eq!(world.run(&["bus", "declare", "--json"]).json()["notes"], json!([]));
    let mut peer = Peer::connect(Language::Python, broker.url()).unwrap();
    let events = json!({ "name": "events", "bindings": [["agoram_event_exchange", "notify.#"]] });
    peer.ask("queue", events).unwrap();
    let hub = world.serve();
    let mut program = start(&bench, &world, "notify", &["poll"]);
    program.says("ready");
    wait::until(LONG, || registered(&world).iter().any(|one| one["manager"] == true).then_some(()))
        .expect("a manager interface");

    // To whom nothing was handed over, nobody is told of.
    let to = |vuser: &str| world.run(&["registry", "notify", "SOGo", vuser, "--folder", "inbox", "--json"]);
    assert_eq!(to("nobody").code, 1);
    assert_eq!(to("alice").code, 0);
    program.says("SOGo alice alice inbox - sogo://alice:*@inbox/");
    let told = peer.ask("get", json!({ "queue": "events", "count": 1, "seconds": 60 })).unwrap();
    assert_eq!(told[0]["key"], "notify.openchange.message", "{told}");
    let body = told[0]["body"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    // The envelope is the bus's own; what is in it is what was handed over.
    let data = if body["data"].is_object() { &body["data"] } else { &body };
    assert_eq!(
        data["notification"],
        json!({ "backend": "SOGo", "vuser": "alice", "folder": "inbox" }),
        "{body}"
    );
    assert_eq!(data["users"], json!(["alice"]));
    assert_eq!(data["processes"][0]["uri"], "sogo://alice:*@inbox/");
    assert_eq!(peer.ask("exists", json!({ "queue": "events" })).unwrap(), 0, "once, and nothing else");
    program.kill();
    assert_eq!(hub.stop(), Some(0));
}

/// As a service manager starts a hub: it has made the socket, keeps it, and hands a copy over.
fn activated(world: &World, socket: &UnixListener, pid: &str) -> Command {
    let hub = world.command(&["serve"]);
    let mut command = Command::new("sh");
    // Descriptors are handed over from 3 on.
    command.args(["-c", &format!("exec 3<&0 </dev/null; export LISTEN_PID={pid}; exec \"$0\" serve")]);
    command.arg(hub.get_program()).env_clear();
    command.envs(hub.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "mapistore");
    command.current_dir(world.path(""));
    command.stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap()))).stdout(Stdio::null());
    command
}

#[test]
fn the_service_managers_socket_is_listened_on_and_outlives_the_hub() {
    let (world, bench) = (world_with(""), Bench::new());
    let path = world.path("mapistore.sock");
    let socket = UnixListener::bind(&path).unwrap();
    // Whoever connects before there is a hub waits.
    let mut program = start(&bench, &world, "steps", &[]);
    program.says("step");

    // What was handed to another process is not ours.
    let hub = Serving::start(&world, activated(&world, &socket, "1"));
    world.run(&["registry", "list"]).said(1, &["the registry is not switched on"]);
    assert_eq!(hub.stop(), Some(0));

    let hub = Serving::start(&world, activated(&world, &socket, "$$"));
    assert!(hub.log().contains("the socket of the service manager"), "{}", hub.log());
    let since = until_registered(&world, &[("alice", 1), ("bob", 1)]);
    assert_eq!(hub.stop(), Some(0));
    assert!(path.exists(), "it is the service manager's");

    // Meanwhile bob goes, and the process finds the socket, and nobody behind it.
    program.go();
    program.says("step");
    let hub = Serving::start(&world, activated(&world, &socket, "$$"));
    assert_eq!(until_registered(&world, &[("alice", 2)]), since, "alice was never gone");
    hub.kill();
    program.go();
    program.says("step");
    let hub = Serving::start(&world, activated(&world, &socket, "$$"));
    until_registered(&world, &[("alice", 3), ("bob", 1)]);
    program.kill();
    until_registered(&world, &[]);
    assert_eq!(hub.stop(), Some(0));
}

/// Queues have the same names for the whole machine: these are a test's own, as long as somebody is in there.
struct OwnQueues(Child);

impl OwnQueues {
    /// `None` = they cannot be had here; that is said, and not allowed where queues are required.
    fn take() -> Option<Self> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--ipc", "cat"]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut inside = unshare.spawn().unwrap();
        let of = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/ipc")).ok();
        let (pid, outside) = (inside.id().to_string(), of("self"));
        let inside_at_last = wait::until(LONG, || match inside.try_wait().unwrap() {
            Some(_) => Some(false),
            None => of(&pid).filter(|inside| Some(inside) != outside.as_ref()).map(|_| true),
        });
        if inside_at_last == Some(true) {
            return Some(OwnQueues(inside));
        }
        let why = "`unshare --ipc` is not allowed: no queues of its own for this test";
        assert!(std::env::var_os("INTENDANT_REQUIRE_QUEUES").is_none(), "queues are required, and {why}");
        #[allow(clippy::print_stderr, reason = "what is left out is said")]
        {
            eprintln!("left out: {why}");
        }
        None
    }

    /// A command of this world, in there.
    fn command(&self, world: &World, args: &[&str]) -> Command {
        let own = world.command(args);
        let mut command = Command::new("nsenter");
        command.arg(format!("--ipc=/proc/{}/ns/ipc", self.0.id())).arg(own.get_program()).args(args);
        command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
            .current_dir(world.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn serve(&self, world: &World) -> Serving {
        Serving::start(world, self.command(world, &["serve"]))
    }

    fn run(&self, world: &World, args: &[&str]) -> Ran {
        Ran::from(self.command(world, args).output().unwrap())
    }

    /// Writes a message with the command.
    fn send(&self, world: &World, what: &str, user: &str, generation: &str, times: &str) -> Ran {
        let args = ["registry", "send", what, "SOGo", user, user, "--legacy", generation, "--times", times];
        self.run(world, &args)
    }
}

impl Drop for OwnQueues {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_the_command_writes_to_real_queues_is_counted_and_can_be_removed() {
    let Some(queues) = OwnQueues::take() else { return };
    let world = world_with("registry:\n  legacy: [a, b]\n");
    let hub = queues.serve(&world);
    let doctor = queues.run(&world, &["doctor"]).stdout;
    assert!(doctor.contains("queue /mapistore_ipc of generation b is there"), "{doctor}");
    let sent = queues.send(&world, "register", "alice", "b", "3");
    assert!(sent.code == 0 && sent.stdout.contains("/mapistore_ipc, 3 times"), "{sent:?}");
    until_registered(&world, &[("alice", 3)]);
    queues.send(&world, "unregister", "alice", "b", "1");
    queues.send(&world, "register", "bob", "a", "1");
    let since = until_registered(&world, &[("alice", 2), ("bob", 1)]);
    let list = world.run(&["registry", "list"]).stdout;
    assert!(list.contains("queue a") && list.contains("queue b ×2"), "{list}");
    let who = world.run(&["registry", "who", "SOGo", "alice"]);
    assert_eq!((who.code, who.stdout.as_str()), (0, "alice\n"), "{who:?}");
    assert_eq!(world.run(&["registry", "who", "SOGo", "nobody"]).code, 1);

    // The hub is killed: what is written meanwhile waits in the queue, as much as has room there.
    hub.kill();
    assert_eq!(queues.send(&world, "unregister", "bob", "a", "1").code, 0);
    assert_eq!(queues.send(&world, "register", "eve", "b", "9").code, 0);
    let full = queues.send(&world, "register", "eve", "b", "2");
    assert_eq!(full.code, 1, "{full:?}");
    assert!(full.stderr.contains("1 of 2") && full.stderr.contains("it is full"), "{full:?}");
    let hub = queues.serve(&world);
    assert_eq!(until_registered(&world, &[("alice", 2), ("eve", 10)]), since);
    assert_eq!(
        noted(&world, 4),
        ["USER_REGISTERED alice", "USER_REGISTERED bob", "USER_REGISTERED eve", "USER_UNREGISTERED bob"]
    );

    // Whoever registered alice has died, and no queue says so.
    let remove = ["registry", "remove", "SOGo", "alice", "alice"];
    let other = world.run_with(&remove, "bob\n");
    other.said(2, &["nothing was removed"]);
    until_registered(&world, &[("alice", 2), ("eve", 10)]);
    let removed = world.run_with(&remove, "alice\n");
    assert!(removed.code == 0 && removed.stdout.contains("2 references were removed"), "{removed:?}");
    until_registered(&world, &[("eve", 10)]);
    assert_eq!(noted(&world, 5)[3], "USER_UNREGISTERED alice");
    world.run(&[&remove[..], &["--yes"]].concat()).said(1, &["nobody is registered"]);
    assert_eq!(hub.stop(), Some(0));
}
