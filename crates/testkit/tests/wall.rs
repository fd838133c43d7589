//! The clock that can be set: a program sees it at once, and nobody else does.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Command;

use intendant_testkit::wall::Wall;

/// Seconds since 1970, as a program sees them.
fn now(wall: Option<&Wall>) -> i64 {
    let mut date = Command::new("date");
    date.arg("+%s");
    if let Some(wall) = wall {
        wall.follow(&mut date);
    }
    String::from_utf8(date.output().unwrap().stdout).unwrap().trim().parse().unwrap()
}

#[test]
fn a_program_goes_by_the_clock_that_is_set() {
    let scratch = tempfile::tempdir().unwrap();
    let wall = Wall::new(scratch.path()).unwrap();
    for ahead in [0, 86_400, -86_400] {
        wall.set_ahead(ahead).unwrap();
        let (before, seen, after) = (now(None), now(Some(&wall)), now(None));
        assert!((before + ahead..=after + ahead).contains(&seen), "{before} {seen} {after}");
    }
}
