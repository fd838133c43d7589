//! Two hubs that work beside each other on one database pass the conformance suite as one would: requests go to the one or
//! the other by chance.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod conformance;
mod support;

use support::dealer::{Dealing, Table};

/// The rules that say something of one hub, how it is asked here, and why.
const OF_ONE: [(&str, Dealing, &str); 6] = [
    (
        "a_job_is_what_was_given",
        Dealing::Concerned,
        "it counts commits: what another hub accepts is put in line by a second one",
    ),
    (
        "events_are_numbered_and_resumed",
        Dealing::Concerned,
        "it makes a position of one event, which is one where a single hub has written",
    ),
    (
        "deliveries_keep_their_order_and_their_marks",
        Dealing::Concerned,
        "what another hub than the one that delivers has sent again is no old delivery for that one, but a new one",
    ),
    (
        "dead_deliveries_are_listed_and_settled",
        Dealing::Concerned,
        "the same: it comes behind those that are in line",
    ),
    (
        "follow_ups_are_accepted_in_the_same_commit",
        Dealing::Alone,
        "it counts commits: each owner puts its own in line",
    ),
    (
        "what_nobody_waits_for_is_written_all_the_same",
        Dealing::Alone,
        "between two hubs only what was answered comes before what is asked then",
    ),
];

/// A table for the rule of this name.
fn table(rule: &str) -> Table {
    let found = OF_ONE.iter().find(|(name, ..)| *name == rule);
    Table::new(found.map_or(Dealing::Either, |(_, dealing, _)| *dealing))
}

conformance!(crate::table);

#[test]
fn every_exception_is_one_of_a_rule() {
    for (name, ..) in OF_ONE {
        assert!(RULES.contains(&name), "{name} is no rule");
    }
}
