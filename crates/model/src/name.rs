//! What people call a thing: parts in one line, the first of which is read first.

/// Between two parts of a name.
const JOIN: &str = " · ";

/// A name for people, as an entity has it in its label: what it is called, then what else tells it apart, such as its account
/// and its number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    /// The name that a label is; `None` = it says nothing.
    pub fn of(label: String) -> Option<Self> {
        if label.is_empty() { None } else { Some(Name(label)) }
    }

    /// One line of these parts.
    pub fn joined(parts: &[String]) -> String {
        parts.join(JOIN)
    }

    /// The whole of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is called.
    pub fn first(&self) -> &str {
        self.0.split(JOIN).next().unwrap_or_default()
    }

    /// What else tells it apart; empty = nothing does.
    pub fn rest(&self) -> &str {
        self.0.split_once(JOIN).map_or("", |(_, rest)| rest)
    }
}

/// All parts of a label.
pub fn parts(label: &str) -> impl Iterator<Item = &str> {
    label.split(JOIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_is_what_it_is_called() {
        let name = Name::of(Name::joined(&["DUPONT Alain".to_owned(), "adupont".to_owned(), "7".to_owned()]));
        let name = name.unwrap();
        assert_eq!((name.first(), name.rest()), ("DUPONT Alain", "adupont · 7"));
        assert_eq!(parts(name.as_str()).collect::<Vec<_>>(), ["DUPONT Alain", "adupont", "7"]);
        let short = Name::of("adupont".to_owned()).unwrap();
        assert_eq!((short.first(), short.rest()), ("adupont", ""));
        assert_eq!(Name::of(String::new()), None);
    }
}
