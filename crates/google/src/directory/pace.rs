//! The quota: so many calls in any minute, whoever makes them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A little more than a minute: calls do not arrive exactly as they leave.
const WINDOW: Duration = Duration::from_secs(62);

/// When calls were made.
#[derive(Debug, Default)]
pub struct Pace {
    /// 0 = as many as one likes.
    most: AtomicUsize,
    /// Milliseconds that have gone by beside those of the clock.
    ahead: AtomicU64,
    made: Mutex<VecDeque<Instant>>,
}

impl Pace {
    /// At most so many calls in a minute from now on, with those that were made; `None` = as many as one likes.
    pub fn set(&self, most: Option<usize>) {
        self.most.store(most.unwrap_or_default(), Ordering::Relaxed);
    }

    /// Lets time run ahead, as if all calls had been made so much longer ago: to try out what happens then.
    pub fn run_ahead(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// By how much it runs ahead.
    pub fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead.load(Ordering::SeqCst))
    }

    fn most(&self) -> Option<usize> {
        Some(self.most.load(Ordering::Relaxed)).filter(|most| *most > 0)
    }

    /// Makes a call. An error says in how long there is room for one.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let Some(most) = self.most() else { return Ok(()) };
        let now = now + self.ahead();
        let mut made = self.recent(now);
        if made.len() < most {
            made.push_back(now);
            return Ok(());
        }
        Err(wait(&made, 1, now))
    }

    /// Whether something that takes several calls may begin: the last part of the quota is for what has begun.
    pub(super) fn has_room(&self, now: Instant) -> Result<(), Duration> {
        let Some(most) = self.most() else { return Ok(()) };
        let now = now + self.ahead();
        let (made, kept) = (self.recent(now), most / 8);
        if made.len() + kept < most {
            return Ok(());
        }
        Err(wait(&made, (made.len() + kept + 1).saturating_sub(most), now))
    }

    fn recent(&self, now: Instant) -> std::sync::MutexGuard<'_, VecDeque<Instant>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        while made.front().is_some_and(|first| now.saturating_duration_since(*first) >= WINDOW) {
            made.pop_front();
        }
        made
    }
}

/// In how long so many of the oldest have been made long enough ago.
fn wait(made: &VecDeque<Instant>, many: usize, now: Instant) -> Duration {
    let last = made.get(many.saturating_sub(1)).copied().unwrap_or(now);
    (last + WINDOW).saturating_duration_since(now)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "some moment to begin with")]
mod tests {
    use super::*;

    fn of(most: Option<usize>) -> Pace {
        let pace = Pace::default();
        pace.set(most);
        pace
    }

    #[test]
    fn no_minute_has_more_calls_than_the_quota() {
        let (start, pace) = (Instant::now(), of(Some(40)));
        let mut made = Vec::new();
        let mut now = start;
        // Ten minutes of somebody who calls whenever it is allowed, in bursts.
        while now < start + Duration::from_mins(10) {
            match pace.take(now) {
                Ok(()) => made.push(now),
                Err(pause) => now += pause,
            }
            now += Duration::from_millis(7 * u64::try_from(made.len() % 5).unwrap());
        }
        assert!(made.len() > 300, "{}", made.len());
        for first in &made {
            let minute =
                made.iter().filter(|call| *call >= first && **call < *first + Duration::from_mins(1));
            assert!(minute.count() <= 40);
        }
    }

    #[test]
    fn what_has_begun_finds_room_when_nothing_more_may_begin() {
        let (now, pace) = (Instant::now(), of(Some(16)));
        for _ in 0..14 {
            pace.has_room(now).unwrap();
            pace.take(now).unwrap();
        }
        let pause = pace.has_room(now).unwrap_err();
        assert_eq!(pause, WINDOW);
        pace.take(now).unwrap();
        pace.take(now).unwrap();
        assert_eq!(pace.take(now), Err(WINDOW));
        assert_eq!(pace.take(now + pause), Ok(()));
        of(None).take(now).unwrap();
    }
}
