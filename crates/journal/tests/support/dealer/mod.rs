//! Two hubs beside each other that look like one journal: each request goes to the one or the other, as it does where a
//! balancer stands before them. Whoever is told [`Error::NotOurs`] asks the other one, as callers have to.
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(clippy::print_stderr, reason = "whoever finds a test red needs its seed")]
#![allow(clippy::wildcard_imports, reason = "the module above is made for it")]

mod keep;
mod read;
mod told;
mod write;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use intendant_journal::{EffectSet, Error, Journal, Options};
use model::{JobId, Subject};
use uuid::Uuid;

use super::database::{Schema, sql};
use super::*;
use told::Told;

/// Longer than anything takes here.
const LONG: Duration = Duration::from_mins(1);

/// Whom a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dealing {
    /// To either, by chance.
    Either,
    /// To whoever is concerned: the owner of a job, the one that delivers. Where nobody is, to either.
    Concerned,
    /// There is one hub alone, which would let others work beside it.
    Alone,
}

/// Numbers that look random and depend on their seed alone. Whoever finds a test red finds the seed in what it said.
struct Dice(AtomicU64);

impl Dice {
    /// From the seed in `INTENDANT_DEALER_SEED`, or another one each time.
    fn new() -> Self {
        let given = std::env::var("INTENDANT_DEALER_SEED").ok();
        let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| Uuid::now_v7().as_u64_pair().1);
        eprintln!("INTENDANT_DEALER_SEED={seed}");
        Dice(AtomicU64::new(seed))
    }

    /// One of so many.
    fn roll(&self, sides: usize) -> usize {
        let mut mixed =
            self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

/// A database, and the machines of the hubs that work on it.
pub struct Table {
    seats: Vec<Schema>,
    dealing: Dealing,
    dice: Arc<Dice>,
    /// What the last machine is called, once the journal is made.
    last: OnceLock<String>,
}

impl Table {
    pub fn new(dealing: Dealing) -> Self {
        Table::with(dealing, Arc::new(Dice::new()))
    }

    fn with(dealing: Dealing, dice: Arc<Dice>) -> Self {
        let mut seats = vec![Schema::new()];
        if dealing != Dealing::Alone {
            seats.push(seats[0].elsewhere());
        }
        Table { seats, dealing, dice, last: OnceLock::new() }
    }

    /// Gives its shards to the last machine, as if its hub had been killed: whoever begins there has them at once, and nobody
    /// waits until the first hub has given them away.
    fn deal_shards(&self) {
        let Some(machine) = self.seats.get(1) else { return };
        let seat = self.last.get_or_init(|| seat_of(machine.options()));
        let newest = sql(machine.url(), "SELECT max(node) FROM pen")[0].parse::<i64>().unwrap();
        let (first, second) = (newest + 1, newest + 2);
        let belongs = |shard: &i16| weight(second, *shard) > weight(first, *shard);
        let shards: Vec<i16> = (0..256).filter(belongs).collect();
        let node = format!("(SELECT max(node) FROM pen WHERE seat = '{seat}')");
        sql(
            machine.url(),
            &format!(
                "UPDATE pen SET over = false, drained = true, role = 2 WHERE node = {node};
                 UPDATE shard SET owner = CASE WHEN id = ANY(ARRAY{shards:?}) THEN {node} END"
            ),
        );
    }
}

/// What the hubs reckon to find out where a shard belongs (`postgres/sharing.rs`). Should they come to reckon otherwise, shards
/// move while the rules run, which then take longer.
fn weight(node: i64, shard: i16) -> u64 {
    let mut mixed =
        node.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(shard.cast_unsigned());
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 31)
}

/// Makes the journal, and says what the machine is called.
fn seat_of(options: Options) -> String {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let options = Options { beside: true, ..options };
            let journal = intendant_journal::open(options, Arc::new(|_| {})).unwrap();
            journal.close().await;
            journal.life().seat().to_owned()
        })
    };
    // The caller is in a runtime of its own.
    std::thread::spawn(run).join().unwrap()
}

