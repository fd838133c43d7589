//! The only place that reads a clock, sleeps, or draws a random number. Everything else takes the result.
#![allow(clippy::disallowed_methods, reason = "this is the module the others are told to ask")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use model::{DeliveryId, JobId};

/// The time, pauses and randomness.
#[derive(Clone, Debug)]
pub struct Clock {
    state: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's clock, with a random seed from the operating system.
    pub fn system() -> Self {
        // Ids need to be unique, not unguessable: without entropy the time alone still tells runs apart.
        let seed = getrandom::u64().unwrap_or_else(|_| {
            u64::try_from(Timestamp::now().as_nanosecond() & i128::from(i64::MAX)).unwrap_or_default()
        });
        Clock { state: Arc::new(AtomicU64::new(seed)) }
    }

    /// The wall-clock time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// A moment that only ever grows, for measuring.
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Waits for this long.
    pub async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
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
