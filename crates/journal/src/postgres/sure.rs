//! How sure we may be that nobody else is at work: as long as our commits are confirmed.
//!
//! Whoever stands by takes over what it has not seen moving for [`super::watch::SILENCE`]. We have stopped before that: the
//! time is counted from the moment at which the last commit that was confirmed had been sent, which is before anybody saw it.
//! Where nobody else is, nobody takes over, and there is nothing to stop for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::boot::since_boot;
use super::pause::pause;
use crate::health::Health;
use crate::node::{End, Standing};

/// Without a confirmed commit for so long we are not sure any more.
pub(super) const UNSURE: Duration = Duration::from_millis(4500);
/// The clock is looked at so often at least: it jumps when the machine has slept.
const LOOK: Duration = Duration::from_millis(500);

/// What is said meanwhile.
const DOUBT: &str = "no commit was confirmed for 4.5 s, and another hub may take over: until PostgreSQL answers nothing \
                     begins, and what ran has been ended";

/// What the writer finds, for those who act on it.
pub(super) struct Sure {
    last: Mutex<Last>,
    standing: watch::Sender<Standing>,
    health: Arc<Health>,
}

/// The last confirmed commit.
struct Last {
    /// When it was sent.
    sent: Duration,
    /// As it found things, nobody else was there.
    alone: bool,
}

impl Sure {
    /// With a commit that was sent at this time.
    pub(super) fn new(health: Arc<Health>, sent: Duration, alone: bool) -> Self {
        Sure {
            last: Mutex::new(Last { sent, alone }),
            standing: watch::Sender::new(Standing::Confirmed),
            health,
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit was confirmed that had been sent at this time.
    pub(super) fn confirmed(&self, sent: Duration, alone: bool) {
        *self.last() = Last { sent, alone };
        self.set(|standing| *standing == Standing::Unsure, Standing::Confirmed);
    }

    /// Our life is over.
    pub(super) fn over(&self, why: End) {
        self.set(|standing| !matches!(standing, Standing::Over(_)), Standing::Over(why));
    }

    fn set(&self, from: impl FnOnce(&Standing) -> bool, to: Standing) {
        self.standing.send_if_modified(|standing| {
            let changes = from(standing);
            if changes {
                *standing = to;
            }
            changes
        });
    }

    /// For how long we may still be sure; `None` = for ever.
    fn left(&self) -> Option<Duration> {
        let last = self.last();
        (!last.alone).then(|| (last.sent + UNSURE).saturating_sub(since_boot()))
    }

    /// Whether we are not sure any more.
    pub(super) fn is_lost(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// Whoever waits for a commit waits no longer than this, and not longer than `at_most`.
    pub(super) fn patience(&self, at_most: Duration) -> Duration {
        self.left().map_or(at_most, |left| left.min(at_most))
    }

    /// Why nothing can be written, with what that means by now.
    pub(super) fn told(&self, why: &str) -> String {
        if self.is_lost() { format!("{why}; {DOUBT}") } else { why.to_owned() }
    }

    /// Those who hear of it.
    pub(super) fn receiver(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    fn look(&self) {
        if self.is_lost() && *self.standing.borrow() == Standing::Confirmed {
            self.health.failed(DOUBT);
            self.set(|standing| *standing == Standing::Confirmed, Standing::Unsure);
        }
    }

    /// Looks at the clock for as long as anybody wants to know.
    pub(super) async fn watch(this: Weak<Sure>) {
        loop {
            let next = {
                let Some(sure) = this.upgrade() else { return };
                sure.look();
                match sure.left() {
                    Some(left) if !left.is_zero() => left.min(LOOK),
                    _ => LOOK,
                }
            };
            pause(next).await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    fn sure(ago: Duration, alone: bool) -> Sure {
        Sure::new(Arc::default(), since_boot().saturating_sub(ago), alone)
    }

    #[test]
    fn without_a_confirmed_commit_it_is_unsure_until_there_is_one() {
        let sure = sure(UNSURE, false);
        let heard = sure.receiver();
        sure.look();
        assert_eq!(*heard.borrow(), Standing::Unsure);
        assert!(sure.health.trouble().is_some());
        assert_eq!(sure.patience(LOOK), Duration::ZERO);
        sure.confirmed(since_boot(), false);
        sure.look();
        assert_eq!(*heard.borrow(), Standing::Confirmed);
        assert!(!sure.is_lost());
    }

    #[test]
    fn the_time_counts_from_when_it_was_sent() {
        let sure = sure(Duration::ZERO, false);
        sure.confirmed(since_boot().saturating_sub(UNSURE), false);
        assert!(sure.is_lost(), "its answer came too late to be sure of anything");
    }

    #[test]
    fn whoever_is_alone_stays_sure() {
        let sure = sure(10 * UNSURE, true);
        let heard = sure.receiver();
        sure.look();
        assert_eq!(*heard.borrow(), Standing::Confirmed);
        assert_eq!(sure.patience(LOOK), LOOK);
    }

    #[test]
    fn what_is_over_stays_over() {
        let sure = sure(Duration::ZERO, false);
        let heard = sure.receiver();
        sure.over(End::Lost(3));
        sure.over(End::TakenOver);
        sure.confirmed(since_boot(), true);
        assert_eq!(*heard.borrow(), Standing::Over(End::Lost(3)));
    }
}
