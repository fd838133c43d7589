//! Durations in buckets.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The upper bounds of the buckets, in milliseconds; a last bucket holds what is longer.
pub const BOUNDS: [u32; 18] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000,
    7_200_000,
];

/// How many durations fell into each bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    buckets: [u32; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Counts a duration.
    pub fn note(&mut self, duration: Duration) {
        let place = BOUNDS.partition_point(|bound| duration > Duration::from_millis(u64::from(*bound)));
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket = bucket.saturating_add(1);
        }
        self.sum = self.sum.saturating_add(duration);
    }

    /// Counts what another has counted too.
    pub(super) fn add(&mut self, other: &Histogram) {
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket = bucket.saturating_add(more);
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// How many there are in each bucket: one for each of [`BOUNDS`], and the last for what is longer.
    pub fn buckets(&self) -> &[u32] {
        &self.buckets
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().copied().map(u64::from).sum()
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The duration that this share of them (0 to 1) does not exceed, as far as buckets tell: a share of the bucket in
    /// which it lies. `None` = there are none. What is longer than the last bound counts as that bound.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        // Counts are far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let mut rank = share.clamp(0.0, 1.0) * count as f64;
        let mut low = 0.0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            let (inside, high) = (f64::from(*bucket), f64::from(bound));
            if inside > 0.0 && rank <= inside {
                let millis: f64 = low + (high - low) * rank / inside;
                return Some(Duration::from_secs_f64(millis / 1000.0));
            }
            rank -= inside;
            low = high;
        }
        Some(Duration::from_secs_f64(low / 1000.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let mut histogram = Histogram::default();
        for millis in [0, 1, 2, 3, 7_200_000, 7_200_001] {
            histogram.note(Duration::from_millis(millis));
        }
        assert_eq!(histogram.buckets()[..3], [2, 1, 1]);
        assert_eq!(histogram.buckets()[17..], [1, 1]);
        assert_eq!((histogram.count(), histogram.sum()), (6, Duration::from_millis(14_400_007)));
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn a_quantile_lies_in_the_bucket_of_the_real_one(
            mut all in prop::collection::vec(1..100_000_u64, 1..50),
            share in 0.01..1.0_f64,
        ) {
            let mut histogram = Histogram::default();
            for millis in &all {
                histogram.note(Duration::from_millis(*millis));
            }
            all.sort_unstable();
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let place = (share * all.len() as f64).ceil() as usize - 1;
            let real = all[place.min(all.len() - 1)];
            let high = BOUNDS.into_iter().map(u64::from).find(|bound| real <= *bound).unwrap();
            let low = BOUNDS.into_iter().map(u64::from).rfind(|bound| *bound < real).unwrap_or(0);
            let told = histogram.quantile(share).unwrap().as_secs_f64() * 1000.0;
            #[allow(clippy::cast_precision_loss)]
            let (low, high) = (low as f64, high as f64);
            prop_assert!(low - 1e-6 <= told && told <= high + 1e-6, "{told} is not within {low} and {high}");
        }
    }
}
