//! The languages of the pages, and which of them somebody wants.

use axum::http::{HeaderMap, header};

use super::cookie::cookie;

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// English.
    En,
    /// French.
    Fr,
}

/// The cookie that keeps a choice.
pub(super) const COOKIE: &str = "lang";

impl Lang {
    /// All of them; the first is for those who want another.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Fr];

    /// Its tag (BCP 47), as in `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Fr => "fr",
        }
    }

    /// Its own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Lang::En => "English",
            Lang::Fr => "Français",
        }
    }

    /// What stands between groups of three digits.
    pub(super) fn group(self) -> char {
        match self {
            Lang::En => ',',
            Lang::Fr => '\u{202f}',
        }
    }

    /// What stands before the fraction of a number.
    pub(super) fn point(self) -> char {
        match self {
            Lang::En => '.',
            Lang::Fr => ',',
        }
    }

    /// The language of a tag, whatever its region.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Lang::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(primary))
    }

    /// What a request wants: what was chosen, else what the browser prefers, else the first.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let chosen = cookie(headers, COOKIE).and_then(Lang::of_tag);
        let preferred = || headers.get(header::ACCEPT_LANGUAGE).and_then(|v| preferred(v.to_str().ok()?));
        let [first, ..] = Lang::ALL;
        chosen.or_else(preferred).unwrap_or(first)
    }
}

/// The best of ours in an `Accept-Language`; of two that are as good the one named first.
fn preferred(accepted: &str) -> Option<Lang> {
    let weighed = accepted.split(',').filter_map(|range| {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
        Some((Lang::of_tag(tag)?, weight.filter(|weight| *weight > 0.0)?))
    });
    weighed.reduce(|best, other| if other.1 > best.1 { other } else { best }).map(|(lang, _)| lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_wins() {
        assert_eq!(preferred("fr-CA, en;q=0.8"), Some(Lang::Fr));
        assert_eq!(preferred("de, en;q=0.5, fr;q=0.7"), Some(Lang::Fr));
        assert_eq!(preferred("fr;q=0, en;q=0.1"), Some(Lang::En));
        assert_eq!(preferred("de, *;q=0.5"), None);
        assert_eq!(preferred("en;q=nonsense, fr"), Some(Lang::Fr));
    }

    #[test]
    fn a_choice_goes_before_the_browser() {
        let mut headers = HeaderMap::new();
        assert_eq!(Lang::wanted(&headers), Lang::En);
        headers.insert(header::ACCEPT_LANGUAGE, "fr".parse().unwrap());
        assert_eq!(Lang::wanted(&headers), Lang::Fr);
        headers.insert(header::COOKIE, "a=b; lang=en".parse().unwrap());
        assert_eq!(Lang::wanted(&headers), Lang::En);
    }
}
