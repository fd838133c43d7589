//! One fault after the other, while requests come in.

use std::path::Path;
use std::time::Duration;

use crate::bed::Bed;
use crate::dice::Dice;
use crate::fault::{Fault, Report};
use crate::judge::judge;
use crate::load::Load;

/// After so many faults all has to end, and is judged.
const JUDGED: usize = 10;

pub(crate) fn knob(name: &str, default: u64) -> u64 {
    std::env::var(format!("INTENDANT_CLUSTER_{name}")).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_repeated_or_out_of_order_whoever_is_at_work() {
    let rounds = usize::try_from(knob("ROUNDS", 0)).unwrap();
    let mut dice = Dice::new(knob("SEED", 20_261_127));
    let faults = if rounds == 0 { shuffled(&mut dice) } else { thrown(rounds, &mut dice) };
    let hubs = usize::try_from(knob("HUBS", 3)).unwrap();
    let mut bed = if knob("ALL_WORK", 0) == 0 { Bed::start(hubs).await } else { Bed::together(hubs).await };
    if let Some(version) = std::env::var_os("INTENDANT_CLUSTER_BESIDE") {
        bed.mix(Path::new(&version));
    }
    let mut reports = Vec::new();
    for (part, faults) in faults.chunks(JUDGED).enumerate() {
        let newest = bed.newest().await;
        let load = Load::start(&bed.hubs(), &format!("part-{part}"));
        for fault in faults {
            let report = fault.strike(&mut bed, &load, &mut dice).await;
            println!("{:>4} {report}", reports.len() + 1);
            reports.push(report);
        }
        let acknowledged = load.end().await;
        bed.drain().await;
        println!("     {}", judge(&bed, newest, &acknowledged).await);
        bed.forget();
    }
    summary(&reports);
}

/// Each of the short form once.
pub(crate) fn shuffled(dice: &mut Dice) -> Vec<Fault> {
    let mut faults = Fault::SHORT.to_vec();
    for last in (1..faults.len()).rev() {
        faults.swap(last, usize::try_from(dice.roll(last as u64 + 1)).unwrap());
    }
    faults
}

/// One in four is a death at a crash point, where the program has them: there are many.
fn thrown(rounds: usize, dice: &mut Dice) -> Vec<Fault> {
    let throw = |_| match dice.roll(4) {
        0 if cfg!(feature = "crash-points") => Fault::DiesAt(None),
        _ => Fault::ALL[usize::try_from(dice.roll(Fault::ALL.len() as u64)).unwrap()],
    };
    (0..rounds).map(throw).collect()
}

#[cfg(feature = "crash-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_next_hub_goes_on_whatever_the_one_that_died_was_about_to_do() {
    let mut dice = Dice::new(knob("SEED", 20_261_127));
    let mut bed = Bed::start(3).await;
    let load = Load::start(&bed.hubs(), "points");
    for point in crate::fault::POINTS {
        println!("{}", Fault::DiesAt(Some(point)).strike(&mut bed, &load, &mut dice).await);
    }
    let acknowledged = load.end().await;
    bed.drain().await;
    println!("{}", judge(&bed, 0, &acknowledged).await);
}

/// How soon work went on after each kind of fault.
fn summary(reports: &[Report]) {
    println!("from the fault to the first request that is acknowledged behind it:");
    for fault in Fault::ALL.into_iter().chain([Fault::DiesAt(None)]) {
        let mut times: Vec<Duration> =
            reports.iter().filter(|report| report.kind() == fault).map(Report::resumed).collect();
        times.sort();
        if let Some(longest) = times.last() {
            let median = times[times.len() / 2];
            println!(
                "{:>18} {:>3} times, median {median:?}, longest {longest:?}",
                format!("{fault:?}"),
                times.len()
            );
        }
    }
}
