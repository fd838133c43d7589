//! Who is in the register, by what people read: found without case and accents, sorted by name, account, state or last change.
//! A copy in memory that follows from commits, so that every question is about all of them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError, RwLock};

use engine::Follower;
use jiff::Timestamp;
use model::Entity;
use model::composed::folded;
use serde::{Deserialize, Serialize};

use crate::document::{account, label, person};
use crate::register::Filter;
use crate::state::State;

/// Between the parts of a place in a listing.
const BETWEEN: char = '.';

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Column {
    /// By name.
    #[default]
    Name,
    /// By account; those without one come last.
    Uid,
    /// By state, in the order of the workflow, then by name.
    State,
    /// By when the document was changed last.
    Changed,
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: Column,
    /// From the last to the first.
    pub descending: bool,
}

impl Column {
    /// All of them.
    pub const ALL: [Column; 4] = [Column::Name, Column::Uid, Column::State, Column::Changed];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Uid => "uid",
            Column::State => "state",
            Column::Changed => "changed",
        }
    }
}

impl Sort {
    /// `name`, or `-name` for the reverse.
    pub fn from_word(word: &str) -> Option<Self> {
        let (descending, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
        let by = Column::ALL.into_iter().find(|column| column.as_str() == word)?;
        Some(Sort { by, descending })
    }

    /// The word for it.
    pub fn word(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.by.as_str())
    }

    fn compare(self, one: &Place<'_>, other: &Place<'_>) -> Ordering {
        if self.descending { other.cmp(one) } else { one.cmp(other) }
    }
}

/// What a person is found and sorted by. Texts are folded.
#[derive(Debug)]
struct Line {
    label: Box<str>,
    name: Box<str>,
    uid: Box<str>,
    state: State,
    changed: i64,
}

/// Where somebody stands in a list: a number, a text, then the id.
type Place<'a> = (i64, &'a str, &'a str);

impl Line {
    /// What is known of an entity; `None` = it is no identity that can be read.
    fn of(entity: &Entity) -> Option<Self> {
        let document = entity.body.get("document")?.as_object()?;
        let changed: Timestamp = entity.body.pointer("/updated/at")?.as_str()?.parse().ok()?;
        let label = label(document);
        let name = person(document, "cn").unwrap_or_else(|| label.clone());
        Some(Line {
            name: folded(&name).into(),
            uid: folded(&account(document).unwrap_or_default()).into(),
            state: State::from_word(&entity.state)?,
            changed: changed.as_millisecond(),
            label: folded(&label).into(),
        })
    }

    fn fits(&self, id: &str, filter: &Filter, text: Option<&str>) -> bool {
        let state = filter.states.is_empty() || filter.states.contains(&self.state);
        state && text.is_none_or(|text| self.label.contains(text) || id.to_ascii_lowercase().contains(text))
    }

    fn place<'a>(&'a self, by: Column, id: &'a str) -> Place<'a> {
        match by {
            Column::Name => (0, &self.name, id),
            Column::Uid => (i64::from(self.uid.is_empty()), &self.uid, id),
            Column::State => {
                let place = State::ALL.iter().position(|state| *state == self.state);
                (place.and_then(|place| i64::try_from(place).ok()).unwrap_or_default(), &self.name, id)
            }
            Column::Changed => (self.changed, "", id),
        }
    }
}

/// A page of those that fit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Their ids, in order.
    pub(crate) ids: Vec<String>,
    /// Where the listing goes on.
    pub(crate) next: Option<String>,
    /// How many fit, on all pages.
    pub(crate) total: u64,
    /// Those that cannot be read, all of them.
    pub(crate) broken: Vec<String>,
}

/// Everybody, by id; `None` = cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    known: RwLock<BTreeMap<Box<str>, Option<Line>>>,
    /// What was told since, so that commits wait for nobody who searches.
    told: Mutex<HashMap<Box<str>, Now>>,
}

/// How somebody stands now.
#[derive(Debug)]
enum Now {
    There(Line),
    Unreadable,
    Gone,
}

impl Follower for Directory {
    fn told(&self, key: &str, now: Option<&Entity>) {
        self.note(key, now.map_or(Now::Gone, |entity| Line::of(entity).map_or(Now::Unreadable, Now::There)));
    }

    fn unreadable(&self, key: &str) {
        self.note(key, Now::Unreadable);
    }
}

