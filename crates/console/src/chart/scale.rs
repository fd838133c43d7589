//! What the top of a chart stands for: the next round number, of which the half is one too where there are many.

use std::time::Duration;

/// Lengths of time that people know, in milliseconds.
const TIMES: [u64; 27] = [
    2,
    4,
    10,
    20,
    40,
    100,
    200,
    400,
    1_000,
    2_000,
    4_000,
    10_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_200_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// The next round number: 1, 2, 4, 10, 20, 40 and so on.
pub(super) fn nice_count(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for times in [1, 2, 4] {
            let bound = unit.saturating_mul(times);
            if most <= bound {
                return bound;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// The next length of time that people know.
pub(super) fn nice_time(longest: Duration) -> Duration {
    let fits = TIMES.into_iter().map(Duration::from_millis).find(|time| longest <= *time);
    fits.unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tops_are_round_and_never_below_what_is_drawn() {
        let tops = [0, 1, 3, 5, 11, 41, 999].map(nice_count);
        assert_eq!(tops, [1, 1, 4, 10, 20, 100, 1000]);
        assert_eq!(nice_time(Duration::from_millis(41)), Duration::from_millis(100));
        assert_eq!(nice_time(Duration::from_secs(61)), Duration::from_mins(2));
        assert_eq!(nice_time(Duration::from_hours(1000)), Duration::from_hours(1000));
        assert_eq!(nice_count(u64::MAX), u64::MAX);
    }
}
