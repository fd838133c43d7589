//! A text with places in it: `there is no {what}`.
//!
//! A place takes a name: what has no space in it, or stands between quotes. `{n}` and what ends in `_n` take a number only,
//! `{why*}` takes any text. In the translation `{what}` puts it as it is, and `{what!}` in the language of the catalogue; that
//! one takes any text, too. So what others say, a backend for example, is not taken for a sentence of ours.

/// So many ways to read a text are tried.
const MOST: usize = 500;

/// A text with places, and what becomes of it.
pub(super) struct Pattern {
    head: String,
    places: Vec<Place>,
    text: String,
}

/// A place, and the text behind it.
struct Place {
    name: String,
    takes: Takes,
    behind: String,
}

/// What a place takes.
#[derive(Clone, Copy)]
enum Takes {
    Number,
    Name,
    Anything,
}

impl Takes {
    fn fits(self, value: &str) -> bool {
        let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
        !value.is_empty()
            && match self {
                Takes::Number => value.bytes().all(|b| b.is_ascii_digit()),
                Takes::Name => quoted || !value.contains(char::is_whitespace),
                Takes::Anything => true,
            }
    }
}

impl Pattern {
    /// Of these two; `None` = the first has no places.
    pub(super) fn new(id: &str, text: &str) -> Option<Self> {
        let mut parts = id.split('{');
        let head = parts.next()?.to_owned();
        let place = |part: &str| {
            let (name, behind) = part.split_once('}')?;
            let (name, wide) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
            // What is no name was not meant as a place, and stands for itself: `{"action"}`.
            let wide = wide || !name.chars().all(|c| c.is_alphanumeric() || c == '_');
            let takes = if name == "n" || name.ends_with("_n") {
                Takes::Number
            } else if wide || text.contains(&format!("{{{name}!}}")) {
                Takes::Anything
            } else {
                Takes::Name
            };
            Some(Place { name: name.to_owned(), takes, behind: behind.to_owned() })
        };
        let places: Vec<Place> = parts.filter_map(place).collect();
        (!places.is_empty()).then(|| Pattern { head, places, text: text.to_owned() })
    }

    /// How much of it is text of its own.
    pub(super) fn weight(&self) -> usize {
        self.head.len() + self.places.iter().map(|place| place.behind.len()).sum::<usize>()
    }

    /// The translation of this text, if it fits.
    pub(super) fn say(&self, text: &str, said: &mut dyn FnMut(&str) -> Option<String>) -> Option<String> {
        let (mut found, mut left) = (Vec::with_capacity(self.places.len()), MOST);
        let rest = text.strip_prefix(self.head.as_str())?;
        take(rest, &self.places, &mut found, &mut left).then(|| self.fill(&found, said))
    }

    fn fill(&self, found: &[&str], said: &mut dyn FnMut(&str) -> Option<String>) -> String {
        let mut parts = self.text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, behind) = part.split_once('}').unwrap_or((part, ""));
            let (name, ours) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            let place = self.places.iter().position(|place| place.name == name);
            let value = place.and_then(|place| found.get(place)).copied().unwrap_or_default();
            match ours.then(|| said(value)).flatten() {
                Some(value) => filled.push_str(&value),
                None => filled.push_str(&quoted(value)),
            }
            filled.push_str(behind);
        }
        filled
    }
}

/// Reads the places one after the other, each as short as can be.
fn take<'a>(text: &'a str, places: &[Place], found: &mut Vec<&'a str>, left: &mut usize) -> bool {
    let Some((Place { takes, behind, .. }, others)) = places.split_first() else { return text.is_empty() };
    if others.is_empty() {
        return match text.strip_suffix(behind.as_str()).filter(|value| takes.fits(value)) {
            Some(value) => {
                found.push(value);
                true
            }
            None => false,
        };
    }
    for (at, _) in text.match_indices(behind.as_str()) {
        let (Some(value), Some(rest)) = (text.get(..at), text.get(at + behind.len()..)) else { return false };
        let Some(fewer) = left.checked_sub(1) else { return false };
        *left = fewer;
        if !takes.fits(value) {
            continue;
        }
        found.push(value);
        if take(rest, others, found, left) {
            return true;
        }
        found.pop();
    }
    false
}

/// What is quoted stands between the quotes of the language.
fn quoted(value: &str) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inside) => format!("«\u{a0}{inside}\u{a0}»"),
        None => value.to_owned(),
    }
}