impl Directory {
    fn note(&self, key: &str, now: Now) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(key.into(), now);
    }

    /// Takes over what was told, in its order: whoever does holds everybody meanwhile.
    fn settle(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        for (key, now) in told {
            match now {
                Now::There(line) => _ = known.insert(key, Some(line)),
                Now::Unreadable => _ = known.insert(key, None),
                Now::Gone => _ = known.remove(&key),
            }
        }
    }

    /// Those that fit and come after this place: the `next` of the page before.
    pub(crate) fn page(&self, filter: &Filter, sort: Sort, after: Option<&str>, limit: usize) -> Page {
        self.settle();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let text = filter.text.as_deref().map(folded);
        let after = after.map(place);
        let mut page = Page::default();
        let mut found: Vec<Place<'_>> = Vec::new();
        for (id, line) in known.iter() {
            let Some(line) = line else {
                page.broken.push(id.to_string());
                continue;
            };
            if !line.fits(id, filter, text.as_deref()) {
                continue;
            }
            page.total += 1;
            let place = line.place(sort.by, id);
            if after.as_ref().is_none_or(|after| sort.compare(&place, after).is_gt()) {
                found.push(place);
            }
        }
        let more = found.len() > limit;
        if more {
            found.select_nth_unstable_by(limit, |one, other| sort.compare(one, other));
            found.truncate(limit);
        }
        found.sort_unstable_by(|one, other| sort.compare(one, other));
        page.next = found
            .last()
            .filter(|_| more)
            .map(|(number, text, id)| format!("{number}{BETWEEN}{id}{BETWEEN}{text}"));
        page.ids = found.into_iter().map(|(_, _, id)| id.to_owned()).collect();
        page
    }
}

/// The place that a `next` says; what is none is before all.
fn place(text: &str) -> Place<'_> {
    let mut parts = text.splitn(3, BETWEEN);
    let number = parts.next().and_then(|number| number.parse().ok()).unwrap_or(i64::MIN);
    let id = parts.next().unwrap_or_default();
    (number, parts.next().unwrap_or_default(), id)
}

#[cfg(test)]
mod tests {
    use model::EntityKey;
    use serde_json::json;

    use super::*;

    fn tell(directory: &Directory, id: &str, cn: &str, uid: &str, state: State, second: u64) {
        let person = if cn.is_empty() { json!({ "uid": uid }) } else { json!({ "uid": uid, "cn": cn }) };
        let entity = Entity {
            key: EntityKey { kind: "identity".to_owned(), key: id.to_owned() },
            rev: 1,
            state: state.as_str().to_owned(),
            label: String::new(),
            body: json!({
                "document": { "inetOrgPerson": person },
                "updated": { "by": "a", "at": format!("2026-11-27T10:00:{second:02}Z") },
            }),
        };
        directory.told(id, Some(&entity));
    }

    fn filled() -> Directory {
        let directory = Directory::default();
        tell(&directory, "k1", "Zoé Lefèvre", "zlefevre", State::InError, 3);
        tell(&directory, "k2", "Émile Zola", "ezola", State::Synchronised, 1);
        tell(&directory, "k3", "adam BERG", "", State::ToValidate, 2);
        tell(&directory, "k4", "Mu\u{308}ller Anna", "amuller", State::Synchronised, 4);
        directory
    }

    fn ids(directory: &Directory, sort: &str) -> Vec<String> {
        let sort = Sort::from_word(sort).unwrap();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = directory.page(&Filter::default(), sort, after.as_deref(), 3);
            assert_eq!(page.total, 4, "on every page");
            found.extend(page.ids);
            match page.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    #[test]
    fn lists_are_sorted_as_people_read_and_pages_miss_nobody() {
        let directory = filled();
        assert_eq!(ids(&directory, "name"), ["k3", "k2", "k4", "k1"]);
        assert_eq!(ids(&directory, "-name"), ["k1", "k4", "k2", "k3"]);
        assert_eq!(ids(&directory, "uid"), ["k4", "k2", "k1", "k3"], "those without one last");
        assert_eq!(ids(&directory, "state"), ["k3", "k1", "k2", "k4"]);
        assert_eq!(ids(&directory, "-changed"), ["k4", "k1", "k3", "k2"]);
        assert_eq!(Sort::from_word("-changed").unwrap().word(), "-changed");
        assert_eq!(Sort::from_word("age"), None);
    }

    #[test]
    fn what_is_typed_finds_what_is_written() {
        let directory = filled();
        let find = |text: &str| {
            let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
            directory.page(&filter, Sort::default(), None, 9).ids
        };
        for text in ["muller", "MÜLLER", "mu\u{308}ller", "AMULLER", "K4"] {
            assert_eq!(find(text), ["k4"], "{text}");
        }
        assert_eq!(
            (find("lefevre"), find("zol"), find("nobody")),
            (vec!["k1".to_owned()], vec!["k2".to_owned()], vec![])
        );
    }

    #[test]
    fn it_follows_and_keeps_apart_what_cannot_be_read() {
        let directory = filled();
        directory.told("k1", None);
        directory.unreadable("k5");
        tell(&directory, "k2", "Zzz", "ezola", State::Deleted, 9);
        let page = directory.page(&Filter::default(), Sort::default(), None, 9);
        assert_eq!(
            (page.ids, page.broken),
            (vec!["k3".into(), "k4".into(), "k2".into()], vec!["k5".to_owned()])
        );
        tell(&directory, "k5", "Aaa", "a", State::Deleted, 9);
        let filter = Filter { states: vec![State::Deleted], ..Filter::default() };
        let page = directory.page(&filter, Sort::default(), None, 9);
        assert_eq!((page.ids, page.total, page.broken.len()), (vec!["k5".to_owned(), "k2".into()], 2, 0));
    }
}
