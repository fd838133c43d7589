//! Single values of a configuration: durations, sizes, numbers. Each refusal says what would be right.

use std::time::Duration;

use jiff::SignedDuration;

use super::yaml::{Node, Yaml};

/// The longest duration that a configuration may name.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// What is wrong with a value, and what to write instead.
#[derive(Debug, PartialEq)]
pub(crate) struct Misfit {
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Misfit {
    pub(crate) fn new(key: &str, value: &Yaml, remedy: impl Into<String>) -> Self {
        Misfit { what: format!("`{key}` is {value}"), remedy: remedy.into() }
    }
}

/// `30s`, `5m`, `1h 30m`; a bare number counts seconds.
pub(crate) fn duration(key: &str, node: &Node) -> Result<Duration, Misfit> {
    let found = match &node.value {
        Yaml::Int(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Yaml::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        Yaml::Text(text) => text.parse::<SignedDuration>().ok().and_then(|d| Duration::try_from(d).ok()),
        _ => None,
    };
    found.filter(|d| !d.is_zero() && *d <= LONGEST).ok_or_else(|| {
        Misfit::new(
            key,
            &node.value,
            "write a duration above zero such as 30s, 5m or 1h, or a number of seconds",
        )
    })
}

/// A number of bytes, also as `64KiB` or `2MiB`.
pub(crate) fn size(key: &str, node: &Node) -> Result<usize, Misfit> {
    let found = match &node.value {
        Yaml::Int(bytes) => usize::try_from(*bytes).ok(),
        Yaml::Text(text) => parse_size(text),
        _ => None,
    };
    found.filter(|bytes| *bytes > 0).ok_or_else(|| {
        Misfit::new(key, &node.value, "write a size above zero such as 64KiB or 2MiB, or a number of bytes")
    })
}

fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let (number, unit) = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1_usize << 30)]
        .into_iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, unit)))
        .unwrap_or((text, 1));
    number.trim().parse::<usize>().ok()?.checked_mul(unit)
}

/// A whole number from `least` up.
pub(crate) fn count<T: TryFrom<i64> + PartialOrd>(key: &str, node: &Node, least: &T) -> Result<T, Misfit> {
    let found = match node.value {
        Yaml::Int(number) => T::try_from(number).ok(),
        _ => None,
    };
    let remedy = "write a whole number that is not negative, and not zero where that makes no sense";
    found.filter(|n| n >= least).ok_or_else(|| Misfit::new(key, &node.value, remedy))
}

/// A text that is not empty. A number is none: quote it.
pub(crate) fn text<'n>(key: &str, node: &'n Node) -> Result<&'n str, Misfit> {
    match &node.value {
        Yaml::Text(text) if !text.trim().is_empty() => Ok(text),
        Yaml::Int(_) | Yaml::Float(_) | Yaml::Bool(_) => {
            Err(Misfit::new(key, &node.value, "put it between quotes to make it a text"))
        }
        other => Err(Misfit::new(key, other, "write a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(value: Yaml) -> Node {
        Node { line: 1, value }
    }

    #[test]
    fn durations_are_text_or_seconds() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h", 3600), ("1h30m", 5400)] {
            assert_eq!(
                duration("t", &node(Yaml::Text(text.into()))),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        assert_eq!(duration("t", &node(Yaml::Int(90))), Ok(Duration::from_secs(90)));
        assert_eq!(duration("t", &node(Yaml::Float(0.5))), Ok(Duration::from_millis(500)));
        assert_eq!(duration("t", &node(Yaml::Text("250ms".into()))), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn a_duration_that_is_none_is_refused_with_an_example() {
        let bad = [
            Yaml::Int(0),
            Yaml::Int(-5),
            Yaml::Text("soon".into()),
            Yaml::Text("0s".into()),
            Yaml::Null,
            Yaml::Float(f64::NAN),
        ];
        for value in bad {
            let misfit = duration("timeout", &node(value.clone())).unwrap_err();
            assert!(misfit.what.starts_with("`timeout` is ") && misfit.remedy.contains("30s"), "{value:?}");
        }
    }

    #[test]
    fn sizes_know_binary_units() {
        assert_eq!(size("s", &node(Yaml::Text("64KiB".into()))), Ok(65_536));
        assert_eq!(size("s", &node(Yaml::Text("2 MiB".into()))), Ok(2_097_152));
        assert_eq!(size("s", &node(Yaml::Int(17))), Ok(17));
        assert!(size("s", &node(Yaml::Text("18446744073709551615GiB".into()))).is_err());
        assert!(size("s", &node(Yaml::Text("2MB".into()))).is_err());
    }
}
