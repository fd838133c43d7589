//! What documents take in memory, against what the rule says: in a process of its own, by its peak.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use intendant_model as model;
use model::json;

/// Bytes of memory that this process had at most so far.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// Reads an array of so many of these, and holds it.
fn grows(item: &str, items: usize) {
    let text = format!("[{}{item}]", format!("{item},").repeat(items - 1));
    let weight = json::weight(text.as_bytes());
    let before = peak();
    let document = json::read(text.as_bytes()).unwrap();
    let grown = peak() - before;
    assert!(
        json::check(&document).unwrap() <= weight + weight / 4,
        "what was read weighs more than its text"
    );
    // A growing list is copied now and then, and the allocator rounds up.
    assert!(grown < 3 * weight, "{item}: {grown} bytes for a weight of {weight}");
}

#[test]
fn empty_objects() {
    grows("{}", 200_000);
}

#[test]
fn small_objects() {
    grows(r#"{"a":1}"#, 60_000);
}

#[test]
fn objects_of_a_few_members() {
    grows(r#"{"a":1,"b":"x","c":true,"d":[]}"#, 30_000);
}

#[test]
fn numbers() {
    grows("7", 200_000);
}

#[test]
fn texts() {
    grows("\"abc\"", 150_000);
}
