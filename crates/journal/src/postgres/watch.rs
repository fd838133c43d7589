//! For how long a life has not moved: seen with our own eyes, by our own clock, and without a gap.
//!
//! The clocks of others are never compared. A hub that works shows it by its batches, and stops itself when none was
//! confirmed for [`super::sure::UNSURE`]; whoever has seen none for [`SILENCE`] may take over. While the database itself does
//! not answer nobody can show anything: after a gap the count begins anew.

use std::collections::HashMap;
use std::time::Duration;

/// A life that has not moved for so long is over.
pub(super) const SILENCE: Duration = Duration::from_secs(6);
/// Between two looks may lie so much, or what was counted before them counts no more.
const GAP: Duration = Duration::from_secs(1);

/// What moves: epoch and batch of a pen.
pub(super) type Mark = (i64, i64);

struct Seen {
    mark: Mark,
    since: Duration,
}

/// What was seen of all lives, by their nodes.
#[derive(Default)]
pub(super) struct Watch {
    seen: HashMap<i64, Seen>,
    asked: Duration,
    answered: Option<Duration>,
}

impl Watch {
    /// Notes what a look found, which was asked for and answered at these times.
    pub(super) fn look(
        &mut self,
        asked: Duration,
        answered: Duration,
        found: impl IntoIterator<Item = (i64, Mark)>,
    ) {
        let whole = self.answered.is_some_and(|before| answered.saturating_sub(before) <= GAP);
        let before = std::mem::take(&mut self.seen);
        let seen = |(node, mark)| {
            let known = before.get(&node).filter(|known| whole && known.mark == mark);
            (node, Seen { mark, since: known.map_or(answered, |known| known.since) })
        };
        self.seen = found.into_iter().map(seen).collect();
        (self.asked, self.answered) = (asked, Some(answered));
    }

    /// For how long the last look is known to have found this life as it was before.
    pub(super) fn silence(&self, node: i64) -> Duration {
        self.seen.get(&node).map_or(Duration::ZERO, |seen| self.asked.saturating_sub(seen.since))
    }

    /// Whether this life is over.
    pub(super) fn is_dead(&self, node: i64) -> bool {
        self.silence(node) >= SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: i64 = 1;

    /// Looks at these times, in hundredths of a second, each answered at once, and each of which finds this batch.
    fn looks(watch: &mut Watch, times: impl IntoIterator<Item = u64>, batch: i64) {
        for time in times {
            let at = Duration::from_millis(10 * time);
            watch.look(at, at, [(NODE, (1, batch))]);
        }
    }

    #[test]
    fn one_that_does_not_move_for_six_seconds_is_dead() {
        let mut watch = Watch::default();
        looks(&mut watch, (0..600).step_by(50), 7);
        assert!(!watch.is_dead(NODE), "too early: {:?}", watch.silence(NODE));
        looks(&mut watch, [600], 7);
        assert!(watch.is_dead(NODE));
        assert!(!watch.is_dead(2), "of whom nothing is known");
    }

    #[test]
    fn whatever_moves_lives() {
        let mut watch = Watch::default();
        looks(&mut watch, (0..=550).step_by(50), 7);
        looks(&mut watch, [600], 8);
        assert_eq!(watch.silence(NODE), Duration::ZERO);
        looks(&mut watch, (650..=1150).step_by(50), 8);
        assert!(!watch.is_dead(NODE));
        // A higher epoch is a move as well.
        let at = Duration::from_secs(12);
        watch.look(at, at, [(NODE, (2, 8))]);
        assert_eq!(watch.silence(NODE), Duration::ZERO);
    }

    #[test]
    fn after_a_gap_the_count_begins_anew() {
        let mut watch = Watch::default();
        looks(&mut watch, (0..=550).step_by(50), 7);
        // The next look is answered too late: the database was away, or this process stood still.
        looks(&mut watch, [651], 7);
        assert_eq!(watch.silence(NODE), Duration::ZERO);
        looks(&mut watch, (700..=1250).step_by(50), 7);
        assert!(!watch.is_dead(NODE));
        looks(&mut watch, [1300], 7);
        assert!(watch.is_dead(NODE));
    }

    #[test]
    fn time_that_an_answer_takes_is_not_counted() {
        let mut watch = Watch::default();
        let second = Duration::from_secs(1);
        watch.look(Duration::ZERO, second, [(NODE, (1, 7))]);
        for half in 3..=13 {
            let answered = half * second / 2;
            watch.look(answered.saturating_sub(second / 4), answered, [(NODE, (1, 7))]);
        }
        assert_eq!(watch.silence(NODE), Duration::from_millis(5250));
    }

    #[test]
    fn whoever_is_gone_and_comes_again_is_new() {
        let mut watch = Watch::default();
        looks(&mut watch, (0..=300).step_by(50), 7);
        let at = Duration::from_millis(3500);
        watch.look(at, at, []);
        looks(&mut watch, [400], 7);
        assert_eq!(watch.silence(NODE), Duration::ZERO);
    }
}
