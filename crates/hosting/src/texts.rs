//! What schools are told of each state, and all other words of the module.

use http::page::Lang;

use crate::state::State;
use crate::tracker::UNSEEN;

/// All messages of the module.
pub const TEXTS: [(Lang, &str); 6] = [
    (Lang::En, include_str!("../texts/upload.en.ftl")),
    (Lang::Fr, include_str!("../texts/upload.fr.ftl")),
    (Lang::En, include_str!("../texts/school.en.ftl")),
    (Lang::Fr, include_str!("../texts/school.fr.ftl")),
    (Lang::En, include_str!("../texts/office.en.ftl")),
    (Lang::Fr, include_str!("../texts/office.fr.ftl")),
];

/// What a school is told of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateText {
    /// In a few words.
    pub name: String,
    /// What it means.
    pub text: String,
    /// What the school can do now.
    pub next: String,
}

impl StateText {
    /// Of the state with this code, as a host says it; `say` finds a message, which may show the code.
    pub fn of(code: &str, say: impl Fn(&str) -> String) -> Self {
        let word = word(code);
        let say = |end: &str| say(&format!("school-state-{word}{end}"));
        StateText { name: say(""), text: say("-text"), next: say("-next") }
    }
}

/// A state's word as a part of a message's key, however its code is spelt; `unknown` for a code that nobody knows.
pub fn word(code: &str) -> String {
    match State::of_code(code) {
        Some(state) => state.code().to_lowercase(),
        None if code == UNSEEN => "unseen".to_owned(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::page::{Kit, Part, Texts};

    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(Texts::faults(&TEXTS), Vec::<String>::new());
    }

    #[test]
    fn every_state_has_its_text_and_a_code_that_nobody_knows_is_shown() {
        let kit = Kit::new("0", &[Part { nav: &[], texts: &TEXTS, programs: &[] }]);
        let codes = State::ALL.iter().map(|state| state.code()).chain(["BCDIREDADY", "BCDINEW", UNSEEN]);
        for (code, lang) in codes.flat_map(|code| Lang::ALL.map(|lang| (code, lang))) {
            let say = |key: &str| kit.texts().say(lang, key, &[("code", code.into())]);
            let StateText { name, text, next } = StateText::of(code, say);
            let more = ["hosting-state", "hosting-what"].map(|key| say(&format!("{key}-{}", word(code))));
            for said in [&name, &text, &next].into_iter().chain(&more) {
                assert!(!said.is_empty() && !said.contains('⟦'), "{code} {lang:?}: {said}");
            }
            assert_eq!(name.contains(code), code == "BCDINEW", "{name}");
        }
        let ready =
            |code| StateText::of(code, |key| kit.texts().say(Lang::Fr, key, &[("code", code.into())]));
        assert_eq!(ready("BCDIREDADY"), ready("BCDIREADY"));
    }
}
