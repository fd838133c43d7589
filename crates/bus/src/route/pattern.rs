//! Patterns of routing keys with the meaning that AMQP's topic exchanges give them: words between dots, `*` for one
//! word, `#` for any number of them, none included.

use std::cmp::Ordering;
use std::fmt;

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Literal(String),
    /// `*`
    One,
    /// `#`
    Any,
}

impl Pattern {
    /// Reads a pattern. Every text is one; a word in which `*` or `#` is not alone means itself, as it does to the
    /// broker.
    pub fn new(text: &str) -> Self {
        let word = |word: &str| match word {
            "*" => Word::One,
            "#" => Word::Any,
            _ => Word::Literal(word.to_owned()),
        };
        let mut words: Vec<Word> =
            if text.is_empty() { Vec::new() } else { text.split('.').map(word).collect() };
        // `#.#` is `#`.
        words.dedup_by(|next, kept| *next == Word::Any && *kept == Word::Any);
        Pattern { text: text.to_owned(), words }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it stands for one key only.
    pub fn is_exact(&self) -> bool {
        self.words.iter().all(|word| matches!(word, Word::Literal(_)))
    }

    /// Whether it stands for this key. Takes at most as many steps as the product of both lengths in words: when a
    /// word does not fit, only the last `#` takes one more.
    pub fn matches(&self, key: &str) -> bool {
        let key: Vec<&str> = if key.is_empty() { Vec::new() } else { key.split('.').collect() };
        let (mut at, mut word, mut last_any) = (0, 0, None);
        while let Some(said) = key.get(at) {
            match self.words.get(word) {
                Some(Word::Any) => {
                    last_any = Some((word, at));
                    word += 1;
                }
                Some(Word::One) => (at, word) = (at + 1, word + 1),
                Some(Word::Literal(wanted)) if wanted == said => (at, word) = (at + 1, word + 1),
                _ => match &mut last_any {
                    Some((any, taken)) => {
                        *taken += 1;
                        (at, word) = (*taken, *any + 1);
                    }
                    None => return false,
                },
            }
        }
        self.words.iter().skip(word).all(|word| *word == Word::Any)
    }

    /// Whether some key fits both.
    pub fn meets(&self, other: &Self) -> bool {
        // From the ends backwards: whether the rest of theirs, from each of its places on, meets the rest of ours.
        let mut below = vec![true];
        for theirs in other.words.iter().rev() {
            let next = below.last() == Some(&true);
            below.push(next && *theirs == Word::Any);
        }
        for ours in self.words.iter().rev() {
            let mut row = vec![*ours == Word::Any && below.first() == Some(&true)];
            for (theirs, pair) in other.words.iter().rev().zip(below.windows(2)) {
                let &[after, here] = pair else { continue };
                let next = row.last() == Some(&true);
                let any = *ours == Word::Any || *theirs == Word::Any;
                let same = *ours == Word::One || *theirs == Word::One || ours == theirs;
                row.push(if any { here || next } else { after && same });
            }
            below = row;
        }
        below.last() == Some(&true)
    }

    /// Which of two patterns that match a key says more about it: the one that is first to have a word of its own, or
    /// `*` where the other has `#`.
    pub fn by_precision(&self, other: &Self) -> Ordering {
        let vague = |pattern: &Pattern| {
            let level = |word: &Word| match word {
                Word::Literal(_) => 0,
                Word::One => 1,
                Word::Any => 2,
            };
            // The end is as vague as a word of its own: `a` says more than `a.#`.
            pattern.words.iter().map(level).collect::<Vec<u8>>()
        };
        vague(self).cmp(&vague(other)).then_with(|| self.text.cmp(&other.text))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The plain definition, exponential and easy to check.
    fn defined(pattern: &[&str], key: &[&str]) -> bool {
        match (pattern.split_first(), key.split_first()) {
            (None, None) => true,
            (Some((&"#", rest)), _) => defined(rest, key) || (!key.is_empty() && defined(pattern, &key[1..])),
            (Some((&"*", rest)), Some((_, key))) => defined(rest, key),
            (Some((word, rest)), Some((said, key))) => word == said && defined(rest, key),
            _ => false,
        }
    }

    #[test]
    fn words_and_not_letters_are_compared() {
        for (pattern, key, matches) in [
            ("agoram.users.#", "agoram.users", true),
            ("agoram.users.#", "agoram.usersX", false),
            ("agoram.users.#", "agoram.users.a.b", true),
            ("#", "", true),
            ("*", "", false),
            ("*", "a", true),
            ("*", "a.b", false),
            ("#.updated", "notify.account.updated", true),
            ("notify.*.updated", "notify.account.updated", true),
            ("notify.*.updated", "notify.updated", false),
            ("a.#.b.#.c", "a.b.x.b.c", true),
            ("a.b*", "a.bc", false),
            ("a.b*", "a.b*", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(key), matches, "{pattern} {key}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = Pattern::new(&format!("{}c", "#.a.".repeat(60)));
        assert!(!pattern.matches(&format!("{}b", "a.".repeat(120))));
    }

    #[test]
    fn the_one_that_says_more_comes_first() {
        let mut patterns = ["#", "a.#", "a.*", "a.b", "*.b", "a"].map(Pattern::new);
        patterns.sort_by(Pattern::by_precision);
        assert_eq!(patterns.map(|p| p.to_string()), ["a", "a.b", "a.*", "a.#", "*.b", "#"]);
    }

    /// All keys of up to six words of two letters.
    fn keys() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..6 {
            let longer = |key: &String| {
                ["a", "b"].map(|word| if key.is_empty() { word.to_owned() } else { format!("{key}.{word}") })
            };
            last = last.iter().flat_map(longer).collect();
            all.extend(last.clone());
        }
        all
    }

    proptest! {
        #[test]
        fn two_meet_when_a_key_fits_both(
            one in prop::collection::vec("[ab*#]", 1..4),
            two in prop::collection::vec("[ab*#]", 1..4),
        ) {
            let (one, two) = (Pattern::new(&one.join(".")), Pattern::new(&two.join(".")));
            let both = keys().iter().any(|key| one.matches(key) && two.matches(key));
            prop_assert_eq!(one.meets(&two), both, "{} {}", one, two);
            prop_assert_eq!(two.meets(&one), both);
        }

        #[test]
        fn it_means_what_amqp_means(
            pattern in prop::collection::vec("[ab*#]", 0..7),
            key in prop::collection::vec("[ab]", 0..7),
        ) {
            let words: (Vec<&str>, Vec<&str>) =
                (pattern.iter().map(String::as_str).collect(), key.iter().map(String::as_str).collect());
            prop_assert_eq!(Pattern::new(&pattern.join(".")).matches(&key.join(".")), defined(&words.0, &words.1));
        }
    }
}
