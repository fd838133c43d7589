//! What goes wrong, and is put right again.

use std::fmt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use testkit::proxy::Way;
use testkit::shadow::Event::Spawn;
use testkit::shadow::Point;

use crate::bed::{Bed, LONG};
use crate::dice::Dice;
use crate::judge::Pause;
use crate::load::Load;
use crate::node::Node;

/// PostgreSQL that is back within this time was away for less than a hub waits before it ends what it runs; and so was a
/// machine that stood still for less.
const BRIEF: Duration = Duration::from_millis(3500);

/// A restart of PostgreSQL takes so long.
const RESTARTS: Duration = Duration::from_millis(2500);

/// The points at which a hub can die by itself (`journal::crash_point`).
pub(crate) const POINTS: [&str; 10] = [
    "accept.before_commit",
    "accept.after_commit",
    "start.before_commit",
    "start.after_commit",
    "spawn",
    "settle.before_commit",
    "settle.after_commit",
    "deliver.before_mark",
    "mark.before_commit",
    "mark.after_commit",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The one at work is killed, and starts again at once.
    Restart,
    /// The same for each of them at the same moment.
    AllRestart,
    /// The one at work is gone with its machine, and comes back when another one has taken over.
    Lost,
    /// The same for one that stands by.
    StandbyLost,
    /// The one at work dies as it starts a script, and starts again at once.
    DiesAtSpawn,
    /// It dies at one of the points at which a promise could break, and its machine with it: which one is thrown, or this one.
    DiesAt(Option<&'static str>),
    /// It is asked to lay down its work, and may take work again when another one has it.
    Drained,
    /// It is asked to stop.
    Stop,
    /// It is cut off from PostgreSQL.
    CutOff,
    /// One that stands by is cut off.
    StandbyCutOff,
    /// What it says to PostgreSQL does not arrive, or what it is answered.
    Hangs(Way),
    /// It is cut off behind a commit, for a moment.
    UnheardCommit,
    /// It is cut off behind a commit, and stays so.
    LastCommit,
    /// It stands still for so many seconds, as in a machine that is moved.
    Paused(u64),
    /// PostgreSQL is killed and starts again soon enough.
    PostgresRestarts,
    /// PostgreSQL is away for so many seconds.
    PostgresAway(u64),
    /// Its disk is full for so many seconds. Where it has no room for its log it ends, and somebody starts it when there is.
    PostgresFull(u64),
}

/// What a fault came to.
pub(crate) struct Report {
    fault: Fault,
    hub: usize,
    next: usize,
    /// From the fault to the first request that was acknowledged behind it.
    resumed: Duration,
    note: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { fault, hub, next, resumed, note } = self;
        let fault = format!("{fault:?}");
        write!(f, "{fault:<18} hub {hub} -> {next} {:>7} ms {note}", resumed.as_millis())
    }
}

impl Report {
    pub(crate) fn kind(&self) -> Fault {
        self.fault
    }

    pub(crate) fn resumed(&self) -> Duration {
        self.resumed
    }
}

impl Fault {
    pub(crate) const SHORT: [Fault; 10] = [
        Fault::Restart,
        Fault::Lost,
        Fault::StandbyLost,
        Fault::DiesAtSpawn,
        Fault::CutOff,
        Fault::Hangs(Way::Both),
        Fault::UnheardCommit,
        Fault::Paused(7),
        Fault::PostgresRestarts,
        Fault::PostgresFull(5),
    ];

    pub(crate) const ALL: [Fault; 20] = [
        Fault::Drained,
        Fault::Restart,
        Fault::AllRestart,
        Fault::Lost,
        Fault::StandbyLost,
        Fault::DiesAtSpawn,
        Fault::Stop,
        Fault::CutOff,
        Fault::StandbyCutOff,
        Fault::Hangs(Way::Both),
        Fault::Hangs(Way::There),
        Fault::Hangs(Way::Back),
        Fault::UnheardCommit,
        Fault::LastCommit,
        Fault::Paused(3),
        Fault::Paused(7),
        Fault::Paused(20),
        Fault::PostgresRestarts,
        Fault::PostgresAway(30),
        Fault::PostgresFull(5),
    ];

    /// Lets it happen, puts it right, and waits until one is at work and the others stand by.
    pub(crate) async fn strike(self, bed: &mut Bed, load: &Load, dice: &mut Dice) -> Report {
        let hub = bed.settle().await;
        // Where all work it may meet any of them.
        let hub =
            if bed.is_together() { usize::try_from(dice.roll(bed.nodes.len() as u64)).unwrap() } else { hub };
        self.strike_at(hub, bed, load, dice).await
    }

