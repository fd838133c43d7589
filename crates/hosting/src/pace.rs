//! How long the work takes, from how long it took. Pure.

use model::effect::EntityContent;
use model::{Entity, EntityKey, EntityWrite};
use serde::{Deserialize, Serialize};

/// The kind of the entity, and its key: there is one.
pub const KIND: &str = "hosting_pace";
const KEY: &str = "all";

/// What weighs of an older one, when a newer one has come.
const FADING: f64 = 0.9;
/// A set is not so much smaller or larger than others that its time is of another order.
const SCALE: (f64, f64) = (0.1, 10.0);

/// What is known of how long the work takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Checking and mounting.
    #[serde(default)]
    pub mount: Mean,
    /// Opening.
    #[serde(default)]
    pub open: Mean,
}

/// Seconds and bytes, on the average, the newer ones weighing more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    seconds: f64,
    bytes: f64,
    weight: f64,
}

impl Mean {
    /// With one more.
    #[must_use]
    pub fn and(self, seconds: f64, bytes: u64) -> Self {
        let Mean { seconds: s, bytes: b, weight } = self;
        Mean {
            seconds: s * FADING + seconds,
            bytes: b * FADING + float(bytes),
            weight: weight * FADING + 1.0,
        }
    }

    /// Seconds for so many bytes; `None` = nothing is known.
    pub fn of(self, bytes: u64) -> Option<f64> {
        if self.weight <= 0.0 {
            return None;
        }
        let scale = if self.bytes > 0.0 { float(bytes) * self.weight / self.bytes } else { 1.0 };
        Some(self.seconds / self.weight * scale.clamp(SCALE.0, SCALE.1))
    }
}

impl Pace {
    /// Reads it; what cannot be read is as good as nothing.
    pub fn read(entity: Option<&Entity>) -> Self {
        entity.and_then(|entity| serde_json::from_value(entity.body.clone()).ok()).unwrap_or_default()
    }

    /// The write of it.
    pub fn write(&self, rev: u64) -> EntityWrite {
        let body = serde_json::to_value(self).unwrap_or_default();
        let content = EntityContent { state: "kept".to_owned(), label: "pace".to_owned(), body };
        EntityWrite { key: key(), expected_rev: rev, content: Some(content) }
    }
}

/// Names the entity.
pub fn key() -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: KEY.to_owned() }
}

/// What is known of a school whose databases were handed over, when somebody asks how long it still takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rest {
    /// Bytes of its databases.
    pub bytes: u64,
    /// They are mounted: only opening is left.
    pub mounted: bool,
    /// The work of its state has been going on for so many seconds; `None` = it waits.
    pub going: Option<f64>,
    /// Its backend says that so many seconds of that work are left.
    pub said: Option<f64>,
    /// The backend has said before that so many seconds are left in all.
    pub told: Option<f64>,
    /// Bytes of the schools before it, and how many they are.
    pub before: (u64, u64),
    /// So many are worked on at once.
    pub at_once: u64,
}

/// Seconds until it is open. Without a past, what its backend told, or `estimate`.
pub fn rest(pace: &Pace, rest: &Rest, estimate: f64) -> u64 {
    let own = |bytes| Some(pace.mount.of(bytes)? + pace.open.of(bytes)?);
    let open = pace.open.of(rest.bytes);
    let mount = if rest.mounted { Some(0.0) } else { pace.mount.of(rest.bytes) };
    let going = rest.going.unwrap_or_default();
    let seconds = match (mount, open, rest.said) {
        // What goes on is as far as its backend says.
        (_, _, Some(said)) if rest.mounted => said,
        (_, Some(open), Some(said)) => said + open,
        (Some(mount), Some(open), None) => {
            let (now, later) = if rest.mounted { (open, 0.0) } else { (mount, open) };
            (now - going).max(0.0) + later
        }
        _ => rest.told.unwrap_or((estimate - going).max(0.0)),
    };
    let (schools, bytes) = rest.before;
    let queue = match (rest.going, schools) {
        (Some(_), _) | (_, 0) => 0.0,
        _ => {
            let each = own(bytes / schools.max(1)).unwrap_or(estimate);
            each * float(schools) / float(rest.at_once.max(1))
        }
    };
    whole(seconds + queue)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is above zero and below a year"
)]
fn whole(seconds: f64) -> u64 {
    seconds.ceil().clamp(0.0, 31_536_000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn known() -> Pace {
        Pace { mount: Mean::default().and(60.0, 100 * MB), open: Mean::default().and(20.0, 100 * MB) }
    }

    #[test]
    fn the_first_school_ever_has_what_is_configured_or_what_its_backend_says() {
        let first = Rest { bytes: 100 * MB, at_once: 1, ..Rest::default() };
        assert_eq!(rest(&Pace::default(), &first, 900.0), 900);
        assert_eq!(rest(&Pace::default(), &Rest { told: Some(40.0), ..first }, 900.0), 40);
        assert_eq!(rest(&Pace::default(), &Rest { going: Some(100.0), ..first }, 900.0), 800);
        assert_eq!(
            rest(&Pace::default(), &Rest { going: Some(2000.0), ..first }, 900.0),
            0,
            "longer than usual"
        );
    }

    #[test]
    fn later_ones_have_the_past_scaled_by_size() {
        let school = Rest { bytes: 100 * MB, at_once: 1, ..Rest::default() };
        assert_eq!(rest(&known(), &school, 900.0), 80);
        assert_eq!(rest(&known(), &Rest { bytes: 200 * MB, ..school }, 900.0), 160);
        assert_eq!(rest(&known(), &Rest { going: Some(30.0), ..school }, 900.0), 50);
        assert_eq!(rest(&known(), &Rest { mounted: true, going: Some(5.0), ..school }, 900.0), 15);
        assert_eq!(rest(&known(), &Rest { going: Some(30.0), said: Some(10.0), ..school }, 900.0), 30);
        assert_eq!(rest(&known(), &Rest { mounted: true, said: Some(3.0), ..school }, 900.0), 3);
    }

    #[test]
    fn those_before_it_count() {
        let school = Rest { bytes: 100 * MB, before: (3, 300 * MB), at_once: 1, ..Rest::default() };
        assert_eq!(rest(&known(), &school, 900.0), 80 + 3 * 80);
        assert_eq!(rest(&known(), &Rest { at_once: 3, ..school }, 900.0), 160);
        assert_eq!(rest(&known(), &Rest { going: Some(0.0), ..school }, 900.0), 80, "its turn has come");
        let extreme = Rest { before: (u64::MAX, u64::MAX), ..school };
        assert_eq!(rest(&known(), &extreme, 900.0), 31_536_000);
    }

    #[test]
    fn newer_ones_weigh_more() {
        let mean = (0..50).fold(Mean::default(), |mean, _| mean.and(100.0, MB));
        let mean = (0..20).fold(mean, |mean, _| mean.and(10.0, MB));
        let now = mean.of(MB).unwrap();
        assert!(now < 25.0, "{now}");
    }
}
