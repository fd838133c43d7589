//! The language in which the commands speak.

use std::ffi::OsString;
use std::fmt;

use http::Phrases;
use http::page::Lang;

use crate::config::Environment;

/// The language in which the commands speak: English, in which they are written, or that of a catalogue.
#[derive(Clone, Copy, Default)]
pub struct Tongue(Option<&'static Phrases>);

impl fmt::Debug for Tongue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lang().tag())
    }
}

impl Tongue {
    /// That of this catalogue.
    pub fn of(french: &'static Phrases) -> Self {
        Tongue(Some(french))
    }

    /// Which one it is.
    pub fn lang(self) -> Lang {
        if self.0.is_some() { Lang::Fr } else { Lang::En }
    }

    /// A word in this language, where it is known.
    pub fn word(self, word: &str) -> Option<&'static str> {
        self.0.and_then(|phrases| phrases.word(word))
    }

    /// The text in this language, where it is known.
    pub fn say(self, words: &str) -> String {
        self.0.map_or_else(|| words.to_owned(), |phrases| phrases.say(words).into_owned())
    }
}

/// The language that a command line asks for (`--lang`), else the environment.
pub fn wanted(line: &[OsString], environment: &Environment) -> Lang {
    by_option(line).unwrap_or_else(|| by_environment(environment))
}

/// The line is looked through before it is read: what is wrong with it is said in that language too.
fn by_option(line: &[OsString]) -> Option<Lang> {
    let words: Vec<&str> =
        line.iter().skip(1).map_while(|word| word.to_str()).take_while(|w| *w != "--").collect();
    let after = |place: usize| words.get(place + 1).copied();
    let given = words.iter().enumerate().find_map(|(place, word)| match word.strip_prefix("--lang")? {
        "" => after(place),
        rest => rest.strip_prefix('='),
    });
    given.and_then(Lang::of_tag)
}

/// As gettext reads it: `LC_ALL`, `LC_MESSAGES` and `LANG` say the locale, the first that is set; where that is none but the
/// plain one, `LANGUAGE` may list languages, the best first.
fn by_environment(environment: &Environment) -> Lang {
    let [english, ..] = Lang::ALL;
    let Some(locale) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| environment.get(name))
    else {
        return english;
    };
    let tag = |locale: &str| locale.split(['.', '@']).next().and_then(Lang::of_tag);
    if ["C", "POSIX"].contains(&locale.split('.').next().unwrap_or_default()) {
        return english;
    }
    let listed = environment.get("LANGUAGE").and_then(|list| list.split(':').find_map(tag));
    listed.or_else(|| tag(locale)).unwrap_or(english)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(variables: &[(&str, &str)]) -> Lang {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        by_environment(&pairs.collect())
    }

    #[test]
    fn variables_count_in_their_order() {
        assert_eq!(by(&[]), Lang::En);
        assert_eq!(by(&[("LANG", "fr_FR.UTF-8")]), Lang::Fr);
        assert_eq!(by(&[("LANG", "fr"), ("LC_MESSAGES", "en_GB.UTF-8")]), Lang::En);
        assert_eq!(by(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "fr_CA@euro")]), Lang::Fr);
        assert_eq!(by(&[("LC_ALL", ""), ("LANG", "fr_FR")]), Lang::Fr);
        assert_eq!(by(&[("LANG", "de_DE.UTF-8")]), Lang::En);
    }

    #[test]
    fn a_list_of_languages_counts_where_there_is_a_locale() {
        assert_eq!(by(&[("LANG", "de_DE.UTF-8"), ("LANGUAGE", "de:fr:en")]), Lang::Fr);
        assert_eq!(by(&[("LANG", "C.UTF-8"), ("LANGUAGE", "fr")]), Lang::En);
        assert_eq!(by(&[("LANGUAGE", "fr")]), Lang::En);
    }

    #[test]
    fn the_option_goes_before_the_environment() {
        let line = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(by_option(&line(&["intendant", "jobs", "list", "--lang", "fr"])), Some(Lang::Fr));
        assert_eq!(by_option(&line(&["intendant", "--lang=en", "run"])), Some(Lang::En));
        assert_eq!(by_option(&line(&["intendant", "run", "--", "--lang", "fr"])), None);
        assert_eq!(by_option(&line(&["intendant", "run", "--language", "fr"])), None);
    }
}