    /// The same to this hub.
    async fn strike_at(self, hub: usize, bed: &mut Bed, load: &Load, dice: &mut Dice) -> Report {
        // At a moment that has nothing to do with what is going on.
        tokio::time::sleep(Duration::from_millis(700 + dice.roll(1000))).await;
        bed.pulse.longest();
        let begun = Instant::now();
        let (since, but, note) = self.happen(bed, load, hub, dice).await;
        let resumed = bed.first(load, since.unwrap_or(begun), but).await.at - since.unwrap_or(begun);
        let next = bed.settle().await;
        Report { fault: self, hub, next, resumed, note }
    }

    /// Returns since when requests count, by whom they do not, and what else is to be said.
    async fn happen(
        self,
        bed: &mut Bed,
        load: &Load,
        hub: usize,
        dice: &mut Dice,
    ) -> (Option<Instant>, Option<usize>, String) {
        let several = bed.nodes.len() > 1;
        let begun = Instant::now();
        let node = &mut bed.nodes[hub];
        match self {
            Fault::Restart => {
                node.kill();
                node.spawn();
            }
            Fault::AllRestart => {
                bed.nodes.iter_mut().for_each(Node::kill);
                bed.nodes.iter_mut().for_each(Node::spawn);
            }
            Fault::DiesAtSpawn => {
                let point = if dice.roll(2) == 0 { Point::Before(Spawn, 1) } else { Point::After(Spawn, 1) };
                node.dies_at(point);
                node.spawn();
                return (Some(Instant::now()), None, format!("{point:?}"));
            }
            Fault::Lost => {
                node.lose();
                succeeded(bed, load, hub, begun).await;
                bed.nodes[hub].spawn();
                return (None, several.then_some(hub), String::new());
            }
            Fault::DiesAt(point) => {
                let thrown = usize::try_from(dice.roll(POINTS.len() as u64)).unwrap();
                let point = format!("{}:{}", point.unwrap_or(POINTS[thrown]), 1 + dice.roll(10));
                node.kill();
                let died = node.spawn_and_die(&point).await;
                node.kill_scripts();
                let gone = Instant::now();
                succeeded(bed, load, hub, gone).await;
                bed.nodes[hub].spawn();
                let note = if died { point } else { format!("{point}: taken over before") };
                return (Some(gone), several.then_some(hub), note);
            }
            Fault::Drained => {
                let drain: &[&str] =
                    if several { &["nodes", "drain"] } else { &["nodes", "drain", "--force"] };
                tokio::task::block_in_place(|| node.command(drain));
                let drained = Instant::now();
                succeeded(bed, load, hub, drained).await;
                tokio::task::block_in_place(|| bed.nodes[hub].command(&["nodes", "resume"]));
                return (Some(drained), several.then_some(hub), "since it was".to_owned());
            }
            Fault::Stop => {
                assert_eq!(node.stop().await, Some(0), "{}", node.log());
                let stopped = Instant::now();
                succeeded(bed, load, hub, begun).await;
                bed.nodes[hub].spawn();
                return (Some(stopped), several.then_some(hub), "since its end".to_owned());
            }
            Fault::StandbyLost | Fault::StandbyCutOff => return standby(self, bed, hub).await,
            Fault::CutOff | Fault::Hangs(_) => {
                match self {
                    Fault::Hangs(way) => node.road.hang(way),
                    _ => node.road.cut(),
                }
                succeeded(bed, load, hub, begun).await;
                bed.nodes[hub].road.heal().unwrap();
                note_stall(bed, hub);
                return (None, several.then_some(hub), String::new());
            }
            Fault::UnheardCommit | Fault::LastCommit => {
                node.road.cut_behind_commit();
                assert!(
                    tokio::task::block_in_place(|| node.road.is_cut_within(LONG)),
                    "nothing is committed"
                );
                let cut = Instant::now();
                if self == Fault::LastCommit {
                    succeeded(bed, load, hub, cut).await;
                    note_stall(bed, hub);
                }
                bed.nodes[hub].road.heal().unwrap();
                return (Some(cut), None, String::new());
            }
            Fault::Paused(seconds) => return paused(bed, hub, seconds).await,
            Fault::PostgresRestarts => return postgres(bed, hub, RESTARTS).await,
            Fault::PostgresAway(seconds) => return postgres(bed, hub, Duration::from_secs(seconds)).await,
            Fault::PostgresFull(seconds) => return full(bed, hub, Duration::from_secs(seconds)).await,
        }
        (None, None, String::new())
    }
}

