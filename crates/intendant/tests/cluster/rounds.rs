//! One fault after the other, while requests come in.

use std::time::Duration;

use crate::bed::Bed;
use crate::dice::Dice;
use crate::fault::{Fault, Report};
use crate::judge::judge;
use crate::load::Load;

/// After so many faults all has to end, and is judged.
const JUDGED: usize = 10;

fn knob(name: &str, default: u64) -> u64 {
    std::env::var(format!("INTENDANT_CLUSTER_{name}")).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_repeated_or_out_of_order_whoever_is_at_work() {
    let rounds = usize::try_from(knob("ROUNDS", 0)).unwrap();
    let mut dice = Dice::new(knob("SEED", 20_261_127));
    let faults = if rounds == 0 { shuffled(&mut dice) } else { thrown(rounds, &mut dice) };
    let mut bed = Bed::start(usize::try_from(knob("HUBS", 3)).unwrap()).await;
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
fn shuffled(dice: &mut Dice) -> Vec<Fault> {
    let mut faults = Fault::SHORT.to_vec();
    for last in (1..faults.len()).rev() {
        faults.swap(last, usize::try_from(dice.roll(last as u64 + 1)).unwrap());
    }
    faults
}

fn thrown(rounds: usize, dice: &mut Dice) -> Vec<Fault> {
    let throw = |_| Fault::ALL[usize::try_from(dice.roll(Fault::ALL.len() as u64)).unwrap()];
    (0..rounds).map(throw).collect()
}

/// How soon work went on after each kind of fault.
fn summary(reports: &[Report]) {
    println!("from the fault to the first request that is acknowledged behind it:");
    for fault in Fault::ALL {
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
