//! Which matters are told of, and when. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What is known of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Since when it is there.
    since: Timestamp,
    /// How much of it there was when it was told of; `None` = it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<u64>,
    /// Since when it is there no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<Timestamp>,
    /// What is said of it.
    line: String,
}

/// All that is known, by what it is about.
pub(super) type Ledger = BTreeMap<String, Known>;

/// A matter as it is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// What it is about.
    pub(super) about: String,
    /// How much of it there is.
    pub(super) size: u64,
    /// What is said of it.
    pub(super) line: String,
}

/// What is to be told now, a line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// What needs a person, and was not told of.
    pub(super) new: Vec<String>,
    /// What was told of before, and still does.
    pub(super) still: Vec<String>,
    /// What was told of, and needs nobody any more.
    pub(super) over: Vec<String>,
}

/// How long a matter has to be there, or be gone, and whether nothing is told now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) after: Duration,
    pub(super) silent: bool,
}

/// What is known after a look, and what is to be told of it.
pub(super) fn look(ledger: &Ledger, seen: &[Seen], now: Timestamp, bounds: Bounds) -> (Ledger, Option<News>) {
    // A clock that was put back makes nothing older than it is.
    let lasts = |since: Timestamp| {
        now.duration_since(since) >= SignedDuration::try_from(bounds.after).unwrap_or(SignedDuration::MAX)
    };
    let mut next = Ledger::new();
    let mut news = News::default();
    for matter in seen {
        let mut known = match ledger.get(&matter.about) {
            Some(known) => Known { gone: None, since: known.since.min(now), ..known.clone() },
            None => Known { since: now, told: None, gone: None, line: String::new() },
        };
        let grew = known.told.is_some_and(|told| matter.size >= told.saturating_mul(2).max(told + 1));
        let is_new = lasts(known.since) && (known.told.is_none() || grew) && !bounds.silent;
        if is_new {
            known.told = Some(matter.size);
            news.new.push(matter.line.clone());
        } else if known.told.is_some() {
            news.still.push(matter.line.clone());
        }
        if is_new || known.line.is_empty() {
            known.line.clone_from(&matter.line);
        }
        next.insert(matter.about.clone(), known);
    }
    for (about, known) in ledger.iter().filter(|(about, _)| !next.contains_key(*about)).collect::<Vec<_>>() {
        if known.told.is_none() {
            continue;
        }
        let gone = known.gone.map_or(now, |gone| gone.min(now));
        if lasts(gone) && !bounds.silent {
            news.over.push(known.line.clone());
        } else {
            next.insert(about.clone(), Known { gone: Some(gone), ..known.clone() });
        }
    }
    let is_any = !news.new.is_empty() || !news.over.is_empty();
    (next, is_any.then_some(news))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { after: Duration::from_mins(5), silent: false };

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    fn seen(about: &str, size: u64) -> Seen {
        Seen { about: about.to_owned(), size, line: format!("{about} {size}") }
    }

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    /// A look every minute, each with what is seen; what was told when.
    fn walk(looks: &[(i64, &[Seen], bool)]) -> Vec<(i64, News)> {
        let (mut ledger, mut told) = (Ledger::new(), Vec::new());
        for (minute, seen, silent) in looks {
            let (next, news) = look(&ledger, seen, at(*minute), Bounds { silent: *silent, ..BOUNDS });
            // What is kept is read again each time.
            ledger = serde_json::from_value(serde_json::to_value(next).unwrap()).unwrap();
            told.extend(news.map(|news| (*minute, news)));
        }
        told
    }

    #[test]
    fn what_lasts_is_told_once_and_its_end_too() {
        let (b, none): (&[Seen], &[Seen]) = (&[seen("b", 1)], &[]);
        let told = walk(&[
            (0, b, false),
            (4, b, false),
            (5, b, false),
            (6, b, false),
            (7, none, false),
            (12, none, false),
        ]);
        let news =
            |new: &[&str], over: &[&str]| News { new: lines(new), over: lines(over), still: Vec::new() };
        assert_eq!(told, [(5, news(&["b 1"], &[])), (12, news(&[], &["b 1"]))]);
    }

    #[test]
    fn what_comes_and_goes_is_one_matter_and_what_mends_itself_is_none() {
        let (b, none): (&[Seen], &[Seen]) = (&[seen("b", 1)], &[]);
        assert_eq!(walk(&[(0, b, false), (3, none, false), (4, b, false), (8, none, false)]), []);
        let flaps = walk(&[(0, b, false), (5, b, false), (6, none, false), (8, b, false), (9, none, false)]);
        assert_eq!(flaps.iter().map(|(minute, _)| *minute).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn it_is_told_again_when_there_is_twice_as_much_of_it() {
        let sizes = [(0, 3), (5, 3), (6, 5), (7, 6), (8, 11), (9, 12)];
        let looks: Vec<(i64, Vec<Seen>)> =
            sizes.iter().map(|(minute, size)| (*minute, vec![seen("failed", *size)])).collect();
        let looks: Vec<_> = looks.iter().map(|(minute, seen)| (*minute, seen.as_slice(), false)).collect();
        let told: Vec<_> = walk(&looks).into_iter().map(|(minute, news)| (minute, news.new)).collect();
        assert_eq!(told, [(5, lines(&["failed 3"])), (7, lines(&["failed 6"])), (9, lines(&["failed 12"]))]);
    }

    #[test]
    fn what_comes_in_quiet_hours_is_told_when_they_are_over() {
        let b: &[Seen] = &[seen("b", 1)];
        let two: &[Seen] = &[seen("b", 1), seen("c", 1)];
        let told = walk(&[(0, b, false), (5, b, false), (6, two, true), (30, two, true), (31, two, false)]);
        assert_eq!(told.len(), 2);
        assert_eq!(told[1], (31, News { new: lines(&["c 1"]), still: lines(&["b 1"]), over: Vec::new() }));
    }

    #[test]
    fn a_clock_that_was_put_back_forgets_nothing() {
        let b: &[Seen] = &[seen("b", 1)];
        let told = walk(&[(1000, b, false), (10, b, false), (14, b, false), (15, b, false), (16, b, false)]);
        assert_eq!(told.iter().map(|(minute, _)| *minute).collect::<Vec<_>>(), [15]);
    }
}
