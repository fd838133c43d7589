//! Hubs at work on one database while sessions are killed, answers to COMMIT are lost, transactions stand still, and one of them
//! is cut off until the others have buried it. The judge is the log of the database: what was committed, and in which order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "other hubs are waited for")]
#![allow(clippy::print_stderr, reason = "what happened is told with a failure")]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use intendant_journal::{Acceptance, EffectSet, Error, Expect, Journal, Options, Standing};
use model::{JobState, OutcomeKind};
use support::database::{Schema, sql};
use support::holder::Holder;
use support::hubs::{spread, until};
use support::judge::{self, Story};
use support::*;
use testkit::proxy::{Proxy, Way};
use testkit::service::{Kind, Service};

const HUBS: usize = 4;
const CALLERS: u64 = 12;
/// So many requests of its subject a caller hands in before it has them run.
const AHEAD: u64 = 3;
/// For so long everything goes wrong at once.
const TROUBLE: Duration = Duration::from_secs(8);

/// A server that tells what it commits.
fn server() -> Service {
    let mut server = Kind::PostgreSql.start().unwrap();
    sql(server.url(), "ALTER SYSTEM SET wal_level = 'logical'");
    server.halt();
    server.revive().unwrap();
    server
}

/// The machine of a hub, its road to the database, and the hub.
struct Seat {
    road: Proxy,
    machine: Schema,
    journal: RwLock<Arc<dyn Journal>>,
}

impl Seat {
    fn new(schema: &Schema, server: &Service) -> Self {
        let road = Proxy::to(server.address()).unwrap();
        let machine = schema.by(&road);
        let journal = RwLock::new(Seat::open(&machine));
        Seat { road, machine, journal }
    }

    fn open(machine: &Schema) -> Arc<dyn Journal> {
        let options = Options { beside: true, ..machine.options() };
        intendant_journal::open(options, Arc::new(|_| {})).unwrap()
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.journal.read().unwrap())
    }

    fn is_over(&self) -> bool {
        matches!(*self.journal().standing().borrow(), Standing::Over(_))
    }

    /// The next commit of its hub gets through, and its answer does not.
    fn lose_an_answer(&self) -> bool {
        self.road.cut_behind_commit();
        let cut = self.road.is_cut_within(Duration::from_secs(2));
        self.road.heal().unwrap();
        cut
    }

    /// Finds out that its life is over, and begins a new one.
    fn ends(&self, runtime: &tokio::runtime::Handle) {
        let began = Instant::now();
        while !self.is_over() {
            assert!(began.elapsed() < Duration::from_mins(1), "it does not find out that its life is over");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.begin_anew(runtime);
    }

    /// Begins a new life once the one before is over.
    fn begin_anew(&self, runtime: &tokio::runtime::Handle) {
        runtime.block_on(self.journal().close());
        let _runtime = runtime.enter();
        *self.journal.write().unwrap() = Seat::open(&self.machine);
    }
}

/// As good as random.
struct Dice(AtomicU64);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

struct Duel {
    seats: Vec<Seat>,
    dice: Dice,
    stop: AtomicBool,
}

/// What a caller was told.
#[derive(Default)]
struct Told {
    accepted: Vec<u64>,
    started: Vec<(u64, u32)>,
    ended: Vec<u64>,
}

impl Duel {
    /// The place of any of the hubs.
    fn any(&self) -> usize {
        usize::try_from(self.dice.roll(HUBS as u64)).unwrap()
    }

