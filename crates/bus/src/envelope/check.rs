//! Checks of single texts, as the bus's schema wants them. Each reads its text once: the
//! patterns of the original take seconds to minutes for a long name.

/// The UUID in a text; text around it is tolerated, as the schema's pattern does.
pub(crate) fn uuid_in(text: &str) -> Option<&str> {
    const LENGTH: usize = 36;
    let bytes = text.as_bytes();
    let place = bytes.windows(LENGTH).position(is_uuid)?;
    text.get(place..place + LENGTH)
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(place, byte)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Whether this is the name of an event: runs of `_` and small letters, with single other characters (dots, as a rule)
/// between them.
pub(crate) fn is_event_name(name: &str) -> bool {
    let mut between = true;
    for c in name.chars() {
        let word = c == '_' || c.is_ascii_lowercase();
        if !word && (between || c == '\n') {
            return false;
        }
        between = !word;
    }
    !between
}

/// A name that [`is_event_name`] takes, as near to the routing key as it can be.
pub(crate) fn event_name(routing_key: &str) -> String {
    let mut name = String::with_capacity(routing_key.len() + 1);
    for c in routing_key.chars().map(|c| c.to_ascii_lowercase()) {
        let after_dot = name.is_empty() || name.ends_with('.');
        name.push(match c {
            '.' if !after_dot => '.',
            'a'..='z' => c,
            _ => '_',
        });
    }
    if name.is_empty() || name.ends_with('.') {
        name.push('_');
    }
    name
}

/// Whether this is a time as ISO 8601 writes them: a year, a month, a day, a week or the day of a year; then perhaps
/// a time of day, with or without a zone.
pub(crate) fn is_iso_8601(text: &str) -> bool {
    match text.split_once(['T', ' ']) {
        None => is_date(text),
        // The original also takes a time that ends after the `T`.
        Some((date, time)) => date.len() > 4 && is_date(date) && is_time(time),
    }
}

fn is_date(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some((year, rest)) = text.split_at_checked(4) else { return false };
    if number(year).is_none() {
        return false;
    }
    let (dashed, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    match (dashed, rest.as_bytes()) {
        (false, []) => true,
        // `201601` could be a year and a month, or January 2016 of another notation: the schema takes neither.
        (true, [_, _]) => within(rest, 1, 12),
        (_, [_, _, _]) if !rest.starts_with('W') => within(rest, 1, 366),
        (false, [_, _, _, _]) if !rest.starts_with('W') => is_month_and_day(rest, ""),
        (true, [_, _, b'-', _, _]) if !rest.starts_with('W') => is_month_and_day(rest, "-"),
        _ => rest.strip_prefix('W').is_some_and(is_week),
    }
}

fn is_month_and_day(text: &str, between: &str) -> bool {
    let Some((month, day)) = text.split_at_checked(2) else { return false };
    within(month, 1, 12) && day.strip_prefix(between).is_some_and(|day| within(day, 1, 31))
}

fn is_week(text: &str) -> bool {
    let Some((week, day)) = text.split_at_checked(2) else { return false };
    let day = day.strip_prefix('-').unwrap_or(day);
    // A dash that no day follows is none.
    let plain = text.len() == 2 || !day.is_empty();
    plain && within(week, 0, 52) && (day.is_empty() || (day.len() == 1 && within(day, 1, 7)))
}

fn is_time(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let place = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let Some((time, zone)) = text.split_at_checked(place) else { return false };
    is_time_of_day(time) && is_zone(zone)
}

fn is_time_of_day(text: &str) -> bool {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let fraction =
        fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let dense: String = match whole.len() {
        2 | 4 | 6 => whole.to_owned(),
        5 | 8 if whole.bytes().skip(2).step_by(3).all(|b| b == b':') => whole.replace(':', ""),
        _ => return false,
    };
    let part = |from: usize, last: u32| dense.get(from..from + 2).is_none_or(|text| within(text, 0, last));
    let hour = part(0, 23) || matches!(dense.as_str(), "2400");
    fraction && dense.bytes().all(|b| b.is_ascii_digit()) && hour && part(2, 59) && part(4, 59)
}

fn is_zone(text: &str) -> bool {
    match text.strip_prefix(['+', '-']) {
        None => matches!(text, "" | "Z" | "z"),
        Some(shift) => {
            let dense = if shift.len() == 5 { shift.replacen(':', "", 1) } else { shift.to_owned() };
            match dense.len() {
                2 => within(&dense, 0, 23),
                4 => dense.split_at_checked(2).is_some_and(|(h, m)| within(h, 0, 23) && within(m, 0, 59)),
                _ => false,
            }
        }
    }
}

fn within(text: &str, first: u32, last: u32) -> bool {
    number(text).is_some_and(|number| (first..=last).contains(&number))
}

/// A number of nothing but digits.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_the_original_reads_them() {
        for good in ["request.gapps.account.create", "testing_key", "a-b", "_", "a1b", "a.b"] {
            assert!(is_event_name(good), "{good}");
        }
        for bad in ["", "a1", "Request.x", "a..b", "a.b.", ".a", "request.googleapps.user.create2", "a\nb"] {
            assert!(!is_event_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_long_name_takes_no_longer_than_it_is() {
        let mut name = "a".repeat(1 << 20);
        assert!(is_event_name(&name));
        name.push('2');
        assert!(!is_event_name(&name));
    }

    #[test]
    fn every_key_becomes_a_name() {
        for (key, name) in [
            ("notify.googleapps.user.created", "notify.googleapps.user.created"),
            ("request.v2.User", "request.v_.user"),
            ("a..b.", "a._b._"),
            ("", "_"),
            (".x", "_x"),
        ] {
            assert_eq!(event_name(key), name);
            assert!(is_event_name(&event_name(key)), "{key}");
        }
    }

    #[test]
    fn times_are_read_in_every_notation() {
        for good in [
            "2016-05-29T15:03:50+00:00",
            "2016-05-29T15:03:50Z",
            "2016",
            "2016-05",
            "2016-05-29",
            "20160529",
            "2016-366",
            "2016366",
            "2016-W05",
            "2016W051",
            "2016-W05-1",
            "2016-05-29 15:03",
            "20160529T150350",
            "2016-05-29T15",
            "2016-05-29T24:00",
            "2016-05-29T15:03:50.123+0200",
            "2016-05-29T15:03:50,1+02",
            "2016-05-29T",
        ] {
            assert!(is_iso_8601(good), "{good}");
        }
        for bad in [
            "",
            "2016-13-01",
            "2016-05-32",
            "201605",
            "2016-05-29T25:00",
            "2016-05-29T15:60",
            "yesterday",
            "2016-05-29T15:0350",
            "2016-05-29T15:03:50+24:00",
            "2016-W53",
            "2016-W05-8",
            "2016-W05-",
            "2016-0529",
            "2016-05-29T15:03:50 ",
            "２０１６",
            "2016-05-29Té",
            "2016-",
            "2016T10",
            "2016-05-29t10",
        ] {
            assert!(!is_iso_8601(bad), "{bad}");
        }
    }

    #[test]
    fn a_uuid_is_found_in_what_surrounds_it() {
        let uuid = "88d818a1-c77c-44e6-ad0c-8aa893468e94";
        assert_eq!(uuid_in(uuid), Some(uuid));
        assert_eq!(uuid_in(&format!("é{uuid}é")), Some(uuid));
        assert_eq!(uuid_in("88d818a1-c77c-44e6-ad0c-8aa893468e9"), None);
        assert_eq!(uuid_in("88d818a1c-77c-44e6-ad0c-8aa893468e94"), None);
    }
}
