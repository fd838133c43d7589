//! Agreeing to what cannot be taken back: the button says what it does, and above so many the number is typed.

use askama::Template;
use model::failsafe::UNNAMED;

use super::form::Form;
use super::visit::Visit;

/// A field in which the number of what will be lost is typed; nothing where a click is enough.
#[derive(Template)]
#[template(path = "agree.html")]
pub struct Agree {
    n: u64,
    ask: Option<String>,
    wrong: Option<String>,
}

impl Agree {
    /// The field for so many, and what was wrong with an answer before.
    pub fn new(v: &Visit, n: u64, wrong: Option<Disagreed>) -> Self {
        let ask = must_type(n).then(|| v.count("agree-type", n));
        Agree { n, ask, wrong: wrong.map(|why| v.t(why.key())) }
    }

    /// The number that a form showed, when the form agrees to it.
    pub fn given(form: &Form) -> Result<u64, Disagreed> {
        let shown = form.get("agree-n").and_then(|n| n.parse().ok());
        shown.filter(|n| agrees(*n, form.get("agree").unwrap_or_default())).ok_or(Disagreed::Typed)
    }
}

/// Why something is not done that was to be agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreed {
    /// Another number was typed than the one that was shown.
    Typed,
    /// It is about another number by now.
    Meanwhile,
}

impl Disagreed {
    const fn key(self) -> &'static str {
        match self {
            Disagreed::Typed => "agree-wrong",
            Disagreed::Meanwhile => "agree-meanwhile",
        }
    }
}

/// Whether the number has to be typed: up to so many a click is enough.
fn must_type(n: u64) -> bool {
    n > UNNAMED
}

/// Whether what was typed is this number, however its digits are grouped.
fn agrees(n: u64, typed: &str) -> bool {
    let between = |letter: &char| letter.is_whitespace() || matches!(letter, '.' | ',' | '\'' | '’');
    let digits: String = typed.chars().filter(|letter| !between(letter)).collect();
    !must_type(n) || digits == n.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_fifty_the_number_is_typed() {
        for (n, typed, expected) in [
            (50, "", true),
            (51, "", false),
            (51, "51", true),
            (51, "50", false),
            (1234, "1 234", true),
            (1234, "1\u{202f}234", true),
            (1234, "1,234", true),
            (1234, "12340", false),
            (1234, "-1234", false),
        ] {
            assert_eq!(agrees(n, typed), expected, "{n} {typed:?}");
        }
    }

    #[test]
    fn a_form_that_says_not_what_it_showed_agrees_to_nothing() {
        for (query, expected) in [
            ("", false),
            ("agree-n=x&agree=x", false),
            ("agree-n=12", true),
            ("agree-n=180", false),
            ("agree-n=180&agree=180", true),
        ] {
            assert_eq!(Agree::given(&Form::of_query(query)).is_ok(), expected, "{query}");
        }
    }
}