    /// All hubs, beginning with any of them.
    fn hubs(&self) -> Vec<Arc<dyn Journal>> {
        let first = self.any();
        (0..HUBS).map(|place| self.seats[(first + place) % HUBS].journal()).collect()
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(5 + self.dice.roll(15))).await;
    }

    /// Hands requests in and has them run, one after the other, until it is told to stop; what was begun comes to its end.
    async fn call(self: Arc<Self>, caller: u64) -> Told {
        let (mut told, mut next) = (Told::default(), 1_000_000 * caller);
        while !self.stop.load(Ordering::Relaxed) {
            for number in next..next + AHEAD {
                self.accept(caller, number).await;
                told.accepted.push(number);
            }
            for number in next..next + AHEAD {
                while !self.bring_on(number, &mut told).await {
                    self.pause().await;
                }
            }
            next += AHEAD;
        }
        told
    }

    /// The same request again until there is an answer, each time to another hub.
    async fn accept(&self, caller: u64, number: u64) {
        let new = known_as(&number.to_string(), b"content", job_of(&format!("s{caller}"), number));
        loop {
            match self.hubs()[0].accept(new.clone(), EffectSet::default()).await {
                Ok(Acceptance::New | Acceptance::Known(..)) => return,
                Err(Error::Unwritable(_) | Error::Closed) => self.pause().await,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Does what comes next; `true` = the job has ended.
    async fn bring_on(&self, number: u64, told: &mut Told) -> bool {
        let hubs = self.hubs();
        let Ok(Some(job)) = hubs[0].job(id(number)).await else { return false };
        let Ok(steps) = hubs[0].steps(id(number)).await else { return false };
        let attempts = steps.first().map_or(0, |step| step.attempts);
        match job.state {
            JobState::Succeeded => return true,
            JobState::Running => {
                if somewhere(&hubs, &settle(number, attempts, OutcomeKind::Done, at(2))).await {
                    told.ended.push(number);
                    return true;
                }
                // Nobody leads it any more.
                let back = to(number, Expect::Orphan(0, attempts), JobState::Queued, at(3));
                somewhere(&hubs, &back).await;
            }
            _ => {
                let next =
                    if attempts == 0 { start(number, at(1)) } else { restart(number, attempts + 1, at(1)) };
                if somewhere(&hubs, &next).await {
                    told.started.push((number, attempts + 1));
                }
            }
        }
        false
    }

    /// Lets everything go wrong for a while.
    fn trouble(&self, schema: &Schema) -> (usize, usize) {
        let (began, mut killed, mut unheard) = (Instant::now(), 0, 0);
        while began.elapsed() < TROUBLE {
            std::thread::sleep(Duration::from_millis(60 + self.dice.roll(120)));
            match self.dice.roll(8) {
                0 => unheard += usize::from(self.seats[self.any()].lose_an_answer()),
                // In the middle of their transactions.
                1 => {
                    let held = Holder::with(schema, "SELECT * FROM tally FOR UPDATE");
                    std::thread::sleep(Duration::from_millis(200 + self.dice.roll(1_000)));
                    held.release();
                }
                _ => {
                    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                                WHERE application_name = 'intendant' ORDER BY random() LIMIT 2";
                    killed += sql(schema.url(), kill).len();
                }
            }
        }
        (killed, unheard)
    }

    /// Cuts a hub off until the others have buried it, and lets it come back to find that out.
    fn bury(&self, seat: &Seat, schema: &Schema, runtime: &tokio::runtime::Handle) {
        let node = "SELECT count(*) FROM pen WHERE over AND seat =";
        let over = || sql(schema.url(), &format!("{node} '{}'", seat.journal().life().seat()));
        let before = over();
        seat.road.hang(Way::Both);
        let began = Instant::now();
        while over() == before {
            assert!(began.elapsed() < Duration::from_mins(1), "nobody buries it");
            std::thread::sleep(Duration::from_millis(100));
            if self.dice.roll(6) == 0 {
                self.seats[0].lose_an_answer();
            }
        }
        seat.road.heal().unwrap();
        seat.ends(runtime);
    }
}

/// Whether one of the hubs does it. Others do not own the job, or cannot write; what is not known is found out by reading.
async fn somewhere(hubs: &[Arc<dyn Journal>], change: &intendant_journal::Change) -> bool {
    for hub in hubs {
        match hub.change(change.clone()).await {
            Ok(()) => return true,
            Err(Error::NotOurs(_) | Error::Fenced(_) | Error::Unwritable(_) | Error::Closed) => {}
            Err(error) => panic!("{error}"),
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_the_log_of_the_database_tells_what_was_told() {
    let server = server();
    judge::listen(server.url());
    let schema = Schema::on(server.url());
    let seats = (0..HUBS).map(|_| Seat::new(&schema, &server)).collect();
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    eprintln!("seed {seed}");
    let duel = Arc::new(Duel { seats, dice: Dice(AtomicU64::new(seed)), stop: AtomicBool::new(false) });
    spread(&schema, HUBS).await;
    let calling: Vec<_> = (1..=CALLERS).map(|caller| tokio::spawn(Arc::clone(&duel).call(caller))).collect();
    let (troubled, runtime) = (Arc::clone(&duel), tokio::runtime::Handle::current());
    let (killed, unheard) = tokio::task::spawn_blocking(move || {
        let (killed, unheard) = troubled.trouble(&schema);
        for seat in &troubled.seats {
            if seat.is_over() {
                seat.begin_anew(&runtime);
            }
        }
        let last = &troubled.seats[HUBS - 1];
        troubled.bury(last, &schema, &runtime);
        (killed, unheard)
    })
    .await
    .unwrap();
    duel.stop.store(true, Ordering::Relaxed);
    let mut told = BTreeMap::new();
    for (caller, calling) in (1..).zip(calling) {
        told.insert(caller, calling.await.unwrap());
    }
    let journal = duel.seats[0].journal();
    until("it can be read", async || journal.newest().await.is_ok()).await;
    sound(&*journal).await;
    for seat in &duel.seats {
        seat.journal().close().await;
    }

    let story = Story::read(server.url());
    let (jobs, ended) = (story.jobs(), story.ended());
    let mut untold = ended.len();
    for (caller, told) in told {
        assert!(!told.ended.is_empty(), "{caller}");
        assert!(
            told.accepted.iter().all(|number| jobs.contains(number) && ended.contains(number)),
            "{caller}"
        );
        assert!(told.started.iter().all(|started| story.attempts.contains(started)), "{caller}");
        let begun: Vec<u64> =
            story.begun.iter().copied().filter(|number| number / 1_000_000 == caller).collect();
        assert_eq!(begun, told.accepted, "in the order in which they were answered");
        untold -= told.ended.len();
    }
    eprintln!(
        "{} jobs in {} batches; {killed} sessions killed, {unheard} answers to COMMIT lost, {} lives buried; {untold} ends \
         were written and not told",
        jobs.len(),
        story.batches,
        story.buried,
    );
    assert!(killed > 20 && unheard > 0 && story.buried > 0);
}