impl Bed for Table {
    fn open(&self) -> Opened {
        self.deal_shards();
        let told = Arc::new(Told::default());
        let open = |(place, seat): (usize, &Schema)| {
            let options = Options { beside: true, ..seat.options() };
            intendant_journal::open(options, told.observer(place)).unwrap()
        };
        let hubs = self.seats.iter().enumerate().map(open).collect();
        let heard = told.heard.clone();
        let dealer = Dealer { hubs, dealing: self.dealing, dice: Arc::clone(&self.dice), told };
        Opened { journal: Arc::new(dealer), heard }
    }

    fn another(&self) -> Box<dyn Bed> {
        Box::new(Table::with(self.dealing, Arc::clone(&self.dice)))
    }
}

/// The hubs as one journal. What its observer hears is what they were told, as one hub would have been.
struct Dealer {
    hubs: Vec<Arc<dyn Journal>>,
    dealing: Dealing,
    dice: Arc<Dice>,
    told: Arc<Told>,
}

impl Dealer {
    /// The place of some hub.
    fn any(&self) -> usize {
        self.dice.roll(self.hubs.len())
    }

    /// Some hub.
    fn hub(&self) -> &dyn Journal {
        &*self.hubs[self.any()]
    }

    /// Some hub, or the one that is concerned where requests go to that.
    fn hub_for(&self, concerned: Option<usize>) -> &dyn Journal {
        match concerned {
            Some(concerned) if self.dealing == Dealing::Concerned => &*self.hubs[concerned],
            _ => self.hub(),
        }
    }

    /// The one that delivers.
    fn leader(&self) -> Option<usize> {
        self.hubs.iter().position(|hub| *hub.leads().borrow())
    }

    /// The one that owns a job, unless that is on its way from one to the other.
    fn owner(&self, job: JobId, subject: Option<&Subject>) -> Option<usize> {
        self.hubs.iter().position(|hub| hub.owns(job, subject))
    }

    /// The same of a job that is there; it is waited for.
    async fn owner_of(&self, job: JobId) -> usize {
        let subject = self.hubs[0].job(job).await.unwrap().unwrap().subject;
        let begun = Instant::now();
        loop {
            if let Some(owner) = self.owner(job, subject.as_ref()) {
                return owner;
            }
            assert!(begun.elapsed() < LONG, "nobody owns {job}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whose the shards are; `None` = some are on their way from one to the other. Jobs without a subject lie in all of them.
    fn owners(&self) -> Option<Vec<usize>> {
        let owner = |shard| {
            let mut owners = (0..self.hubs.len()).filter(|hub| self.hubs[*hub].owns(id(shard), None));
            owners.next().filter(|_| owners.next().is_none())
        };
        (0..256).map(owner).collect()
    }

    /// Whether no shard has moved since these were the owners.
    async fn is_still(&self, before: Option<Vec<usize>>, begun: Instant) -> bool {
        if before.is_some() && before == self.owners() {
            return true;
        }
        assert!(begun.elapsed() < LONG, "the shards do not come to rest");
        tokio::time::sleep(Duration::from_millis(5)).await;
        false
    }

    /// Waits until all hubs have done what follows from what was answered: what has arrived is put in line, and told. A batch
    /// that begins now finds it.
    async fn settle(&self) {
        let begun = Instant::now();
        loop {
            let before = self.owners();
            let nothing: Vec<_> =
                self.hubs.iter().map(|hub| hub.apply(EffectSet::default(), None, at(0))).collect();
            let mut are_closed = true;
            for done in join_all(nothing).await {
                assert!(matches!(done, Ok(()) | Err(Error::Closed)), "{done:?}");
                are_closed &= done.is_err();
            }
            // Of hubs that are closed no shard moves any more, from wherever it is.
            if are_closed || self.is_still(before, begun).await {
                return;
            }
        }
    }
}
