//! The upkeep of a journal on PostgreSQL by the command: another key, another place, a second disk; whatever is killed meanwhile.

use std::fs;
use std::process::{Child, ExitStatus};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use testkit::service::Service;

use super::support::World;
use super::{findings, on, refused, server, sql, until, update, world_on};

/// The requests of so many people, in a file.
fn many(world: &World, people: usize) -> String {
    let many: Vec<String> = (0..people).map(|n| update(&format!("person-{n}"))).collect();
    world.file("many.ndjson", many.join("\n"))
}

/// So many jobs are there, and all of them have succeeded or will.
#[track_caller]
fn all_succeed(world: &World, jobs: usize) {
    let count = |state: &str| {
        let ran = world.run(&["jobs", "list", "--json", "--limit", "1000", "--state", state]);
        ran.json()["jobs"].as_array().unwrap_or_else(|| panic!("{ran:?}")).len()
    };
    until("all jobs have succeeded", || count("succeeded") == jobs);
    assert_eq!(count("failed"), 0);
    assert_eq!(findings(world, "journal")[0]["level"], "ok", "{:?}", findings(world, "journal"));
}

/// All older keys are gone: what the journal still needed of them could not be read.
fn forget_older(world: &World) -> usize {
    let older = fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().path());
    let older: Vec<_> =
        older.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("key.")).collect();
    for path in &older {
        fs::remove_file(path).unwrap();
    }
    older.len()
}

#[test]
fn the_key_is_changed_while_the_hub_works() {
    let server = server();
    let world = world_on(server.url());
    let hub = world.serve();
    assert_eq!(world.run(&["submit", "--ndjson", &many(&world, 300)]).code, 0);
    let before = fs::read(world.path("key")).unwrap();
    let rotated = world.run(&["key", "rotate", "--json"]);
    assert_eq!((rotated.code, rotated.json()["older"].as_array().unwrap().len()), (0, 1), "{rotated:?}");
    assert_ne!(fs::read(world.path("key")).unwrap(), before);
    assert!(hub.log().contains("sealed anew"), "{}", hub.log());
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    assert_eq!(hub.stop(), Some(0));
    assert_eq!(forget_older(&world), 1);
    // Without a hub the command does it itself.
    assert_eq!(world.run(&["key", "rotate"]).code, 0);
    assert_eq!(forget_older(&world), 1);
    let hub = world.serve();
    all_succeed(&world, 301);
    let shown = world.run(&["jobs", "show", "--json", &job]).json();
    assert_eq!(shown["document"]["concernedTo"], "alice");
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_change_of_key_that_was_killed_goes_on() {
    let server = server();
    let world = world_on(server.url());
    let mut hub = world.serve();
    assert_eq!(world.run(&["submit", "--ndjson", &many(&world, 400)]).code, 0);
    for round in 0..4 {
        let mut rotating = world.command(&["key", "rotate"]).spawn().unwrap();
        until("it has begun", || {
            let log = hub.log();
            log.contains("the key was changed") || log.contains("are being sealed anew") || round > 0
        });
        sleep(Duration::from_millis(20 * round));
        hub.kill();
        let _ = rotating.kill();
        rotating.wait().unwrap();
        hub = world.serve();
    }
    // Asked again it waits for the end.
    let rotated = world.run(&["key", "rotate", "--json"]);
    assert_eq!(rotated.code, 0, "{rotated:?}");
    all_succeed(&world, 400);
    assert_eq!(hub.stop(), Some(0));
    assert!(forget_older(&world) >= 1);
    let hub = world.serve();
    all_succeed(&world, 400);
    assert_eq!(hub.stop(), Some(0));
}

/// Moves the journal, and kills that so often that it comes to its end only when it goes on where it was.
fn move_killed(world: &World, to: &str) {
    let moving = || -> Child { world.command(&["journal", "move", "--to", to]).spawn().unwrap() };
    let mut killed = 0;
    for round in 0..10 {
        let mut child = moving();
        sleep(Duration::from_millis(15 * round));
        child.kill().unwrap();
        let ended: ExitStatus = child.wait().unwrap();
        if ended.success() {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 2, "it was killed {killed} times");
    let last = moving().wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&last.stderr).into_owned();
    // It may have come to its end before.
    assert!(last.status.success() || said.contains("was moved to"), "{said}");
}

#[test]
fn a_move_that_is_killed_again_and_again_comes_to_its_end() {
    const JOBS: usize = 400;
    let server = server();
    let world = World::new();
    world.backend("00first", super::GOOD);
    let hub = world.serve();
    assert_eq!(world.run(&["submit", "--ndjson", &many(&world, JOBS)]).code, 0);
    // Some are done, some wait.
    hub.kill();
    move_killed(&world, server.url());
    refused(&world, &["was moved to postgres://postgres@127.0.0.1:"]);
    world.configure(&on(server.url()));
    let hub = world.serve();
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    hub.kill();
    move_killed(&world, &world.text("data"));
    refused(&world, &["was moved to"]);
    world.configure("");
    let hub = world.serve();
    all_succeed(&world, JOBS + 1);
    let shown = world.run(&["jobs", "show", "--json", &job]).json();
    assert_eq!(
        (&shown["job"]["state"], &shown["document"]["concernedTo"]),
        (&json!("succeeded"), &json!("alice"))
    );
    assert_eq!(hub.stop(), Some(0));
}

#[test]
fn a_second_disk_may_be_required() {
    let server = server();
    let world = world_on(server.url());
    let required = format!("{}  require_synchronous: true\n", on(server.url()));
    world.configure(&required);
    refused(&world, &["has no standby, and one is required", "synchronous_standby_names"]);
    let standby: Service = server.standby("other").unwrap();
    until("it follows", || sql(server.url(), "SELECT state FROM pg_stat_replication") == "streaming");
    refused(&world, &["1 standby, none of them synchronous, and one is required"]);
    world.configure(&on(server.url()));
    let hub = world.serve();
    let told = findings(&world, "postgresql").iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains("a failover loses what was acknowledged last"), "{told}");
    assert_eq!(hub.stop(), Some(0));

    sql(server.url(), "ALTER SYSTEM SET synchronous_standby_names = 'other'");
    sql(server.url(), "SELECT pg_reload_conf()");
    until("it is waited for", || sql(server.url(), "SELECT sync_state FROM pg_stat_replication") == "sync");
    world.configure(&required);
    let hub = world.serve();
    let job = world.submit(&update("alice"));
    assert_eq!(world.run(&["jobs", "watch", &job]).code, 0);
    let told = findings(&world, "postgresql").iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains("what is acknowledged is on two disks"), "{told}");
    assert_eq!(hub.stop(), Some(0));
    drop(standby);
    let told = findings(&world, "postgresql").iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains("nothing is written until one does"), "{told}");
}
