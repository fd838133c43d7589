//! The only place that reads a clock, sleeps, or draws a random number. Everything else takes the result.
#![allow(clippy::disallowed_methods, reason = "this is the module the others are told to ask")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::{DeliveryId, JobId, believe};

/// No more than so much of the time in which the process was stopped counts as its own.
const SLICE: Duration = Duration::from_secs(5);

/// Bounds how long somebody else may take: a peer, a file, another program. It decides nothing of the hub's own, whose
/// pauses and times are the [`Clock`]'s.
pub fn within<F: IntoFuture>(limit: Duration, future: F) -> tokio::time::Timeout<F::IntoFuture> {
    tokio::time::timeout(limit, future)
}

/// The time zone of that name, `Europe/Paris`; without one, that of the machine. An error says in words why there is none:
/// one that `TZ` names and nobody knows would be UTC in silence.
pub fn zone(named: Option<&str>) -> Result<TimeZone, String> {
    if let Some(name) = named {
        return TimeZone::get(name).map_err(|_| format!("{name:?} is no time zone such as Europe/Paris"));
    }
    match (TimeZone::try_system(), std::env::var_os("TZ").filter(|name| !name.is_empty())) {
        (Ok(zone), _) => Ok(zone),
        (Err(error), Some(name)) => Err(format!(
            "TZ={} is no known time zone: correct it, or name one with `time_zone` ({error})",
            name.display()
        )),
        (Err(_), None) => {
            tracing::warn!(
                "this machine names no time zone: times are read as UTC where no `time_zone` is given"
            );
            Ok(TimeZone::UTC)
        }
    }
}

/// The time, pauses and randomness.
#[derive(Clone, Debug)]
pub struct Clock {
    state: Arc<AtomicU64>,
    /// By so many milliseconds the wall clock runs ahead of the machine's.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock, with a random seed from the operating system.
    pub fn system() -> Self {
        // Ids need to be unique, not unguessable: without entropy the time alone still tells runs apart.
        let seed = getrandom::u64().unwrap_or_else(|_| {
            u64::try_from(Timestamp::now().as_nanosecond() & i128::from(i64::MAX)).unwrap_or_default()
        });
        Clock { state: Arc::new(AtomicU64::new(seed)), ahead: Arc::default() }
    }

    /// Lets the wall clock run ahead of the machine's, or behind it, as if somebody had set it: to try out what happens
    /// then. All clones of this clock run with it.
    pub fn run_ahead(&self, by: SignedDuration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or_default();
        self.ahead.store(millis, Ordering::Relaxed);
    }

    /// The wall-clock time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        let ahead = self.ahead.load(Ordering::Relaxed);
        Timestamp::from_millisecond(now.as_millisecond().saturating_add(ahead)).unwrap_or(now)
    }

    /// A moment that only ever grows, for measuring.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Waits for this long.
    pub async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }

    /// Waits for this long of our own time: while the whole process was stopped nothing went by for it.
    pub async fn sleep_awake(&self, mut pause: Duration) {
        while !pause.is_zero() {
            let slice = pause.min(SLICE);
            tokio::time::sleep(slice).await;
            pause -= slice;
        }
    }

    /// Waits until the wall clock shows this time, but not longer than `at_most`: the clock may be set.
    pub async fn sleep_until(&self, time: Timestamp, at_most: Duration) {
        let pause = Duration::try_from(time.duration_since(self.now())).unwrap_or(Duration::ZERO);
        tokio::time::sleep(pause.min(at_most)).await;
    }

    /// Blocks the calling thread for this long. For threads of their own, never on the runtime.
    pub fn pause_thread(&self, pause: Duration) {
        std::thread::sleep(pause);
    }

    /// A number from 0 (included) to 1 (excluded).
    pub fn chance(&self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }

    /// A new job id for this time.
    pub fn job_id(&self, now: Timestamp) -> JobId {
        JobId::from_parts(now, self.ten_bytes())
    }

    /// A new delivery id for this time.
    pub fn delivery_id(&self, now: Timestamp) -> DeliveryId {
        DeliveryId(self.job_id(now).0)
    }

    fn ten_bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        let words = [self.next().to_le_bytes(), self.next().to_le_bytes()];
        for (byte, random) in bytes.iter_mut().zip(words.iter().flatten()) {
            *byte = *random;
        }
        bytes
    }

    /// ``SplitMix64``: one atomic addition per draw, no lock.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Notices that the wall clock was set back, by the clock that only ever grows.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    wall: Timestamp,
    grown: Instant,
}

impl Pace {
    /// Watches from now on.
    pub fn new(clock: &Clock) -> Self {
        Pace { wall: clock.now(), grown: clock.instant() }
    }

    /// By how much the wall clock was set back since the last look.
    pub fn set_back(&mut self, clock: &Clock) -> Option<SignedDuration> {
        let before = std::mem::replace(self, Pace::new(clock));
        believe::set_back(before.wall, self.wall, self.grown.duration_since(before.grown))
    }
}
