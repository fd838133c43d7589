//! How still this machine stands itself: a test that counts seconds has to know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const BEAT: Duration = Duration::from_millis(50);

/// Beats, and keeps the longest time between two beats.
pub(crate) struct Pulse {
    longest: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    beating: Option<JoinHandle<()>>,
}

impl Pulse {
    pub(crate) fn start() -> Pulse {
        let (longest, over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (keeps, ends) = (Arc::clone(&longest), Arc::clone(&over));
        let beating = thread::spawn(move || {
            let mut last = Instant::now();
            while !ends.load(Ordering::Relaxed) {
                thread::sleep(BEAT);
                let gap = u64::try_from(last.elapsed().as_millis()).unwrap();
                keeps.fetch_max(gap, Ordering::Relaxed);
                last = Instant::now();
            }
        });
        Pulse { longest, over, beating: Some(beating) }
    }

    /// The longest gap since this was asked last.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_millis(self.longest.swap(0, Ordering::Relaxed))
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(beating) = self.beating.take() {
            let _ = beating.join();
        }
    }
}