/// Waits until another hub has taken over. One that is alone is left so for a while.
async fn succeeded(bed: &Bed, load: &Load, hub: usize, since: Instant) {
    if bed.nodes.len() > 1 {
        bed.first(load, since, Some(hub)).await;
    } else {
        tokio::time::sleep(Duration::from_secs(7)).await;
    }
}

/// Where this machine stood still itself while seconds counted, so did the hub.
fn note_stall(bed: &mut Bed, hub: usize) {
    let stalled = bed.pulse.longest();
    if stalled > Duration::from_secs(1) {
        println!("this machine stood still for {stalled:?}");
        let to = bed.lines();
        bed.pauses.push(Pause { node: hub, from: 0, to });
    }
}

/// What happens to one that stands by is felt by nobody.
async fn standby(fault: Fault, bed: &mut Bed, hub: usize) -> (Option<Instant>, Option<usize>, String) {
    let Some(other) = (0..bed.nodes.len()).find(|place| *place != hub) else {
        return (None, None, "there is none".to_owned());
    };
    let begun = Instant::now();
    let node = &mut bed.nodes[other];
    if fault == Fault::StandbyLost {
        node.lose();
        node.spawn();
    } else {
        node.road.cut();
        tokio::time::sleep(Duration::from_secs(7)).await;
        node.road.heal().unwrap();
    }
    let next = bed.settle().await;
    if bed.pulse.longest() < BRIEF && !bed.is_together() {
        assert_eq!(next, hub, "the one at work is another; {}", bed.logs());
    }
    (Some(begun), None, String::new())
}

async fn paused(bed: &mut Bed, hub: usize, seconds: u64) -> (Option<Instant>, Option<usize>, String) {
    let begun = Instant::now();
    let from = bed.lines();
    bed.nodes[hub].signal(Signal::STOP);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    bed.nodes[hub].signal(Signal::CONT);
    let next = bed.settle().await;
    // What it had begun to start when it was stopped is started now.
    bed.pauses.push(Pause { node: hub, from, to: bed.lines() });
    if seconds < 4 && !bed.is_together() && bed.pulse.longest() < Duration::from_secs(1) {
        assert_eq!(next, hub, "it was taken over; {}", bed.logs());
    }
    (Some(begun), None, String::new())
}

/// PostgreSQL is killed and comes back: the one at work stays it, and what it runs goes on unless that takes long.
async fn postgres(bed: &mut Bed, hub: usize, away: Duration) -> (Option<Instant>, Option<usize>, String) {
    let begun = Instant::now();
    let runs = bed.under_way();
    bed.server.crash();
    tokio::time::sleep(away).await;
    bed.server.revive().unwrap();
    let back = Instant::now();
    let next = bed.settle().await;
    let stalled = bed.pulse.longest();
    if stalled < Duration::from_secs(1) && !bed.is_together() {
        assert_eq!(next, hub, "it was taken over; {}", bed.logs());
    }
    let was_away = back - begun;
    if (next == hub || bed.is_together()) && was_away.max(stalled) < BRIEF {
        let all_end = async |bed: &Bed| !bed.under_way().iter().any(|run| runs.contains(run));
        bed.wait_until("what ran when PostgreSQL was killed has ended by itself", all_end).await;
    }
    (
        Some(back),
        None,
        format!(
            "away for {} ms, while {} scripts ran; this machine stood still for {} ms",
            was_away.as_millis(),
            runs.len(),
            stalled.as_millis()
        ),
    )
}

/// PostgreSQL has no room, and then it has. As long as it goes on itself the one at work stays it.
async fn full(bed: &mut Bed, hub: usize, full_for: Duration) -> (Option<Instant>, Option<usize>, String) {
    bed.disk.fill(0).unwrap();
    tokio::time::sleep(full_for).await;
    bed.disk.empty().unwrap();
    let has_ended = bed.server.has_ended();
    if has_ended {
        bed.server.crash();
        bed.server.revive().unwrap();
    }
    let room = Instant::now();
    let next = bed.settle().await;
    if !has_ended && !bed.is_together() && bed.pulse.longest() < Duration::from_secs(1) {
        assert_eq!(next, hub, "it was taken over; {}", bed.logs());
    }
    (Some(room), None, if has_ended { "it had ended" } else { "it went on" }.to_owned())
}
