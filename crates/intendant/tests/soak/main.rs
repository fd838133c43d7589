//! Everything at once, for as long as one likes: three doors, backends that fail, and a fault every few seconds. After
//! each round all faults are over, everything that was handed in has to end, and the judge outside of the hub
//! (`testkit::oracle`) compares what the scripts saw with what was promised. Memory, descriptors and threads have to
//! stay what they were.
//!
//! `cargo xtask soak --minutes 120` runs it: it sets `INTENDANT_SOAK_SECONDS` and `_SEED`. The shortest form is one round
//! of each kind.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::disallowed_methods, reason = "other processes have to be timed and waited for")]

mod bed;
mod bus;
#[path = "../support/dice.rs"]
mod dice;
mod fault;
mod gauge;
#[path = "../support/hub.rs"]
mod hub;
mod queue;
mod round;
#[path = "../support/views.rs"]
mod views;

use std::time::{Duration, Instant};

use bed::Bed;
use dice::Dice;
use gauge::Gauge;
use round::Round;

fn knob(name: &str, default: u64) -> u64 {
    std::env::var(format!("INTENDANT_SOAK_{name}")).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_stuck_or_growing() {
    let length = Duration::from_secs(knob("SECONDS", 0));
    let mut dice = Dice::new(knob("SEED", 20_261_126));
    let begun = Instant::now();
    let mut bed = Bed::new();
    bed.start().await;
    let mut gauges: Vec<Gauge> = Vec::new();
    println!("{}", Gauge::HEADING);
    for number in 0.. {
        let round = Round::new(number, &mut dice);
        let done = round.run(&mut bed, &mut dice).await;
        let gauge = bed.gauge().await;
        println!("{:>6} {gauge} {done}", begun.elapsed().as_secs());
        gauges.push(gauge);
        if number > 0 && begun.elapsed() >= length {
            break;
        }
    }
    assert_eq!(bed.stop().await, Some(0), "it stops in good order");
    gauge::stays(&gauges);
}
