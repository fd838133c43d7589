//! What the original counted, command by command; where it was wrong, what is right.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{counts, triple};
use crate::registry::{Command, Queue, Registry, Rules};

const VECTORS: &str = include_str!("../../../../mapistore-wire/tests/openchange-vectors.json");

/// The commands that traces name; `None` = one that asks for nothing.
fn command(letter: &str) -> Option<Command> {
    let named = match letter.to_lowercase().as_str() {
        "u" if letter == "U" => triple("SOGo", "alice", "alice"),
        "r" if letter == "R" => triple("SOGo", "alice", "alice"),
        "u" | "r" => triple("SOGo", "bob", "alice"),
        "x" => triple("Other", "alice", "alice"),
        "v" => triple("SOGo", "alice", "alice2"),
        _ => return None,
    };
    Some(if matches!(letter, "U" | "u" | "x") {
        Command::Unregister(named)
    } else {
        Command::Register(named)
    })
}

fn state(table: &Registry) -> BTreeMap<String, u64> {
    let name = |(triple, count): (crate::registry::Triple, u64)| {
        (format!("{}|{}|{}", triple.backend, triple.user, triple.vuser), count)
    };
    counts(table).into_iter().map(name).collect()
}

fn expected(state: &Value) -> BTreeMap<String, u64> {
    serde_json::from_value(state.clone()).unwrap()
}

#[test]
fn commands_count_as_they_did_and_where_the_original_was_wrong_as_they_should() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let traces = vectors["consumer_traces"].as_array().unwrap();
    assert_eq!(traces.len(), 7);
    for trace in traces {
        let mut table = Registry::new(Rules::default());
        let letters: Vec<&str> =
            trace["commands"].as_array().unwrap().iter().map(|letter| letter.as_str().unwrap()).collect();
        let Some(states) = trace["states"].as_array() else {
            // The more urgent overtake the others: what goes is read before what came.
            let mut drained: Vec<Command> = letters.iter().filter_map(|letter| command(letter)).collect();
            drained.sort_by_key(|command| matches!(command, Command::Register(_)));
            table.apply(Queue::B, drained);
            assert_eq!(state(&table), expected(&trace["correct_final_state"]), "{}", trace["id"]);
            assert_eq!(table.anomalies.below_zero, 0);
            continue;
        };
        for (letter, after) in letters.iter().zip(states) {
            table.apply(Queue::B, command(letter));
            assert_eq!(state(&table), expected(after), "{} at {letter}", trace["id"]);
        }
    }
}

#[test]
fn who_goes_and_was_not_there_is_counted_and_nothing_else() {
    let alice = || triple("SOGo", "alice", "alice");
    let mut table = Registry::new(Rules::default());
    table.apply(Queue::A, [Command::Unregister(alice()), Command::Unregister(alice())]);
    assert_eq!((table.len(), table.anomalies.below_zero), (0, 2));
    assert!(table.take_changed(10).is_empty(), "nothing has changed");
}
