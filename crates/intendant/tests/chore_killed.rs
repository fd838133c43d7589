//! A chore whose hub is killed between its begin and its end is made up for once, by the next hub.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::time::Duration;

use support::{Serving, World};
use testkit::shadow::{Event, Point, Shadow};
use testkit::wait;
use testkit::wall::Wall;

const PEOPLE: usize = 40;
/// A start takes some, and the chore the next ones.
const WRITES: u64 = 12;
const YEAR_AND_MORE: i64 = 400 * 24 * 60 * 60;
const LONG: Duration = Duration::from_mins(2);
/// What the next hub says of a chore that a killed one had begun.
const TAKEN_OVER: &str = "was begun at";

/// A hub with a schedule, and people to synchronise; it is killed at this write to its disk, when the schedule is due.
/// Whether that hit the chore between its begin and its end; `None`: all was done before so many writes.
fn kill_at(write: u64) -> Option<bool> {
    let world = World::new();
    world.backend("10ok", "cat >/dev/null; echo '{\"status\":0}'");
    world.configure("identities:\n  schedule: 0 12 1 1 *\n  time_zone: UTC\n");
    let rows: Vec<String> = (0..PEOPLE).map(|n| format!("u{n},Name {n},Family {n}")).collect();
    let people = world.file("people.csv", format!("uid,cn,sn\n{}\n", rows.join("\n")));
    let first = world.serve();
    assert_eq!(world.run(&["identities", "import", "--validated", &people]).code, 0);
    assert_eq!(synchronised(&world), 0, "nothing was missed at the first start");
    assert_eq!(first.stop(), Some(0));

    let wall = Wall::new(&world.path("")).unwrap();
    wall.set_ahead(YEAR_AND_MORE).unwrap();
    let shadow = Shadow::new(&world.path("data"), &world.path("shadow")).unwrap();
    let mut command = world.command(&["serve"]);
    shadow.follow(&mut command).unwrap();
    let kept = preloaded(&command);
    wall.follow(&mut command);
    let mut both = kept;
    both.push(":");
    both.push(preloaded(&command));
    command.env("LD_PRELOAD", both);
    shadow.arm(Point::After(Event::Sync, write)).unwrap();
    let mut killed = Serving::begin(&world, command);
    let ended = wait::until(LONG, || {
        let died = killed.ended();
        (died || synchronised(&world) == PEOPLE).then_some(died)
    });
    if !ended.expect("it neither dies nor ends its work") {
        return None;
    }

    let again = serve_at(&world, &wall);
    let done = wait::until(LONG, || (synchronised(&world) == PEOPLE).then_some(()));
    assert!(done.is_some(), "write {write}: {}", again.log());
    let taken_over = again.log().contains(TAKEN_OVER);
    assert_eq!(jobs(&world), PEOPLE, "write {write}: {}", again.log());
    assert_eq!(again.stop(), Some(0));

    let third = serve_at(&world, &wall);
    assert_eq!(world.run(&["identities", "list", "--json"]).code, 0);
    assert_eq!(jobs(&world), PEOPLE, "write {write}: {}", third.log());
    assert!(!third.log().contains(TAKEN_OVER), "write {write}: {}", third.log());
    assert_eq!(third.stop(), Some(0));
    Some(taken_over)
}

fn serve_at(world: &World, wall: &Wall) -> Serving {
    let mut command = world.command(&["serve"]);
    wall.follow(&mut command);
    Serving::start(world, command)
}

fn preloaded(command: &Command) -> OsString {
    let set = command.get_envs().find(|(name, _)| *name == OsStr::new("LD_PRELOAD"));
    set.and_then(|(_, value)| value).expect("it is preloaded").to_owned()
}

fn synchronised(world: &World) -> usize {
    let listed = world.run(&["identities", "list", "--in", "synchronised", "--limit", "100", "--json"]);
    if listed.code == 0 { listed.json()["identities"].as_array().unwrap().len() } else { 0 }
}

fn jobs(world: &World) -> usize {
    let listed = world.run(&["jobs", "list", "--limit", "100", "--json"]);
    listed.json()["jobs"].as_array().unwrap().len()
}

#[test]
fn a_chore_that_was_cut_off_anywhere_is_made_up_for_once() {
    let hit = (1..=WRITES).map_while(kill_at).filter(|hit| *hit).count();
    assert!(hit > 0, "no kill came between its begin and its end");
}
